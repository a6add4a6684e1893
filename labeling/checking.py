"""Looks through a project's database: is it whole, and does it keep what goldpan promises of it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.orm import Session, aliased

from labeling import migrations
from labeling.database import Database
from labeling.labels import act_counts, class_counts, current_labels
from labeling.tables import (
    AnnotationTable,
    AuditDrawTable,
    AuditItemTable,
    Base,
    LabelClassTable,
    SeekTable,
)

APPEND_ONLY = ("annotation", "seek", "event", "audit_draw", "audit_item")
"""Tables whose rows triggers keep from being changed."""

_SHOWN = 5
"""Numbers of wrong rows that a problem names."""


@dataclass(frozen=True)
class StoreReport:
    """What was found in a database.

    Attributes:
        version: the version of its tables, None where there are none.
        problems: what is wrong, one line each; none where all is well.
        rows: how many rows each table has; empty where the tables are not of this goldpan's version.
    """

    version: str | None
    problems: tuple[str, ...]
    rows: dict[str, int]


def inspect_database(database: Database) -> StoreReport:
    """Look through a database; nothing is changed.

    Raises:
        DatabaseTooNewError: a newer goldpan made the tables.
        DatabaseOpenError: it is damaged so that it cannot be read, or holds tables that are not goldpan's.
        DatabaseUnavailableError: it cannot be used just now.
    """
    version = database.version()
    if version is None:
        return StoreReport(None, ("there are no tables yet",), {})
    if version != migrations.head_version():
        words = (
            f"the tables are of version {version}, this goldpan works with {migrations.head_version()}: run "
            "`goldpan db upgrade`"
        )
        return StoreReport(version, (words, *_stored_problems(database)), {})
    problems = _stored_problems(database)
    with database.reading() as session:
        for look in _LOOKS:
            problems += look(session)
        rows = {
            table.name: session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
        }
    return StoreReport(version, tuple(problems), rows)


def _stored_problems(database: Database) -> list[str]:
    return [line for line in database.check() if "older goldpan" not in line]


def _schema(session: Session) -> Iterator[str]:
    options = {"version_table": migrations.VERSION_TABLE, "compare_type": True, "include_name": _is_ours}
    context = MigrationContext.configure(session.connection(), opts=options)
    for difference in compare_metadata(context, Base.metadata):
        yield f"the tables differ from what this goldpan makes: {_difference_words(difference)}"


def _is_ours(name: str | None, kind: str, _: Any) -> bool:  # noqa: ANN401 - alembic's signature
    return kind != "table" or name in Base.metadata.tables


def _difference_words(difference: Any) -> str:  # noqa: ANN401 - alembic's own tuples
    if isinstance(difference, list):
        return "; ".join(_difference_words(entry) for entry in difference)
    # Alembic speaks of what it would do: what it would add is missing here.
    kind = str(difference[0]).replace("add_", "missing ").replace("remove_", "unknown ").replace("_", " ")
    names = [
        str(getattr(entry, "name", entry))
        for entry in difference[1:]
        if isinstance(getattr(entry, "name", entry), str)
    ]
    return f"{kind} {' '.join(names)}"


def _triggers(session: Session) -> Iterator[str]:
    if session.get_bind().dialect.name == "sqlite":
        found = set(
            session.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
        )
        wanted = [f"{table}_no_{act}" for table in APPEND_ONLY for act in ("update", "delete")]
    else:
        statement = sa.text(
            "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND pg_table_is_visible(pg_class.oid)"
        )
        found = set(session.execute(statement).scalars())
        wanted = [f"{table}_append_only" for table in APPEND_ONLY]
    for name in sorted(set(wanted) - found):
        yield f"the trigger {name} is missing or off: rows that must never change could be changed"


def _foreign_keys(session: Session) -> Iterator[str]:
    """Look for rows that point at missing ones: a restore with constraints off may bring them, on any database."""
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            target = key.column.table
            parent = target.alias("parent")
            gone = ~sa.exists().where(parent.c[key.column.name] == key.parent).correlate(table)
            count = session.execute(
                sa.select(sa.func.count()).select_from(table).where(key.parent.is_not(None), gone)
            ).scalar_one()
            if count:
                yield f"{count} rows of {table.name} point at rows of {target.name} that are missing"


def _undos(session: Session) -> Iterator[str]:
    undo, undone = aliased(AnnotationTable), aliased(AnnotationTable)
    pairs = sa.select(undo.id).join(undone, undone.id == undo.undoes_id)
    wrong = {
        "undo something later than themselves": undone.id >= undo.id,
        "undo an undo": undone.act == "undo",
        "undo what was done to another item": undone.item_key != undo.item_key,
        "undo what another person did": undone.annotator_id != undo.annotator_id,
    }
    for words, condition in wrong.items():
        yield from _named(session, pairs.where(condition).order_by(undo.id), f"annotations that {words}")
    later = aliased(SeekTable)
    statement = sa.select(SeekTable.id).join(later, later.id == SeekTable.withdraws_id)
    yield from _named(
        session,
        statement.where(later.id >= SeekTable.id),
        "seeks that withdraw something later than themselves",
    )


def _audit_set(session: Session) -> Iterator[str]:
    """Look whether each draw of the audit set has the items, at the probabilities, that its strata say."""
    drawn = sa.func.count().label("drawn")
    rows = session.execute(
        sa.select(AuditItemTable.draw_id, AuditItemTable.stratum, AuditItemTable.probability, drawn).group_by(
            AuditItemTable.draw_id, AuditItemTable.stratum, AuditItemTable.probability
        )
    )
    found = {(draw, stratum): (chance, count) for draw, stratum, chance, count in rows}
    for draw, strata in session.execute(sa.select(AuditDrawTable.id, AuditDrawTable.strata)):
        for place, (size, count) in enumerate(zip(strata["sizes"], strata["drawn"], strict=True)):
            if count and found.get((draw, place)) != (count / size, count):
                yield f"draw {draw} of the audit set: stratum {place} lacks some of its {count} items of {size}"


def _named(session: Session, statement: sa.Select[Any], words: str) -> Iterator[str]:
    numbers = list(session.execute(statement.limit(_SHOWN + 1)).scalars())
    if numbers:
        shown = ", ".join(map(str, numbers[:_SHOWN])) + (", …" if len(numbers) > _SHOWN else "")
        yield f"{words}: {shown}"


def _class_tree(session: Session) -> Iterator[str]:
    rows = session.execute(sa.select(LabelClassTable.id, LabelClassTable.parent_id, LabelClassTable.name))
    above = {number: (parent, name) for number, parent, name in rows}
    for number, (parent, name) in above.items():
        steps = 0
        while parent is not None and parent != number and steps <= len(above):
            parent, steps = above.get(parent, (None, ""))[0], steps + 1
        if parent is not None:
            yield f"the class {name!r} stands above itself"


def _counts(session: Session) -> Iterator[str]:
    """Compare the counts, that every page shows, with the labels themselves, that rounds and exports use."""
    labels = current_labels(session)
    pairs: dict[str, tuple[dict[Any, int], dict[Any, int]]] = {
        "act": (act_counts(session), dict(Counter(labels.acts))),
        "class": (
            class_counts(session),
            dict(Counter(int(number) for number in labels.class_ids if number >= 0)),
        ),
    }
    for what, (told, found) in pairs.items():
        if told != found:
            yield f"the counts by {what} ({told}) are not those of the labels ({found})"


def _numbers(session: Session) -> Iterator[str]:
    """Look whether PostgreSQL would give a new row a number that is taken, as after a restore without sequences."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for table in Base.metadata.sorted_tables:
        for column in table.primary_key:
            name = session.execute(
                sa.select(sa.func.pg_get_serial_sequence(table.name, column.name))
            ).scalar_one()
            highest = session.execute(sa.select(sa.func.max(column))).scalar_one()
            if name is None or highest is None:
                continue
            last, called = session.execute(sa.text(f"SELECT last_value, is_called FROM {name}")).one()
            if last + (1 if called else 0) <= highest:
                yield f"the next row of {table.name} would get the number {last}, but {highest} is taken already"


_LOOKS: tuple[Callable[[Session], Iterator[str]], ...] = (
    _schema,
    _triggers,
    _foreign_keys,
    _undos,
    _class_tree,
    _audit_set,
    _counts,
    _numbers,
)
