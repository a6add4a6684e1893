from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from app.components import map_picture, raster
from app.components.map_colours import rgb, value_ramp
from app.components.map_picture import Viewport, class_layer, draw, frozen, value_layer
from app.components.theme import UNLABELLED

VIEW = Viewport(0.0, 10.0, 0.0, 10.0, 100, 100)
RED, BLUE = "#cc1a0c", "#0077b6"


def channels(image: npt.NDArray[np.uint32] | None) -> npt.NDArray[np.uint8]:
    assert image is not None
    return image.view(np.uint8).reshape(*image.shape, 4)


def crowd(count: int = 20_000, seed: int = 0) -> npt.NDArray[np.float32]:
    return frozen(np.random.default_rng(seed).uniform(1, 9, (count, 2)).astype(np.float32))


def test_bounds__leaves_out_points_that_are_not_finite() -> None:
    positions = frozen(np.array([[0, 1], [np.nan, 5], [4, np.inf], [2, -3]], np.float32))
    assert raster.bounds(positions) == (0.0, 2.0, -3.0, 1.0, 2)


def count_codes(
    positions: npt.NDArray[np.float32], codes: list[int], scarcity: list[float]
) -> tuple[int, npt.NDArray[np.int32], npt.NDArray[np.int16]]:
    count, winner = np.empty((10, 10), np.int32), np.empty((10, 10), np.int16)
    key = np.empty((10, 10), np.float32)
    lots, weights = raster.lot_table(), np.array(scarcity, np.float32)
    view, own = VIEW.array(), frozen(np.array(codes, np.int16))
    return int(raster.count_codes(positions, own, weights, lots, view, count, winner, key)), count, winner


def test_count_codes__counts_every_point_in_view_once() -> None:
    positions = frozen(np.array([[0.5, 0.5], [0.6, 0.6], [9.5, 9.5], [10.0, 5.0], [-0.1, 5.0]], np.float32))
    inside, count, winner = count_codes(positions, [1, 1, 0, 1, 1], [1.0, 1.0])
    assert inside == 3
    assert count[0, 0] == 2
    assert winner[0, 0] == 1
    assert winner[9, 9] == 0
    assert count.sum() == 3


def test_count_codes__a_class_beats_any_number_without_one() -> None:
    _, _, winner = count_codes(frozen(np.full((9, 2), 5.5, np.float32)), [-1] * 4 + [0] + [-1] * 4, [1.0])
    assert winner[5, 5] == 0


def test_count_codes__a_scarce_class_wins_more_often_than_its_share() -> None:
    generator = np.random.default_rng(0)
    positions = frozen(generator.uniform(0, 10, (10_000, 2)).astype(np.float32))
    codes = (generator.random(10_000) < 0.1).astype(int).tolist()
    even = (count_codes(positions, codes, [1.0, 1.0])[2] == 1).mean()
    scarce = (count_codes(positions, codes, [0.95, 0.32])[2] == 1).mean()
    assert 0.02 < even < 0.2
    assert even < scarce < 0.5


def test_draw__shows_the_majority_in_its_colour() -> None:
    positions = crowd()
    codes = np.where(positions[:, 0] < 5, 0, 1).astype(np.int16)
    image = channels(draw(positions, class_layer(codes, [RED, BLUE], ["a", "b"]), VIEW, "light").image)
    assert tuple(image[50, 25, :3]) == rgb(RED)
    assert tuple(image[50, 75, :3]) == rgb(BLUE)
    assert image[2, 2, 3] == 0


def test_draw__row_0_is_the_bottom() -> None:
    positions = frozen(np.random.default_rng(0).uniform([1, 0], [9, 2], (5_000, 2)).astype(np.float32))
    image = channels(
        draw(positions, class_layer(np.zeros(5_000, np.int16), [RED], ["a"]), VIEW, "light").image
    )
    assert image[:20, :, 3].sum() > 0
    assert image[30:, :, 3].sum() == 0


def test_draw__density_raises_alpha() -> None:
    generator = np.random.default_rng(0)
    dense, sparse = generator.normal([3, 5], 0.3, (30_000, 2)), generator.uniform([6, 2], [9, 8], (300, 2))
    positions = frozen(np.vstack([dense, sparse]).astype(np.float32))
    layer = class_layer(np.zeros(len(positions), np.int16), [RED], ["a"])
    alpha = channels(draw(positions, layer, VIEW, "light").image)[..., 3]
    seen = alpha[20:80, 60:90]
    assert alpha[50, 30] > 1.5 * np.median(seen[seen > 0])


@pytest.mark.parametrize("total", [10_000, 300_000])
def test_draw__one_item_of_a_class_is_seen_among_all_others(total: int) -> None:
    positions = np.array(crowd(total))
    codes = np.zeros(total, np.int16)
    codes[0] = 1
    positions[0] = (5.005, 5.005)
    image = channels(
        draw(frozen(positions), class_layer(codes, [BLUE, RED], ["a", "b"]), VIEW, "light").image
    )
    shown = (image[..., :3] == np.array(rgb(RED))).all(axis=-1) & (image[..., 3] > 200)
    assert shown.sum() >= 9


def test_draw__every_small_class_of_a_large_pool_is_seen() -> None:
    sizes = [190_000, 8_000, 1_500, 400, 90, 9]
    colours = ["#0077b6", "#cc1a0c", "#f0a800", "#3ca890", "#843060", "#1f1ff0"]
    codes = np.repeat(np.arange(6), sizes).astype(np.int16)
    image = channels(
        draw(crowd(len(codes)), class_layer(codes, colours, list("abcdef")), VIEW, "light").image
    )
    for colour in colours:
        assert ((image[..., :3] == np.array(rgb(colour))).all(axis=-1) & (image[..., 3] > 0)).any(), colour


def test_draw__few_points_become_marks_with_the_rarest_last() -> None:
    positions = crowd(200)
    codes = np.zeros(200, np.int16)
    codes[5] = 1
    picture = draw(positions, class_layer(codes, [BLUE, RED], ["a", "b"]), VIEW, "light")
    assert picture.image is None
    assert sorted(picture.rows.tolist()) == list(range(200))
    assert picture.rows[-1] == 5
    assert picture.over.tolist()[-1] is True
    assert picture.radii_px[-1] > picture.radii_px[0]


def test_draw__labelled_items_lie_over_those_without_a_label() -> None:
    codes = np.full(1_000, -1, np.int16)
    codes[[3, 10]] = (0, 0)
    codes[7] = 1
    picture = draw(crowd(1_000), class_layer(codes, [BLUE, RED], ["a", "b"]), VIEW, "light")
    assert picture.rows[-3:].tolist() == [3, 10, 7]
    assert picture.over.sum() == 3


def test_draw__emphasised_items_are_drawn_over() -> None:
    emphasise = np.zeros(1_000, bool)
    emphasise[500] = True
    layer = class_layer(np.zeros(1_000, np.int16), [BLUE], ["a"], emphasise)
    assert draw(crowd(1_000), layer, VIEW, "light").rows[-1] == 500


def test_draw__a_code_without_a_colour_counts_as_no_class() -> None:
    codes = np.full(20_000, 9, np.int16)
    layer = class_layer(codes, [BLUE], ["a"])
    assert layer.without == 20_000
    assert draw(crowd(), layer, VIEW, "light").inside == 20_000


def test_draw__values_follow_the_ramp() -> None:
    positions = crowd(50_000)
    layer = value_layer(np.where(positions[:, 0] < 5, 0.0, 1.0).astype(np.float16), "uncertainty")
    image = channels(draw(positions, layer, VIEW, "light").image).astype(int)
    filled = image[..., 3] > 0
    left, right = image[:, :40][filled[:, :40]], image[:, 60:][filled[:, 60:]]
    assert right[:, :3].sum(axis=1).mean() < left[:, :3].sum(axis=1).mean() - 100


def test_value_layer__clips_and_keeps_what_has_no_value_apart() -> None:
    layer = value_layer(np.array([np.nan, -1, 0.5, 1, 7, np.inf], np.float32), "v")
    assert layer.values is not None
    assert layer.values.tolist() == [255, 0, 127, 254, 254, 254]
    assert layer.without == 1


def test_draw__items_without_a_value_are_grey_and_change_no_mean() -> None:
    positions = crowd(50_000)
    values = np.where(positions[:, 0] < 5, np.nan, 1.0).astype(np.float16)
    image = channels(draw(positions, value_layer(values, "u"), VIEW, "light").image)
    assert tuple(image[50, 25, :3]) == rgb(UNLABELLED)
    assert tuple(image[50, 75, :3]) == rgb(value_ramp("light")[-1])
    half = np.where(np.arange(50_000) % 2, np.nan, 1.0).astype(np.float16)
    mixed = channels(draw(positions, value_layer(half, "u"), VIEW, "light").image)
    assert tuple(mixed[50, 50, :3]) == rgb(value_ramp("light")[-1])


def test_draw__is_the_same_each_time_and_changes_no_input() -> None:
    positions, codes = crowd(), frozen(np.random.default_rng(1).integers(-1, 4, 20_000).astype(np.int16))
    before = positions.copy()
    layer = class_layer(codes, [RED, BLUE, "#00a854", "#f0a800"], list("abcd"))
    one, two = (draw(positions, layer, VIEW, "dark").image for _ in range(2))
    np.testing.assert_array_equal(channels(one), channels(two))
    np.testing.assert_array_equal(positions, before)


def test_draw__limits_the_pixels_of_a_fine_screen() -> None:
    view = Viewport(0, 10, 0, 10, 2_000, 1_500, 2.0)
    image = draw(crowd(), class_layer(np.zeros(20_000, np.int16), [RED], ["a"]), view, "light").image
    assert image is not None
    assert image.size <= 1.01 * map_picture.MOST_PIXELS


@pytest.mark.parametrize("edges", [(1, 1, 0, 1), (0, 1, 2, 1), (np.nan, 1, 0, 1), (0, np.inf, 0, 1)])
def test_valid__refuses_a_view_without_area(edges: tuple[float, float, float, float]) -> None:
    assert not Viewport(*edges, 100, 100).valid()


def test_nearest_row__finds_the_closest_within_reach_only() -> None:
    positions = frozen(np.array([[1, 1], [1.5, 1], [np.nan, np.nan]], np.float32))
    assert raster.nearest_row(positions, 1.4, 1.0, 10.0, 10.0, 12.0) == 1
    assert raster.nearest_row(positions, 5.0, 1.0, 10.0, 10.0, 12.0) == -1
