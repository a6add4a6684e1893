from __future__ import annotations

import asyncio
import threading
import zipfile
from pathlib import Path

import pytest

from app.context import make_context
from app.pages import export
from app.pages.export import ExportPage, zip_folder
from app.project import Project
from app.run_now import run_now
from app.session import DashboardState
from app.status import read_status
from labeling.exports.manifest import read_manifest
from tests.coroutines import finish
from tests.projects import label_some


def page_of(project: Project) -> ExportPage:
    return ExportPage(DashboardState(make_context(project, hosts=frozenset())), None)


def test_write__the_event_loop_goes_on_meanwhile(clouds: Project) -> None:
    label_some(clouds)
    page = page_of(clouds)
    waiting: list[tuple[bool, bool]] = []

    async def press() -> None:
        writing = asyncio.create_task(page.write_to_folder())
        while not writing.done():
            await asyncio.sleep(0)
            waiting.append((page.write.loading, page.write.disabled))
        await writing

    finish(press())

    assert (True, True) in waiting
    assert (page.write.loading, page.write.disabled) == (False, False)
    assert len(list(clouds.paths.exports.glob("*/labels.csv"))) == 1


def test_in_thread__runs_in_the_readers(clouds: Project) -> None:
    page = page_of(clouds)

    name = finish(page.in_thread(lambda: threading.current_thread().name))

    assert name.startswith("goldpan-reader")


def test_write__a_failure_leaves_the_button_usable(clouds: Project) -> None:
    clouds.paths.exports.parent.mkdir(exist_ok=True)
    clouds.paths.exports.write_text("a file where the folder should be")
    page = page_of(clouds)

    finish(page.write_to_folder())

    assert (page.write.loading, page.write.disabled) == (False, False)


def test_zip_folder__holds_the_files_by_their_place(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.txt").write_text("one")

    with zipfile.ZipFile(zip_folder(tmp_path)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"inner/a.txt": b"one"}


def test_formats__only_what_this_project_can_have_is_offered(clouds: Project) -> None:
    page = page_of(clouds)
    offered = set(page.formats.options.values())
    assert {"csv", "npz", "huggingface", "webdataset", "label_studio"} <= offered
    assert not {"image_folder", "coco", "model", "onnx"} & offered
    assert "<b>coco</b> is for pools of images, this one is of table rows" in page.unfit.object
    assert "<b>model</b> needs a trained model" in page.unfit.object


def test_formats__the_model_is_offered_after_a_round_and_choices_stay(clouds: Project) -> None:
    page = page_of(clouds)
    page.state.page = "Export"
    page.formats.value = ["jsonl"]
    label_some(clouds)
    run_now(clouds)
    page.state.apply(read_status(clouds.database))
    assert "model" in page.formats.options.values()
    assert page.formats.value == ["jsonl"]


def test_write__the_licence_is_in_the_manifest(clouds: Project) -> None:
    page = page_of(clouds)
    page.formats.value, page.licence.value = ["csv"], " CC BY 4.0 "
    finish(page.write_to_folder())
    (folder,) = clouds.paths.exports.iterdir()
    assert read_manifest(folder)["licence"] == "CC BY 4.0"


def test_download__too_large_for_memory_stays_in_the_folder(
    clouds: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(export, "DOWNLOAD_MAX_MB", 0)
    monkeypatch.setattr(export, "tell_problem", told.append)
    page = page_of(clouds)
    assert finish(page._zip()).getvalue() == b""
    assert "a download takes at most 0 MB" in told[0]
    assert len(list(clouds.paths.exports.glob("*/labels.csv"))) == 1
