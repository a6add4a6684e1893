"""Image files to arrays of one size, without torch."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from models.encoders.contract import FloatArray, ItemSource, fit_ranges, ranges

MAX_PIXELS = 200_000_000
"""Larger images are taken as unreadable rather than filling the memory."""

DECODERS = 4
"""Threads that decode; Pillow lets go of the interpreter's lock while it does."""

_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
"""Modes whose numbers have no fixed range."""


@dataclass(frozen=True)
class ImageShape:
    """The shape images are brought to.

    Attributes:
        side_px: height and width.
        channels: 1 (grey) or 3 (red, green, blue).
    """

    side_px: int
    channels: int


def choose_shape(
    source: ItemSource, *, seed: int, smallest_px: int, largest_px: int, looked_at: int = 512
) -> ImageShape:
    """Choose the shape that suits a pool from the headers of some of its images.

    Args:
        source: a pool of images.
        seed: of the choice of images.
        smallest_px: smallest side.
        largest_px: largest side.
        looked_at: how many images to look at.

    Returns:
        The median of the longer sides, within the limits; grey where every image looked at is grey.
    """
    sides, colour = [], False
    for low, high in fit_ranges(len(source), looked_at, seed, block=16):
        for data in source.images(low, high):
            header = _header(data)
            if header is not None:
                sides.append(header[0])
                colour = colour or header[1]
    side = int(np.median(sides)) if sides else smallest_px
    return ImageShape(min(max(side, smallest_px), largest_px), 3 if colour else 1)


def decode_image(data: bytes, shape: ImageShape) -> npt.NDArray[np.uint8] | None:
    """Decode one image: upright, its aspect kept, padded to a square with the mean colour of its border.

    Args:
        data: the file's bytes.
        shape: the shape to bring it to.

    Returns:
        (channels, side, side) uint8, or None where the bytes are not an image that can be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > MAX_PIXELS or not image.width * image.height:
                    return None
                # JPEG only: decode at a fraction of the size, many times faster for photos.
                image.draft("RGB" if shape.channels == 3 else "L", (2 * shape.side_px, 2 * shape.side_px))
                return _square(_plain(image, shape), shape)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, MemoryError):
        # Pillow raises each of these on damaged files; which one depends on the format.
        return None


def decode_images(
    images: Sequence[bytes | None], shape: ImageShape
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Decode several images, a few at a time.

    Args:
        images: b files; None where there is none.
        shape: the shape to bring them to.

    Returns:
        (b, channels, side, side) float32 from 0 to 1, zeros where unreadable; and (b,) bool, True where readable.
    """
    result = np.zeros((len(images), shape.channels, shape.side_px, shape.side_px), dtype=np.float32)
    good = np.zeros(len(images), dtype=np.bool_)
    with ThreadPoolExecutor(DECODERS) as pool:
        for row, image in enumerate(
            pool.map(lambda data: decode_image(data, shape) if data else None, images)
        ):
            if image is not None:
                result[row], good[row] = image, True
    result /= 255.0
    return result, good


def encode_images(
    source: ItemSource,
    start: int,
    stop: int,
    *,
    shape: ImageShape,
    dimensions: int,
    batch_size: int,
    encode: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """Decode a range of rows a batch at a time and encode what can be read.

    Args:
        source: a pool of images.
        start: first row.
        stop: row after the last.
        shape: the shape images are brought to.
        dimensions: length d of the vectors.
        batch_size: images at once.
        encode: `(g, channels, side, side) -> (g, d)`; called with g >= 1 readable images.

    Returns:
        (stop - start, d) float32; zeros where no image can be read.
    """
    result = np.zeros((stop - start, dimensions), dtype=np.float32)
    for low, high in ranges(start, stop, batch_size):
        images, good = decode_images(source.images(low, high), shape)
        good &= source.readable[low:high]
        if good.any():
            result[low - start : high - start][good] = encode(images[good])
    return result


def _header(data: bytes | None) -> tuple[int, bool] | None:
    if not data:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                grey = image.mode in ("1", "L", "LA", *_DEEP_MODES)
                return max(image.size), not grey
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return None


def _plain(image: Image.Image, shape: ImageShape) -> Image.Image:
    """Return the image upright, as grey or RGB, transparent parts laid on black."""
    image = ImageOps.exif_transpose(image)
    if image.mode in _DEEP_MODES:
        image = _stretch(image)
    if image.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image)
    return image.convert("RGB" if shape.channels == 3 else "L")


def _stretch(image: Image.Image) -> Image.Image:
    """Bring deep grey values to 0 to 255, since their range is the instrument's."""
    values = np.asarray(image).astype(np.float64)
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("no finite pixel")
    low, high = np.percentile(values[finite], (0.5, 99.5))
    scaled = np.where(finite, (values - low) / max(high - low, 1e-12), 0.0).clip(0, 1)
    return Image.fromarray((scaled * 255).astype(np.uint8))


def _square(image: Image.Image, shape: ImageShape) -> npt.NDArray[np.uint8]:
    side = shape.side_px
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.BILINEAR)
    pixels = np.asarray(image, dtype=np.uint8).reshape(size[1], size[0], shape.channels)
    if size != (side, side):
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        square = np.empty((side, side, shape.channels), dtype=np.uint8)
        square[:] = np.rint(border.mean(axis=0))
        top, left = (side - size[1]) // 2, (side - size[0]) // 2
        square[top : top + size[1], left : left + size[0]] = pixels
        pixels = square
    return pixels.transpose(2, 0, 1)
