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
from labeling.pools.errors import CriteriaError
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


def test_audit_set__by_a_criterion(clouds: Project, tmp_path: Path) -> None:
    path, target = clouds.paths.config, tmp_path / "figures.json"
    drawn = run("draw", path, "--size", 20, "--where", "a>3", "--design", "random")
    assert "20 items of those where a > 3 are drawn at random" in drawn
    told = run("status", path)
    assert "There is no audit set of the whole pool yet, but one of items that match a criterion." in told
    assert "0 of 20 items of the audit set where a > 3 are labelled (one draw)." in told
    assert "There is no audit set yet" not in told
    run("draw", path, "--size", 30)
    truth = truth_of(clouds)
    with clouds.database.reading() as session:
        keys = audit_keys(session)
    label(clouds, {key: truth[key] for key in keys})
    label_some(clouds)
    run_now(clouds)
    told = run("status", path, "--json", target)
    whole, _, rest = told.partition("20 of 20 items of the audit set where a > 3 are labelled")
    assert "30 of 30 items of the audit set are labelled" in whole
    assert "From audit set (holds for the pool; 30 items" in whole
    assert "From cross-validation" in whole and "From cross-validation" not in rest
    assert "From audit set where a > 3 (holds for the items that match; 20 items" in rest
    found = json.loads(target.read_text(encoding="utf-8"))
    assert found["audit"]["answered"] == 30
    assert [each["audit"]["answered"] for each in found["criteria"]] == [20]


def test_audit_set__a_criterion_that_names_no_column(clouds: Project) -> None:
    done = RUN.invoke(
        app, ["audit-set", "draw", str(clouds.paths.config), "--size", "5", "--where", "aa > 1"]
    )
    assert done.exit_code != 0
    assert isinstance(done.exception, CriteriaError)
    assert "there is no column 'aa'" in str(done.exception)
