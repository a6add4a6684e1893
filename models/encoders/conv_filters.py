"""Convolution filters learned from patches by spherical k-means, in torch (Coates and Ng 2011, 2012).

A patch is brought to zero mean and unit contrast, whitened, and compared with K filters; what exceeds a threshold,
with either sign, is summed over a 3 x 3 grid of the image. Contrast, whitening and comparison are linear but for one
division, so they are done as one convolution.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as functional

CONTRAST_FLOOR = 0.01
"""Added to a patch's variance (pixels 0 to 1), so that flat patches stay quiet."""

WHITENING_FLOOR = 0.1
THRESHOLD = 0.5
GRID = 3
SWEEPS = 10


@dataclass(frozen=True)
class ConvFilters:
    """Learned filters.

    Attributes:
        kernels: (K, channels, patch, patch) float32; normalisation and whitening folded in.
        offsets: (K,) float32.
        stride: pixels between neighbouring patches.
    """

    kernels: torch.Tensor
    offsets: torch.Tensor
    stride: int

    @property
    def width(self) -> int:
        """Length of what `respond` gives for an image."""
        return 2 * GRID * GRID * len(self.kernels)


def learn_filters(
    images: torch.Tensor, *, count: int, patch_px: int, stride: int, patches: int, generator: torch.Generator
) -> ConvFilters:
    """Learn filters from random patches.

    Args:
        images: (m, channels, side, side) float32 from 0 to 1, on the CPU.
        count: K, filters to learn.
        patch_px: side of a patch.
        stride: pixels between neighbouring patches when the filters are used.
        patches: how many patches to learn from.
        generator: a CPU generator; the only source of chance.

    Returns:
        The filters, on the CPU.
    """
    drawn = _patches(images, patch_px, patches, generator)
    drawn = drawn - drawn.mean(1, keepdim=True)
    drawn = drawn / (drawn.square().mean(1, keepdim=True) + CONTRAST_FLOOR).sqrt()
    mean = drawn.mean(0)
    variances, axes = torch.linalg.eigh((drawn - mean).T @ (drawn - mean) / len(drawn))
    whitening = axes @ torch.diag((variances.clamp(min=0) + WHITENING_FLOOR).rsqrt()) @ axes.T
    centres = _spherical_kmeans((drawn - mean) @ whitening, count)
    folded = whitening @ centres.T
    offsets = -(mean @ folded)
    # A patch's mean is taken off in the kernel: a kernel that sums to zero does not see it.
    folded = folded - folded.mean(0)
    kernels = folded.T.reshape(count, images.shape[1], patch_px, patch_px).contiguous()
    return ConvFilters(kernels, offsets, stride)


def respond(filters: ConvFilters, images: torch.Tensor) -> torch.Tensor:
    """Describe images by their filters' answers.

    Args:
        filters: on the same device as `images`.
        images: (b, channels, side, side) float32 from 0 to 1.

    Returns:
        (b, 18 K) float32, at least 0; square roots of sums, which tames the strongest.
    """
    _, channels, patch_px, _ = filters.kernels.shape
    box = torch.full((1, channels, patch_px, patch_px), 1.0 / (channels * patch_px**2), device=images.device)
    mean = functional.conv2d(images, box, stride=filters.stride)
    mean_square = functional.conv2d(images.square(), box, stride=filters.stride)
    contrast = ((mean_square - mean.square()).clamp(min=0) + CONTRAST_FLOOR).sqrt()
    answers = functional.conv2d(images, filters.kernels, stride=filters.stride) / contrast
    answers = answers + filters.offsets[:, None, None]
    halves = [
        functional.adaptive_avg_pool2d((sign * answers - THRESHOLD).clamp(min=0), GRID)
        for sign in (1.0, -1.0)
    ]
    return torch.cat(halves, dim=1).flatten(1).sqrt()


@contextmanager
def same_arithmetic() -> Iterator[None]:
    """Make convolutions on a GPU repeatable and full float32 while encoding; put everything back afterwards."""
    cudnn = torch.backends.cudnn
    before = (cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32)
    cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32 = True, False, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32 = before


def _patches(images: torch.Tensor, patch_px: int, count: int, generator: torch.Generator) -> torch.Tensor:
    m, channels, height, width = images.shape
    which = torch.randint(0, m, (count,), generator=generator)
    top = torch.randint(0, height - patch_px + 1, (count,), generator=generator)
    left = torch.randint(0, width - patch_px + 1, (count,), generator=generator)
    steps = torch.arange(patch_px)
    down, right = (top[:, None] + steps)[:, :, None], (left[:, None] + steps)[:, None, :]
    taken = images[which[:, None, None], :, down, right]
    return taken.permute(0, 3, 1, 2).reshape(count, channels * patch_px**2)


def _spherical_kmeans(patches: torch.Tensor, count: int) -> torch.Tensor:
    """Return (count, p) unit vectors; a centre that wins no patch stays where it is."""
    centres = functional.normalize(patches[:count], dim=1)
    for _ in range(SWEEPS):
        answers = patches @ centres.T
        winner = answers.abs().argmax(1)
        strength = answers.gather(1, winner[:, None])
        # One-hot product instead of index_add_: adds in a fixed order on every device.
        members = functional.one_hot(winner, count).to(patches.dtype)
        centres = functional.normalize(members.T @ (patches * strength) + centres, dim=1)
    return centres
