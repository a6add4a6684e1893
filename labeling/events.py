"""What people did beside annotating: changed a class, exported, signed in. Appended, never changed.

Every such act is one row, stored in the transaction of the act itself, so that there is none without the other.
`labeling.trail` lists them together with annotations and seeks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.checks import checked_text, is_storable
from labeling.errors import EventError
from labeling.tables import EventTable, LabelClassTable

SUBJECT_MAX = 512
DETAILS_MAX = 20_000
"""Characters of the details as JSON."""


class EventKind(StrEnum):
    """What can be done beside annotating."""

    CLASS_ADDED = "class_added"
    CLASS_RENAMED = "class_renamed"
    CLASS_CHANGED = "class_changed"
    CLASS_ARCHIVED = "class_archived"
    CLASS_RESTORED = "class_restored"
    CLASS_MERGED = "class_merged"
    SELECTION_SAVED = "selection_saved"
    SELECTION_RENAMED = "selection_renamed"
    SELECTION_DELETED = "selection_deleted"
    SETTINGS_CHANGED = "settings_changed"
    EXPORT_WRITTEN = "export_written"
    PROJECT_IMPORTED = "project_imported"
    POOL_REFRESHED = "pool_refreshed"
    DATABASE_COPIED = "database_copied"
    AUDIT_SET_DRAWN = "audit_set_drawn"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    PERSON_ADDED = "person_added"
    PASSWORD_CHANGED = "password_changed"
    ROLE_CHANGED = "role_changed"
    TOKEN_MADE = "token_made"
    TOKEN_REVOKED = "token_revoked"


def record_event(
    session: Session,
    *,
    kind: EventKind,
    annotator_id: int | None,
    now: datetime,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> int:
    """Append an act to the record and return its number.

    Args:
        session: of the write transaction in which the act itself is stored.
        kind: what was done.
        annotator_id: who did it; None where nobody is known, as before a sign-in or at the start of a server.
        now: the moment, in UTC.
        subject: what it was done to, such as the name of a class; what is longer than SUBJECT_MAX is cut.
        details: plain values that say more. Never a password, a token or an address that may hold one.

    Raises:
        EventError: the kind is unknown, or a value cannot be stored.
    """
    if kind not in list(EventKind):
        raise EventError(f"unknown kind of event {kind!r:.50}; allowed are {', '.join(EventKind)}")
    row = EventTable(
        kind=str(kind),
        annotator_id=annotator_id,
        created_at=now,
        subject=checked_text(
            subject[:SUBJECT_MAX], what="an event's subject", error=EventError, longest=SUBJECT_MAX
        ),
        details=_storable(details or {}),
    )
    session.add(row)
    session.flush()
    return row.id


def former_names(session: Session) -> dict[str, str]:
    """Return the names that classes had once and no class has now, each with the present name of its class."""
    names = {row.id: row.name for row in session.execute(sa.select(LabelClassTable.id, LabelClassTable.name))}
    renamed = session.execute(
        sa.select(EventTable.details)
        .where(EventTable.kind == str(EventKind.CLASS_RENAMED))
        .order_by(EventTable.id)
    )
    former = {str(details["from"]): details.get("class_id") for details in renamed.scalars()}
    taken = set(names.values())
    return {
        name: names[class_id]
        for name, class_id in former.items()
        if name not in taken and isinstance(class_id, int) and class_id in names
    }


def _storable(details: Mapping[str, Any]) -> dict[str, Any]:
    try:
        text = json.dumps(dict(details), allow_nan=False)
        storable = is_storable(json.dumps(dict(details), ensure_ascii=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise EventError(
            f"an event's details must be plain numbers, texts, lists and mappings: {error}"
        ) from error
    # A NUL is escaped in both texts, and PostgreSQL refuses it.
    if not storable or "\\u0000" in text or len(text) > DETAILS_MAX:
        raise EventError(
            f"an event's details hold a NUL, half a character or more than {DETAILS_MAX:,} characters; say less in them"
        )
    stored: dict[str, Any] = json.loads(text)
    return stored
