"""The command line: `goldpan init | serve | people | demo | export | share | replay | import | round | status | …`."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli_audit_set import audit_set
from app.cli_cluster import cluster_app
from app.cli_columns import bands_command, columns_command
from app.cli_curate import curate_command
from app.cli_db import db_app
from app.cli_fetch import FetchOption
from app.cli_gold import gold
from app.cli_import import import_labels_command
from app.cli_init import ConfigArgument, init_command, names_of
from app.cli_log import log_command
from app.cli_people import people
from app.cli_plugins import PluginOption, plugins
from app.cli_serve import run_server, serve_command
from app.cli_share import import_astronomical, import_shared, replay, share
from app.errors import PoolDamagedError, ProjectError
from app.plugins import KINDS, ensure_loaded
from app.server import DEFAULT_ADDRESS, DEFAULT_PORT
from app.simulate import simulate
from app.terminal import out, prepare_terminal, stages, tell_made, tell_problem
from app.version import VERSION
from config.errors import GoldpanError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Find and label the rare things in a large unlabeled pool, in the browser.",
)

LISTED_FILES = 50
"""Files that `goldpan export` names; of a folder of images there may be thousands more."""


def main() -> None:
    """Run the command line; what a person can put right ends in a line on stderr and exit code 2."""
    logging.basicConfig(
        level=os.environ.get("GOLDPAN_LOG", "WARNING").upper(), format="%(levelname)s %(name)s: %(message)s"
    )
    prepare_terminal()
    try:
        app()
    except GoldpanError as problem:
        tell_problem(problem)
        sys.exit(2)
    except KeyboardInterrupt:
        tell_problem("stopped; what was labelled is saved")
        sys.exit(130)
    except OSError as problem:
        place = f" ({problem.filename})" if problem.filename else ""
        tell_problem(f"{problem.strerror or problem}{place}")
        sys.exit(2)


app.command("init")(init_command)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to keep the demo project.")] = Path("demo"),
    port: Annotated[
        int, typer.Option(help="Port to bind to; 0 for any free one.", min=0, max=65535)
    ] = DEFAULT_PORT,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page where there is a desktop.")
    ] = True,
    only_make: Annotated[
        bool, typer.Option("--only-make", help="Make the project, do not serve it.")
    ] = False,
) -> None:
    """Make (once) and serve the demo: about 1,000 handwritten digits, two of them rare."""
    from app.demo import CONFIG_NAME, make_demo
    from app.run_now import run_first
    from app.server import claim_port

    if not only_make:
        claim_port(DEFAULT_ADDRESS, port)
    with stages(folder / CONFIG_NAME) as stage:
        project = make_demo(folder, stage=stage)
        run_first(project, stage("Choosing the first proposals"))
    project.close()
    if not only_make:
        run_server(folder / CONFIG_NAME, address=DEFAULT_ADDRESS, port=port, open_browser=open_browser)


@app.command()
def refresh(
    config_path: ConfigArgument, plugin: PluginOption = None, allow_fetch: FetchOption = None
) -> None:
    """Take over a pool that changed since the project was made; labels stay with their items."""
    from app.prepare import describe_pool_change, settings_changed
    from app.project import open_project

    try:
        project = open_project(config_path)
    except PoolDamagedError as problem:
        tell_problem(problem)
        _take_in_anew(config_path)
        return
    change = describe_pool_change(project)
    same = project.config.pool.hash in {None, project.pool.hash} and not settings_changed(project)
    project.close()
    if change is None and same:
        out.print("The pool is as it was; nothing to do.")
        return
    if change is not None:
        out.print(change.describe(), markup=False, highlight=False, soft_wrap=True)
    _take_in_anew(config_path)


@app.command("export")
def export_command(
    config_path: ConfigArgument,
    formats: Annotated[
        str, typer.Option("--formats", help="Which exports, comma-separated.")
    ] = "csv,parquet,selection",
    to: Annotated[
        Path | None, typer.Option("--to", help="A new folder; one in the project's folder if not given.")
    ] = None,
    licence: Annotated[
        str, typer.Option(help="Terms under which the labels may be used, for the manifest: 'CC BY 4.0'.")
    ] = "",
    plugin: PluginOption = None,
    allow_fetch: FetchOption = None,
    split: Annotated[
        str | None, typer.Option(help="Divide the selection: 70/15/15, 80/20, or train=8,dev=1,test=1.")
    ] = None,
    budget: Annotated[int | None, typer.Option(help="At most so many items in the selection.", min=1)] = None,
    counts: Annotated[
        str | None, typer.Option(help="Items of each class in the selection: star=500,quasar=100.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Select every labelled item, unbalanced; for splits of all.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Say what the selection would do; write nothing.")
    ] = False,
    auto_labels: Annotated[
        bool,
        typer.Option("--auto-labels", help="Add the model's surest predictions as labels, marked as such."),
    ] = False,
    auto_target: Annotated[float, typer.Option(help="Share of these that should be right.")] = 0.95,
    auto_cap: Annotated[int, typer.Option(help="At most so many of these of a class.", min=1)] = 100,
    without_audit: Annotated[
        bool, typer.Option("--without-audit", help="Add them though no audit set says how many are wrong.")
    ] = False,
) -> None:
    """Write the labels, a class-balanced selection and the shared config."""
    from app.auto_labels import AutoWishes
    from app.exporting import export_project, preview_selection
    from app.project import open_project
    from app.selection_wishes import read_wishes
    from models.errors import VectorsError

    wishes = read_wishes(split=split, budget=budget, counts=counts, everything=everything)
    project = open_project(config_path)
    try:
        if preview:
            for words in preview_selection(project, wishes):
                out.print(words, highlight=False, markup=False, soft_wrap=True)
            return
        written = export_project(
            project,
            formats=names_of(formats) or (),
            folder=to,
            licence=licence,
            wishes=wishes,
            auto=AutoWishes(auto_target, auto_cap, without_audit) if auto_labels else None,
        )
    except VectorsError as problem:
        raise ProjectError(f"{problem}: `goldpan round {config_path}` does") from problem
    finally:
        project.close()
    out.print(f"{written.describe()}:", highlight=False, markup=False, soft_wrap=True)
    for file in written.files[:LISTED_FILES]:
        out.print(f"  {file.relative_to(written.folder)}", highlight=False, markup=False)
    if len(written.files) > LISTED_FILES:
        out.print(f"  and {len(written.files) - LISTED_FILES:,} more", highlight=False)


@app.command("round")
def round_command(
    config_path: ConfigArgument, plugin: PluginOption = None, allow_fetch: FetchOption = None
) -> None:
    """Run one round now, in this process."""
    from app.prepare import resume_preparation
    from app.run_now import run_now

    with stages(config_path) as stage:
        project = resume_preparation(config_path, stage=stage)
        count = run_now(project)
    project.close()
    out.print(f"{count} proposals are stored.", highlight=False)


@app.command()
def status(
    config_path: ConfigArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how far a project is."""
    from app.project import open_project
    from app.status import describe_round, read_status

    project = open_project(config_path)
    found = read_status(project.database)
    project.close()
    counts = {entry.name: found.count_of(entry.id) for entry in found.classes}
    if as_json:
        values = {
            "items": project.pool.n,
            "revision": found.revision,
            "round": found.round_number,
            "labels": counts,
        }
        print(json.dumps(values))
        return
    out.print(
        f"{project.config.project.name}: {found.labelled} of {project.pool.n} items labelled", markup=False
    )
    out.print(describe_round(found), markup=False)
    for name, count in counts.items():
        out.print(f"  {count:6d}  {name}", markup=False, highlight=False)


app.command("serve")(serve_command)
app.add_typer(people, name="people")
app.command(context_settings={"allow_extra_args": True})(simulate)
app.command("log")(log_command)
app.command("columns")(columns_command)
app.command("bands")(bands_command)
app.command("import-labels")(import_labels_command)
app.command("share")(share)
app.command("import")(import_shared)
app.command("replay")(replay)
app.command("plugins")(plugins)
app.command("import-astronomical")(import_astronomical)
app.command("curate")(curate_command)
app.add_typer(db_app, name="db")
app.add_typer(cluster_app, name="cluster")
app.add_typer(gold, name="gold")
app.add_typer(audit_set, name="audit-set")


@app.command()
def strategies(plugin: PluginOption = None) -> None:
    """List the strategies, heads, encoders, readers and exports by name."""
    from labeling.exports.registry import exports
    from labeling.pools.registry import readers
    from models.encoders.registry import encoders
    from models.heads.registry import heads
    from strategies.registry import strategies as strategy_registry

    ensure_loaded(*KINDS)
    for registry in (strategy_registry, heads, encoders, readers, exports):
        out.print(f"{registry.kind}: {', '.join(registry.names())}", markup=False, highlight=False)


@app.command("config-schema")
def config_schema() -> None:
    """Print the JSON Schema of the configuration file."""
    from config.json_schema import json_schema

    print(json.dumps(json_schema(), indent=2))


@app.command()
def version() -> None:
    """Print the version."""
    print(VERSION)


def _take_in_anew(config_path: Path) -> None:
    """Read the pool anew and say that the project is ready."""
    from app.renewal import take_in_anew

    with stages(config_path) as stage:
        renewed = take_in_anew(config_path, stage=stage)
    tell_made(renewed)
