from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.errors import ProjectionError
from models.layout_files import (
    ARRANGED,
    LayoutInfo,
    open_layout,
    read_layout_info,
    remove_layout,
    save_layout,
)

PLACES = np.arange(8, dtype=np.float32).reshape(4, 2)
INFO = LayoutInfo(
    "by hand", "abc", pool_hash="def", items=4, fitted=3, seed=7, spread=(2.0, 0.5), seconds=1.5
)


def test_save_layout__comes_back_with_its_description(tmp_path: Path) -> None:
    save_layout(PLACES, tmp_path / "new", ARRANGED, INFO)
    np.testing.assert_array_equal(open_layout(tmp_path / "new", ARRANGED, expected_rows=4), PLACES)
    assert read_layout_info(tmp_path / "new", ARRANGED) == INFO
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["arranged.json", "arranged.npy"]


def test_save_layout__an_open_one_stays_readable(tmp_path: Path) -> None:
    save_layout(PLACES, tmp_path, ARRANGED, INFO)
    before = open_layout(tmp_path, ARRANGED)
    save_layout(PLACES + 1, tmp_path, ARRANGED, INFO)
    np.testing.assert_array_equal(before, PLACES)


def test_save_layout__another_one_without_description_takes_the_old_one_away(tmp_path: Path) -> None:
    save_layout(PLACES, tmp_path, ARRANGED, INFO)
    save_layout(PLACES + 1, tmp_path, ARRANGED)
    assert read_layout_info(tmp_path, ARRANGED) is None


def test_save_layout__what_cannot_be_written_leaves_no_scraps(tmp_path: Path) -> None:
    (tmp_path / "arranged.npy").mkdir()
    with pytest.raises(ProjectionError, match="cannot be written"):
        save_layout(PLACES, tmp_path, ARRANGED, INFO)
    assert [path.name for path in tmp_path.iterdir()] == ["arranged.npy"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"version": 2}',
        '{"version": 1, "spread": [1]}',
        '{"version": 1, "spread": [1, 2], "x": 1}',
    ],
)
def test_read_layout_info__what_cannot_be_read_describes_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "arranged.json").write_text(text, encoding="utf-8")
    assert read_layout_info(tmp_path, ARRANGED) is None


def test_remove_layout__both_files_go_and_twice_is_harmless(tmp_path: Path) -> None:
    save_layout(PLACES, tmp_path, ARRANGED, INFO)
    remove_layout(tmp_path, ARRANGED)
    remove_layout(tmp_path, ARRANGED)
    assert not list(tmp_path.iterdir())
