"""Which key a class gets when nobody chose one."""

from __future__ import annotations

from collections.abc import Collection

KEY_ORDER = "1234567890qwertyiopghjklzxcvbnmad"
"""Keys given to classes in turn; s, u and f are left to skip, unsure and flag."""


def next_key(taken: Collection[str | None]) -> str | None:
    """Return the first free key for a class; None when all are taken (the type-ahead box still finds it)."""
    return next((key for key in KEY_ORDER if key not in taken), None)
