"""Shards made to do harm: names that lead out, links, sizes that lie, bombs; nothing is ever unpacked on disk."""

from __future__ import annotations

import io
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from config.schema import PoolSection
from labeling.pools.errors import PoolContentError, PoolError, PoolReaderError
from labeling.pools.pool import Pool
from labeling.pools.shard_index import BOMB_BYTES, MAX_MEMBER_BYTES, shard_members
from labeling.pools.snapshot import make_snapshot
from tests.labeling.pools.files import image_bytes, image_member, write_tar, write_zip

HOSTILE = [
    "../x.png", "a/../../x.png", "/etc/x.png", "..\\x.png", "\\x.png", "C:\\x.png", "C:/x.png", "a\0b.png", "a\nb.png",
    "..", "x" * 5_000 + ".png",
]  # fmt: skip


def take(path: Path) -> Pool:
    return make_snapshot(PoolSection(path=path.name), folder=path.parent / "data/pool", base=path.parent)


def refused(path: Path, words: str) -> None:
    before = [each for each in sorted(path.parent.parent.rglob("*")) if each.name != "data"]
    with pytest.raises(PoolContentError, match=words) as caught:
        take(path)
    assert path.name in str(caught.value)
    after = [each for each in sorted(path.parent.parent.rglob("*")) if each.name != "data"]
    assert after == before


@pytest.mark.parametrize("name", HOSTILE)
def test_member__with_a_hostile_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "pool").mkdir()
    words = "is absolute|leads out|no text|characters"
    # In a tar of its own, whose header takes NUL and long names too.
    info = tarfile.TarInfo("x")
    info.pax_headers = {"path": name}
    info.size = len(image_bytes(0))
    with tarfile.open(tmp_path / "pool/s.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(image_bytes(0)))
    refused(tmp_path / "pool/s.tar", words)
    (tmp_path / "pool/s.tar").unlink()
    raw = write_zip(tmp_path / "pool/s.zip", [("N" * len(name.encode()), image_bytes(0))]).read_bytes()
    (tmp_path / "pool/s.zip").write_bytes(raw.replace(b"N" * len(name.encode()), name.encode()))
    refused(tmp_path / "pool/s.zip", words)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_member__that_is_a_link_or_a_device(tmp_path: Path, kind: bytes) -> None:
    (tmp_path / "pool").mkdir()
    with tarfile.open(tmp_path / "pool/s.tar", "w") as archive:
        info = tarfile.TarInfo("x.png")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    refused(tmp_path / "pool/s.tar", "a link or special file")
    with zipfile.ZipFile(tmp_path / "pool/s.zip", "w") as zipped:
        link = zipfile.ZipInfo("x.png")
        link.external_attr = 0o120777 << 16
        zipped.writestr(link, "/etc/passwd")
    with pytest.raises(PoolContentError, match="a link or special file"):
        take(tmp_path / "pool/s.zip")


def test_tar__that_declares_more_than_it_has(tmp_path: Path) -> None:
    (tmp_path / "pool").mkdir()
    for size, words in (
        (10**7, "is cut short: member 'x.png' at byte 512"),
        (MAX_MEMBER_BYTES + 1, "it declares"),
    ):
        info = tarfile.TarInfo("x.png")
        info.size = size
        (tmp_path / "pool/s.tar").write_bytes(info.tobuf() + bytes(2_048))
        refused(tmp_path / "pool/s.tar", words)


def test_tar__whose_header_takes_a_gigabyte(tmp_path: Path) -> None:
    """A long name of a gigabyte, in a file with a hole: the library reads it into memory."""
    (tmp_path / "pool").mkdir()
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    path = tmp_path / "pool/s.tar"
    with path.open("wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.truncate(2 << 30)
    tracemalloc.start()
    refused(path, r"a header declares 1,073,741,824 bytes")
    assert tracemalloc.get_traced_memory()[1] < 50 << 20
    tracemalloc.stop()


def test_tar__whose_headers_lead_backwards(tmp_path: Path) -> None:
    """A negative size made the library read the same members for ever (CVE-2025-8194)."""
    (tmp_path / "pool").mkdir()
    good = tarfile.TarInfo("a.png")
    raw = bytearray(tarfile.TarInfo("b.png").tobuf())
    raw[124:136] = b"\xff" * 10 + struct.pack(">h", -1024)
    raw[148:156] = b"        "
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    (tmp_path / "pool/s.tar").write_bytes(good.tobuf() + bytes(raw) + good.tobuf() + bytes(1_024))
    refused(tmp_path / "pool/s.tar", "leads backwards|is damaged")


def test_zip__of_which_a_member_is_a_bomb(tmp_path: Path) -> None:
    (tmp_path / "pool").mkdir()
    path = tmp_path / "pool/s.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.png", bytes(4 * BOMB_BYTES))
    tracemalloc.start()
    refused(path, "no image does so")
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def test_zip__that_unpacks_to_more_than_it_declares(tmp_path: Path) -> None:
    (tmp_path / "pool").mkdir()
    packed = zlib.compress(bytes(64 << 20), 9)[2:-4]
    path = write_zip(tmp_path / "pool/s.zip", [("y.png", b"y"), ("x.png", b"z" * 1_000), image_member(0)])
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("x.png")
    start = member.header_offset + 30 + len("x.png")
    # The bytes of a bomb, cut to the length that is stored there.
    path.write_bytes(raw[:start] + packed[: member.compress_size] + raw[start + member.compress_size :])
    tracemalloc.start()
    pool = take(path)
    assert tracemalloc.get_traced_memory()[1] < 30 << 20
    tracemalloc.stop()
    row = pool.row("x.png")
    assert row is not None and not pool.readable[row] and pool.readable[pool.row("im-00.png") or 0]


def test_zip__whose_members_overlap(tmp_path: Path) -> None:
    """One stored body for a thousand members: 42 kB become gigabytes."""
    (tmp_path / "pool").mkdir()
    path = write_zip(tmp_path / "pool/s.zip", [("a.png", image_bytes(0)), ("b.png", image_bytes(1))])
    raw = path.read_bytes()
    start = raw.index(b"PK\x01\x02")
    entry_end = raw.index(b"PK\x01\x02", start + 4)
    entry, end = raw[start:entry_end], bytearray(raw[raw.index(b"PK\x05\x06") :])
    count = 500
    listed = b"".join(entry.replace(b"a.png", b"%05d" % number) for number in range(count))
    end[8:12] = struct.pack("<HH", count, count)
    end[12:16] = struct.pack("<I", len(listed))
    path.write_bytes(raw[:start] + listed + bytes(end))
    refused(path, "they overlap, or it is cut short|no member begins")


@pytest.mark.parametrize("suffix", ["tar", "zip"])
def test_shard__of_nonsense(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "pool").mkdir()
    for data in (b"x" * 3_000, bytes(100), b"PK\x03\x04" + bytes(500), b"PK\x05\x06" + b"\xff" * 18):
        path = tmp_path / f"pool/s.{suffix}"
        path.write_bytes(data)
        with pytest.raises(PoolError, match=rf"s\.{suffix}"):
            take(path)


def test_shard__a_link_that_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "pool").mkdir()
    write_tar(tmp_path / "secret.tar", [image_member(0)])
    (tmp_path / "pool/s-0.tar").symlink_to(tmp_path / "secret.tar")
    for pattern in ("s-*.tar", "s-{0..0}.tar", "{..,x}/secret.tar"):
        with pytest.raises(PoolError):
            make_snapshot(PoolSection(path=pattern), folder=tmp_path / "data/pool", base=tmp_path / "pool")
    with pytest.raises(PoolReaderError, match="a link that leads out"):
        make_snapshot(PoolSection(path="s-*.tar"), folder=tmp_path / "data/pool", base=tmp_path / "pool")


def test_snapshot__from_somebody_else_reads_no_file_outside(tmp_path: Path) -> None:
    """`snapshot.json` names the shards: one that somebody wrote may name any file."""
    (tmp_path / "pool").mkdir()
    (tmp_path / "secret").write_bytes(image_bytes(7))
    pool = take(write_tar(tmp_path / "pool/s.tar", [image_member(0)]))
    file = pool.folder / "snapshot.json"
    size = (tmp_path / "pool/s.tar").stat().st_size
    text = file.read_text().replace('"name": "s.tar"', '"name": "../secret"')
    file.write_text(text.replace(f'"size": {size}\n', f'"size": {len(image_bytes(7))}\n'))
    from labeling.pools.pool import open_pool

    with pytest.raises(PoolError, match="is gone"):
        open_pool(pool.folder).images(0, 1)


def test_shard__with_many_members_keeps_no_object_for_each(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "s.tar", ((f"{number}.txt", b"") for number in range(3_000)))
    tracemalloc.start()
    assert sum(1 for _ in shard_members(path)) == 3_000
    assert tracemalloc.get_traced_memory()[1] < 400_000
    tracemalloc.stop()
