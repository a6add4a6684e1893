"""Checks of single values and of values together, each with a message for the person.

Messages say what was given and what is allowed. The checks of several values return every problem they
find, so that `config.files` can report them together with the rest.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from config.names import CLASS_PREFIX, COLUMN_PREFIX, MAP_COLOURS, closest, known_names
from config.round_settings import unknown_settings

Path: TypeAlias = tuple[str | int, ...]
"""Where a value is in the tree: ("classes", 0, "name")."""

Problem: TypeAlias = tuple[Path, str]
"""Where, and what is wrong there."""

_NOT_IN_A_NAME = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories of characters that no name holds: control characters, halves, separators of lines."""

DATABASE_VARIABLE = re.compile(r"\$\{(GOLDPAN_[A-Z0-9_]{1,100})\}")
"""A variable of the environment in the place of the database's URL. Ours alone: a file may come from someone else, and
must not choose among what else is in the environment."""

PRIOR_TOLERANCE = 0.001
"""How far stated class shares may be from adding up to 1: shares are written with a few digits."""


def fold(name: str) -> str:
    """Return what two class names share when they count as the same: case and Unicode form set aside."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def check_printable(name: str) -> str:
    """Return the name unchanged.

    Raises:
        PydanticCustomError: it holds a line break, a tab, another control character or half a character.
    """
    # Not `isprintable`: joined emoji and some scripts need characters that are not seen themselves.
    if any(unicodedata.category(character) in _NOT_IN_A_NAME for character in name):
        raise _error(f"given {name!r}; allowed: printable characters on one line")
    return name


def check_key(key: str) -> str:
    """Return the keyboard key unchanged.

    Raises:
        PydanticCustomError: it is not one printable character other than the space.
    """
    if len(key) != 1 or not key.isprintable() or key.isspace():
        raise _error(f"given {key!r}; allowed: one printable character, such as '1' or 'q'")
    return key


def check_colour(colour: str) -> str:
    """Return the colour unchanged.

    Raises:
        PydanticCustomError: it is not a hexadecimal colour of six digits.
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise _error(
            f"given {colour!r}; allowed: '#' and six hexadecimal digits in quotes, such as '#1f77b4'"
        )
    return colour


def check_database(url: str) -> str:
    """Return the database URL unchanged; a refusal never repeats it, for it may hold a password.

    Raises:
        PydanticCustomError: it is not of the form dialect://…, and names no variable of the environment.
    """
    if not re.match(r"^(sqlite|postgresql)(\+[a-z0-9_]+)?://", url) and not DATABASE_VARIABLE.fullmatch(url):
        raise _error(
            "not a database URL; allowed: sqlite:///FILE, postgresql+psycopg://USER@HOST/NAME, or ${GOLDPAN_…}, the "
            "name of a variable of the environment that holds one"
        )
    return url


def check_url(url: str) -> str:
    """Return the address of a pool unchanged.

    Raises:
        PydanticCustomError: it is no address of the web, or holds a name and password.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ftp") or not parts.hostname or "@" in parts.netloc:
        raise _error(
            "not an address to download from; allowed: https://HOST/…, without a name or password in it"
        )
    return url


def check_device(device: str) -> str:
    """Return the name of the device unchanged.

    Raises:
        PydanticCustomError: it is none that torch could have.
    """
    if not re.fullmatch(r"auto|cpu|mps|cuda(:[0-9]{1,3})?", device):
        raise _error(f"given {device!r}; allowed: auto, cpu, cuda, cuda:N or mps")
    return device


def check_scheduler(address: str) -> str:
    """Return the address of a Dask scheduler unchanged.

    Raises:
        PydanticCustomError: it is none.
    """
    if not re.fullmatch(r"(tcp|tls)://(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):[0-9]{1,5}", address):
        raise _error(
            f"given {address!r}; allowed: tcp://HOST:PORT or tls://HOST:PORT, such as tcp://10.0.0.5:8786"
        )
    return address


def check_map_colour(name: str) -> str:
    """Return what colours the map unchanged; whether the pool has such a column shows when it is opened.

    Raises:
        PydanticCustomError: it is no such name, and no column's or class's.
    """
    is_other = any(name.startswith(prefix) and name != prefix for prefix in (COLUMN_PREFIX, CLASS_PREFIX))
    if name not in MAP_COLOURS and not is_other:
        known = ", ".join(MAP_COLOURS)
        raise _error(
            f"given {name!r}{closest(name, MAP_COLOURS)} (known: {known}, {CLASS_PREFIX}NAME or {COLUMN_PREFIX}NAME)"
        )
    return name


def check_known(kind: str) -> Callable[[str], str]:
    """Return a check that a name is one of the known names of a kind.

    Args:
        kind: a key of `config.names.BUILT_IN`.
    """

    def check(name: str) -> str:
        known = known_names(kind)
        if name not in known:
            hint = closest(name, known)
            plug_in = "; where a plug-in brings it, install that or name its file with --plugin"
            raise _error(f"unknown {kind} {name!r}{hint} (known: {', '.join(known)}){plug_in}")
        return name

    return check


def check_prior(shares: dict[str, float]) -> dict[str, float]:
    """Return the stated class shares of the pool unchanged.

    Raises:
        PydanticCustomError: they do not add up to 1.
    """
    total = sum(shares.values())
    if not abs(total - 1.0) <= PRIOR_TOLERANCE:
        raise _error(
            f"the shares add up to {total:.6g}; allowed: shares of the whole pool that add up to 1, such as "
            "star 0.9 and quasar 0.1; leave the key out to have them estimated"
        )
    return shares


def check_timestamp(value: object) -> object:
    """Return the value unchanged.

    Raises:
        PydanticCustomError: it is a number, which pydantic would take for seconds since 1970.
    """
    if isinstance(value, bool | int | float):
        raise _error(
            f"given {value!r}; allowed: a time with a zone in quotes, such as '2026-11-21T09:30:00Z'"
        )
    return value


def check_classes(classes: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the classes unchanged.

    Raises:
        ValidationError: they contradict each other; every contradiction is in it.
    """
    raise_together(class_problems([dict(item) for item in classes]))
    return classes


def class_problems(classes: Sequence[object]) -> list[Problem]:
    """Return what is wrong among the classes: names and keys used twice, parents, targets.

    Args:
        classes: one mapping a class; what is no mapping, or has a value of a wrong type, is passed over here.
    """
    rows = [item if isinstance(item, Mapping) else {} for item in classes]
    names = [row["name"].strip() if isinstance(row.get("name"), str) else None for row in rows]
    problems = _twice(names, "name", fold) + _twice([row.get("key") for row in rows], "key", str)
    problems += _parent_problems(names, [row.get("parent") for row in rows])
    targets = [row.get("target") for row in rows]
    if targets and all(_is_zero(target) for target in targets):
        problems.append(
            ((), "every class has the target 0; give at least one class a target above 0, or none")
        )
    return problems


def check_queue(batch: int, queue: int) -> None:
    """Check that a round stores at least one batch.

    Raises:
        ValidationError: the queue is shorter than the batch.
    """
    raise_together(queue_problems(batch, queue))


def queue_problems(batch: object, queue: object) -> list[Problem]:
    """Return the problem that the queue is shorter than the batch, if it is; pass over wrong types."""
    if isinstance(batch, int) and isinstance(queue, int) and queue < batch:
        return [(("queue",), f"given {queue}; allowed: at least the batch, {batch}")]
    return []


def check_shared(
    annotations: Iterable[Any],
    class_names: Set[str],
    *,
    seeks: Sequence[Any] = (),
    rounds: Sequence[Any] = (),
) -> None:
    """Check that the parts of a shared config fit each other and the classes.

    Args:
        annotations: oldest first, with the attributes of `config.schema.SharedAnnotation`.
        class_names: the names of the classes in the same file.
        seeks: with the attributes of `config.schema.SharedSeek`.
        rounds: with the attributes of `config.schema.SharedRound`.

    Raises:
        ValidationError: a uid is used twice, a label has no class, a class is not listed, an undo takes
            back what does not come before it, or a round is out of order or names what is not there.
    """
    seen: set[str] = set()
    problems = _seek_problems(seeks, class_names) + _round_problems(rounds, class_names, len(seeks))
    for index, item in enumerate(annotations):
        where: Path = ("shared", "annotations", index)
        if item.uid in seen:
            problems.append(((*where, "uid"), f"given {item.uid!r} a second time; allowed: once"))
        if item.act == "label" and item.class_name is None:
            problems.append((where, "a label without class_name; give the name of its class"))
        problems += _unlisted(where, item.class_name, class_names)
        if item.act == "undo" and item.undoes not in seen:
            problems.append(
                ((*where, "undoes"), f"given {item.undoes!r}; allowed: the uid of an earlier annotation")
            )
        seen.add(item.uid)
    raise_together(problems)


def raise_together(problems: Iterable[Problem]) -> None:
    """Raise all problems as one error of pydantic, each at its own path; do nothing when there are none.

    Raises:
        ValidationError: there is at least one problem.
    """
    details = [InitErrorDetails(type=_error(message), loc=path, input=None) for path, message in problems]
    if details:
        raise ValidationError.from_exception_data("ProjectConfig", details)


def _error(message: str) -> PydanticCustomError:
    return PydanticCustomError("goldpan", "{message}", {"message": message})


def _is_zero(target: object) -> bool:
    return isinstance(target, int | float) and not isinstance(target, bool) and target == 0


def _unlisted(where: Path, class_name: str | None, class_names: Set[str]) -> list[Problem]:
    if class_name is None or class_name in class_names:
        return []
    hint = closest(class_name, class_names)
    return [((*where, "class_name"), f"class {class_name!r} is not under classes{hint}")]


def _seek_problems(seeks: Iterable[Any], class_names: Set[str]) -> list[Problem]:
    problems: list[Problem] = []
    for index, item in enumerate(seeks):
        where: Path = ("shared", "seeks", index)
        problems += _unlisted(where, item.class_name, class_names)
        if item.kind == "example" and not item.items:
            problems.append((where, "an example without items; give the key of at least one"))
        if item.kind != "example" and not item.text.strip():
            problems.append((where, f"{item.kind} without a text; give one, or leave the entry out"))
    return problems


def _round_problems(rounds: Iterable[Any], class_names: Set[str], seek_count: int) -> list[Problem]:
    problems: list[Problem] = []
    before = 0
    for index, item in enumerate(rounds):
        where: Path = ("shared", "rounds", index)
        if item.number <= before:
            problems.append((where, f"round {item.number} after round {before}; allowed: rising numbers"))
        before = item.number
        for entry in item.classes or ():
            problems += _unlisted(where, entry.name, class_names)
        wrong = [place for place in item.seeks or () if place > seek_count]
        if wrong:
            problems.append((where, f"seek {wrong[0]} of {seek_count}; allowed: places in seeks, from 1"))
        problems += [(where, message) for message in unknown_settings(item.settings)]
    return problems


def _twice(values: Sequence[object], field: str, same: Callable[[str], str]) -> list[Problem]:
    first: dict[str, int] = {}
    problems: list[Problem] = []
    for index, value in enumerate(values):
        if not isinstance(value, str):
            continue
        earlier = first.setdefault(same(value), index)
        if earlier != index:
            used = f"used by class {earlier + 1} already ({values[earlier]!r})"
            problems.append(((index, field), f"given {value!r}, {used}; choose another {field}"))
    return problems


def _parent_problems(names: Sequence[str | None], parents: Sequence[object]) -> list[Problem]:
    stripped = [parent.strip() if isinstance(parent, str) else None for parent in parents]
    parent_of = {name: parent for name, parent in zip(names, stripped, strict=True) if name is not None}
    problems: list[Problem] = []
    for index, (name, parent) in enumerate(zip(names, stripped, strict=True)):
        if parent is None:
            continue
        if parent not in parent_of:
            hint = closest(parent, parent_of)
            problems.append(((index, "parent"), f"given {parent!r}, which is no class here{hint}"))
        elif name is not None and _is_own_ancestor(name, parent_of):
            problems.append(
                ((index, "parent"), f"given {parent!r}: class {name!r} would be its own ancestor")
            )
    return problems


def _is_own_ancestor(name: str, parent_of: Mapping[str, str | None]) -> bool:
    passed: set[str] = set()
    above = parent_of.get(name)
    while above is not None and above not in passed:
        if above == name:
            return True
        passed.add(above)
        above = parent_of.get(above)
    return False
