"""What a project's database should hold, as plain Python: lists and dictionaries, every rule said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from labeling.annotations import Act, LabelTable, NewAnnotation

SAYING_A_CLASS = (Act.LABEL, Act.ADJUDICATE)


@dataclass
class Said:
    """An annotation as the model keeps it."""

    id: int
    new: NewAnnotation
    by: int
    group: str = ""
    undone: bool = False


@dataclass
class PlainClass:
    id: int
    name: str
    archived: bool = False


@dataclass(frozen=True)
class Offered:
    """A proposal as the model keeps it."""

    item_key: str
    round_number: int
    rank: int


@dataclass
class PlainRound:
    number: int
    state: str = "running"


def what_counts(said: Sequence[Said]) -> Said | None:
    """Return which of the annotations on one item counts: the rule of the house, in this one place.

    Undone ones do not count; the latest adjudication wins over all; then the latest other act of each person is
    their vote: the class with most votes wins, on a tie the one voted for last, before any skip, unsure or flag.
    """
    left = [entry for entry in said if entry.new.act != Act.UNDO and not entry.undone]
    adjudicated = [entry for entry in left if entry.new.act == Act.ADJUDICATE]
    if adjudicated:
        return adjudicated[-1]
    votes = sorted({entry.by: entry for entry in left}.values(), key=lambda entry: entry.id)
    for_classes = [entry for entry in votes if entry.new.act == Act.LABEL]
    times = Counter(entry.new.class_id for entry in for_classes)
    return max(for_classes or votes, key=lambda entry: (times[entry.new.class_id], entry.id), default=None)


@dataclass
class PlainProject:
    """A project in memory. Times come from the caller, as in labeling/."""

    said: list[Said] = field(default_factory=list)
    classes: dict[int, PlainClass] = field(default_factory=dict)
    offered: list[Offered] = field(default_factory=list)
    leases: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    rounds: list[PlainRound] = field(default_factory=list)
    merges: dict[str, int] = field(default_factory=dict)
    audit: list[str] = field(default_factory=list)

    @property
    def revision(self) -> int:
        return self.said[-1].id if self.said else 0

    def on(self, key: str) -> list[Said]:
        return [entry for entry in self.said if entry.new.item_key == key]

    def counting(self) -> dict[str, Said]:
        """Return what counts on each item, by key."""
        keys = dict.fromkeys(entry.new.item_key for entry in self.said)
        found = {key: what_counts(self.on(key)) for key in keys}
        return {key: entry for key, entry in found.items() if entry is not None}

    def labels(self) -> dict[str, tuple[str, int, int]]:
        """Return (act, class or -1, annotation) of each item on which something counts, by key."""
        return {
            key: (str(entry.new.act), -1 if entry.new.class_id is None else entry.new.class_id, entry.id)
            for key, entry in self.counting().items()
        }

    def class_counts(self) -> dict[int, int]:
        return dict(
            Counter(
                entry.new.class_id for entry in self.counting().values() if entry.new.class_id is not None
            )
        )

    def act_counts(self) -> dict[str, int]:
        return dict(Counter(str(entry.new.act) for entry in self.counting().values()))

    def is_open(self, key: str) -> bool:
        return what_counts(self.on(key)) is None

    def find(self, uid: str | None) -> Said | None:
        return next((entry for entry in self.said if entry.new.uid == uid), None)

    def add(self, number: int, new: NewAnnotation, by: int, *, group: str = "") -> None:
        """Take over an annotation under the number that the database gave it."""
        assert number > self.revision, "the numbers of annotations must grow"
        undone = self.find(new.undoes_uid)
        if undone is not None:
            undone.undone = True
        self.said.append(Said(number, new, by, group))

    def refuses(self, new: NewAnnotation, by: int) -> str:
        """Return why an annotation that is new must be refused; empty where it must be stored."""
        if new.act in SAYING_A_CLASS:
            found = self.classes.get(new.class_id or 0)
            return "" if found is not None and not found.archived else "class"
        if new.act != Act.UNDO:
            return ""
        target = self.find(new.undoes_uid)
        if target is None or target.new.act == Act.UNDO or target.undone or target.by != by:
            return "undo"
        return "" if target.new.item_key == new.item_key else "undo"

    def of_group(self, uid: str) -> list[Said]:
        return [entry for entry in self.said if entry.group == uid]

    def left_of(self, uid: str) -> list[Said]:
        """Return the labels of a group that were not taken back."""
        return [entry for entry in self.of_group(uid) if not entry.undone]

    def available(self, annotator: int, now: datetime) -> list[Offered]:
        """Return the newest offer of each open item that nobody else has, best first."""
        newest: dict[str, Offered] = {}
        for offer in self.offered:
            if offer.item_key not in newest or newest[offer.item_key].round_number < offer.round_number:
                newest[offer.item_key] = offer
        free = [
            offer
            for key, offer in newest.items()
            if self.is_open(key) and key not in self.audit and self._holder(key, now) in (None, annotator)
        ]
        return sorted(free, key=lambda offer: (-offer.round_number, offer.rank))

    def lease(
        self, annotator: int, count: int, keep: Iterable[str], now: datetime, until: datetime
    ) -> list[str]:
        """Hand items out; returns their keys in order. No lease of before the clock was set back outlasts a new one."""
        standing = {key: held for key, held in self.leases.items() if held[1] > now}
        self.leases = {key: (by, min(ends, until)) for key, (by, ends) in standing.items()}
        free = [offer.item_key for offer in self.available(annotator, now)]
        kept = [key for key in list(dict.fromkeys(keep))[:count] if key in free]
        chosen = kept + [key for key in free if key not in kept][: count - len(kept)]
        self.leases |= dict.fromkeys(chosen, (annotator, until))
        return chosen

    def release(self, annotator: int) -> int:
        before = len(self.leases)
        self.leases = {key: held for key, held in self.leases.items() if held[0] != annotator}
        return before - len(self.leases)

    def waiting(self, now: datetime) -> int:
        keys = {offer.item_key for offer in self.offered} - set(self.audit)
        return sum(1 for key in keys if self.is_open(key) and self._holder(key, now) is None)

    def _holder(self, key: str, now: datetime) -> int | None:
        held = self.leases.get(key)
        return held[0] if held is not None and held[1] > now else None


def labels_of(table: LabelTable) -> dict[str, tuple[str, int, int]]:
    """Return a table of labels in the form of `PlainProject.labels`."""
    rows = zip(
        table.item_keys, table.acts, table.class_ids.tolist(), table.annotation_ids.tolist(), strict=True
    )
    return {key: (act, class_id, number) for key, act, class_id, number in rows}
