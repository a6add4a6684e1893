"""Images as bytes: is it one, can it be decoded, and what a browser can show of it."""

from __future__ import annotations

import io
import math
import struct

from PIL import Image, UnidentifiedImageError

from labeling.pools.stretch import Stretch, is_deep, stretch_image

MAX_PIXELS = 89_478_485
"""Images that declare more pixels are not opened; the limit at which Pillow itself begins to warn."""

SCREEN_PIXELS = 16_000_000
"""An image that the server makes ready for the screen is thinned to about so many pixels: more than a screen has."""

_PNG_START = b"\x89PNG\r\n\x1a\n"
_BROWSER_FORMATS = {
    _PNG_START: "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_EXPECTED = (
    *(
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        IndexError,
        KeyError,
        TypeError,
        OverflowError,
        MemoryError,
    ),
    struct.error,
)
"""What Pillow is known to raise on damaged files."""


def inspect_image(data: bytes) -> str | None:
    """Return what is wrong with an image, None where it can be read.

    Cheap where it can be: a PNG is checked by its checksums, a JPEG that ends as it should by its header alone;
    everything else is decoded once.
    """
    if not data:
        return "the image is empty (0 bytes)"
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                return f"the image declares {width} × {height} pixels, more than the {MAX_PIXELS:,} that are opened"
            _check_body(image, data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return f"the image declares more than the {MAX_PIXELS:,} pixels that are opened"
    except UnidentifiedImageError:
        return "this is not an image (PNG, JPEG, WebP, GIF, BMP or TIFF)"
    except _EXPECTED as error:
        return f"the image is damaged or cut short ({error})"
    return None


def browser_image(data: bytes, *, stretch: Stretch | None = None) -> tuple[bytes, str] | None:
    """Return an image as a browser can show it, and its media type; None where it cannot be read.

    PNG, JPEG, WebP and GIF stay as they are; others are converted to PNG. Told by the first bytes, not by the name.
    Of an image with more than 8 bits a browser shows the upper 8, black where the range is narrow; so that is
    stretched.

    Args:
        data: the image file.
        stretch: how its numbers become greys; None for as they are, and beyond 8 bits the default.
    """
    if stretch is None and not _is_deep_png(data):
        for start, media_type in _BROWSER_FORMATS.items():
            if data.startswith(start):
                return data, media_type
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return data, "image/webp"
    if inspect_image(data) is not None:
        return None
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        small = _thinned(image)
        target = io.BytesIO()
        # It travels over the loopback at most once: soon is better than small.
        _for_screen(small, stretch).save(target, format="PNG", compress_level=1)
        return target.getvalue(), "image/png"


def has_deep_image(data: bytes) -> bool:
    """Return whether an image that can be read has more than 8 bits; only its header is looked at."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            return is_deep(image)
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning, *_EXPECTED):
        return False


def _is_deep_png(data: bytes) -> bool:
    """Return whether this is a grey PNG of 16 bits: its header has the bits and the kind of colour at one place."""
    return data[:8] == _PNG_START and data[12:16] == b"IHDR" and data[24:26] == b"\x10\x00"


def _check_body(image: Image.Image, data: bytes) -> None:
    """Raise one of `_EXPECTED` where the image's body is damaged."""
    if image.format == "PNG":
        image.verify()
        return
    if image.format == "JPEG":
        if data.rstrip(b"\x00")[-2:] == b"\xff\xd9":
            return
        # An eighth of the size decodes the same bytes at a fraction of the cost.
        image.draft("RGB", (image.width // 8, image.height // 8))
    image.load()


def _thinned(image: Image.Image) -> Image.Image:
    """Return every k-th pixel of an image that is larger than any screen; whole, one request would cost a gigabyte."""
    step = math.ceil(math.sqrt(image.width * image.height / SCREEN_PIXELS))
    if step <= 1:
        return image
    size = (max(1, image.width // step), max(1, image.height // step))
    # A JPEG is then decoded at a fraction of its size.
    image.draft(image.mode, size)
    return image.resize(size, Image.Resampling.NEAREST)


def _for_screen(image: Image.Image, stretch: Stretch | None) -> Image.Image:
    """Return an 8-bit image."""
    if stretch is not None or is_deep(image):
        return stretch_image(image, stretch or Stretch())
    return image if image.mode in ("1", "L", "LA", "P", "RGB", "RGBA") else image.convert("RGB")
