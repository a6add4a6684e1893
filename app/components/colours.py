"""Colours as eyes see them, colour-blind ones too, and the colour for a new class that is farthest from all in use.

Colour blindness is simulated as Machado, Oliveira and Fernandes (2009, doi:10.1109/TVCG.2009.113) do for full
protanopia and deuteranopia; distances are taken in Oklab (Ottosson, 2020).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from app.components.theme import CLASS_PALETTE, class_colour

VISIONS = np.array(
    [
        np.eye(3),
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    ]
)
"""(3, 3, 3): what the usual eye, protanopia and deuteranopia make of linear RGB."""

TOO_NEAR = 0.04
"""Distance in Oklab below which two chips can hardly be told apart; then a generated colour is taken."""

_TO_CONES = np.array([[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]])
_TO_LAB = np.array([[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]])
_GENERATED = 60


def perceived(colours: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return (3, n, 3) float64: Oklab coordinates of each `#rrggbb` colour as each kind of eye of VISIONS sees it."""
    channels = [[int(colour[start : start + 2], 16) for start in (1, 3, 5)] for colour in colours]
    srgb = np.array(channels, dtype=np.float64).reshape(-1, 3) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.einsum("vij,nj->vni", VISIONS, linear), 0, 1)
    cones = np.cbrt(np.einsum("ij,vnj->vni", _TO_CONES, seen))
    return np.einsum("ij,vnj->vni", _TO_LAB, cones)


def farthest_colour(used: Collection[str]) -> str:
    """Return the colour that is farthest from all in use, to whichever eye tells them apart least.

    One of CLASS_PALETTE while it holds one that can be told from the others, then a generated one.

    Args:
        used: the `#rrggbb` colours of the classes that are there.
    """
    if not used:
        return CLASS_PALETTE[0]
    others = perceived(sorted(used))
    # The colours are generated in turn; the next of them are those that none of the classes has yet.
    start = len(CLASS_PALETTE) + max(0, len(used) - len(CLASS_PALETTE))
    for candidates in (CLASS_PALETTE, [class_colour(start + step) for step in range(_GENERATED)]):
        points = perceived(candidates)
        apart = np.linalg.norm(points[:, :, None] - others[:, None], axis=-1).min(axis=(0, 2))
        best = int(apart.argmax())
        if apart[best] >= TOO_NEAR:
            break
    return candidates[best]
