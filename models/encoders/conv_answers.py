"""From images to the answers of filters learned on them: what both encoders that learn from images begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.encoders.contract import FloatArray, ItemSource, Progress, fit_ranges
from models.encoders.decode import ImageShape, decode_images
from models.errors import EncoderInputError

if TYPE_CHECKING:
    import torch

    from models.encoders.conv_filters import ConvFilters

SMALLEST_PX, LARGEST_PX = 8, 48
FIT_ITEMS = 4096
FILTERS = 64
PATCHES = 50_000
LARGEST_PATCH_PX = 9
POSITIONS = 23
"""Patches along a side are at most this many; larger images take larger steps."""


def images_to_learn_from(source: ItemSource, shape: ImageShape, seed: int, progress: Progress) -> FloatArray:
    """Read up to 4,096 images of a pool, 64 at a time.

    Args:
        source: a pool of images.
        shape: the shape to bring them to.
        seed: of the choice of images.
        progress: told the share read, 0 to 1.

    Returns:
        (m, channels, side, side) float32 from 0 to 1, m at least 1; at most 113 MB.

    Raises:
        EncoderInputError: no image can be read.
    """
    chosen = fit_ranges(len(source), FIT_ITEMS, seed, block=64)
    kept = []
    for done, (low, high) in enumerate(chosen):
        images, good = decode_images(source.images(low, high), shape)
        kept.append(images[good & source.readable[low:high]])
        progress((done + 1) / len(chosen), "reading images")
    images = np.concatenate(kept)
    if not len(images):
        raise EncoderInputError(
            f"none of the {len(source)} images can be read; image files such as PNG or JPEG are expected"
        )
    return images


def learn_conv(images: FloatArray, seed: int, device: torch.device) -> ConvFilters:
    """Learn 64 filters, a third of the images' side in size, at most 9 pixels.

    Args:
        images: (m, channels, side, side) float32 from 0 to 1.
        seed: of the choice of patches.
        device: where the filters go; they are learned on the CPU.

    Returns:
        The filters, on `device`.
    """
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


def conv_answers(filters: ConvFilters, images: FloatArray, device: torch.device) -> FloatArray:
    """Describe images by the filters' answers.

    Args:
        filters: on `device`.
        images: (b, channels, side, side) float32 from 0 to 1.
        device: where to compute.

    Returns:
        (b, filters.width) float32, at least 0.
    """
    import torch

    from models.devices import fixed_threads
    from models.encoders.conv_filters import respond, same_arithmetic

    with torch.inference_mode(), same_arithmetic(), fixed_threads():
        return respond(filters, torch.from_numpy(images).to(device)).cpu().numpy()
