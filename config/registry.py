"""One registry for everything that is chosen by name: strategies, heads, encoders, readers, exports, plots."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from config.errors import DuplicateNameError, UnknownNameError

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Names and what they stand for; unknown names list the known ones, duplicates are refused."""

    def __init__(self, kind: str) -> None:
        """Make an empty registry.

        Args:
            kind: what the entries are, in the singular, for messages ("strategy").
        """
        self.kind = kind
        self._entries: dict[str, Entry] = {}
        self._built_in: frozenset[str] = frozenset()

    def register(self, name: str) -> Callable[[Entry], Entry]:
        """Return a decorator that stores what it decorates under a name.

        Args:
            name: lower case, words joined by underscores.

        Raises:
            DuplicateNameError: the name is taken.
        """

        def store(entry: Entry) -> Entry:
            if name in self._entries:
                raise DuplicateNameError(
                    f"a {self.kind} named {name!r} is already registered; choose another name"
                )
            self._entries[name] = entry
            return entry

        return store

    def get(self, name: str) -> Entry:
        """Return the entry of that name.

        Raises:
            UnknownNameError: there is none; the message lists the known names and the closest one.
        """
        if name in self._entries:
            return self._entries[name]
        close = difflib.get_close_matches(name, self._entries, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise UnknownNameError(f"unknown {self.kind} {name!r}{hint} (known: {', '.join(self.names())})")

    def names(self) -> list[str]:
        """Return all names in alphabetical order."""
        return sorted(self._entries)

    def seal(self) -> None:
        """Say that what is registered by now comes with goldpan; whatever comes later is a plug-in's."""
        self._built_in = frozenset(self._entries)

    def added(self) -> list[str]:
        """Return the names that plug-ins brought, in alphabetical order."""
        return sorted(set(self._entries) - self._built_in)

    def forget(self, name: str) -> None:
        """Take out an entry that a plug-in brought; one that comes with goldpan stays."""
        if name not in self._built_in:
            self._entries.pop(name, None)

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        return iter(sorted(self._entries.items(), key=lambda pair: pair[0]))
