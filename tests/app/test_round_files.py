from __future__ import annotations

from pathlib import Path

from app.round_files import sweep_partial_rounds


def test_sweep_partial_rounds__what_killed_rounds_left(tmp_path: Path) -> None:
    for name in (".000002.77", ".000002.head-x", ".000003.78", "000001", ".other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "predictions.npy").write_bytes(b"half")
    sweep_partial_rounds(tmp_path, before=3)
    assert {path.name for path in tmp_path.iterdir()} == {".000003.78", "000001", ".other"}
