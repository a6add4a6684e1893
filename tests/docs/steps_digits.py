"""What a reader does in the browser in docs/tutorials/digits.md."""

from __future__ import annotations

from tests.browser.pages import wait_for_item
from tests.docs.steps_common import go_to, label_by_keys, stop_server, wait_until_learned, write_export
from tests.docs.walk import Walk

__all__ = ["label_twenty_four", "look_at_the_balance", "open_the_page", "stop_server", "write_export"]


def open_the_page(walk: Walk) -> None:
    """Wait for the first proposals."""
    wait_for_item(walk.open())


def label_twenty_four(walk: Walk) -> None:
    """Label by the digits' own keys, and wait until the model has learned from some."""
    label_by_keys(walk, {str(digit): str(digit) for digit in range(10)}, 22)
    wait_until_learned(walk)
    label_by_keys(walk, {str(digit): str(digit) for digit in range(10)}, 2)


def look_at_the_balance(walk: Walk) -> None:
    """Choose the Balance page."""
    go_to(walk, "Balance")
