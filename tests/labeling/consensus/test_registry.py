"""The contract that every registered method of consensus keeps; a new one is tested by being registered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from config.errors import UnknownNameError
from labeling.consensus.contract import Consensus, Votes
from labeling.consensus.registry import methods
from labeling.errors import ConsensusError
from tests.labeling.consensus.people import opinions, simulate, votes_of

NAMES = methods.names()
every_method = pytest.mark.parametrize("name", NAMES)


def found(name: str, votes: Votes, chances: np.ndarray | None = None) -> Consensus:
    return methods.get(name)(votes, chances)


def test_methods__unknown_name_lists_the_known() -> None:
    with pytest.raises(UnknownNameError, match="dawid_skene, majority, model_assisted"):
        methods.get("dawid_skeene")


@every_method
def test_method__rows_add_up_to_one(name: str) -> None:
    votes, _ = simulate()
    consensus = found(name, votes)
    assert consensus.probabilities.shape == (600, 4)
    assert np.allclose(consensus.probabilities.sum(axis=1), 1)
    assert (consensus.probabilities >= 0).all()
    assert (consensus.confidence == consensus.probabilities.max(axis=1)).all()


@every_method
def test_method__same_votes_give_the_same_bits(name: str) -> None:
    votes, truth = simulate()
    chances = opinions(truth, skill=0.6, classes=4)
    first, second = found(name, votes, chances), found(name, votes, chances)
    assert first.probabilities.tobytes() == second.probabilities.tobytes()


@every_method
def test_method__inputs_stay_unchanged(name: str) -> None:
    votes, truth = simulate()
    chances = opinions(truth, skill=0.6, classes=4)
    before = [each.copy() for each in (votes.items, votes.annotators, votes.classes, votes.settled, chances)]
    found(name, votes, chances)
    after = (votes.items, votes.annotators, votes.classes, votes.settled, chances)
    assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))


@every_method
def test_method__one_annotator_is_believed(name: str) -> None:
    votes = votes_of([(0, 0, 1), (1, 0, 0), (2, 0, 2)], items=3, people=1, classes=3)
    assert found(name, votes).classes.tolist() == [1, 0, 2]


@every_method
def test_method__a_single_vote_on_an_item_is_believed(name: str) -> None:
    votes, _ = simulate(items=100)
    kept = (votes.items != 7) | (votes.annotators == 0)
    fewer = replace(
        votes, items=votes.items[kept], annotators=votes.annotators[kept], classes=votes.classes[kept]
    )
    said = int(fewer.classes[fewer.items == 7][0])
    assert found(name, fewer).classes[7] == said


@every_method
def test_method__a_tie_is_no_certainty(name: str) -> None:
    votes = votes_of([(0, 0, 0), (0, 1, 1)], items=1, people=2, classes=3)
    chances = found(name, votes).probabilities[0]
    assert abs(chances[0] - chances[1]) < 1e-9
    assert chances[2] < chances[0]


@every_method
def test_method__a_class_nobody_voted_for_is_never_the_likeliest(name: str) -> None:
    votes, _ = simulate(classes=3)
    wider = replace(votes, class_count=5)
    consensus = found(name, wider)
    assert consensus.probabilities.shape == (600, 5)
    assert consensus.classes.max() < 3
    assert (consensus.probabilities[:, 3:] < 0.1).all()


@every_method
def test_method__what_a_reviewer_settled_wins_over_all_votes(name: str) -> None:
    votes, _ = simulate()
    votes.settled[5] = (votes.classes[votes.items == 5][0] + 2) % 4
    consensus = found(name, votes)
    assert consensus.classes[5] == votes.settled[5]
    assert consensus.confidence[5] == 1.0


@every_method
def test_method__unanimous_votes_stay(name: str) -> None:
    votes, _ = simulate(skills=(0.9, 0.9, 0.9))
    table = votes.classes.reshape(600, 3)
    agreed = (table == table[:, :1]).all(axis=1)
    assert (found(name, votes).classes[agreed] == table[agreed, 0]).all()


@every_method
def test_method__no_votes_at_all(name: str) -> None:
    votes = votes_of([], items=2, people=0, classes=3)
    assert np.allclose(found(name, votes).probabilities, 1 / 3)
    assert found(name, votes_of([], items=0, people=0, classes=3)).classes.shape == (0,)


@every_method
@pytest.mark.parametrize("classes", [1, 2])
def test_method__very_few_classes(name: str, classes: int) -> None:
    votes = votes_of([(0, 0, 0), (0, 1, classes - 1)], items=1, people=2, classes=classes)
    assert np.allclose(found(name, votes).probabilities.sum(axis=1), 1)


@every_method
def test_method__order_of_the_votes_does_not_matter(name: str) -> None:
    votes, _ = simulate()
    order = np.random.default_rng(0).permutation(len(votes.items))
    mixed = replace(
        votes, items=votes.items[order], annotators=votes.annotators[order], classes=votes.classes[order]
    )
    assert np.allclose(found(name, votes).probabilities, found(name, mixed).probabilities, atol=1e-9)


@every_method
def test_method__two_votes_of_one_annotator_on_one_item_are_refused(name: str) -> None:
    votes = votes_of([(0, 0, 0), (0, 0, 1)], items=1, people=1, classes=2)
    with pytest.raises(ConsensusError, match="two votes on one item"):
        found(name, votes)


@every_method
@pytest.mark.parametrize("part", ["items", "annotators", "classes"])
@pytest.mark.parametrize("bad", [-1, 600])
def test_method__numbers_out_of_range_are_refused(name: str, part: str, bad: int) -> None:
    votes, _ = simulate()
    getattr(votes, part)[3] = bad
    with pytest.raises(ConsensusError, match=rf"{part} of votes go from .*allowed are 0 to"):
        found(name, votes)


@every_method
def test_method__a_settled_class_that_is_none_is_refused(name: str) -> None:
    votes, _ = simulate()
    votes.settled[0] = 4
    with pytest.raises(ConsensusError, match="settled classes"):
        found(name, votes)


@every_method
def test_method__numbers_that_are_not_whole_are_refused(name: str) -> None:
    votes, _ = simulate()
    with pytest.raises(ConsensusError, match="whole numbers, got float64"):
        found(name, replace(votes, classes=votes.classes.astype(float)))


@every_method
def test_method__arrays_of_other_lengths_are_refused(name: str) -> None:
    votes, _ = simulate()
    with pytest.raises(ConsensusError, match="of one length"):
        found(name, replace(votes, classes=votes.classes[:-1]))


@pytest.mark.parametrize("name", [name for name, method in methods if method.wants_model])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda chances: chances * np.nan, "NaN"),
        (lambda chances: chances - 0.5, "negative"),
        (lambda chances: chances / 2, "add up to 1"),
        (lambda chances: chances[:-1], r"must be \(600, 4\)"),
    ],
)
def test_method__probabilities_that_are_none_are_refused(name: str, spoil: object, words: str) -> None:
    votes, truth = simulate()
    with pytest.raises(ConsensusError, match=words):
        found(name, votes, spoil(opinions(truth, skill=0.6, classes=4)))  # type: ignore[operator]


@every_method
def test_method__a_hundred_thousand_items_of_thirty_people(name: str) -> None:
    generator = np.random.default_rng(0)
    people = np.argsort(generator.random((100_000, 30)), axis=1)[:, :3]
    truth = generator.integers(0, 10, 100_000)
    said = np.where(
        generator.random((100_000, 3)) < 0.8, truth[:, None], generator.integers(0, 10, (100_000, 3))
    )
    items = np.repeat(np.arange(100_000), 3)
    votes = Votes(items, people.ravel(), said.ravel(), np.full(100_000, -1), 30, 10)
    assert (found(name, votes).classes == truth).mean() > 0.9
