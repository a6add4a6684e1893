"""Configuration → YAML text: new with comments, or an existing text with only its changed values touched.

New text is written here, line by line, so that it reads well; existing text goes through ruamel.yaml's
round trip, which keeps comments and order. `shared` is goldpan's own: its block is cut off and written
anew, each entry of its lists as one JSON object on a line of its own (see `config.documents`).
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import CommentMark
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, PlainScalarString, ScalarString
from ruamel.yaml.tokens import CommentToken

from config.documents import ROW_LISTS
from config.json_schema import subschema
from config.schema import ProjectConfig
from config.shared import SharedSection

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
_NOT_PLAIN = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_ESCAPE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_TAG = "tag:yaml.org,2002:"
_WIDE = 1_000_000
_COMMENT_COLUMN = 36

_HEAD = """\
# A goldpan project. Every key is listed with its value and what it means; keys left out take their default.
# Run 'goldpan serve' on this file to open the dashboard.
"""


def written_text(config: ProjectConfig) -> str:
    """Return a configuration as new YAML text, with a comment for every section and key."""
    gap = "\n" if config.shared is not None else ""
    return "\n".join([_HEAD, *_sections(config)]) + gap + _shared_text(config.shared)


def updated_text(old: str, data: Mapping[str, Any], config: ProjectConfig) -> str:
    """Return existing YAML text with the values that differ from a configuration changed, and nothing else.

    Args:
        old: the text as it is, in the current layout.
        data: the plain values of that text.
        config: the values it shall have.
    """
    body, data = _without_shared(old), dict(data)
    if config.classes and not data.get("classes", True):
        body = _replaced_block(body, "classes", _classes_lines(config))
        data["classes"] = config.model_dump(mode="json")["classes"]
    elif not config.classes and data.get("classes"):
        body = _replaced_block(body, "classes", ["classes: []"])
        data["classes"] = []
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = _WIDE
    yaml.indent(**_indents(body))
    yaml.Constructor = _Constructor
    yaml.Representer = _Representer
    tree = yaml.load(body)
    wanted = config.model_dump(mode="json", exclude={"shared"})
    defaults = config.model_dump(mode="json", exclude={"shared"}, exclude_defaults=True)
    _update(tree, {key: value for key, value in data.items() if key != "shared"}, wanted, defaults)
    stream = io.StringIO()
    yaml.dump(tree, stream)
    gap = "\n" if config.shared is not None else ""
    return stream.getvalue().rstrip("\n") + "\n" + gap + _shared_text(config.shared)


def scalar(value: object) -> str:
    """Return a scalar as YAML that reads back as the same value in any YAML 1.2 reader."""
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) and value.lower() not in _NOT_PLAIN
        return value if is_plain else _escaped(json.dumps(value, ensure_ascii=False))
    return json.dumps(value)


def _escaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _sections(config: ProjectConfig) -> Iterator[str]:
    yield f"version: {config.version}\n"
    for name, info in ProjectConfig.model_fields.items():
        value = getattr(config, name)
        if name in ("version", "shared"):
            continue
        yield f"# {info.description}"
        if isinstance(value, BaseModel):
            yield f"{name}:"
            yield from _keys(name, value)
        else:
            yield from _classes_lines(config)
        yield ""


def _classes_lines(config: ProjectConfig) -> list[str]:
    lines = [line for item in config.classes for line in _entry(item)]
    return ["classes:", *lines] if lines else ["classes: []"]


def _keys(place: str, section: BaseModel) -> Iterator[str]:
    values = section.model_dump(mode="json")
    for name, info in type(section).model_fields.items():
        line = f"  {name}: {_flow(values[name])}"
        choices = (subschema((place, name)) or {}).get("enum", ())
        listed = f" ({', '.join(choices)})" if choices else ""
        yield f"{line:<{_COMMENT_COLUMN}}  # {info.description}{listed}"


def _entry(item: BaseModel) -> Iterator[str]:
    given = item.model_dump(mode="json", exclude_defaults=True)
    for number, (name, value) in enumerate(given.items()):
        yield f"  {'- ' if number == 0 else '  '}{name}: {_flow(value)}"


def _flow(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    return scalar(value)


def _shared_text(shared: SharedSection | None) -> str:
    if shared is None:
        return ""
    head = shared.model_dump(mode="json", exclude=set(ROW_LISTS))
    lines = [f"# {ProjectConfig.model_fields['shared'].description}", "shared:"]
    lines += [f"  {name}: {_flow(value)}" for name, value in head.items()]
    for name in ROW_LISTS:
        rows: Sequence[BaseModel] = getattr(shared, name)
        lines.append(f"  {name}:" if rows else f"  {name}: []")
        lines += [f"    - {_escaped(row.model_dump_json(exclude_defaults=True))}" for row in rows]
    return "\n".join(lines) + "\n"


def _indents(text: str) -> dict[str, int]:
    """Return how far the text indents mappings and lists, as ruamel's `YAML.indent` takes it."""
    mapping = re.search(r"^[^\s#-][^\n]*:[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*( +)[^\s#-]", text, re.MULTILINE)
    item = re.search(r"^( *)-( +)\S", text, re.MULTILINE)
    offset = len(item[1]) if item else 2
    sequence = offset + 1 + len(item[2]) if item else 4
    return {"mapping": len(mapping[1]) if mapping else 2, "sequence": sequence, "offset": offset}


def _replaced_block(text: str, key: str, block: list[str]) -> str:
    """Return the text with the block of a key at the top replaced; comments before the next key stay."""
    lines = text.split("\n")
    start, end = _block(lines, key)
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return "\n".join(lines[:start] + block + lines[end:])


def _block(lines: list[str], key: str) -> tuple[int, int]:
    """Return the first line of a key at the top and the line after its block; both len(lines) where it is not."""
    pattern = re.compile(rf"""["']?{key}["']?\s*:""")
    start = next((number for number, line in enumerate(lines) if pattern.match(line)), len(lines))
    end = min(start + 1, len(lines))
    while end < len(lines) and (not lines[end].strip() or lines[end][0] in " \t#-]}"):
        end += 1
    return start, end


def _without_shared(text: str) -> str:
    lines = text.split("\n")
    start, end = _block(lines, "shared")
    description = f"# {ProjectConfig.model_fields['shared'].description}"
    if start and lines[start - 1] == description:
        start -= 1
    return "\n".join(lines[:start] + lines[end:]).rstrip("\n") + "\n"


class _Raw(ScalarString):
    """A number, boolean or null as it is spelt in the text, so that ruamel need not spell it again.

    A `ScalarString`, for assigning plain text to a key makes ruamel keep the type of the value before.
    """

    __slots__ = ("tag",)
    tag: str

    @classmethod
    def of(cls, text: str, tag: str) -> _Raw:
        raw: _Raw = cls(text)
        raw.tag = tag
        return raw


class _Constructor(RoundTripConstructor):
    """ruamel's constructor that leaves numbers, booleans, nulls and times as text."""


class _Representer(RoundTripRepresenter):
    """ruamel's representer for what `_Constructor` leaves."""


def _construct_raw(constructor: _Constructor, node: Any) -> _Raw:  # noqa: ANN401 -- a node of ruamel
    return _Raw.of(node.value, str(node.tag))


def _represent_raw(representer: _Representer, raw: _Raw) -> Any:  # noqa: ANN401 -- a node of ruamel
    return representer.represent_scalar(raw.tag, str(raw))


for _kind in ("int", "float", "bool", "null", "timestamp"):
    _Constructor.add_constructor(_TAG + _kind, _construct_raw)
_Representer.add_representer(_Raw, _represent_raw)


def _update(
    tree: CommentedMap, old: Mapping[str, Any], wanted: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    for key in [key for key in tree if key not in wanted]:
        del tree[key]
    for key, value in wanted.items():
        if key in old and old[key] == value and isinstance(old[key], bool) == isinstance(value, bool):
            continue
        if key not in old and key not in given:
            continue
        before = old.get(key)
        if isinstance(value, dict):
            if not isinstance(before, dict):
                tree[key] = CommentedMap()
                before = {}
            _update(tree[key], before, value, given.get(key, {}))
        elif key == "classes":
            tree[key] = _classes(tree.get(key), before, value, given.get(key, []))
        else:
            last = next(reversed(tree), None) if key not in tree else None
            tree[key] = _node(value)
            _pass_on_tail(tree, last, key)


def _pass_on_tail(tree: CommentedMap, last: str | None, added: str) -> None:
    """Move the blank lines and comments below what was the last key of a section to below the added one."""
    tokens = tree.ca.items.get(last)
    if not tokens or not tokens[2] or tree.fa.flow_style():
        return
    own, _, tail = tokens[2].value.partition("\n")
    if tail:
        tokens[2].value = f"{own}\n" if own else ""
        tree.ca.items[added] = [None, None, CommentToken(f"\n{tail}", CommentMark(0), None), None]
        if not own:
            del tree.ca.items[last]


def _classes(tree: Any, old: Any, wanted: list[Any], given: list[Any]) -> CommentedSeq:  # noqa: ANN401
    known: dict[str, tuple[CommentedMap, Mapping[str, Any]]] = {}
    if isinstance(tree, CommentedSeq):
        known = {row["name"]: (node, row) for node, row in zip(tree, old, strict=True) if "name" in row}
    fresh = tree if isinstance(tree, CommentedSeq) else CommentedSeq()
    nodes = []
    for item, minimal in zip(wanted, given, strict=True):
        node, row = known.get(item["name"], (CommentedMap(), {}))
        _update(node, row, item, minimal)
        nodes.append(node)
    fresh[:] = nodes
    return fresh


def _node(value: object) -> Any:  # noqa: ANN401 -- what ruamel takes for a value
    if isinstance(value, list):
        sequence = CommentedSeq([_node(item) for item in value])
        sequence.fa.set_flow_style()
        return sequence
    if isinstance(value, dict):
        mapping = CommentedMap((key, _node(item)) for key, item in value.items())
        mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, str):
        return PlainScalarString(value) if scalar(value) == value else DoubleQuotedScalarString(value)
    kind = {bool: "bool", int: "int", float: "float"}.get(type(value), "null")
    return _Raw.of(scalar(value), _TAG + kind)
