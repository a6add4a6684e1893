from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from config.errors import UnknownNameError
from models.errors import NotEnoughLabelsError, TrainingSetError
from models.folds import out_of_fold
from models.heads.contract import ClassNames, TrainedHead, TrainingSet
from models.heads.registry import heads
from models.label_shares import label_shares
from models.learn import learn, pick_unlabelled, train_head
from models.scoring import score_pool
from tests.models.heads.sets import CPU, centres, labelled, pool, section, without


@pytest.mark.parametrize("name", heads.names())
def test_learn__same_arguments_same_answer(name: str) -> None:
    first, second = (
        learn(labelled("wine", 50), section=section(name=name), seed=4, device=CPU) for _ in range(2)
    )
    assert first.temperature == second.temperature
    assert first.quality == second.quality
    assert all(
        torch.equal(first.trained.tensors[key], second.trained.tensors[key]) for key in first.trained.tensors
    )


def test_learn__calibration_lowers_the_loss_on_unseen_items() -> None:
    vectors, truth = pool("digits")
    learned = learn(labelled("digits", 200), section=section(), seed=0, device=CPU)

    def loss(temperature: float) -> float:
        chances = score_pool(vectors[200:], learned.trained, temperature=temperature).balanced_probabilities
        return float(-np.log(chances[np.arange(len(chances)), truth[200:]]).mean())

    assert loss(learned.temperature) < loss(3.0)
    assert loss(learned.temperature) < loss(1.0) + 0.01


def test_learn__without_calibration_the_temperature_is_one() -> None:
    assert (
        learn(labelled("wine", 50), section=section(calibrate=False), seed=0, device=CPU).temperature == 1.0
    )


def test_learn__one_label_a_class_works_and_says_so() -> None:
    vectors, truth = pool("digits")
    rows = np.array([np.flatnonzero(truth == index)[0] for index in (3, 8)])
    learned = learn(TrainingSet(vectors[rows], truth[rows], 10), section=section(), seed=0, device=CPU)
    assert learned.quality.balanced_accuracy is None
    assert learned.temperature == 1.0


def test_learn__steps_are_timed_and_told() -> None:
    told: list[tuple[float, str]] = []
    learned = learn(
        labelled("wine", 50),
        section=section(),
        seed=0,
        device=CPU,
        progress=lambda *report: told.append(report),
    )
    assert set(learned.seconds) == {"compare", "train", "cross_validate", "calibrate"}
    assert all(seconds >= 0 for seconds in learned.seconds.values())
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert {"training", "cross-validating"} <= {text for _, text in told}


def test_learn__too_few_classes() -> None:
    training = TrainingSet(np.eye(2, dtype=np.float32), np.zeros(2, np.int64), 3, class_names=("a", "b", "c"))
    with pytest.raises(NotEnoughLabelsError, match="only 'a' has one"):
        learn(training, section=section(), seed=0, device=CPU)


def test_learn__unknown_head() -> None:
    with pytest.raises(UnknownNameError, match=r"known: .*logistic"):
        learn(
            labelled("wine", 9), section=section().model_copy(update={"name": "oracle"}), seed=0, device=CPU
        )


@pytest.mark.parametrize("option", ["mixup", "semi_supervised"])
def test_learn__rows_that_are_added_are_no_labels(option: str) -> None:
    vectors, truth = pool("digits")
    rows = np.sort(np.concatenate([np.flatnonzero(truth == index)[: 3 + 2 * index] for index in range(10)]))
    training = TrainingSet(vectors[rows], truth[rows], 10, unlabelled=vectors[900:])
    learned = learn(training, section=section(**{option: True}), seed=0, device=CPU)
    plain = learn(training, section=section(), seed=0, device=CPU)
    assert learned.trained.label_counts.tolist() == training.label_counts.tolist()
    assert learned.quality.labels == len(rows)
    assert not torch.equal(learned.trained.tensors["weight"], plain.trained.tensors["weight"])


def test_train_head__gives_the_head_that_learn_gives() -> None:
    vectors, truth = pool("digits")
    training = TrainingSet(vectors[:120], truth[:120], 10, unlabelled=vectors[120:900])
    given = section(semi_supervised=True, mixup=True)
    trained = train_head(training, section=given, seed=2, device=CPU)
    learned = learn(training, section=given, seed=2, device=CPU).trained
    assert all(torch.equal(trained.tensors[key], learned.tensors[key]) for key in trained.tensors)


def test_pick_unlabelled__only_where_it_is_used_and_only_what_is_readable() -> None:
    vectors = np.ones((20, 3), dtype=np.float16)
    vectors[5] = 0
    labels = np.full(20, -1)
    labels[:3] = 1
    assert pick_unlabelled(vectors, labels, section=section()) is None
    for given in (section(semi_supervised=True), section(name="sade")):
        found = pick_unlabelled(vectors, labels, section=given)
        assert found is not None
        assert found.shape == (16, 3)
        assert found.dtype == np.float32


def test_learn__the_bias_starts_at_the_prior() -> None:
    vectors, truth = pool("wine")
    rows = np.concatenate(
        [np.flatnonzero(truth == index)[:count] for index, count in ((0, 30), (1, 9), (2, 3))]
    )
    training = TrainingSet(vectors[rows], truth[rows], 3)
    given = section(members=1, epochs=1, learning_rate=1e-6)
    trained = train_head(training, section=given, seed=0, device=CPU)
    joint = trained.logits(torch.tensor(vectors)).double() + trained.label_counts.double().log()
    assert torch.allclose(
        torch.softmax(joint, dim=2).mean(dim=1)[0], torch.tensor([30, 9, 3]).double() / 42.0, atol=0.02
    )


def same_head(first: TrainedHead, second: TrainedHead) -> bool:
    return all(torch.equal(first.tensors[key], second.tensors[key]) for key in first.tensors)


def test_learn__a_class_with_a_name_and_no_label_is_found() -> None:
    vectors, truth = pool("digits")
    training = without("digits", 100, missing=7)
    found = []
    for given in (training, replace(training, name_points=centres("digits"))):
        learned = learn(given, section=section(), seed=0, device=CPU)
        scores = score_pool(vectors, learned.trained, temperature=learned.temperature)
        found.append((scores, (scores.probabilities[truth == 7].argmax(axis=1) == 7).mean(), learned))
    (unknown, missed, _), (known, met, learned) = found
    assert missed == 0 and unknown.prior[7] == 0
    assert met > 0.6
    assert known.prior[7] == pytest.approx((truth == 7).mean(), abs=0.05)
    assert learned.trained.label_counts[7] == 1
    assert learned.quality.labels == len(training.labels)
    assert learned.quality.per_class[7].labels == 0 and learned.quality.per_class[7].recall is None


def test_learn__misleading_names_change_nothing_once_there_are_labels_enough() -> None:
    training = labelled("digits", 150)
    misled = replace(training, name_points=centres("digits", moved=1))
    plain, found = (learn(each, section=section(), seed=3, device=CPU) for each in (training, misled))
    assert same_head(plain.trained, found.trained)
    assert (plain.temperature, plain.quality) == (found.temperature, found.quality)


def test_learn__names_are_ignored_where_the_settings_say_so() -> None:
    training = without("digits", 60, missing=7)
    named = replace(training, name_points=centres("digits"))
    plain = learn(training, section=section(), seed=3, device=CPU)
    ignored = learn(named, section=section(learn_names=False), seed=3, device=CPU)
    learned = learn(named, section=section(), seed=3, device=CPU)
    assert same_head(plain.trained, ignored.trained)
    assert plain.quality == ignored.quality
    assert ignored.trained.label_counts[7] == 0
    assert not same_head(plain.trained, learned.trained)


def test_learn__labels_count_by_their_share_of_the_pool_unless_the_settings_say_no() -> None:
    vectors, _ = pool("digits")
    plain = labelled("digits", 60)
    training = replace(plain, shares=label_shares(plain.vectors, vectors))
    heads = [
        learn(each, section=section(**given), seed=3, device=CPU)
        for each, given in ((plain, {}), (training, {"weigh_by_share": False}), (training, {}))
    ]
    assert same_head(heads[0].trained, heads[1].trained)
    assert not same_head(heads[0].trained, heads[2].trained)
    assert heads[2].trained.label_counts.tolist() == plain.label_counts.tolist()
    assert heads[2].quality.labels == 60


def test_learn__labels_that_lie_where_the_pool_does_not_are_put_right() -> None:
    """Half of the labels of a wide class lie on its border: its middle must not count as little as they do."""
    generator = np.random.default_rng(0)
    wide, narrow = generator.normal(0, 1, (900, 2)), generator.normal((3, 0), 0.5, (100, 2))
    items = np.concatenate([wide, narrow]).astype(np.float32)
    border = np.argsort(-wide[:, 0])[:60]
    rows = np.concatenate([border, generator.integers(0, 900, 20), np.arange(900, 930)])
    truth = (np.arange(1000) >= 900).astype(np.int64)
    training = TrainingSet(items[rows], truth[rows], 2, shares=label_shares(items[rows], items))
    given = section(members=1)

    def balanced_accuracy(head: TrainedHead) -> float:
        right = head.logits(torch.from_numpy(items))[0].argmax(dim=1).numpy() == truth
        return float((right[truth == 0].mean() + right[truth == 1].mean()) / 2)

    weighed, plain = (
        balanced_accuracy(train_head(each, section=given, seed=0, device=CPU))
        for each in (training, replace(training, shares=None))
    )
    assert weighed > plain


@pytest.mark.parametrize("shares", [np.ones(59), np.zeros(60), np.full(60, np.nan)], ids=str)
def test_learn__shares_that_are_none_are_refused(shares: np.ndarray) -> None:
    with pytest.raises(TrainingSetError, match="60 finite numbers above 0"):
        learn(replace(labelled("digits", 60), shares=shares), section=section(), seed=0, device=CPU)


def test_learn__no_names_at_all_are_as_none() -> None:
    training = labelled("digits", 60)
    nothing = ClassNames(np.zeros((0, 64), np.float32), np.zeros(0, np.int64))
    plain, found = (
        learn(each, section=section(), seed=3, device=CPU)
        for each in (training, replace(training, name_points=nothing))
    )
    assert same_head(plain.trained, found.trained)


@pytest.mark.parametrize(
    "changes",
    [{"mixup": True}, {"semi_supervised": True}, {"mixup": True, "semi_supervised": True}, {"name": "auto"}],
    ids=str,
)
@pytest.mark.parametrize("imbalance", ["logit_adjustment", "balanced_weights", "none"])
def test_learn__names_go_with_every_other_setting(changes: dict[str, object], imbalance: str) -> None:
    vectors, truth = pool("digits")
    training = replace(
        without("digits", 160, missing=7), unlabelled=vectors[900:], name_points=centres("digits")
    )
    learned = learn(training, section=section(imbalance=imbalance, **changes), seed=0, device=CPU)
    expected = training.label_counts + (np.arange(10) == 7)
    assert learned.trained.label_counts.tolist() == expected.tolist()
    assert learned.quality.labels == len(training.labels)
    balanced = score_pool(vectors, learned.trained).balanced_probabilities
    assert (balanced[truth == 7].argmax(axis=1) == 7).mean() > 0.6


def test_learn__names_are_never_tested_on() -> None:
    training = labelled("digits", 100)
    learned = learn(replace(training, name_points=centres("digits")), section=section(), seed=0, device=CPU)
    tested = np.where(training.label_counts >= 2, training.label_counts, 0)
    assert np.asarray(learned.quality.confusion).sum(axis=1).tolist() == tested.tolist()


def test_learn__the_first_pass_of_pseudo_labels_is_calibrated_with_the_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts: list[int] = []

    def counted(*arguments: object, extensions: tuple[object, ...] = (), **named: object) -> object:
        counts.append(len(extensions))
        return out_of_fold(*arguments, extensions=extensions, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("models.learn.out_of_fold", counted)
    vectors, _ = pool("digits")
    training = replace(labelled("digits", 60), unlabelled=vectors[900:], name_points=centres("digits"))
    learn(training, section=section(semi_supervised=True), seed=0, device=CPU)
    assert counts == [1, 2]
