from __future__ import annotations

import numpy as np
import pytest

from models.choice import CANDIDATES, SAFE, choose_head, enough_labels, head_label
from models.heads.contract import TrainingSet
from models.learn import learn
from models.quality import QualityReport
from tests.models.heads.sets import CPU, labelled, section


def bent(count: int) -> TrainingSet:
    """Two classes that no plane separates."""
    generator = np.random.default_rng(0)
    vectors = generator.uniform(-1, 1, (count, 2)).astype(np.float32)
    return TrainingSet(vectors, (vectors[:, 0] * vectors[:, 1] > 0).astype(np.int64), 2)


def test_choose_head__a_name_is_not_questioned() -> None:
    choice = choose_head(labelled("wine", 150), section=section(name="mlp"), seed=0, device=CPU)
    assert choice.section.name == "mlp"
    assert choice.candidates == ()


def test_choose_head__few_labels_take_the_safe_one() -> None:
    choice = choose_head(bent(60), section=section(name="auto"), seed=0, device=CPU)
    assert (choice.section.name, choice.candidates) == (SAFE, ())


def test_choose_head__leaves_the_safe_one_where_another_is_clearly_better() -> None:
    choice = choose_head(bent(200), section=section(name="auto"), seed=0, device=CPU)
    assert choice.section.name != SAFE
    assert [entry.chosen for entry in choice.candidates].count(True) == 1
    (chosen,) = (entry for entry in choice.candidates if entry.chosen)
    assert chosen.head == head_label(choice.section)
    assert chosen.gain is not None
    assert chosen.gain.low > 0


def test_choose_head__stays_where_the_difference_may_be_chance() -> None:
    generator = np.random.default_rng(1)
    vectors = generator.normal(size=(150, 5)).astype(np.float32)
    truth = (vectors[:, 0] + 0.5 * generator.normal(size=150) > 0).astype(np.int64)
    choice = choose_head(TrainingSet(vectors, truth, 2), section=section(name="auto"), seed=0, device=CPU)
    assert choice.section.name == SAFE
    assert len(choice.candidates) == len(CANDIDATES) + 1
    assert choice.candidates[0].gain is None


def test_choose_head__same_arguments_same_choice() -> None:
    first, second = (
        choose_head(bent(120), section=section(name="auto"), seed=3, device=CPU) for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("counts", "enough"),
    [([50, 50], True), ([99, 1], False), ([60, 30], False), ([0, 60, 60], True), ([5] * 20, True), ([4] * 25, False)],
)  # fmt: skip
def test_enough_labels__counts_labels_and_labels_a_class(counts: list[int], enough: bool) -> None:
    assert enough_labels(np.array(counts)) is enough


def test_learn__auto_is_recorded_in_the_report() -> None:
    learned = learn(bent(200), section=section(name="auto"), seed=0, device=CPU)
    (chosen,) = (entry.head for entry in learned.quality.candidates if entry.chosen)
    assert learned.quality.head == chosen
    assert learned.trained.name == chosen.split("/")[0]
    assert len(learned.quality.candidates) == len(CANDIDATES) + 1
    assert QualityReport.from_dict(learned.quality.to_dict()) == learned.quality
