from __future__ import annotations

from benchmarks.round import Size, time_choices, time_rounds

TINY = Size("tiny", 300, 8, 3, 40)


def test_time_rounds__steps_add_up_to_the_round() -> None:
    figures = time_rounds(TINY)
    steps = sum(value for name, value in figures.items() if not name.startswith("round_"))
    assert abs(steps - figures["round_tiny_s"]) < 0.01
    assert figures["learn_tiny_s"] > 0 < figures["choose_tiny_s"]


def test_time_choices__wall_and_processor_time_of_each() -> None:
    figures = time_choices(TINY, ["margin", "epig"])
    assert set(figures) == {
        f"choose_{name}_tiny_{unit}" for name in ("margin", "epig") for unit in ("s", "cpu_s")
    }
