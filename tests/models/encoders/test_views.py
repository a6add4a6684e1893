"""Views of images, and the axes that are learned from them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.encoders.image_views import ANY_ORIENTATION, UPRIGHT, ViewRange, draw_views
from models.encoders.invariance import ViewSpread, invariant_axes
from models.errors import EncoderError

STILL = ViewRange(turn_deg=0, shift=0, scale=0, shear=0, light=0, colour=0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def wedge(count: int = 64, channels: int = 1) -> torch.Tensor:
    """Images that are brighter to the right and to the bottom: no turn or mirroring leaves them alike."""
    line = torch.linspace(0.2, 0.8, 16)
    return (0.75 * line + 0.25 * line[:, None]).expand(count, channels, 16, 16).contiguous()


def slope(views: torch.Tensor) -> torch.Tensor:
    return views[..., 8:].mean(dim=(1, 2, 3)) - views[..., :8].mean(dim=(1, 2, 3))


@pytest.mark.parametrize("channels", [1, 3])
def test_draw_views__keeps_shape_and_range_and_the_images(channels: int) -> None:
    images = wedge(5, channels)
    before = images.clone()
    views = draw_views(images, UPRIGHT, generator())
    assert views.shape == images.shape
    assert views.min() >= 0
    assert views.max() <= 1
    assert torch.equal(images, before)


def test_draw_views__same_generator_same_views() -> None:
    first, second, other = (draw_views(wedge(), UPRIGHT, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_draw_views__no_change_asked_for_is_no_change() -> None:
    torch.testing.assert_close(draw_views(wedge(), STILL, generator()), wedge(), atol=1e-4, rtol=0)


def test_draw_views__upright_never_mirrors_or_turns_over() -> None:
    assert (slope(draw_views(wedge(500), UPRIGHT, generator())) > 0).all()


def test_draw_views__any_orientation_mirrors_half() -> None:
    mirrored = ViewRange(0, 0, 0, 0, 0, 0, mirror=True)
    turned = (slope(draw_views(wedge(500), mirrored, generator())) < 0).float().mean()
    assert 0.4 < turned < 0.6
    assert ANY_ORIENTATION.mirror


def test_draw_views__colour_varies_where_there_is_colour() -> None:
    views = draw_views(wedge(8, 3), ViewRange(0, 0, 0, 0, 0, 0.3), generator())
    assert (views[:, 0] - views[:, 1]).abs().mean(dim=(1, 2)).min() > 1e-4


def spread_of(values: np.ndarray, noise: np.ndarray, seed: int = 0) -> ViewSpread:
    """Four views of each item, moved by `noise` deviations along each column."""
    draw = np.random.default_rng(seed)
    spread = ViewSpread(values.shape[1])
    for part in np.array_split(values, 3):
        spread.add((part + draw.normal(size=(4, *part.shape)) * noise).astype(np.float32))
    return spread


def test_invariant_axes__what_views_leave_alone_comes_first() -> None:
    values = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    axes = invariant_axes(values, spread_of(values, np.array([1, 0.1, 1])), dimensions=3)
    weight = np.abs(axes.matrix)
    assert weight[:, 0].argmax() == 1
    vectors = axes.apply(values)
    assert np.corrcoef(vectors[:, 0], values[:, 1])[0, 1] > 0.99
    assert vectors[:, 0].std() > 2 * vectors[:, 1:].std()


def test_invariant_axes__root_mean_square_is_one() -> None:
    values = np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
    axes = invariant_axes(values, spread_of(values, np.full(6, 0.3)), dimensions=4)
    assert axes.dimensions == 4
    assert np.sqrt(np.square(axes.apply(values)).mean()) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("items", [1, 2, 5])
def test_invariant_axes__fewer_items_than_columns(items: int) -> None:
    values = np.random.default_rng(0).normal(size=(items, 40)).astype(np.float32)
    axes = invariant_axes(values, spread_of(values, np.full(40, 0.1)), dimensions=16)
    assert 1 <= axes.dimensions <= max(1, items - 1)
    assert np.isfinite(axes.apply(values)).all()


def test_invariant_axes__items_that_do_not_differ_give_zeros() -> None:
    values = np.ones((50, 4), dtype=np.float32)
    for noise in (0.0, 0.5):
        axes = invariant_axes(values, spread_of(values, np.full(4, noise)), dimensions=4)
        assert not axes.apply(values).any()


def test_invariant_axes__views_that_do_not_move_leave_finite_axes() -> None:
    values = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    axes = invariant_axes(values, spread_of(values, np.zeros(4)), dimensions=4)
    assert np.isfinite(axes.matrix).all()
    assert axes.apply(values).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_invariant_axes__numbers_that_are_none_are_refused(bad: float) -> None:
    values = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    spread = spread_of(values, np.ones(4))
    with np.errstate(invalid="ignore"):
        spread.add(np.full((4, 2, 4), bad, dtype=np.float32))
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(EncoderError, match=r"NaN or infinite.*encoder\.device to 'cpu'.*image_conv"),
    ):
        invariant_axes(values, spread, dimensions=2)
