"""A shared session is run again elsewhere and gets the same: from the pool's file and the shared file alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import ProjectError, ProjectExistsError
from app.project import Project, open_project
from app.replay import Replay, replay_shared
from app.run_now import run_now
from app.share import share_project, write_shared_config
from config.files import load_config, save_config
from config.schema import ProjectConfig
from labeling.classes import add_class, archive_class, find_class, rename_class, update_class
from labeling.events import EventKind, record_event
from labeling.queue import proposals_of
from labeling.round_log import fail_round, list_rounds, start_round
from labeling.seeks import withdraw_seek
from tests.app.commands import run_command
from tests.projects import MOMENT, label, make_clouds, make_texts, seek, truth_of
from tests.sessions import label_proposed, play


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing in it but the pool's file and the shared file of a five-round session."""
    made, folder = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("sent")
    project = make_clouds(made)
    play(project, rounds=5)
    share_project(project, folder / "clouds.shared.yaml")
    project.close()
    shutil.copy(made / "clouds.csv", folder / "pool.csv")
    shutil.rmtree(made)
    return folder / "clouds.shared.yaml"


def pool_of(shared: Path) -> Path:
    return shared.parent / "pool.csv"


def changed(shared: Path, folder: Path, old: str, new: str) -> Path:
    """Write the shared file with one text replaced, which must be in it."""
    text = shared.read_text("utf-8")
    assert old in text
    path = folder / "changed.yaml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def test_replay__five_rounds_from_two_files_are_the_same(shared: Path, tmp_path: Path) -> None:
    found = replay_shared(shared, pool=pool_of(shared), folder=tmp_path / "here")
    assert [entry.verdict for entry in found.rounds] == ["same"] * 5
    assert found.same and found.notes == ()
    rounds = load_config(shared).shared
    assert rounds is not None
    last = rounds.rounds[-1]
    assert last.figures["balanced_accuracy"] is not None and last.figures["labels"] == 32
    assert {entry.name for entry in found.rounds[-1].figures} == set(last.figures)
    # Not only said to be the same: the project that was made holds these proposals.
    assert found.project is not None
    project = open_project(found.project)
    with project.database.reading() as session:
        for row in rounds.rounds:
            keys = [entry.item_key for entry in proposals_of(session, round_number=row.number)]
            assert keys == list(row.proposals) and len(keys) == 60
    project.close()


def test_replay__of_the_command_leaves_nothing_behind(shared: Path, tmp_path: Path) -> None:
    done = run_command("replay", str(shared), "--pool", str(pool_of(shared)), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "round 5: same; 60 proposals, the same in the same order" in done.stdout
    assert "labels 32, the same" in done.stdout
    assert "5 rounds: 5 same" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_replay__another_figure_is_said_and_ends_with_status_1(shared: Path, tmp_path: Path) -> None:
    given = load_config(shared).shared
    assert given is not None
    value = given.rounds[2].figures["macro_f1"]
    path = changed(shared, tmp_path, f'"macro_f1":{value}', '"macro_f1":0.123')
    done = run_command("replay", str(path), "--pool", str(pool_of(shared)), folder=tmp_path)
    assert done.returncode == 1
    assert f"macro_f1 0.123000 there, {value:.6f} here: differs" in done.stdout
    assert "1 differs" in done.stdout


def test_replay__a_label_changed_by_hand_is_noticed(shared: Path, tmp_path: Path) -> None:
    path = changed(
        shared, tmp_path, '"act":"label","class_name":"common"', '"act":"label","class_name":"rare"'
    )
    found = replay_shared(path, pool=pool_of(shared))
    assert found.rounds[0].verdict == "same"
    assert {entry.verdict for entry in found.rounds[1:]} == {"differs"}
    assert not found.same
    assert "the first that differs is number" in found.rounds[-1].words


def test_replay__on_another_device_kind_differences_are_tolerated_and_said(
    shared: Path, tmp_path: Path
) -> None:
    given = load_config(shared).shared
    assert given is not None
    value = given.rounds[4].figures["balanced_accuracy"]
    assert value is not None
    text = shared.read_text("utf-8").replace('"device":"cpu"', '"device":"cuda"')
    text = text.replace(f'"balanced_accuracy":{value}', f'"balanced_accuracy":{value - 0.01}')
    (tmp_path / "x.yaml").write_text(text, "utf-8")
    done = run_command("replay", str(tmp_path / "x.yaml"), "--pool", str(pool_of(shared)), folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "it ran on cuda there and on cpu here" in done.stdout
    assert "within the tolerance" in done.stdout


def test_replay__onto_a_project(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "replayed.yaml").write_text("version: 1\nproject: {name: x}\npool: {path: y}\n", "utf-8")
    with pytest.raises(ProjectExistsError, match="exists"):
        replay_shared(shared, pool=pool_of(shared), folder=tmp_path)


def replay_of(project: Project, folder: Path) -> Replay:
    """Share a project and run its rounds again, with the pool's file alone."""
    path = write_shared_config(project, folder / "shared.yaml")
    return replay_shared(path, pool=project.paths.config.parent / project.config.pool.path)


@pytest.fixture
def clouds(tmp_path: Path) -> Iterator[Project]:
    project = make_clouds(tmp_path)
    yield project
    project.close()


def change(project: Project, **sections: dict[str, object]) -> None:
    """Change settings in the project's file, as a person does in an editor."""
    config: ProjectConfig = load_config(project.paths.config)
    update = {name: getattr(config, name).model_copy(update=values) for name, values in sections.items()}
    save_config(config.model_copy(update=update), project.paths.config)


def test_replay__classes_settings_and_seeks_as_they_were(clouds: Project, tmp_path: Path) -> None:
    """Between the rounds a class is added, one renamed, one archived; settings change; a seek comes and goes."""
    sought = seek(clouds, "criteria", "b > 4 and d > 4", about="rare")
    play(clouds, rounds=2)
    label_proposed(clouds, count=8)
    with clouds.database.transaction() as session:
        rare = find_class(session, name="rare")
        assert rare is not None
        strange = add_class(session, name="strange", target=3.0)
        rename_class(session, class_id=rare.id, name="scarce")
        update_class(session, class_id=rare.id, target=2.0)
        record_event(
            session,
            kind=EventKind.CLASS_RENAMED,
            annotator_id=1,
            now=MOMENT,
            subject="scarce",
            details={"class_id": rare.id, "from": "rare"},
        )
        withdraw_seek(session, seek_id=sought, annotator_id=1, now=MOMENT)
    change(clouds, head={"members": 3}, strategy={"name": "margin"}, rounds={"queue": 20, "batch": 5})
    run_now(clouds)
    truth = truth_of(clouds)
    keys = [key for key, name in truth.items() if name == "common"][-3:]
    label(clouds, dict.fromkeys(keys, "strange"))
    run_now(clouds)
    with clouds.database.transaction() as session:
        archive_class(session, class_id=strange.id)
    change(clouds, head={"members": 5})
    run_now(clouds)
    found = replay_of(open_project(clouds.paths.config), tmp_path)
    assert [(entry.verdict, entry.words) for entry in found.rounds if entry.verdict != "same"] == []
    assert len(found.rounds) == 5


def test_replay__eased_rounds_are_eased_again(clouds: Project, tmp_path: Path) -> None:
    play(clouds, rounds=2)
    label_proposed(clouds, count=8)
    with clouds.database.transaction() as session:
        number = start_round(session, revision=16, seed=3, owner="gone:1", now=MOMENT)
        assert number == 3
        fail_round(session, number=3, error="no room", now=MOMENT, metrics={"cause": "memory"})
    run_now(clouds)
    with clouds.database.reading() as session:
        assert list_rounds(session)[-1].metrics["easing"]["levels"] == {"memory": 1}
    found = replay_of(clouds, tmp_path)
    assert [entry.verdict for entry in found.rounds] == ["same", "same", "failed there", "same"]
    assert found.same
    assert "memory" in found.rounds[2].words


@pytest.mark.slow
def test_replay__rounds_of_several_people(clouds: Project, tmp_path: Path) -> None:
    play(clouds, rounds=2)
    keys = list(truth_of(clouds))[:12]
    label(clouds, {key: ("common", "other")[place % 2] for place, key in enumerate(keys)}, annotator="Zoë")
    label(clouds, {key: ("common", "rare")[place % 2] for place, key in enumerate(keys)}, annotator="bob")
    run_now(clouds)
    assert [entry.verdict for entry in replay_of(clouds, tmp_path).rounds] == ["same"] * 3


@pytest.mark.slow
def test_replay__of_texts_with_names_and_words(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    project = make_texts(tmp_path / "made")
    seek(project, "words", "bank card", about="lost_card")
    play(project, rounds=3)
    assert [entry.verdict for entry in replay_of(project, tmp_path).rounds] == ["same"] * 3
    project.close()


def test_replay__of_a_copy_that_went_on(shared: Path, tmp_path: Path) -> None:
    """Rounds that a project took over from a shared file are shared once more with all that repeats them."""
    done = run_command("import", str(shared), "copy.yaml", "--pool", str(pool_of(shared)), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    project = open_project(tmp_path / "copy.yaml")
    label_proposed(project, count=5, annotator="bob")
    run_now(project)
    path = write_shared_config(project, tmp_path / "again.yaml")
    found = replay_shared(path, pool=pool_of(shared))
    assert [entry.verdict for entry in found.rounds] == ["same"] * 7
    assert all(len(entry.figures) >= 1 for entry in found.rounds)
    project.close()


@pytest.mark.slow
def test_replay__a_round_before_a_refresh_is_left_out(clouds: Project, tmp_path: Path) -> None:
    play(clouds, rounds=2)
    with (tmp_path / "clouds.csv").open("a", encoding="utf-8") as pool:
        pool.write("item-new,1,2,3,4,rare\n")
    assert run_command("refresh", "clouds.yaml", folder=tmp_path).returncode == 0
    found = replay_of(open_project(clouds.paths.config), tmp_path)
    assert [entry.verdict for entry in found.rounds] == ["left out", "left out", "same"]
    assert not found.same and "refresh" in found.rounds[0].words


def test_replay__without_labels_or_rounds(clouds: Project, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="holds no rounds"):
        replay_of(clouds, tmp_path)
    play(clouds, rounds=2)
    share_project(clouds, tmp_path / "bare.yaml", with_labels=False)
    with pytest.raises(ProjectError, match="without its 8 annotations"):
        replay_shared(tmp_path / "bare.yaml", pool=tmp_path / "clouds.csv")
    share_project(clouds, tmp_path / "bare.yaml", level="settings")
    with pytest.raises(ProjectError, match="--level settings"):
        replay_shared(tmp_path / "bare.yaml", pool=tmp_path / "clouds.csv")
