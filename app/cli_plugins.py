"""`goldpan plugins`, and the option `--plugin` of the other commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from app.plot_plugins import load_plots
from app.plugins import KINDS, ensure_loaded, found_plugins, name_files
from app.terminal import out, tell_problem


def take_files(files: list[Path] | None) -> list[Path] | None:
    """Load the files that `--plugin` names, before a configuration is read that uses what they bring.

    Args:
        files: as they were given.

    Returns:
        The same.
    """
    name_files(files or ())
    return files


def take_plots(files: list[Path] | None) -> list[Path] | None:
    """Do the same for a server, where plots are drawn.

    Args:
        files: as they were given.

    Returns:
        The same.
    """
    if files:
        load_plots(files)
    return files


HELP = "A Python file with parts of your own; docs/plugins.md."
PluginOption = Annotated[
    list[Path] | None, typer.Option("--plugin", help=HELP, callback=take_files, is_eager=True)
]
ServerPluginOption = Annotated[
    list[Path] | None, typer.Option("--plugin", help=HELP, callback=take_plots, is_eager=True)
]


def plugins(plugin: PluginOption = None) -> None:
    """List what plug-ins bring: strategies, heads, encoders, readers, exports and plots, with version and origin."""
    del plugin
    ensure_loaded(*KINDS)
    found = found_plugins()
    good = [each for each in found if not each.problem]
    if not good:
        out.print("No plug-in is installed or named; docs/plugins.md says how to write one.", markup=False)
    else:
        table = Table("kind", "name", "version", "origin", box=None, pad_edge=False)
        for each in good:
            table.add_row(each.kind, each.name, each.version or "-", each.origin)
        out.print(table)
    for each in found:
        if each.problem:
            tell_problem(each.problem)
