"""Which plots one tab shows beside the map, and keeping them in the configuration; without any widget."""

from __future__ import annotations

from typing import Any, TypeVar

import param

from app.access import require
from app.attempts import Attempts
from app.plots.registry import plots_of
from app.plotting import first_plot, known_plots
from app.recording import note_setting
from app.session import DashboardState
from config.files import load_config, save_config
from config.schema import DOMAIN_PLOTS_MAX, PLOTS_MAX, PlotSection
from labeling.people import Role

Entry = TypeVar("Entry")


class PlotState(Attempts):
    """The plots of one tab. Views watch `version` and `problem`."""

    version = param.Integer(default=0, doc="Counts up when the plots are other ones.")

    def __init__(self, state: DashboardState, **values: Any) -> None:  # noqa: ANN401 - parameters
        """Start with the layout that was kept.

        Args:
            state: the tab's dashboard state.
            **values: initial values of parameters.
        """
        super().__init__(**values)
        self.dashboard = state
        context = state.context
        self.plots: tuple[PlotSection, ...] = known_plots(context.project.pool, context.kept_plots.plots)
        self.domain: tuple[str, ...] = context.kept_plots.domain

    @property
    def can_add(self) -> bool:
        """Whether there is room for one more plot, and columns for it."""
        return len(self.plots) < PLOTS_MAX and first_plot(self.dashboard.context.project.pool) is not None

    def add(self) -> None:
        """Show one more plot."""
        plot = first_plot(self.dashboard.context.project.pool)
        if plot is not None and self.can_add:
            self._show((*self.plots, plot))

    def change(self, place: int, plot: PlotSection) -> None:
        """Show another plot in the place of one."""
        if self.plots[place] != plot:
            self._show((*self.plots[:place], plot, *self.plots[place + 1 :]))

    def remove(self, place: int) -> None:
        """Show a plot no more."""
        self._show((*self.plots[:place], *self.plots[place + 1 :]))

    def move(self, place: int, to: int) -> None:
        """Put a plot elsewhere among the others; both places are counted as they are before."""
        self._show(moved(self.plots, place, to))

    def move_domain(self, place: int, to: int) -> None:
        """Put a plug-in's plot elsewhere among those of plug-ins that are there; missing ones stay behind."""
        there = tuple(name for name in self.domain if name in self.known_domain)
        missing = tuple(name for name in self.domain if name not in there)
        self._show(self.plots, (*moved(there, place, to), *missing))

    @property
    def known_domain(self) -> tuple[str, ...]:
        """The names of the plots of a field that can be shown: goldpan's own whose columns are there, and plug-ins'."""
        project = self.dashboard.context.project
        return tuple(plots_of(project.pool, project.config.views))

    @property
    def addable_domain(self) -> tuple[str, ...]:
        """The names of those that could be shown too."""
        room = len(self.domain) < DOMAIN_PLOTS_MAX
        return tuple(name for name in self.known_domain if room and name not in self.domain)

    def add_domain(self, name: str) -> None:
        """Show a plug-in's plot too."""
        if name in self.addable_domain:
            self._show(self.plots, (*self.domain, name))

    def remove_domain(self, name: str) -> None:
        """Show a plug-in's plot no more."""
        self._show(self.plots, tuple(other for other in self.domain if other != name))

    async def keep(self) -> str:
        """Write the layout into the configuration; return what became of it, "" where it could not be done."""
        context, plots, domain = self.dashboard.context, self.plots, self.domain
        path = context.project.paths.config

        def write() -> bool:
            require(context, Role.ADMIN)
            # The classes' page writes the same file.
            with context.writing_file:
                config = load_config(path)
                views = config.views.model_copy(update={"plots": plots, "domain_plots": domain})
                save_config(config.model_copy(update={"views": views}), path)
            note_setting(context, "views.plots")
            return True

        if await self.attempt(context.reader, write) is None:
            return ""
        context.kept_plots.plots, context.kept_plots.domain = plots, domain
        return f"The layout is kept in {path.name}"

    def _show(self, plots: tuple[PlotSection, ...], domain: tuple[str, ...] | None = None) -> None:
        self.plots = plots
        self.domain = self.domain if domain is None else domain
        self.version += 1


def moved(entries: tuple[Entry, ...], place: int, to: int) -> tuple[Entry, ...]:
    """Return entries with the one of a place put to another; places that are not there change nothing."""
    if not (0 <= place < len(entries) and 0 <= to < len(entries)):
        return entries
    rest = (*entries[:place], *entries[place + 1 :])
    return (*rest[:to], entries[place], *rest[to:])
