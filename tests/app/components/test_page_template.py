"""The frame of HTML that a page is sent in."""

from __future__ import annotations

from bokeh.core.templates import MACROS
from panel_material_ui.template.base import parse_template

from app.components.page_template import SCRIPT, page_template


def test_page_template__runs_the_script_after_panels_and_before_the_page_is_built() -> None:
    known = {"bokeh_js": "PANELS", "plot_script": "BUILDS", "resources": {}, "docs": [], "macros": MACROS}
    html = parse_template(page_template()).render(**known)
    assert html.index("PANELS") < html.index(SCRIPT.read_text(encoding="utf-8")) < html.index("BUILDS")
