"""Small pools in memory, for the tests of encoders and vectors."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from models.encoders.contract import Role


@dataclass
class MemorySource:
    """An ItemSource whose items are held in memory."""

    kind: str
    readable: npt.NDArray[np.bool_]
    roles: Mapping[str, Role] = field(default_factory=dict)
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    all_texts: Sequence[str] = ()
    all_images: Sequence[bytes | None] = ()
    all_vectors: npt.NDArray[np.floating] = field(default_factory=lambda: np.zeros((0, 1)))
    all_series: Sequence[npt.NDArray[np.float32] | None] = ()

    def __len__(self) -> int:
        return len(self.readable)

    def frame(self, start: int, stop: int) -> pd.DataFrame:
        return self.table[list(self.roles)].iloc[start:stop]

    def texts(self, start: int, stop: int) -> list[str]:
        return list(self.all_texts[start:stop])

    def images(self, start: int, stop: int) -> list[bytes | None]:
        return list(self.all_images[start:stop])

    def series(self, start: int, stop: int) -> list[npt.NDArray[np.float32] | None]:
        return list(self.all_series[start:stop])

    def vectors(self, start: int, stop: int) -> npt.NDArray[np.float32]:
        return np.asarray(self.all_vectors[start:stop], dtype=np.float32)


def table_source(
    table: pd.DataFrame, roles: Mapping[str, Role], *, unreadable: Sequence[int] = ()
) -> MemorySource:
    return MemorySource("table", _readable(len(table), unreadable), roles=roles, table=table)


def text_source(texts: Sequence[str], *, unreadable: Sequence[int] = ()) -> MemorySource:
    return MemorySource("text", _readable(len(texts), unreadable), all_texts=texts)


def image_source(images: Sequence[bytes | None], *, unreadable: Sequence[int] = ()) -> MemorySource:
    return MemorySource("image", _readable(len(images), unreadable), all_images=images)


def vector_source(vectors: npt.NDArray[np.floating], *, unreadable: Sequence[int] = ()) -> MemorySource:
    return MemorySource("vectors", _readable(len(vectors), unreadable), all_vectors=vectors)


def series_source(
    series: Sequence[npt.NDArray[np.float32] | None], *, unreadable: Sequence[int] = ()
) -> MemorySource:
    return MemorySource("series", _readable(len(series), unreadable), all_series=series)


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    return encoded(Image.fromarray(pixels), "PNG")


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def make_source(
    kind: str, n: int, *, seed: int = 0, identical: bool = False, unreadable: Sequence[int] = ()
) -> MemorySource:
    """A pool of n items of a kind, with what is awkward in that kind; identical items on request."""
    generator = np.random.default_rng(seed)
    pick = np.zeros(n, dtype=int) if identical else np.arange(n)
    if kind == "table":
        return table_source(_table(n, generator).iloc[pick], _ROLES, unreadable=unreadable)
    if kind == "text":
        texts = [" ".join(generator.choice(_WORDS, 5)) for _ in range(n)]
        texts[n // 2] = "" if n > 3 else texts[n // 2]
        return text_source([texts[row] for row in pick], unreadable=unreadable)
    if kind == "image":
        images = [png(generator.integers(0, 256, (12, 12), dtype=np.uint8)) for _ in range(n)]
        return image_source([images[row] for row in pick], unreadable=unreadable)
    if kind == "series":
        series = [_series(generator, row) for row in range(n)]
        return series_source([series[row] for row in pick], unreadable=unreadable)
    return vector_source(generator.normal(size=(n, 6))[pick], unreadable=unreadable)


def random_weights(folder: Path) -> Path:
    """A folder of untrained weights of a small network, as timm saves them."""
    import timm
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        timm.models.save_for_hf(timm.create_model("resnet10t"), folder, safe_serialization=True)
    return folder


def random_clip(folder: Path) -> Path:
    """A folder of untrained weights of a tiny text-image network with its tokenizer, as transformers saves them."""
    import json

    import torch
    from transformers import CLIPConfig, CLIPModel

    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 1}
    marks = ["<|startoftext|>", "<|endoftext|>"]
    letters = [chr(code) for code in (*range(33, 127), *range(161, 173), *range(174, 324))]
    terms = [*marks, *letters, *(f"{letter}</w>" for letter in letters)]
    texts = {"vocab_size": len(terms), "max_position_embeddings": 16, "bos_token_id": 0, "eos_token_id": 1}
    config = CLIPConfig(
        text_config={**sizes, **texts, "pad_token_id": 1},
        vision_config={**sizes, "image_size": 16, "patch_size": 8},
        projection_dim=12,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        CLIPModel(config).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({term: row for row, term in enumerate(terms)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokens = {"bos_token": marks[0], "eos_token": marks[1], "unk_token": marks[1], "pad_token": marks[1]}
    tokens |= {"tokenizer_class": "CLIPTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokens))
    return folder


_WORDS = ("card", "lost", "bank", "pay", "late", "fee", "top", "up", "why", "refund", "transfer", "cash")
_ROLES: dict[str, Role] = {
    "size": "numeric",
    "tail": "numeric",
    "gap": "numeric",
    "flat": "numeric",
    "kind": "categorical",
    "note": "text",
}


def _readable(n: int, unreadable: Sequence[int]) -> npt.NDArray[np.bool_]:
    readable = np.ones(n, dtype=np.bool_)
    readable[list(unreadable)] = False
    return readable


def _series(generator: np.random.Generator, row: int) -> npt.NDArray[np.float32]:
    """Two channels of any length, with gaps; now and then one point, or one channel of nothing but one number."""
    length = 1 if row % 11 == 10 else int(generator.integers(20, 200))
    values = generator.normal(0, 1 + row % 3, (length, 2)).cumsum(axis=0).astype(np.float32)
    values[generator.random(values.shape) < 0.1] = np.nan
    if row % 7 == 3:
        values[:, 1] = 2.5
    values[0, 0] = row
    return values


def _table(n: int, generator: np.random.Generator) -> pd.DataFrame:
    gap = generator.normal(size=n)
    gap[::3], gap[1::7] = np.nan, np.inf
    return pd.DataFrame(
        {
            "size": generator.normal(5, 2, n),
            "tail": np.exp(generator.normal(0, 3, n)),
            "gap": gap,
            "flat": np.full(n, 3.0),
            "kind": pd.array([None if row % 5 == 0 else "abc"[row % 3] for row in range(n)], dtype="string"),
            "note": [" ".join(generator.choice(_WORDS, 3)) for _ in range(n)],
        }
    )
