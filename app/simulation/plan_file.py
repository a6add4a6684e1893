"""The YAML file of a simulation: pools made from projects, strategies, heads, seeds and budgets.

```yaml
pools:
  - project: digits.yaml      # relative to this file
    long_tail: 28             # or sizes: {eight: 40, nine: 5}, or needles: {classes: 12, each: 5}
strategies: [prospect, margin, margin+density]
seeds: 5                      # or [10, 11, 12]
budget: 200
```
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    StrictInt,
    ValidationError,
    model_validator,
)

from app.simulation.errors import PlanError
from app.simulation.grid import Grid, parse_contender
from app.simulation.pools import LabelledItems, LabelledPool, long_tail, needles, profile
from app.simulation.source import items_of_project
from config.documents import Document, DocumentError, read_document
from config.files import read_text
from config.schema import HeadSection
from config.section import Section

HEAD = HeadSection(calibrate=False, device="cpu")
"""The head of a plan that names none: the default one with all its members, without cross-validation."""

Path_ = tuple[int | str, ...]
Draw = Callable[[int], LabelledPool]
Count = Annotated[StrictInt, Field(ge=1)]


def _many(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _heads(value: object) -> object:
    """A head may be a name; what a head leaves out is as in HEAD."""
    if not isinstance(value, list | tuple):
        return value
    named = [{"name": entry} if isinstance(entry, str) else entry for entry in value]
    usual = HEAD.model_dump(exclude={"name"})
    return tuple({**usual, **entry} if isinstance(entry, dict) else entry for entry in named)


def _seeds(value: object) -> object:
    """A number counts seeds from 0."""
    return tuple(range(value)) if isinstance(value, int) and not isinstance(value, bool) else _many(value)


class NeedleSection(Section):
    """Some classes thinned to a handful of items each."""

    classes: Count = 12
    each: Count = 5
    names: Annotated[tuple[str, ...], BeforeValidator(_many)] = ()
    groups: Count | None = None


class PoolSection(Section):
    """A pool, drawn anew by each seed from a project with hidden truth."""

    project: str
    name: str | None = None
    long_tail: Annotated[float, Field(ge=1)] | None = None
    largest: Count | None = None
    sizes: dict[str, Annotated[StrictInt, Field(ge=0)]] | None = None
    needles: NeedleSection | None = None
    rare: Annotated[tuple[str, ...], BeforeValidator(_many)] = ()
    held_out_each: Count = 30

    @model_validator(mode="after")
    def _one_way_to_thin(self) -> PoolSection:
        given = [name for name in ("long_tail", "sizes", "needles") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are given; give one of them")
        if self.largest is not None and self.long_tail is None:
            raise ValueError("largest belongs to long_tail; give that too")
        return self


class PlanFile(Section):
    """A whole simulation."""

    pools: Annotated[tuple[PoolSection, ...], BeforeValidator(_many), Field(min_length=1)]
    strategies: Annotated[tuple[str, ...], BeforeValidator(_many)] = ("prospect", "margin", "random")
    heads: Annotated[tuple[HeadSection, ...], BeforeValidator(_heads), Field(min_length=1)] = (HEAD,)
    seeds: Annotated[
        tuple[Annotated[StrictInt, Field(ge=0)], ...], BeforeValidator(_seeds), Field(min_length=1)
    ] = (0, 1, 2, 3, 4)
    budget: Count = 200
    batch: Count = 10
    queue: Count = 60
    reference: str | None = None


def is_plan(path: Path) -> bool:
    """Return whether a YAML file is a plan of a simulation, and not a project: it lists `pools`.

    Raises:
        config.errors.ConfigError: the file cannot be read.
    """
    try:
        data = read_document(read_text(path)).data
    except DocumentError:
        return False  # who reads it as a project says where it is wrong
    return isinstance(data, dict) and "pools" in data


def load_plan(path: Path) -> PlanFile:
    """Read a plan.

    Raises:
        config.errors.ConfigError: the file is missing or cannot be read.
        PlanError: its content is wrong; the message has a line for each problem, with its place.
    """
    text = read_text(path)
    try:
        document = read_document(text)
    except DocumentError as problem:
        line, column = problem.place
        raise PlanError(f"{path}:{line}:{column}: {problem.message}") from problem
    if not isinstance(document.data, dict):
        raise PlanError(f"{path}:1:1: not a mapping; a plan has `pools:` and `strategies:`")
    try:
        return PlanFile.model_validate(document.data)
    except ValidationError as problem:
        raise PlanError(
            "\n".join(_lines(problem, lambda *where: _place(document, path, *where)))
        ) from problem


def plan_from(values: dict[str, Any]) -> PlanFile:
    """Check plain values as if they stood in a file.

    Raises:
        PlanError: a value is wrong; the message has a line for each problem.
    """
    try:
        return PlanFile.model_validate(values)
    except ValidationError as problem:
        raise PlanError("\n".join(_lines(problem))) from problem


def grid_of(plan: PlanFile, folder: Path) -> Grid:
    """Read the projects of a plan and make its grid.

    Args:
        plan: the plan.
        folder: the folder that the projects' paths start from.

    Raises:
        PlanError: a pool's name is given twice.
        LabelledPoolError: a project has no hidden truth.
        config.errors.GoldpanError: a project cannot be opened, or a name is unknown.
    """
    contenders = [parse_contender(text) for text in plan.strategies]  # before anything that takes time
    names = any(contender.names for contender in contenders)
    pools: dict[str, Draw] = {}
    for section in plan.pools:
        items = items_of_project(folder / section.project, name=section.name, names=names)
        if items.name in pools:
            raise PlanError(f"two pools are called {items.name!r}; give one of them another `name`")
        pools[items.name] = drawer(items, section)
    return Grid(
        pools, contenders, heads_of(plan.heads), plan.seeds, plan.budget, plan.batch, plan.queue
    )  # fmt: skip


def drawer(items: LabelledItems, section: PoolSection) -> Draw:
    """Return what draws the pool of a seed, thinned as the section says."""
    each, rare = section.held_out_each, section.rare
    if section.needles is not None:
        needle = section.needles
        return lambda seed: needles(
            items, seed=seed, classes=needle.classes, each=needle.each, names=needle.names or rare,
            held_out_each=each, groups=needle.groups,
        )  # fmt: skip
    if section.long_tail is not None:
        ratio, largest = section.long_tail, section.largest
        return lambda seed: long_tail(
            items, ratio=ratio, largest=largest, seed=seed, held_out_each=each, rare=rare
        )
    sizes = [len(items.truth)] * len(items.class_names)
    for class_name, size in (section.sizes or {}).items():
        if class_name not in items.class_names:
            raise PlanError(
                f"sizes: {items.name} has no class {class_name!r}; its classes are {', '.join(items.class_names)}"
            )
        sizes[items.class_names.index(class_name)] = size
    return lambda seed: profile(items, sizes, seed=seed, held_out_each=each, shuffle=False, rare=rare)


def heads_of(given: Sequence[HeadSection]) -> dict[str, HeadSection]:
    """Return the heads of a plan by a name for tables: the head's own, numbered where it comes twice."""
    found: dict[str, HeadSection] = {}
    for section in given:
        name, number = section.name, 2
        while name in found:
            name, number = f"{section.name}-{number}", number + 1
        found[name] = section
    return found


def _lines(
    problem: ValidationError, place_of: Callable[[Path_, bool], str] = lambda path, of_key: ""
) -> list[str]:
    lines = []
    for item in problem.errors(include_url=False):
        place, unknown = item["loc"], item["type"] == "extra_forbidden"
        dotted = ".".join(str(step) for step in place)
        lines.append(f"{place_of(place, unknown)}{dotted + ': ' if dotted else ''}{_words(item, place)}")
    return list(dict.fromkeys(lines))


def _place(document: Document, file: Path, path: Path_, of_key: bool) -> str:
    line, column = document.place(path, of_key=of_key)
    return f"{file}:{line}:{column}: "


def _words(item: Any, place: tuple[int | str, ...]) -> str:  # noqa: ANN401 -- pydantic's mapping
    if item["type"] == "extra_forbidden":
        owner = {"pools": NeedleSection if "needles" in place else PoolSection, "heads": HeadSection}
        known = owner.get(str(place[0]) if len(place) > 1 else "", PlanFile).model_fields
        return f"unknown key (known: {', '.join(known)})"
    if item["type"] == "missing":
        return "missing; give a value"
    return f"given {item['input']!r}: {item['msg'].removeprefix('Value error, ')}"
