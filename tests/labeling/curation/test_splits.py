from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.curation.errors import SplitError, SplitLeakError
from labeling.curation.splits import Split, check_split, read_shares, split_items

THREE = {"train": 0.7, "validation": 0.15, "test": 0.15}


def split(
    classes: list[str], groups: list[int] | None = None, *, shares: dict[str, float] = THREE, seed: int = 0
) -> Split:
    together = np.full(len(classes), -1) if groups is None else np.asarray(groups)
    return split_items(classes, together, shares=shares, generator=np.random.default_rng(seed))


def items(found: Split) -> dict[str, list[int]]:
    return {str(name): part["items"].tolist() for name, part in found.table.groupby("class_name", sort=True)}


def test_read_shares__as_people_write_them() -> None:
    assert read_shares("70/15/15") == {"train": 70, "validation": 15, "test": 15}
    assert read_shares(" 80 / 20 ") == {"train": 80, "test": 20}
    assert read_shares("fit=8, dev=1,held out=1") == {"fit": 8, "dev": 1, "held out": 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no splits"),
        ("70/x", "no splits"),
        ("1/2/3/4", "no splits"),
        ("a=1,b", "no splits"),
        ("a=1,a=2", "twice"),
        ("80/0", "above 0"),
        ("80/-20", "above 0"),
        ("80/inf", "above 0"),
        ("a=1", "1 splits"),
        ("a=1,=2", "no name"),
    ],
)
def test_read_shares__what_cannot_be_read(text: str, told: str) -> None:
    with pytest.raises(SplitError, match=told):
        read_shares(text)


def test_split_items__every_class_has_its_share() -> None:
    found = split(["a"] * 200 + ["b"] * 40 + ["c"] * 20)
    assert items(found) == {"a": [140, 30, 30], "b": [28, 6, 6], "c": [14, 3, 3]}
    assert found.sizes == {"train": 182, "validation": 39, "test": 39}


def test_split_items__a_rare_class_is_in_every_split() -> None:
    found = split(["a"] * 200 + ["rare"] * 3)
    assert items(found)["rare"] == [1, 1, 1]


def test_split_items__many_small_classes_do_not_all_favour_one_split() -> None:
    found = split([f"class {number:02d}" for number in range(40) for _ in range(10)])
    assert abs(found.sizes["validation"] - found.sizes["test"]) <= 1


def test_split_items__groups_stay_together_and_the_shares_hold() -> None:
    generator = np.random.default_rng(1)
    groups = np.repeat(np.arange(120), generator.integers(1, 9, 120))
    classes = [("a", "b", "c")[number] for number in generator.choice(3, len(groups), p=[0.6, 0.3, 0.1])]
    found = split(classes, groups.tolist())
    check_split([str(place) for place in range(len(groups))], [str(part) for part in found.parts], groups)
    shares = np.array(list(found.sizes.values())) / len(groups)
    np.testing.assert_allclose(shares, list(THREE.values()), atol=0.02)
    gap = np.abs(found.table["items"] - found.table["wanted"])
    assert gap.max() <= 5


def test_split_items__is_random_and_repeats() -> None:
    classes = ["a"] * 50
    assert (split(classes, seed=1).parts == split(classes, seed=1).parts).all()
    assert (split(classes, seed=1).parts != split(classes, seed=2).parts).any()


def test_split_items__fewer_items_than_splits() -> None:
    with pytest.raises(SplitError, match="2 items cannot be divided into 3 splits"):
        split(["a", "b"])
    with pytest.raises(SplitError, match="0 items"):
        split([])


def test_split_items__one_group_that_is_everything() -> None:
    with pytest.raises(SplitError, match=r"all 50 items belong together.*pool\.group"):
        split(["a"] * 50, [4] * 50)


def test_split_items__fewer_groups_than_splits() -> None:
    with pytest.raises(SplitError, match="belong to 2 groups, too few for 3 splits"):
        split(["a"] * 50, [0] * 20 + [1] * 30)


def test_split_items__one_group_that_is_nearly_everything() -> None:
    found = split(["a"] * 50, [0] * 47 + [-1, -1, -1])
    assert found.sizes["train"] == 47
    assert min(found.sizes.values()) >= 1


def test_check_split__a_torn_group_is_named() -> None:
    with pytest.raises(SplitLeakError, match="1 groups are in more than one split, as 'x', 'z'"):
        check_split(["w", "x", "y", "z"], ["train", "train", "test", "test"], np.array([-1, 3, -1, 3]))
    check_split(["w", "x"], ["train", "test"], np.array([-1, -1]))


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(-1, 6)), min_size=1, max_size=60),
    st.lists(st.floats(0.05, 10), min_size=2, max_size=4),
)
def test_split_items__never_tears_a_group_or_leaves_a_split_empty(
    drawn: list[tuple[str, int]], shares: list[float]
) -> None:
    classes, groups = [name for name, _ in drawn], [group for _, group in drawn]
    named = {f"s{place}": share for place, share in enumerate(shares)}
    try:
        found = split(classes, groups, shares=named)
    except SplitError:
        return
    check_split(
        [str(place) for place in range(len(drawn))], [str(part) for part in found.parts], np.asarray(groups)
    )
    assert min(found.sizes.values()) > 0
    assert found.table["items"].sum() == len(drawn)
