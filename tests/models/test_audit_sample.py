from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, binom, hypergeom

from models.audit_sample import AuditSample, mid_p_interval, ratio_of, share_of
from models.errors import AuditSampleError


def one_stratum(hits: int, answered: int, items: int = 10**9) -> AuditSample:
    """A simple random sample in which the first `hits` items are of class 0, and the model says 0 of all."""
    truth = np.where(np.arange(answered) < hits, 0, 1)
    return AuditSample(
        strata=np.zeros(answered, np.int64),
        sizes=np.array([items]),
        shares=np.ones(1),
        truth=truth,
        predicted=np.zeros(answered, np.int64),
    )


def mid_p_ends(hits: int, answered: int) -> tuple[float, float]:
    """The exact mid-P interval: where half the chance of as many hits, and of more or fewer, is 2.5 %."""
    shares = np.linspace(0, 1, 200_001)
    above = binom.sf(hits, answered, shares) + 0.5 * binom.pmf(hits, answered, shares)
    low = shares[np.searchsorted(above, 0.025)] if hits else 0.0
    high = shares[np.searchsorted(above, 0.975)] if hits < answered else 1.0
    return float(low), float(high)


@pytest.mark.parametrize(
    ("hits", "answered"), [(0, 30), (1, 100), (3, 300), (10, 100), (50, 100), (29, 30), (30, 30), (150, 1000)]
)
def test_share_of__is_the_mid_p_interval_in_one_stratum(hits: int, answered: int) -> None:
    found = share_of(one_stratum(hits, answered), one_stratum(hits, answered).truth == 0)
    assert found is not None
    low, high = mid_p_ends(hits, answered)
    assert found.value == pytest.approx(hits / answered)
    assert found.low == pytest.approx(low, abs=0.12 * (high - low))
    assert found.high == pytest.approx(high, abs=0.06 * (high - low))


def test_share_of__a_class_never_met_may_still_be_there() -> None:
    found = share_of(one_stratum(0, 300), np.zeros(300, np.bool_))
    assert found is not None
    assert (found.value, found.low) == (0.0, 0.0)
    # Beta(1, n), and half of nothing: the 95 % quantile.
    assert found.high == pytest.approx(beta.ppf(0.95, 1, 300), rel=0.02)


def test_share_of__a_pool_that_was_answered_as_a_whole_leaves_no_doubt() -> None:
    sample = one_stratum(7, 50, items=50)
    found = share_of(sample, sample.truth == 0)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.14, 0.14))


def test_share_of__half_a_pool_leaves_less_doubt_than_a_sample_of_a_large_one() -> None:
    whole, half = one_stratum(0, 100), one_stratum(0, 100, items=200)
    wide, narrow = share_of(whole, whole.truth == 0), share_of(half, half.truth == 0)
    assert wide is not None and narrow is not None
    assert narrow.high < wide.high
    # Exactly: the most hits among 200 of which 100 drawn ones show none, at mid-P.
    possible = [hits for hits in range(20) if 0.5 * hypergeom.pmf(0, 200, hits, 100) > 0.025]
    assert narrow.high * 200 == pytest.approx(max(possible), abs=1.0)


def test_share_of__weighs_strata_by_their_items() -> None:
    sample = AuditSample(
        strata=np.array([0] * 10 + [1] * 10),
        sizes=np.array([9_000, 1_000]),
        shares=np.array([0.9, 0.1]),
        truth=np.array([0] * 2 + [1] * 8 + [0] * 5 + [1] * 5),
        predicted=np.zeros(20, np.int64),
    )
    found = share_of(sample, sample.truth == 0)
    assert found is not None
    assert found.value == pytest.approx(0.9 * 0.2 + 0.1 * 0.5)
    variance = 0.9**2 * 0.16 / 9 * (1 - 10 / 9_000) + 0.1**2 * 0.25 / 9 * (1 - 10 / 1_000)
    assert sample.variance((sample.truth == 0).astype(float)) == pytest.approx(variance)


def test_ratio_of__nothing_met_is_not_known() -> None:
    sample = one_stratum(0, 20)
    every, none = np.ones(20, np.bool_), np.zeros(20, np.bool_)
    assert ratio_of(sample, every, none, hit_room=every, miss_room=every) is None


def test_ratio_of__one_of_one_is_no_certainty() -> None:
    sample = one_stratum(1, 20)
    within = sample.truth == 0
    every = np.ones(20, np.bool_)
    found = ratio_of(sample, within, within, hit_room=every, miss_room=every)
    assert found is not None
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.05, abs=0.03)


def test_ratio_of__a_miss_where_little_was_looked_at_weighs_as_much_as_that_stands_for() -> None:
    """All of the class that was met lies where much was drawn; one item elsewhere would stand for ninety."""
    strata = np.array([0] * 20 + [1] * 100)
    sample = AuditSample(
        strata=strata,
        sizes=np.array([1_800, 200]),
        shares=np.array([0.9, 0.1]),
        truth=np.where((strata == 1) & (np.arange(120) % 2 == 0), 0, 1),
        predicted=np.where(strata == 1, 0, 1),
    )
    said, within = sample.predicted == 0, sample.truth == 0
    found = ratio_of(sample, said, within, hit_room=said, miss_room=~said)
    assert found is not None
    assert found.value == 1.0
    assert found.low < 0.5


def test_joined__strata_of_one_answer_are_joined_and_keep_their_share() -> None:
    sample = AuditSample(
        strata=np.array([0, 0, 1, 3, 3, 3]),
        sizes=np.array([10, 20, 30, 40]),
        shares=np.array([0.1, 0.2, 0.3, 0.4]),
        truth=np.zeros(6, np.int64),
        predicted=np.zeros(6, np.int64),
    )
    joined = sample.joined()
    assert joined.counts.min() >= 2
    assert joined.shares.sum() == pytest.approx(1.0)
    assert joined.sizes.sum() == 100
    assert joined.strata.tolist() == [0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "values",
    [
        {"strata": np.zeros(2, np.int64)},
        {"strata": np.full(3, 1)},
        {"sizes": np.array([2])},
        {"shares": np.ones(2)},
    ],
)
def test_audit_sample__refuses_what_does_not_fit(values: dict[str, np.ndarray]) -> None:
    sound = {
        "strata": np.zeros(3, np.int64),
        "sizes": np.array([9]),
        "shares": np.ones(1),
        "truth": np.zeros(3, np.int64),
        "predicted": np.zeros(3, np.int64),
    }
    with pytest.raises(AuditSampleError):
        AuditSample(**(sound | values))


def test_mid_p_interval__is_the_same_seen_from_the_other_side() -> None:
    low, high = mid_p_interval(0.2, 0.001, hit=0.02, miss=0.01)
    other_low, other_high = mid_p_interval(0.8, 0.001, hit=0.01, miss=0.02)
    assert (low, high) == pytest.approx((1 - other_high, 1 - other_low), abs=1e-9)
