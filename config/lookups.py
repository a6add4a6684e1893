"""Addresses to look an item up at elsewhere: what a template may be, whom it leads to, the address for one item.

`https://simbad.example/sim-coo?coord={ra}%20{dec}` has two places for columns; `{key}` is the item's key. A page never
fetches such an address: it shows a link, and only to a host that the person has allowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from pydantic_core import PydanticCustomError

KEY = "key"
"""The placeholder of the item's key; a column of that name is not reached."""

LONGEST_VALUE = 1000
"""Characters of a value that goes into an address."""

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_TEMPLATE = re.compile(rf"https?://{_HOST}(?:[/?#](?:{_PLACEHOLDER.pattern}|[^\s\\{{}}])*)?", re.IGNORECASE)
_ALLOWED = "http:// or https://, a host name without placeholders, then a path with {key} or {COLUMN} in it"


def check_template(url: str) -> str:
    """Return the template unchanged.

    Raises:
        PydanticCustomError: it is no address on the web, its host has a placeholder or a login, a brace has no
            partner, or there is nothing to fill in.
    """
    if not _TEMPLATE.fullmatch(url) or not url.isprintable():
        raise PydanticCustomError("goldpan", "{message}", {"message": f"given {url!r}; allowed: {_ALLOWED}"})
    if not template_names(url):
        message = f"given {url!r}, the same for every item; allowed: {_ALLOWED}"
        raise PydanticCustomError("goldpan", "{message}", {"message": message})
    return url


def check_host(host: str) -> str:
    """Return the host unchanged.

    Raises:
        PydanticCustomError: it is no host name, with or without a port.
    """
    if not re.fullmatch(_HOST, host):
        message = (
            f"given {host!r}; allowed: a host as in the address, such as simbad.example or localhost:8080"
        )
        raise PydanticCustomError("goldpan", "{message}", {"message": message})
    return host


def template_host(url: str) -> str:
    """Return the host, with its port where one is given, that a checked template leads to, in lower case."""
    return url.split("://", 1)[1].partition("/")[0].partition("?")[0].partition("#")[0].lower()


def template_names(url: str) -> tuple[str, ...]:
    """Return the names in a template's places, in their order; each once."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(url)))


def fill_template(url: str, values: Mapping[str, str]) -> str | None:
    """Return the address for one item, None where a value is missing or must not be in an address.

    Args:
        url: a checked template.
        values: name → value; percent-encoded here, so that a value stays one piece of a path or query.
    """
    for name in template_names(url):
        value = values.get(name, "")
        # Two dots alone would climb to another place of that host, encoded or not.
        if not value or len(value) > LONGEST_VALUE or value in (".", ".."):
            return None
    return _PLACEHOLDER.sub(lambda place: quote(values[place[1]], safe=""), url)
