"""Images by a pretrained network of timm, its last layer taken off."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.encoders.contract import FloatArray, ItemSource, Progress
from models.encoders.decode import ImageShape, encode_images
from models.encoders.kept import hash_network
from models.errors import EncoderUnavailableError

if TYPE_CHECKING:
    import torch

    from config.schema import EncoderSection

DEFAULT_MODEL = "resnet18.a1_in1k"
"""Small enough for a CPU (45 MB of weights); name a larger one where there is a GPU."""

INSTALL_HINT = "pip install 'goldpan[image]'"


@dataclass(frozen=True)
class FittedImageTimm:
    """A loaded network.

    Attributes:
        network: a torch module that gives (b, d) for (b, 3, side, side).
        shape: the shape images are brought to.
        mean: (3, 1, 1) float32; subtracted.
        deviation: (3, 1, 1) float32; divided by.
        scale: what the vectors are multiplied with.
        dimensions: length d of the vectors.
        device: where to compute.
        batch_size: images at once.
    """

    network: Any
    shape: ImageShape
    mean: FloatArray
    deviation: FloatArray
    scale: float
    dimensions: int
    device: torch.device
    batch_size: int

    def state(self) -> str:
        """Return the hash of the network's weights, with the scale that was measured on the pool."""
        return f"{hash_network(self.network)} {self.scale!r}"

    def transform(self, source: ItemSource, start: int, stop: int) -> FloatArray:
        """Encode a range of rows.

        Args:
            source: a pool of images.
            start: first row.
            stop: row after the last.

        Returns:
            (stop - start, d) float32; zeros where no image can be read.
        """
        import torch

        from models.encoders.conv_filters import same_arithmetic
        from models.mixed_precision import mixed

        def encode(images: FloatArray) -> FloatArray:
            given = torch.from_numpy((images - self.mean) / self.deviation).to(self.device)
            with torch.inference_mode(), same_arithmetic():
                vectors = mixed(lambda: self.network(given), self.device).flatten(1).cpu().numpy()
            return np.asarray(vectors * np.float32(self.scale))

        return encode_images(
            source, start, stop, shape=self.shape, dimensions=self.dimensions, batch_size=self.batch_size,
            encode=encode,
        )  # fmt: skip


class ImageTimmEncoder:
    """Penultimate layer of a pretrained network (Wightman 2019, PyTorch Image Models)."""

    name = "image_timm"
    kinds = frozenset({"image"})

    def obstacle(self, section: EncoderSection) -> str:
        """Return why it cannot run here without a download; "" where package and weights are there."""
        missing = _missing_package()
        if missing:
            return missing
        model = section.model or DEFAULT_MODEL
        if _is_folder(model) or _is_cached(model):
            return ""
        return f"the weights {model!r} are neither a folder nor in the local cache"

    def fit(
        self, source: ItemSource, *, section: EncoderSection, seed: int, progress: Progress
    ) -> FittedImageTimm:
        """Load the network; nothing is learned but the overall scale.

        Args:
            source: a pool of images.
            section: model (a folder with config.json and model.safetensors, or a name that timm knows; unless
                HF_HUB_OFFLINE is set a name may be downloaded), batch_size and device are used.
            seed: not used.
            progress: told when the network is loaded.

        Returns:
            The encoder; the vectors have the network's own length.

        Raises:
            EncoderUnavailableError: the package or the weights are missing.
            DeviceError: the device is not there.
        """
        from models.devices import choose_device
        from models.mixed_precision import batch_of

        missing = _missing_package()
        if missing:
            raise EncoderUnavailableError(f"encoder 'image_timm' cannot run: {missing}; or use 'image_conv'")
        device = choose_device(section.device)
        progress(0.0, "loading the image model")
        network, shape, mean, deviation = _load(section.model or DEFAULT_MODEL)
        network = network.eval().requires_grad_(False).to(device)
        batch = batch_of(section.batch_size, device)
        raw = FittedImageTimm(network, shape, mean, deviation, 1.0, int(network.num_features), device, batch)
        fitted = _scaled(raw, source)
        progress(1.0, "image model loaded")
        return fitted


def _missing_package() -> str:
    if find_spec("timm") is None:
        return f"the package timm is not installed ({INSTALL_HINT})"
    try:
        import timm  # noqa: F401
    except (ImportError, RuntimeError, OSError) as error:
        # A torchvision built for another torch raises RuntimeError, a missing shared library OSError.
        return f"the package timm cannot be loaded, {error} ({INSTALL_HINT})"
    return ""


def _is_folder(model: str) -> bool:
    return (Path(model).expanduser() / "config.json").is_file()


def _is_cached(model: str) -> bool:
    """Tell whether the weights lie in the local cache of huggingface_hub; downloads nothing."""
    import timm
    from huggingface_hub import try_to_load_from_cache

    known = timm.get_pretrained_cfg(model) if timm.is_model(model) else None
    if known is None or not known.hf_hub_id:
        return False
    hub_id = known.hf_hub_id if known.hf_hub_id != "timm/" else f"timm/{model}"
    return isinstance(try_to_load_from_cache(hub_id, "model.safetensors"), str)


def _load(model: str) -> tuple[Any, ImageShape, FloatArray, FloatArray]:
    import timm
    import torch

    name = f"local-dir:{Path(model).expanduser()}" if _is_folder(model) else model
    if (
        name == model
        and os.environ.get("HF_HUB_OFFLINE", "") in ("1", "true", "TRUE")
        and not _is_cached(model)
    ):
        raise EncoderUnavailableError(
            f"the weights {model!r} are not in the local cache and HF_HUB_OFFLINE forbids to download them;"
            " give a folder with config.json and model.safetensors, or use 'image_conv'"
        )
    try:
        # It draws starting weights from the global generator before it loads the real ones.
        with torch.random.fork_rng(devices=[]):
            network = timm.create_model(name, pretrained=True, num_classes=0)
    except (OSError, RuntimeError, ValueError, KeyError, AssertionError) as error:
        first = (str(error).splitlines() or [""])[0]
        raise EncoderUnavailableError(
            f"the weights {model!r} cannot be loaded: {first}; give a name that timm knows, a folder with"
            " config.json and model.safetensors, or use 'image_conv'"
        ) from error
    wanted = timm.data.resolve_data_config({}, model=network)
    colours = [np.array(wanted[key], dtype=np.float32).reshape(-1, 1, 1) for key in ("mean", "std")]
    return (
        network,
        ImageShape(int(wanted["input_size"][-1]), int(wanted["input_size"][0])),
        colours[0],
        colours[1],
    )


def _scaled(raw: FittedImageTimm, source: ItemSource) -> FittedImageTimm:
    """Give the vectors 1 as root mean square per dimension, judged on the first batch."""
    vectors = raw.transform(source, 0, min(len(source), raw.batch_size))
    used = vectors[vectors.any(axis=1)]
    size = float(np.sqrt(np.square(used).mean())) if len(used) else 0.0
    return replace(raw, scale=1.0 / size if size > 0 else 1.0)
