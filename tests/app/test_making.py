"""A project is made whole or not at all, and what is damaged can be mended from the command line."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import PoolDamagedError, ProjectError, ProjectExistsError, ProjectMissingError
from app.exporting import export_project
from app.prepare import Stage, create_described_project, create_project, restore_pool, resume_preparation
from app.project import Progress, Project, open_project
from app.run_now import run_now
from app.setup import ProjectWishes, make_config
from app.share import import_project, write_shared_config
from config.errors import ConfigError, GoldpanError
from config.files import load_config
from labeling.annotations import current_labels
from labeling.errors import DatabaseOpenError
from models.projection import open_projection
from tests.app.test_cli import goldpan
from tests.projects import label_some, make_clouds, write_clouds
from tests.servers import ROOT


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def stop_at(name: str, problem: BaseException) -> Stage:
    """Return a stage report that raises when the named stage begins."""

    def stage(begun: str) -> Progress:
        if begun == name:
            raise problem
        return lambda share, what: None

    return stage


def test_make_config__names_of_all_scripts_and_emoji(tmp_path: Path) -> None:
    names = ("😀", '"quo\'ted"', "שלום", "<b>x</b>", "[red]x[/red]", "a: b #c", "\\n")
    config = make_config(ProjectWishes(name="p", pool="p.csv", classes=names), tmp_path / "p.yaml")
    assert tuple(entry.name for entry in config.classes) == names


def test_make_config__an_empty_path_is_not_this_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^pool\.path: given ''"):
        make_config(ProjectWishes(name="p", pool=""), tmp_path / "p.yaml")


def test_make_config__says_what_is_wrong_without_a_place_in_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        make_config(ProjectWishes(name="p", pool="p.csv", reader="x", encoder="y"), tmp_path / "p.yaml")
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["pool.reader", "encoder.name"]


def test_create_project__an_encoder_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    write_clouds(tmp_path / "clouds.csv")
    path = tmp_path / "p.yaml"
    wishes = ProjectWishes(name="p", pool=str(tmp_path / "clouds.csv"), key="id", encoder="image_conv")
    with pytest.raises(GoldpanError, match="image"):
        create_project(make_config(wishes, path), path)
    assert names_in(tmp_path) == ["clouds.csv"]


def test_create_project__stopped_after_the_file_is_resumed(tmp_path: Path) -> None:
    write_clouds(tmp_path / "clouds.csv")
    path = tmp_path / "p.yaml"
    config = make_config(ProjectWishes(name="p", pool=str(tmp_path / "clouds.csv"), key="id"), path)
    with pytest.raises(KeyboardInterrupt):
        create_project(config, path, stage=stop_at("Computing the vectors", KeyboardInterrupt()))
    with pytest.raises(ProjectExistsError, match="`goldpan serve` opens it, and finishes"):
        create_project(config, path)
    resume_preparation(path).close()


def test_create_project__onto_what_a_killed_import_left(tmp_path: Path) -> None:
    write_clouds(tmp_path / "clouds.csv")
    (tmp_path / "p.goldpan" / ".pool-x.part").mkdir(parents=True)
    path = tmp_path / "p.yaml"
    config = make_config(ProjectWishes(name="p", pool=str(tmp_path / "clouds.csv"), key="id"), path)
    with pytest.raises(ProjectExistsError, match="was stopped left it: remove it and try again"):
        create_project(config, path)


def test_create_project__named_as_a_data_folder(tmp_path: Path) -> None:
    write_clouds(tmp_path / "clouds.csv")
    path = tmp_path / "p.goldpan"
    config = make_config(ProjectWishes(name="p", pool=str(tmp_path / "clouds.csv"), key="id"), path)
    with pytest.raises(ProjectExistsError, match=r"choose one such as project\.yaml"):
        create_project(config, path)
    assert names_in(tmp_path) == ["clouds.csv"]


def test_create_described_project__keeps_the_file_and_its_comments(tmp_path: Path) -> None:
    write_clouds(tmp_path / "clouds.csv")
    path = tmp_path / "p.yaml"
    path.write_text("project: {name: hand}  # mine\npool: {path: clouds.csv, key: id}\n", encoding="utf-8")
    with pytest.raises(ProjectMissingError, match=r"goldpan init .*p\.yaml"):
        open_project(path)
    project = create_described_project(path)
    assert (project.pool.n, project.config.pool.hash) == (108, project.pool.hash)
    project.close()
    assert "# mine" in path.read_text(encoding="utf-8")
    with pytest.raises(ProjectExistsError, match="goldpan serve"):
        create_described_project(path)


def test_create_described_project__wrong_pool_leaves_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("project: {name: hand}\npool: {path: nothing.csv}\n", encoding="utf-8")
    with pytest.raises(GoldpanError, match=r"nothing\.csv"):
        create_described_project(path)
    assert names_in(tmp_path) == ["p.yaml"]
    assert path.read_text(encoding="utf-8") == "project: {name: hand}\npool: {path: nothing.csv}\n"


def test_import_project__a_broken_annotation_leaves_nothing(clouds: Project, tmp_path: Path) -> None:
    label_some(clouds)
    shared = write_shared_config(clouds, tmp_path / "shared.yaml")
    text = shared.read_text(encoding="utf-8")
    broken = text.replace('"class_name":"rare"', '"class_name":"nothing such"')
    assert broken != text
    shared.write_text(broken, encoding="utf-8")
    before = names_in(tmp_path)
    with pytest.raises(GoldpanError, match="nothing such"):
        import_project(shared, tmp_path / "copy.yaml")
    assert names_in(tmp_path) == before


def test_import_project__stopped_amid_the_vectors_has_its_labels(clouds: Project, tmp_path: Path) -> None:
    labels = label_some(clouds)
    shared = write_shared_config(clouds, tmp_path / "shared.yaml")
    with pytest.raises(KeyboardInterrupt):
        import_project(
            shared, tmp_path / "copy.yaml", stage=stop_at("Computing the vectors", KeyboardInterrupt())
        )
    project = resume_preparation(tmp_path / "copy.yaml")
    with project.database.reading() as session:
        assert set(current_labels(session).item_keys) == set(labels)
    project.close()


@pytest.mark.parametrize("lost", ["items.arrow", "snapshot.json", "key_index.npy", "."])
def test_restore_pool__mends_a_damaged_snapshot(tmp_path: Path, lost: str) -> None:
    project = make_clouds(tmp_path)
    labels = label_some(project)
    project.close()
    place = project.paths.pool / lost
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    with pytest.raises(PoolDamagedError, match=r"`goldpan refresh .*clouds\.yaml`"):
        open_project(project.paths.config)
    restore_pool(load_config(project.paths.config), project.paths)
    again = open_project(project.paths.config)
    with again.database.reading() as session:
        assert set(current_labels(session).item_keys) == set(labels)
    again.close()


def test_restore_pool__a_source_that_is_gone_changes_nothing(clouds: Project, tmp_path: Path) -> None:
    (tmp_path / "clouds.csv").unlink()
    with pytest.raises(GoldpanError, match=r"clouds\.csv"):
        restore_pool(clouds.config, clouds.paths)
    open_project(clouds.paths.config).close()


def test_resume_preparation__draws_a_damaged_map_again(clouds: Project) -> None:
    file = clouds.paths.vectors / "projection.npy"
    file.write_bytes(file.read_bytes()[:100])
    resume_preparation(clouds.paths.config).close()
    assert open_projection(clouds.paths.vectors).shape == (108, 2)


def test_open_project__labels_gone_are_not_begun_anew_in_silence(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    project.paths.rounds.mkdir()
    (project.paths.folder / "labels.sqlite").unlink()
    with pytest.raises(ProjectMissingError, match="with the labels is gone; put it or a copy of it back"):
        open_project(project.paths.config)
    assert not (project.paths.folder / "labels.sqlite").exists()


def test_open_project__a_broken_database_is_named(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    (project.paths.folder / "labels.sqlite").write_text("no database " * 100, encoding="utf-8")
    with pytest.raises(DatabaseOpenError, match=r"labels\.sqlite: the file is not a usable"):
        open_project(project.paths.config)


def test_create_project__in_a_place_that_cannot_be(tmp_path: Path) -> None:
    write_clouds(tmp_path / "clouds.csv")
    path = tmp_path / "clouds.csv" / "p.yaml"
    config = make_config(ProjectWishes(name="p", pool=str(tmp_path / "clouds.csv"), key="id"), path)
    with pytest.raises(ProjectError, match="put the project into a folder that you can write to"):
        create_project(config, path)


def test_export_project__without_room_for_the_shared_config_leaves_nothing(
    clouds: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_now(clouds)

    def full(config: object, path: Path) -> None:
        raise ConfigError(f"{path}: cannot be written: No space left on device")

    monkeypatch.setattr("app.share.save_config", full)
    with pytest.raises(ConfigError, match="No space left"):
        export_project(clouds, folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_init__without_a_pool(tmp_path: Path) -> None:
    done = goldpan("init", "p.yaml", "--classes", "a,b", folder=tmp_path)
    assert done.returncode == 2
    assert "--classes given without a pool; say where the items are with --pool" in done.stderr


def test_status__names_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    make_clouds(tmp_path, classes=("😀", "é")).close()
    command = [sys.executable, "-m", "app", "status", "clouds.yaml"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b"\\U0001f600" in done.stdout


def test_export__without_vectors_says_what_makes_them(clouds: Project, tmp_path: Path) -> None:
    (clouds.paths.vectors / "vectors.npy").unlink()
    done = goldpan("export", "clouds.yaml", "--to", "out", folder=tmp_path)
    assert done.returncode == 2
    assert "`goldpan round clouds.yaml` does" in done.stderr
    assert not (tmp_path / "out").exists()


def test_export__a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    make_clouds(tmp_path).close()

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    command = [sys.executable, "-m", "app", "export", "clouds.yaml", "--to", "out"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=small_files,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert names_in(tmp_path) == ["clouds.csv", "clouds.goldpan", "clouds.yaml"]
