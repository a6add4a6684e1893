"""What every page needs of the browser: custom properties that follow the theme, and its main part in reach."""

from __future__ import annotations

from pathlib import Path

from panel.custom import JSComponent

from app.components.theme import theme_mirror_js

MAIN_IN_REACH = Path(__file__).with_name("main_in_reach.js")


class ThemeMirror(JSComponent):
    """Nothing to see: a script that runs once a tab."""

    _esm = f"{theme_mirror_js()}\n{MAIN_IN_REACH.read_text(encoding='utf-8')}"


def theme_mirror() -> ThemeMirror:
    """Return the component, without any size."""
    return ThemeMirror(width=0, height=0, margin=0, sizing_mode="fixed")
