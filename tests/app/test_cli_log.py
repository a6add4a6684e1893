from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from app.cli_log import COLUMNS, parse_moment
from app.exporting import export_project
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.errors import TrailError
from tests.app.commands import run_command
from tests.projects import MOMENT, label, make_clouds


def test_log__files_hold_every_act(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    [uid] = label(project, {"item-001": "rare"})
    with project.database.transaction() as session:
        bob = ensure_annotator(session, name="bob")
        flag = NewAnnotation(uid="uid-flagged", item_key="item-002", act=Act.FLAG, comment='a "b",\n\x1b[2Jc')
        record(session, new=flag, annotator_id=bob, now=MOMENT)
    export_project(project, folder=tmp_path / "out")
    project.close()

    done = run_command("log", "clouds.yaml", "--csv", "log.csv", "--jsonl", "log.jsonl", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    with (tmp_path / "log.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    told = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert tuple(header) == COLUMNS == tuple(told[0])
    assert [row[:6] for row in rows] == [list(map(str, list(entry.values())[:6])) for entry in told]
    assert [(entry["person"], entry["act"], entry["subject"], entry["class"]) for entry in told[:2]] == [
        ("ann", "label", "item-001", "rare"),
        ("bob", "flag", "item-002", ""),
    ]
    assert told[0]["details"]["uid"] == uid and told[0]["at"] == MOMENT.isoformat()
    assert told[1]["comment"] == 'a "b",\n\x1b[2Jc'
    assert [entry["act"] for entry in told[2:]] == ["class_added"] * 3 + ["export_written"]
    assert told[-1]["subject"] == "out" and told[-1]["person"]

    shown = run_command("log", "clouds.yaml", "--person", "bob", folder=tmp_path)
    assert "flag  item-002" in shown.stdout and "\x1b" not in shown.stdout and "rare" not in shown.stdout
    since = run_command("log", "clouds.yaml", "--since", "2999-01-01", folder=tmp_path)
    assert (since.returncode, since.stdout) == (0, "")
    again = run_command("log", "clouds.yaml", "--csv", "log.csv", folder=tmp_path)
    assert again.returncode == 2 and "exists" in again.stderr
    unknown = run_command("log", "clouds.yaml", "--person", "eve", folder=tmp_path)
    assert unknown.returncode == 2 and "known: " in unknown.stderr


def test_parse_moment__with_and_without_zone() -> None:
    assert parse_moment("2026-03-01T12:00:00+02:00").isoformat() == "2026-03-01T10:00:00+00:00"
    assert parse_moment("2026-03-01").utcoffset() is not None


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01"])
def test_parse_moment__no_moment(text: str) -> None:
    with pytest.raises(TrailError, match="is no moment"):
        parse_moment(text)
