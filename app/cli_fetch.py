"""The option `--allow-fetch` of the commands that may fetch a pool or its images."""

from __future__ import annotations

from typing import Annotated

import typer

from config.fetching import allow_fetch


def take_allowed(addresses: list[str] | None) -> list[str] | None:
    """Allow addresses for this process and those it starts, before anything is fetched.

    Args:
        addresses: as they were given.

    Returns:
        The same.
    """
    allow_fetch(addresses or ())
    return addresses


FetchOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-fetch",
        metavar="ADDRESS",
        help="Fetch from here: https://host or s3://bucket; docs/scale.md.",
        callback=take_allowed,
        is_eager=True,
    ),
]
