"""`goldpan serve`: the dashboard for one person on this machine, or for a team that signs in."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from app.cli_fetch import FetchOption
from app.cli_plugins import ServerPluginOption
from app.login.entrance import Entrance
from app.renewal import heed_signals, start_again, take_in_anew, words_of
from app.server import ALONE, DEFAULT_ADDRESS, DEFAULT_PORT, serve
from app.terminal import has_desktop, out, stages, tell_problem
from config.errors import GoldpanError
from labeling.people import Role

TEAM = "Team"
"""Heading of the options that concern several people, in the command's help."""


def serve_command(
    config_path: Annotated[
        Path, typer.Argument(metavar="PROJECT.YAML", help="The project's configuration file.")
    ],
    address: Annotated[str, typer.Option(help="Address to bind to.")] = DEFAULT_ADDRESS,
    port: Annotated[
        int, typer.Option(help="Port to bind to; 0 for any free one.", min=0, max=65535)
    ] = DEFAULT_PORT,
    allow_host: Annotated[list[str] | None, typer.Option(help="Also answer to this host:port.")] = None,
    plugin: ServerPluginOption = None,
    allow_fetch: FetchOption = None,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page where there is a desktop.")
    ] = True,
    login: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Sign in with a password of this file.", rich_help_panel=TEAM, dir_okay=False
        ),
    ] = None,
    oauth_provider: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Sign in at this OAuth provider; key and secret in PANEL_OAUTH_KEY, PANEL_OAUTH_SECRET.",
            rich_help_panel=TEAM,
        ),
    ] = None,
    oauth_admit: Annotated[
        Role | None,
        typer.Option(
            help="Add the provider's people as this; else they must be known.", rich_help_panel=TEAM
        ),
    ] = None,
    behind_tls: Annotated[
        bool,
        typer.Option(
            "--behind-tls", help="A proxy in front speaks TLS; its headers count.", rich_help_panel=TEAM
        ),
    ] = False,
    open_to_network: Annotated[
        bool,
        typer.Option(
            "--open-to-network", help="Let the network in though nobody signs in.", rich_help_panel=TEAM
        ),
    ] = False,
) -> None:
    """Serve a project's dashboard until Ctrl-C."""
    entrance = Entrance(
        password_file=login,
        oauth_provider=oauth_provider,
        oauth_admit=oauth_admit,
        behind_tls=behind_tls,
        open_to_network=open_to_network,
    )
    entrance.check(address)
    _warn(config_path)
    run_server(
        config_path,
        address=address,
        port=port,
        allow_hosts=tuple(allow_host or ()),
        plugins=tuple(plugin or ()),
        open_browser=open_browser,
        entrance=entrance,
    )


def run_server(
    config_path: Path,
    *,
    address: str,
    port: int,
    open_browser: bool,
    allow_hosts: tuple[str, ...] = (),
    plugins: tuple[Path, ...] = (),
    entrance: Entrance = ALONE,
) -> None:
    """Serve a project, say where it is, and open it where there is a desktop.

    Args:
        config_path: the project's YAML file.
        address: the address to bind to.
        port: the port to bind to; 0 for any free one.
        open_browser: whether to open the page.
        allow_hosts: further values of the Host header to answer, as "name:port".
        plugins: Python files with plug-ins.
        entrance: who may come in.
    """

    def ready(url: str) -> None:
        out.print(f"goldpan is at {url} (Ctrl-C stops it)", highlight=False, markup=False)
        if open_browser and has_desktop():
            webbrowser.open(url)

    left = serve(
        config_path,
        address=address,
        port=port,
        allow_hosts=allow_hosts,
        plugins=plugins,
        on_ready=ready,
        entrance=entrance,
        renewable=True,
    )
    if left is not None:
        start_again(left, problem=_renew(config_path))


def _renew(config_path: Path) -> str:
    """Read the pool anew between two servers; return why it could not be, empty if it could."""
    heed_signals()
    try:
        with stages(config_path) as stage:
            take_in_anew(config_path, stage=stage).close()
    except (GoldpanError, OSError) as problem:
        tell_problem(problem)
        return words_of(problem)
    return ""


def _warn(config_path: Path) -> None:
    """Say what a person should know before the page opens: a pool that changed, links that are not shown."""
    from app.cutouts import elsewhere_notes
    from app.prepare import describe_pool_change
    from app.project import open_project
    from labeling.pools.errors import PoolError

    project = open_project(config_path)
    try:
        change = describe_pool_change(project)
        words = (
            ""
            if change is None
            else f"{change.describe()}; labels are kept by item key: run `goldpan refresh`"
        )
    except PoolError as problem:
        words = f"{problem}; the snapshot taken at `goldpan init` is used"
    notes = elsewhere_notes(project.pool, project.config.views)
    project.close()
    for note in [words, *notes] if words else notes:
        tell_problem(note)
