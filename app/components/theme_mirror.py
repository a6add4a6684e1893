"""Keeps the custom properties of the design system in step with the page's theme switch, on every page."""

from __future__ import annotations

from panel.custom import JSComponent

from app.components.theme import theme_mirror_js


class ThemeMirror(JSComponent):
    """Nothing to see: a script that runs once a tab."""

    _esm = theme_mirror_js() + "\nexport function render() { return document.createElement('span') }\n"


def theme_mirror() -> ThemeMirror:
    """Return the component, without any size."""
    return ThemeMirror(width=0, height=0, margin=0, sizing_mode="fixed")
