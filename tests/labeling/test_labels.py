from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labeling.annotations import Act, NewAnnotation, record, standing_annotations
from labeling.annotators import ensure_annotator
from labeling.labels import (
    Counts,
    LabelTable,
    ProposalOutcome,
    act_counts,
    changed_labels,
    class_counts,
    current_labels,
    latest_outcomes,
    proposal_outcomes,
    update_counts,
)
from tests.labeling.store import NOW, Project, new_uid

KEYS = ("a", "b", "c")
COUNTED = (Act.LABEL, Act.SKIP, Act.UNSURE, Act.FLAG, Act.ADJUDICATE)


def labels(project: Project, revision: int | None = None) -> dict[str, tuple[str, int]]:
    with project.database.reading() as session:
        table = current_labels(session, revision=revision)
    return as_dict(table)


def as_dict(table: LabelTable) -> dict[str, tuple[str, int]]:
    values = zip(table.acts, table.class_ids.tolist(), strict=True)
    return dict(zip(table.item_keys, values, strict=True))


def test_current_labels__of_nothing(project: Project) -> None:
    with project.database.reading() as session:
        table = current_labels(session)

    assert (table.item_keys, table.acts, table.revision) == ((), (), 0)
    assert table.class_ids.dtype == table.annotation_ids.dtype == np.int64
    assert table.class_ids.shape == table.annotation_ids.shape == (0,)


def test_current_labels__a_tie_goes_to_the_latest(project: Project) -> None:
    project.label("a", project.star)
    project.label("a", project.galaxy, by=project.bob)

    assert labels(project) == {"a": ("label", project.galaxy)}


def test_current_labels__the_class_with_most_votes_wins(project: Project) -> None:
    with project.database.transaction() as session:
        cat = ensure_annotator(session, name="cat")
    project.label("a", project.galaxy)
    project.label("a", project.star)
    project.label("a", project.star, by=project.bob)
    project.label("a", project.galaxy, by=cat)
    assert labels(project) == {"a": ("label", project.star)}

    changed = project.label("a", project.galaxy, by=project.bob)
    assert labels(project) == {"a": ("label", project.galaxy)}
    project.undo("a", changed.uid, by=project.bob)
    assert labels(project) == {"a": ("label", project.star)}


def test_current_labels__a_class_outweighs_skips_and_flags_of_others(project: Project) -> None:
    project.label("a", project.star)
    project.act("a", Act.FLAG, by=project.bob)

    assert labels(project) == {"a": ("label", project.star)}


@pytest.mark.parametrize("act", [Act.SKIP, Act.UNSURE, Act.FLAG])
def test_current_labels__acts_without_a_class(project: Project, act: Act) -> None:
    project.label("a", project.star)
    project.act("a", act)

    assert labels(project) == {"a": (act, -1)}


def test_current_labels__adjudication_wins_over_later_labels(project: Project) -> None:
    ruling = project.annotate(NewAnnotation(new_uid(), "a", Act.ADJUDICATE, class_id=project.quasar))
    project.label("a", project.galaxy, by=project.bob)
    assert labels(project) == {"a": ("adjudicate", project.quasar)}

    project.undo("a", ruling.uid)
    assert labels(project) == {"a": ("label", project.galaxy)}


def test_current_labels__item_with_everything_undone_is_not_there(project: Project) -> None:
    project.undo("a", project.label("a").uid)

    assert labels(project) == {}


def test_current_labels__in_the_order_of_the_annotations(project: Project) -> None:
    for key in ("z", "m", "a", "k"):
        project.label(key)
    project.label("z")

    with project.database.reading() as session:
        table = current_labels(session)
    assert table.item_keys == ("m", "a", "k", "z")
    assert table.annotation_ids.tolist() == sorted(table.annotation_ids.tolist())


def test_current_labels__of_an_earlier_revision(project: Project) -> None:
    first = project.label("a", project.star)
    second = project.label("a", project.galaxy)
    undo = project.undo("a", second.uid)

    assert labels(project, revision=0) == {}
    assert labels(project, revision=first.id) == {"a": ("label", project.star)}
    assert labels(project, revision=second.id) == {"a": ("label", project.galaxy)}
    assert labels(project, revision=undo.id) == labels(project) == {"a": ("label", project.star)}


def test_changed_labels__applied_to_the_old_ones_give_the_new_ones(project: Project) -> None:
    first = project.label("a")
    project.label("b")
    project.label("c", project.galaxy)
    since = project.act("d", Act.SKIP).id
    project.undo("a", first.uid)
    project.label("b", project.quasar)
    until = project.label("e").id
    project.label("f")
    with project.database.reading() as session:
        table = changed_labels(session, since=since, until=until)
        nothing = changed_labels(session, since=until, until=until)
    assert list(zip(table.item_keys, table.acts, table.class_ids.tolist(), strict=True)) == [
        ("a", "", -1),
        ("b", "label", project.quasar),
        ("e", "label", project.star),
    ]
    assert (table.revision, nothing.item_keys) == (until, ())


def test_proposal_outcomes__one_for_each_proposal_as_last_answered(project: Project) -> None:
    def answer(item_key: str, act: Act, class_id: int | None = None, kind: str = "refine") -> str:
        new = NewAnnotation(
            uid=new_uid(),
            item_key=item_key,
            act=act,
            class_id=class_id,
            kind=kind,
            round_number=1,
            suggested_class_id=project.star,
        )
        return project.annotate(new).uid

    answer("a", Act.LABEL, project.star)
    answer("b", Act.SKIP)
    taken_back = answer("c", Act.LABEL, project.star)
    answer("d", Act.LABEL, project.star, kind="")
    answer("a", Act.LABEL, project.galaxy)
    at = project.undo("c", taken_back).id
    with project.database.reading() as session:
        found = proposal_outcomes(session, revision=at)
        before = proposal_outcomes(session, revision=at - 1)
    assert found == [
        ProposalOutcome("a", 1, "refine", project.galaxy, project.star),
        ProposalOutcome("b", 1, "refine", None, project.star),
    ]
    assert [entry.item_key for entry in before] == ["a", "b", "c"]


def test_latest_outcomes__the_last_of_their_kinds_as_last_answered(project: Project) -> None:
    def answer(item_key: str, kind: str, class_id: int) -> str:
        new = NewAnnotation(
            uid=new_uid(), item_key=item_key, act=Act.LABEL, class_id=class_id, kind=kind, round_number=1
        )
        return project.annotate(new).uid

    answer("a", "balance", project.star)
    answer("b", "discover", project.star)
    answer("c", "refine", project.star)
    answer("a", "balance", project.galaxy)
    project.undo("d", answer("d", "balance", project.star))
    answer("e", "discover", project.quasar)
    kinds = ("discover", "balance")
    with project.database.reading() as session:
        found = latest_outcomes(session, kinds=kinds, limit=9)
        last = latest_outcomes(session, kinds=kinds, limit=1)
        nothing = latest_outcomes(session, kinds=(), limit=9)
    assert [(entry.item_key, entry.class_id) for entry in found] == [
        ("b", project.star),
        ("a", project.galaxy),
        ("e", project.quasar),
    ]
    assert last == found[-1:]
    assert nothing == []


def test_standing_annotations__those_that_count(project: Project) -> None:
    project.label("a")
    project.label("b")
    last = project.label("a", project.quasar, by=project.bob)
    project.undo("b", project.label("b", project.galaxy).uid)
    with project.database.reading() as session:
        table = current_labels(session)
        found = standing_annotations(session, revision=table.revision)
        earlier = standing_annotations(session, revision=last.id - 1)
    assert [entry.id for entry in found] == table.annotation_ids.tolist()
    assert [(entry.item_key, entry.class_id, entry.annotator) for entry in found] == [
        ("b", project.star, "ann"),
        ("a", project.quasar, "bob"),
    ]
    assert [entry.class_id for entry in earlier] == [project.star, project.star]


def test_counts__items_not_annotations(project: Project) -> None:
    project.label("a", project.star)
    project.label("a", project.galaxy)
    project.label("b", project.galaxy)
    project.act("c", Act.SKIP)

    with project.database.reading() as session:
        assert class_counts(session) == {project.galaxy: 2}
        assert act_counts(session) == {"label": 2, "skip": 1}


def test_update_counts__unchanged_comes_back_as_it_is(project: Project) -> None:
    project.label("a")
    with project.database.reading() as session:
        known = update_counts(session, known=Counts())
        assert update_counts(session, known=known) is known


@dataclass
class Fold:
    """The same rule as current_labels, in plain Python over a list: slow and easy to believe."""

    entries: list[tuple[int, str, Act, int, int, int | None]] = field(default_factory=list)

    def state(self, revision: int) -> dict[str, tuple[str, int]]:
        seen = [entry for entry in self.entries if entry[0] <= revision]
        undone = {undoes for *_, undoes in seen if undoes is not None}
        standing = [entry for entry in seen if entry[2] != Act.UNDO and entry[0] not in undone]
        return {key: self.winner([entry for entry in standing if entry[1] == key]) for _, key, *_ in standing}

    def winner(self, entries: list[tuple[int, str, Act, int, int, int | None]]) -> tuple[str, int]:
        """Return the act and class that count, of what stands on one item, oldest first."""
        rulings = [entry for entry in entries if entry[2] == Act.ADJUDICATE]
        if rulings:
            return Act.ADJUDICATE, rulings[-1][3]
        votes = sorted({entry[4]: entry for entry in entries}.values())
        classes = [class_id for _, _, act, class_id, *_ in votes if act == Act.LABEL]
        if not classes:
            return votes[-1][2], -1
        most = max(classes.count(class_id) for class_id in classes)
        return Act.LABEL, [class_id for class_id in classes if classes.count(class_id) == most][-1]

    def undoable(self, annotator: int) -> list[tuple[int, str]]:
        undone = {undoes for *_, undoes in self.entries if undoes is not None}
        return [
            (number, key)
            for number, key, act, _, owner, _ in self.entries
            if act != Act.UNDO and number not in undone and owner == annotator
        ]


steps = st.lists(
    st.tuples(
        st.sampled_from(KEYS),
        st.sampled_from((*COUNTED, Act.LABEL, Act.UNDO, Act.UNDO)),
        st.integers(0, 2),
        st.integers(0, 3),
        st.integers(0, 5),
    ),
    max_size=25,
)


class RollBackError(Exception):
    """Ends an example: what it stored is rolled back, so that the next one starts from nothing."""


@given(steps=steps, people=st.integers(1, 4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_current_labels__is_the_fold_of_the_annotations(
    project: Project, steps: list[tuple[str, Act, int, int, int]], people: int
) -> None:
    fold = Fold()
    uids: dict[int, str] = {}
    counts = [Counts()]
    with contextlib.suppress(RollBackError), project.database.transaction() as session:
        names = [ensure_annotator(session, name=name) for name in ("ann", "bob", "cat", "dan")]
        for key, act, class_index, person, back in steps:
            annotator = names[person % people]
            class_id = (project.star, project.galaxy, project.quasar)[class_index]
            undoes = None
            if act == Act.UNDO:
                candidates = fold.undoable(annotator)
                if not candidates:
                    continue
                undoes, key = candidates[-1 - back % len(candidates)]
            classed = act in (Act.LABEL, Act.ADJUDICATE)
            new = NewAnnotation(
                uid=new_uid(),
                item_key=key,
                act=act,
                class_id=class_id if classed else None,
                undoes_uid=None if undoes is None else uids[undoes],
            )
            stored = record(session, new=new, annotator_id=annotator, now=NOW)
            uids[stored.id] = stored.uid
            fold.entries.append((stored.id, key, act, class_id if classed else -1, annotator, undoes))
            if back % 2:
                counts.append(update_counts(session, known=counts[-1]))

        for revision in (0, *uids):
            assert as_dict(current_labels(session, revision=revision)) == fold.state(revision)
        applied = as_dict(current_labels(session, revision=counts[-1].revision))
        newer = as_dict(changed_labels(session, since=counts[-1].revision, until=max(uids, default=0)))
        applied = {key: state for key, state in {**applied, **newer}.items() if state[0]}
        assert applied == fold.state(max(uids, default=0))
        last = max(uids, default=0)
        expected = [state for state in fold.state(last).values() if state[1] != -1]
        final = update_counts(session, known=counts[-1])
        assert final.classes == {key: sum(state[1] == key for state in expected) for _, key in expected}
        assert final == update_counts(session, known=Counts())
        raise RollBackError
