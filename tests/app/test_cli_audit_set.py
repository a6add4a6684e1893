from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.errors import ProjectError
from app.project import Project
from app.run_now import run_now
from labeling.audit_set import audit_keys
from models.errors import AuditSampleError
from tests.projects import label, label_some, truth_of

RUN = CliRunner()


def run(*arguments: object) -> str:
    done = RUN.invoke(app, ["audit-set", *(str(each) for each in arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_audit_set__draw_label_and_look(clouds: Project) -> None:
    path = clouds.paths.config
    assert "There is no audit set yet" in run("status", path)
    assert "30 items are drawn at random, with seed 11." in run("draw", path, "--size", 30, "--seed", 11)
    assert "0 of 30 items of the audit set are labelled (one draw)." in run("status", path)

    truth = truth_of(clouds)
    with clouds.database.reading() as session:
        keys = audit_keys(session)
    label(clouds, {key: truth[key] for key in keys})
    told = run("status", path)
    assert "30 of 30 items of the audit set are labelled" in told
    assert "accuracy not known" in told
    assert "rare: precision not known" in told


def test_audit_set__draw_more_than_there_is(clouds: Project) -> None:
    with pytest.raises(AuditSampleError, match="109 items cannot be drawn: give from 2 to 108"):
        run("draw", clouds.paths.config, "--size", 109)


def test_audit_set__status_as_json_with_both_sources(clouds: Project, tmp_path: Path) -> None:
    label_some(clouds)
    run_now(clouds)
    path, target = clouds.paths.config, tmp_path / "figures.json"
    told = run("status", path, "--json", target)
    assert "From cross-validation (holds for your labels" in told
    found = json.loads(target.read_text(encoding="utf-8"))
    assert (found["audit"], found["audit_set"]) == (None, None)
    assert found["cross_validation"]["auroc"]["value"] > 0.9
    with pytest.raises(ProjectError, match="cannot be written"):
        run("status", path, "--json", tmp_path)
