"""`goldpan plugins`, and the option `--plugin` of the other commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
    """List what plug-ins bring, strategies, heads, readers, plots and others, with version and origin."""
    del plugin
    ensure_loaded(*KINDS)
    found = found_plugins()
    good = [each for each in found if not each.problem]
    if not good:
        out.print("No plug-in is installed or named; docs/plugins.md says how to write one.", markup=False)
    else:
        rows = [("kind", "name", "version", "origin")]
        rows += [(each.kind, each.name, each.version or "-", each.origin) for each in good]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            # Lines as long as they are: a path that is cut off can be neither read nor copied.
            words = "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True))
            out.print(words.rstrip(), highlight=False, markup=False, soft_wrap=True)
    for each in found:
        if each.problem:
            tell_problem(each.problem)
