"""`goldpan simulate`: which strategy teaches most for the same effort, on a project whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.cli_plugins import PluginOption
from app.terminal import err, out, tell_problem

if TYPE_CHECKING:
    from app.simulation.grid import Grid
    from app.simulation.plan_file import PlanFile
    from app.simulation.running import Report
    from app.simulation.store import StoredRun

RUNS_FOLDER, REPORT_NAME = "runs", "report.html"
SHOWN = ("strategy", "area", "Δ area", "all classes", "rare", "to 95 %")
"""Columns of the report that the terminal has room for; with pages `decisions` too."""

WHOLE_COLUMNS = 3
"""The first columns are not broken into lines."""


def simulate(
    context: typer.Context,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.YAML", help="A project with hidden truth, or a plan that names several."
        ),
    ],
    strategies: Annotated[
        str | None,
        typer.Option(
            help="Strategies, with a space or comma between: NAME, with +START, +names or +page after it."
        ),
    ] = None,
    heads: Annotated[str | None, typer.Option(help="Heads, comma-separated.")] = None,
    seeds: Annotated[str | None, typer.Option(help="How many seeds (5), or which (10-19 or 3,7).")] = None,
    budget: Annotated[int | None, typer.Option(help="Labels (or decisions) a run may cost.")] = None,
    batch: Annotated[int | None, typer.Option(help="Labels between two trainings.")] = None,
    long_tail: Annotated[
        float | None, typer.Option(help="Thin to a long tail: largest class over smallest.")
    ] = None,
    needles: Annotated[int | None, typer.Option(help="Thin so many classes to --each items.")] = None,
    each: Annotated[int | None, typer.Option(help="Items left of each needle.")] = None,
    rare: Annotated[
        str | None, typer.Option(help="Classes to be the rarest, comma-separated; else the seed draws them.")
    ] = None,
    held_out: Annotated[int | None, typer.Option(help="Most items a class held out to measure on.")] = None,
    reference: Annotated[
        str | None, typer.Option(help="The strategy the others are compared with; margin where it runs.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes on this machine.", min=1)] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler, tcp://HOST:PORT, instead of processes.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for runs, tables and report; kept runs are not repeated."),
    ] = None,
    plugin: PluginOption = None,
) -> None:
    """Simulate labelling where the truth is known, and compare strategies: a table, an HTML report, Parquet."""
    from app.simulation.plan_file import grid_of

    plan = _plan(
        path,
        {
            "strategies": _strategy_names(strategies, context.args),
            "heads": _split(heads),
            "seeds": None if seeds is None else _seeds(seeds),
            "budget": budget,
            "batch": batch,
            "queue": None if batch is None else max(60, batch),
            "reference": reference,
        },
        _thinning(long_tail, needles, each, _split(rare), held_out),
    )
    grid = grid_of(plan, path.parent)
    chosen = _reference(plan.reference, [contender.label for contender in grid.contenders])
    folder = to or path.with_suffix(".simulation")
    failures = _run(grid, folder, workers=workers, scheduler=scheduler, title=path.name, reference=chosen)
    if failures:
        for failure in failures:
            tell_problem(failure)
        raise typer.Exit(2)


def _run(
    grid: Grid, folder: Path, *, workers: int, scheduler: str | None, title: str, reference: str
) -> tuple[str, ...]:
    """Run the grid and tell the outcome; what is finished is told even if it is stopped."""
    from app.simulation.errors import WorkersError
    from app.simulation.executors import open_workers
    from app.simulation.running import kept_runs, run_grid

    runs_folder = folder / RUNS_FOLDER
    try:
        with _progress(grid.size) as report, open_workers(workers, scheduler) as pool:
            result = run_grid(grid, runs_folder, pool, report)
    except (KeyboardInterrupt, WorkersError) as problem:
        runs = kept_runs(grid, runs_folder) if runs_folder.is_dir() else ()
        if runs:
            _tell(runs, folder, title=title, reference=reference)
        if isinstance(problem, WorkersError):
            raise
        tell_problem(
            f"stopped; {len(runs)} of {grid.size} runs are kept in {folder}: the same command goes on"
        )
        raise typer.Exit(130) from None
    _tell(result.runs, folder, title=title, reference=reference)
    kept = len(result.runs) - result.made
    if kept:
        out.print(f"{kept} of {grid.size} runs were there already.", highlight=False)
    return result.failures


def _tell(runs: Sequence[StoredRun], folder: Path, *, title: str, reference: str) -> None:
    """Write tables and report, and print the standings."""
    from app.simulation.report import write_report
    from app.simulation.tables import standings, write_tables
    from app.simulation.words import COLUMNS, cells

    found = standings(runs, reference)
    names = [name for name, _ in COLUMNS]
    pages = any(run.strategy.endswith("+page") for run in runs)
    shown = [names.index(name) for name in (*SHOWN, *(["decisions"] if pages else []))]
    for pool, head in dict.fromkeys((standing.pool, standing.head) for standing in found):
        rows = [standing for standing in found if (standing.pool, standing.head) == (pool, head)]
        seeds = max(standing.seeds for standing in rows)
        title_words = f"{pool}, {head}, {seeds} seed{'' if seeds == 1 else 's'}"
        table = Table(title=title_words, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for place in shown:
            table.add_column(
                names[place], justify="left" if place == 0 else "right", no_wrap=place < WHOLE_COLUMNS
            )
        for standing in rows:
            texts = cells(standing)
            table.add_row(*(texts[place] for place in shown))
        out.print(table)
    write_tables(runs, folder)
    about = f"{len(runs)} runs; {', '.join(dict.fromkeys(run.strategy for run in runs if run.strategy))}."
    write_report(runs, folder / REPORT_NAME, title=f"Simulation: {title}", about=about, reference=reference)
    out.print(f"The report is {folder / REPORT_NAME}; every run is in {folder / 'runs.parquet'}.",
              highlight=False, markup=False, soft_wrap=True)  # fmt: skip


def _plan(path: Path, wishes: dict[str, Any], thinning: dict[str, Any]) -> PlanFile:
    """Return the plan of a file, with what the command line says in its place."""
    from app.simulation.errors import PlanError
    from app.simulation.plan_file import is_plan, load_plan, plan_from

    given = {name: value for name, value in wishes.items() if value is not None}
    if not is_plan(path):
        return plan_from({"pools": [{"project": path.name, **thinning}], **given})
    if thinning:
        raise PlanError(
            f"{path} says how its pools are thinned; leave out the options about that, or name a project's file"
        )
    plan = load_plan(path)
    return plan_from({**plan.model_dump(exclude_unset=True), **given})


def _thinning(
    long_tail: float | None,
    needles: int | None,
    each: int | None,
    rare: Sequence[str] | None,
    held_out: int | None,
) -> dict[str, Any]:
    from app.simulation.errors import PlanError

    if each is not None and needles is None:
        raise PlanError("--each belongs to --needles; give that too")
    needle = {"classes": needles, "each": each}
    values = {
        "long_tail": long_tail,
        "needles": {name: value for name, value in needle.items() if value is not None} or None,
        "rare": rare,
        "held_out_each": held_out,
    }
    return {name: value for name, value in values.items() if value is not None}


def _strategy_names(option: str | None, more: Sequence[str]) -> list[str] | None:
    """Return what `--strategies a,b` or `--strategies a b` names; the shell hands over the latter's rest by itself."""
    from app.simulation.errors import PlanError

    if option is None:
        if more:
            raise PlanError(
                f"one file is simulated at a time, and {' '.join(more)} was given too; a plan names several"
            )
        return None
    return [name for part in (option, *more) for name in _split(part) or ()]


def _seeds(text: str) -> int | list[int]:
    from app.simulation.errors import PlanError

    try:
        if "-" in text:
            first, last = text.split("-")
            return list(range(int(first), int(last) + 1))
        return [int(part) for part in text.split(",")] if "," in text else int(text)
    except ValueError as problem:
        raise PlanError(
            f"seeds are {text!r}; give how many (5), a range (10-19) or a list (3,7)"
        ) from problem


def _reference(wanted: str | None, labels: Sequence[str]) -> str:
    from app.simulation.errors import PlanError

    if wanted is None:
        return "margin" if "margin" in labels else labels[0]
    if wanted not in labels:
        raise PlanError(f"the reference {wanted!r} is not among the strategies: {', '.join(labels)}")
    return wanted


def _split(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


@contextmanager
def _progress(total: int) -> Iterator[Report]:
    columns = (
        TextColumn("Simulating"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[what]}"),
    )
    with Progress(*columns, console=err) as bars:
        bar = bars.add_task("", total=total, what="")
        yield lambda done, _total, what: bars.update(bar, completed=done, what=what[:48])
