"""A text field whose text is taken by Enter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.debounce import Debounced

LATE_MS = 500


class TextEntry:
    """Calls back for each Enter in a field, once the server has all that the browser says with it.

    The browser sends the key first and the text behind it. Whoever empties the field at the key gets the text again a
    moment later, and empties the field a second time: over the next text that a quick person has begun by then.
    """

    def __init__(self, field: Any, document: Any, react: Callable[[], None]) -> None:  # noqa: ANN401
        """Listen to a field.

        Args:
            field: a text input of panel_material_ui.
            document: the tab's bokeh Document.
            react: called once the text is in the field's `value_input`; may empty the field.
        """
        self._field = field
        self._react = react
        self._pressed = False
        # The text is not sent again where the browser believes that the server has it.
        self._late = Debounced(document, self._take, pause_ms=LATE_MS)
        field.param.watch(self._press, "enter_pressed")
        field.param.watch(lambda *_: self._take(), "value")

    def _press(self, *_: Any) -> None:  # noqa: ANN401 - a param event
        self._pressed = True
        if self._field.value == (self._field.value_input or ""):
            self._take()
        else:
            self._late.ask()

    def _take(self) -> None:
        if self._pressed:
            self._pressed = False
            self._react()


def write(field: Any, text: str) -> None:  # noqa: ANN401 - a Panel widget
    """Show a text that did not come from the field itself, also over what is typed and not entered."""
    field.param.update(value=text, value_input=text)
