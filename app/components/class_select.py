"""A field to choose a class, or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import panel_material_ui as pmui

from labeling.classes import LabelClass


class ClassSelect:
    """A field with the names of the classes.

    Its options are the names themselves. Pairs of names and ids would not do: the browser answers with a name, and a
    class called 5 would be taken for the one whose id is 5.

    Attributes:
        view: the widget to place on a page.
    """

    def __init__(self, label: str, *, none: str, on_choose: Callable[[int], None], **options: Any) -> None:  # noqa: ANN401
        """Make the field, empty.

        Args:
            label: what stands above it.
            none: the option that means no class.
            on_choose: called with the id of the class that was chosen, 0 for none.
            **options: of the widget.
        """
        self._none = none
        self._ids: dict[str, int] = {}
        self._on_choose = on_choose
        self.view = pmui.Select(
            label=label, options=[none], value=none, size="small", **({"margin": 0} | options)
        )
        self.view.param.watch(self._chosen, "value")

    def show(self, classes: Sequence[LabelClass], class_id: int) -> None:
        """Offer these classes.

        Args:
            classes: in order.
            class_id: the one that is chosen; none is where it is not among them.
        """
        self._ids = {entry.name: entry.id for entry in classes}
        chosen = next((entry.name for entry in classes if entry.id == class_id), self._none)
        self.view.param.update(options=[self._none, *self._ids], value=chosen)

    def _chosen(self, event: Any) -> None:  # noqa: ANN401 - a param event
        self._on_choose(self._ids.get(event.new, 0))
