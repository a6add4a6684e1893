"""`goldpan share | import | replay | import-astronomical`: a project as one file, and from such files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli_plugins import PluginOption
from app.terminal import out, stages, tell_made, tell_problem

if TYPE_CHECKING:
    from app.replay_compare import FigureReplay, RoundReplay

ConfigArgument = Annotated[
    Path, typer.Argument(metavar="PROJECT.YAML", help="The project's configuration file.")
]
SharedArgument = Annotated[
    Path, typer.Argument(metavar="SHARED.YAML", help="A shared config that `goldpan share` wrote.")
]
PoolOption = Annotated[Path | None, typer.Option("--pool", help="Where the same pool lies on this machine.")]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="Weights that the file names and you trust.")
]

HEADLINES = ("labels", "balanced_accuracy", "macro_f1", "calibration_error")
"""Figures that are printed of each round in any case."""


class LevelName(StrEnum):
    """How much of a project, as the command line names it."""

    LAYOUT = "layout"
    SETTINGS = "settings"
    ALL = "all"


def share(
    config_path: ConfigArgument,
    to: Annotated[
        Path | None, typer.Option("--to", help="The file to write; PROJECT.shared.yaml if not given.")
    ] = None,
    without_labels: Annotated[
        bool, typer.Option("--without-labels", help="Leave out annotations and gold items.")
    ] = False,
    level: Annotated[
        LevelName, typer.Option(help="How much: the layout alone, all settings, or the work as well.")
    ] = LevelName.ALL,
    plugin: PluginOption = None,
) -> None:
    """Write one file with which somebody else repeats or continues the project."""
    from app.project import open_project
    from app.share import share_project

    target = to or config_path.with_suffix(".shared.yaml")
    project = open_project(config_path)
    try:
        shared = share_project(project, target, level=level.value, with_labels=not without_labels)
    finally:
        project.close()
    told = f"{len(shared.annotations)} annotations and {len(shared.rounds)} rounds"
    what = {"all": told, "settings": "the settings", "layout": "the layout"}[level.value]
    out.print(f"{target} holds {what}.", markup=False, highlight=False, soft_wrap=True)


def import_shared(
    shared: SharedArgument,
    config_path: ConfigArgument,
    pool: PoolOption = None,
    model: ModelOption = None,
    plugin: PluginOption = None,
    level: Annotated[
        LevelName | None, typer.Option(help="How much of the file to take; all that it has if not given.")
    ] = None,
) -> None:
    """Make the same project, labels included, beside the same pool."""
    from app.run_now import run_first
    from app.share import import_project

    with stages(config_path) as stage:
        project = import_project(
            shared,
            config_path,
            pool=pool,
            model=model,
            level=None if level is None else level.value,
            stage=stage,
        )
        run_first(project, stage("Choosing the next proposals"))
    tell_made(project)


def replay(
    shared: SharedArgument,
    pool: PoolOption = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Keep the project with its rounds in this folder.")
    ] = None,
    model: ModelOption = None,
    every_figure: Annotated[
        bool, typer.Option("--every-figure", help="Print all figures, not only the main ones.")
    ] = False,
    plugin: PluginOption = None,
) -> None:
    """Run every round of a shared config again, and say round by round whether it got the same.

    Ends with status 1 where a round got something else.
    """
    from app.replay import replay_shared

    def tell(found: RoundReplay) -> None:
        for line in round_lines(found, every_figure=every_figure):
            out.print(line, markup=False, highlight=False, soft_wrap=True)

    with stages(to or shared) as stage:
        found = replay_shared(shared, pool=pool, folder=to, model=model, stage=stage, tell=tell)
    for note in found.notes:
        tell_problem(note)
    counts: dict[str, int] = {}
    for entry in found.rounds:
        counts[entry.verdict] = counts.get(entry.verdict, 0) + 1
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    out.print(f"{len(found.rounds)} rounds: {told}", markup=False, highlight=False)
    if found.project is not None:
        out.print(f"Next: goldpan serve {found.project}", markup=False, highlight=False, soft_wrap=True)
    if not found.same:
        raise typer.Exit(1)


def round_lines(found: RoundReplay, *, every_figure: bool) -> list[str]:
    """Return what is printed of a round that was run again.

    Args:
        found: what came of it.
        every_figure: whether figures that are the same are listed one by one, beyond the main ones.
    """
    lines = [f"round {found.number}: {found.verdict}; {found.words}"]
    there, here = found.devices
    if there and here and there != here:
        lines.append(f"  it ran on {there} there and on {here} here: figures may differ a little")
    listed = [entry for entry in found.figures if every_figure or not entry.same or entry.name in HEADLINES]
    lines += [f"  {_figure_words(entry)}" for entry in listed]
    rest = len(found.figures) - len(listed)
    if rest:
        lines.append(f"  and {rest} figures more, all the same")
    return lines


def _figure_words(entry: FigureReplay) -> str:
    there, here = (_number(value) for value in (entry.there, entry.here))
    if there == here:
        return f"{entry.name} {there}, the same"
    return f"{entry.name} {there} there, {here} here: {'within the tolerance' if entry.same else 'differs'}"


def _number(value: float | None) -> str:
    return "none" if value is None else str(value) if isinstance(value, int) else f"{value:.6f}"


def import_astronomical(
    foreign: Annotated[
        Path, typer.Argument(metavar="CONFIG.JSON", help="A file of AstronomicAL's configs/ folder.")
    ],
    config_path: ConfigArgument,
    pool: Annotated[
        Path | None, typer.Option("--pool", help="Where its data set lies on this machine.")
    ] = None,
    test_set: Annotated[
        Path | None,
        typer.Option("--test-set", help="AstronomicAL's data/test_set.json, to take its labels over."),
    ] = None,
    plugin: PluginOption = None,
) -> None:
    """Make a project from a configuration of AstronomicAL: columns, classes, colours, labels, plots."""
    from app.astronomical import import_astronomical as take
    from app.run_now import run_first

    with stages(config_path) as stage:
        taken = take(foreign, config_path, pool=pool, test_set=test_set, stage=stage)
        run_first(taken.project, stage("Choosing the next proposals"))
    out.print(f"{taken.labels} labels were taken over.", highlight=False)
    for note in taken.notes:
        out.print(f"  note: {note}", markup=False, highlight=False, soft_wrap=True)
    tell_made(taken.project)
