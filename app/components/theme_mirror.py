"""What every page needs of the browser: the system's theme, properties that follow a theme, its main part in reach."""

from __future__ import annotations

from pathlib import Path

import param
from panel.custom import JSComponent

from app.components.theme import theme_mirror_js

SCRIPTS = ("system_theme.js", "main_in_reach.js")


class ThemeMirror(JSComponent):
    """Nothing to see: a script that runs once a tab."""

    follow = param.Boolean(default=False, doc="Whether the page takes the system's theme.")

    _esm = "\n".join(
        [theme_mirror_js(), *(Path(__file__).with_name(part).read_text(encoding="utf-8") for part in SCRIPTS)]
    )


def theme_mirror(*, follow: bool = False) -> ThemeMirror:
    """Return the component, without any size.

    Args:
        follow: whether the page takes the system's theme.
    """
    return ThemeMirror(follow=follow, width=0, height=0, margin=0, sizing_mode="fixed")
