"""Checks of text and numbers that people or other programs hand in, before they reach a database."""

from __future__ import annotations

import re
import unicodedata

from labeling.errors import AnnotationInvalidError, LabelingError

KEY_MAX = 512
"""Characters of an item's key: an index entry of PostgreSQL holds no more in the worst case."""

INTEGER_MAX = 2**31 - 1
UID_PATTERN = re.compile(r"[A-Za-z0-9_-]{8,64}")


def check_uid(uid: object, *, what: str) -> None:
    """Refuse what is no uid of an annotation.

    Raises:
        AnnotationInvalidError: it is none.
    """
    if not isinstance(uid, str) or not UID_PATTERN.fullmatch(uid):
        raise AnnotationInvalidError(f"{what} must be 8 to 64 letters, digits, '_' or '-', not {uid!r:.80}")


def checked_text(
    value: object, *, what: str, error: type[LabelingError], longest: int, shortest: int = 0
) -> str:
    """Return the text as it is, if any database can store it.

    Args:
        value: what was given.
        what: its name for the message ("the comment").
        error: what to raise.
        longest: the most characters allowed.
        shortest: the fewest characters allowed.

    Raises:
        LabelingError: of the given kind: no text, too short, too long, or with characters no database stores.
    """
    if not isinstance(value, str):
        raise error(f"{what} must be text, not {type(value).__name__}")
    if not shortest <= len(value) <= longest:
        raise error(f"{what} has {len(value)} characters; allowed are {shortest} to {longest}")
    if not is_storable(value):
        raise error(f"{what} holds a NUL or half a character (a lone surrogate), which cannot be stored")
    return value


def is_storable(text: str) -> bool:
    """Return whether every database can store the text: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def checked_name(value: object, *, what: str, error: type[LabelingError], longest: int = 200) -> str:
    """Return a name as it is stored: without spaces around it, in one line, in Unicode's composed form.

    Args:
        value: what was given.
        what: its name for the message.
        error: what to raise.
        longest: the most characters allowed.

    Raises:
        LabelingError: of the given kind: empty, too long, or with control characters.
    """
    # A text far too long is refused before anything is done with it.
    text = checked_text(value, what=what, error=error, longest=10 * longest)
    name = unicodedata.normalize("NFC", text).strip()
    checked_text(name, what=what, error=error, longest=longest, shortest=1)
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name):
        raise error(f"{what} {name!r} holds a line break, tab or other control character; leave it out")
    return name


def checked_integer(
    value: object, *, what: str, error: type[LabelingError], least: int = 0, most: int = INTEGER_MAX
) -> int:
    """Return the number, if it is a whole one in the range.

    Args:
        value: what was given.
        what: its name for the message.
        error: what to raise.
        least: the smallest number allowed.
        most: the largest number allowed.

    Raises:
        LabelingError: of the given kind.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise error(f"{what} must be a whole number from {least} to {most}, not {value!r:.50}")
    return value
