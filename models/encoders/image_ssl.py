"""Images, off-line: a small convolutional network that teaches itself, on the pool, which differences matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.encoders.contract import FloatArray, ItemSource, Progress, ranges
from models.encoders.conv_answers import (
    FIT_ITEMS,
    LARGEST_PX,
    SMALLEST_PX,
    conv_answers,
    images_to_learn_from,
    learn_conv,
)
from models.encoders.decode import ImageShape, choose_shape
from models.encoders.image_conv import FittedImageConv
from models.encoders.invariance import ViewSpread, invariant_axes
from models.encoders.scaling import Axes

if TYPE_CHECKING:
    import torch

    from config.schema import EncoderSection
    from models.encoders.conv_filters import ConvFilters
    from models.encoders.image_views import ViewRange

VIEWS = 4
"""Views of each image; 2 cost up to 1.3 points of balanced accuracy, 8 gained nothing."""

LEARN_BATCH = 256
"""Images whose views are held at once."""


@dataclass(frozen=True)
class FittedImageSsl(FittedImageConv):
    """The filters of `image_conv`, read on axes that were learned from views of the images.

    Attributes:
        learned_from: images it was learned from.
    """

    learned_from: int

    def weights(self) -> dict[str, FloatArray]:
        """Return what was learned, by name, for `ImageSslEncoder.revive`."""
        numbers = (self.shape.side_px, self.shape.channels, self.filters.stride, self.learned_from)
        return {
            "kernels": self.filters.kernels.cpu().numpy(),
            "offsets": self.filters.offsets.cpu().numpy(),
            "mean": self.axes.mean,
            "matrix": self.axes.matrix,
            "shape": np.array(numbers, dtype=np.float32),
        }


class ImageSslEncoder:
    """Self-supervised learning on the pool's own images, without labels or downloaded weights.

    The first layer is that of `image_conv`; the last is learned from views of the images (turned, shifted, lit
    differently): what stays the same in all views of an image counts, what changes does not. It is the linear case of
    VICReg and Barlow Twins (Bardes et al. 2022, Zbontar et al. 2021), solved in closed form. Networks trained by
    gradient steps on such views were worse at seven times the time; docs/encoders.md has the figures.
    """

    name = "image_ssl"
    kinds = frozenset({"image"})

    def obstacle(self, section: EncoderSection) -> str:
        """Return "": torch comes with goldpan."""
        return ""

    def fit(
        self, source: ItemSource, *, section: EncoderSection, seed: int, progress: Progress
    ) -> FittedImageSsl:
        """Learn filters, then axes, from up to 4,096 images and four views of each.

        Args:
            source: a pool of images.
            section: dimensions, any_orientation, batch_size and device are used.
            seed: of the choice of images, patches and views.
            progress: told the share done.

        Returns:
            The encoder.

        Raises:
            EncoderInputError: no image of the pool can be read.
            EncoderError: a device computed NaN.
            DeviceError: the device is not there.
        """
        from models.devices import choose_device

        device = choose_device(section.device)
        shape = choose_shape(source, seed=seed, smallest_px=SMALLEST_PX, largest_px=LARGEST_PX)
        images = images_to_learn_from(source, shape, seed, lambda share, text: progress(0.2 * share, text))
        filters = learn_conv(images, seed, device)
        progress(0.4, "filters learned")
        axes = _learn_axes(images, filters, section, seed, device, progress)
        progress(1.0, "axes learned")
        return FittedImageSsl(shape, filters, axes, device, section.batch_size, len(images))

    def revive(
        self, weights: Mapping[str, FloatArray], source: ItemSource, *, section: EncoderSection, seed: int
    ) -> FittedImageSsl | None:
        """Take up an encoder that was learned before, where it still suits the pool.

        Args:
            weights: from `FittedImageSsl.weights`.
            source: the pool, perhaps larger than it was.
            section: device and batch_size are used.
            seed: of the choice of images whose headers are read.

        Returns:
            The encoder; None where the pool holds more than twice as many images to learn from as it was learned
            from, or has colour now and had none.

        Raises:
            KeyError: weights are missing.
            ValueError: weights do not fit together.
            DeviceError: the device is not there.
        """
        import torch

        from models.devices import choose_device
        from models.encoders.conv_filters import ConvFilters

        side, channels, stride, learned_from = (int(number) for number in weights["shape"])
        kernels = torch.tensor(weights["kernels"])
        axes = Axes(weights["mean"], weights["matrix"])
        filters = ConvFilters(kernels, torch.tensor(weights["offsets"]), stride)
        if kernels.shape[1] != channels or {len(axes.mean), len(axes.matrix)} != {filters.width}:
            raise ValueError(f"filters of shape {tuple(kernels.shape)} do not fit the other weights")
        shape = choose_shape(source, seed=seed, smallest_px=SMALLEST_PX, largest_px=LARGEST_PX)
        if shape.channels > channels or min(FIT_ITEMS, int(source.readable.sum())) > 2 * learned_from:
            return None
        device = choose_device(section.device)
        moved = ConvFilters(filters.kernels.to(device), filters.offsets.to(device), stride)
        return FittedImageSsl(
            ImageShape(side, channels), moved, axes, device, section.batch_size, learned_from
        )


def _learn_axes(
    images: FloatArray,
    filters: ConvFilters,
    section: EncoderSection,
    seed: int,
    device: torch.device,
    progress: Progress,
) -> Axes:
    import torch

    from models.encoders.image_views import ANY_ORIENTATION, UPRIGHT

    limits = ANY_ORIENTATION if section.any_orientation else UPRIGHT
    # A stream of its own: the filters' stream starts with the same seed.
    generator = torch.Generator().manual_seed(seed + 1)
    spread, answers = ViewSpread(filters.width), []
    for low, high in ranges(0, len(images), LEARN_BATCH):
        batch = images[low:high]
        answers.append(conv_answers(filters, batch, device))
        spread.add(_view_answers(batch, filters, limits, generator, device))
        progress(0.4 + 0.5 * high / len(images), "learning from views")
    return invariant_axes(np.concatenate(answers), spread, dimensions=section.dimensions)


def _view_answers(
    batch: FloatArray,
    filters: ConvFilters,
    limits: ViewRange,
    generator: torch.Generator,
    device: torch.device,
) -> FloatArray:
    """Return (VIEWS, b, f): the answers to four views of each image."""
    import torch

    from models.devices import fixed_threads
    from models.encoders.image_views import draw_views

    given = torch.from_numpy(batch)
    with torch.inference_mode(), fixed_threads():
        # Drawn on the CPU whatever the device: the same views everywhere.
        views = [draw_views(given, limits, generator).numpy() for _ in range(VIEWS)]
    return np.stack([conv_answers(filters, view, device) for view in views])
