"""Images, off-line: convolution filters learned on the pool itself, without labels or downloaded weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.encoders.contract import FloatArray, ItemSource, Progress, fit_ranges, ranges
from models.encoders.decode import ImageShape, choose_shape, decode_images
from models.encoders.scaling import Axes, principal_axes
from models.errors import EncoderInputError

if TYPE_CHECKING:
    import torch

    from config.schema import EncoderSection
    from models.encoders.conv_filters import ConvFilters

SMALLEST_PX, LARGEST_PX = 8, 48
FIT_ITEMS = 4096
FILTERS = 64
PATCHES = 50_000
WHITENING = 0.15
LARGEST_PATCH_PX = 9
POSITIONS = 23
"""Patches along a side are at most this many; larger images take larger steps."""


@dataclass(frozen=True)
class FittedImageConv:
    """Learned filters and the axes their answers are read on.

    Attributes:
        shape: the shape images are brought to.
        filters: the convolution filters, on `device`.
        axes: from the filters' answers to vectors.
        device: where to compute.
        batch_size: images at once.
    """

    shape: ImageShape
    filters: ConvFilters
    axes: Axes
    device: torch.device
    batch_size: int

    @property
    def dimensions(self) -> int:
        """Length d of the vectors."""
        return self.axes.dimensions

    def transform(self, source: ItemSource, start: int, stop: int) -> FloatArray:
        """Encode a range of rows.

        Args:
            source: a pool of images.
            start: first row.
            stop: row after the last.

        Returns:
            (stop - start, d) float32; zeros where no image can be read.
        """
        result = np.zeros((stop - start, self.dimensions), dtype=np.float32)
        for low, high in ranges(start, stop, self.batch_size):
            images, good = decode_images(source.images(low, high), self.shape)
            good &= source.readable[low:high]
            if good.any():
                vectors = self.axes.apply(_answers(self.filters, images[good], self.device))
                result[low - start : high - start][good] = vectors
        return result


class ImageConvEncoder:
    """Convolutional k-means (Coates, Ng and Lee 2011, "An analysis of single-layer networks").

    Works from 8 x 8 grey pixels to photos (those are brought to 48 pixels). Against a small network trained by
    VICReg it gave the same quality in a tenth of the time; docs/encoders.md has the figures.
    """

    name = "image_conv"
    kinds = frozenset({"image"})

    def obstacle(self, section: EncoderSection) -> str:
        """Return "": torch comes with goldpan."""
        return ""

    def fit(
        self, source: ItemSource, *, section: EncoderSection, seed: int, progress: Progress
    ) -> FittedImageConv:
        """Learn filters and axes from up to 4,096 images.

        Args:
            source: a pool of images.
            section: dimensions, batch_size and device are used.
            seed: of the choice of images and patches.
            progress: told the share done.

        Returns:
            The encoder.

        Raises:
            EncoderInputError: no image of the pool can be read.
            DeviceError: the device is not there.
        """
        from models.devices import choose_device

        device = choose_device(section.device)
        shape = choose_shape(source, seed=seed, smallest_px=SMALLEST_PX, largest_px=LARGEST_PX)
        images = _images_to_learn_from(source, shape, seed, progress)
        filters = _learn(images, seed, device)
        progress(0.6, "learning axes")
        answers = [
            _answers(filters, images[low:high], device)
            for low, high in ranges(0, len(images), section.batch_size)
        ]
        axes = principal_axes(np.concatenate(answers), dimensions=section.dimensions, whitening=WHITENING)
        progress(1.0, "filters learned")
        return FittedImageConv(shape, filters, axes, device, section.batch_size)


def _images_to_learn_from(source: ItemSource, shape: ImageShape, seed: int, progress: Progress) -> FloatArray:
    chosen = fit_ranges(len(source), FIT_ITEMS, seed, block=64)
    kept = []
    for done, (low, high) in enumerate(chosen):
        images, good = decode_images(source.images(low, high), shape)
        kept.append(images[good & source.readable[low:high]])
        progress(0.4 * (done + 1) / len(chosen), "reading images")
    images = np.concatenate(kept)
    if not len(images):
        raise EncoderInputError(
            f"none of the {len(source)} images can be read; image files such as PNG or JPEG are expected"
        )
    return images


def _learn(images: FloatArray, seed: int, device: torch.device) -> ConvFilters:
    import torch

    from models.devices import fixed_threads
    from models.encoders.conv_filters import ConvFilters, learn_filters

    side = images.shape[-1]
    patch = min(LARGEST_PATCH_PX, max(3, round(side / 3)))
    # Learned on the CPU whatever the device: small, and the same everywhere.
    with torch.inference_mode(), fixed_threads():
        filters = learn_filters(
            torch.from_numpy(images),
            count=FILTERS,
            patch_px=patch,
            stride=-(-(side - patch + 1) // POSITIONS),
            patches=max(FILTERS, min(PATCHES, len(images) * (side - patch + 1) ** 2)),
            generator=torch.Generator().manual_seed(seed),
        )
    return ConvFilters(filters.kernels.to(device), filters.offsets.to(device), filters.stride)


def _answers(filters: ConvFilters, images: FloatArray, device: torch.device) -> FloatArray:
    import torch

    from models.devices import fixed_threads
    from models.encoders.conv_filters import respond, same_arithmetic

    with torch.inference_mode(), same_arithmetic(), fixed_threads():
        return respond(filters, torch.from_numpy(images).to(device)).cpu().numpy()
