"""Links to look an item up elsewhere, as the configuration has them; nothing here or on the page fetches one."""

from __future__ import annotations

from app.items import Json
from config.lookups import KEY, fill_template, template_host, template_names
from config.names import closest
from config.schema import LookupSection, ViewsSection
from labeling.pools.contract import Column
from labeling.pools.pool import Pool
from labeling.pools.values import format_value

EXACT = 2**53
"""Whole numbers up to this one are stored with all their digits."""


def lookup_links(pool: Pool, row: int, views: ViewsSection) -> list[Json]:
    """Return the links of an item: `name` and `url`, those alone whose host is allowed and whose values are there."""
    allowed = [lookup for lookup in views.lookups if _is_allowed(lookup, views)]
    if not allowed:
        return []
    names = {name for lookup in allowed for name in template_names(lookup.url)}
    columns = {column.name: column for column in pool.columns}
    stored = pool.values(row, names)
    values = {name: _plain(columns[name], value) for name, value in stored.items() if value is not None}
    values[KEY] = pool.key(row)
    filled = [(lookup.name, fill_template(lookup.url, values)) for lookup in allowed]
    return [{"name": name, "url": url} for name, url in filled if url is not None]


def lookup_notes(pool: Pool, views: ViewsSection) -> list[str]:
    """Return for each look-up whose link is never shown why, and what to do."""
    known = [column.name for column in pool.columns]
    notes = []
    for lookup in views.lookups:
        if not _is_allowed(lookup, views):
            host = template_host(lookup.url)
            notes.append(
                f"views.lookups: {lookup.name!r} leads to {host}, which is not allowed, so its link is not shown; "
                f"to allow it, add {host} to views.lookup_hosts"
            )
        for name in template_names(lookup.url):
            if name != KEY and name not in known:
                notes.append(
                    f"views.lookups: {lookup.name!r} names {name!r}, which is no column of pool.columns or pool.extra, "
                    f"so its link is not shown{closest(name, known)}"
                )
    return notes


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
