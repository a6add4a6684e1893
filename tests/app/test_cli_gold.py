from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli_gold import gold
from app.errors import ProjectError
from app.project import Project
from labeling.gold import gold_labels

RUN = CliRunner()


def run(*arguments: object) -> str:
    done = RUN.invoke(gold, [str(each) for each in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def written(folder: Path, text: str) -> Path:
    file = folder / "gold.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_gold__add_list_and_remove(clouds: Project, tmp_path: Path) -> None:
    path = clouds.paths.config
    file = written(tmp_path, "key,class\nitem-000,common\nitem-001,rare\n")
    assert "2 items are new gold items; there are 2 now." in run("add", path, file)
    assert "gold_share" in run("add", path, file)
    assert run("list", path) == "item-000\tcommon\nitem-001\trare\n"
    assert "1 items are gold no longer" in run("remove", path, "item-000", "item-007")
    assert "1 items are new gold items; there are 2 now." in run("add", path, "--from-adjudicated")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("key,label\nitem-000,common\n", "needs the columns key and class"),
        ("", "needs the columns"),
        (
            "key,class\nnowhere,common\nitem-000,blue\n",
            "line 2: the pool has no item 'nowhere'; line 3: there is no",
        ),
        ("key,class\nitem-000,common\nitem-000,rare\n", "line 3: item 'item-000' comes twice"),
    ],
)
def test_gold_add__says_what_is_wrong_with_the_file(
    clouds: Project, tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(ProjectError, match=words):
        run("add", clouds.paths.config, written(tmp_path, text))
    with clouds.database.reading() as session:
        assert gold_labels(session) == {}


def test_gold_add__says_what_to_name(clouds: Project, tmp_path: Path) -> None:
    for arguments in ((), (tmp_path / "gold.csv", "--from-adjudicated")):
        with pytest.raises(ProjectError, match="say which items"):
            run("add", clouds.paths.config, *arguments)
    with pytest.raises(ProjectError, match="cannot be read"):
        run("add", clouds.paths.config, tmp_path / "missing.csv")
