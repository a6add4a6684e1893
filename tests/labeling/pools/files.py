"""Small files of every kind that a reader must take, made on the spot."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from PIL import Image

from config.schema import PoolSection
from labeling.pools.snapshot import Pool, make_snapshot

ITEMS = 40


def image_bytes(
    seed: int = 0, *, kind: str = "PNG", size: tuple[int, int] = (12, 9), mode: str = "RGB"
) -> bytes:
    """Return a small noisy image."""
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(values).convert(mode).save(target, format=kind)
    return target.getvalue()


def write_table(folder: Path) -> PoolSection:
    rows = "".join(
        f"obj-{i},{i / 7:.6f},{'red' if i % 3 else 'blue'},{'rare' if i % 5 == 0 else 'plain'}\n"
        for i in range(ITEMS)
    )
    (folder / "table.csv").write_text("id,size,colour,label\n" + rows, encoding="utf-8")
    return PoolSection(path="table.csv", truth="label")


def write_text(folder: Path) -> PoolSection:
    rows = "".join(f'q-{i},"question {i}, with a comma","topic {i % 4}"\n' for i in range(ITEMS))
    (folder / "texts.csv").write_text("id,text,label\n" + rows, encoding="utf-8")
    return PoolSection(path="texts.csv", text="text", truth="label")


def write_image_table(folder: Path) -> PoolSection:
    images = [image_bytes(i) for i in range(ITEMS)]
    table = pa.table(
        {
            "id": [f"im-{i}" for i in range(ITEMS)],
            "image": images,
            "label": [f"kind {i % 3}" for i in range(ITEMS)],
        }
    )
    pa.parquet.write_table(table, folder / "images.parquet")
    return PoolSection(path="images.parquet", truth="label")


def write_image_folder(folder: Path) -> PoolSection:
    for i in range(ITEMS):
        path = folder / "images" / f"kind {i % 3}" / f"im-{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image_bytes(i))
    return PoolSection(path="images", labels_from_folders=True)


def image_member(number: int) -> tuple[str, bytes]:
    """Return name and bytes of an image in a shard."""
    return f"im-{number:02d}.png", image_bytes(number)


def write_tar(path: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    """Write a plain tar of files in the order given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_zip(path: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    """Write a zip of files in the order given, every other one deflated."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, data) in enumerate(members):
            archive.writestr(name, data, zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED)
    return path


def write_image_shards(folder: Path) -> PoolSection:
    members = [
        entry
        for i in range(ITEMS)
        for entry in ((f"im-{i:02d}.cls", f"kind {i % 3}".encode()), image_member(i))
    ]
    write_tar(folder / "shards" / "part-000.tar", members[:ITEMS])
    write_tar(folder / "shards" / "part-001.tar", members[ITEMS:])
    return PoolSection(path="shards/part-{000..001}.tar", truth="cls")


def write_image_paths(folder: Path) -> PoolSection:
    lines = []
    for i in range(ITEMS):
        path = folder / "pictures" / f"im-{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image_bytes(i))
        lines.append(f"row {i},pictures/im-{i}.png,kind {i % 3}\n")
    (folder / "listed.csv").write_text("id,where,label\n" + "".join(lines), encoding="utf-8")
    return PoolSection(path="listed.csv", image_path="where", truth="label")


def write_vectors(folder: Path) -> PoolSection:
    values = np.random.default_rng(0).normal(size=(ITEMS, 6)).astype(np.float32)
    table = pa.table(
        {
            "id": [f"v-{i}" for i in range(ITEMS)],
            "embedding": list(values),
            "label": [f"kind {i % 3}" for i in range(ITEMS)],
        }
    )
    pa.parquet.write_table(table, folder / "vectors.parquet")
    return PoolSection(path="vectors.parquet", truth="label")


def write_series(folder: Path) -> PoolSection:
    generator = np.random.default_rng(0)
    table = pa.table(
        {
            "id": [f"s-{i}" for i in range(ITEMS)],
            "flux": [generator.normal(size=20 + i) for i in range(ITEMS)],
            "error": [generator.random(20 + i) for i in range(ITEMS)],
            "label": [f"kind {i % 3}" for i in range(ITEMS)],
        }
    )
    pa.parquet.write_table(table, folder / "series.parquet")
    return PoolSection(path="series.parquet", series=("flux", "error"), truth="label")


def write_fits(folder: Path) -> PoolSection:
    from astropy.table import Table

    rows = range(ITEMS)
    Table(
        {
            "id": [f"obj-{i}" for i in rows],
            "size": np.arange(ITEMS) / 7,
            "colour": ["red" if i % 3 else "blue" for i in rows],
            "label": ["rare" if i % 5 == 0 else "plain" for i in rows],
        }
    ).write(folder / "table.fits")
    return PoolSection(path="table.fits", truth="label")


WRITERS: dict[str, Callable[[Path], PoolSection]] = {
    "table": write_table,
    "text": write_text,
    "image_table": write_image_table,
    "image_folder": write_image_folder,
    "image_paths": write_image_paths,
    "image_shards": write_image_shards,
    "series": write_series,
    "vectors": write_vectors,
    "fits": write_fits,
}
"""Reader → makes a pool of `ITEMS` items with a hidden truth in a folder, and its configuration."""


def snapshot(base: Path, section: PoolSection, name: str = "project.goldpan/pool") -> Pool:
    """Make the snapshot of a pool in a folder of the same base."""
    return make_snapshot(section, folder=base / name, base=base)


def csv_pool(base: Path, text: str | bytes, **section: object) -> Pool:
    """Make the snapshot of a CSV file with this content."""
    data = text.encode() if isinstance(text, str) else text
    (base / "t.csv").write_bytes(data)
    return snapshot(base, PoolSection.model_validate({"path": "t.csv", "reader": "table", **section}))


def parquet_pool(base: Path, table: Mapping[str, object], **section: object) -> Pool:
    """Make the snapshot of a Parquet file with these columns."""
    pa.parquet.write_table(pa.table(dict(table)), base / "t.parquet")
    return snapshot(base, PoolSection.model_validate({"path": "t.parquet", **section}))
