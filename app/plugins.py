"""Plug-ins: strategies, heads, encoders, readers, exports, plots, item views of other packages or of a file.

A package announces each in an entry-point group, such as `goldpan.strategies`; the local user names a file on the
command line (`--plugin file.py`), which registers what it brings. A configuration holds names alone and can name
neither. What is broken is told, and left out. Files travel to the processes that goldpan starts by the environment
variable GOLDPAN_PLUGINS, so that a round's worker knows the same names as the command line.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from app.errors import PluginError
from config.names import BUILT_IN, announce, group_of, retract
from config.registry import Registry

log = logging.getLogger("goldpan.plugins")

VARIABLE = "GOLDPAN_PLUGINS"
"""Files with plug-ins, separated as in PATH; `--plugin` adds to it."""

KINDS = ("strategy", "head", "encoder", "reader", "export", "plot", "item_view")
"""What a plug-in can bring."""

_REGISTRIES = {
    "strategy": ("strategies.registry", "strategies"),
    "head": ("models.heads.registry", "heads"),
    "encoder": ("models.encoders.registry", "encoders"),
    "reader": ("labeling.pools.registry", "readers"),
    "export": ("labeling.exports.registry", "exports"),
    "plot": ("app.plot_plugins", "domain_plots"),
    "item_view": ("app.item_views", "item_views"),
}
"""Kind → module and name of its registry; imported when first needed: heads take torch along."""


@dataclass(frozen=True)
class Found:
    """One thing that a plug-in brings, or could not bring.

    Attributes:
        kind: one of KINDS; "" for a file that could not be run.
        name: the name a configuration uses; "" likewise.
        origin: the package, or the file.
        version: of the package, or `__version__` of the file; "" where it has none.
        problem: why it is left out, in words; "" where it is not.
    """

    kind: str
    name: str
    origin: str
    version: str
    problem: str = ""


@dataclass
class _State:
    """What this process has loaded already."""

    files: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    found: list[Found] = field(default_factory=list)


_state = _State()


def name_files(files: Sequence[Path]) -> None:
    """Note files that the local user named, for this process and those it starts, and load them.

    Args:
        files: Python files.
    """
    given = [path for path in os.environ.get(VARIABLE, "").split(os.pathsep) if path]
    wanted = [*given, *(str(path.expanduser().resolve()) for path in files)]
    if wanted:
        os.environ[VARIABLE] = os.pathsep.join(dict.fromkeys(wanted))
    load_files()


def load_files() -> None:
    """Run the files that were named, each once in a process; a configuration may then use the names they bring."""
    for path in [path for path in os.environ.get(VARIABLE, "").split(os.pathsep) if path]:
        if path not in _state.files:
            _state.files.add(path)
            _note(_load_file(Path(path)))


def ensure_loaded(*kinds: str) -> None:
    """Load the files that were named, and what installed packages announce of some kinds, each once in a process.

    Args:
        kinds: of KINDS; a process loads what it needs alone, so that the web server needs no torch.
    """
    load_files()
    for kind in kinds:
        if kind not in _state.kinds:
            _state.kinds.add(kind)
            points = sorted(entry_points(group=group_of(kind)), key=lambda point: point.name)
            _note(_load_point(kind, point) for point in points)


def found_plugins() -> tuple[Found, ...]:
    """Return what has been loaded in this process so far, in the order of kinds and names."""
    order = {kind: place for place, kind in enumerate(("", *KINDS))}
    return tuple(sorted(_state.found, key=lambda each: (order[each.kind], each.name, each.origin)))


def problems() -> tuple[str, ...]:
    """Return what could not be loaded in this process, in words: one text for each."""
    return tuple(each.problem for each in found_plugins() if each.problem)


def forget_plugins() -> None:
    """Take out of this process what plug-ins brought, so that they can be loaded anew."""
    for kind in KINDS:
        registry = _registry_if_there(kind)
        if registry is not None:
            for name in registry.added():
                registry.forget(name)
    retract()
    _state.files.clear()
    _state.kinds.clear()
    _state.found.clear()


def register(kind: str, name: str) -> Callable[[Any], Any]:
    """Return a decorator that registers a part of goldpan under a name.

    Args:
        kind: one of KINDS.
        name: lower case, words joined by underscores.

    Raises:
        PluginError: the name is none, or what is registered is not of that kind.
        DuplicateNameError: the name is taken.
    """

    def store(entry: Any) -> Any:  # noqa: ANN401 - a part of any kind
        _enter(kind, name, entry)
        return entry

    return store


def register_strategy(name: str) -> Callable[[Any], Any]:
    """Return a decorator that registers a strategy, a function as `strategies.contract.Strategy`."""
    return register("strategy", name)


def register_head(name: str) -> Callable[[Any], Any]:
    """Return a decorator that registers a head, an instance or a class of `models.heads.contract.Head`."""
    return register("head", name)


def register_encoder(name: str) -> Callable[[Any], Any]:
    """Return a decorator that registers an encoder, an instance or a class of `models.encoders.contract.Encoder`."""
    return register("encoder", name)


def register_reader(name: str) -> Callable[[Any], Any]:
    """Return a decorator that registers a reader, a function as `labeling.pools.contract.Reader`."""
    return register("reader", name)


def register_export(name: str) -> Callable[[Any], Any]:
    """Return a decorator that registers an export, a function as `labeling.exports.contract.Write`."""
    return register("export", name)


def _enter(kind: str, name: str, entry: Any) -> None:  # noqa: ANN401 - a part of any kind
    if not name.isidentifier() or name != name.lower():
        raise PluginError(f"the name {name!r} is none; use lower case, words joined by underscores")
    if isinstance(entry, type):
        entry = entry()
    missing = _MISSING[kind](entry)
    if missing:
        raise PluginError(f"the {kind} {name!r} is no {kind}: {missing}")
    if kind in ("head", "encoder") and entry.name != name:
        # What a round and the vectors keep of it is this name.
        raise PluginError(
            f"the {kind} calls itself {entry.name!r}; register it under that name, not {name!r}"
        )
    if kind == "strategy":
        from strategies.registry import register_strategy

        register_strategy(name)(entry)
        return
    if kind == "export":
        from labeling.exports.registry import Export

        if not isinstance(entry, Export):
            entry = Export(name, _first_line(entry) or name.replace("_", " "), entry)
    _registry(kind).register(name)(entry)


def _not_callable(entry: Any) -> str:  # noqa: ANN401 - whatever a plug-in gives
    return "" if callable(entry) else "it cannot be called"


def _lacks(*names: str) -> Callable[[Any], str]:
    def check(entry: Any) -> str:  # noqa: ANN401 - whatever a plug-in gives
        missing = [name for name in names if not hasattr(entry, name)]
        return f"it has no {', no '.join(missing)}" if missing else ""

    return check


_MISSING: dict[str, Callable[[Any], str]] = {
    "strategy": _not_callable,
    "head": _lacks("name", "fit", "forward"),
    "encoder": _lacks("name", "kinds", "obstacle", "fit"),
    "reader": _not_callable,
    "export": _not_callable,
    "plot": _not_callable,
    "item_view": _not_callable,
}


def _load_file(path: Path) -> list[Found]:
    def left_out(problem: str) -> list[Found]:
        return [Found("", "", str(path), "", problem)]

    if not path.is_file():
        return left_out(f"the plug-in {path} is no file; give the path of a Python file")
    name = f"goldpan_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        return left_out(f"the plug-in {path} is no Python file; its name must end with .py")
    before = {kind: _added(kind) for kind in KINDS}
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    broken: list[Found] = []
    try:
        spec.loader.exec_module(module)
    except Exception as problem:  # a plug-in's own code: whatever it raises must not stop goldpan
        log.debug("the plug-in %s failed", path, exc_info=True)
        broken = left_out(f"the plug-in {path} is left out: {type(problem).__name__}: {problem}")
    version = str(getattr(module, "__version__", ""))
    brought = [(kind, name) for kind in KINDS for name in sorted(_added(kind) - before[kind])]
    if broken:
        # What it registered before it failed would be half a plug-in.
        for kind, name in brought:
            _registry(kind).forget(name)
        return broken
    for kind, name in brought:
        if kind in BUILT_IN:
            announce(kind, [name])
    return [Found(kind, name, str(path), version) for kind, name in brought]


def _load_point(kind: str, point: EntryPoint) -> Found:
    origin = point.dist.name if point.dist is not None else point.value
    version = point.dist.version if point.dist is not None else ""
    try:
        entry = point.load()
        # The module may register it itself, as a file does.
        if point.name not in _registry(kind).names():
            _enter(kind, point.name, entry)
        elif point.name not in _added(kind):
            raise PluginError(f"a {kind} named {point.name!r} comes with goldpan; choose another name")
    except Exception as problem:  # a plug-in's own code, as above
        log.debug("the plug-in %s failed", point.value, exc_info=True)
        words = f"the {kind} {point.name!r} of {origin} is left out: {type(problem).__name__}: {problem}"
        return Found(kind, point.name, origin, version, words)
    return Found(kind, point.name, origin, version)


def _note(found: Iterable[Found]) -> None:
    for each in found:
        _state.found.append(each)
        if each.problem:
            log.warning("%s", each.problem)


def _registry(kind: str) -> Registry[Any]:
    module, name = _REGISTRIES[kind]
    registry: Registry[Any] = getattr(importlib.import_module(module), name)
    return registry


def _registry_if_there(kind: str) -> Registry[Any] | None:
    module, name = _REGISTRIES[kind]
    return getattr(sys.modules.get(module), name, None)


def _added(kind: str) -> set[str]:
    registry = _registry_if_there(kind)
    return set() if registry is None else set(registry.added())


def _first_line(entry: Any) -> str:  # noqa: ANN401 - whatever a plug-in gives
    return (getattr(entry, "__doc__", None) or "").strip().partition("\n")[0].rstrip(".")
