"""Class probabilities by a head that goldpan trained. Needs numpy and safetensors; goldpan only for raw table rows.

>>> from predict import load  # doctest: +SKIP
>>> model = load()  # the files beside this one  # doctest: +SKIP
>>> model.predict_proba(vectors)  # (b, d) -> (b, k)  # doctest: +SKIP
>>> model.predict(vectors)  # class names  # doctest: +SKIP

On the command line: `python predict.py vectors.npy > probabilities.csv`. The vectors must come from the encoder that
`model.json` names, made for the same pool: the export `npz` of goldpan holds them as `X`.

Of a pool of table rows the encoder is beside this file. Where goldpan is installed, the model then reads rows with the
pool's columns as well: `model.predict(frame)` with a pandas DataFrame, or `python predict.py rows.csv`.
"""

from __future__ import annotations

import csv
import importlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

ENCODER_FILE = "encoder.safetensors"

CHUNK = 65_536
LEAST_SHARE = 1e-30
"""Stands for a class share of 0 in the pool."""

MOST_EVIDENCE = 12.0
NARROWEST = 1e-4


Values = Any
"""An array, or a value of another kind that has the same operators."""


class Operations:
    """What a head computes with, on numpy arrays; another class has the same names for another kind of array."""

    @staticmethod
    def exp(values: Values) -> Values:
        """Return e to the values."""
        return np.exp(values)

    @staticmethod
    def log(values: Values) -> Values:
        """Return the natural logarithm."""
        return np.log(values)

    @staticmethod
    def sigmoid(values: Values) -> Values:
        """Return 1 / (1 + exp(-values)), without overflow."""
        return np.exp(-np.logaddexp(0, -values))

    @staticmethod
    def softplus(values: Values) -> Values:
        """Return log(1 + exp(values)), without overflow."""
        return np.logaddexp(0, values)

    @staticmethod
    def clip(values: Values, least: float | None, most: float | None) -> Values:
        """Return the values within bounds; None for no bound."""
        return np.clip(values, least, most)

    @staticmethod
    def add_up(values: Values) -> Values:
        """Return the sums over the last axis, which stays with length 1."""
        return values.sum(axis=-1, keepdims=True)

    @staticmethod
    def part(values: Values, start: int, stop: int) -> Values:
        """Return a stretch of the last axis; a negative stop counts from its end, 0 is the end itself."""
        return values[..., start : stop or None]

    @staticmethod
    def join(parts: list[Values]) -> Values:
        """Return arrays behind each other along the last axis."""
        return np.concatenate(parts, axis=-1)


Arrays = Mapping[str, npt.NDArray[np.float32]]


def _linear(tensors: Arrays, vectors: Values, operations: Values) -> Values:
    del operations
    return vectors @ tensors["weight"] + tensors["bias"][:, None, :]


def _mlp(tensors: Arrays, vectors: Values, operations: Values) -> Values:
    inner = vectors @ tensors["inner"] + tensors["inner_bias"][:, None, :]
    return (inner * operations.sigmoid(inner)) @ tensors["outer"] + tensors["outer_bias"][:, None, :]


def _ordinal(tensors: Arrays, vectors: Values, operations: Values) -> Values:
    """Return the logarithms of the probabilities between the cuts."""
    score = vectors @ tensors["weight"][:, :, None]
    count = tensors["gaps"].shape[1] + 2
    share = np.arange(1, count, dtype=np.float64) / count
    even = np.log(share / (1 - share))
    gaps = tensors["gaps"].astype(np.float64) + np.log(np.expm1(np.diff(even)))
    widths = np.logaddexp(0, gaps) + NARROWEST
    first = tensors["first"].astype(np.float64) + even[0]
    cuts = np.concatenate([first, first + widths.cumsum(axis=1)], axis=1).astype(np.float32)[:, None, :]
    space = np.log(-np.expm1(-widths)).astype(np.float32)[:, None, :]
    below = -1.0 * operations.softplus(score - cuts)
    above = -1.0 * operations.softplus(-1.0 * (score - cuts))
    if count == 2:
        return operations.join([below, above])
    between = operations.part(below, 1, 0) + operations.part(above, 0, -1) + space
    return operations.join([operations.part(below, 0, 1), between, operations.part(above, count - 2, 0)])


def _evidential(tensors: Arrays, vectors: Values, operations: Values) -> Values:
    """Return the logarithms of the probabilities that the experts' fused opinions give."""
    present = tensors["present"]
    classes = present.sum(axis=1)[:, None, None]
    belief: Values = None
    unsure: Values = None
    for expert in range(tensors["weight"].shape[1]):
        logits = vectors @ tensors["weight"][:, expert] + tensors["bias"][:, expert][:, None, :]
        evidence = operations.exp(operations.clip(logits, None, MOST_EVIDENCE)) * present[:, None, :]
        strength = operations.add_up(evidence) + classes
        other, other_unsure = evidence / strength, classes / strength
        if belief is None:
            belief, unsure = other, other_unsure
            continue
        agreed = belief * other
        left = 1.0 - (operations.add_up(belief) * operations.add_up(other) - operations.add_up(agreed))
        belief = (agreed + belief * other_unsure + other * unsure) / left
        unsure = unsure * other_unsure / left
    return operations.log(operations.clip(belief + unsure / classes, LEAST_SHARE, None))


HEADS: Mapping[str, Callable[[Arrays, Values, Values], Values]] = {
    "logistic": _linear,
    "sade": _linear,
    "mlp": _mlp,
    "ordinal": _ordinal,
    "evidential": _evidential,
}
"""Name of a head → `(its tensors, scaled vectors (b, d), operations) -> logits (members, b, k)`."""


@dataclass(frozen=True)
class Model:
    """A trained head. d numbers a vector, k classes.

    Attributes:
        class_names: k names in the order of the probabilities.
        facts: what `model.json` says: head, temperature, prior, encoder, hashes.
        tensors: the weights by name.
        encoder_file: the table's encoder; None where the model reads vectors alone.
    """

    class_names: tuple[str, ...]
    facts: Mapping[str, Any]
    tensors: Arrays
    encoder_file: Path | None = None

    def encode(self, frame: Values) -> npt.NDArray[np.float32]:
        """Return (b, d) float32 vectors of b raw rows, a DataFrame with the pool's columns; needs goldpan."""
        if self.encoder_file is None:
            raise ValueError(
                f"this model reads vectors of the encoder {self.facts.get('encoder', 'of its pool')!r}, not rows: "
                f"{self.facts.get('why_no_rows') or ENCODER_FILE + ' is not beside it'}"
            )
        try:
            # By its name: this file is carried out of the house, and nothing in it may import upwards.
            read = importlib.import_module("goldpan").read_table_encoder
        except ImportError as error:
            raise ImportError(
                "to read raw rows goldpan must be installed; vectors need numpy alone"
            ) from error
        found: npt.NDArray[np.float32] = read(self.encoder_file).encode(frame)
        return found

    def predict_proba(self, vectors: Values) -> npt.NDArray[np.float32]:
        """Return (b, k) float32 class probabilities of (b, d) vectors, or of b rows, under the pool's class shares."""
        dimensions = len(self.tensors["mean"])
        given = np.asarray(self.encode(vectors) if hasattr(vectors, "columns") else vectors, dtype=np.float32)
        if given.ndim != 2 or given.shape[1] != dimensions:
            raise ValueError(f"the model reads vectors of shape (b, {dimensions}), got {given.shape}")
        found = [self._answer(given[start : start + CHUNK]) for start in range(0, len(given), CHUNK)]
        return np.concatenate(found) if found else np.zeros((0, len(self.class_names)), np.float32)

    def predict(self, vectors: Values) -> list[str]:
        """Return the likeliest class name of each vector or row."""
        return [self.class_names[place] for place in self.predict_proba(vectors).argmax(axis=1)]

    def _answer(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        logits = logits_of(self.facts["head"], self.tensors, vectors, Operations)
        logits = logits / np.float32(self.facts["temperature"])
        chance = np.exp(logits - logits.max(axis=2, keepdims=True))
        mean = (chance / chance.sum(axis=2, keepdims=True)).mean(axis=0)
        joint = mean * np.maximum(np.asarray(self.facts["prior"], dtype=np.float32), np.float32(LEAST_SHARE))
        probabilities: npt.NDArray[np.float32] = joint / joint.sum(axis=1, keepdims=True)
        return probabilities


def load(folder: Path | None = None) -> Model:
    """Read the model of a folder; None for the one this file is in."""
    place = Path(__file__).parent if folder is None else Path(folder)
    facts = json.loads((place / "model.json").read_text(encoding="utf-8"))
    encoder = place / ENCODER_FILE
    return Model(
        tuple(facts["class_names"]),
        facts,
        load_file(place / "head.safetensors"),
        encoder if encoder.is_file() else None,
    )


def logits_of(head: str, tensors: Arrays, vectors: Values, operations: Values) -> Values:
    """Return every member's logits (members, b, k) with the class prior taken out.

    Args:
        head: name of the head.
        tensors: the weights by name, as in the file.
        vectors: (b, d).
        operations: what to compute with.
    """
    own = {name.removeprefix("parameter."): each for name, each in tensors.items()}
    scaled = (vectors - own["mean"]) / own["size"]
    return HEADS[head](own, scaled, operations) + own["mask"][:, None, :]


def main() -> None:
    """Write the probabilities of a file of vectors or of raw rows to the standard output as CSV."""
    if len(sys.argv) != 2:
        sys.exit("usage: python predict.py vectors.npy|rows.csv|rows.parquet > probabilities.csv")
    model = load()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(model.class_names)
    writer.writerows(model.predict_proba(_given(Path(sys.argv[1]))).tolist())


def _given(path: Path) -> Values:
    """Return the vectors of a `.npy` file, or the rows of a CSV or Parquet file, their texts as they are."""
    if path.suffix == ".npy":
        return np.load(path, allow_pickle=False)
    import pandas as pd

    return (
        pd.read_parquet(path)
        if path.suffix == ".parquet"
        else pd.read_csv(path, dtype=str, keep_default_na=False)
    )


if __name__ == "__main__":
    main()
