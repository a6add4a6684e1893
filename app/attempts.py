"""What the states of pages share that do things in threads: one at a time, and problems in words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import param

from config.errors import GoldpanError

Result = TypeVar("Result")


class Attempts(param.Parameterized):
    """A state that attempts things. Views watch `busy` and `problem`."""

    problem = param.String(default="", doc="Why the last thing could not be done; empty if it could.")
    busy = param.Boolean(default=False, doc="Whether something is being read, looked for or stored.")

    async def attempt(self, executor: ThreadPoolExecutor, step: Callable[[], Result]) -> Result | None:
        """Do something in a thread, unless something is being done already.

        Args:
            executor: where.
            step: what; it must not touch the page.

        Returns:
            What came of it; None where it could not be done, and `problem` then says why.
        """
        if self.busy:
            return None
        self.param.update(busy=True, problem="")
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, step)
        except GoldpanError as problem:
            self.problem = str(problem)
            return None
        finally:
            self.busy = False
