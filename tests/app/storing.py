"""What the tests of app/ share: an annotation stored as a request stores it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api_store import check_annotation, store_annotation, stored_answer
from app.context import ServerContext

COMMIT_S = 60.0


def store(context: ServerContext, values: Mapping[str, Any]) -> dict[str, Any]:
    """Check and store one annotation; return the answer once it is on the disk."""
    done = store_annotation(context, check_annotation(context, values))
    return stored_answer(context, done.result(timeout=COMMIT_S))
