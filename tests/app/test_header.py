from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from app.header import person_views
from labeling.people import Person, Role


def test_person_views__name_is_text() -> None:
    hostile = Person(1, '"><img src=x onerror=alert(1)>', Role.VIEWER, 3)
    context: Any = SimpleNamespace(access=object(), person=hostile)
    [view] = person_views(context, "top")
    assert "<img" not in view.object
    assert view.object.count("&lt;img") == 2
