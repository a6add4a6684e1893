"""Images, off-line: convolution filters learned on the pool itself, without labels or downloaded weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.encoders.contract import FloatArray, ItemSource, Progress, ranges
from models.encoders.conv_answers import (
    LARGEST_PX,
    SMALLEST_PX,
    conv_answers,
    images_to_learn_from,
    learn_conv,
)
from models.encoders.decode import ImageShape, choose_shape, encode_images
from models.encoders.scaling import Axes, principal_axes

if TYPE_CHECKING:
    import torch

    from config.schema import EncoderSection
    from models.encoders.conv_filters import ConvFilters

WHITENING = 0.15


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
        return encode_images(
            source, start, stop, shape=self.shape, dimensions=self.dimensions, batch_size=self.batch_size,
            encode=lambda images: self.axes.apply(conv_answers(self.filters, images, self.device)),
        )  # fmt: skip


class ImageConvEncoder:
    """Convolutional k-means (Coates, Ng and Lee 2011, "An analysis of single-layer networks").

    Works from 8 x 8 grey pixels to photos (those are brought to 48 pixels). `image_ssl` learns on top of it which
    differences do not matter; docs/encoders.md has the figures.
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
        images = images_to_learn_from(source, shape, seed, lambda share, text: progress(0.4 * share, text))
        filters = learn_conv(images, seed, device)
        progress(0.6, "learning axes")
        answers = [
            conv_answers(filters, images[low:high], device)
            for low, high in ranges(0, len(images), section.batch_size)
        ]
        axes = principal_axes(np.concatenate(answers), dimensions=section.dimensions, whitening=WHITENING)
        progress(1.0, "filters learned")
        return FittedImageConv(shape, filters, axes, device, section.batch_size)
