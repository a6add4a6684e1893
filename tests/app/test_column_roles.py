"""What each column is for, in words and changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.column_roles import ColumnFacts, describe_columns, with_roles
from app.errors import ProjectError
from app.prepare import settings_changed
from app.project import open_project
from app.setup import combined_of, joins_of
from config.files import load_config
from config.schema import PoolSection
from tests.app.commands import run_command
from tests.labeling.pools.files import csv_pool
from tests.projects import label_some, make_clouds

CSV = "id,u,g,note,kind\na,1,2,x,star\nb,,3,,quasar\nc,3,4,y,star\n"


def facts_of(tmp_path: Path, **section: object) -> tuple[PoolSection, list[ColumnFacts]]:
    pool = csv_pool(tmp_path, CSV, truth="kind", extra=["note"], **section)
    given = PoolSection.model_validate({"path": "t.csv", "truth": "kind", "extra": ["note"], **section})
    return given, describe_columns(given, tmp_path, pool)


def test_describe_columns__type_missing_share_examples_and_part(tmp_path: Path) -> None:
    _, facts = facts_of(tmp_path)
    assert [(fact.name, fact.role) for fact in facts] == [
        ("id", "key"), ("u", "model"), ("g", "model"), ("note", "extra"), ("kind", "truth"),
    ]  # fmt: skip
    assert facts[1].missing == pytest.approx(1 / 3)
    assert (facts[1].examples, facts[3].examples) == (("1", "3"), ("x", "y"))


def test_describe_columns__the_hidden_truth_stays_hidden(tmp_path: Path) -> None:
    assert facts_of(tmp_path)[1][-1].examples == ()


def test_with_roles__moves_a_column_and_keeps_the_rest(tmp_path: Path) -> None:
    section, facts = facts_of(tmp_path)
    changed = with_roles(section, facts, {"u": "extra", "note": "ignored"}, labelled=True)
    assert (changed.columns, changed.extra, changed.truth, changed.key) == (("g",), ("u",), "kind", "id")


def test_with_roles__another_truth_takes_the_place_of_the_first(tmp_path: Path) -> None:
    section, facts = facts_of(tmp_path)
    changed = with_roles(section, facts, {"note": "truth"}, labelled=False)
    assert (changed.truth, changed.extra) == ("note", ())


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"uu": "extra"}, "there is no column 'uu'; did you mean 'u'"),
        ({"u": "exta"}, "did you mean 'extra'"),
        ({"u": "key", "g": "key"}, "only one column can be the key; given: u, g"),
        ({"note": "key"}, "items are labelled, and labels belong to keys"),
        ({"id": "ignored"}, "items are labelled"),
        ({"u": "extra", "g": "ignored"}, "no column is left for the model"),
    ],
)
def test_with_roles__what_cannot_be(wanted: dict[str, str], words: str, tmp_path: Path) -> None:
    section, facts = facts_of(tmp_path)
    with pytest.raises(ProjectError, match=words):
        with_roles(section, facts, wanted, labelled=True)


def test_columns_command__shows_and_changes_while_labels_stay(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    labels = label_some(project)
    path = project.paths.config
    project.close()
    shown = run_command("columns", str(path), folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "used by the model" in shown.stdout and "common" not in shown.stdout
    done = run_command("columns", str(path), "--role", "d=extra", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    renewed = open_project(path)
    assert list(renewed.pool.roles) == ["a", "b", "c"]
    assert not settings_changed(renewed)
    assert set(labels) <= set(renewed.pool.keys(range(renewed.pool.n)))
    renewed.close()
    assert load_config(path).pool.extra == ("d",)
    refused = run_command("columns", str(path), "--role", "d", folder=tmp_path)
    assert (refused.returncode, "is not COLUMN=PART" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("given", "name", "formula"),
    [("u - g", "u - g", "u - g"), ("ug = u - g", "ug", "u - g"), ("r=log10(oiii/hb)", "r", "log10(oiii/hb)")],
)
def test_combined_of__the_formula_is_the_name_where_none_is_given(
    given: str, name: str, formula: str
) -> None:
    [made] = combined_of([given])
    assert (made.name, made.formula) == (name, formula)


def test_joins_of__one_key_for_all_or_one_for_each() -> None:
    assert [join.key for join in joins_of(["b.csv", "c.csv"], ["id"])] == ["id", "id"]
    [join] = joins_of(["b.csv"], ["id = objid"])
    assert (join.key, join.their_key) == ("id", "objid")
    with pytest.raises(ProjectError, match="--join is given 2 times and --on 0 times"):
        joins_of(["b.csv", "c.csv"], [])
