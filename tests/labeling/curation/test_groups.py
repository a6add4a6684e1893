from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from labeling.curation.errors import GroupColumnError
from labeling.curation.groups import column_groups, join_groups
from tests.labeling.pools.files import csv_pool

LARGE = 2**53


def test_column_groups__are_told_apart_and_missing_values_are_alone(tmp_path: Path) -> None:
    text = "id,a,night\n1,1,n1\n2,2,n2\n3,3,\n4,4,n1\n"
    pool = csv_pool(tmp_path, text, key="id", group="night")
    codes, names = column_groups(pool, "night", np.array([3, 2, 1, 0]))
    assert [names[code] if code >= 0 else None for code in codes] == ["n1", None, "n2", "n1"]


def test_column_groups__large_numbers_are_told_apart(tmp_path: Path) -> None:
    text = f"id,a,source\n1,1,{LARGE}\n2,2,{LARGE + 1}\n"
    grouped = csv_pool(tmp_path, text, key="id", group="source")
    assert len(set(column_groups(grouped, "source", np.arange(2))[0].tolist())) == 2
    shown = csv_pool(tmp_path, text, key="id", extra=("source",))
    with pytest.raises(GroupColumnError, match="2\\^53"):
        column_groups(shown, "source", np.arange(2))


def test_column_groups__a_column_of_numbers_that_was_only_shown(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,a,plate\n1,1,7\n2,2,7\n3,3,8\n", key="id", extra=("plate",))
    codes, names = column_groups(pool, "plate", np.arange(3))
    assert (codes.tolist(), names) == ([0, 0, 1], ["7", "8"])


def test_column_groups__column_that_is_not_there(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,a\n1,1\n2,2\n", key="id")
    with pytest.raises(GroupColumnError, match=r"'night'.*columns there: a.*refresh"):
        column_groups(pool, "night", np.arange(2))


def test_join_groups__over_several_partitions() -> None:
    patients, copies = np.array([0, 0, 1, -1, -1, 2]), np.array([-1, 5, 5, -1, 7, -1])
    joined = join_groups(patients, copies)
    assert len({joined[0], joined[1], joined[2]}) == 1
    assert len(set(joined.tolist())) == 4
    assert join_groups(patients[:0]).tolist() == []
