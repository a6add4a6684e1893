"""How a round is made easier after one that failed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from app.easing import CHUNK_ROWS, EASED_ROUNDS, Easing, easing_of, next_easing
from app.round_failure import Cause
from config.schema import (
    EncoderSection,
    HeadSection,
    PoolSection,
    ProjectConfig,
    ProjectSection,
    RoundsSection,
)
from labeling.round_log import RoundRow
from tests.projects import MOMENT

SECTION = HeadSection(name="auto", members=8, device="cuda", semi_supervised=True, optimiser="adamw")


def row(number: int, state: str, **metrics: Any) -> RoundRow:
    return RoundRow(
        number=number,
        state=state,
        revision=number,
        seed=1,
        stage="",
        progress=1.0,
        labels_used=0,
        started_at=MOMENT,
        finished_at=MOMENT + dt.timedelta(seconds=1),
        seconds=1.0,
        error="",
        metrics=metrics,
        hashes={},
        owner="me:1",
        heartbeat_at=MOMENT,
    )


def failed(number: int, cause: str, easing: Easing | None = None) -> RoundRow:
    told = {} if easing is None else {"easing": easing.to_dict(SECTION)}
    return row(number, "failed", cause=cause, **told)


def done(number: int, easing: Easing | None = None) -> RoundRow:
    return row(number, "done", **({} if easing is None else {"easing": easing.to_dict(SECTION)}))


def test_next_easing__nothing_after_a_round_that_did_not_fail() -> None:
    assert not next_easing([])
    assert not next_easing([done(2), failed(1, "memory")])


def test_next_easing__a_failure_eases_and_a_second_one_eases_more() -> None:
    first = next_easing([failed(1, "memory")])
    second = next_easing([failed(2, "memory", first), failed(1, "memory")])
    assert (first.head(SECTION).members, second.head(SECTION).members) == (4, 2)
    assert first.chunk_rows == CHUNK_ROWS // 4
    assert second.head(SECTION).name == "logistic"


def test_next_easing__causes_add_up() -> None:
    first = next_easing([failed(1, "memory")])
    both = next_easing([failed(2, "device", first)]).head(SECTION)
    assert (both.members, both.device) == (4, "cpu")


@pytest.mark.parametrize("cause", ["device", "gpu_memory"])
def test_next_easing__without_the_gpu_words_are_placed_on_the_cpu_too(cause: str) -> None:
    config = ProjectConfig(
        project=ProjectSection(name="p"),
        pool=PoolSection(path="p.csv"),
        encoder=EncoderSection(device="cuda"),
        head=SECTION,
    )
    eased = next_easing([failed(1, cause)]).config(config)
    assert (eased.head.device, eased.encoder.device, eased.head.members) == ("cpu", "cpu", 8)


def test_next_easing__a_diverged_training_takes_a_smaller_step_then_the_plain_head() -> None:
    first = next_easing([failed(1, "diverged")])
    second = next_easing([failed(2, "diverged", first)])
    assert first.head(SECTION).learning_rate < SECTION.learning_rate / 10
    plain = second.head(SECTION)
    assert (plain.name, plain.optimiser, plain.semi_supervised) == ("logistic", "lbfgs", False)


@pytest.mark.parametrize("cause", ["other", "nobody-knows"])
def test_next_easing__an_error_that_ease_does_not_help(cause: str) -> None:
    assert not next_easing([failed(1, cause)])


def test_next_easing__stays_for_some_rounds_and_then_the_file_holds_again() -> None:
    eased = Easing({"memory": 1})
    rounds = [done(number, eased) for number in range(EASED_ROUNDS, 0, -1)]
    assert next_easing(rounds[:-1]) == eased
    assert not next_easing(rounds)


def test_next_easing__ends_at_the_hardest() -> None:
    easing = Easing()
    for number in range(9):
        easing = next_easing([failed(number, "memory", easing)])
    head = easing.head(SECTION)
    assert (head.members, head.name) == (1, "logistic")
    assert easing.chunk_rows >= 1


def test_easing_of__what_the_log_should_not_hold() -> None:
    told = {"levels": {"memory": 99, "luck": 2, "device": "high"}}
    assert easing_of(row(1, "done", easing=told)) == Easing({"memory": 3})
    assert not easing_of(row(1, "done", easing="much"))


def test_words__say_what_differs() -> None:
    words = Easing({Cause.MEMORY: 2, Cause.DEVICE: 1, Cause.DIVERGED: 1}).words(SECTION)
    assert words == (
        "2 members in place of 8, fewer items at once, the head logistic in place of auto, a smaller step, "
        "the CPU alone"
    )
    assert Easing().words(SECTION) == ""


def test_next_easing__a_cluster_that_failed_is_left_aside_for_a_while() -> None:
    config = ProjectConfig(
        project=ProjectSection(name="a"),
        pool=PoolSection(path="a.csv"),
        rounds=RoundsSection(scheduler="tcp://10.0.0.5:8786"),
    )
    eased = next_easing([failed(1, "cluster")])
    assert eased.config(config).rounds.scheduler is None
    assert eased.head(SECTION) == SECTION
    assert eased.words(SECTION) == "this machine in place of the cluster"
    later = [done(number, eased) for number in range(EASED_ROUNDS + 1, 1, -1)]
    assert next_easing(later).config(config).rounds.scheduler == "tcp://10.0.0.5:8786"
