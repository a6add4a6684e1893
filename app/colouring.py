"""What the map's colours mean: a code or a value for every item of the pool, with names and colours.

Made in a thread, for everything here walks through the whole pool, and kept for all sessions of a server. The names of
the colourings are those of `views.map_colour`: PLAIN, `class:` and the name of a class, or `column:` and that of a
stored column.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from app.colour_columns import OTHER_PLACES, column_codes, column_values, top_names
from app.components.map_colours import ordered_palette
from app.components.theme import UNLABELLED, class_colour
from app.labelled import RunningLabels, class_codes, predicted_codes
from app.round_files import RoundArrays, RoundMeaning
from config.names import CLASS_PREFIX, COLUMN_PREFIX, MAP_COLOURS
from labeling.annotators import annotator_names
from labeling.classes import LabelClass
from labeling.database import Database
from labeling.origins import label_origins, proposal_rounds
from labeling.pools.contract import Column
from labeling.pools.pool import Pool

PLAIN = MAP_COLOURS
"""The colourings that every pool has."""

TITLES = {
    "label": "Label",
    "prediction": "Prediction",
    "uncertainty": "Uncertainty",
    "round": "Round that proposed it",
    "label_round": "Round that learned its label",
    "annotator": "Annotator of its label",
}

NO_MODEL = "No model yet: label items of two classes and the next round colours the map."
NO_LABEL, NO_CLASS, NO_VALUE = "no label yet", "no class yet", "no value"

KEPT = 4
"""Colourings that are kept, the newest of each name: one of 1,000,000 items takes up to 3 MB."""

Codes = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Colouring:
    """What the colours of a map mean.

    Attributes:
        codes: (n,) int16 place of each item in `names`, -1 for none; None where values are shown.
        values: (n,) floating, 0 to 1 along the ramp, NaN for none; None where codes are shown.
        names: what the codes mean; for values the one name of what they are.
        palette: the colours of the codes, as hex.
        none: what an item without a code or value is called.
        ends: what 0 and 1 of the ramp stand for.
        unit: what the numbers along the ramp are: "number" or "date" (seconds since 1970).
        above: (n,) bool, items drawn over the others; None leaves it to how rare a code is.
        note: why the map does not show what was asked for; empty where it does.
    """

    codes: Codes | None
    values: npt.NDArray[np.floating] | None
    names: tuple[str, ...]
    palette: tuple[str, ...] = ()
    none: str = NO_CLASS
    ends: tuple[float, float] = (0.0, 1.0)
    unit: str = "number"
    above: npt.NDArray[np.bool_] | None = None
    note: str = ""


@dataclass(frozen=True)
class ColourWish:
    """What shall be shown, and of which state of the project.

    Attributes:
        by: the colouring's name.
        classes: the open classes, in order.
        revision: the label revision.
        round_number: the last finished round.
        meaning: what its arrays mean; None before the first round.
        arrays: its arrays; None without a model.
    """

    by: str
    classes: tuple[LabelClass, ...]
    revision: int
    round_number: int
    meaning: RoundMeaning | None
    arrays: RoundArrays | None


class Colourings:
    """The colourings of one pool that were made last; safe to use from several threads."""

    def __init__(self, pool: Pool, database: Database, labelled: RunningLabels) -> None:
        """Keep nothing yet.

        Args:
            pool: whose items.
            database: what people did with them.
            labelled: the label of each item.
        """
        self._pool = pool
        self._database = database
        self._labelled = labelled
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Hashable, Colouring]] = OrderedDict()

    def make(self, wish: ColourWish) -> Colouring:
        """Return what was wished for; where there is no such thing, the labels and a note that says why."""
        maker, key = self._maker(wish)
        if maker is None:
            return self._without(wish)
        with self._lock:
            found = self._kept.get(wish.by)
            if found is not None and found[0] == key:
                self._kept.move_to_end(wish.by)
                return found[1]
        made = maker()
        with self._lock:
            self._kept[wish.by] = (key, made)
            self._kept.move_to_end(wish.by)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def _maker(self, wish: ColourWish) -> tuple[Callable[[], Colouring] | None, Hashable]:
        """Return what makes a colouring, None where it cannot be, and what tells it from others."""
        classes = tuple((entry.id, entry.name, entry.colour) for entry in wish.classes)
        named = (self._pool.hash,)
        column = column_of(self._pool, wish.by)
        if column is not None:
            return lambda: _of_column(self._pool, column), named
        if wish.by == "label":
            return lambda: self._of_labels(wish), (*named, classes, wish.revision)
        if wish.by.startswith(CLASS_PREFIX):
            place = _place_of(wish.by, wish.classes)
            against = None if place is None else partial(self._of_class, wish, place)
            return against, (*named, classes, wish.revision, wish.round_number)
        if wish.by == "prediction" and wish.arrays is not None:
            return lambda: self._of_predictions(wish), (*named, classes, wish.revision, wish.round_number)
        if wish.by == "uncertainty" and wish.arrays is not None:
            return lambda: _of_uncertainty(wish), (*named, wish.round_number)
        makers = {
            "round": self._of_rounds,
            "label_round": self._of_label_rounds,
            "annotator": self._of_people,
        }
        return makers.get(wish.by), (*named, wish.revision, wish.round_number)

    def _without(self, wish: ColourWish) -> Colouring:
        note = NO_MODEL
        if wish.by.startswith(CLASS_PREFIX):
            note = f"There is no open class {wish.by.removeprefix(CLASS_PREFIX)!r}; the labels are shown."
        elif wish.by not in PLAIN:
            name = wish.by.removeprefix(COLUMN_PREFIX)
            note = f"The pool has no column {name!r} to colour by; the labels are shown."
        return replace(self.make(replace(wish, by="label")), note=note)

    def _labels(self, classes: Sequence[LabelClass]) -> Codes:
        with self._database.reading() as session:
            ids = self._labelled.read(session)
        return class_codes(ids, [entry.id for entry in classes])

    def _of_labels(self, wish: ColourWish) -> Colouring:
        codes = self._labels(wish.classes)
        return Colouring(codes, None, *_class_names(wish.classes), none=NO_LABEL, above=codes >= 0)

    def _of_predictions(self, wish: ColourWish) -> Colouring:
        assert wish.arrays is not None
        ids = wish.meaning.class_ids if wish.meaning is not None else ()
        codes = predicted_codes(wish.arrays.predicted, ids, [entry.id for entry in wish.classes])
        labelled = self._labels(wish.classes) >= 0
        return Colouring(codes, None, *_class_names(wish.classes), above=labelled)

    def _of_class(self, wish: ColourWish, place: int) -> Colouring:
        """Colour by how probable one class is against all others; what people said goes before the model."""
        entry = wish.classes[place]
        values = np.full(self._pool.n, np.nan, np.float32)
        known = wish.meaning.class_ids if wish.meaning is not None else ()
        if wish.arrays is not None and entry.id in known:
            values[:] = wish.arrays.probabilities[:, list(known).index(entry.id)]
        codes = self._labels(wish.classes)
        values[codes >= 0] = codes[codes >= 0] == place
        note = "" if entry.id in known else f"No model knows {entry.name} yet; only labels are shown."
        return Colouring(None, values, (f"{entry.name} against the rest",), none=NO_CLASS, note=note)

    def _of_rounds(self) -> Colouring:
        with self._database.reading() as session:
            keys, rounds = proposal_rounds(session)
        return self._of_numbers(keys, rounds, none="never proposed")

    def _of_label_rounds(self) -> Colouring:
        with self._database.reading() as session:
            found = label_origins(session)
        return self._of_numbers(found.item_keys, found.first_rounds, none=NO_LABEL, zero="not yet learned")

    def _of_people(self) -> Colouring:
        with self._database.reading() as session:
            found = label_origins(session)
            known = annotator_names(session)
        people, whose, counts = np.unique(found.annotator_ids, return_inverse=True, return_counts=True)
        called = [known[int(number)] for number in people]
        names = top_names(dict(zip(called, counts.tolist(), strict=True)))
        places = [names.index(name) if name in names else len(names) - 1 for name in called]
        codes = self._spread(found.item_keys, np.array(places, np.int16)[whose])
        return Colouring(codes, None, names, _palette(len(names)), none=NO_LABEL)

    def _of_numbers(
        self, keys: Sequence[str], rounds: npt.NDArray[np.int64], *, none: str, zero: str = ""
    ) -> Colouring:
        """Colour some items by round, early ones to late ones along a ramp; many rounds are taken together."""
        numbers = np.unique(rounds[rounds > 0])
        parts = np.array_split(numbers, min(len(numbers), OTHER_PLACES)) if len(numbers) else []
        names = [_rounds_name(int(part[0]), int(part[-1])) for part in parts]
        starts = np.array([part[0] for part in parts], np.int64)
        given = (np.searchsorted(starts, rounds, side="right") - 1).astype(np.int16)
        palette = list(ordered_palette(len(names)))
        if zero and (rounds == 0).any():
            given[rounds == 0] = len(names)
            names, palette = [*names, zero], [*palette, class_colour(1)]
        return Colouring(self._spread(keys, given), None, tuple(names), tuple(palette), none=none)

    def _spread(self, keys: Sequence[str], given: npt.NDArray[np.int16]) -> Codes:
        """Return (n,) int16, the code given to each key at its row, -1 elsewhere."""
        codes = np.full(self._pool.n, -1, np.int16)
        rows = self._pool.rows(keys)
        codes[rows[rows >= 0]] = given[rows >= 0]
        return codes


def choices(pool: Pool, classes: Sequence[LabelClass] = ()) -> dict[str, str]:
    """Return what a map of the pool can be coloured by: a title for the person → the colouring's name.

    Args:
        pool: the pool.
        classes: the open ones, each of which can be shown against the rest.
    """
    against = {f"{entry.name} against the rest": f"{CLASS_PREFIX}{entry.name}" for entry in classes}
    columns = {f"Column {column.name}": f"{COLUMN_PREFIX}{column.name}" for column in colour_columns(pool)}
    return {TITLES[name]: name for name in PLAIN} | against | columns


def colour_columns(pool: Pool) -> tuple[Column, ...]:
    """Return the stored columns that can colour a map: all but the texts of a pool of texts."""
    return pool.columns[1:] if pool.kind == "text" else pool.columns


def column_of(pool: Pool, by: str) -> Column | None:
    """Return the column that a colouring shows; None where it shows none, or one that is not there."""
    if not by.startswith(COLUMN_PREFIX):
        return None
    name = by.removeprefix(COLUMN_PREFIX)
    return next((column for column in colour_columns(pool) if column.name == name), None)


def _place_of(by: str, classes: Sequence[LabelClass]) -> int | None:
    """Return the place of the class that a colouring shows against the rest, None where it is not open."""
    name = by.removeprefix(CLASS_PREFIX)
    return next((place for place, entry in enumerate(classes) if entry.name == name), None)


def _of_column(pool: Pool, column: Column) -> Colouring:
    if column.role == "numeric":
        values, ends = column_values(pool, column.name)
        unit = "number" if column.unit is None else "date"
        return Colouring(None, values, (column.name,), none=NO_VALUE, ends=ends, unit=unit)
    codes, names = column_codes(pool, column.name)
    return Colouring(codes, None, names, _palette(len(names)), none=NO_VALUE)


def _of_uncertainty(wish: ColourWish) -> Colouring:
    assert wish.arrays is not None
    return Colouring(None, np.asarray(wish.arrays.uncertainty), ("uncertainty",), none=NO_VALUE)


def _class_names(classes: Sequence[LabelClass]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(entry.name for entry in classes), tuple(entry.colour or UNLABELLED for entry in classes)


def _palette(count: int) -> tuple[str, ...]:
    return tuple(class_colour(place) for place in range(count))


def _rounds_name(first: int, last: int) -> str:
    return f"round {first}" if first == last else f"rounds {first} to {last}"
