from __future__ import annotations

import pytest

from app.login.tries import FREE, MOST, Tries


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fail(tries: Tries, times: int, *, name: str = "ann", address: str = "1.2.3.4") -> None:
    for _ in range(times):
        assert tries.begin(name=name, address=address) == 0


def test_begin__waits_grow_after_some_free_tries(clock: Clock) -> None:
    tries = Tries(clock)
    fail(tries, FREE)
    waits = []
    for _ in range(4):
        wait_s = tries.begin(name="ann", address="1.2.3.4")
        waits.append(wait_s)
        clock.now_s += wait_s
        fail(tries, 1)
    assert waits == [1, 2, 4, 8]


def test_begin__a_refused_try_counts_for_nothing(clock: Clock) -> None:
    tries = Tries(clock)
    fail(tries, FREE)
    assert [tries.begin(name="ann", address="1.2.3.4") for _ in range(50)] == [1] * 50


def test_begin__a_name_waits_a_minute_at_most_from_elsewhere(clock: Clock) -> None:
    tries = Tries(clock)
    for number in range(40):
        clock.now_s += max(tries.begin(name="ann", address=f"10.0.0.{number}"), 0)
        tries.begin(name="ann", address=f"10.0.0.{number}")
    assert 0 < tries.begin(name="ANN", address="192.0.2.1") <= 60


def test_begin__an_address_that_tries_many_names_waits_long(clock: Clock) -> None:
    tries = Tries(clock)
    for number in range(40):
        clock.now_s += tries.begin(name=f"name-{number}", address="1.2.3.4")
        tries.begin(name=f"name-{number}", address="1.2.3.4")
    assert 60 < tries.begin(name="ann", address="1.2.3.4") <= 900
    assert tries.begin(name="ann", address="192.0.2.1") == 0


def test_passed__forgets(clock: Clock) -> None:
    tries = Tries(clock)
    fail(tries, FREE)
    tries.passed(name="ann", address="1.2.3.4")
    fail(tries, FREE)


def test_begin__forgets_after_a_while_and_the_oldest(clock: Clock) -> None:
    tries = Tries(clock)
    fail(tries, FREE)
    clock.now_s += 3601
    fail(tries, FREE)
    for number in range(MOST):
        tries.begin(name=f"n{number}", address=f"a{number}")
    assert len(tries._records) <= MOST
