from __future__ import annotations

import numpy as np
import pytest

from models.errors import TrainingSetError
from models.prior import estimate_prior, label_prior, run_em, stated_prior, wilson_interval


def posteriors(shares: list[float], count: int, *, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Balanced posteriors of points on a line, one normal hill a class, mixed by the shares."""
    generator = np.random.default_rng(seed)
    classes = generator.choice(len(shares), count, p=shares)
    points = generator.normal(classes * 2.0, 1.0)
    centres = np.arange(len(shares)) * 2.0 + noise * generator.normal(size=len(shares))
    raised = np.exp(-0.5 * (points[:, None] - centres) ** 2)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def test_estimate_prior__finds_the_shares() -> None:
    true = [0.85, 0.12, 0.03]
    members = np.stack([posteriors(true, 2000, noise=0.1, seed=0) for _ in range(8)])
    found = estimate_prior(posteriors(true, 20000), members, label_counts=np.array([30, 30, 30]))
    assert found.shares == pytest.approx(true, abs=0.02)
    assert found.shares.sum() == pytest.approx(1, abs=1e-6)


def test_estimate_prior__interval_holds_the_share_and_is_wider_where_members_disagree() -> None:
    true = [0.9, 0.1]
    counts = np.array([40, 40])
    agreed = np.stack([posteriors(true, 2000)] * 8)
    torn = np.stack(
        [posteriors(true, 2000, noise=0.8) if i % 2 else posteriors(true, 2000) for i in range(8)]
    )
    close = estimate_prior(posteriors(true, 5000), agreed, label_counts=counts)
    wide = estimate_prior(posteriors(true, 5000), torn, label_counts=counts)
    for found in (close, wide):
        assert (found.low <= found.shares).all()
        assert (found.shares <= found.high).all()
        assert found.low[1] < 0.1 < found.high[1]
    assert wide.high[1] - wide.low[1] > close.high[1] - close.low[1]


def test_estimate_prior__fewer_labels_make_a_wider_interval() -> None:
    balanced = posteriors([0.5, 0.5], 1000)
    widths = []
    for labels in (1, 100):
        found = estimate_prior(balanced, balanced[None], label_counts=np.array([labels, labels]))
        widths.append(float(found.high[0] - found.low[0]))
    assert widths[0] > 2 * widths[1]


def test_estimate_prior__class_without_labels_is_unknown() -> None:
    balanced = np.pad(posteriors([0.7, 0.3], 500), ((0, 0), (0, 1)))
    found = estimate_prior(balanced, balanced[None], label_counts=np.array([5, 5, 0]))
    assert found.shares[2] == 0
    assert found.low[2] == 0
    assert found.high[2] == pytest.approx(1 - found.low[:2].sum(), abs=1e-5)


def test_estimate_prior__one_item_is_enough() -> None:
    balanced = np.array([[1.0, 0.0]])
    found = estimate_prior(balanced, balanced[None], label_counts=np.array([1, 1]))
    assert np.isfinite(found.shares).all()
    assert (found.shares > 0).all()
    assert (found.high <= 1).all()


def test_run_em__a_labelled_class_nobody_belongs_to_keeps_a_little() -> None:
    balanced = np.tile([1.0, 0.0], (1000, 1))[None]
    shares = run_em(balanced, present=np.array([True, True]), pseudo=0.01)
    assert 0 < shares[0, 1] < 0.02


def test_label_prior__is_the_labels_shares_with_an_interval() -> None:
    found = label_prior(np.array([9, 1, 0]))
    assert found.shares == pytest.approx([0.9, 0.1, 0.0])
    assert found.low[1] < 0.1 < found.high[1]
    assert found.high[2] > 0.1


def test_wilson_interval__known_value() -> None:
    low, high = wilson_interval(np.array([8.0]), np.array([10.0]))
    assert (low[0], high[0]) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_wilson_interval__ends_stay_within_reach() -> None:
    low, high = wilson_interval(np.array([0.0, 3.0]), np.array([3.0, 3.0]))
    assert low[0] == 0
    assert high[1] == 1
    assert low[1] < 0.6


NAMES = ("star", "quasar", "galaxy")


def test_stated_prior__is_in_the_order_of_the_classes() -> None:
    found = stated_prior({"galaxy": 0.7, "star": 0.3}, NAMES, label_counts=np.array([4, 0, 4]))
    assert found.tolist() == [0.3, 0.0, 0.7]


def test_stated_prior__class_with_labels_that_is_not_named_keeps_a_little() -> None:
    found = stated_prior({"galaxy": 0.7, "star": 0.3}, NAMES, label_counts=np.array([4, 1, 4]))
    assert found[1] == pytest.approx(0.001, rel=0.01)
    assert found.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"star": 0.5, "quasar": 0.2}, "add up to 0.7"),
        ({"star": 1.5, "quasar": -0.5}, "none of them negative"),
        ({"star": 0.5, "quazar": 0.5}, "names 'quazar', which is not among the classes"),
        ({"quasar": 1.0}, "no share to any class that has labels"),
    ],
)
def test_stated_prior__shares_that_make_no_sense_are_refused(shares: dict[str, float], message: str) -> None:
    counts = np.array([4, 0, 4]) if shares != {"quasar": 1.0} else np.array([0, 0, 0])
    with pytest.raises(TrainingSetError, match=message):
        stated_prior(shares, NAMES, label_counts=counts)


def test_run_em__the_sums_that_the_paper_writes() -> None:
    generator = np.random.default_rng(0)
    balanced = generator.dirichlet(np.full(5, 0.3), size=(3, 400))
    present = np.array([True, True, False, True, True])
    shares = np.repeat((present / 4)[None], 3, axis=0)
    for _ in range(500):
        joint = balanced * shares[:, None, :]
        found = (joint / joint.sum(axis=2, keepdims=True)).sum(axis=1) + 0.02 * 400 * present / 4
        found *= present
        shares = found / found.sum(axis=1, keepdims=True)
    assert np.allclose(run_em(balanced, present=present, pseudo=0.02), shares, atol=1e-5)
