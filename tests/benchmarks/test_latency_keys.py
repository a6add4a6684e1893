"""Tests of how the benchmark counts what it has measured."""

from __future__ import annotations

from benchmarks.latency_keys import acknowledged


def test_acknowledged__several_by_one_answer() -> None:
    saved = [
        {"pressed_at": 1.0, "saved_at": 21.0},
        {"pressed_at": 30.0, "saved_at": 71.0},
        {"pressed_at": 40.0, "saved_at": 71.0},
    ]
    assert acknowledged(saved, [20.0, 70.0]) == [19.0, 40.0, 30.0]


def test_acknowledged__what_waited_before_the_page_was_loaded_is_not_counted() -> None:
    assert acknowledged([{"pressed_at": None, "saved_at": 21.0}], [20.0]) == []
