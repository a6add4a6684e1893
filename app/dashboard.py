"""Assembles the dashboard of one browser tab: header, status line, pages."""

from __future__ import annotations

import logging
from html import escape
from pathlib import Path
from typing import Any

import panel as pn
import panel_material_ui as pmui
from panel.io.notifications import NotificationAreaBase
from panel.util import edit_readonly

from app.access import may
from app.components.come_back import come_back
from app.components.layout import html, page_frame, stack
from app.components.page_template import page_template
from app.components.theme import material_theme, theme_css
from app.components.theme_mirror import theme_mirror
from app.context import ServerContext
from app.debounce import Debounced
from app.early_changes import send_early_changes
from app.header import SIGNED_OUT, open_for_person, person_views, watch_person
from app.layouts import LayoutState
from app.notices import tell_done, tell_problem
from app.pages.balance import BalancePage
from app.pages.columns import unread
from app.pages.columns_asked import ColumnsNotice
from app.pages.confirm import ConfirmPage
from app.pages.explore import ExplorePage
from app.pages.export import ExportPage
from app.pages.label import LabelPage
from app.pages.model import ModelPage
from app.pages.review import ReviewPage
from app.session import REVIEW, DashboardState
from app.status import Status
from labeling.people import Role

log = logging.getLogger("goldpan.dashboard")

STATUS_PAUSE_MS, STATUS_LONGEST_MS = 60, 600

STYLES = Path(__file__).with_name("dashboard.css")
PAGE_SX = {
    "& .MuiAppBar-root": {
        "backgroundColor": "var(--gp-surface)",
        "backgroundImage": "none",
        "color": "var(--gp-text)",
        "boxShadow": "none",
        "borderBottom": "1px solid var(--gp-border)",
    },
    "& .MuiAppBar-root .MuiTypography-root": {
        "fontSize": "var(--gp-size-l)",
        "fontWeight": 650,
        "color": "var(--gp-text)",
    },
    "& main": {"backgroundColor": "var(--gp-bg)"},
    # The toolbar's bar that is never used, and its spacer, which is a heading without text: nothing to read out.
    "& .MuiAppBar-root .MuiLinearProgress-root": {"display": "none"},
    "& main .MuiToolbar-root .MuiTypography-root": {"visibility": "hidden"},
    "@media (max-width: 719px)": {
        # The title with its link, which would be one without a name.
        "& .MuiAppBar-root a:has(.title)": {"display": "none !important"},
        "& .MuiAppBar-root .MuiToolbar-root": {"px": 1},
    },
}
"""A calm header: the page's colour goes to what is labelled, not to the frame. On a phone the pages come first."""
NAVIGATION_SX: dict[str, Any] = {
    # On a phone the pages scroll under the finger, and fade where there are more; what is right of them stays in sight.
    "@media (max-width: 479px)": {
        "maxWidth": "calc(100vw - 84px)",
        "overflowX": "auto",
        "scrollbarWidth": "none",
        "paddingRight": "24px",
        "maskImage": "linear-gradient(to right, black calc(100% - 28px), transparent)",
    },
    "& .MuiToggleButton-root": {
        "color": "var(--gp-text-2)",
        "border": 0,
        "borderRadius": "6px !important",
        "px": 1.5,
        "&:hover": {"backgroundColor": "var(--gp-sunken) !important"},
        "&.Mui-selected": {
            "color": "var(--gp-primary) !important",
            "backgroundColor": "var(--gp-primary-soft) !important",
        },
        "@media (max-width: 479px)": {
            "px": 1,
            "flex": "none",
            "width": "auto",
            "fontSize": "0.8rem",
            "scrollMarginInline": "32px",
        },
    },
}
BROKEN = (
    '<h2>This page could not be built</h2><p class="gp-problem">Your labels are safe. Reload the page; if this stays, '
    "the server's log says why.</p>"
)
MAKERS: dict[str, Any] = {
    "Label": LabelPage,
    "Confirm": ConfirmPage,
    "Explore": ExplorePage,
    "Balance": BalancePage,
    "Model": ModelPage,
    REVIEW: ReviewPage,
    "Export": ExportPage,
}


class Dashboard:
    """The dashboard of one tab. A page is built when it is first shown and kept while the tab is open."""

    def __init__(self, context: ServerContext) -> None:
        """Build the header and the first page."""
        self.context = context
        self.document = pn.state.curdoc
        views = context.project.config.views
        self.state = DashboardState(
            context, colour_by=views.map_colour, dark=views.theme == "dark", page=views.page.capitalize()
        )
        self.navigation = pmui.RadioButtonGroup(
            options=list(self.state.pages),
            value=self.state.page,
            sx=NAVIGATION_SX,
            margin=(0, 0, 0, 8),
            size="small",
        )
        self.status_line = html()
        self.come_back = come_back(context.instance)
        self._pages: dict[str, Any] = {}
        self._views: dict[str, Any] = {}
        self._holder = stack()
        # Only one page is shown, yet the others would keep their gaps.
        self._holder.styles = {"gap": "0"}
        self._link()
        # Once the address has said which page is on show.
        self.asked = ColumnsNotice(self.state)
        line = person_views(context, "line")
        self._frame = page_frame(*line, self.status_line, self.asked.view(), self._holder)
        self._show_page()
        self._show_status()
        problem = context.renewal.problem
        if problem and may(context, Role.ADMIN):
            pn.state.onload(lambda: tell_problem(unread(problem)))

    def view(self) -> Any:  # noqa: ANN401 - a Panel page
        """Return the page of the tab."""
        project = self.context.project.config.project
        mirror = theme_mirror(follow=self.context.project.config.views.theme == "auto")
        title = f"{project.title or project.name} · goldpan"
        page = pmui.Page(
            title=title,
            template=page_template(),
            # The page's template writes it into the head as it is, where a project's title could end in a script.
            meta_title=escape(title),
            header=[self.navigation, *person_views(self.context, "top"), mirror, self.come_back],
            main=[self._frame],
            theme_config=material_theme(),
            dark_theme=self.state.dark,
            busy_indicator=None,
            sx=PAGE_SX,
            favicon=Path(__file__).with_name("favicon.svg"),
        )
        _stop_following_busy(page)
        page.config.raw_css = [theme_css(), STYLES.read_text(encoding="utf-8")]
        page.param.watch(lambda event: setattr(self.state, "dark", bool(event.new)), "dark_theme")
        return page

    def dispose(self) -> None:
        """Let go of what outlives a session otherwise."""
        for page in self._pages.values():
            if hasattr(page, "dispose"):
                page.dispose()

    def close(self, words: str) -> None:
        """Show words in place of everything: the page's person is here no more.

        Args:
            words: as HTML.
        """
        self.dispose()
        self.navigation.visible = False
        self._frame[:] = [html(words)]

    def apply(self, status: Status) -> None:
        """Take over a new status; called by the hub under the document's lock."""
        known = self.state.status
        try:
            self.state.apply(status)
            if status.renewing:
                self.come_back.waiting = True
            if known is not None:
                self._tell_layout(known.layout, status.layout)
        except Exception:
            # The screen's edge: a page that cannot show one status shows the next; labelling is not touched by it.
            log.exception("the page could not show a new status")

    def _tell_layout(self, before: LayoutState, after: LayoutState) -> None:
        """Say that the map moved, or why it does not: once each."""
        if after.version != before.version and self.state.layout == "arranged":
            tell_done("The map was rearranged: items that are alike lie together now.")
        if after.problem and after.problem != before.problem:
            tell_problem(f"The map could not be arranged: {after.problem}. It shows the principal axes.")

    def _link(self) -> None:
        state = self.state
        self.navigation.param.watch(lambda event: setattr(state, "page", event.new or state.page), "value")
        state.param.watch(lambda *_: self._follow(), ["page", "team"])
        state.param.watch(lambda *_: self._show_status(), ["failure", "page"])
        soon = Debounced(
            self.document, self._show_status, pause_ms=STATUS_PAUSE_MS, longest_ms=STATUS_LONGEST_MS
        )
        state.param.watch(soon.ask, ["status_line", "busy_share"])
        if pn.state.location is not None:
            # Last, so that a page named in the address reaches the navigation too.
            pn.state.location.sync(state, {"page": "page"})

    def _follow(self) -> None:
        """Show the page that the state names, if the person can go there."""
        pages = list(self.state.pages)
        if self.navigation.options != pages:
            self.navigation.options = pages
        if self.state.page not in pages:
            self.state.page = pages[0]
            return
        self.navigation.value = self.state.page
        self._show_page()

    def _show_page(self) -> None:
        name = self.state.page
        if name not in self._pages:
            page = MAKERS[name](self.state, self.document)
            self._pages[name] = page
            self._views[name] = stack(page.view())
            self._holder.append(self._views[name])
            if hasattr(page, "paint"):
                page.paint()
        for other, view in self._views.items():
            view.visible = other == name

    def _show_status(self) -> None:
        self.status_line.object = status_html(self.state)


def status_html(state: DashboardState) -> str:
    """Return the status line: what the worker does, as text and as a thin bar; before it the page's name, unseen."""
    kind = "failed" if state.failure else "busy" if state.busy_share is not None else "calm"
    share = 0 if state.busy_share is None else round(100 * state.busy_share)
    return (
        f"<h1>{escape(state.page)}</h1>"
        f'<div class="gp-line gp-{kind}" role="status" aria-live="off"><span class="gp-dot"></span>'
        f"<span>{escape(state.status_line)}</span><i style='width:{share}%'></i></div>"
    )


def forget_notices(document: Any) -> None:  # noqa: ANN401 - a bokeh Document
    """Let go of a document whose session has ended.

    Panel 1.9.4 does so for all it put into the document but the notices, and by them keeps it whole, 2 MB a page.
    """
    for key, (view, _, owner, _) in list(pn.state._views.items()):
        if owner is document and isinstance(view, NotificationAreaBase):
            del pn.state._views[key]


def _stop_following_busy(page: Any) -> None:  # noqa: ANN401 - a Panel page
    """Cut the page's `busy` parameter off from the server's.

    It is not shown here, yet each of its two changes for every message of the browser would walk through all models of
    the document: more than half of the server's time while a person labels.
    """
    with edit_readonly(page):
        page.busy = False
    # The server's parameter would still hold the page, and with it all of a session that has ended.
    for _, watcher in page._param__private.ref_watchers:
        if watcher.inst is pn.state:
            pn.state.param.unwatch(watcher)


def make_dashboard(context: ServerContext) -> Any:  # noqa: ANN401 - a Panel page
    """Build the dashboard of a new session, subscribed to the hub until the session ends."""
    opened = open_for_person(context, pn.state.curdoc.session_context if pn.state.curdoc else None)
    if opened is None:
        return html(SIGNED_OUT)
    context = opened
    if pn.state.curdoc is not None:
        send_early_changes(pn.state.curdoc)
    try:
        dashboard = Dashboard(context)
        view = dashboard.view()
    except Exception:
        # The screen's edge: the person gets words, the log gets the traceback.
        log.exception("a page could not be built")
        return html(BROKEN)
    number = context.hub.subscribe(dashboard.document, dashboard.apply)

    def forget(_: Any) -> None:  # noqa: ANN401 - bokeh's session context
        context.hub.unsubscribe(number)
        dashboard.dispose()
        forget_notices(dashboard.document)

    def leave() -> None:
        context.hub.unsubscribe(number)
        dashboard.close(SIGNED_OUT)

    pn.state.on_session_destroyed(forget)
    watch_person(context, leave)
    return view
