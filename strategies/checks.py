"""The contract of `strategies.contract`, checked: what a strategy is given, and what it answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from strategies.contract import KINDS, Choice, PoolState
from strategies.errors import BatchInvalidError, ChoiceInvalidError, StateInvalidError
from strategies.walk import Answers

LARGEST_VALUE = 1e15
"""Vectors beyond it are refused: squared distances between them would leave float32."""
ROW_SUM_TOLERANCE = 0.02
"""How far a row of probabilities may be from 1: stored as float16, a thousand classes add up to this."""
CHUNK_ROWS = 16_384
SUMMED_ROWS = 65_536


def check_state(state: PoolState) -> None:
    """Check everything a strategy relies on, in one pass over the pool.

    Raises:
        StateInvalidError: a shape, a type or a value is not what `PoolState` promises.
    """
    _check_shape(state.vectors)
    if state.elsewhere is None:
        _check_vectors(state.vectors)
    items, classes = state.vectors.shape[0], len(state.class_names)
    _check_array("labels", state.labels, (items,), "i")
    _check_array("closed", state.closed, (items,), "b")
    _check_labels(state, classes)
    _check_targets(state, classes)
    _check_model(state, items, classes)
    _check_outcomes(state, items, classes)
    _check_seeks(state, items, classes)
    _check_members(state, items, classes)


def check_batch(batch: int) -> None:
    """Check the number of items asked for.

    Raises:
        BatchInvalidError: it is not a whole number of at least 0.
    """
    if isinstance(batch, bool) or not isinstance(batch, (int, np.integer)) or batch < 0:
        raise BatchInvalidError(f"the batch is {batch!r}; give a whole number of at least 0")


def check_choice(choice: Choice, state: PoolState, batch: int, *, strategy: str = "strategy") -> None:
    """Check what a strategy answered.

    Args:
        choice: the answer.
        state: the state it was given.
        batch: the number of items it was asked for.
        strategy: its name, for the message.

    Raises:
        ChoiceInvalidError: a row is closed, repeated or out of range, the length is wrong, a score is not
            finite, or a kind, reason or class index is not allowed.
    """
    problem = _choice_problem(choice, state, batch)
    if problem:
        raise ChoiceInvalidError(
            f"strategy {strategy!r} broke its contract: {problem}; this is a fault in the strategy"
        )


def check_part(answers: Answers, vectors: npt.NDArray[np.floating], *, first: int) -> None:
    """Check vectors and answers of a part of the pool, where they lie on another machine than the strategy runs on.

    Args:
        answers: of the part's rows.
        vectors: (b, d) theirs.
        first: the row of the pool at which the part begins, for messages.

    Raises:
        StateInvalidError: a shape, a type or a value is not what `PoolState` promises.
    """
    _check_shape(vectors)
    _check_vectors(vectors, first)
    for name, array, upper in (
        ("probabilities", answers.probabilities, 1.0),
        ("balanced_probabilities", answers.balanced_probabilities, 1.0),
        ("disagreement", answers.disagreement, np.inf),
    ):
        _check_range(name, array, upper=upper)
        if array.ndim > 1 and array.size:
            _check_row_sums(name, array, first)


def _check_shape(vectors: npt.NDArray[np.floating]) -> None:
    if vectors.ndim != 2 or vectors.shape[1] < 1 or vectors.dtype.kind != "f":
        raise StateInvalidError(
            f"vectors have shape {vectors.shape} and type {vectors.dtype}; "
            "give floating-point numbers of shape (items, dimensions)"
        )


def _check_vectors(vectors: npt.NDArray[np.floating], first: int = 0) -> None:
    for start in range(0, vectors.shape[0], CHUNK_ROWS):
        part = vectors[start : start + CHUNK_ROWS]
        if not _usable(part):
            good = (np.abs(part.astype(np.float64)) <= LARGEST_VALUE).all(axis=1)
            row = first + start + int(np.flatnonzero(~good)[0])
            raise StateInvalidError(
                f"the vector of row {row} holds NaN, infinity or a number beyond {LARGEST_VALUE:g}; "
                "encode the pool again, or close the row and set its vector to zero"
            )


def _usable(part: npt.NDArray[np.floating]) -> bool:
    if part.dtype == np.float16:
        # numpy compares float16 number by number; as bits it is fast: all exponent bits set is NaN or infinity.
        return int(np.bitwise_and(part.view(np.uint16), 0x7FFF).max()) < 0x7C00
    # max and min carry NaN through, so two cheap passes find NaN, infinities and sizes that would overflow.
    return float(part.max()) <= LARGEST_VALUE and float(part.min()) >= -LARGEST_VALUE


def _check_array(name: str, array: npt.NDArray[np.generic], shape: tuple[int, ...], kinds: str) -> None:
    if array.shape != shape or array.dtype.kind not in kinds:
        raise StateInvalidError(
            f"{name} have shape {array.shape} and type {array.dtype}; "
            f"allowed is shape {shape} with a type of kind {' or '.join(kinds)}"
        )


def _check_labels(state: PoolState, classes: int) -> None:
    if state.labels.size and not (state.labels.min() >= -1 and state.labels.max() < classes):
        raise StateInvalidError(
            f"labels run from {state.labels.min()} to {state.labels.max()}; with {classes} classes "
            f"allowed is -1 (no label) to {classes - 1}"
        )
    stray = np.flatnonzero((state.labels >= 0) & ~state.closed)
    if stray.size:
        raise StateInvalidError(f"row {stray[0]} has a label but is not closed; close every labelled row")


def _check_targets(state: PoolState, classes: int) -> None:
    _check_array("targets", state.targets, (classes,), "f")
    if classes and not (
        state.targets.min() >= 0 and abs(float(state.targets.sum()) - 1.0) <= ROW_SUM_TOLERANCE
    ):
        raise StateInvalidError(
            f"targets add up to {float(state.targets.sum()):g} with a least of {float(state.targets.min()):g}; "
            "give shares of at least 0 that add up to 1"
        )


def _check_model(state: PoolState, items: int, classes: int) -> None:
    parts: dict[str, tuple[npt.NDArray[np.floating] | None, tuple[int, ...]]] = {
        "probabilities": (state.probabilities, (items, classes)),
        "balanced_probabilities": (state.balanced_probabilities, (items, classes)),
        "disagreement": (state.disagreement, (items,)),
        "prior": (state.prior, (classes,)),
    }
    absent = [name for name, (array, _) in parts.items() if array is None]
    if absent and len(absent) < len(parts):
        raise StateInvalidError(
            f"without {', '.join(absent)} the model's answer is incomplete; give all four or none"
        )
    for name, (array, shape) in parts.items():
        if array is None:
            continue
        _check_array(name, array, shape, "f")
        if state.elsewhere is not None and name != "prior":
            continue
        _check_range(name, array, upper=np.inf if name == "disagreement" else 1.0)
        if name.endswith("probabilities") and array.size:
            _check_row_sums(name, array)


def _check_range(name: str, array: npt.NDArray[np.floating], *, upper: float) -> None:
    if not array.size:
        return
    low, high = float(array.min()), float(array.max())
    # Rounding may leave a value a hair outside; NaN fails both comparisons.
    if not (low >= -1e-3 and high <= upper + 1e-3 and np.isfinite(high)):
        raise StateInvalidError(
            f"{name} run from {low:g} to {high:g}; allowed are finite numbers from 0 to {upper:g}; "
            "train the model again or leave its answer out"
        )


def _check_row_sums(name: str, array: npt.NDArray[np.floating], first: int = 0) -> None:
    ones = np.ones(array.shape[1], np.float32)
    for start in range(0, array.shape[0], SUMMED_ROWS):
        # A product with ones: numpy's own sum along short rows takes several times as long.
        sums = array[start : start + SUMMED_ROWS].astype(np.float32, copy=False) @ ones
        worst = int(np.abs(sums - 1.0).argmax())
        if abs(float(sums[worst]) - 1.0) > ROW_SUM_TOLERANCE:
            raise StateInvalidError(
                f"{name} of row {first + start + worst} add up to {float(sums[worst]):g}; every row adds up to 1"
            )


def _check_outcomes(state: PoolState, items: int, classes: int) -> None:
    for outcome in state.outcomes:
        indices_good = -1 <= outcome.class_index < classes and -1 <= outcome.expected_class_index < classes
        if outcome.kind not in KINDS or not 0 <= outcome.row < items or not indices_good:
            raise StateInvalidError(
                f"the outcome {outcome} is not of this pool of {items} items and {classes} classes; "
                f"kinds are {', '.join(KINDS)}"
            )


def _check_seeks(state: PoolState, items: int, classes: int) -> None:
    scores, about = state.seek_scores, state.seek_classes
    if scores is None and about is None:
        return
    if scores is None or about is None:
        raise StateInvalidError("seek_scores and seek_classes belong together; give both or neither")
    _check_array("seek_scores", scores, (items, about.size), "f")
    _check_array("seek_classes", about, (scores.shape[1],), "i")
    if not np.isfinite(scores).all():
        raise StateInvalidError(
            "seek_scores hold NaN or infinity; allowed are finite numbers, 0 for unreadable items"
        )
    if about.size and not (about.min() >= -1 and about.max() < classes):
        raise StateInvalidError(
            f"seek_classes run from {about.min()} to {about.max()}; with {classes} classes allowed is -1 (no class) "
            f"to {classes - 1}"
        )


def _check_members(state: PoolState, items: int, classes: int) -> None:
    rows, answers = state.member_rows, state.member_probabilities
    if rows is None and answers is None:
        return
    if rows is None or answers is None or state.probabilities is None or answers.ndim != 3:
        raise StateInvalidError(
            "member_rows, member_probabilities (members, rows, classes) and the model's answer belong together; "
            "give all of them or leave the members out"
        )
    _check_array("member_rows", rows, (answers.shape[1],), "i")
    _check_array("member_probabilities", answers, (answers.shape[0], rows.size, classes), "f")
    if np.unique(rows).size != rows.size or (rows.size and not (rows.min() >= 0 and rows.max() < items)):
        raise StateInvalidError(f"member_rows must be distinct rows of the pool of {items} items")
    _check_range("member_probabilities", answers, upper=1.0)
    if answers.size:
        _check_row_sums("member_probabilities", answers.reshape(-1, classes))


def _choice_problem(choice: Choice, state: PoolState, batch: int) -> str:
    expected = min(batch, int(np.count_nonzero(~state.closed)))
    lengths = {
        "indices": len(choice.indices),
        "scores": len(choice.scores),
        "kinds": len(choice.kinds),
        "reasons": len(choice.reasons),
        "class_indices": len(choice.class_indices),
    }
    if set(lengths.values()) != {expected}:
        return f"{expected} items were due, the answer holds {lengths}"
    return _rows_problem(choice, state) or _words_problem(choice, len(state.class_names))


def _rows_problem(choice: Choice, state: PoolState) -> str:
    rows = choice.indices
    if rows.dtype != np.int64 or choice.class_indices.dtype != np.int64 or choice.scores.dtype != np.float64:
        return "indices and class indices must be int64 and scores float64"
    if rows.size and not (rows.min() >= 0 and rows.max() < state.closed.shape[0]):
        return "a row is not in the pool"
    if np.unique(rows).size != rows.size:
        return "a row is proposed twice"
    if state.closed[rows].any():
        return "a closed row is proposed"
    return "" if np.isfinite(choice.scores).all() else "a score is not finite"


def _words_problem(choice: Choice, classes: int) -> str:
    if not set(choice.kinds) <= set(KINDS):
        return f"kinds are {', '.join(KINDS)}, got {sorted(set(choice.kinds) - set(KINDS))}"
    if not all(reason.strip() for reason in choice.reasons):
        return "a reason is empty"
    if choice.class_indices.size and not (
        choice.class_indices.min() >= -1 and choice.class_indices.max() < classes
    ):
        return "a class index is out of range"
    return ""
