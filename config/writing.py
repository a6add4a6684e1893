"""Configuration → YAML text: new with comments, or an existing text with only its changed values touched.

New text is written here, line by line, so that it reads well; existing text goes through ruamel.yaml's
round trip, which keeps comments and order. `shared` is goldpan's own: its block is cut off and written
anew, each round and each annotation as one JSON object on a line of its own (see `config.documents`).
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from config.schema import ProjectConfig, SharedSection

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
_NOT_PLAIN = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_ESCAPE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_SPELT_NULL = re.compile(r"null|Null|NULL|~")
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
    body = _without_shared(old)
    _, indent, offset = load_yaml_guess_indent(io.StringIO(body))
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = _WIDE
    yaml.indent(mapping=2, sequence=indent or 4, offset=offset if offset is not None else 2)
    yaml.Representer = _Representer
    tree = yaml.load(body)
    _keep_nulls(tree, body.split("\n"))
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
            yield from _keys(value, "  ")
        elif not value:
            yield f"{name}: []"
        else:
            yield f"{name}:"
            for item in value:
                yield from _entry(item)
        yield ""


def _keys(section: BaseModel, indent: str) -> Iterator[str]:
    values = section.model_dump(mode="json")
    for name, info in type(section).model_fields.items():
        line = f"{indent}{name}: {_flow(values[name])}"
        yield f"{line:<{_COMMENT_COLUMN}}  # {info.description}"


def _entry(item: BaseModel) -> Iterator[str]:
    given = item.model_dump(mode="json", exclude_defaults=True)
    for number, (name, value) in enumerate(given.items()):
        yield f"  {'- ' if number == 0 else '  '}{name}: {_flow(value)}"


def _flow(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(scalar(item) for item in value) + "]"
    return scalar(value)


def _shared_text(shared: SharedSection | None) -> str:
    if shared is None:
        return ""
    head = shared.model_dump(mode="json", exclude={"rounds", "annotations"})
    lines = [f"# {ProjectConfig.model_fields['shared'].description}", "shared:"]
    lines += [f"  {name}: {scalar(value)}" for name, value in head.items()]
    for name, rows in (("rounds", shared.rounds), ("annotations", shared.annotations)):
        lines.append(f"  {name}:" if rows else f"  {name}: []")
        lines += [f"    - {_escaped(row.model_dump_json(exclude_defaults=True))}" for row in rows]
    return "\n".join(lines) + "\n"


def _without_shared(text: str) -> str:
    lines = text.split("\n")
    start = next(
        (number for number, line in enumerate(lines) if re.match(r"""["']?shared["']?\s*:""", line)), None
    )
    if start is None:
        return text if text.endswith("\n") else text + "\n"
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or lines[end][0] in " \t#-]}"):
        end += 1
    description = f"# {ProjectConfig.model_fields['shared'].description}"
    if start and lines[start - 1] == description:
        start -= 1
    return "\n".join(lines[:start] + lines[end:]).rstrip("\n") + "\n"


class _Null:
    """A null as it is spelt in the text; ruamel's round trip would write all of them as nothing."""

    def __init__(self, spelling: str) -> None:
        self.spelling = spelling


class _Representer(RoundTripRepresenter):
    """ruamel's representer that keeps the spelling of null."""


def _represent_null(representer: _Representer, null: _Null) -> Any:  # noqa: ANN401 -- a node of ruamel
    return representer.represent_scalar("tag:yaml.org,2002:null", null.spelling)


_Representer.add_representer(_Null, _represent_null)


def _keep_nulls(tree: Any, lines: list[str]) -> None:  # noqa: ANN401 -- any node of ruamel
    if isinstance(tree, CommentedSeq):
        for item in tree:
            _keep_nulls(item, lines)
    elif isinstance(tree, CommentedMap):
        for key, value in tree.items():
            _keep_nulls(value, lines)
            if value is None:
                line, column = tree.lc.value(key)
                spelt = _SPELT_NULL.match(lines[line], column) if line < len(lines) else None
                tree[key] = _Null(spelt[0]) if spelt else None


def _update(
    tree: CommentedMap, old: Mapping[str, Any], wanted: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    for key in [key for key in tree if key not in wanted]:
        del tree[key]
    for key, value in wanted.items():
        if key in old and old[key] == value and type(old[key]) is type(value):
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
            tree[key] = _node(value)


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
    if isinstance(value, str) and scalar(value) != value:
        return DoubleQuotedScalarString(value)
    return value
