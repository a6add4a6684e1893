"""Links to look an item up elsewhere, as the configuration has them; nothing here or on the page fetches one."""

from __future__ import annotations

from collections.abc import Sequence

from app.items import Json
from config.lookups import KEY, fill_template, template_host, template_names
from config.names import closest
from config.schema import LookupSection, ViewsSection
from config.view_parts import CutoutSection
from labeling.pools.contract import Column
from labeling.pools.pool import Pool
from labeling.pools.values import format_value

EXACT = 2**53
"""Whole numbers up to this one are stored with all their digits."""


def lookup_links(pool: Pool, row: int, views: ViewsSection) -> list[Json]:
    """Return the links of an item: `name` and `url`, those alone whose host is allowed and whose values are there."""
    return filled_links(pool, row, [lookup for lookup in views.lookups if _is_allowed(lookup, views)])


def filled_links(pool: Pool, row: int, templates: Sequence[LookupSection | CutoutSection]) -> list[Json]:
    """Return `name` and `url` of an item for each template whose values are there; the caller allows the hosts."""
    if not templates:
        return []
    names = {name for template in templates for name in template_names(template.url)}
    columns = {column.name: column for column in pool.columns}
    stored = pool.values(row, names)
    values = {name: _plain(columns[name], value) for name, value in stored.items() if value is not None}
    values[KEY] = pool.key(row)
    filled = [(template.name, fill_template(template.url, values)) for template in templates]
    return [{"name": name, "url": url} for name, url in filled if url is not None]


def lookup_notes(pool: Pool, views: ViewsSection) -> list[str]:
    """Return for each look-up whose link is never shown why, and what to do."""
    notes = []
    for lookup in views.lookups:
        if not _is_allowed(lookup, views):
            host = template_host(lookup.url)
            notes.append(
                f"views.lookups: {lookup.name!r} leads to {host}, which is not allowed, so its link is not shown; "
                f"to allow it, add {host} to views.lookup_hosts"
            )
        notes += column_notes(pool, "views.lookups", lookup, what="link")
    return notes


def column_notes(pool: Pool, part: str, template: LookupSection | CutoutSection, *, what: str) -> list[str]:
    """Return a remark for each place of a template that no column fills.

    Args:
        pool: the pool.
        part: the key that holds the template.
        template: an address with places.
        what: what is shown of it, in a word.
    """
    known = [column.name for column in pool.columns]
    return [
        f"{part}: {template.name!r} names {name!r}, which is no column of pool.columns or pool.extra, so its {what} is "
        f"not shown{closest(name, known)}"
        for name in template_names(template.url)
        if name != KEY and name not in known
    ]


def _is_allowed(lookup: LookupSection, views: ViewsSection) -> bool:
    return template_host(lookup.url) in {host.lower() for host in views.lookup_hosts}


def _plain(column: Column, value: float | str) -> str:
    """Return a value as it was, all its digits with it; a date as ISO 8601; "" for one that has lost some."""
    if isinstance(value, str):
        return value
    if column.unit is not None:
        return format_value(column, value)
    if value != int(value):
        return repr(float(value))
    # The number of an object beyond these would lead to another object.
    return str(int(value)) if abs(value) <= EXACT else ""
