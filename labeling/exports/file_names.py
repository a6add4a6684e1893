"""Names of files and folders that every system takes, made from names of classes and keys of items."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

LONGEST_BYTES = 120
"""Bytes of a name in UTF-8; file systems take 255, and an archive's path or a suffix comes on top."""

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices, with any suffix."""


def safe_names(texts: Iterable[str], *, suffixes: tuple[str, ...] = ()) -> dict[str, str]:
    """Return a name for each text: unique, also where upper and lower case are one, and fit for any file system.

    A text stays as it is where it can. Otherwise what cannot be in a name becomes `_`, a long one is cut, and eight
    hexadecimal digits of its hash are put behind it, so that the name does not depend on the other texts' order.

    Args:
        texts: any texts, each once.
        suffixes: endings that are left away, such as `.png`; the caller puts one of its own behind the name.
    """
    texts = list(dict.fromkeys(texts))
    stems = {text: _stem(text, suffixes) for text in texts}
    plain = {text: _plain(stem) for text, stem in stems.items()}
    count = Counter(_folded(name) for name in plain.values())
    return {
        text: name if name == stems[text] and count[_folded(name)] == 1 else f"{name}-{_digits(text)}"
        for text, name in plain.items()
    }


def _stem(text: str, suffixes: tuple[str, ...]) -> str:
    return next((text[: -len(each)] for each in suffixes if text.lower().endswith(each)), text)


def _plain(text: str) -> str:
    normal = unicodedata.normalize("NFC", text)
    name = "".join(each if each.isalnum() or each in "-_. " else "_" for each in normal)
    name = name.encode("utf-8", "replace")[:LONGEST_BYTES].decode("utf-8", "ignore").strip(". ")
    return f"_{name}" if not name or name.startswith("-") or _RESERVED.fullmatch(name) else name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _digits(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
