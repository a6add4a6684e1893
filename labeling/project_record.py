"""The one row that says whose database this is, so that no labels of another project get into it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from labeling.checks import checked_integer, checked_name, checked_text
from labeling.errors import ProjectRecordError
from labeling.tables import ProjectTable


@dataclass(frozen=True)
class ProjectRecord:
    """What the database knows of its project.

    Attributes:
        uuid: made once with the project, never changes.
        name: the project's name.
        pool_hash: the content hash of the pool that the labels are about.
        seed: the project's seed.
        created_at: when the project was made, in UTC.
    """

    uuid: str
    name: str
    pool_hash: str
    seed: int
    created_at: datetime


def set_project(session: Session, *, project: ProjectRecord) -> None:
    """Store the project's row, or bring its name, pool hash and seed up to date.

    Raises:
        ProjectRecordError: the database belongs to another project, or a value cannot be stored.
    """
    _check(project)
    row = session.get(ProjectTable, 1)
    if row is None:
        row = ProjectTable(id=1, uuid=project.uuid, created_at=project.created_at)
        session.add(row)
    elif row.uuid != project.uuid:
        raise ProjectRecordError(
            f"this database belongs to the project {row.name!r} ({row.uuid}), not to {project.name!r} "
            f"({project.uuid}); give another database"
        )
    row.name, row.pool_hash, row.seed = project.name, project.pool_hash, project.seed
    session.flush()


def get_project(session: Session) -> ProjectRecord | None:
    """Return the project's row, None in a database that is not used yet."""
    row = session.get(ProjectTable, 1)
    if row is None:
        return None
    return ProjectRecord(
        uuid=row.uuid, name=row.name, pool_hash=row.pool_hash, seed=row.seed, created_at=row.created_at
    )


def _check(project: ProjectRecord) -> None:
    try:
        canonical = str(uuid.UUID(project.uuid))
    except (ValueError, AttributeError, TypeError) as error:
        raise ProjectRecordError(f"the project's uuid is not one: {project.uuid!r:.80}") from error
    if canonical != project.uuid:
        raise ProjectRecordError(f"the project's uuid must be written {canonical!r}, not {project.uuid!r}")
    if checked_name(project.name, what="the project's name", error=ProjectRecordError) != project.name:
        raise ProjectRecordError(f"the project's name {project.name!r} has spaces around it; leave them out")
    checked_text(project.pool_hash, what="the pool's hash", error=ProjectRecordError, longest=128)
    checked_integer(project.seed, what="the seed", error=ProjectRecordError, most=2**63 - 1)
