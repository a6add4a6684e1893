"""The peers themselves, where their libraries are installed."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from benchmarks.peers import registry
from benchmarks.peers.contract import PeerStrategy
from benchmarks.peers.errors import PeerAbsentError
from strategies.checks import check_choice
from strategies.margin import margin
from tests.benchmarks.peers.states import make_state


def need(name: str) -> None:
    if name not in registry.available():
        pytest.skip(f"the library of {name} is not installed; `make peers` installs it into .venv-peers")


@pytest.mark.parametrize("name", registry.NAMES)
@pytest.mark.parametrize("labelled", [0, 1, 12])
def test_peer__meets_the_contract_and_repeats_itself(name: str, labelled: int) -> None:
    need(name)
    state = make_state(labelled=labelled)
    choices = [PeerStrategy(registry.get(name))(state, 10, np.random.default_rng(7)) for _ in range(2)]
    check_choice(choices[0], state, 10)
    assert choices[0].indices.tolist() == choices[1].indices.tolist()


@pytest.mark.parametrize("name", ["skactiveml_margin", "small_text_margin", "modal_margin"])
def test_margins__pick_the_rows_of_ours(name: str) -> None:
    """The benchmark leaves two of them out where a run is long, because of this."""
    need(name)
    state = make_state()
    ours = margin(state, 10, np.random.default_rng(0)).indices
    theirs = PeerStrategy(registry.get(name))(state, 10, np.random.default_rng(0)).indices
    assert sorted(theirs.tolist()) == sorted(ours.tolist())


def test_badge__items_picked_twice_are_replaced_and_counted() -> None:
    need("skactiveml_badge")
    state, strategy = make_state(sure=True), PeerStrategy(registry.get("skactiveml_badge"))
    for seed in range(20):
        check_choice(strategy(state, 10, np.random.default_rng(seed)), state, 10)
    assert strategy.duplicates > 0, "Badge no longer repeats itself: docs/benchmarks.md says it does"


def test_small_text__coreset_misreads_given_embeddings() -> None:
    """Why it is asked with a classifier that embeds; where this fails, docs/benchmarks.md is out of date."""
    need("small_text_coreset")
    strategies = importlib.import_module("small_text.query_strategies")
    items = importlib.import_module("small_text.data.datasets")
    state = make_state()
    labelled, rows = np.arange(12), np.arange(12, 80)
    vectors = np.asarray(state.vectors, np.float64)
    wrapped = items.SklearnDataset(vectors, np.where(state.labels < 0, 0, state.labels))
    with pytest.warns(UserWarning, match="distance metric"):
        coreset = strategies.GreedyCoreset()
    right = PeerStrategy(registry.get("small_text_coreset"))(state, 5, np.random.default_rng(0)).indices
    given = coreset.query(None, wrapped, rows, labelled, state.labels[:12], n=5, embeddings=vectors)
    in_its_order = coreset.query(
        None, wrapped, rows, labelled, state.labels[:12], n=5, embeddings=vectors[np.append(rows, labelled)]
    )
    assert in_its_order.tolist() == right.tolist()
    assert given.tolist() != right.tolist()


def test_modal__teach_is_broken() -> None:
    """Why its adapter makes a learner anew each round; where this fails, docs/benchmarks.md is out of date."""
    need("modal_margin")
    from sklearn.linear_model import LogisticRegression

    models = importlib.import_module("modAL.models")
    state = make_state()
    learner = models.ActiveLearner(
        LogisticRegression(), X_training=state.vectors[:12], y_training=state.labels[:12]
    )
    with pytest.raises(TypeError, match="force_all_finite"):
        learner.teach(state.vectors[12:14], np.asarray([0, 1]))


def test_get__unknown_name() -> None:
    with pytest.raises(KeyError, match="there is no peer 'nobody'"):
        registry.get("nobody")


def test_get__absent_library(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.get.cache_clear()
    monkeypatch.setitem(registry.FILES, "no_such_library", ("benchmarks.peers.none", ("absent_margin",)))
    assert "absent_margin" not in registry.available()
    with pytest.raises(PeerAbsentError, match="make peers"):
        registry.get("absent_margin")


def test_versions__are_those_of_the_lock() -> None:
    need("modal_margin")
    assert registry.versions()["modAL-python"] == "0.4.2.1"
