"""Views of images, in torch: small changes after which a thing is still the same thing.

A view is turned, shifted, scaled, sheared and stretched a little, in one resampling, and brightness, contrast and the
strength of colours vary. Nothing is mirrored and nothing turned far, unless the pool's images have no upright: a
mirrored 2 is no 2, a 6 turned around is a 9.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as functional


@dataclass(frozen=True)
class ViewRange:
    """How far a view may lie from its image; each change is drawn evenly between minus and plus this.

    Attributes:
        turn_deg: turn in degrees.
        shift: shift along each side, as a share of the side.
        scale: logarithm of the zoom.
        shear: shear, and logarithm of the stretch of width against height.
        light: logarithm of the contrast; half of it is added to the brightness (0 to 1).
        colour: logarithm of the strength of colours; a quarter is added to each channel.
        mirror: whether half of the views are mirrored.
    """

    turn_deg: float = 10.0
    shift: float = 0.05
    scale: float = 0.12
    shear: float = 0.12
    light: float = 0.3
    colour: float = 0.3
    mirror: bool = False


UPRIGHT = ViewRange()
ANY_ORIENTATION = ViewRange(turn_deg=180.0, mirror=True)


def draw_views(images: torch.Tensor, limits: ViewRange, generator: torch.Generator) -> torch.Tensor:
    """Draw one view of each image.

    Args:
        images: (b, channels, side, side) float32 from 0 to 1, on the CPU; left unchanged.
        limits: how far a view may lie from its image.
        generator: a CPU generator; the only source of chance.

    Returns:
        (b, channels, side, side) float32 from 0 to 1.
    """
    chance = torch.rand(len(images), 12, generator=generator) * 2 - 1
    grid = functional.affine_grid(_moves(chance, limits), list(images.shape), align_corners=False)
    # Beyond the edge the edge goes on: black corners would tell a turned image from one that is not.
    moved = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    return _recoloured(moved, chance[:, 7:], limits).clamp(0, 1)


def _moves(chance: torch.Tensor, limits: ViewRange) -> torch.Tensor:
    """Return (b, 2, 3): where each pixel of a view is read."""
    turn = chance[:, 0] * math.radians(limits.turn_deg)
    zoom = (chance[:, 1] * limits.scale).exp()
    stretch = (chance[:, 2] * limits.shear).exp()
    side = torch.where(chance[:, 6] < 0, -1.0, 1.0) if limits.mirror else torch.ones_like(zoom)
    cosine, sine = turn.cos() * zoom, turn.sin() * zoom
    # The grid runs from -1 to 1: a side is 2 long.
    right, down = 2 * limits.shift * chance[:, 4], 2 * limits.shift * chance[:, 5]
    across = torch.stack([side * cosine * stretch, limits.shear * chance[:, 3] * cosine - sine, right], dim=1)
    along = torch.stack([side * sine, cosine / stretch, down], dim=1)
    return torch.stack([across, along], dim=1)


def _recoloured(images: torch.Tensor, chance: torch.Tensor, limits: ViewRange) -> torch.Tensor:
    chance = chance[:, :, None, None]
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    contrast, brightness = (chance[:, :1] * limits.light).exp(), chance[:, 1:2] * limits.light / 2
    lit = (images - mean) * contrast + mean + brightness
    if images.shape[1] == 1:
        return lit
    grey = lit.mean(dim=1, keepdim=True)
    tint = chance[:, 2:5] * limits.colour / 4
    return grey + (lit - grey) * (chance[:, 2:5].mean(1, keepdim=True) * limits.colour).exp() + tint
