"""Images and words in one space: a pretrained text-image network of the CLIP kind, by transformers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.encoders.contract import FloatArray, ItemSource, Progress, ranges
from models.encoders.decode import ImageShape, encode_images
from models.encoders.kept import hash_network
from models.errors import EncoderUnavailableError

if TYPE_CHECKING:
    import torch

    from config.schema import EncoderSection

DEFAULT_MODEL = "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
"""Open weights (MIT), 600 MB; name a larger one where there is a GPU."""

INSTALL_HINT = "pip install 'goldpan[text]', which brings transformers"
WAYS = (
    "give a name on the Hub that can be downloaded, a folder with config.json, model.safetensors and the tokenizer's"
    " files, or use the encoder 'image_ssl'"
)
COLOUR_MEAN, COLOUR_DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""What CLIP was trained with, for weights that do not say."""


@dataclass(frozen=True)
class FittedImageClip:
    """A loaded network and what turns words into its tokens.

    Attributes:
        network: a model of transformers with `get_image_features` and `get_text_features`.
        tokenizer: of the same weights.
        shape: the shape images are brought to.
        mean: (3, 1, 1) float32; subtracted.
        deviation: (3, 1, 1) float32; divided by.
        dimensions: length d of the vectors.
        device: where to compute.
        batch_size: items at once.
    """

    network: Any
    tokenizer: Any
    shape: ImageShape
    mean: FloatArray
    deviation: FloatArray
    dimensions: int
    device: torch.device
    batch_size: int

    def state(self) -> str:
        """Return the hash of the network's weights: nothing is learned from the pool."""
        return hash_network(self.network)

    def transform(self, source: ItemSource, start: int, stop: int) -> FloatArray:
        """Encode a range of rows.

        Args:
            source: a pool of images.
            start: first row.
            stop: row after the last.

        Returns:
            (stop - start, d) float32, each of length sqrt(d), so that distance is the cosine's; zeros where no image
            can be read.
        """
        import torch

        from models.encoders.conv_filters import same_arithmetic
        from models.mixed_precision import mixed

        def encode(images: FloatArray) -> FloatArray:
            given = torch.from_numpy((images - self.mean) / self.deviation).to(self.device)
            with torch.inference_mode(), same_arithmetic():
                found = mixed(
                    lambda: _pooled(self.network.get_image_features(pixel_values=given)), self.device
                )
                return _even(found.cpu().numpy())

        return encode_images(
            source, start, stop, shape=self.shape, dimensions=self.dimensions, batch_size=self.batch_size,
            encode=encode,
        )  # fmt: skip

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Encode words to seek by; images that show what they say have the larger cosine.

        Pictures and words lie apart as wholes: compare cosines of images with one text, not images with texts.

        Args:
            texts: m texts; what is longer than the model's limit is cut.

        Returns:
            (m, d) float32, in the space of the pool's vectors; zeros where a text is blank.
        """
        import torch

        from models.encoders.conv_filters import same_arithmetic
        from models.mixed_precision import mixed

        result = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        said = [row for row, text in enumerate(texts) if text.strip()]
        for low, high in ranges(0, len(said), self.batch_size):
            chosen = said[low:high]
            tokens = self.tokenizer(
                [texts[row] for row in chosen],
                padding=True,
                truncation=True,
                max_length=self.network.config.text_config.max_position_embeddings,
                return_tensors="pt",
            )
            given = tokens.to(self.device)
            with torch.inference_mode(), same_arithmetic():
                found = mixed(partial(_text_features, self.network, given), self.device)
            result[chosen] = _even(found.cpu().numpy())
        return result


class ImageClipEncoder:
    """Images beside words.

    Radford et al. 2021, *Learning transferable visual models from natural language supervision*. Never chosen
    by "auto": name it, and the weights if others than the default are wanted.
    """

    name = "image_clip"
    kinds = frozenset({"image"})
    seeks_by_words = True

    def obstacle(self, section: EncoderSection) -> str:
        """Return why it cannot run here without a download; "" where package and weights are there."""
        if find_spec("transformers") is None:
            return f"the package transformers is not installed ({INSTALL_HINT})"
        model = section.model or DEFAULT_MODEL
        if _is_folder(model) or _is_cached(model):
            return ""
        return f"the weights {model!r} are neither a folder nor in the local cache"

    def fit(
        self, source: ItemSource, *, section: EncoderSection, seed: int, progress: Progress
    ) -> FittedImageClip:
        """Load the network; nothing is learned.

        Args:
            source: a pool of images.
            section: model (a folder as transformers saves it, with its tokenizer, or a name on the Hub; unless
                HF_HUB_OFFLINE is set a name may be downloaded), batch_size and device are used.
            seed: not used.
            progress: told when the network is loaded.

        Returns:
            The encoder; the vectors have the network's own length.

        Raises:
            EncoderUnavailableError: the package or the weights are missing, or the weights know no words or images.
            DeviceError: the device is not there.
        """
        from models.devices import choose_device
        from models.mixed_precision import batch_of

        if find_spec("transformers") is None:
            raise EncoderUnavailableError(
                f"encoder 'image_clip' cannot run: the package transformers is not installed ({INSTALL_HINT}); or use"
                " 'image_ssl'"
            )
        device = choose_device(section.device)
        progress(0.0, "loading the text-image model")
        model = section.model or DEFAULT_MODEL
        network, tokenizer, colours = _load(model)
        network = network.eval().requires_grad_(False).to(device)
        shape = ImageShape(int(network.config.vision_config.image_size), 3)
        batch = batch_of(section.batch_size, device)
        dimensions = int(network.config.projection_dim)
        progress(1.0, "text-image model loaded")
        return FittedImageClip(network, tokenizer, shape, *colours, dimensions, device, batch)


def _is_folder(model: str) -> bool:
    return (Path(model).expanduser() / "config.json").is_file()


def _is_cached(model: str) -> bool:
    """Tell whether the weights lie in the local cache of huggingface_hub; downloads nothing."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(model, "config.json"), str)
    except HFValidationError:
        # A path that is not there, rather than a name.
        return False


def _load(model: str) -> tuple[Any, Any, tuple[FloatArray, FloatArray]]:
    import torch
    from safetensors import SafetensorError

    place = str(Path(model).expanduser()) if _is_folder(model) else model
    offline = os.environ.get("HF_HUB_OFFLINE", "") in ("1", "true", "TRUE")
    if place == model and offline and not _is_cached(model):
        raise EncoderUnavailableError(
            f"the weights {model!r} are not in the local cache and HF_HUB_OFFLINE forbids to download them; {WAYS}"
        )
    try:
        # It draws starting weights from the global generator before it loads the real ones.
        with torch.random.fork_rng(devices=[]):
            return _read(place)
    except (
        SafetensorError,
        OSError,
        ValueError,
        RuntimeError,
        KeyError,
        TypeError,
        ImportError,
    ) as error:
        first = (str(error).splitlines() or [""])[0].rstrip(".")
        raise EncoderUnavailableError(f"the weights {model!r} cannot be loaded: {first}; {WAYS}") from error


def _read(place: str) -> tuple[Any, Any, tuple[FloatArray, FloatArray]]:
    from transformers import AutoConfig, AutoTokenizer, CLIPModel

    config = AutoConfig.from_pretrained(place)
    if config.model_type != "clip":
        raise ValueError(f"they are of a network of kind {config.model_type!r}, 'clip' is wanted")
    # Safetensors alone: a pickle could run code.
    load: Any = CLIPModel.from_pretrained
    network, told = load(place, use_safetensors=True, output_loading_info=True)
    if told["missing_keys"]:
        # transformers fills them with random numbers and goes on.
        raise ValueError(f"{len(told['missing_keys'])} of the network's weights are not in the file")
    return network, AutoTokenizer.from_pretrained(place), _colours(place)


def _colours(place: str) -> tuple[FloatArray, FloatArray]:
    from transformers.image_processing_base import ImageProcessingMixin

    try:
        told, _ = ImageProcessingMixin.get_image_processor_dict(place)
    except OSError:
        told = {}
    mean, deviation = (
        np.array(told.get(key) or default, dtype=np.float32).reshape(3, 1, 1)
        for key, default in (("image_mean", COLOUR_MEAN), ("image_std", COLOUR_DEVIATION))
    )
    return mean, deviation


def _text_features(network: Any, tokens: Any) -> torch.Tensor:  # noqa: ANN401 -- of transformers, untyped
    return _pooled(network.get_text_features(**tokens))


def _pooled(answer: Any) -> torch.Tensor:  # noqa: ANN401 -- a tensor, since transformers 5 an object that holds it
    found: torch.Tensor = getattr(answer, "pooler_output", answer)
    return found


def _even(found: FloatArray) -> FloatArray:
    """Bring vectors to length sqrt(d)."""
    lengths = np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    return np.asarray(found / lengths * np.sqrt(found.shape[1]), dtype=np.float32)
