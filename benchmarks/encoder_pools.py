"""Pools for `benchmarks.encoders`: items as an encoder reads them, with their true classes beside them."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image
from sklearn.datasets import load_digits

from models.encoders.contract import BoolArray, FloatArray, Role

STRAY, STRAY_SHARE, GAP_SHARE = 1e9, 0.01, 0.2


@dataclass(frozen=True)
class HeldItems:
    """Items held in memory, as an encoder reads them.

    Attributes:
        kind: "table", "image" or "text".
        readable: (n,) bool.
        roles: column name → role, of a table.
        table: of a table.
        all_texts: of texts.
        all_images: of images, as files.
    """

    kind: str
    readable: BoolArray
    roles: Mapping[str, Role] = field(default_factory=dict)
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    all_texts: Sequence[str] = ()
    all_images: Sequence[bytes | None] = ()

    def __len__(self) -> int:
        """Return n."""
        return len(self.readable)

    def frame(self, start: int, stop: int) -> pd.DataFrame:
        """Return the columns of these rows."""
        return self.table.iloc[start:stop]

    def texts(self, start: int, stop: int) -> list[str]:
        """Return the texts of these rows."""
        return list(self.all_texts[start:stop])

    def images(self, start: int, stop: int) -> list[bytes | None]:
        """Return the image files of these rows."""
        return list(self.all_images[start:stop])

    def vectors(self, start: int, stop: int) -> FloatArray:
        """Return no vectors: nothing here is ready-made."""
        return np.zeros((stop - start, 0), dtype=np.float32)


@dataclass(frozen=True)
class EncoderPool:
    """Items and what they are.

    Attributes:
        name: of the pool.
        items: the items.
        truth: (n,) int64; class numbers, which no encoder sees.
    """

    name: str
    items: HeldItems
    truth: npt.NDArray[np.int64]


def data_folder() -> Path:
    """Return the folder of real data: GOLDPAN_DATA, else ../shared/data beside the repository."""
    return Path(os.environ.get("GOLDPAN_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def image_pools(*, most: int) -> list[EncoderPool]:
    """Return the pools of images: scikit-learn's digits, and MNIST and CIFAR-10N where they are.

    Args:
        most: images of a pool at most, drawn with seed 0.
    """
    digits = load_digits()
    files = [_png((image * (255 / 16)).astype(np.uint8)) for image in digits.images]
    pools = [EncoderPool("digits", _images(files), digits.target.astype(np.int64))]
    for name, file in (("mnist", "mnist_train.parquet"), ("cifar10n", "cifar10n_10k.parquet")):
        path = data_folder() / file
        if path.exists():
            table = pd.read_parquet(path, columns=["image", "label"])
            table = table.sample(min(most, len(table)), random_state=0)
            pools.append(EncoderPool(name, _images(list(table["image"])), _codes(table["label"])))
    return pools


def table_pools() -> list[EncoderPool]:
    """Return SDSS and HTRU2 where they are, each as it is and spoiled.

    Spoiled are: 1 % of the numbers of each column replaced by 1e9 (`strays`); 20 % missing (`gaps`); both.
    """
    pools = []
    for name, target, left_out in (("sdss", "class", ()), ("htru2", "Class", ("id",))):
        path = data_folder() / f"{name}.csv"
        if not path.exists():
            continue
        table = pd.read_csv(path)
        columns = list("ugriz") if name == "sdss" else list(table.columns.drop([*left_out, target]))
        truth = _codes(table[target])
        for how in ("", "strays", "gaps", "strays and gaps"):
            spoiled = _spoil(table[columns], strays="strays" in how, gaps="gaps" in how)
            roles: dict[str, Role] = dict.fromkeys(columns, "numeric")
            items = HeldItems("table", np.ones(len(table), dtype=np.bool_), roles=roles, table=spoiled)
            pools.append(EncoderPool(f"{name} {how}".strip(), items, truth))
    return pools


def text_pools(*, most: int) -> list[EncoderPool]:
    """Return BANKING77 where it is.

    Args:
        most: texts at most, drawn with seed 0.
    """
    path = data_folder() / "banking77_train.csv"
    if not path.exists():
        return []
    table = pd.read_csv(path)
    table = table.sample(min(most, len(table)), random_state=0)
    items = HeldItems("text", np.ones(len(table), dtype=np.bool_), all_texts=list(table["text"]))
    return [EncoderPool("banking77", items, _codes(table["category"]))]


def _spoil(table: pd.DataFrame, *, strays: bool, gaps: bool) -> pd.DataFrame:
    draw, spoiled = np.random.default_rng(0), table.astype(np.float64)
    for column in spoiled:
        chance = draw.random((2, len(spoiled)))
        if strays:
            spoiled[column] = spoiled[column].where(chance[0] >= STRAY_SHARE, STRAY)
        if gaps:
            spoiled[column] = spoiled[column].where(chance[1] >= GAP_SHARE)
    return spoiled


def _images(files: Sequence[bytes | None]) -> HeldItems:
    return HeldItems("image", np.ones(len(files), dtype=np.bool_), all_images=files)


def _codes(names: pd.Series) -> npt.NDArray[np.int64]:
    return np.asarray(pd.factorize(names, sort=True)[0], dtype=np.int64)


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
