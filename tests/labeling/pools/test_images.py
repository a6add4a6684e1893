from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from labeling.pools.images import browser_image, has_deep_image, inspect_image
from labeling.pools.stretch import Stretch
from tests.labeling.pools.files import image_bytes

KINDS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]


@pytest.mark.parametrize("kind", KINDS)
def test_inspect_image__whole_image_is_fine(kind: str) -> None:
    assert inspect_image(image_bytes(kind=kind, size=(64, 48))) is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_inspect_image__truncated_image_is_told(kind: str, share: float) -> None:
    data = image_bytes(kind=kind, size=(64, 48))
    assert inspect_image(data[: int(len(data) * share)]) is not None


def test_inspect_image__zero_bytes() -> None:
    assert inspect_image(b"") == "the image is empty (0 bytes)"


def test_inspect_image__text_by_another_name() -> None:
    assert (
        inspect_image(b"hello, I am a text file\n")
        == "this is not an image (PNG, JPEG, WebP, GIF, BMP or TIFF)"
    )


def test_inspect_image__changed_byte_in_a_png() -> None:
    data = bytearray(image_bytes(size=(64, 48)))
    data[len(data) // 2] ^= 0xFF
    assert inspect_image(bytes(data)) is not None


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_inspect_image__decompression_bomb_is_not_opened() -> None:
    for side in (12_000, 60_000):
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        chunk = b"IHDR" + header
        data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
        data += struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
        data += struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
        problem = inspect_image(data)
        assert problem is not None
        assert "pixels" in problem


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(30))
def test_inspect_image__random_damage_never_raises(seed: int) -> None:
    generator = np.random.default_rng(seed)
    data = bytearray(image_bytes(kind=KINDS[seed % len(KINDS)], size=(40, 30)))
    for place in generator.integers(0, len(data), 20):
        data[place] = generator.integers(0, 256)
    problem = inspect_image(bytes(data))
    assert problem is None or problem
    browser_image(bytes(data))


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")],
)
def test_browser_image__what_browsers_show_stays_as_it_is(kind: str, media_type: str) -> None:
    data = image_bytes(kind=kind)
    assert browser_image(data) == (data, media_type)


@pytest.mark.parametrize(
    ("kind", "mode"), [("BMP", "RGB"), ("TIFF", "RGB"), ("TIFF", "CMYK"), ("TIFF", "L"), ("BMP", "P")]
)
def test_browser_image__others_become_png_with_the_same_picture(kind: str, mode: str) -> None:
    data = image_bytes(kind=kind, mode=mode)
    shown = browser_image(data)
    assert shown is not None
    assert shown[1] == "image/png"
    with Image.open(io.BytesIO(shown[0])) as after, Image.open(io.BytesIO(data)) as before:
        assert after.format == "PNG"
        assert np.array_equal(np.asarray(after.convert("RGB")), np.asarray(before.convert("RGB")))


@pytest.mark.parametrize("mode", ["I;16", "F"])
def test_browser_image__deep_images_are_stretched(mode: str) -> None:
    values = np.linspace(100, 4000, 80).reshape(8, 10).astype(np.uint16 if mode == "I;16" else np.float32)
    target = io.BytesIO()
    Image.fromarray(values).save(target, format="TIFF")
    shown = browser_image(target.getvalue())
    assert shown is not None
    with Image.open(io.BytesIO(shown[0])) as image:
        assert image.mode == "L"
        assert image.getextrema() == (0, 255)


def narrow_png() -> bytes:
    """Return a grey PNG of 16 bits whose numbers use the lowest 12: a browser shows it black."""
    values = np.linspace(100, 4000, 400).reshape(20, 20).astype(np.uint16)
    target = io.BytesIO()
    Image.fromarray(values).save(target, format="PNG")
    return target.getvalue()


def test_browser_image__a_png_of_16_bits_is_not_left_black() -> None:
    shown = browser_image(narrow_png())
    assert shown is not None
    with Image.open(io.BytesIO(shown[0])) as image:
        assert (image.mode, image.getextrema()) == ("L", (0, 255))


def test_browser_image__is_stretched_as_asked() -> None:
    def mean(stretch: Stretch | None) -> float:
        shown = browser_image(narrow_png(), stretch=stretch)
        assert shown is not None
        with Image.open(io.BytesIO(shown[0])) as image:
            return float(np.asarray(image).mean())

    assert mean(Stretch("linear", 0, 100)) < mean(None) + 5 < mean(Stretch("asinh")) < mean(Stretch("log"))


def test_browser_image__eight_bits_are_stretched_where_asked() -> None:
    data = image_bytes(mode="L")
    shown = browser_image(data, stretch=Stretch("log"))
    assert shown is not None and shown[0] != data


def test_browser_image__a_damaged_one_is_not_stretched() -> None:
    data = image_bytes(size=(64, 48))
    assert browser_image(data[: len(data) // 2], stretch=Stretch("log")) is None


def test_has_deep_image__tells_by_the_header() -> None:
    assert has_deep_image(narrow_png())
    assert not has_deep_image(image_bytes())
    assert not has_deep_image(b"not an image")


def test_browser_image__no_image_gives_nothing() -> None:
    assert browser_image(b"not an image") is None
