from __future__ import annotations

import pytest

from config.errors import DuplicateNameError, UnknownNameError
from config.registry import Registry


@pytest.fixture
def heads() -> Registry[int]:
    registry: Registry[int] = Registry("head")
    registry.register("mlp")(2)
    registry.register("logistic")(1)
    return registry


def test_register__stores_and_hands_back_what_it_decorates() -> None:
    registry: Registry[type] = Registry("reader")

    @registry.register("table")
    class Table:
        pass

    assert registry.get("table") is Table


def test_register__a_taken_name_is_refused_and_the_first_entry_stays(heads: Registry[int]) -> None:
    with pytest.raises(DuplicateNameError, match=r"head named 'mlp' is already registered"):
        heads.register("mlp")(3)
    assert heads.get("mlp") == 2


def test_get__an_unknown_name_lists_the_known_and_the_closest(heads: Registry[int]) -> None:
    with pytest.raises(UnknownNameError) as caught:
        heads.get("logistik")
    assert str(caught.value) == "unknown head 'logistik'; did you mean 'logistic'? (known: logistic, mlp)"


def test_get__a_name_like_no_other_gets_no_suggestion(heads: Registry[int]) -> None:
    with pytest.raises(UnknownNameError) as caught:
        heads.get("zzz")
    assert "did you mean" not in str(caught.value)


def test_names__are_in_alphabetical_order(heads: Registry[int]) -> None:
    assert heads.names() == ["logistic", "mlp"]


def test_iter__gives_names_with_entries_in_alphabetical_order(heads: Registry[int]) -> None:
    assert list(heads) == [("logistic", 1), ("mlp", 2)]
