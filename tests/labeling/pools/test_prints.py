from __future__ import annotations

from pathlib import Path

import pytest

from config.schema import PoolSection
from labeling.pools import prints
from labeling.pools.pool import Pool
from labeling.pools.prints import compare_prints, pool_prints
from labeling.pools.snapshot import make_snapshot


def pool(folder: Path, rows: list[str], name: str) -> Pool:
    (folder / f"{name}.csv").write_text("id,a\n" + "".join(f"{row}\n" for row in rows), "utf-8")
    section = PoolSection(path=f"{name}.csv", key="id")
    return make_snapshot(section, folder=folder / name, base=folder)


ROWS = [f"key-{row},{row}.5" for row in range(120)]


def test_compare_prints__added_gone_and_changed(tmp_path: Path) -> None:
    lines = pool_prints(pool(tmp_path, ROWS, "then"))
    assert len(lines) == 3 and len("".join(lines)) == 120 * 20
    other = pool(tmp_path, ["key-7,9", *ROWS[:3], *ROWS[5:7], *ROWS[8:], "key-new,1"], "now")
    found = compare_prints(lines, other, known=["key-3", "key-50", "never"])
    assert (found.added, found.changed) == (("key-new",), ("key-7",))
    assert (found.gone, found.gone_keys) == (2, ("key-3",))
    assert found.describe() == "1 added (key-new); 2 gone (key-3, …); 1 changed (key-7)"


def test_compare_prints__another_order_alone(tmp_path: Path) -> None:
    lines = pool_prints(pool(tmp_path, ROWS, "then"))
    found = compare_prints(lines, pool(tmp_path, ROWS[::-1], "now"))
    assert found.describe().startswith("the same items, in another order")


def test_pool_prints__none_of_a_large_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prints, "MOST_ITEMS", 119)
    assert pool_prints(pool(tmp_path, ROWS, "then")) == []
