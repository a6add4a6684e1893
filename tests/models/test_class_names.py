from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.class_names import LEAST_AGREEMENT, LearnNames, agreement, counts_with_names
from models.heads.contract import ClassNames, TrainingSet
from tests.models.heads.sets import centres, labelled, without


def seen(training: TrainingSet) -> torch.Tensor:
    """One member that sees every label."""
    return torch.ones(1, len(training.labels), dtype=torch.bool)


def half_right() -> TrainingSet:
    """A hundred digits with their labels, then a hundred with those of the next digit."""
    training = labelled("digits", 200)
    labels = np.concatenate([training.labels[:100], (training.labels[100:] + 1) % 10])
    return replace(training, labels=labels)


def test_agreement__names_that_are_right() -> None:
    training = labelled("digits", 200)
    assert 0.75 < float(agreement(training, centres("digits"), seen(training))) <= 1


def test_agreement__every_label_nearest_to_its_name_is_one() -> None:
    names = centres("digits")
    training = TrainingSet(names.vectors, names.labels, 10)
    assert float(agreement(training, names, seen(training))) == pytest.approx(1)


def test_agreement__labels_by_chance_are_about_nothing() -> None:
    labels = np.random.default_rng(0).integers(0, 10, 1500)
    training = replace(labelled("digits", 1500), labels=labels)
    assert abs(float(agreement(training, centres("digits"), seen(training)))) < 0.05


def test_agreement__names_of_other_classes() -> None:
    training = labelled("digits", 200)
    assert float(agreement(training, centres("digits", moved=1), seen(training))) < 0


def test_agreement__few_labels_do_not_speak_against_names_yet() -> None:
    training = labelled("digits", 2)
    assert float(agreement(training, centres("digits", moved=1), seen(training))) >= LEAST_AGREEMENT


def test_agreement__chance_counts_the_classes_and_not_their_names() -> None:
    training, names = labelled("digits", 60), centres("digits")
    twice = ClassNames(np.concatenate([names.vectors] * 3), np.concatenate([names.labels] * 3))
    assert torch.equal(agreement(training, names, seen(training)), agreement(training, twice, seen(training)))


def test_agreement__any_of_several_names_will_do() -> None:
    training, names = labelled("digits", 200), centres("digits")
    other = ClassNames(-names.vectors, names.labels)  # far from every item
    both = ClassNames(
        np.concatenate([other.vectors, names.vectors]), np.concatenate([other.labels, names.labels])
    )
    assert float(agreement(training, both, seen(training))) > 0.75


def test_agreement__labels_of_classes_without_a_name_do_not_count() -> None:
    training, names = labelled("digits", 200), centres("digits")
    some = ClassNames(names.vectors[:5], names.labels[:5])
    of_named = seen(training) & torch.from_numpy(training.labels < 5)
    assert torch.equal(agreement(training, some, seen(training)), agreement(training, some, of_named))
    assert not torch.equal(agreement(training, names, seen(training)), agreement(training, names, of_named))


def test_agreement__neither_length_nor_type_of_vectors_matters() -> None:
    training, names = labelled("digits", 200), centres("digits")
    longer = ClassNames(names.vectors * 50, names.labels)
    half = replace(training, vectors=training.vectors.astype(np.float16))
    expected = float(agreement(training, names, seen(training)))
    assert float(agreement(training, longer, seen(training))) == pytest.approx(expected, abs=0.02)
    assert float(agreement(half, names, seen(training))) == pytest.approx(expected, abs=0.02)


def test_agreement__an_item_of_zeros_is_finite() -> None:
    training = labelled("digits", 20)
    empty = replace(training, vectors=np.zeros_like(training.vectors))
    assert torch.isfinite(agreement(empty, centres("digits"), seen(empty))).all()


def test_learn_names__adds_them_below_the_labels_as_one_label_each() -> None:
    training, names = labelled("digits", 80), centres("digits")
    weights = torch.full((3, 80), 0.5)
    rows, found = LearnNames(names)(training, weights, alone=False)
    assert np.array_equal(rows.vectors[:80], training.vectors)
    assert np.array_equal(rows.labels[:80], training.labels)
    assert torch.equal(found[:, :80], weights)
    assert np.array_equal(rows.vectors[80:], names.vectors)
    assert np.array_equal(rows.labels[80:], names.labels)
    assert (found[:, 80:] == 1).all()


def test_learn_names__a_member_that_they_mislead_learns_nothing_of_them() -> None:
    weights = torch.ones(2, 200)
    weights[0, 100:] = 0
    weights[1, :100] = 0
    _, found = LearnNames(centres("digits"))(half_right(), weights, alone=True)
    assert (found[0, 200:] == 1).all()
    assert (found[1, 200:] == 0).all()


@pytest.mark.parametrize("held_out", [slice(0, 100), slice(100, 200)])
def test_learn_names__labels_held_out_do_not_decide(held_out: slice) -> None:
    training = half_right()
    weights = torch.ones(1, 200)
    weights[0, held_out] = 0
    other = training.labels.copy()
    other[held_out] = (other[held_out] + 5) % 10
    extension = LearnNames(centres("digits"))
    found = [extension(each, weights, alone=True)[1] for each in (training, replace(training, labels=other))]
    assert torch.equal(found[0], found[1])


def test_learn_names__where_they_mislead_everybody_nothing_changes() -> None:
    training, weights = labelled("digits", 200), torch.ones(2, 200)
    rows, found = LearnNames(centres("digits", moved=3))(training, weights, alone=False)
    assert rows is training
    assert found is weights


def test_learn_names__two_classes_of_one_name_and_an_item_that_is_its_name() -> None:
    names = centres("digits")
    same = ClassNames(names.vectors[[0, 0, 1, 1]], np.array([0, 1, 2, 2], np.int64))
    training = TrainingSet(names.vectors[[0, 1]], np.array([0, 2], np.int64), 3)
    rows, found = LearnNames(same)(training, torch.ones(2, 2), alone=False)
    assert rows.labels.tolist() == [0, 2, 0, 1, 2, 2]
    assert (found == 1).all()


def test_counts_with_names__a_class_known_by_its_name_alone_counts_once() -> None:
    training = replace(without("digits", 60, missing=7), name_points=centres("digits"))
    rows, _ = LearnNames(centres("digits"))(training, torch.ones(1, len(training.labels)), alone=False)
    counts = counts_with_names(training, rows)
    assert counts[7] == 1
    others = np.arange(10) != 7
    assert counts[others].tolist() == training.label_counts[others].tolist()


def test_counts_with_names__names_that_were_not_learned_do_not_count() -> None:
    training = replace(without("digits", 60, missing=7), name_points=centres("digits"))
    assert counts_with_names(training, training).tolist() == training.label_counts.tolist()


def test_counts_with_names__without_names_they_are_the_labels() -> None:
    training = without("digits", 60, missing=7)
    assert counts_with_names(training, training).tolist() == training.label_counts.tolist()
