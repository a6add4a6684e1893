"""Pages to confirm: pure, of open items only, worth their decisions, and never of what was refused."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import pytest

from strategies.confirm import LEAST_CHANCE, LIKELY, SIZE, Page, choose_page
from strategies.contract import PoolState
from strategies.errors import BatchInvalidError, StateInvalidError
from tests.strategies.pools import answered_state, cold_state, group_vectors, taught_state


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def rows_of(page: Page | None) -> list[int]:
    assert page is not None
    return page.rows.tolist()


def frequent_state(items: int = 200) -> PoolState:
    """A frequent and a rare class: half of the items are on the boundary without the prior, none with it."""
    vectors = group_vectors((items,), seed=4)
    balanced = np.tile(np.asarray([[0.999, 0.001]], np.float32), (items, 1))
    balanced[: items // 2] = [0.55, 0.45]
    state = answered_state(vectors, balanced, labels={0: 0, 1: 0, items - 2: 1, items - 1: 1})
    joint = balanced * np.asarray([0.98, 0.02], np.float32)
    return replace(state, probabilities=joint / joint.sum(axis=1, keepdims=True))


def test_choose_page__same_seed_same_page() -> None:
    state = taught_state(group_vectors((60, 40, 20)))
    first, second = (choose_page(state, generator(7)) for _ in range(2))
    assert first is not None
    assert second is not None
    assert rows_of(first) == rows_of(second)
    assert first.reason == second.reason
    assert first.probabilities.tolist() == second.probabilities.tolist()


def test_choose_page__changes_nothing() -> None:
    state = taught_state(group_vectors((60, 40, 20)))
    refused = np.zeros((120, 3), np.bool_)
    arrays = [getattr(state, field.name) for field in fields(state)]
    arrays = [array for array in (*arrays, refused) if isinstance(array, np.ndarray)]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.setflags(write=False)
    choose_page(state, generator(), refused=refused)
    assert all(np.array_equal(array, copy) for array, copy in zip(arrays, before, strict=True))


@pytest.mark.parametrize("size", [1, 7, SIZE, 1_000])
def test_choose_page__distinct_open_rows_likeliest_first(size: int) -> None:
    state = taught_state(group_vectors((60, 40, 20)))
    for class_index in range(3):
        page = choose_page(state, generator(), size=size, class_index=class_index)
        assert page is not None
        assert 1 <= page.rows.size <= size
        assert np.unique(page.rows).size == page.rows.size
        assert not state.closed[page.rows].any()
        assert (np.diff(page.probabilities) <= 0).all()
        assert page.rows.dtype == np.int64
        assert page.probabilities.dtype == np.float32


def test_choose_page__boundary_items_that_the_prior_makes_sure_come_before_sure_ones() -> None:
    state = frequent_state()
    page = choose_page(state, generator())
    assert page is not None
    assert page.class_index == 0
    assert page.rows.size == SIZE
    assert page.rows.max() < 100  # the upper half is sure either way and teaches nothing


def test_choose_page__while_every_class_has_one_label_others_are_still_to_be_met() -> None:
    state = frequent_state()
    labels = state.labels.copy()
    labels[[1, 198]] = -1
    page = choose_page(replace(state, labels=labels, closed=labels >= 0), generator())
    several = choose_page(state, generator())
    assert several is not None
    assert page is None or page.rows.size < several.rows.size


def test_choose_page__none_where_single_labels_bring_more() -> None:
    # Ten classes as likely as each other everywhere: a page would be nine tenths exceptions.
    state = answered_state(
        group_vectors((100,)), np.full((100, 10), 0.1, np.float32), labels={row: row for row in range(10)}
    )
    assert choose_page(state, generator()) is None


def test_choose_page__an_unasked_page_is_of_likely_items() -> None:
    state = taught_state(group_vectors((300, 200, 100)), seed=3)
    page = choose_page(state, generator())
    assert page is not None
    assert page.probabilities.min() >= LIKELY


def test_choose_page__a_chosen_class_gets_its_likeliest_items_even_where_it_does_not_pay() -> None:
    shares = np.full((50, 4), 0.25, np.float32)
    shares[5] = [0.1, 0.1, 0.1, 0.7]
    state = answered_state(group_vectors((50,)), shares, labels={0: 0, 1: 1, 2: 2, 3: 3})
    assert rows_of(choose_page(state, generator(), class_index=3))[0] == 5


def test_choose_page__nothing_for_a_chosen_class_that_nothing_may_be_of() -> None:
    shares = np.tile(np.asarray([[1 - LEAST_CHANCE / 2, LEAST_CHANCE / 2]], np.float32), (30, 1))
    state = answered_state(group_vectors((30,)), shares, labels={0: 0})
    assert choose_page(state, generator(), class_index=1) is None


def test_choose_page__what_was_refused_does_not_come_again_for_that_class() -> None:
    state = frequent_state()
    refused = np.zeros((200, 2), np.bool_)
    refused[: 100 - 6, 0] = True
    page = choose_page(state, generator(), refused=refused, class_index=0)
    assert page is not None
    assert not refused[page.rows, 0].any()


def test_choose_page__of_two_classes_one_refused_is_likely_the_other() -> None:
    state = frequent_state()
    refused = np.zeros((200, 2), np.bool_)
    refused[10:20, 0] = True
    page = choose_page(state, generator(), refused=refused, class_index=1)
    assert set(rows_of(page)) == set(range(10, 20))
    assert page is not None
    assert page.probabilities.min() == pytest.approx(1.0)


def test_choose_page__exact_copies_fill_a_page_only_after_others() -> None:
    vectors = group_vectors((10,) * 12, seed=2)
    vectors[:60] = vectors[0]
    shares = np.tile(np.asarray([[0.8, 0.2]], np.float32), (120, 1))
    state = answered_state(vectors, shares, labels={0: 0, 119: 1})
    rows = np.asarray(rows_of(choose_page(state, generator(), size=12)))
    assert (rows < 60).sum() <= 1


def test_choose_page__none_without_a_model_or_open_items() -> None:
    vectors = group_vectors((20, 20))
    assert choose_page(cold_state(vectors, names=("star", "quasar")), generator()) is None
    state = taught_state(vectors)
    assert choose_page(replace(state, closed=np.ones(40, np.bool_)), generator()) is None
    assert choose_page(replace(state, closed=np.ones(40, np.bool_)), generator(), class_index=0) is None


def test_choose_page__one_open_item() -> None:
    state = taught_state(group_vectors((20, 20)))
    closed = np.ones(40, np.bool_)
    open_row = int(np.flatnonzero(state.labels < 0)[0])
    closed[open_row] = False
    page = choose_page(replace(state, closed=closed), generator(), class_index=0)
    assert page is None or rows_of(page) == [open_row]


def test_choose_page__constant_vectors_and_a_thousand_classes() -> None:
    shares = generator().dirichlet(np.full(1_000, 0.01), 300).astype(np.float32)
    labels = {row: row for row in range(200)}
    state = answered_state(np.ones((300, 4), np.float32), shares, labels=labels)
    page = choose_page(state, generator())
    assert page is None or not state.closed[page.rows].any()


def test_choose_page__reason_names_the_class_and_its_labels() -> None:
    page = choose_page(frequent_state(), generator())
    assert page is not None
    assert "'class 0'" in page.reason
    assert "2 labels." in page.reason


def _nan_vectors(state: PoolState) -> PoolState:
    vectors = np.asarray(state.vectors, np.float32).copy()
    vectors[3] = np.nan
    return replace(state, vectors=vectors)


def _nan_probabilities(state: PoolState) -> PoolState:
    assert state.probabilities is not None
    probabilities: npt.NDArray[np.float32] = state.probabilities.copy()
    probabilities[3] = np.nan
    return replace(state, probabilities=probabilities)


@pytest.mark.parametrize("broken", [_nan_vectors, _nan_probabilities])
def test_choose_page__nan_is_refused(broken: object) -> None:
    assert callable(broken)
    with pytest.raises(StateInvalidError, match=r"NaN|finite"):
        choose_page(broken(taught_state(group_vectors((20, 20)))), generator())


@pytest.mark.parametrize("size", [0, -1, 2.5, True])
def test_choose_page__a_size_that_is_no_number_of_items(size: int) -> None:
    with pytest.raises(BatchInvalidError, match="size of a page"):
        choose_page(taught_state(group_vectors((20, 20))), generator(), size=size)


@pytest.mark.parametrize("refused", [np.zeros((40, 2), np.bool_), np.zeros((40, 3), np.int64)])
def test_choose_page__refusals_of_another_pool(refused: npt.NDArray[np.bool_]) -> None:
    with pytest.raises(StateInvalidError, match="refused"):
        choose_page(taught_state(group_vectors((20, 20))), generator(), refused=refused)


@pytest.mark.parametrize("class_index", [-1, 3])
def test_choose_page__an_unknown_class(class_index: int) -> None:
    with pytest.raises(StateInvalidError, match="3 classes"):
        choose_page(taught_state(group_vectors((20, 20))), generator(), class_index=class_index)


def test_choose_page__of_a_class_known_by_its_name_alone() -> None:
    state = taught_state(group_vectors((60, 40, 20)))
    nameless = replace(state, labels=np.where(state.labels == 2, -1, state.labels))
    found = choose_page(nameless, generator(), class_index=2)
    assert found is not None
    assert found.class_index == 2
    assert "a class without a label yet" in found.reason
