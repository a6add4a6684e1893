"""Shared files that do not fit: each ends in one clear error, and leaves nothing behind."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.share import share_project
from labeling.annotations import annotations_since
from tests.app.commands import Done, run_command
from tests.projects import make_clouds
from tests.sessions import play

COMMANDS = ("import", "replay")


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shared file of two rounds and the pool's file; copied by each test."""
    made, folder = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("sent")
    project = make_clouds(made)
    play(project, rounds=2)
    share_project(project, folder / "s.yaml")
    project.close()
    shutil.copy(made / "clouds.csv", folder / "clouds.csv")
    return folder


@pytest.fixture
def folder(sent: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sent, tmp_path / "sent")


def run(command: str, folder: Path, *more: str) -> Done:
    arguments = ("s.yaml", "copy.yaml") if command == "import" else ("s.yaml",)
    done = run_command(command, *arguments, *more, folder=folder)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (folder / "copy.yaml").exists() and not (folder / "copy.goldpan").exists()
    return done


def edit(folder: Path, old: str, new: str, *, count: int = 1) -> None:
    text = (folder / "s.yaml").read_text("utf-8")
    assert old in text
    (folder / "s.yaml").write_text(text.replace(old, new, count), "utf-8")


def edit_pool(folder: Path) -> None:
    """Add an item, let one go and change one; the last two have labels."""
    lines = (folder / "clouds.csv").read_text("utf-8").splitlines()
    text = (folder / "s.yaml").read_text("utf-8")
    labelled = [line.partition(",")[0] for line in lines if f'"item":"{line.partition(",")[0]}"' in text]
    gone, moved = labelled[:2]
    kept = [line for line in lines if not line.startswith(f"{gone},")]
    changed = [f"{moved},9,9,9,9,rare" if line.startswith(f"{moved},") else line for line in kept]
    (folder / "clouds.csv").write_text("\n".join([*changed, "item-new,1,2,3,4,rare"]) + "\n", "utf-8")
    (folder / "names.txt").write_text(f"{gone} {moved}", "utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_shared__of_a_newer_version(folder: Path, command: str) -> None:
    edit(folder, "version: 1\n", "version: 2\n")
    done = run(command, folder)
    assert "s.yaml:" in done.stderr and "version: given 2; this goldpan reads versions up to 1" in done.stderr
    assert "install a newer goldpan" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_shared__missing_pool(folder: Path, command: str) -> None:
    (folder / "clouds.csv").unlink()
    done = run(command, folder)
    assert "clouds.csv is not there" in done.stderr and "--pool" in done.stderr
    edit(folder, "url: null", 'url: "https://data.example/clouds.csv"')
    assert "downloaded from https://data.example/clouds.csv" in run(command, folder).stderr
    assert "nowhere.csv is not there" in run(command, folder, "--pool", "nowhere.csv").stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_shared__changed_pool_names_what_differs(folder: Path, command: str) -> None:
    edit_pool(folder)
    gone, changed = (folder / "names.txt").read_text("utf-8").split()
    told = run(command, folder).stderr
    assert f"1 added (item-new); 1 gone ({gone}); 1 changed ({changed})" in told
    assert "the shared file was made with" in told


def test_shared__pool_in_another_order(folder: Path) -> None:
    head, *lines = (folder / "clouds.csv").read_text("utf-8").splitlines()
    (folder / "clouds.csv").write_text("\n".join([head, *reversed(lines)]) + "\n", "utf-8")
    assert "the same items, in another order" in run("replay", folder).stderr


def test_shared__changed_pool_without_fingerprints(folder: Path) -> None:
    text = (folder / "s.yaml").read_text("utf-8")
    (folder / "s.yaml").write_text(text[: text.index("  prints:")], "utf-8")
    edit_pool(folder)
    assert "cannot be said which differ" in run("import", folder).stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_shared__unknown_plug_in(folder: Path, command: str) -> None:
    edit(folder, "  name: prospect ", "  name: my_strategy ")
    told = run(command, folder).stderr
    assert "strategy.name: unknown strategy 'my_strategy'" in told
    assert "--plugin" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_shared__labels_of_items_that_the_pool_lacks(folder: Path, command: str) -> None:
    text = (folder / "s.yaml").read_text("utf-8")
    first = text.index('"item":"', text.index("annotations:")) + len('"item":"')
    key = text[first : text.index('"', first)]
    (folder / "s.yaml").write_text(text[:first] + "nobody" + text[first + len(key) :], "utf-8")
    told = run(command, folder).stderr
    assert "annotates 1 items that the pool does not have (nobody)" in told


@pytest.mark.slow
def test_import__labels_of_items_that_went_before_sharing_stay(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    play(project, rounds=2)
    with project.database.reading() as session:
        key = annotations_since(session, revision=0)[0].item_key
    project.close()
    lines = (tmp_path / "clouds.csv").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "clouds.csv").write_text("".join(x for x in lines if not x.startswith(f"{key},")), "utf-8")
    assert run_command("refresh", "clouds.yaml", folder=tmp_path).returncode == 0
    assert run_command("share", "clouds.yaml", folder=tmp_path).returncode == 0
    assert f"gone: [{key}]" in (tmp_path / "clouds.shared.yaml").read_text("utf-8")
    done = run_command("import", "clouds.shared.yaml", "copy.yaml", folder=tmp_path)
    assert done.returncode == 0, done.stderr


def test_shared__a_class_renamed_among_the_classes_alone(folder: Path) -> None:
    edit(folder, "- name: common", "- name: commmon")
    told = run("import", folder).stderr
    assert "class 'common' is not under classes; did you mean 'commmon'?" in told


def test_shared__a_class_renamed_among_the_labels_alone(folder: Path) -> None:
    edit(folder, '"class_name":"common"', '"class_name":"usual"')
    told = run("replay", folder).stderr
    assert "class_name: class 'usual' is not under classes" in told and "s.yaml:" in told


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("version: 1\n", "version: 1\nproject: !!python/object:os.system x\n", "the tag"),
        ('"class_name":"common"', '"class_name":!!python/name:os.system ""', "the tag"),
        ("classes:\n", "classes: &a\n", "the anchor"),
        ('"figures":{', '"figures":{"x":[1],', "figures"),
        ('"proposals":["', '"proposals":[{"a":1},"', "proposals"),
        ('"seed":', '"settings":{"project":{"database":"sqlite:///x"}},"seed":', "project.database"),
        ('"seed":', '"settings":{"head":{"members":0}},"seed":', "members"),
        ('{"items":"', '{"items":"../../', "prints"),
    ],
)
def test_shared__hostile_values_are_refused(folder: Path, old: str, new: str, words: str) -> None:
    edit(folder, old, new)
    assert words in run("import", folder).stderr


def test_replay__a_round_is_missing(folder: Path) -> None:
    lines = (folder / "s.yaml").read_text("utf-8").splitlines(keepends=True)
    (folder / "s.yaml").write_text("".join(x for x in lines if '{"number":1,' not in x), "utf-8")
    assert "lacks round 1" in run("replay", folder).stderr
