from __future__ import annotations

from dataclasses import replace

import pytest

from app.replay_compare import Reached, compare_round
from config.shared import SharedRound

FIGURES = {"labels": 12, "macro_f1": 0.9, "recall: rare": None}
THERE = SharedRound(
    number=3,
    revision=12,
    seed=1,
    proposals_hash="abc",
    device="cpu",
    figures=FIGURES,
    proposals=tuple("abcde"),
)
HERE = Reached(list("abcde"), "abc", FIGURES, "cpu")


def test_compare_round__the_same() -> None:
    found = compare_round(THERE, HERE)
    assert found.verdict == "same"
    assert [entry.name for entry in found.figures] == list(FIGURES)
    assert all(entry.same for entry in found.figures)


@pytest.mark.parametrize(
    ("there", "here", "device", "verdict"),
    [
        (0.9, 0.900001, "cpu", "same"),
        (0.9, 0.90001, "cpu", "differs"),
        (0.9, 0.91, "cuda", "near"),
        (0.9, 0.93, "cuda", "differs"),
        (0.9, None, "cpu", "differs"),
        (None, None, "cpu", "same"),
    ],
)
def test_compare_round__figures(there: float | None, here: float | None, device: str, verdict: str) -> None:
    shared = THERE.model_copy(update={"figures": {"macro_f1": there}})
    found = compare_round(shared, replace(HERE, figures={"macro_f1": here}, device=device))
    assert found.verdict == verdict


def test_compare_round__the_number_of_labels_is_never_near() -> None:
    found = compare_round(THERE, replace(HERE, figures={**FIGURES, "labels": 12.001}, device="cuda"))
    assert found.verdict == "differs"


def test_compare_round__the_first_proposal_that_differs_is_named() -> None:
    found = compare_round(THERE, replace(HERE, proposals=list("abxde"), proposals_hash="other"))
    assert found.verdict == "differs"
    assert found.words == "4 of 5 proposals are the same; the first that differs is number 3: c there, x here"


def test_compare_round__fewer_proposals() -> None:
    found = compare_round(THERE, replace(HERE, proposals=list("abcd"), proposals_hash="other"))
    assert found.words.endswith("number 5: e there, none here")


def test_compare_round__another_order_is_near_on_another_device_alone() -> None:
    turned = replace(HERE, proposals=list("abdce"), proposals_hash="other")
    assert compare_round(THERE, turned).verdict == "differs"
    assert compare_round(THERE, replace(turned, device="cuda")).verdict == "near"


def test_compare_round__proposals_that_the_file_does_not_tell() -> None:
    found = compare_round(
        THERE.model_copy(update={"proposals": ()}), replace(HERE, proposals_hash="other", device="cuda")
    )
    assert found.verdict == "differs"
    assert "does not tell" in found.words
