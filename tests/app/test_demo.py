from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from app.demo import COUNTS, make_demo, write_digits
from app.run_now import run_first
from labeling.queue import proposals_of


def test_write_digits__is_a_long_tail(tmp_path: Path) -> None:
    write_digits(tmp_path / "digits.parquet")
    counts = Counter(pq.read_table(tmp_path / "digits.parquet")["digit"].to_pylist())
    assert counts == {str(digit): count for digit, count in COUNTS.items()}
    assert sum(count < 15 for count in counts.values()) == 2
    assert 900 <= sum(counts.values()) <= 1100


def test_write_digits__same_bytes_for_the_same_seed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_digits(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_make_demo__hides_the_truth_and_reopens(tmp_path: Path) -> None:
    project = make_demo(tmp_path)
    run_first(project, lambda share, what: None)
    with project.database.reading() as session:
        first = proposals_of(session, round_number=1)
    view = project.pool.view(project.pool.row(first[0].item_key) or 0)
    assert (view.type, view.fields, view.extra) == ("image", (), ())
    project.close()
    again = make_demo(tmp_path)
    assert again.pool.hash == project.pool.hash
    again.close()
