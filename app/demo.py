"""The demo project: scikit-learn's handwritten digits thinned to a long tail."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from app.prepare import Stage, create_project, resume_preparation, silent_stage
from app.project import Project
from config.presets import load_preset, merged
from config.schema import ProjectConfig

SEED = 20
POOL_NAME = "digits.parquet"
CONFIG_NAME = "digits.yaml"
COUNTS = {0: 178, 1: 170, 2: 150, 3: 130, 4: 110, 5: 95, 6: 75, 7: 55, 8: 12, 9: 9}
"""Items of each digit: about 1,000 in all, two digits with fewer than 15."""


def make_demo(folder: Path, *, stage: Stage = silent_stage) -> Project:
    """Make the demo project in a folder, or open it where it was made before.

    Args:
        folder: holds the pool and the project; made if missing.
        stage: reports progress.

    Returns:
        The opened project.
    """
    config_path = folder / CONFIG_NAME
    if config_path.is_file():
        return resume_preparation(config_path, stage=stage)
    folder.mkdir(parents=True, exist_ok=True)
    pool = folder / POOL_NAME
    if not pool.is_file():
        write_digits(pool)
    return create_project(demo_config(), config_path, stage=stage)


def demo_config() -> ProjectConfig:
    """Return the demo's configuration: the pool, the hidden truth, the ten digits as classes."""
    pool = {"path": POOL_NAME, "key": "id", "image": "image", "truth": "digit"}
    return ProjectConfig.model_validate(merged(load_preset("digits_demo"), {"pool": pool}))


def write_digits(path: Path, *, seed: int = SEED) -> None:
    """Write the thinned digits as Parquet with PNG bytes: `id`, `image`, `digit`.

    Args:
        path: the file to write.
        seed: decides which digits stay and their order.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    generator = np.random.default_rng(seed)
    rows = thinned_rows(digits.target, COUNTS, generator)
    images = [png_bytes(digits.images[row]) for row in rows]
    table = pa.table(
        {
            "id": [f"digit-{row:04d}" for row in rows],
            "image": pa.array(images, pa.binary()),
            "digit": [str(digits.target[row]) for row in rows],
        }
    )
    partial = path.with_suffix(".partial")
    pq.write_table(table, partial)
    partial.replace(path)


def thinned_rows(
    targets: npt.NDArray[np.int64], counts: dict[int, int], generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return (m,) int64 rows in random order, with the wanted count of each class (or all it has)."""
    kept = []
    for value, count in counts.items():
        rows = np.flatnonzero(targets == value)
        kept.append(generator.choice(rows, size=min(count, len(rows)), replace=False))
    return generator.permutation(np.concatenate(kept)).astype(np.int64)


def png_bytes(image: npt.NDArray[np.floating]) -> bytes:
    """Return an (8, 8) image with values 0 to 16 as PNG, dark ink on white."""
    from PIL import Image

    grey = np.round(255 - np.clip(image, 0, 16) * (255 / 16)).astype(np.uint8)
    target = io.BytesIO()
    Image.fromarray(grey).save(target, format="PNG")
    return target.getvalue()
