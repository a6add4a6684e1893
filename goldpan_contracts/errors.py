"""The one error of the contracts.

```
AssertionError
└── ContractBrokenError   a part does not keep what every part of its kind keeps
```
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class ContractBrokenError(AssertionError):
    """A part does not keep a promise; the message names it."""


def require(kept: object, promise: str) -> None:
    """Raise unless a promise is kept.

    Args:
        kept: whether it is, as a truth value.
        promise: what every part of the kind keeps, and what was found instead.

    Raises:
        ContractBrokenError: it is not.
    """
    if not kept:
        raise ContractBrokenError(promise)


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """Turn whatever a part raises into a broken promise.

    Args:
        what: what it was asked for.

    Raises:
        ContractBrokenError: it raised something.
    """
    try:
        yield
    except ContractBrokenError:
        raise
    except Exception as problem:
        raise ContractBrokenError(f"{what}: it raised {type(problem).__name__}: {problem}") from problem
