"""The errors of labeling/fetching.

```
PoolError
├── FetchError               it could not be fetched: no answer, not there, cut short, too large
│   └── FetchStalledError    worth another try: no answer, a busy server, a connection that broke
└── PoolMissingError
    └── FetchRefusedError    the person has not allowed it, or it leads where nothing may
```
"""

from __future__ import annotations

from labeling.pools.errors import PoolError, PoolMissingError


class FetchError(PoolError):
    """What was allowed could not be fetched; the message says what happened and what to do."""


class FetchStalledError(FetchError):
    """The same, where another try may help.

    Attributes:
        pause_s: how long the server asks to wait; None where it does not say.
    """

    def __init__(self, words: str, pause_s: float | None = None) -> None:
        """Say what happened.

        Args:
            words: for the person.
            pause_s: how long the server asks to wait.
        """
        super().__init__(words)
        self.pause_s = pause_s


class FetchRefusedError(PoolMissingError):
    """The person has not allowed this address, or it leads into a private network."""
