from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from models.encoders.decode import ImageShape, choose_shape, decode_image, decode_images
from tests.models.encoders.sources import encoded, image_source, png

GREY, COLOUR = ImageShape(8, 1), ImageShape(8, 3)


def test_decode_image__small_grey_is_taken_as_it_is() -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    decoded = decode_image(png(pixels), GREY)
    assert decoded is not None
    np.testing.assert_array_equal(decoded, pixels[None])


def test_decode_image__wide_keeps_its_aspect_and_is_padded_with_its_border() -> None:
    pixels = np.full((40, 80), 200, dtype=np.uint8)
    pixels[12:28, 12:68] = 90
    decoded = decode_image(png(pixels), GREY)
    assert decoded is not None
    assert (decoded[0, :2] == decoded[0, 0, 0]).all()
    assert decoded[0, 0, 0] > decoded[0, 4, 4] + 30


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I", "F", "I;16"])
@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_decode_image__every_mode(mode: str, shape: ImageShape) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 900)
    else:
        image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) * 4).convert(mode)
    decoded = decode_image(encoded(image, "TIFF"), shape)
    assert decoded is not None
    assert decoded.shape == (shape.channels, 8, 8)
    assert int(decoded.max()) - int(decoded.min()) > 100


def test_decode_image__turned_photo_is_set_upright() -> None:
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    pixels[:, :4] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = decode_image(encoded(Image.fromarray(pixels), "PNG", exif=exif), COLOUR)
    assert decoded is not None
    assert decoded[0, 0].min() == 255
    assert decoded[0, 7].max() == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an image",
        png(np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8))[:500],
        encoded(Image.fromarray(np.zeros((64, 64, 3), np.uint8)), "JPEG")[:300],
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a\x00\x00\x00\x00",
    ],
)
def test_decode_image__damaged_is_none(data: bytes) -> None:
    assert decode_image(data, GREY) is None


def test_decode_image__header_of_a_giant_is_none() -> None:
    header = b"P5 60000 60000 255\n"
    assert decode_image(header + b"\0" * 100, GREY) is None


def test_decode_images__damaged_ones_are_zero_and_the_rest_goes_on() -> None:
    good = png(np.full((8, 8), 255, dtype=np.uint8))
    images, readable = decode_images([good, None, b"text", good], GREY)
    assert readable.tolist() == [True, False, False, True]
    assert images.dtype == np.float32
    assert images[0].min() == 1.0
    assert not images[1:3].any()


def test_choose_shape__median_side_grey() -> None:
    source = image_source([png(np.zeros((28, 20), np.uint8))] * 5 + [b"damaged"])
    assert choose_shape(source, seed=0, smallest_px=8, largest_px=48) == ImageShape(28, 1)


def test_choose_shape__one_colour_image_makes_it_colour_within_the_limits() -> None:
    images = [png(np.zeros((300, 200), np.uint8)), png(np.zeros((300, 200, 3), np.uint8))]
    assert choose_shape(image_source(images), seed=0, smallest_px=8, largest_px=48) == ImageShape(48, 3)


def test_choose_shape__nothing_readable_gives_the_smallest() -> None:
    assert choose_shape(image_source([None]), seed=0, smallest_px=8, largest_px=48) == ImageShape(8, 1)
