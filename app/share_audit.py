"""The audit set in a shared config: without it a project made from the file would learn from what was held out."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import ProjectError
from config.shared_audit import SharedAuditDraw
from labeling.audit_set import AuditDraw, AuditStratum, NewDraw, restore_draw


def shared_draws(draws: Sequence[AuditDraw], annotation_ids: Sequence[int]) -> tuple[SharedAuditDraw, ...]:
    """Return draws as a shared config keeps them.

    Args:
        draws: the draws.
        annotation_ids: the numbers of all annotations, ascending: a draw says how many there were.
    """
    return tuple(
        SharedAuditDraw(
            design="random" if draw.new.design == "random" else "stratified",
            seed=draw.new.seed,
            pool_hash=draw.new.pool_hash,
            round_number=draw.new.round_number,
            revision=bisect_right(annotation_ids, draw.revision),
            annotator=draw.annotator,
            created_at=draw.created_at,
            strata=tuple(part.name for part in draw.new.strata),
            sizes=tuple(part.size for part in draw.new.strata),
            items=draw.new.item_keys,
            item_strata=draw.new.item_strata,
            where=draw.new.where,
        )
        for draw in draws
    )


def restore_draws(
    session: Any,  # noqa: ANN401 - a session of labeling.database
    draws: Sequence[SharedAuditDraw],
    *,
    numbers: Sequence[int],
    annotators: Mapping[str, int],
) -> None:
    """Store draws as they were.

    Args:
        session: of a write transaction.
        draws: of the shared config.
        numbers: 0 and the number of each restored annotation, in order.
        annotators: ids by name.

    Raises:
        ProjectError: a draw's lists are of different lengths.
        AuditSetError: a draw does not fit together.
    """
    for place, draw in enumerate(draws):
        if len(draw.strata) != len(draw.sizes):
            raise ProjectError(
                f"shared.audit_draws {place}: {len(draw.strata)} strata with {len(draw.sizes)} sizes; give one each"
            )
        drawn = Counter(draw.item_strata)
        strata = (
            AuditStratum(name, size, drawn[number])
            for number, (name, size) in enumerate(zip(draw.strata, draw.sizes, strict=True))
        )
        new = NewDraw(
            design=draw.design,
            seed=draw.seed,
            pool_hash=draw.pool_hash,
            strata=tuple(strata),
            item_keys=draw.items,
            item_strata=draw.item_strata,
            round_number=draw.round_number,
            where=draw.where,
        )
        restore_draw(
            session,
            new=new,
            at=numbers[min(draw.revision, len(numbers) - 1)],
            annotator_id=annotators[draw.annotator],
            now=draw.created_at,
        )
