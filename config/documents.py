"""YAML text → plain values with the place of each, without ever constructing anything else.

A configuration may come from anyone, so this reads YAML's events and builds mappings, lists, text, numbers,
booleans and null from them; nothing more can come out. Tags, anchors and aliases are refused at the first one
(which is what makes a million-fold nested alias harmless), and depth, length and number of values are
limited. Plain scalars follow the core schema of YAML 1.2: `yes`, `no` and dates are text.

The lists of a shared config, its annotations above all, can be 10⁵ rows, which a YAML parser written in Python
reads in minutes. goldpan writes one JSON object a line there, which is YAML too, and those lines are read by
`json`: as safe (no tags, no aliases), and a hundred times faster. A line that is not JSON is read as YAML by
itself; a list that is laid out in another way altogether goes through YAML with the rest of the file.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from config.checks import Path

ROW_LISTS = ("rounds", "seeks", "gold", "annotations", "audit_draws", "prints")
"""The lists of `shared`, in the order of the file, whose entries are one JSON object a line."""

MAX_DEPTH = 20
"""Mappings and lists within each other; the tree itself needs 4."""

MAX_VALUES = 500_000
"""Values read through YAML; rows that are JSON are not counted."""

MAX_YAML_CHARACTERS = 8_000_000
"""Characters read through YAML, likewise."""

Place: TypeAlias = tuple[int, int]
"""Line and column, both counted from 1."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_LIST_KEY = re.compile(rf"[ \t]+({'|'.join(ROW_LISTS)}):[ \t\r]*(#.*)?")
_ROW = re.compile(r"[ \t]*- (\{.*\})[ \t\r]*")
_MAX_DIGITS = 4000


@dataclass(frozen=True)
class Wrong:
    """Something wrong at a place in the text."""

    place: Place
    path: Path
    message: str


class DocumentError(Exception):
    """The text cannot be read any further; `config.files` turns it into the error that a person sees."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


@dataclass
class Document:
    """Plain values and where each one stood.

    Attributes:
        data: mappings, lists, text, numbers, booleans and None; None for an empty text.
        places: path of a value → where the value starts.
        key_places: path of a value in a mapping → where its key starts.
        wrong: what was passed over while reading, such as a key given twice.
        rows: path of a list → the line of each of its entries, where they were read as rows of their own.
    """

    data: Any
    places: dict[Path, Place] = field(default_factory=dict)
    key_places: dict[Path, Place] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)
    rows: dict[Path, tuple[int, ...]] = field(default_factory=dict)

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """Return where a value, or its key, starts; where it is not in the text, the closest one above it."""
        table = self.key_places if of_key else self.places
        if path in table:
            return table[path]
        if len(path) >= 3 and path[:2] in self.rows and isinstance(path[2], int):
            return (self.rows[path[:2]][path[2]], 1)
        return self.place(path[:-1]) if path else (1, 1)


@dataclass(frozen=True)
class _Rows:
    """One list whose entries are a line each: its name, the line of its key, line and text of each entry."""

    name: str
    key_line: int
    entries: list[tuple[int, str]]


def read_document(text: str) -> Document:
    """Read a YAML text.

    Args:
        text: the whole text of a configuration.

    Raises:
        DocumentError: the syntax is wrong, or the text holds a tag, an anchor, an alias, a second document,
            or more depth, characters or values than allowed.
    """
    text = text.removeprefix("\ufeff")
    rest, lists = _find_rows(text)
    if not lists:
        return _Reader().read(text)
    document = _Reader().read(rest)
    shared = document.data.get("shared") if isinstance(document.data, dict) else None
    if not isinstance(shared, dict):
        return _Reader().read(text)
    for rows in lists:
        path: Path = ("shared", rows.name)
        if shared.get(rows.name, 0) is not None or document.key_places[path][0] != rows.key_line:
            return _Reader().read(text)
    for rows in lists:
        path = ("shared", rows.name)
        shared[rows.name] = [_read_row(document, (*path, i), *row) for i, row in enumerate(rows.entries)]
        document.rows[path] = tuple(number for number, _ in rows.entries)
        document.places[path] = document.key_places[path]
    return document


def _find_rows(text: str) -> tuple[str, list[_Rows]]:
    """Return the text with the rows of `shared`'s lists blanked, and these rows."""
    start = re.search(r"^shared:[ \t\r]*(#.*)?$", text, re.MULTILINE)
    if not start:
        return text, []
    lines = text.split("\n")
    lists: list[_Rows] = []
    indent, number = 0, text.count("\n", 0, start.start()) + 1
    while number < len(lines):
        number += 1
        line = lines[number - 1]
        if _is_nothing(line):
            continue
        if not _indent(line):
            break
        indent = indent or _indent(line)
        key = _LIST_KEY.fullmatch(line)
        rows = _rows_below(lines, number, indent) if key and _indent(line) == indent else []
        if key and rows:
            lists.append(_Rows(key[1], number, rows))
            number = rows[-1][0]
    blank = {line for found in lists for line, _ in found.entries}
    return "\n".join("" if place in blank else line for place, line in enumerate(lines, 1)), lists


def _rows_below(lines: list[str], key_line: int, indent: int) -> list[tuple[int, str]]:
    """Return line and text of each row below a key; none where its list is laid out in another way."""
    rows: list[tuple[int, str]] = []
    for number in range(key_line + 1, len(lines) + 1):
        line = lines[number - 1]
        match = _ROW.fullmatch(line)
        if match:
            rows.append((number, match[1]))
        elif not _is_nothing(line):
            other = _indent(line) > indent or line.lstrip().startswith("-")
            return [] if other else rows
    return rows


def _is_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _read_row(document: Document, path: Path, number: int, text: str) -> Any:  # noqa: ANN401 -- any plain value
    doubled: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(items)
        if len(row) != len(items):
            doubled.append("a key is given twice in this row; keep one")
        return row

    try:
        row = json.loads(text, object_pairs_hook=pairs, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        return _read_row_as_yaml(document, path, number, text)
    document.wrong.extend(Wrong((number, 1), path, message) for message in doubled)
    return row


def _read_row_as_yaml(document: Document, path: Path, number: int, text: str) -> Any:  # noqa: ANN401
    try:
        row = _Reader().read(text)
    except DocumentError as error:
        raise DocumentError((number, error.place[1]), error.message) from error
    document.wrong.extend(
        Wrong((number, wrong.place[1]), path + wrong.path, wrong.message) for wrong in row.wrong
    )
    return row.data


class _Reader:
    """Builds one document from the events of one text."""

    def __init__(self) -> None:
        self.document = Document(None)
        self.count = 0

    def read(self, text: str) -> Document:
        if len(text) > MAX_YAML_CHARACTERS:
            limit = f"{len(text):,} characters of YAML; allowed: {MAX_YAML_CHARACTERS:,}"
            raise DocumentError(
                (1, 1), f"{limit} (annotations: one JSON object a line, as goldpan writes them)"
            )
        try:
            self._document(YAML(typ="safe", pure=True).parse(io.StringIO(text)))
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            what = "; ".join(str(part) for part in (error.problem, error.context) if part)
            raise DocumentError(place, f"not YAML: {what}") from error
        except ReaderError as error:
            before = text[: error.position]
            place = (before.count("\n") + 1, error.position - before.rfind("\n"))
            code = f"U+{ord(text[error.position]):04X}"
            message = f"the character {code} is not allowed in YAML; write it as an escape"
            raise DocumentError(place, message) from error
        except YAMLError as error:
            raise DocumentError((1, 1), f"not YAML: {error}") from error
        return self.document

    def _document(self, events: Iterator[Any]) -> None:
        started = False
        for event in events:
            name = type(event).__name__
            if name == "DocumentStartEvent":
                if started:
                    raise DocumentError(_place(event), "a second document ('---'); allowed: one in a file")
                if event.tags or event.version not in (None, (1, 2)):
                    raise DocumentError(_place(event), "a %YAML or %TAG directive; leave it out")
                started = True
            elif name not in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
                self.document.data = self._value(event, events, ())

    def _value(self, event: Any, events: Iterator[Any], path: Path) -> Any:  # noqa: ANN401
        name = type(event).__name__
        place = _place(event)
        self._refuse(event, name, place, len(path))
        self.document.places[path] = place
        if name == "ScalarEvent":
            return plain(event.value) if event.implicit[0] and not event.style else event.value
        if name == "SequenceStartEvent":
            return self._list(events, path)
        return self._mapping(events, path)

    def _refuse(self, event: Any, name: str, place: Place, depth: int) -> None:  # noqa: ANN401
        if name == "AliasEvent":
            raise DocumentError(place, f"the alias '*{event.anchor}' is not allowed; write the value out")
        if event.anchor is not None:
            raise DocumentError(place, f"the anchor '&{event.anchor}' is not allowed; write the value out")
        if event.tag is not None:
            raise DocumentError(place, f"the tag '{event.tag}' is not allowed; write plain values")
        if depth > MAX_DEPTH:
            raise DocumentError(place, f"more than {MAX_DEPTH} mappings and lists within each other")
        self.count += 1
        if self.count > MAX_VALUES:
            raise DocumentError(place, f"more than {MAX_VALUES:,} values")

    def _list(self, events: Iterator[Any], path: Path) -> list[Any]:
        values: list[Any] = []
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            values.append(self._value(event, events, (*path, len(values))))
        return values

    def _mapping(self, events: Iterator[Any], path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            place = _place(event)
            if type(event).__name__ != "ScalarEvent":
                raise DocumentError(place, "a mapping or list as a key; allowed: a name")
            self._refuse(event, "ScalarEvent", place, len(path))
            key = event.value
            inner = (*path, key)
            if key in values:
                first = self.document.key_places[inner][0]
                self._pass_over(place, inner, f"given twice, first in line {first}; keep one", events)
                continue
            self.document.key_places[inner] = place
            values[key] = self._value(next(events), events, inner)
        return values

    def _pass_over(self, place: Place, path: Path, message: str, events: Iterator[Any]) -> None:
        kept = dict(self.document.places), dict(self.document.key_places)
        self._value(next(events), events, path)
        self.document.places, self.document.key_places = kept
        self.document.wrong.append(Wrong(place, path, message))


def plain(text: str) -> str | int | float | bool | None:
    """Return what a scalar without quotes stands for by the core schema of YAML 1.2."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if len(text) <= _MAX_DIGITS:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _OTHER_BASE.fullmatch(text):
            return int(text, 0)
        if _FLOAT.fullmatch(text):
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _place(event: Any) -> Place:  # noqa: ANN401 -- ruamel's events are untyped
    return (event.start_mark.line + 1, event.start_mark.column + 1)
