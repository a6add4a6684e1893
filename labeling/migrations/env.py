"""Run by alembic: apply the versions on the connection that `labeling.migrations.upgrade` hands over."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from labeling.migrations import VERSION_TABLE
from labeling.tables import Base, UtcDateTime


def render_item(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Write our own types into a draft as the database sees them: a version must not change with us."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    compare_type=True,
    # SQLite changes columns by copying the table.
    render_as_batch=True,
    render_item=render_item,
    # SQLite's DDL is transactional too once BEGIN is sent, as database.py does.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
