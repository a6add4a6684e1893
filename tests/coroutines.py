"""Coroutines in tests: pytest-playwright keeps an event loop running in the main thread, so they need another."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def finish(step: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end in a thread of its own and return its result."""
    with ThreadPoolExecutor(1) as runner:
        return runner.submit(asyncio.run, step).result(timeout=60)
