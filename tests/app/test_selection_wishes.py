from __future__ import annotations

import pytest

from app.selection_wishes import AS_IS, SelectionWishes, read_wishes
from labeling.curation.errors import SelectionError, SplitError


def test_read_wishes__as_people_write_them() -> None:
    wishes = read_wishes(split="80/20", budget=30, counts="a=b=3, quasar = 10")
    assert wishes.splits == {"train": 80, "test": 20}
    assert wishes.counts == {"a=b": 3, "quasar": 10}
    assert wishes.budget == 30
    assert read_wishes(split=" ", counts="") == AS_IS


@pytest.mark.parametrize("counts", ["star", "star=", "=3", "star=-1", "star=1.5", "star=1,star=2"])
def test_read_wishes__numbers_that_cannot_be_read(counts: str) -> None:
    with pytest.raises(SelectionError, match=r"star|=3"):
        read_wishes(counts=counts)


def test_read_wishes__splits_that_cannot_be_read() -> None:
    with pytest.raises(SplitError, match="70/15/15"):
        read_wishes(split="most of it")


def test_check__unknown_class_and_wishes_that_clash() -> None:
    with pytest.raises(SelectionError, match=r"'quazar'.*quasar"):
        SelectionWishes(counts={"quazar": 3}).check(["star", "quasar"])
    with pytest.raises(SelectionError, match="leave one of them out"):
        SelectionWishes(budget=3, everything=True).check(["star"])
