"""The Export page: write labels, selection and shared config, and download them."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import panel_material_ui as pmui

from app.access import may, require, why_not
from app.components.layout import bar, html, panel, stack
from app.exporting import DEFAULT_FORMATS, Exported, export_project
from app.notices import tell_done, tell_problem
from app.pages.selection_plan import SelectionPlanCard
from app.selection_plan_state import SelectionPlanState
from app.session import DashboardState
from config.errors import GoldpanError
from labeling.exports.registry import exports
from labeling.people import Role

Result = TypeVar("Result")
INTRO = (
    "The labels, a class-balanced selection with a manifest, and the shared config: the one file with which a "
    "colleague repeats or continues this project beside the same pool."
)


class ExportPage:
    """Views of the Export page over a dashboard state."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views and link them to the state."""
        del document
        self.state = state
        self.formats = pmui.CheckBoxGroup(
            label="Formats",
            options={f"{entry.title} ({name})": name for name, entry in exports},
            value=list(DEFAULT_FORMATS),
            margin=0,
        )
        self.write = pmui.Button(
            label="Write to the project's folder", variant="outlined", on_click=self.write_to_folder, margin=0
        )
        self.download = pmui.FileDownload(
            label="Download all as ZIP",
            color="primary",
            margin=0,
            callback=self._zip,
            filename=f"{state.context.project.config.project.name}-export.zip",
            auto=True,
        )
        self.summary = html()
        context = state.context
        self.download.disabled = self.formats.disabled = not may(context, Role.REVIEWER)
        self.write.visible = may(context, Role.ADMIN)
        self.note = html(why_not(context, Role.REVIEWER, "Exporting"))
        self.plan = SelectionPlanCard(SelectionPlanState(state), enabled=may(context, Role.REVIEWER))
        state.param.watch(lambda *_: self.paint(), ["page", "revision"])

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the page's layout."""
        return stack(
            panel(
                "Export", self.summary, self.note, self.formats, bar(self.download, self.write), note=INTRO
            ),
            self.plan.view(),
        )

    def paint(self) -> None:
        """Say what an export would hold."""
        status = self.state.status
        if self.state.page != "Export" or status is None:
            return
        used = sum(1 for _, count in status.counts if count)
        self.summary.object = (
            f"<p><b>{status.labelled:,}</b> labels in <b>{used}</b> of {len(status.classes)} classes, label revision "
            f"{status.revision}, round {status.round_number}.</p>"
        )

    async def write_to_folder(self, *_: Any) -> None:  # noqa: ANN401
        """Write the export into a new folder, in a thread, and say where; the button shows that it works."""
        # A second press while the first one writes would only write the same again.
        self.write.param.update(loading=True, disabled=True)
        try:
            written = await self.in_thread(lambda: self._export(Role.ADMIN))
        except (GoldpanError, OSError) as problem:
            tell_problem(f"Nothing was exported: {problem}")
        else:
            tell_done(f"{written.labels} labels are written to {written.folder}")
        finally:
            self.write.param.update(loading=False, disabled=False)

    async def in_thread(self, step: Callable[[], Result]) -> Result:
        """Run a step off the event loop: at many labels an export takes seconds, and other pages must go on."""
        return await asyncio.get_running_loop().run_in_executor(self.state.context.reader, step)

    async def _zip(self) -> io.BytesIO:
        try:
            return await self.in_thread(lambda: zip_folder(self._export(Role.REVIEWER).folder))
        except (GoldpanError, OSError) as problem:
            tell_problem(f"Nothing was exported: {problem}")
            return io.BytesIO()

    def _export(self, needed: Role) -> Exported:
        context = self.state.context
        require(context, needed)
        return export_project(
            context.project,
            formats=self.formats.value,
            annotator_id=context.annotator_id,
            wishes=self.plan.state.wishes(),
        )


def zip_folder(folder: Path) -> io.BytesIO:
    """Return a folder's files as a ZIP archive in memory, read from its beginning."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            target.write(file, file.relative_to(folder))
    archive.seek(0)
    return archive
