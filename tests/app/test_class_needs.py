from __future__ import annotations

import pytest

from app.class_needs import (
    LATELY,
    Guess,
    Limits,
    class_groups,
    class_needs,
    group_limits,
    reached,
    wanted_labels,
)
from app.components.balance_bars import ClassBalance
from labeling.annotations import ProposalOutcome


def row(number: int, labelled: int, *, share: float = 0.25, predicted: float | None = None) -> ClassBalance:
    return ClassBalance(f"class {number}", "#000000", labelled, predicted, None, None, share, number)


def answers(kind: str, *class_ids: int | None) -> list[ProposalOutcome]:
    return [ProposalOutcome(f"{kind}-{at}", 1, kind, found, None) for at, found in enumerate(class_ids)]


def guess(
    rows: list[ClassBalance], outcomes: list[ProposalOutcome], *, at: int = -1, left: int = 900
) -> Guess:
    return class_needs(rows, outcomes, pool_size=1_000, left=left)[at].guess


@pytest.mark.parametrize(
    ("largest", "limits"),
    [
        (0, Limits(many=1, few=1, scaled=True)),
        (10, Limits(many=5, few=1, scaled=True)),
        (100, Limits(many=50, few=10, scaled=True)),
        (200, Limits(many=100, few=20, scaled=False)),
        (5_000, Limits(many=100, few=20, scaled=False)),
    ],
)
def test_group_limits__shrink_with_a_small_project(largest: int, limits: Limits) -> None:
    assert group_limits([row(1, largest), row(2, 0)]) == limits


def test_group_limits__without_classes() -> None:
    assert group_limits([]) == Limits(many=1, few=1, scaled=True)


def test_class_groups__every_class_is_in_one() -> None:
    groups = class_groups([row(1, 300), row(2, 101), row(3, 100), row(4, 20), row(5, 19), row(6, 0)])

    assert [(group.name, group.classes, group.labels) for group in groups] == [
        ("many", 2, 401),
        ("medium", 2, 120),
        ("few", 2, 19),
    ]
    assert sum(group.share for group in groups) == pytest.approx(1)


def test_class_groups__nothing_labelled() -> None:
    assert [group.share for group in class_groups([row(1, 0)])] == [0, 0, 0]


@pytest.mark.parametrize(
    ("share", "total", "wanted"), [(0.25, 100, 25), (1 / 3, 10, 3), (0.01, 10, 1), (0.0, 10, 0), (0.25, 0, 1)]
)
def test_wanted_labels__whole_ones(share: float, total: int, wanted: int) -> None:
    assert wanted_labels(row(1, 0, share=share), total) == wanted


def test_class_needs__missing_of_what_is_labelled_so_far() -> None:
    needs = class_needs([row(1, 70), row(2, 20), row(3, 10), row(4, 0)], [], pool_size=1_000, left=900)

    assert [need.wanted for need in needs] == [25] * 4
    assert [need.missing for need in needs] == [0, 5, 15, 25]
    assert needs[0].guess == Guess(0, "it has reached its target")


def test_class_needs__a_guess_from_what_proposals_became() -> None:
    rows = [row(1, 70), row(2, 30), row(3, 20), row(4, 0, predicted=10.0)]
    outcomes = (
        answers("balance", 4, 4, None, 1) + answers("discover", 4, 2, 2, 1) + answers("refine", *[4] * 50)
    )

    # 30 are missing, and 3 of 8 answers were of it: 80 labels.
    found = guess(rows, outcomes)
    assert found.labels == 80
    assert found.reason.startswith("3 of the last 8 answers to proposals of the kinds discover and balance")
    assert found.reason.endswith("the pool seems to hold only about 10 more of it")


def test_class_needs__only_what_came_lately_counts() -> None:
    rows = [row(1, 60), row(2, 0, share=0.5)]
    outcomes = answers("balance", *[2] * 50, *[1] * LATELY)

    assert guess(rows, outcomes).labels is None


def test_class_needs__a_guess_from_the_share_in_the_pool() -> None:
    rows = [row(1, 60), row(2, 0, share=0.5, predicted=100.0)]

    found = guess(rows, answers("balance", 2, 2, 1))

    assert found.labels == 300
    assert "10% of the pool" in found.reason


def test_class_needs__no_more_than_is_left() -> None:
    rows = [row(1, 60), row(2, 0, share=0.5, predicted=1.0)]

    found = guess(rows, [], left=500)

    assert found.labels == 500
    assert "every item which is left" in found.reason


@pytest.mark.parametrize("predicted", [None, 0.0])
def test_class_needs__no_guess_without_data(predicted: float | None) -> None:
    found = guess([row(1, 60), row(2, 0, share=0.5, predicted=predicted)], [])

    assert found.labels is None
    assert found.reason.startswith("no guess yet")


def test_reached__counts_classes_at_their_target() -> None:
    assert reached([row(1, 70), row(2, 25), row(3, 5), row(4, 0, share=0.0)]) == 3
    assert reached([row(1, 0)]) == 0
    assert reached([]) == 0
