"""Whether an address may be asked: allowed by the person, and not inside a private network by another name.

Server-side request forgery: somebody's table names an address, and this machine, which can reach more than they can,
asks it. Two defences, each by itself: only origins that the person allowed are asked, and the numbers that a name
stands for are looked at before the connection is made to those very numbers, so that a name that changes its mind
(DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket

from config.errors import ConfigError
from config.fetching import FetchRules, Origin, read_origin
from labeling.fetching.errors import FetchRefusedError, FetchStalledError

Number = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def check_allowed(address: str, rules: FetchRules) -> Origin:
    """Return where an address leads, if the person has allowed it.

    Raises:
        FetchRefusedError: they have not, or it is no address that can be fetched.
    """
    try:
        origin = read_origin(address)
    except ConfigError as error:
        raise FetchRefusedError(f"{error}; goldpan fetches nothing from there") from error
    if origin not in rules.allowed:
        raise FetchRefusedError(
            f"{address[:200]} is an address, and goldpan fetches nothing that you have not allowed; allow it with "
            f"--allow-fetch {origin}, or download it and name the file"
        )
    return origin


def numbers_of(origin: Origin) -> list[str]:
    """Return the numeric addresses of a web origin, all of which may be asked.

    Raises:
        FetchRefusedError: one of them lies in a private network, and the person has not named it by its number.
        FetchStalledError: the name stands for nothing.
    """
    try:
        found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchStalledError(
            f"{origin}: the name {origin.host} cannot be resolved ({error}); see to the network, or mend the address"
        ) from error
    numbers = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for number in numbers:
        if not _may_be_asked(number, origin.host):
            raise FetchRefusedError(
                f"{origin} leads to {number}, in a private network; goldpan fetches nothing there by a name. If it is "
                "yours, allow it by its number and name that in the pool: --allow-fetch "
                f"{Origin(origin.scheme, number.split('%')[0], origin.port)}"
            )
    return numbers


def _may_be_asked(number: str, host: str) -> bool:
    """Return whether a number is on the public network, or is what the person themselves allowed as a number.

    Args:
        number: as the resolver gave it.
        host: as the person allowed it.
    """
    seen = _unwrapped(ipaddress.ip_address(number.split("%")[0]))
    # Where cloud machines keep their secrets (169.254.169.254), and what is no place at all.
    if seen.is_link_local or seen.is_multicast or seen.is_unspecified:
        return False
    if host == number or (host == "localhost" and seen.is_loopback):
        return True
    return seen.is_global and not seen.is_reserved


def _unwrapped(number: Number) -> Number:
    """Return the IPv4 address that an IPv6 address carries, if it does: mapped, 6to4, Teredo, NAT64."""
    if isinstance(number, ipaddress.IPv4Address):
        return number
    if number in _NAT64:
        return ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
    carried = number.ipv4_mapped or number.sixtofour or (number.teredo and number.teredo[1])
    return carried or number
