from __future__ import annotations

import pytest

from labeling.annotators import annotator_names, ensure_annotator
from labeling.database import Database
from labeling.errors import AnnotatorError


def ensure(database: Database, name: str) -> int:
    with database.transaction() as session:
        return ensure_annotator(session, name=name)


def test_ensure_annotator__same_name_same_id(database: Database) -> None:
    first = ensure(database, "Zoë")

    assert ensure(database, " Zoe\u0308 ") == first
    assert ensure(database, "zoë") != first
    with database.reading() as session:
        assert list(annotator_names(session).values()) == ["Zoë", "zoë"]


@pytest.mark.parametrize("name", ["", " ", "a\tb", "x" * 201, "\x00", "x" * 10_000])
def test_ensure_annotator__refuses(database: Database, name: str) -> None:
    with pytest.raises(AnnotatorError, match="annotator's name"):
        ensure(database, name)
