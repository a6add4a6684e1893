from __future__ import annotations

import asyncio
import threading
import zipfile
from pathlib import Path

from app.context import make_context
from app.pages.export import ExportPage, zip_folder
from app.project import Project
from app.session import DashboardState
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
