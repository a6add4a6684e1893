"""The secret that signs cookies and page sessions: from the environment, or a file in the data folder."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from app.errors import ServerError

VARIABLE = "GOLDPAN_COOKIE_SECRET"
FILE_NAME = "cookie_secret"
SHORTEST = 32


def cookie_secret(folder: Path) -> str:
    """Return the secret; it is made where there is none yet.

    Args:
        folder: the project's data folder. Servers that share a project share the secret: by the folder, or by the
            environment variable.

    Raises:
        ServerError: it is too short to be safe, cannot be read or made, or others can read it.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        return _long_enough(given.strip(), VARIABLE)
    path = folder / FILE_NAME
    try:
        _make(path)
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            found = file.read().strip()
    except (OSError, ValueError) as problem:
        raise ServerError(f"the cookies' secret {path} cannot be read or made: {problem}") from problem
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and os.name != "nt":
        raise ServerError(
            f"others can read {path}, which signs the cookies; remove it, a new one is made, and all sign in again"
        )
    return _long_enough(found, str(path))


def _make(path: Path) -> None:
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(number, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))


def _long_enough(text: str, where: str) -> str:
    if len(text) < SHORTEST:
        raise ServerError(
            f"{where} holds {len(text)} characters; a secret to sign cookies has at least {SHORTEST} random ones"
        )
    return text
