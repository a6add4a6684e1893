from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from app.components.progress_line import change_words, progress_html
from app.context import ServerContext
from app.progress import Progress, RoundChange, pace_of, read_progress, round_change
from app.round_files import RoundMeaning, write_round
from models.quality import ClassQuality, Estimate, QualityReport

NOON = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


def times(*seconds: float) -> list[dt.datetime]:
    """Return moments so many seconds after noon, newest first."""
    return [NOON + dt.timedelta(seconds=each) for each in sorted(seconds, reverse=True)]


def meaning(number: int, labels: dict[int, int], accuracy: float | None = None) -> RoundMeaning:
    measured = None if accuracy is None else Estimate(accuracy, accuracy - 0.1, accuracy + 0.1)
    per_class = tuple(ClassQuality(at, count, None, None, None) for at, count in enumerate(labels.values()))
    report = QualityReport(
        "cross-validation", sum(labels.values()), 5, 1, measured, None, None, per_class, ()
    )
    names = tuple(f"class {each}" for each in labels)
    return RoundMeaning(number, class_ids=tuple(labels), class_names=names, quality=report.to_dict())


def store(folder: Path, *rounds: RoundMeaning) -> None:
    folder.mkdir(exist_ok=True)
    for each in rounds:
        write_round(folder, each, probabilities=None, head_file=None)


def test_pace_of__labels_a_minute() -> None:
    assert pace_of(times(*range(0, 61, 3))) == pytest.approx(20)


def test_pace_of__a_pause_is_left_out() -> None:
    assert pace_of(times(*range(0, 61, 3), *range(5_000, 5_061, 3))) == pytest.approx(20)


def test_pace_of__only_the_last_ten_minutes_of_activity() -> None:
    slow = [60 * each for each in range(30)]
    fast = [slow[-1] + 2 * each for each in range(1, 301)]
    assert pace_of(times(*slow, *fast)) == pytest.approx(30)


@pytest.mark.parametrize("given", [[], [0.0], [0.0, 1.0], [0.0] * 24, [0.0, 4_000.0]])
def test_pace_of__too_little_to_tell(given: list[float]) -> None:
    assert pace_of(times(*given)) is None


def test_pace_of__clocks_that_went_back_do_no_harm() -> None:
    assert pace_of([NOON, NOON + dt.timedelta(seconds=30), NOON - dt.timedelta(seconds=10)]) == pytest.approx(
        60 / 40
    )


def test_round_change__gain_and_classes_newly_met(tmp_path: Path) -> None:
    last = meaning(7, {3: 4, 9: 1, 5: 2}, 0.812)
    store(tmp_path, meaning(5, {9: 0, 3: 3}, 0.8), RoundMeaning(6), last)

    found = round_change(tmp_path, last)

    assert found.met == ("class 9", "class 5")
    assert found.gain == pytest.approx(0.012)


def test_round_change__nothing_to_compare_with(tmp_path: Path) -> None:
    first = meaning(1, {1: 2}, 0.5)
    store(tmp_path, first)

    assert round_change(tmp_path, first) == RoundChange(1, None, ())
    assert round_change(tmp_path, replace(first, quality=None)) == RoundChange(1, None, ())
    assert round_change(tmp_path, replace(first, quality={"odd": 1})) == RoundChange(1, None, ())


def test_read_progress__a_change_is_read_once_a_round(context: ServerContext) -> None:
    known = RoundChange(4, 0.1, ())

    assert read_progress(context, meaning(4, {1: 1}), known) == Progress(None, known)
    assert read_progress(context, meaning(5, {1: 1}), known).change == RoundChange(5, None, ())
    assert read_progress(context, None, known) == Progress()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (None, "What a round changes is told from the second one with figures on."),
        (RoundChange(2, None, ()), "What a round changes is told from the second one with figures on."),
        (RoundChange(2, -0.0123, ()), "Round 2: balanced accuracy −1.2 points (cross-validated)"),
        (
            RoundChange(2, 0.0, ("a",)),
            "Round 2: balanced accuracy ±0.0 points (cross-validated); newly met: a",
        ),
        (RoundChange(2, None, tuple("abcde")), "Round 2: newly met: a, b, c and 2 more"),
    ],
)
def test_change_words(change: RoundChange | None, words: str) -> None:
    assert change_words(change) == words


def test_progress_html__names_are_text() -> None:
    hostile = Progress(12.0, RoundChange(2, None, ('"><img src=x onerror=alert(1)>',)))
    text = progress_html(labels=1_200, reached=3, classes=10, progress=hostile)

    assert "<img" not in text
    assert "1,200" in text and "3 of 10" in text
