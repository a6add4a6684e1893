"""What runs on a worker of the cluster: each function works on one part of the pool.

torch is imported inside the functions: a worker that lacks it must still be able to say so.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from app.cluster.plan import Part, digest_of, installed_versions, look_at
from app.errors import ClusterMismatchError, PartUnseenError
from app.round_answers import AnswerHalves, put_answers, to_halves

if TYPE_CHECKING:
    from models.heads.contract import TrainedHead
    from strategies.ranking import TopRows
    from strategies.walk import Answers, Wish

SAME_FILE = "share the project's folder with the workers under the same path, or under none: then the vectors are sent"

PLACE_MARK = ".place"
"""A file with a random text, by which a worker knows that it sees the folder that the answers go to."""

_HEADS: dict[bytes, tuple[TrainedHead, float]] = {}
"""The head that this process read last: all parts of a round have the same."""

_ONE_AT_A_TIME = threading.Lock()
"""torch's number of threads is the process's, and a device's memory is for one part."""

_SEEN: set[tuple[Part, int, int]] = set()
"""Parts that this process has looked at already, with the size and time of their file."""


@dataclass(frozen=True)
class Pass:
    """What a worker needs to score a part.

    Attributes:
        head: bytes of the head's safetensors file, the temperature in it.
        device: the name of the device; "auto" takes the worker's GPU if it has one.
        chunk_rows: rows scored at once.
    """

    head: bytes
    device: str
    chunk_rows: int


@dataclass(frozen=True)
class Scored:
    """The answers on a part, kept on its worker.

    Attributes:
        balanced: (b, k) float32 probabilities with the class prior taken out.
        disagreement: (b,) float32.
    """

    balanced: npt.NDArray[np.float32]
    disagreement: npt.NDArray[np.float32]


def versions_there(expected: dict[str, str]) -> dict[str, str]:
    """Return the versions of this worker that are not as expected.

    Args:
        expected: as of `installed_versions`.
    """
    found = installed_versions()
    return {
        name: found.get(name, "missing") for name, wanted in expected.items() if found.get(name) != wanted
    }


def check_versions(expected: dict[str, str]) -> None:
    """Refuse to work where versions differ: a worker may have joined since they were compared.

    Args:
        expected: as of `installed_versions`.

    Raises:
        ClusterMismatchError: they differ.
    """
    wrong = versions_there(expected)
    if wrong:
        raise ClusterMismatchError(f"a worker that joined has {mismatch_words(wrong, expected)}")


def keep_part(part: Part, vectors: npt.NDArray[np.floating], digest: str) -> npt.NDArray[np.floating]:
    """Return the vectors of a part that were sent, once they are seen to be what was sent.

    Args:
        part: the part.
        vectors: (b, d) what came.
        digest: SHA-256 of what was sent.

    Raises:
        ClusterMismatchError: something else came.
    """
    if vectors.shape != (part.rows, part.shape[1]) or digest_of(vectors) != digest:
        raise ClusterMismatchError(
            f"the vectors of rows {part.low} to {part.high - 1} came to the worker altered; look after its network"
        )
    return vectors


def score_part(
    part: Part, sent: npt.NDArray[np.floating] | None, task: Pass, expected: dict[str, str]
) -> Scored:
    """Score a part; the answers stay on the worker.

    Args:
        part: which rows.
        sent: (b, d) their vectors, where the worker does not see the file.
        task: the head, and how.
        expected: versions of the machine that runs the round; a worker may have joined since they were compared.

    Raises:
        ClusterMismatchError: other versions, or another file at the same path.
        PartUnseenError: the worker does not see the file and nothing was sent.
        TrainingSetError: the vectors hold NaN or infinite numbers.
        WeightsError: the head is one of a plug-in that is not installed on the worker.
        DeviceError: the device is not there.
    """
    check_versions(expected)
    from models.scoring import answer_rows

    vectors = open_part(part) if sent is None else sent
    with _ONE_AT_A_TIME:
        head, temperature = _open_head(task)
        balanced, disagreement = answer_rows(
            vectors, head, temperature=temperature, chunk=task.chunk_rows, first=part.low
        )
    return Scored(balanced, disagreement)


def open_part(part: Part) -> npt.NDArray[np.floating]:
    """Open the vectors of a part from the file, where this worker sees it.

    Args:
        part: which rows of which file.

    Raises:
        PartUnseenError: there is no such file here.
        ClusterMismatchError: it holds other numbers.
    """
    path = Path(part.path)
    try:
        found = path.stat()
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as problem:
        raise PartUnseenError(f"{path} cannot be opened on the worker: {problem}") from problem
    except (ValueError, EOFError) as problem:
        raise ClusterMismatchError(
            f"the file {path} on a worker is not the one here: {problem}; {SAME_FILE}"
        ) from problem
    mark = (part, found.st_size, found.st_mtime_ns)
    if mark not in _SEEN:
        if array.shape != part.shape or array.dtype.name != part.dtype:
            raise ClusterMismatchError(
                f"the file {path} on a worker holds {array.dtype.name} of shape {array.shape}, here it is {part.dtype} "
                f"of shape {part.shape}; {SAME_FILE}"
            )
        if look_at(array[part.low : part.high]) != part.digest:
            raise ClusterMismatchError(
                f"the file {path} on a worker holds other numbers in rows {part.low} to {part.high - 1}; {SAME_FILE}"
            )
        _SEEN.add(mark)
    opened: npt.NDArray[np.floating] = array[part.low : part.high]
    return opened


def settle_part(
    part: Part, sent: npt.NDArray[np.floating] | None, scored: Scored, shares: npt.NDArray[np.float32]
) -> Answers:
    """Return the answers on a part with the pool's class shares in them, checked as a strategy's contract asks.

    Args:
        part: which rows.
        sent: (b, d) their vectors, where the worker does not see the file.
        scored: what the pass gave.
        shares: (k,) class shares of the pool.

    Raises:
        StateInvalidError: vectors or answers are not what a strategy may be given.
    """
    from models.scoring import under_shares
    from strategies.checks import check_part
    from strategies.walk import Answers

    vectors = open_part(part) if sent is None else sent
    answers = Answers(under_shares(scored.balanced, shares), scored.balanced, scored.disagreement)
    check_part(answers, vectors, first=part.low)
    return answers


def write_part(answers: Answers, folder: str, mark: str, first: int) -> AnswerHalves | None:
    """Write a part's answers into the round's folder, where this worker sees it; else return them.

    Args:
        answers: of the part.
        folder: of the round, as it is called on the machine that runs it.
        mark: what the folder's mark says.
        first: the first row of the part.

    Returns:
        None where they were written.
    """
    halves = to_halves(answers.probabilities)
    place = Path(folder)
    try:
        if (place / PLACE_MARK).read_text(encoding="ascii") != mark:
            return halves
        put_answers(place, first, halves)
    except OSError:
        # Not seen, read-only or full: the machine that runs the round writes them, or says why it cannot.
        return halves
    return None


def walk_part(answers: Answers, excluded: npt.NDArray[np.int64], wishes: Sequence[Wish]) -> list[TopRows]:
    """Return the best rows of a part for each wish.

    Args:
        answers: of the part.
        excluded: rows of the part, counted from its first, that must not be chosen.
        wishes: what is to be found.

    Returns:
        One for each wish; positions are those among the part's rows that are not excluded.
    """
    from strategies.ranking import TopRows, row_parts
    from strategies.walk import Answers

    allowed = np.ones(len(answers.disagreement), bool)
    allowed[excluded] = False
    tops = [TopRows(wish.count) for wish in wishes]
    for rows in row_parts(np.flatnonzero(allowed)):
        some = Answers(
            answers.probabilities[rows], answers.balanced_probabilities[rows], answers.disagreement[rows]
        )
        for wish, top in zip(wishes, tops, strict=True):
            top.add(wish.score(some))
    return [top.pruned() for top in tops]


def place_part(
    part: Part,
    sent: npt.NDArray[np.floating] | None,
    mean: npt.NDArray[np.float64],
    axes: npt.NDArray[np.float64],
    expected: dict[str, str],
) -> npt.NDArray[np.float64]:
    """Return the coordinates of a part's items on some axes.

    Args:
        part: which rows.
        sent: (b, d) their vectors, where the worker does not see the file.
        mean: (d,) where the axes meet.
        axes: (d, a).
        expected: versions of the machine that asks.

    Raises:
        ClusterMismatchError: other versions, or another file at the same path.
        PartUnseenError: the worker does not see the file and nothing was sent.
    """
    from models.projection import place_on_axes

    check_versions(expected)
    return place_on_axes(open_part(part) if sent is None else sent, mean, axes)


def disputed_part(scored: Scored, reach: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return the most disputed rows of a part, counted from its first."""
    from models.kept_rows import most_disputed

    return most_disputed(scored.disagreement, reach)


def rows_of(kept: Scored | Answers, name: str, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return the answers on some rows of a part.

    Args:
        kept: what the worker keeps of it.
        name: which array of it.
        rows: (b,) counted from the first of the part.
    """
    found: npt.NDArray[np.float32] = getattr(kept, name)[rows]
    return found


def mismatch_words(wrong: dict[str, str], expected: dict[str, str]) -> str:
    """Return which versions differ, in words.

    Args:
        wrong: versions of a worker.
        expected: of this machine.
    """
    found = ", ".join(f"{name} {version} (here {expected[name]})" for name, version in wrong.items())
    return f"{found}; install the same versions on all machines of the cluster"


def _open_head(task: Pass) -> tuple[TrainedHead, float]:
    from app.plugins import ensure_loaded
    from models.devices import choose_device
    from models.heads.files import load_head

    key = task.head + task.device.encode()
    if key not in _HEADS:
        ensure_loaded("head")
        with tempfile.TemporaryDirectory(prefix="goldpan-head-") as place:
            file = Path(place) / "head.safetensors"
            file.write_bytes(task.head)
            read = load_head(file, device=choose_device(task.device))
        _HEADS.clear()
        _HEADS[key] = read
    return _HEADS[key]
