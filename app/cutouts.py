"""Pictures of an item that other servers cut out at its position: their addresses, and whom a page may ask for them.

The server fetches none. The browser does, from hosts alone that the person has allowed in the project's file: the
page's content security policy names exactly these (`app.gate`). A shared config brings no allowed host along
(`app.share`).
"""

from __future__ import annotations

from app.item_views import view_links
from app.items import Json
from app.lookups import column_notes, filled_links, lookup_links, lookup_notes
from config.lookups import template_host
from config.schema import ViewsSection
from config.view_parts import CutoutSection
from labeling.pools.pool import Pool


def cutout_links(pool: Pool, row: int, views: ViewsSection) -> list[Json]:
    """Return `name` and `url` of an item's pictures: those whose host is allowed and whose values are there."""
    return filled_links(pool, row, _allowed(views))


def elsewhere(pool: Pool, row: int, views: ViewsSection) -> Json:
    """Return what the card shows beside the item: `links` to look it up elsewhere; `cutouts`, pictures to be fetched.

    The pictures are those of plug-ins first, which this server draws, then those that other servers cut out.
    """
    pictures = [*view_links(pool, row), *cutout_links(pool, row, views)]
    return {"links": lookup_links(pool, row, views), "cutouts": pictures}


def picture_sources(views: ViewsSection) -> tuple[str, ...]:
    """Return whom a page may ask for pictures: scheme and host of each allowed cut-out."""
    found = (
        f"{cutout.url.split(':', 1)[0].lower()}://{template_host(cutout.url)}" for cutout in _allowed(views)
    )
    return tuple(dict.fromkeys(found))


def cutout_notes(pool: Pool, views: ViewsSection) -> list[str]:
    """Return for each picture that is never shown why, and what to do."""
    allowed = _allowed(views)
    notes = []
    for cutout in views.cutouts:
        host = template_host(cutout.url)
        if cutout not in allowed:
            notes.append(
                f"views.cutouts: {cutout.name!r} comes from {host}, which is not allowed, so it is not fetched; to "
                f"allow it, add {host} to views.image_hosts. It will see the positions of the items that are looked at"
            )
        notes += column_notes(pool, "views.cutouts", cutout, what="picture")
    return notes


def elsewhere_notes(pool: Pool, views: ViewsSection) -> list[str]:
    """Return what a person should know of links and pictures that are not shown."""
    return [*lookup_notes(pool, views), *cutout_notes(pool, views)]


def _allowed(views: ViewsSection) -> list[CutoutSection]:
    hosts = {host.lower() for host in views.image_hosts}
    return [cutout for cutout in views.cutouts if template_host(cutout.url) in hosts]
