"""The frame of HTML that a page is sent in: Panel's own, with a script that runs before anything is built."""

from __future__ import annotations

from functools import cache
from pathlib import Path

SCRIPT = Path(__file__).with_name("react_state.js")


@cache
def page_template() -> str:
    """Return the template, as Jinja reads it."""
    script = SCRIPT.read_text(encoding="utf-8")
    return (
        '{% extends "base.html" %}{% block postamble %}{{ super() }}'
        f"<script>{{% raw %}}{script}{{% endraw %}}</script>{{% endblock %}}"
    )
