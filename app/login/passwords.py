"""The password file: a JSON object of names and argon2id hashes, which only its owner can read.

Passwords are in no database and no configuration, so that neither a copy of a project nor a shared config carries them.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import unicodedata
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import PasswordError

SHORTEST, LONGEST = 10, 200
"""Characters of a password: long enough to stand guessing, short enough that hashing it is no attack on the server."""
MOST_BYTES = 10 * 1024 * 1024
OTHERS = stat.S_IRWXO | stat.S_IWGRP


class PasswordFile:
    """The passwords of the people who may sign in, read anew for each question, so that a change counts at once."""

    def __init__(self, path: Path) -> None:
        """Wrap a file, which need not exist yet.

        Args:
            path: the file.
        """
        self.path = path
        self._hasher = PasswordHasher()
        # What an unknown name is checked against, so that it takes as long as a known one.
        self._nobody = self._hasher.hash("nobody has this password")

    def names(self) -> list[str]:
        """Return who has a password.

        Raises:
            PasswordError: the file cannot be read, is damaged, or others than its owner can read it.
        """
        return sorted(self._read())

    def check(self, name: str, password: str) -> bool:
        """Return whether this is the person's password; takes as long for a name that is not there.

        Raises:
            PasswordError: the file cannot be read, is damaged, or others than its owner can read it.
        """
        stored = self._read().get(_composed(name))
        right = False
        # `verify` compares in constant time; what it compares with decides how long hashing takes.
        with contextlib.suppress(VerificationError, InvalidHashError):
            right = self._hasher.verify(stored or self._nobody, _composed(password[: LONGEST + 1]))
        return right and stored is not None

    def set(self, name: str, password: str) -> None:
        """Give a person a password, in place of an earlier one.

        Raises:
            PasswordError: it is too short or too long, or the file cannot be read or written.
        """
        if not SHORTEST <= len(password) <= LONGEST:
            raise PasswordError(
                f"a password has {SHORTEST} to {LONGEST} characters, this one {len(password)}; take a few words"
            )
        entries = self._read() if self.path.exists() else {}
        self._write(entries | {_composed(name): self._hasher.hash(_composed(password))})

    def remove(self, name: str) -> bool:
        """Take a person's password away; return whether there was one.

        Raises:
            PasswordError: the file cannot be read or written.
        """
        entries = self._read() if self.path.exists() else {}
        found = entries.pop(_composed(name), None)
        if found is not None:
            self._write(entries)
        return found is not None

    def _read(self) -> dict[str, str]:
        try:
            with self.path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                content = file.read(MOST_BYTES + 1)
        except OSError as problem:
            raise PasswordError(
                f"the password file {self.path} cannot be read: {problem.strerror}; `goldpan people password` makes it"
            ) from problem
        if mode & OTHERS and os.name != "nt":
            raise PasswordError(
                f"others can read or change the password file {self.path}; run: chmod 600 {self.path}"
            )
        try:
            entries = json.loads(content) if len(content) <= MOST_BYTES else None
        except (ValueError, RecursionError):
            entries = None
        if not isinstance(entries, dict) or not all(
            isinstance(value, str) and value.startswith("$argon2id$") for value in entries.values()
        ):
            raise PasswordError(
                f"the password file {self.path} is not one of goldpan's: a JSON object of names and argon2id hashes; "
                "`goldpan people password` makes one"
            )
        return entries

    def _write(self, entries: dict[str, str]) -> None:
        """Write the file beside itself and put it in place, readable by its owner alone from the first byte on."""
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(dict(sorted(entries.items())), file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except OSError as problem:
            beside.unlink(missing_ok=True)
            raise PasswordError(
                f"the password file {self.path} cannot be written: {problem.strerror}"
            ) from problem


def _composed(text: str) -> str:
    """Return the text as one keyboard or another gives it: `é` is one character, not two."""
    return unicodedata.normalize("NFC", text)
