"""`goldpan init`: a project from a pool, or from a file that describes one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli_fetch import FetchOption
from app.cli_plugins import PluginOption
from app.errors import ProjectError
from app.terminal import stages, tell_made

ConfigArgument = Annotated[
    Path, typer.Argument(metavar="PROJECT.YAML", help="The project's configuration file.")
]
PoolOption = Annotated[
    str | None,
    typer.Option("--pool", help="The pool: a file or a folder. Left out, PROJECT.YAML says where it is."),
]


def init_command(
    context: typer.Context,
    config_path: ConfigArgument,
    pool: PoolOption = None,
    name: Annotated[
        str | None, typer.Option(help="The project's name; the file's name if not given.")
    ] = None,
    reader: Annotated[str, typer.Option(help="How to read the pool; 'auto' looks at it.")] = "auto",
    key: Annotated[str | None, typer.Option(help="Column that names the items.")] = None,
    text: Annotated[str | None, typer.Option(help="Column with the text to label.")] = None,
    image: Annotated[str | None, typer.Option(help="Column with image bytes.")] = None,
    image_path: Annotated[
        str | None, typer.Option(help="Column with images' paths below the table's folder, or addresses.")
    ] = None,
    vectors: Annotated[str | None, typer.Option(help="List column with ready-made vectors.")] = None,
    series: Annotated[
        str | None, typer.Option(help="List columns of a time series, one a channel, comma-separated.")
    ] = None,
    columns: Annotated[str | None, typer.Option(help="Columns the model uses, comma-separated.")] = None,
    extra: Annotated[
        str | None, typer.Option(help="Columns shown but never used by the model, comma-separated.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Column whose items stay together in a split: a patient, a night.")
    ] = None,
    truth: Annotated[str | None, typer.Option(help="Column with true labels: hidden, never used.")] = None,
    labels_from_folders: Annotated[
        bool, typer.Option(help="Take sub-folders as hidden true labels.")
    ] = False,
    hdu: Annotated[str | None, typer.Option(help="Which table of a FITS file, by name or number.")] = None,
    join: Annotated[
        list[str] | None,
        typer.Option(help="Another table, or a folder of images, about the same items; may be given again."),
    ] = None,
    on: Annotated[
        list[str] | None,
        typer.Option(
            help="Column by which they fit: KEY, or OURS=THEIRS; one for each --join, or one for all."
        ),
    ] = None,
    combine: Annotated[
        list[str] | None,
        typer.Option(help="A calculated column: 'u - g', or 'name = log10(oiii / hb)'; may be given again."),
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="Class names, comma-separated; can be typed in later.")
    ] = None,
    encoder: Annotated[str, typer.Option(help="How items become vectors; 'auto' chooses by kind.")] = "auto",
    preset: Annotated[
        str | None, typer.Option(help="Start from a preset: digits_demo, images, tabular or text.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all random choices.", min=0)] = 0,
    plugin: PluginOption = None,
    allow_fetch: FetchOption = None,
) -> None:
    """Make a project from a pool: import it, compute vectors and map, run the first round.

    With PROJECT.YAML alone, make the project that the file describes.
    """
    from app.prepare import create_described_project, create_project
    from app.run_now import run_first
    from app.setup import ProjectWishes, combined_of, joins_of, make_config

    if pool is None:
        _refuse_options_without_pool(context, config_path)
        with stages(config_path) as stage:
            project = create_described_project(config_path, stage=stage)
            run_first(project, stage("Choosing the first proposals"))
        tell_made(project)
        return
    wishes = ProjectWishes(
        name=name or config_path.stem, pool=pool, reader=reader, key=key, text=text, image=image,
        image_path=image_path, vectors=vectors, series=names_of(series) or (), columns=names_of(columns),
        extra=names_of(extra) or (), group=group, truth=truth, labels_from_folders=labels_from_folders, hdu=hdu,
        joins=joins_of(join or (), on or ()), combined=combined_of(combine or ()),
        classes=names_of(classes) or (), encoder=encoder, preset=preset, seed=seed,
    )  # fmt: skip
    config = make_config(wishes, config_path)
    with stages(config_path) as stage:
        project = create_project(config, config_path, stage=stage)
        run_first(project, stage("Choosing the first proposals"))
    tell_made(project)


def names_of(text: str | None) -> tuple[str, ...] | None:
    """Return the names of a list with commas, None for none.

    Args:
        text: as it was typed.
    """
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def _refuse_options_without_pool(context: typer.Context, config_path: Path) -> None:
    """`goldpan init FILE` takes everything from the file, so the file must be there and nothing else be asked for."""
    given = [
        f"--{name.replace('_', '-')}"
        for name in context.params
        if name not in ("config_path", "plugin", "allow_fetch")
        and str(context.get_parameter_source(name)).endswith("COMMANDLINE")
    ]
    if given or not config_path.exists():
        why = f"{', '.join(given)} given without a pool" if given else f"{config_path} does not exist"
        raise ProjectError(f"{why}; say where the items are with --pool FILE_OR_FOLDER")
