"""What the person at this machine lets goldpan fetch: addresses, and how much of them is kept on disk.

Nothing is fetched unless the person has said so, on the command line (`--allow-fetch`) or in a file of their own,
never in a project's file, which may come from anyone. What was allowed travels to the processes that goldpan starts
by the environment variable GOLDPAN_ALLOW_FETCH. The person's file is `fetch.yaml` in the folder of their settings:

```yaml
allow: [https://data.example.org, s3://my-bucket]
cache_gb: 50
cache_folder: /scratch/goldpan
```
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.documents import DocumentError, read_document
from config.errors import ConfigError, ConfigInvalidError

VARIABLE = "GOLDPAN_ALLOW_FETCH"
"""Allowed addresses, separated by blanks; `--allow-fetch` adds to it."""
FILE_VARIABLE = "GOLDPAN_FETCH_FILE"
"""Names another file than `fetch.yaml` in the person's folder."""

WEB = {"http": 80, "https": 443}
"""Schemes that goldpan itself speaks, and their ports."""
STORES = frozenset({"s3", "gs", "gcs", "abfs", "abfss", "az", "oss"})
"""Schemes of object stores, for which fsspec has a library each; what stands for the host is a bucket."""

_MAX_FILE_BYTES = 64 << 10
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\\)")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,254}")
_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)")


class FetchSettings(BaseModel):
    """The person's `fetch.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow: tuple[Annotated[str, Field(max_length=2000)], ...] = ()
    cache_gb: float = Field(20.0, gt=0, le=1e6)
    cache_folder: Path | None = None


@dataclass(frozen=True)
class Origin:
    """Where an address leads: scheme, host and port, or a store and its bucket.

    Attributes:
        scheme: lower case.
        host: lower case, an address of numbers in its one usual form; of a store the bucket.
        port: 0 for a store.
    """

    scheme: str
    host: str
    port: int = 0

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            f"{self.scheme}://{host}{f':{self.port}' if self.port not in (0, WEB.get(self.scheme)) else ''}"
        )


@dataclass(frozen=True)
class FetchRules:
    """What may be fetched, and what is kept.

    Attributes:
        allowed: where from; nothing else is ever asked.
        cache_folder: where fetched files lie.
        cache_bytes: how much of them is kept.
    """

    allowed: frozenset[Origin]
    cache_folder: Path
    cache_bytes: int


def is_address(text: str) -> bool:
    r"""Return whether a text is an address and no path: `https://…`, `file:…`, but not `C:\…` nor `a:b/c.png`."""
    scheme = _SCHEME.match(text)
    return "://" in text or (scheme is not None and scheme[0].lower() in ("file:", "data:"))


def read_origin(address: str) -> Origin:
    """Return where an address leads.

    Raises:
        ConfigError: it is no address that goldpan can fetch, or one that is written so that people and programs read it
            differently: a name and password before the host, numbers in an unusual form, odd signs.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{address[:200]!r} is no address ({error})") from error
    scheme = parts.scheme.lower()
    if scheme in STORES and "::" not in address and _BUCKET.fullmatch(parts.netloc):
        return Origin(scheme, parts.netloc)
    if scheme not in WEB:
        raise ConfigError(
            f"{address[:200]!r} cannot be fetched; allowed are {', '.join((*WEB, *sorted(STORES)))} and a host"
        )
    if re.search(r"[\s\\\x00-\x20\x7f]", address) or "@" in parts.netloc or "%" in parts.netloc:
        raise ConfigError(
            f"{address[:200]!r}: blanks, backslashes, percent signs in the host, and names or passwords before it are "
            "not allowed in an address"
        )
    return Origin(scheme, _plain_host(parts, address), WEB[scheme] if port is None else port)


def load_rules(more: Sequence[str] = ()) -> FetchRules:
    """Return what the person lets goldpan fetch.

    Args:
        more: addresses allowed beside those of the environment and the person's file.

    Raises:
        ConfigError: the file cannot be read, or an address in it or in the environment is none.
        ConfigInvalidError: the file holds wrong keys or values.
    """
    settings = _read_settings(settings_file())
    named = [*settings.allow, *os.environ.get(VARIABLE, "").split(), *more]
    folder = settings.cache_folder or platformdirs.user_cache_path("goldpan") / "fetched"
    return FetchRules(
        frozenset(read_origin(each) for each in named),
        folder.expanduser(),
        int(settings.cache_gb * 1e9),
    )


def allow_fetch(addresses: Sequence[str]) -> None:
    """Allow addresses for this process and those that it starts.

    Raises:
        ConfigError: one of them is none.
    """
    origins = [str(read_origin(each)) for each in addresses]
    given = os.environ.get(VARIABLE, "").split()
    os.environ[VARIABLE] = " ".join(dict.fromkeys([*given, *origins]))


def settings_file() -> Path:
    """Return where the person's settings are, whether or not there are any."""
    named = os.environ.get(FILE_VARIABLE)
    return Path(named).expanduser() if named else platformdirs.user_config_path("goldpan") / "fetch.yaml"


def _plain_host(parts: SplitResult, address: str) -> str:
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError as error:
            raise ConfigError(f"{address[:200]!r}: {host!r} is no address ({error})") from error
    with_signs = host
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError as error:
            raise ConfigError(f"{address[:200]!r}: {with_signs!r} is no name of a host ({error})") from error
    if not _HOST.fullmatch(host):
        raise ConfigError(f"{address[:200]!r}: {with_signs!r} is no name of a host")
    # 2130706433, 0x7f.1 and 0177.0.0.1 are 127.0.0.1 to some programs: only the usual form is taken.
    if _NUMBER.fullmatch(host.rsplit(".", 1)[-1]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError as error:
            raise ConfigError(
                f"{address[:200]!r}: {host!r} is an address in an unusual form; write it as four numbers"
            ) from error
    return host


def _read_settings(path: Path) -> FetchSettings:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE_BYTES + 1)
        if len(raw) > _MAX_FILE_BYTES:
            raise ConfigError(f"{path} is larger than {_MAX_FILE_BYTES:,} bytes; it holds addresses alone")
        data = read_document(raw.decode("utf-8")).data if raw.strip() else {}
    except FileNotFoundError:
        return FetchSettings()
    except (OSError, UnicodeDecodeError, DocumentError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); mend it or remove it") from error
    try:
        return FetchSettings.model_validate(data)
    except ValidationError as error:
        found = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in error.errors()
        )
        raise ConfigInvalidError(f"{path}: {found} (allow, cache_gb and cache_folder are known)") from error
