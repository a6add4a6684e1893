"""The vectors of words that are sought, kept in the project's folder so that a model is loaded for new words alone."""

from __future__ import annotations

import logging
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.project import Project
from models.encoders.seek import open_seek_encoder
from models.vectors import open_vectors

log = logging.getLogger("goldpan.seeking")

FILE = "words.npz"
FloatArray = npt.NDArray[np.float32]


def encode_words(project: Project, texts: Sequence[str]) -> dict[str, FloatArray]:
    """Return the vector of each text in the space of the pool's vectors.

    Args:
        project: the opened project; its encoder must know words.
        texts: what is sought; what was sought before is read from the file.

    Returns:
        Text → (d,) float32; zeros where the encoder knows nothing of it.

    Raises:
        EncoderError: the encoder knows no words, or cannot be opened.
        DeviceError: its device is not there.
    """
    if not texts:
        return {}
    vectors = open_vectors(project.paths.vectors)
    file = project.paths.seeks / FILE
    known = _read(file, owner=vectors.hash)
    new = [text for text in dict.fromkeys(texts) if text not in known]
    if new:
        encoder = open_seek_encoder(
            project.pool,
            section=project.config.encoder,
            seed=project.config.project.seed,
            encoder=vectors.encoder,
        )
        # One by one: a vector must not hang on what was encoded beside it, or a round could not be repeated elsewhere.
        known |= {text: encoder.encode_texts([text])[0] for text in new}
        _write(file, {text: known[text] for text in texts}, owner=vectors.hash)
    return {text: known[text] for text in texts}


def _read(file: Path, *, owner: str) -> dict[str, FloatArray]:
    """Return what is kept for these vectors; nothing where the file is missing, damaged or for others."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            if str(stored["owner"]) != owner:
                return {}
            return dict(zip(map(str, stored["texts"]), stored["vectors"], strict=True))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as problem:
        log.warning("%s cannot be read and is written anew: %s", file, problem)
        return {}


def _write(file: Path, known: dict[str, FloatArray], *, owner: str) -> None:
    """Keep the vectors; what cannot be written is only computed again."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as target:
            np.savez(
                target,
                owner=np.asarray(owner),
                texts=np.asarray(list(known)),
                vectors=np.stack(list(known.values())),
            )
        part.replace(file)
    except OSError as problem:
        log.warning("%s cannot be written: %s", file, problem)
        part.unlink(missing_ok=True)
