"""The Export page: write labels, selection and shared config, and download them."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any, TypeVar

import panel_material_ui as pmui

from app.access import may, require, why_not
from app.components.layout import bar, html, panel, stack
from app.errors import ExportTooLargeError
from app.exporting import DEFAULT_FORMATS, Exported, export_project, unfit_exports
from app.notices import tell_done, tell_problem
from app.pages.auto_labels import AutoLabelsCard
from app.pages.selection_plan import SelectionPlanCard
from app.selection_plan_state import SelectionPlanState
from app.session import DashboardState
from config.errors import GoldpanError
from labeling.exports.file_names import safe_names
from labeling.exports.registry import exports
from labeling.people import Role

Result = TypeVar("Result")

DOWNLOAD_MAX_MB = 200
"""A download passes through the server's memory as a whole, and the browser's."""

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
        self.formats = pmui.CheckBoxGroup(label="Formats", value=list(DEFAULT_FORMATS), margin=0)
        self.licence = pmui.TextInput(
            label="Licence of the labels",
            placeholder="CC BY 4.0, say: for the manifest and the data set card",
            margin=0,
        )
        self.unfit = html()
        self.offer_formats(0)
        self.write = pmui.Button(
            label="Write to the project's folder", variant="outlined", on_click=self.write_to_folder, margin=0
        )
        name = state.context.project.config.project.name
        self.download = pmui.FileDownload(
            label="Download all as ZIP",
            color="primary",
            margin=0,
            callback=self._zip,
            filename=f"{safe_names([name])[name]}-export.zip",
            auto=True,
        )
        self.summary = html()
        context = state.context
        self.download.disabled = self.formats.disabled = self.licence.disabled = not may(
            context, Role.REVIEWER
        )
        self.write.visible = may(context, Role.ADMIN)
        self.note = html(why_not(context, Role.REVIEWER, "Exporting"))
        self.auto = AutoLabelsCard(state, self.in_thread, enabled=may(context, Role.REVIEWER))
        self.plan = SelectionPlanCard(SelectionPlanState(state), enabled=may(context, Role.REVIEWER))
        state.param.watch(lambda *_: self.paint(), ["page", "revision", "round_number"])

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the page's layout."""
        return stack(
            panel(
                "Export",
                self.summary,
                self.note,
                # Above the formats: on a phone the list is longer than the screen.
                bar(self.download, self.write),
                self.licence,
                self.formats,
                self.unfit,
                note=INTRO,
            ),
            self.plan.view(),
            self.auto.view(),
        )

    def paint(self) -> None:
        """Say what an export would hold."""
        status = self.state.status
        if self.state.page != "Export" or status is None:
            return
        self.offer_formats(status.round_number)
        used = sum(1 for _, count in status.counts if count)
        self.summary.object = (
            f"<p><b>{status.labelled:,}</b> labels in <b>{used}</b> of {len(status.classes)} classes, label revision "
            f"{status.revision}, round {status.round_number}.</p>"
        )

    def offer_formats(self, round_number: int) -> None:
        """Offer the exports that this project can have now, and say of the others why it cannot."""
        unfit = unfit_exports(self.state.context.project, round_number=round_number)
        options = {f"{entry.title} ({name})": name for name, entry in exports if name not in unfit}
        if options != self.formats.options:
            kept = [name for name in self.formats.value if name not in unfit]
            self.formats.param.update(options=options, value=kept)
        told = "; ".join(f"<b>{escape(name)}</b> {escape(why)}" for name, why in unfit.items())
        self.unfit.object = f'<p class="gp-quiet">Not offered here: {told}.</p>' if told else ""

    async def write_to_folder(self, *_: Any) -> None:  # noqa: ANN401
        """Write the export into a new folder, in a thread, and say where; the button shows that it works."""
        # A second press while the first one writes would only write the same again.
        self.write.param.update(loading=True, disabled=True)
        try:
            written = await self.in_thread(lambda: self._export(Role.ADMIN))
        except (GoldpanError, OSError) as problem:
            tell_problem(f"Nothing was exported: {problem}")
        else:
            tell_done(written.describe())
        finally:
            self.write.param.update(loading=False, disabled=False)

    async def in_thread(self, step: Callable[[], Result]) -> Result:
        """Run a step off the event loop: at many labels an export takes seconds, and other pages must go on."""
        return await asyncio.get_running_loop().run_in_executor(self.state.context.reader, step)

    async def _zip(self) -> io.BytesIO:
        try:
            return await self.in_thread(self._write_and_zip)
        except (GoldpanError, OSError) as problem:
            tell_problem(f"Nothing was downloaded: {problem}")
            return io.BytesIO()

    def _write_and_zip(self) -> io.BytesIO:
        written = self._export(Role.REVIEWER)
        size_mb = sum(file.stat().st_size for file in written.files) / 1e6
        if size_mb > DOWNLOAD_MAX_MB:
            raise ExportTooLargeError(
                f"the files are {size_mb:,.0f} MB, a download takes at most {DOWNLOAD_MAX_MB} MB; they are written to "
                f"{written.folder}, fetch them there or choose fewer formats"
            )
        return zip_folder(written.folder)

    def _export(self, needed: Role) -> Exported:
        context = self.state.context
        require(context, needed)
        return export_project(
            context.project,
            formats=self.formats.value,
            annotator_id=context.annotator_id,
            licence=self.licence.value,
            wishes=self.plan.state.wishes(),
            auto=self.auto.wishes(),
        )


def zip_folder(folder: Path) -> io.BytesIO:
    """Return a folder's files as a ZIP archive in memory, read from its beginning."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            target.write(file, file.relative_to(folder))
    archive.seek(0)
    return archive
