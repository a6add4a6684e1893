"""The files of a finished round: head, probabilities, predictions, out-of-fold predictions, and what they mean.

A round's folder is written under another name and renamed when it is whole. Nothing here imports torch: the web
server reads these files to colour the map.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.round_answers import ANSWERS, PREDICTED, UNCERTAINTY, save_answers
from models.predictions import OutOfFoldPredictions

UNSEEN_LABELS, UNSEEN_PROBABILITIES = "out_of_fold_labels.npz", "out_of_fold.npy"
UNSEEN_NEAR = "out_of_fold_near.npy"


@dataclass(frozen=True)
class RoundMeaning:
    """What the arrays of a round mean and what it was made from.

    Attributes:
        number: the round's number.
        class_ids: the database ids of the classes, in the order of the probabilities' columns.
        class_names: their names at the time.
        prior: the pool's estimated class shares, with `prior_low` and `prior_high` around them.
        quality: the quality report as a dictionary, or None while there were too few labels.
        hashes: what went in (pool, vectors, labels, config) and what came out (proposals).
        seconds: seconds by step.
        trained: whether a model was trained in this round.
        seeks: one mapping for each seek that was open, with its `id` and what came of it (`app.seeking.SeekReport`).
    """

    number: int
    class_ids: tuple[int, ...] = ()
    class_names: tuple[str, ...] = ()
    prior: tuple[float, ...] = ()
    prior_low: tuple[float, ...] = ()
    prior_high: tuple[float, ...] = ()
    quality: dict[str, Any] | None = None
    hashes: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    trained: bool = False
    seeks: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class RoundArrays:
    """The arrays of a round, read-only.

    Attributes:
        probabilities: (n, k) float16 memory map; row i is item i, column j is `class_ids[j]` of the meaning.
        predicted: (n,) int16 memory map; the likeliest column of each item.
        uncertainty: (n,) float16 memory map; entropy of the probabilities as a share of the largest possible, 0 to 1.
    """

    probabilities: npt.NDArray[np.float16]
    predicted: npt.NDArray[np.int16]
    uncertainty: npt.NDArray[np.float16]


def round_folder(rounds: Path, number: int) -> Path:
    """Return the folder of a round."""
    return rounds / f"{number:06d}"


def write_round(
    rounds: Path,
    meaning: RoundMeaning,
    *,
    probabilities: npt.NDArray[np.floating] | Callable[[Path], None] | None,
    head_file: Path | None,
    unseen: OutOfFoldPredictions | None = None,
) -> Path:
    """Write a round's folder; whole or not at all.

    Args:
        rounds: the folder of all rounds.
        meaning: what the arrays mean.
        probabilities: (n, k), or what writes them into a folder; None in a round without a model.
        head_file: the head's safetensors file, moved into the folder; None likewise.
        unseen: out-of-fold predictions of the labels, their rows those of the pool; None where there are none.

    Returns:
        The folder.
    """
    target = round_folder(rounds, meaning.number)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if callable(probabilities):
        probabilities(partial)
    elif probabilities is not None:
        save_answers(partial, probabilities)
    if unseen is not None:
        _save_unseen(partial, unseen)
    if head_file is not None:
        shutil.move(head_file, partial / "head.safetensors")
    (partial / "round.json").write_text(json.dumps(asdict(meaning), indent=1), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return target


def read_meaning(rounds: Path, number: int) -> RoundMeaning | None:
    """Return what a round's arrays mean, or None where the round left no whole folder."""
    file = round_folder(rounds, number) / "round.json"
    if not file.is_file():
        return None
    values = json.loads(file.read_text(encoding="utf-8"))
    for name in ("class_ids", "class_names", "prior", "prior_low", "prior_high", "seeks"):
        values[name] = tuple(values.get(name, ()))
    return RoundMeaning(**values)


def read_arrays(rounds: Path, number: int) -> RoundArrays | None:
    """Return a round's arrays as memory maps, or None where it trained no model."""
    folder = round_folder(rounds, number)
    if not (folder / ANSWERS).is_file():
        return None
    return RoundArrays(
        probabilities=np.load(folder / ANSWERS, mmap_mode="r", allow_pickle=False),
        predicted=np.load(folder / PREDICTED, mmap_mode="r", allow_pickle=False),
        uncertainty=np.load(folder / UNCERTAINTY, mmap_mode="r", allow_pickle=False),
    )


def read_unseen(rounds: Path, number: int) -> OutOfFoldPredictions | None:
    """Return the out-of-fold predictions of a round's labels, their rows those of the pool.

    Args:
        rounds: the folder of all rounds.
        number: the round's number.

    Returns:
        The predictions, the probabilities as a read-only memory map; None where the round has none: it had too few
        labels, was run by an earlier version, or is so old that its arrays were deleted.
    """
    folder = round_folder(rounds, number)
    given = read_unseen_labels(rounds, number)
    if given is None or not (folder / UNSEEN_PROBABILITIES).is_file():
        return None
    rows, labels, predicted = given
    probabilities = np.load(folder / UNSEEN_PROBABILITIES, mmap_mode="r", allow_pickle=False)
    near_file = folder / UNSEEN_NEAR
    near = np.load(near_file, mmap_mode="r", allow_pickle=False) if near_file.is_file() else None
    return OutOfFoldPredictions(rows, labels, predicted, probabilities, near)


def read_unseen_labels(
    rounds: Path, number: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
    """Return rows, given and predicted columns of a round's out-of-fold predictions; these stay of old rounds too.

    Args:
        rounds: the folder of all rounds.
        number: the round's number.

    Returns:
        Three (m,) int64; None where the round has none.
    """
    file = round_folder(rounds, number) / UNSEEN_LABELS
    if not file.is_file():
        return None
    with np.load(file, allow_pickle=False) as stored:
        rows, labels, predicted = (stored[name].astype(np.int64) for name in ("rows", "labels", "predicted"))
    return rows, labels, predicted


def sweep_partial_rounds(rounds: Path, *, before: int) -> None:
    """Delete what rounds with a lower number left half written when their process was killed."""
    for path in rounds.iterdir():
        number = path.name[1:].split(".")[0]
        if path.name.startswith(".") and number.isdecimal() and int(number) < before:
            shutil.rmtree(path, ignore_errors=True)


def forget_old_rounds(rounds: Path, *, keep: int) -> None:
    """Delete the arrays of all but the newest rounds; meaning and head stay, so that a round can be repeated."""
    folders = sorted(path for path in rounds.iterdir() if path.is_dir() and not path.name.startswith("."))
    for folder in folders[:-keep]:
        for name in (ANSWERS, PREDICTED, UNCERTAINTY, UNSEEN_PROBABILITIES, UNSEEN_NEAR):
            (folder / name).unlink(missing_ok=True)


def _save_unseen(folder: Path, unseen: OutOfFoldPredictions) -> None:
    """Save the small part, which stays, apart from the probabilities, which go when the round is old."""
    labels, predicted = unseen.labels.astype(np.int32), unseen.predicted.astype(np.int32)
    np.savez(folder / UNSEEN_LABELS, rows=unseen.rows.astype(np.int64), labels=labels, predicted=predicted)
    np.save(folder / UNSEEN_PROBABILITIES, unseen.probabilities.astype(np.float16), allow_pickle=False)
    if unseen.near is not None:
        np.save(folder / UNSEEN_NEAR, unseen.near.astype(np.float16), allow_pickle=False)
