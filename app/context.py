"""What one running server consists of; made once by `app.server` and handed to pages and API handlers."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from app.access import Access
from app.arranging import Arranger, settle_s
from app.colouring import Colourings
from app.column_summaries import ColumnSummaries
from app.counts import RunningCounts
from app.hub import Hub
from app.labelled import RunningLabels
from app.layouts import Layouts
from app.overlap import RunningOverlap
from app.plotting import KeptPositions
from app.project import Project, annotator_name
from app.renewal import Renewal
from app.supervisor import Supervisor
from app.write_batch import WriteBatch
from config.schema import PlotSection
from labeling.annotators import ensure_annotator
from labeling.people import Person, Role, has_admin


@dataclass
class KeptPlots:
    """The plots beside the map that a tab begins with; the configuration holds them too.

    Attributes:
        plots: of two columns, as they were kept last.
        domain: the names of plug-ins' plots, likewise.
    """

    plots: tuple[PlotSection, ...]
    domain: tuple[str, ...] = ()


@dataclass
class Asked:
    """What a person has answered; the configuration holds it too.

    Attributes:
        columns_confirmed: whether the columns are read as they should be.
    """

    columns_confirmed: bool = False


@dataclass(frozen=True)
class ServerContext:
    """A running server.

    Attributes:
        project: the opened project.
        hub: tells the open pages of changes.
        supervisor: runs the rounds.
        counts: how many items have which class, kept up to date.
        labelled: which class each item is labelled with, likewise.
        overlap: which items wait for one more person's label, likewise.
        summaries: how the pool's columns are spread; computed once a card asks.
        layouts: where the map shows each item.
        colourings: what the colours of maps mean, those that were asked for last.
        plot_positions: where plots have the items, likewise.
        kept_plots: the plots that a tab which is opened next begins with.
        asked: what a tab which is opened next need not ask any more.
        plugin_problems: what could not be loaded of plug-ins, in words.
        readable: items of the pool that can be read.
        person: who asks: the local person, or whoever a page or a request belongs to (`as_person`).
        instance: a new id for each start, so that a page can tell that the server was restarted.
        access: how people sign in; None where nobody does, and the local person does everything.
        hosts: the values of the Host header that are answered, so that a foreign name that resolves to this
            machine (DNS rebinding) is refused.
        writer: one thread for what writes to the database; keeps the event loop free while a commit reaches the disk.
        batch: annotations that wait for the writer; it stores all that wait in one commit.
        reader: threads for what only reads.
        writing_file: held while the project's file is written.
        renewal: whether this server can read its pool anew and start again, and is to.
    """

    project: Project
    hub: Hub
    supervisor: Supervisor
    counts: RunningCounts
    labelled: RunningLabels
    overlap: RunningOverlap
    summaries: ColumnSummaries
    layouts: Layouts
    colourings: Colourings
    plot_positions: KeptPositions
    kept_plots: KeptPlots
    asked: Asked
    readable: int
    plugin_problems: tuple[str, ...]
    person: Person
    hosts: frozenset[str]
    writer: ThreadPoolExecutor
    batch: WriteBatch
    access: Access | None = None
    instance: str = field(default_factory=lambda: uuid.uuid4().hex)
    reader: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "goldpan-reader"))
    writing_file: threading.Lock = field(default_factory=threading.Lock)
    renewal: Renewal = field(default_factory=Renewal)

    @property
    def annotator_id(self) -> int:
        """Under whose name annotations are stored."""
        return self.person.annotator_id

    def as_person(self, person: Person) -> ServerContext:
        """Return the same server as another person sees it; all parts are shared."""
        return replace(self, person=person)

    def stop(self) -> None:
        """End the worker and close the database."""
        self.supervisor.stop()
        self.writer.shutdown(wait=True)
        self.reader.shutdown(wait=False)
        self.project.close()


def make_context(
    project: Project,
    *,
    hosts: frozenset[str],
    access: Access | None = None,
    plugin_problems: tuple[str, ...] = (),
    renewal: Renewal | None = None,
) -> ServerContext:
    """Make the parts of a server around an opened project; nothing runs yet.

    Args:
        project: the opened project.
        hosts: the values of the Host header that are answered.
        access: how people sign in; None for the local person alone, who may do everything.
        plugin_problems: what could not be loaded of plug-ins, in words.
        renewal: whether the server can start itself again; None where it cannot.
    """
    hub = Hub()
    with project.database.transaction() as session:
        name = annotator_name(project.config)
        # Whoever has the project on their machine is its admin, until a team has one.
        role = None if access is not None or has_admin(session) else Role.ADMIN
        person = Person(ensure_annotator(session, name=name, role=role), name, Role.ADMIN)
    counts, layouts = RunningCounts(), Layouts(project)
    labelled = RunningLabels(project.pool)
    writer = ThreadPoolExecutor(1, "goldpan-writer")
    return ServerContext(
        project=project,
        hub=hub,
        supervisor=Supervisor(
            project,
            counts=counts,
            on_status=hub.publish,
            arranger=Arranger(project, layouts, settle_s=settle_s()),
        ),
        counts=counts,
        labelled=labelled,
        overlap=RunningOverlap(project.config),
        summaries=ColumnSummaries(project.pool),
        layouts=layouts,
        colourings=Colourings(project.pool, project.database, labelled),
        plot_positions=KeptPositions(project.pool),
        kept_plots=KeptPlots(project.config.views.plots, project.config.views.domain_plots),
        asked=Asked(project.config.views.columns_confirmed),
        plugin_problems=plugin_problems,
        readable=int(project.pool.readable.sum()),
        person=person,
        hosts=hosts,
        writer=writer,
        batch=WriteBatch(project.database, counts, writer),
        access=access,
        renewal=renewal or Renewal(),
    )
