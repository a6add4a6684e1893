"""What the colours of a page's maps mean, and what of it its legend leaves on them; without any widget."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

import param

from app.colouring import Colouring, ColourWish
from app.components.map_filter import EVERYTHING, MapFilter
from app.session import DashboardState
from config.errors import GoldpanError

log = logging.getLogger("goldpan.colours")


class ColourState(param.Parameterized):
    """The colours of the maps of one page. Views watch `version`, `filter_version`, `busy` and `note`."""

    version = param.Integer(default=0, doc="Counts up when the colours are other ones.")
    filter_version = param.Integer(default=0, doc="Counts up when the legend hides or shows something.")
    busy = param.Boolean(default=False, doc="Whether what the person chose last is not on the map yet.")
    note = param.String(default="", doc="Why the map does not show what was chosen; empty if it does.")

    def __init__(self, state: DashboardState, **values: Any) -> None:  # noqa: ANN401 - parameters
        """Start without colours; `refresh` makes them.

        Args:
            state: the tab's dashboard state.
            **values: initial values of parameters.
        """
        super().__init__(**values)
        self.dashboard = state
        self.colouring: Colouring | None = None
        self._by = ""
        self._filters: dict[str, MapFilter] = {}
        self._running = self._again = False

    @property
    def chosen(self) -> MapFilter:
        """What is left on the map of the colouring that it shows; each colouring keeps its own."""
        return self._filters.get(self._by, EVERYTHING)

    def choose(self, chosen: MapFilter) -> None:
        """Leave that on the map."""
        if chosen != self.chosen:
            self._filters[self._by] = chosen
            self.filter_version += 1

    async def refresh(self) -> None:
        """Make the colours of the project as it is now, in a thread; asked again meanwhile, once more at the end."""
        self.busy = self.dashboard.colour_by != self._by
        self._again = self._running
        if self._running:
            return
        self._running = True
        try:
            while True:
                await self._make(self._wish())
                if not self._again:
                    break
                self._again = False
        finally:
            self._running = self._again = False
            self.busy = False

    def _wish(self) -> ColourWish:
        state = self.dashboard
        return ColourWish(
            by=state.colour_by,
            classes=state.classes,
            revision=state.revision,
            round_number=state.round_number,
            meaning=state.meaning,
            arrays=state.arrays,
        )

    async def _make(self, wish: ColourWish) -> None:
        context = self.dashboard.context
        step = partial(context.colourings.make, wish)
        try:
            made = await asyncio.get_running_loop().run_in_executor(context.reader, step)
        except (GoldpanError, OSError) as problem:
            log.warning("the map could not be coloured: %s", problem)
            self.note = f"The map could not be coloured: {problem}"
            return
        if made is self.colouring and wish.by == self._by:
            return
        self.colouring, self._by = made, wish.by
        self.param.update(version=self.version + 1, note=made.note)
