"""Draft the next migration: `python -m labeling.migrations "what changes"`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa
from alembic import command

from labeling.migrations import alembic_config, upgrade


def draft(message: str) -> None:
    """Compare the versions so far with `labeling/tables.py` and write what differs to `versions/`."""
    with tempfile.TemporaryDirectory() as folder:
        engine = sa.create_engine(f"sqlite:///{Path(folder) / 'draft.sqlite'}")
        config = alembic_config()
        with engine.begin() as connection:
            upgrade(connection)
            config.attributes["connection"] = connection
            command.revision(config, message, autogenerate=True)
        engine.dispose()


if __name__ == "__main__":
    draft(sys.argv[1] if len(sys.argv) > 1 else "change")
