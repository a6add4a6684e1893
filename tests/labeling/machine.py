"""Does things to a database and to the plain model, in the order that Hypothesis thinks of, and compares the two."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from labeling.annotations import (
    Act,
    Counts,
    NewAnnotation,
    annotations_since,
    changed_labels,
    current_labels,
    history,
    recent,
    record,
    standing_annotations,
    update_counts,
)
from labeling.annotators import ensure_annotator
from labeling.audit_set import AuditStratum, NewDraw, audit_keys, open_audit_keys, store_draw
from labeling.audits import AuditDecision, NewAudit, record_audit
from labeling.classes import add_class, archive_class, list_classes, restore_class
from labeling.database import Database
from labeling.errors import AnnotationInvalidError, AuditSetError, LabelingError, UndoRefusedError
from labeling.groups import NewGroup, RecordedGroup, member_uids, record_group, undo_group
from labeling.merging import merge_class, undo_merge
from labeling.queue import lease_next, release, store_proposals, waiting
from labeling.restoring import PastAnnotation, restore_annotations
from labeling.round_log import fail_round, finish_round, latest_round, list_rounds, start_round
from labeling.tables import LeaseTable
from tests.labeling.plain_model import Offered, PlainClass, PlainProject, PlainRound, labels_of
from tests.labeling.store import NOW, proposals

KEYS = [f"item-{number}" for number in range(6)]
LEASE_S = 60.0

keys = st.sampled_from(KEYS)
some_keys = st.lists(keys, min_size=1, max_size=4, unique=True)
places = st.integers(0, 7)
"""Picks one of what there is, modulo how many there are."""


class Machine(RuleBasedStateMachine):
    """Does things to a database and to the model."""

    open_new: ClassVar[Callable[[], Database]]

    def __init__(self) -> None:
        super().__init__()
        self.database = type(self).open_new()
        self.model = PlainProject()
        self.now = NOW
        self.numbers = count()
        self.known = Counts()
        self.snapshots: list[tuple[int, dict[str, tuple[str, int, int]]]] = []
        with self.database.transaction() as session:
            self.people = [ensure_annotator(session, name=name) for name in ("ann", "bob")]
            for name in ("star", "galaxy"):
                added = add_class(session, name=name)
                self.model.classes[added.id] = PlainClass(added.id, name)

    def teardown(self) -> None:
        try:
            assert self.database.check() == []
            self.export_and_restore()
        finally:
            self.database.dispose()

    @initialize(offered=st.permutations(KEYS))
    def first_round(self, offered: list[str]) -> None:
        """Without items to hand out, the few steps of the short form would seldom meet a lease."""
        self.start_round()
        self.finish_round(offered)

    @rule(key=keys, person=places, place=places)
    def label(self, key: str, person: int, place: int) -> None:
        self._say(NewAnnotation(self._uid(), key, Act.LABEL, class_id=self._class(place)), person)

    @rule(key=keys, person=places, act=st.sampled_from([Act.SKIP, Act.UNSURE, Act.FLAG]))
    def say(self, key: str, person: int, act: Act) -> None:
        self._say(NewAnnotation(self._uid(), key, act, comment="why" if act == Act.FLAG else ""), person)

    @rule(key=keys, person=places, place=places)
    def adjudicate(self, key: str, person: int, place: int) -> None:
        self._say(NewAnnotation(self._uid(), key, Act.ADJUDICATE, class_id=self._class(place)), person)

    @precondition(lambda self: len(self.model.audit) < 2)
    @rule(key=keys, other=keys)
    def draw_audit_set(self, key: str, other: str) -> None:
        chosen = tuple(dict.fromkeys((key, other)))
        strata = (AuditStratum("all", len(KEYS), len(chosen)),)
        new = NewDraw("random", 1, "hash", strata, chosen, (0,) * len(chosen))
        fits = all(self.model.is_open(each) and each not in self.model.audit for each in chosen)
        try:
            with self.database.transaction() as session:
                store_draw(session, new=new, annotator_id=self.people[0], now=self.now)
        except AuditSetError:
            assert not fits
            return
        assert fits
        self.model.audit += chosen

    @precondition(lambda self: self.model.said)
    @rule(back=places, person=places)
    def undo(self, back: int, person: int) -> None:
        target = self.model.said[-1 - back % len(self.model.said)].new
        self._say(NewAnnotation(self._uid(), target.item_key, Act.UNDO, undoes_uid=target.uid), person)

    @precondition(lambda self: self.model.said)
    @rule(back=places)
    def send_again(self, back: int) -> None:
        old = self.model.said[-1 - back % len(self.model.said)]
        with self.database.transaction() as session:
            found = record(session, new=old.new, annotator_id=old.by, now=self.now)
        assert (found.id, found.duplicate) == (old.id, True)

    @rule(chosen=some_keys, person=places, place=places, page=st.booleans())
    def label_group(self, chosen: list[str], person: int, place: int, page: bool) -> None:
        uid, by, class_id = (
            self._uid("confirm-" if page else "select-"),
            self._person(person),
            self._class(place),
        )
        group = NewGroup(uid=uid, labels=tuple((key, class_id) for key in chosen), class_id=class_id)
        taken = {key for key in chosen if not self.model.is_open(key) or key in self.model.audit}
        fits = not self.model.classes[class_id].archived or taken == set(chosen)
        stored = self._group(
            lambda session: record_group(session, group=group, annotator_id=by, now=self.now), fits
        )
        if stored is not None:
            assert set(stored.taken) == taken
            self._take_over_group(uid, by)
            assert {entry.new.item_key for entry in self.model.of_group(uid)} == set(chosen) - taken

    @precondition(lambda self: self.model.class_counts())
    @rule(chosen=some_keys, person=places, place=places, stale=st.booleans())
    def check_labels(self, chosen: list[str], person: int, place: int, stale: bool) -> None:
        uid, by, class_id = self._uid("audit-"), self._person(person), self._class(place)
        counting = self.model.counting()
        decisions, taken = [], set()
        for key in chosen:
            stands = counting.get(key)
            seen = class_id if stale or stands is None else stands.new.class_id or class_id
            decisions.append(AuditDecision(key, seen, class_id))
            if stands is None or stands.new.act != Act.LABEL or stands.new.class_id != seen:
                taken.add(key)
        audit = NewAudit(uid=uid, decisions=tuple(decisions))
        fits = not self.model.classes[class_id].archived or taken == set(chosen)
        stored = self._group(
            lambda session: record_audit(session, audit=audit, annotator_id=by, now=self.now), fits
        )
        if stored is not None:
            assert set(stored.taken) == taken
            self._take_over_group(uid, by)

    @precondition(lambda self: any(entry.group for entry in self.model.said))
    @rule(place=places, person=places)
    def undo_group(self, place: int, person: int) -> None:
        uids = list(dict.fromkeys(entry.group for entry in self.model.said if entry.group))
        uid, by, undo_uid = uids[place % len(uids)], self._person(person), self._uid("undo-")
        undo: Any = undo_merge if uid in self.model.merges else undo_group
        left = self.model.left_of(uid)
        try:
            with self.database.transaction() as session:
                found = undo(session, group_uid=uid, undo_uid=undo_uid, annotator_id=by, now=self.now)
        except UndoRefusedError:
            assert not left or any(entry.by != by for entry in left)
            return
        assert list(found) == [entry.new.item_key for entry in left]
        assert all(entry.by == by for entry in left)
        with self.database.reading() as session:
            stored = annotations_since(session, revision=self.model.revision)
        for entry, target in zip(stored, left, strict=True):
            new = NewAnnotation(entry.uid, target.new.item_key, Act.UNDO, undoes_uid=target.new.uid)
            self.model.add(entry.id, new, by)
        if uid in self.model.merges:
            self.model.classes[self.model.merges[uid]].archived = False

    @precondition(lambda self: len(self.model.classes) < 6)
    @rule()
    def add_class(self) -> None:
        name = f"class {next(self.numbers)}"
        with self.database.transaction() as session:
            added = add_class(session, name=name)
        assert added.id not in self.model.classes
        self.model.classes[added.id] = PlainClass(added.id, name)

    @rule(place=places)
    def archive_class(self, place: int) -> None:
        with self.database.transaction() as session:
            archive_class(session, class_id=self._class(place))
        self.model.classes[self._class(place)].archived = True

    @rule(place=places)
    def restore_class(self, place: int) -> None:
        with self.database.transaction() as session:
            restore_class(session, class_id=self._class(place))
        self.model.classes[self._class(place)].archived = False

    @rule(place=places, into=places, person=places)
    def merge_class(self, place: int, into: int, person: int) -> None:
        uid, by = self._uid("merge-"), self._person(person)
        merged, kept = self._class(place), self._class(into)
        moved = {key: entry for key, entry in self.model.counting().items() if entry.new.class_id == merged}
        try:
            with self.database.transaction() as session:
                done = merge_class(
                    session, class_id=merged, into_id=kept, uid=uid, annotator_id=by, now=self.now
                )
        except LabelingError:
            assert merged == kept or self.model.classes[kept].archived
            return
        assert merged != kept and not self.model.classes[kept].archived
        assert done.items == len(moved)
        self.model.classes[merged].archived = True
        self.model.merges[uid] = merged
        self._take_over_group(uid, by)
        assert {entry.new.item_key: entry.new.act for entry in self.model.of_group(uid)} == {
            key: entry.new.act for key, entry in moved.items()
        }

    @rule()
    def start_round(self) -> None:
        with self.database.transaction() as session:
            number = start_round(session, revision=self.model.revision, seed=1, owner="me:1", now=self.now)
        if any(entry.state == "running" for entry in self.model.rounds):
            assert number is None
        else:
            assert number == len(self.model.rounds) + 1
            self.model.rounds.append(PlainRound(number))

    @precondition(lambda self: self.model.rounds and self.model.rounds[-1].state == "running")
    @rule(offered=some_keys)
    def finish_round(self, offered: list[str]) -> None:
        number = self.model.rounds[-1].number
        with self.database.transaction() as session:
            store_proposals(session, proposals=proposals(number, offered))
            finish_round(session, number=number, labels_used=0, metrics={}, hashes={}, now=self.now)
        self.model.rounds[-1].state = "done"
        self.model.offered += [Offered(key, number, rank) for rank, key in enumerate(offered)]

    @precondition(lambda self: self.model.rounds and self.model.rounds[-1].state == "running")
    @rule(offered=some_keys)
    def fail_round(self, offered: list[str]) -> None:
        number = self.model.rounds[-1].number
        with suppress(ZeroDivisionError), self.database.transaction() as session:
            store_proposals(session, proposals=proposals(number, offered))
            raise ZeroDivisionError
        with self.database.transaction() as session:
            fail_round(session, number=number, error="it failed", now=self.now)
        self.model.rounds[-1].state = "failed"

    @rule(person=places, wanted=st.integers(1, 4), keep=st.lists(keys, max_size=2))
    def lease(self, person: int, wanted: int, keep: list[str]) -> None:
        by = self._person(person)
        with self.database.transaction() as session:
            found = lease_next(
                session, annotator_id=by, count=wanted, lease_s=LEASE_S, now=self.now, keep=keep
            )
        until = self.now + timedelta(seconds=LEASE_S)
        assert [entry.item_key for entry in found] == self.model.lease(by, wanted, keep, self.now, until)

    @rule(person=places, wanted=st.integers(1, 4))
    def two_ask(self, person: int, wanted: int) -> None:
        """One after the other, so that what one holds is there to be asked for."""
        self.lease(person, wanted, [])
        self.lease(person + 1, wanted, [])

    @rule(person=places)
    def release(self, person: int) -> None:
        with self.database.transaction() as session:
            found = release(session, annotator_id=self._person(person))
        assert found == self.model.release(self._person(person))

    @rule(seconds=st.sampled_from([1.0, 59.0, 60.0, 61.0, -3600.0, 86_400.0]))
    def let_time_pass(self, seconds: float) -> None:
        """The clock may also be set back by an hour, or forward by a day."""
        self.now += timedelta(seconds=seconds)

    @rule()
    def export_and_restore(self) -> None:
        with self.database.reading() as session:
            entries = annotations_since(session, revision=0)
            names = [(entry.name, entry.id) for entry in list_classes(session, archived=True)]
        other = type(self).open_new()
        try:
            with other.transaction() as session:
                people = {name: ensure_annotator(session, name=name) for name in ("bob", "ann")}
                ids = {old: add_class(session, name=name).id for name, old in sorted(names)}
                past = [
                    PastAnnotation(
                        NewAnnotation(
                            entry.uid,
                            entry.item_key,
                            entry.act,
                            class_id=None if entry.class_id is None else ids[entry.class_id],
                            undoes_uid=entry.undoes_uid,
                            comment=entry.comment,
                        ),
                        people[entry.annotator],
                        entry.created_at,
                    )
                    for entry in entries
                ]
                restore_annotations(session, entries=past)
            with other.reading() as session:
                found = {entry.item_key: entry.uid for entry in standing_annotations(session, revision=2**31)}
        finally:
            other.dispose()
        assert found == {key: entry.new.uid for key, entry in self.model.counting().items()}

    @rule(keep=st.booleans())
    def look_back(self, keep: bool) -> None:
        """What was said of a past revision holds for ever."""
        if keep or not self.snapshots:
            self.snapshots.append((self.model.revision, self.model.labels()))
        for revision, labels in self.snapshots:
            with self.database.reading() as session:
                assert labels_of(current_labels(session, revision=revision)) == labels
                changes = changed_labels(session, since=revision, until=self.model.revision)
            applied = {**labels, **labels_of(changes)}
            assert {key: entry for key, entry in applied.items() if entry[0]} == self.model.labels()

    @invariant()
    def labels_and_counts_agree(self) -> None:
        with self.database.reading() as session:
            table = current_labels(session)
            full = update_counts(session, known=Counts())
            self.known = update_counts(session, known=self.known)
            assert waiting(session, now=self.now) == self.model.waiting(self.now)
            assert audit_keys(session) == self.model.audit
            unanswered = [key for key in self.model.audit if self.model.is_open(key)]
            assert open_audit_keys(session, limit=9) == unanswered
        assert labels_of(table) == self.model.labels()
        assert list(table.annotation_ids) == sorted(table.annotation_ids)
        assert self.known == full
        assert (full.revision, dict(full.classes), dict(full.acts)) == (
            self.model.revision,
            self.model.class_counts(),
            self.model.act_counts(),
        )

    @invariant()
    def history_agrees(self) -> None:
        key = KEYS[next(self.numbers) % len(KEYS)]
        with self.database.reading() as session:
            told = annotations_since(session, revision=0)
            of_one = history(session, item_key=key)
            last = recent(session, annotator_id=self.people[0], limit=5)
        assert [(entry.id, entry.uid, entry.undone, entry.annotator_id) for entry in told] == [
            (entry.id, entry.new.uid, entry.undone, entry.by) for entry in self.model.said
        ]
        assert of_one == [entry for entry in told if entry.item_key == key]
        own = [entry.id for entry in self.model.said if entry.by == self.people[0]]
        assert [entry.id for entry in last] == own[::-1][:5]

    @invariant()
    def leases_rounds_and_classes_agree(self) -> None:
        with self.database.reading() as session:
            rows = session.execute(
                sa.select(LeaseTable.item_key, LeaseTable.annotator_id, LeaseTable.expires_at)
            )
            held = {key: (by, until) for key, by, until in rows}
            rounds = [(entry.number, entry.state) for entry in list_rounds(session)]
            done = latest_round(session)
            classes = {entry.id: entry.archived for entry in list_classes(session, archived=True)}
        assert held == self.model.leases
        assert rounds == [(entry.number, entry.state) for entry in self.model.rounds]
        finished = [entry.number for entry in self.model.rounds if entry.state == "done"]
        assert (None if done is None else done.number) == (finished[-1] if finished else None)
        assert classes == {entry.id: entry.archived for entry in self.model.classes.values()}

    def _say(self, new: NewAnnotation, person: int) -> None:
        by = self._person(person)
        refused = self.model.refuses(new, by)
        try:
            with self.database.transaction() as session:
                stored = record(session, new=new, annotator_id=by, now=self.now)
        except (AnnotationInvalidError, UndoRefusedError):
            assert refused
            return
        assert not refused and not stored.duplicate
        self.model.add(stored.id, new, by)

    def _group(self, step: Callable[[Any], RecordedGroup], fits: bool) -> RecordedGroup | None:
        try:
            with self.database.transaction() as session:
                stored = step(session)
        except AnnotationInvalidError:
            assert not fits
            return None
        assert fits and not stored.duplicate
        return stored

    def _take_over_group(self, uid: str, by: int) -> None:
        """Take over what a group stored, after the names of its annotations were looked at."""
        with self.database.reading() as session:
            stored = annotations_since(session, revision=self.model.revision)
        assert {entry.uid for entry in stored} <= set(member_uids(uid, len(KEYS)))
        for entry in stored:
            assert entry.annotator_id == by
            new = NewAnnotation(
                entry.uid, entry.item_key, entry.act, class_id=entry.class_id, comment=entry.comment
            )
            self.model.add(entry.id, new, by, group=uid)

    def _uid(self, beginning: str = "said-") -> str:
        return f"{beginning}{next(self.numbers):08d}"

    def _person(self, person: int) -> int:
        return self.people[person % len(self.people)]

    def _class(self, place: int) -> int:
        return sorted(self.model.classes)[place % len(self.model.classes)]
