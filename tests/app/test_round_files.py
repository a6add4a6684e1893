from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app import round_answers
from app.round_answers import entropy_share
from app.round_files import (
    RoundMeaning,
    forget_old_rounds,
    read_arrays,
    read_meaning,
    read_unseen,
    read_unseen_labels,
    sweep_partial_rounds,
    write_round,
)
from models.predictions import OutOfFoldPredictions


def test_sweep_partial_rounds__what_killed_rounds_left(tmp_path: Path) -> None:
    for name in (".000002.77", ".000002.head-x", ".000003.78", "000001", ".other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "predictions.npy").write_bytes(b"half")
    sweep_partial_rounds(tmp_path, before=3)
    assert {path.name for path in tmp_path.iterdir()} == {".000003.78", "000001", ".other"}


def unseen(count: int = 4) -> OutOfFoldPredictions:
    generator = np.random.default_rng(0)
    chances = generator.dirichlet(np.ones(3), count)
    labels = generator.integers(0, 3, count)
    return OutOfFoldPredictions(np.arange(count) * 5, labels, chances.argmax(axis=1), chances)


def test_write_round__keeps_the_out_of_fold_predictions(tmp_path: Path) -> None:
    given = unseen()
    write_round(tmp_path, RoundMeaning(3), probabilities=None, head_file=None, unseen=given)
    found = read_unseen(tmp_path, 3)
    assert found is not None
    assert found.rows.tolist() == given.rows.tolist()
    assert found.labels.tolist() == given.labels.tolist()
    assert found.predicted.tolist() == given.predicted.tolist()
    assert found.probabilities.dtype == np.float16
    assert np.allclose(found.probabilities, given.probabilities, atol=1e-3)


@pytest.mark.parametrize("part", [1, 3, 10, 100])
def test_write_round__answers_are_whole_however_they_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(round_answers, "PART_ROWS", part)
    chances = np.random.default_rng(0).dirichlet(np.ones(4), 10).astype(np.float32)
    write_round(tmp_path, RoundMeaning(1), probabilities=chances, head_file=None)
    found = read_arrays(tmp_path, 1)
    assert found is not None
    assert np.array_equal(found.probabilities, chances.astype(np.float16))
    assert np.array_equal(found.predicted, chances.argmax(axis=1))
    assert np.array_equal(found.uncertainty, entropy_share(chances).astype(np.float16))


def test_read_unseen__a_round_of_an_earlier_version_has_none(tmp_path: Path) -> None:
    write_round(tmp_path, RoundMeaning(1), probabilities=np.full((4, 2), 0.5), head_file=None)
    assert read_unseen(tmp_path, 1) is None
    assert read_unseen(tmp_path, 2) is None


def test_forget_old_rounds__what_was_predicted_stays_the_probabilities_go(tmp_path: Path) -> None:
    for number in (1, 2):
        write_round(tmp_path, RoundMeaning(number), probabilities=None, head_file=None, unseen=unseen())
    forget_old_rounds(tmp_path, keep=1)
    assert read_unseen(tmp_path, 1) is None
    assert read_unseen_labels(tmp_path, 1) is not None
    assert read_unseen(tmp_path, 2) is not None


def test_write_round__that_breaks_leaves_the_last_one(tmp_path: Path) -> None:
    chances = np.full((4, 2), 0.5)
    write_round(tmp_path, RoundMeaning(3), probabilities=chances, head_file=None)
    with pytest.raises(FileNotFoundError):
        write_round(
            tmp_path, RoundMeaning(3, trained=True), probabilities=chances[:1], head_file=tmp_path / "gone"
        )
    arrays = read_arrays(tmp_path, 3)
    assert arrays is not None and len(arrays.predicted) == 4
    assert read_meaning(tmp_path, 3) == RoundMeaning(3)


def test_write_round__keeps_what_the_neighbours_say_as_long_as_the_probabilities(tmp_path: Path) -> None:
    given = replace(unseen(), near=np.full((4, 3), 1 / 3))
    for number in (1, 2):
        write_round(tmp_path, RoundMeaning(number), probabilities=None, head_file=None, unseen=given)
    forget_old_rounds(tmp_path, keep=1)
    found = read_unseen(tmp_path, 2)
    assert found is not None and found.near is not None
    np.testing.assert_allclose(found.near, 1 / 3, atol=1e-3)
    assert not list((tmp_path / "000001").glob("*near*"))
