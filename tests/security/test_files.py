"""Files from someone else: they run nothing, fetch nothing, lead nowhere, and cost no more memory than they hold."""

from __future__ import annotations

import io
import pickle
import socket
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from app.round_files import read_arrays
from config import documents
from config.errors import ConfigInvalidError
from config.files import parse_config
from config.schema import PoolSection
from labeling.fetching import fetcher, web
from labeling.pools import rows
from labeling.pools.csv_rows import MAX_COLUMNS
from labeling.pools.errors import (
    PoolColumnsError,
    PoolContentError,
    PoolError,
    PoolMissingError,
    VectorShapeError,
)
from labeling.pools.image_folder import list_images, read_file
from labeling.pools.images import SCREEN_PIXELS, browser_image, inspect_image
from labeling.pools.pool import Pool
from labeling.pools.snapshot import make_snapshot
from labeling.pools.stretch import Stretch

LEAD = "version: 1\nproject: {name: x}\npool: {path: x.csv}\n"


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.sprung,)


def snapshot(path: Path, **values: Any) -> Pool:
    section = PoolSection(path=str(path), **values)
    return make_snapshot(
        section, folder=path.parent / "snapshot", base=path.parent, progress=lambda share, what: None
    )


# --- pickles


def test_trap__springs_where_a_file_is_unpickled(tmp_path: Path) -> None:
    """The attack itself works: the tests below could fail."""
    np.save(tmp_path / "x.npy", np.array([Trap(tmp_path / "sprung")], dtype=object), allow_pickle=True)
    np.load(tmp_path / "x.npy", allow_pickle=True)
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("name", "reader"),
    [(f"x.{suffix}", "auto") for suffix in ("npy", "npz", "parquet", "csv", "jsonl")] + [("x.npy", "series")],
)
def test_pickle__by_any_name_is_not_opened(tmp_path: Path, name: str, reader: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(PoolError):
        snapshot(tmp_path / name, reader=reader)
    assert not (tmp_path / "sprung").exists()


def test_pickle__inside_an_array(tmp_path: Path) -> None:
    traps = np.array([[Trap(tmp_path / "sprung")]], dtype=object)
    np.save(tmp_path / "x.npy", traps, allow_pickle=True)
    np.savez(tmp_path / "y.npz", x=traps, allow_pickle=True)
    for name in ("x.npy", "y.npz"):
        for reader in ("auto", "series"):
            with pytest.raises(PoolError):
                snapshot(tmp_path / name, reader=reader)
    assert not (tmp_path / "sprung").exists()


def test_pickle__in_the_metadata_of_parquet(tmp_path: Path) -> None:
    """An extension type by that name was unpickled by PyArrow before 14.0.1."""
    packed = pickle.dumps(Trap(tmp_path / "sprung"))
    field = pa.field("a", pa.float64(), metadata={
        b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": packed,
    })  # fmt: skip
    schema = pa.schema(
        [field, pa.field("b", pa.float64())], metadata={b"pandas": packed, b"huggingface": packed}
    )
    table = pa.table([pa.array([1.0, 2.0]), pa.array([3.0, 4.0])], schema=schema)
    pq.write_table(table, tmp_path / "x.parquet")
    assert snapshot(tmp_path / "x.parquet").n == 2
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("bare", [False, True])
def test_pickle__in_the_place_of_a_rounds_arrays(tmp_path: Path, bare: bool) -> None:
    folder = tmp_path / "000001"
    folder.mkdir()
    trap = Trap(tmp_path / "sprung")
    for name in ("predictions", "predicted", "uncertainty"):
        file = folder / f"{name}.npy"
        if bare:
            file.write_bytes(pickle.dumps(trap))
        else:
            np.save(file, np.array([trap], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"Python objects|allow_pickle|memory-mapped"):
        read_arrays(tmp_path, 1)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.slow
def test_weights__that_bring_code_are_not_run(tmp_path: Path) -> None:
    """sentence-transformers before 6.0 imported a local model's own modules, whatever trust_remote_code said."""
    pytest.importorskip("sentence_transformers")
    from models.encoders.text_transformer import _load
    from models.errors import EncoderUnavailableError

    (tmp_path / "modules.json").write_text('[{"idx": 0, "name": "0", "path": "", "type": "evil.Evil"}]')
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\nclass Evil: ...\n")
    with pytest.raises(EncoderUnavailableError):
        _load(str(tmp_path), "cpu")
    assert not (tmp_path / "sprung").exists()


# --- bombs


BOMBS = {
    "alias": (LEAD + "a: &a [x]\nb: [*a, *a]\n", "the anchor '&a' is not allowed"),
    "tag": (LEAD + "views: !!python/object/apply:os.system [id]\n", "the tag .* is not allowed"),
    "lists": (LEAD + "a: " + "[" * 100_000, "more than 20 mappings and lists"),
    "mappings": (LEAD + "a: " + "{b: " * 5_000, "more than 20 mappings and lists"),
    "values": (LEAD + "classes:\n" + "- name: x\n" * 2_000, "more than 3,000 values"),
    "length": (LEAD + "#" * 9_000_000, "characters of YAML; allowed"),
    "twice": (LEAD + "project: {name: y}\n", "given twice"),
    "digits": (LEAD + "rounds: {batch: " + "9" * 100_000 + "}\n", "rounds.batch"),
    "row": (
        LEAD + "shared:\n  annotations:\n    - " + '{"a":' * 100_000 + "1" + "}" * 100_000 + "\n",
        "more than 20 mappings and lists",
    ),
    "row-cut": (
        LEAD + "shared:\n  annotations:\n    - " + '{"a":' * 100_000 + "\n",
        "more than 20 mappings and lists",
    ),
    "merge": (LEAD + "<<: {a: 1}\n", "<<: unknown key"),
}
"""Name → text, and what is said of it: a file with a key that is not known would be refused for that alone."""


@pytest.mark.parametrize("name", BOMBS)
def test_configuration__that_is_a_bomb(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_VALUES", 3_000)
    text, words = BOMBS[name]
    with pytest.raises(ConfigInvalidError, match=words):
        parse_config(text)


@pytest.mark.parametrize(
    "line", ['{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", '{"a": ' + "9" * 100_000 + "}", "[]"]
)
def test_json__that_is_a_bomb(tmp_path: Path, line: str) -> None:
    (tmp_path / "x.jsonl").write_text(line + "\n")
    with pytest.raises(PoolContentError, match="line 1"):
        snapshot(tmp_path / "x.jsonl")


def test_line__without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a gigabyte in one line took 4 GB; a CSV header of that length ended in a traceback."""
    monkeypatch.setattr(rows, "LINE_BYTES", 1 << 16)
    for name in ("x.jsonl", "x.txt"):
        (tmp_path / name).write_text('{"a": "' + "x" * (1 << 17) + '"}\n')
        with pytest.raises(PoolContentError, match="line 1: longer than"):
            snapshot(tmp_path / name)
    (tmp_path / "x.csv").write_text("a,b" + "x" * (5 << 20) + "\n1,2\n")
    with pytest.raises(PoolContentError, match="header"):
        snapshot(tmp_path / "x.csv")
    (tmp_path / "y.csv").write_text(f"a,{'x' * 200_000}\n1,2\n")
    with pytest.raises(PoolContentError, match="header"):
        snapshot(tmp_path / "y.csv")
    (tmp_path / "z.csv").write_text("a,b\n1," + "x" * (20 << 20) + "\n")
    with pytest.raises(PoolContentError, match="line 2"):
        snapshot(tmp_path / "z.csv")


def test_table__of_a_hundred_thousand_columns(tmp_path: Path) -> None:
    """Names were compared each with each: minutes of a busy processor, then 1.3 GB."""
    count = 100_000
    (tmp_path / "x.csv").write_text(
        ",".join(f"c{number}" for number in range(count)) + "\n" + "1," * (count - 1) + "1\n"
    )
    with pytest.raises(PoolColumnsError, match=f"{MAX_COLUMNS:,}"):
        snapshot(tmp_path / "x.csv")


def test_parquet__that_unpacks_to_a_thousand_times_its_size(tmp_path: Path) -> None:
    """7 KB gave 400 million zeros and took 11 GB; this one says less, for the test."""
    lists = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(40_000_000, np.float32)), 2_000_000)
    pq.write_table(
        pa.table({"v": lists.cast(pa.list_(pa.float32()))}), tmp_path / "x.parquet", compression="zstd"
    )
    with pytest.raises(VectorShapeError, match="65,536"):
        snapshot(tmp_path / "x.parquet", reader="vectors")


def test_parquet__numbers_beyond_all_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "EXPANDED_BYTES", 1 << 20)
    pq.write_table(pa.table({"a": np.zeros(3_000_000)}), tmp_path / "x.parquet", compression="zstd")
    with pytest.raises(PoolContentError, match="such a file is not read"):
        snapshot(tmp_path / "x.parquet")


def test_parquet__batches_are_small_where_rows_are_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BATCH_BYTES", 1 << 16)
    lists = pa.FixedSizeListArray.from_arrays(
        pa.array(np.random.default_rng(0).random(64_000, np.float32)), 1_000
    )
    pq.write_table(pa.table({"v": lists.cast(pa.list_(pa.float32()))}), tmp_path / "x.parquet")
    sizes = [batch.num_rows for batch in rows.ParquetRows(tmp_path / "x.parquet").batches(["v"])]
    assert sum(sizes) == 64 and max(sizes) <= 16


@pytest.mark.parametrize("shape", [(10**12, 10**5), (-4, 3), (2**62, 4), (4,), (0, 0)])
def test_array__that_declares_what_it_does_not_hold(tmp_path: Path, shape: tuple[int, ...]) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": shape})
    (tmp_path / "x.npy").write_bytes(head.getvalue() + bytes(64))
    with pytest.raises(PoolError):
        snapshot(tmp_path / "x.npy")


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a grey PNG of any declared size, with more chunks behind its header."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", header), *chunks, (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return data


def peak_mb(step: Callable[[], Any]) -> float:
    """Return the most that Python held while a step ran."""
    tracemalloc.start()
    try:
        step()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_image__that_is_a_bomb() -> None:
    zeros = zlib.compress(bytes(100 << 20), 9)
    frames = io.BytesIO()
    Image.new("P", (64, 64)).save(
        frames, "GIF", save_all=True, append_images=[Image.new("P", (64, 64), 1)] * 500
    )
    bombs = {
        "declared": png(50_000, 50_000, (b"IDAT", b"")),
        "text": png(8, 8, (b"zTXt", b"Comment\0\0" + zeros), (b"IDAT", zlib.compress(bytes(72)))),
        "profile": png(8, 8, (b"iCCP", b"x\0\0" + zeros), (b"IDAT", zlib.compress(bytes(72)))),
        "frames": frames.getvalue(),
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>window.pwned=1</script></svg>",
        "html": b"<html><script>window.pwned=1</script>",
        "polyglot": b"GIF89a/*" + b"*/=window.pwned=1",
    }
    for name, data in bombs.items():
        assert peak_mb(partial(inspect_image, data)) < 60, name
        shown = browser_image(data, stretch=Stretch("asinh"))
        assert shown is None or (shown[1].startswith("image/") and "svg" not in shown[1]), name
    for name in ("declared", "svg", "html"):
        assert inspect_image(bombs[name]) is not None, name


def test_image__is_thinned_before_it_is_stretched() -> None:
    """One request for a stretched image of 88 million pixels, 250 KB on disk, took 1 to 1.7 GB of the server."""
    data = io.BytesIO()
    Image.new("RGB", (6_000, 5_000)).save(data, "PNG")
    shown = browser_image(data.getvalue(), stretch=Stretch("asinh"))
    assert shown is not None
    with Image.open(io.BytesIO(shown[0])) as image:
        assert image.width * image.height <= SCREEN_PIXELS
        assert image.width / image.height == pytest.approx(1.2)


# --- paths and addresses


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "a/../../secret", "..\\secret", "link", "folder/secret", "%2e%2e/secret", "\0", "a\0b",
     "x" * 5_000],
)  # fmt: skip
def test_image__outside_its_folder_is_not_read(tmp_path: Path, name: str) -> None:
    root = tmp_path / "pool"
    (tmp_path / "out").mkdir()
    (root / "a").mkdir(parents=True)
    for place in (tmp_path / "secret", tmp_path / "out" / "secret"):
        place.write_bytes(b"secret")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path / "out")
    assert read_file(root, name) is None


def test_images__that_links_lead_to_are_not_listed(tmp_path: Path) -> None:
    root = tmp_path / "pool"
    root.mkdir()
    Image.new("L", (2, 2)).save(tmp_path / "secret.png")
    Image.new("L", (2, 2)).save(root / "own.png")
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "again").symlink_to(tmp_path)
    notes: list[str] = []
    assert list_images(root, notes).to_pylist() == ["own.png"]
    assert "1 symbolic link" in notes[0]


@pytest.mark.parametrize("path", [
    "http://127.0.0.1:{port}/x.csv", "http://169.254.169.254/latest/meta-data", "http://2130706433:{port}/x",
    "http://[::1]:{port}/x", "file:///etc/passwd", "file:/etc/passwd", "data:text/csv,a", "s3://bucket/x.parquet",
    "ftp://127.0.0.1:{port}/x.csv", "hdfs://x/y.parquet",
])  # fmt: skip
def test_pool__at_an_address_is_refused_and_not_asked_for(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Were it asked for, then not for long.
    monkeypatch.setattr(fetcher, "PAUSES_S", ())
    monkeypatch.setattr(web, "SILENT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        named = path.format(port=listener.getsockname()[1])
        with pytest.raises(PoolMissingError, match="goldpan fetches nothing"):
            make_snapshot(
                PoolSection(path=named), folder=tmp_path / "s", base=tmp_path, progress=lambda a, b: None
            )
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize("name", ["x.zip", "x.parquet", "x.csv", "x.npz"])
def test_archive__is_never_unpacked(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../escaped.csv", "a,b\n1,2\n")
        archive.writestr("zeros.npy", bytes(10 << 20))
    with pytest.raises(PoolError):
        snapshot(tmp_path / name)
    assert not (tmp_path.parent / "escaped.csv").exists()
    assert [path.name for path in tmp_path.iterdir()] == [name]
