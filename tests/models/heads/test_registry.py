"""The contract every registered head keeps; a new head is tested by being registered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from config.errors import UnknownNameError
from models.errors import NotEnoughLabelsError, TrainingSetError
from models.heads.contract import Head, TrainedHead, TrainingSet
from models.heads.files import load_head
from models.heads.registry import heads
from models.learn import learn
from models.scoring import score_pool
from tests.models.heads.sets import CPU, centres, ground, labelled, pool, section, without

NAMES = heads.names()
every_head = pytest.mark.parametrize("name", NAMES)


def train(name: str, training: TrainingSet, *, seed: int = 0, **changes: object) -> TrainedHead:
    head: Head = heads.get(name)
    if name == "sklearn":
        changes = {"members": 3} | changes  # a forest a member takes its time
    return head.fit(training, section=section(name=name, **changes), seed=seed, device=CPU)


def answers(trained: TrainedHead, vectors: np.ndarray) -> np.ndarray:
    return torch.softmax(trained.logits(torch.tensor(vectors)), dim=2).mean(dim=0).numpy()


def test_heads__come_with_goldpan() -> None:
    assert {"logistic", "mlp", "evidential", "sade", "ordinal", "sklearn"} <= set(NAMES)


def test_heads__unknown_name_lists_the_known() -> None:
    with pytest.raises(UnknownNameError, match="logistic"):
        heads.get("logistics")


@every_head
def test_fit__same_seed_gives_the_same_bits(name: str) -> None:
    training = labelled("digits", 120)
    torch.manual_seed(1)
    first = train(name, training, seed=7)
    torch.manual_seed(2)
    second = train(name, training, seed=7)
    assert all(torch.equal(first.tensors[key], second.tensors[key]) for key in first.tensors)


@every_head
def test_fit__another_seed_gives_other_members(name: str) -> None:
    training = labelled("digits", 120)
    first, second = train(name, training, seed=7), train(name, training, seed=8)
    assert any(not torch.equal(first.tensors[key], second.tensors[key]) for key in first.tensors)


@every_head
def test_fit__global_chance_and_threads_are_left_alone(name: str) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    train(name, labelled("wine", 30))
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


@every_head
def test_fit__inputs_stay_unchanged(name: str) -> None:
    vectors, truth = (array[:60].copy() for array in pool("wine"))
    before = vectors.copy(), truth.copy()
    train(name, TrainingSet(vectors, truth, 3))
    assert np.array_equal(vectors, before[0])
    assert np.array_equal(truth, before[1])


@every_head
def test_logits__have_the_members_first(name: str) -> None:
    trained = train(name, labelled("digits", 100), members=5)
    logits = trained.logits(torch.tensor(pool("digits")[0][:17]))
    assert logits.shape == (5, 17, 10)
    assert logits.dtype == torch.float32
    own = {"weights"} if name == "sklearn" else set(trained.tensors)  # it keeps labels, which members share
    assert all(len(trained.tensors[key]) == 5 for key in own)


@every_head
def test_logits__members_disagree_somewhere(name: str) -> None:
    trained = train(name, labelled("digits", 60))
    logits = trained.logits(torch.tensor(pool("digits")[0][200:400]))
    assert (logits.argmax(dim=2) != logits.argmax(dim=2)[0]).any()


@every_head
def test_logits__an_item_does_not_depend_on_its_neighbours(name: str) -> None:
    trained = train(name, labelled("digits", 100))
    vectors = torch.tensor(pool("digits")[0][:40])
    alone = torch.cat([trained.logits(row[None]) for row in vectors], dim=1)
    # Another number of rows may be added up in another order, by processors of some kinds.
    assert torch.allclose(trained.logits(vectors), alone, atol=1e-3)


@every_head
def test_logits__wrong_length_is_refused(name: str) -> None:
    trained = train(name, labelled("wine", 30))
    with pytest.raises(TrainingSetError, match="13 numbers"):
        trained.logits(torch.zeros(4, 12))


@every_head
def test_fit__learns_real_classes(name: str) -> None:
    vectors, truth = pool(ground(name))
    count = min(500, 2 * len(vectors) // 3)
    trained = train(name, labelled(ground(name), count))
    assert (answers(trained, vectors[count:]).argmax(axis=1) == truth[count:]).mean() > 0.93


@every_head
def test_fit__two_classes_alone_work(name: str) -> None:
    vectors, truth = pool("cancer")
    trained = train(name, labelled("cancer", 100))
    assert (answers(trained, vectors[100:]).argmax(axis=1) == truth[100:]).mean() > 0.9


@every_head
@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_fit__a_thousand_classes_work(name: str) -> None:
    vectors = np.random.default_rng(0).normal(size=(1000, 16)).astype(np.float32)
    training = TrainingSet(vectors, np.arange(1000), 1000)
    found = answers(train(name, training, members=2, epochs=3), vectors[:50])
    assert found.shape == (50, 1000)
    assert np.isfinite(found).all()
    assert np.allclose(found.sum(axis=1), 1, atol=1e-4)


@every_head
def test_fit__one_item_ten_thousand_times_over_works(name: str) -> None:
    vectors, truth = pool("iris")
    others = np.flatnonzero(truth != truth[0])[:20]
    rows = np.concatenate([np.zeros(10_000, dtype=np.int64), others])
    training = TrainingSet(vectors[rows], truth[rows], 3)
    found = answers(train(name, training, members=2, epochs=20), vectors[rows[-20:]])
    assert np.isfinite(found).all()
    assert (found.argmax(axis=1) == truth[others]).mean() > 0.5


@every_head
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_fit__numbers_that_are_none_are_refused(name: str, bad: float) -> None:
    vectors, truth = (array[:30].copy() for array in pool("wine"))
    vectors[4, 2] = bad
    with pytest.raises(TrainingSetError, match="label 4"):
        train(name, TrainingSet(vectors, truth, 3))


@every_head
@pytest.mark.parametrize("imbalance", ["logit_adjustment", "balanced_weights", "none"])
def test_fit__one_label_a_class_is_enough(name: str, imbalance: str) -> None:
    vectors, truth = pool(ground(name))
    classes = int(truth.max()) + 1
    rows = np.array([np.flatnonzero(truth == label_class)[0] for label_class in range(classes)])
    trained = train(name, TrainingSet(vectors[rows], truth[rows], classes), imbalance=imbalance)
    found = answers(trained, vectors[rows])
    assert np.isfinite(found).all()
    assert (found.argmax(axis=1) == truth[rows]).all()


@every_head
@pytest.mark.parametrize("imbalance", ["logit_adjustment", "balanced_weights", "none"])
def test_fit__class_without_labels_has_no_probability(name: str, imbalance: str) -> None:
    trained = train(name, labelled("wine", 60, class_count=6), imbalance=imbalance)
    found = answers(trained, pool("wine")[0])
    assert found.shape == (178, 6)
    assert (found[:, 3:] == 0).all()
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)


@every_head
def test_fit__contradictory_labels_are_averaged(name: str) -> None:
    vectors = np.repeat(np.array([[0.0, 0.0], [4.0, 4.0]], dtype=np.float32), 20, axis=0)
    labels = np.array([0, 1] * 10 + [2] * 20, dtype=np.int64)
    found = answers(train(name, TrainingSet(vectors, labels, 3)), vectors[[0, 39]])
    assert abs(found[0, 0] - found[0, 1]) < 0.3
    assert found[1, 2] > 0.8


@every_head
def test_fit__balanced_softmax_is_another_name(name: str) -> None:
    vectors = torch.tensor(pool("wine")[0])
    first, second = (
        train(name, labelled("wine", 40), members=2, imbalance=each).logits(vectors)
        for each in ("logit_adjustment", "balanced_softmax")
    )
    assert torch.equal(first, second)


@every_head
def test_fit__unlabelled_vectors_of_another_length_are_refused(name: str) -> None:
    vectors, truth = pool("wine")
    training = TrainingSet(vectors[:30], truth[:30], 3, unlabelled=np.zeros((4, 12), np.float32))
    with pytest.raises(TrainingSetError, match=r"unlabelled vectors must be \(u, 13\)"):
        train(name, training)


@every_head
@pytest.mark.parametrize(
    "prior", [np.array([0.5, 0.5]), np.array([1.5, -0.5, 0.0]), np.zeros(3), np.array([np.nan, 0.5, 0.5])]
)
def test_score_pool__target_prior_that_makes_no_sense_is_refused(name: str, prior: np.ndarray) -> None:
    trained = train(name, labelled("wine", 30), members=2)
    with pytest.raises(ValueError, match="prior must be 3 numbers"):
        score_pool(pool("wine")[0], trained, prior=prior)


@every_head
def test_score_pool__target_prior_is_in_the_answer(name: str) -> None:
    trained = train(name, labelled("wine", 90), members=2)
    scores = score_pool(pool("wine")[0], trained, prior=np.array([0.0, 0.5, 0.5]))
    assert (scores.probabilities.argmax(axis=1) != 0).all()
    assert np.allclose(scores.prior, [0.0, 0.5, 0.5])


@every_head
def test_fit__vectors_that_are_all_alike_work(name: str) -> None:
    vectors = np.ones((10, 4), dtype=np.float32)
    found = answers(train(name, TrainingSet(vectors, np.arange(10) % 2, 2)), vectors)
    assert np.isfinite(found).all()


@every_head
def test_fit__half_floats_give_about_the_same(name: str) -> None:
    vectors, truth = pool("wine")
    full = train(name, TrainingSet(vectors[:60], truth[:60], 3))
    half = train(name, TrainingSet(vectors[:60].astype(np.float16), truth[:60], 3))
    assert np.abs(answers(full, vectors) - answers(half, vectors)).max() < 0.1


@every_head
def test_fit__given_weights_decide_what_counts(name: str) -> None:
    vectors, truth = pool("wine")
    weights = torch.ones(2, 100)
    weights[1, truth[:100] == 2] = 0.0
    trained = heads.get(name).fit(
        TrainingSet(vectors[:100], truth[:100], 3), section=section(), seed=0, device=CPU, weights=weights
    )
    found = torch.softmax(trained.logits(torch.tensor(vectors)), dim=2)
    assert trained.members == 2
    assert found[0, :, 2].max() > 0.5
    assert found[1, :, 2].max() == 0


@every_head
def test_fit__a_single_member_works(name: str) -> None:
    trained = train(name, labelled("cancer", 40), members=1)
    assert trained.logits(torch.tensor(pool("cancer")[0][:3])).shape == (1, 3, 2)


@every_head
def test_fit__one_class_alone_is_refused(name: str) -> None:
    vectors, _ = pool("wine")
    with pytest.raises(NotEnoughLabelsError, match="two classes"):
        train(name, TrainingSet(vectors[:5], np.zeros(5, dtype=np.int64), 3))


def doubted(name: str, *, share: float) -> tuple[TrainingSet, TrainingSet]:
    """Labels of which every fourth is wrong, certain and as soft ones that give the true class the rest."""
    vectors, truth = (array[:90] for array in pool(ground(name)))
    classes = int(truth.max()) + 1
    labels = truth.astype(np.int64).copy()
    wrong = np.arange(len(labels)) % 4 == 0
    labels[wrong] = (labels[wrong] + 1) % classes
    soft = np.eye(classes, dtype=np.float32)[labels]
    soft[wrong, labels[wrong]] = share
    soft[wrong, truth[wrong]] = 1 - share
    hard = TrainingSet(vectors, labels, classes)
    return hard, replace(hard, soft=soft)


@every_head
def test_fit__soft_labels_that_are_certain_change_nothing(name: str) -> None:
    certain = labelled("wine", 60)
    soft = np.eye(3, dtype=np.float32)[certain.labels]
    first, second = train(name, certain, members=2), train(name, replace(certain, soft=soft), members=2)
    assert all(torch.equal(first.tensors[key], second.tensors[key]) for key in first.tensors)


@every_head
def test_fit__soft_labels_are_learned_as_doubt(name: str) -> None:
    hard, soft = doubted(name, share=0.51)
    wrong = np.arange(90) % 4 == 0
    truth = pool(ground(name))[1][:90]
    before, after = (answers(train(name, each, members=2), hard.vectors) for each in (hard, soft))
    assert after[wrong, truth[wrong]].mean() > before[wrong, truth[wrong]].mean()


@every_head
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda soft: soft[:, :-1], "a row for each label"),
        (lambda soft: soft * np.nan, "finite"),
        (lambda soft: soft * 2, "add up to 1"),
        (lambda soft: soft[:, ::-1], "highest at the class of the label"),
    ],
)
def test_fit__soft_labels_that_are_none_are_refused(name: str, spoil: object, words: str) -> None:
    training = labelled("wine", 60)
    soft = np.eye(3, dtype=np.float32)[training.labels]
    with pytest.raises(TrainingSetError, match=words):
        train(name, replace(training, soft=spoil(soft)))  # type: ignore[operator]


@every_head
def test_fit__progress_goes_up_to_one(name: str) -> None:
    told: list[float] = []
    heads.get(name).fit(
        labelled("wine", 40), section=section(), seed=0, device=CPU,
        progress=lambda share, _text: told.append(share),
    )  # fmt: skip
    assert told == sorted(told)
    assert told[-1] == 1.0


@every_head
def test_save__loaded_head_gives_equal_logits(name: str, tmp_path: Path) -> None:
    trained = train(name, labelled("digits", 80), seed=3)
    names = tuple("abcdefghij")
    trained.save(tmp_path / "head.safetensors", class_names=names, temperature=1.25)
    loaded, temperature = load_head(tmp_path / "head.safetensors")
    vectors = torch.tensor(pool("digits")[0])
    assert torch.equal(trained.logits(vectors), loaded.logits(vectors))
    assert all(torch.equal(trained.tensors[key], loaded.tensors[key]) for key in trained.tensors)
    assert (temperature, loaded.name, loaded.class_names, loaded.seed) == (1.25, name, names, 3)


def named(name: str) -> TrainingSet:
    """Labels without those of the second class, and the names of all classes."""
    return replace(without(ground(name), 90, missing=1), name_points=centres(ground(name)))


@every_head
@pytest.mark.parametrize("imbalance", ["logit_adjustment", "balanced_weights", "none"])
def test_learn__a_class_with_a_name_alone_is_known(name: str, imbalance: str) -> None:
    vectors, truth = pool(ground(name))
    given = section(name=name, members=2, imbalance=imbalance)
    learned = learn(named(name), section=given, seed=0, device=CPU)
    found = answers(learned.trained, vectors)
    assert np.isfinite(found).all()
    assert np.allclose(found.sum(axis=1), 1, atol=1e-4)
    assert found[truth == 1, 1].mean() > 2 * found[truth != 1, 1].mean()
    assert learned.trained.label_counts[1] == 1
    assert learned.quality.balanced_accuracy is not None


@every_head
def test_save__a_head_that_learned_names_is_read_again(name: str, tmp_path: Path) -> None:
    trained = learn(named(name), section=section(name=name, members=2), seed=0, device=CPU).trained
    trained.save(tmp_path / "head.safetensors")
    loaded, _ = load_head(tmp_path / "head.safetensors")
    vectors = torch.tensor(pool(ground(name))[0])
    assert torch.equal(trained.logits(vectors), loaded.logits(vectors))
    assert torch.equal(trained.label_counts, loaded.label_counts)
