"""What a person is about to seek in one browser tab, without any widget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import param

from app import api_seeks
from app.session import DashboardState
from app.sought import SeekAbilities, seek_abilities
from config.errors import GoldpanError
from labeling.classes import LabelClass
from labeling.seeks import Seek, SeekKind

Result = TypeVar("Result")
Json = dict[str, Any]


class SeekState(param.Parameterized):
    """The form "Say what you seek" and the list below it. Views watch the parameters and call the methods."""

    kind = param.Selector(
        default=str(SeekKind.EXAMPLE), objects=[str(kind) for kind in SeekKind], doc="How it is said."
    )
    class_id = param.Integer(default=0, doc="Id of the class it is about; 0 for none.")
    words = param.String(default="", doc="The words typed.")
    criteria = param.String(default="", doc="The criteria typed.")
    item_key = param.String(default="", doc="Key of the example item typed; empty for the item on the card.")
    card_key = param.String(default="", doc="Key of the item on the card; empty while there is none.")
    problem = param.String(default="", doc="Why the last thing could not be sought; empty if it could.")
    matching = param.String(
        default="", doc="How many items match the criteria typed, or why they cannot be read."
    )
    matching_wrong = param.Boolean(
        default=False, doc="Whether `matching` says why the criteria cannot be read."
    )
    busy = param.Boolean(default=False, doc="Whether something is being stored.")

    def __init__(self, state: DashboardState, **values: Any) -> None:  # noqa: ANN401 - parameters
        """Make the state of a new tab.

        Args:
            state: the tab's dashboard state.
            **values: initial values of parameters.
        """
        super().__init__(**values)
        self.dashboard = state
        self.abilities: SeekAbilities = seek_abilities(state.context.project)
        self.kind = self.kinds[0]
        self._asked = 0

    @property
    def kinds(self) -> list[str]:
        """The ways that this pool allows, the usual one first."""
        found = [str(SeekKind.WORDS)] if self.abilities.words else []
        found += [str(SeekKind.EXAMPLE)]
        return found + ([str(SeekKind.CRITERIA)] if self.abilities.columns else [])

    @property
    def classes(self) -> tuple[LabelClass, ...]:
        """The open classes, in order."""
        return self.dashboard.classes

    @property
    def seeks(self) -> tuple[Seek, ...]:
        """What is sought, oldest first."""
        return self.dashboard.status.seeks if self.dashboard.status is not None else ()

    @property
    def reports(self) -> Mapping[int, Json]:
        """What came of each seek in the last round, by its number."""
        return api_seeks.reports_of(self.dashboard.meaning)

    @property
    def untouched(self) -> bool:
        """Whether nothing is labelled and nothing is sought: the form opens by itself."""
        status = self.dashboard.status
        return status is None or (status.labelled == 0 and not status.seeks)

    async def add(self) -> bool:
        """Seek what the form says; return whether it was stored."""
        if self.busy:
            return False
        values = self._values()
        if values is None:
            return False
        context = self.dashboard.context
        stored = await self._attempt(context.writer, lambda: api_seeks.add(context, values))
        if stored:
            self.param.update(words="", criteria="", item_key="", matching="", matching_wrong=False)
        return stored

    async def withdraw(self, seek_id: int) -> bool:
        """Take back what was sought; return whether that was stored."""
        context = self.dashboard.context
        return await self._attempt(context.writer, lambda: api_seeks.withdraw(context, seek_id))

    async def count(self) -> None:
        """Count the items that match the criteria typed; a later call makes an earlier one's answer void."""
        self._asked += 1
        asked, text = self._asked, self.criteria.strip()
        if not text:
            self.param.update(matching="", matching_wrong=False)
            return
        context = self.dashboard.context
        try:
            found = await _in_thread(context.reader, lambda: api_seeks.count_matches(context, text))
        except GoldpanError as problem:
            said, wrong = str(problem), True
        else:
            said, wrong = f"{found['matches']:,} of {found['items']:,} items match", False
        if asked == self._asked:
            self.param.update(matching=said, matching_wrong=wrong)

    def _values(self) -> Json | None:
        text, keys = "", []
        if self.kind == SeekKind.EXAMPLE:
            key = self.item_key.strip() or self.card_key
            if not key:
                self.problem = "There is no item on the card; give an item's key."
                return None
            keys = [key]
        else:
            text = self.words if self.kind == SeekKind.WORDS else self.criteria
            if not text.strip():
                self.problem = "Type what you look for first."
                return None
        return {"kind": self.kind, "class_id": self.class_id or None, "text": text, "item_keys": keys}

    async def _attempt(self, executor: ThreadPoolExecutor, step: Callable[[], object]) -> bool:
        self.param.update(busy=True, problem="")
        try:
            await _in_thread(executor, step)
        except GoldpanError as problem:
            self.problem = f"Not stored: {problem}"
            return False
        finally:
            self.busy = False
        self.dashboard.context.supervisor.wake()
        return True


async def _in_thread(executor: ThreadPoolExecutor, step: Callable[[], Result]) -> Result:
    """Run a step off the event loop: a commit waits for the disk, and criteria read the whole pool."""
    return await asyncio.get_running_loop().run_in_executor(executor, step)
