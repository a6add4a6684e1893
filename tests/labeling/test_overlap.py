from __future__ import annotations

import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labeling.annotations import Act, NewAnnotation, record
from labeling.merging import merge_class
from labeling.overlap import Begun, Overlap, lot, update_begun
from tests.labeling.store import NOW, Project, new_uid

ACTS = (Act.LABEL, Act.SKIP, Act.FLAG, Act.ADJUDICATE, Act.UNDO)
steps = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(ACTS), st.booleans(), st.booleans()), max_size=20
)


class RollBackError(Exception):
    """Ends an example, so that the next one starts from nothing."""


def expected(entries: list[tuple[int, str, Act, int, str, int | None]]) -> dict[str, frozenset[int]]:
    """Return the items begun and not finished by two, in plain Python."""
    undone = {entry[5] for entry in entries}
    stand = [entry for entry in entries if entry[2] != Act.UNDO and entry[0] not in undone]
    found = {}
    for key in "abc":
        of_it = [entry for entry in stand if entry[1] == key]
        people = frozenset(entry[3] for entry in of_it)
        decided = any(entry[2] == Act.ADJUDICATE for entry in of_it)
        if any(entry[4] for entry in of_it) and not decided and len(people) < 2:
            found[key] = people
    return found


@given(steps=steps)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_update_begun__is_what_the_annotations_say(
    project: Project, steps: list[tuple[str, Act, bool, bool]]
) -> None:
    entries: list[tuple[int, str, Act, int, str, int | None]] = []
    uids: dict[int, str] = {}
    overlap, known = Overlap(2), Begun()
    with contextlib.suppress(RollBackError), project.database.transaction() as session:
        for key, act, by_bob, queued in steps:
            person, kind, undoes = project.bob if by_bob else project.ann, "refine" if queued else "", None
            if act == Act.UNDO:
                gone = {entry[5] for entry in entries}
                own = [
                    entry
                    for entry in entries
                    if entry[3] == person and entry[2] != Act.UNDO and entry[0] not in gone
                ]
                if not own:
                    continue
                undoes, key = own[-1][0], own[-1][1]
            classed = act in (Act.LABEL, Act.ADJUDICATE)
            new = NewAnnotation(
                uid=new_uid(),
                item_key=key,
                act=act,
                kind=kind,
                class_id=project.star if classed else None,
                undoes_uid=None if undoes is None else uids[undoes],
            )
            stored = record(session, new=new, annotator_id=person, now=NOW)
            uids[stored.id] = stored.uid
            entries.append((stored.id, key, act, person, kind, undoes))
            if queued:
                known = update_begun(session, known=known, overlap=overlap)
                assert known.voters == expected(entries)
        assert update_begun(session, known=known, overlap=overlap).voters == expected(entries)
        assert update_begun(session, known=Begun(), overlap=overlap).voters == expected(entries)
        raise RollBackError


def test_update_begun__who_merges_classes_has_looked_at_no_item(project: Project) -> None:
    project.annotate(NewAnnotation(new_uid(), "a", Act.LABEL, class_id=project.star, kind="refine"))
    with project.database.transaction() as session:
        merge_class(
            session,
            class_id=project.star,
            into_id=project.galaxy,
            uid="merge-0123456789abcdef",
            annotator_id=project.bob,
            now=NOW,
        )
    with project.database.reading() as session:
        found = update_begun(session, known=Begun(), overlap=Overlap(2))
    assert found.voters == {"a": frozenset({project.ann})}


def test_overlap__one_label_or_all_items_need_no_lots() -> None:
    assert {Overlap().wanted("a"), Overlap(1, 0.5).wanted("a")} == {1}
    assert {Overlap(3).wanted(str(number)) for number in range(50)} == {3}
    assert {Overlap(3, 0.0).wanted(str(number)) for number in range(50)} == {1}


def test_lot__is_spread_evenly_and_always_the_same() -> None:
    lots = [lot(f"7:{number}") for number in range(4000)]
    assert lots == [lot(f"7:{number}") for number in range(4000)]
    assert all(0 <= each < 1 for each in lots)
    for low in (0.0, 0.25, 0.5, 0.75):
        assert 0.22 < sum(low <= each < low + 0.25 for each in lots) / 4000 < 0.28
