"""Where each member of a tar or zip shard lies: one pass over its headers, nothing unpacked on disk.

A shard may come from anyone. Names that lead out of a folder, links and special files are refused, though nothing
is ever written by them: a shard with such a member was not made to be looked at. Sizes that a header declares are
held against the file before a byte is read, and what is unpacked against what was declared.
"""

from __future__ import annotations

import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from labeling.pools.errors import PoolContentError

MAX_MEMBER_BYTES = 512 << 20
"""Largest image file in a shard."""
MAX_TAR_HEADER_BYTES = 1 << 20
MAX_ZIP_LIST_BYTES = 64 << 20
"""The list of a zip file's members, half a million of them."""
MAX_NAME = 4_096
BOMB_BYTES, MAX_EXPANSION = 16 << 20, 100
"""What unpacks to more than the one, and to so many times what is stored, is a bomb and no image."""

_BLOCK = 512
_LOCAL_HEADER = 30
_ENCRYPTED = 1
_METHODS = {zipfile.ZIP_STORED: False, zipfile.ZIP_DEFLATED: True}
_ODD_NAME = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_DRIVE = re.compile(r"[A-Za-z]:")
_BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, ValueError, EOFError, OverflowError, RecursionError, struct.error,
    NotImplementedError, OSError, KeyError, IndexError, TypeError,
)  # fmt: skip
"""What the libraries are known to raise on archives that are damaged, or made to be."""


@dataclass(frozen=True)
class Member:
    """A file in a shard.

    Attributes:
        name: POSIX path, without a leading "./".
        offset: where its bytes begin in the shard.
        stored: how many bytes lie there.
        size: its bytes when they are unpacked; `stored` where they lie there as they are.
        packed: whether they are deflated.
        crc: its CRC-32; None where the shard has none.
    """

    name: str
    offset: int
    stored: int
    size: int
    packed: bool = False
    crc: int | None = None


def shard_members(path: Path, *, called: str | None = None) -> Iterator[Member]:
    """Yield the files of a shard in the order in which they lie there.

    Args:
        path: a tar or zip file.
        called: what messages call it; its path if None.

    Raises:
        PoolContentError: it is damaged or cut short, or has a member that is refused; the message says where.
    """
    name = called or str(path)
    try:
        with path.open("rb") as file:
            walk = _zip_members if path.suffix.lower() == ".zip" else _tar_members
            yield from walk(file, name)
    except PoolContentError:
        raise
    except _BROKEN as error:
        raise PoolContentError(
            f"the shard {name} is damaged ({type(error).__name__}: {error}); fetch it again or write it anew"
        ) from error


def read_member(file: BinaryIO, member: Member) -> bytes | None:
    """Return the bytes of a member, None where they are not what the shard declares.

    Args:
        file: the shard.
        member: as `shard_members` told.
    """
    file.seek(member.offset)
    data = unpacked(file.read(member.stored), member)
    if data is None or (member.crc is not None and zlib.crc32(data) != member.crc):
        return None
    return data


def unpacked(data: bytes, member: Member) -> bytes | None:
    """Return a member's bytes from those that lie in the shard, None where they are fewer or more than declared.

    No more is unpacked than was declared, whatever the bytes would become.
    """
    if len(data) != member.stored:
        return None
    if not member.packed:
        return data
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = engine.decompress(data, member.size + 1)
    except zlib.error:
        return None
    return found if len(found) == member.size else None


def check_name(name: str, shard: str, offset: int) -> str:
    """Return a member's name as a POSIX path.

    Raises:
        PoolContentError: it leads out of a folder, is absolute, empty or too long, or is no text that can be shown.
    """
    plain = name
    while plain.startswith("./"):
        plain = plain[2:]
    parts = plain.replace("\\", "/").split("/")
    why = None
    if not plain or len(plain) > MAX_NAME:
        why = f"its name has {len(plain):,} characters; allowed are 1 to {MAX_NAME:,}"
    elif _ODD_NAME.search(plain):
        why = "its name holds NUL or other signs that are no text"
    elif plain.startswith(("/", "\\")) or _DRIVE.match(plain):
        why = "its name is absolute"
    elif ".." in parts:
        why = "its name leads out of its folder"
    if why is not None:
        raise PoolContentError(
            f"the shard {shard}, member {name[:80]!r} at byte {offset:,}: {why}; such a shard is not read, write it "
            "anew without that member"
        )
    return plain


class _Bounded:
    """A file of which no read is larger than a bound: a header cannot make the library take a gigabyte."""

    def __init__(self, file: BinaryIO, most_bytes: int, shard: str) -> None:
        self._file, self._most, self._shard = file, most_bytes, shard

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes, all that is left for a negative one."""
        here = self._file.tell()
        wanted = size if size >= 0 else self._file.seek(0, 2) - here
        if wanted > self._most:
            raise PoolContentError(
                f"the shard {self._shard}, byte {here:,}: a header declares {wanted:,} bytes, allowed are "
                f"{self._most:,}; write the shard anew"
            )
        self._file.seek(here)
        return self._file.read(wanted)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def seekable(self) -> bool:
        """Return that places can be gone to."""
        return True


def _tar_members(file: BinaryIO, shard: str) -> Iterator[Member]:
    total = file.seek(0, 2)
    file.seek(0)
    end = 0
    with tarfile.open(fileobj=_Bounded(file, MAX_TAR_HEADER_BYTES, shard), mode="r:") as archive:  # type: ignore[call-overload]
        while (found := archive.next()) is not None:
            # The list that the library keeps would be an object for each item.
            archive.members = []
            if found.offset < end or found.size < 0:
                raise PoolContentError(
                    f"the shard {shard}, byte {end:,}: a header that leads backwards; write it anew"
                )
            name = check_name(found.name, shard, found.offset)
            end = (
                found.offset_data + -(-found.size // _BLOCK) * _BLOCK if found.isreg() else found.offset_data
            )
            if found.isdir():
                continue
            if not found.isreg() or found.sparse is not None:
                raise PoolContentError(
                    f"the shard {shard}, member {name!r} at byte {found.offset:,}: a link or special file; such a "
                    "shard is not read, write it anew with plain files"
                )
            _check_size(shard, name, found.offset_data, found.size, total)
            yield Member(name, found.offset_data, found.size, found.size)
    _check_end(file, shard, end, total)


def _check_end(file: BinaryIO, shard: str, end: int, total: int) -> None:
    """Find the mark at the end of a tar: the library takes a damaged header for the end, and a cut between members."""
    file.seek(end)
    mark = file.read(_BLOCK)
    if len(mark) < _BLOCK:
        raise PoolContentError(
            f"the shard {shard} is cut short: it ends at byte {total:,} without the mark of its end; fetch it again"
        )
    if mark.strip(b"\0"):
        raise PoolContentError(
            f"the shard {shard} is damaged: what stands at byte {end:,} is no header; fetch it again or write it anew"
        )


def _zip_members(file: BinaryIO, shard: str) -> Iterator[Member]:
    total = file.seek(0, 2)
    with zipfile.ZipFile(_Bounded(file, MAX_ZIP_LIST_BYTES, shard)) as archive:
        listed = sorted(archive.infolist(), key=lambda each: each.header_offset)
        stored = sum(each.compress_size + _LOCAL_HEADER for each in listed)
        if stored > total:
            raise PoolContentError(
                f"the shard {shard} has {total:,} bytes and its members declare {stored:,}: they overlap, or it is cut "
                "short; fetch it again or write it anew"
            )
        for info in listed:
            name = check_name(info.orig_filename, shard, info.header_offset)
            if info.is_dir():
                continue
            yield _zip_member(file, shard, info, name, total)


def _zip_member(file: BinaryIO, shard: str, info: zipfile.ZipInfo, name: str, total: int) -> Member:
    where = f"the shard {shard}, member {name!r} at byte {info.header_offset:,}"
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        raise PoolContentError(f"{where}: a link or special file; write the shard anew with plain files")
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        raise PoolContentError(
            f"{where}: encrypted or packed otherwise than by deflate; write the shard anew"
        )
    file.seek(info.header_offset)
    head = file.read(_LOCAL_HEADER)
    if len(head) < _LOCAL_HEADER or head[:4] != b"PK\x03\x04":
        raise PoolContentError(f"{where}: no member begins there; fetch the shard again or write it anew")
    name_length, extra_length = struct.unpack("<HH", head[26:30])
    offset = info.header_offset + _LOCAL_HEADER + name_length + extra_length
    _check_size(shard, name, offset, info.compress_size, total)
    packed = _METHODS[info.compress_type]
    most = min(MAX_MEMBER_BYTES, max(BOMB_BYTES, MAX_EXPANSION * info.compress_size))
    if info.file_size > most or (not packed and info.file_size != info.compress_size):
        raise PoolContentError(
            f"{where}: it declares {info.file_size:,} bytes where {info.compress_size:,} are stored; no image does so, "
            "write the shard anew"
        )
    return Member(name, offset, info.compress_size, info.file_size, packed, info.CRC)


def _check_size(shard: str, name: str, offset: int, stored: int, total: int) -> None:
    if stored > MAX_MEMBER_BYTES:
        raise PoolContentError(
            f"the shard {shard}, member {name!r} at byte {offset:,}: it declares {stored:,} bytes; allowed are "
            f"{MAX_MEMBER_BYTES:,}"
        )
    if offset + stored > total:
        raise PoolContentError(
            f"the shard {shard} is cut short: member {name!r} at byte {offset:,} has {stored:,} bytes and the file "
            f"ends at byte {total:,}; fetch it again"
        )
