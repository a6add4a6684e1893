"""Runs every round of a shared config again, from the labels that stood when it ran, and compares what it reached."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import ProjectError
from app.prepare import Stage, create_project, silent_stage
from app.project import Project
from app.replay_compare import Reached, RoundReplay, compare_round
from app.round_failure import failure_of
from app.round_inputs import Standing
from app.rounds import repeat_round
from app.rounds_plan import owner_name
from app.share import disarmed, library_versions, read_shared
from app.shared_restore import (
    Numbers,
    check_pool,
    classes_then,
    config_then,
    easing_then,
    enter_round,
    restore_work,
)
from app.version import VERSION
from config.shared import SharedRound, SharedSection
from labeling.classes import list_classes
from labeling.clock import database_now
from labeling.proposals import proposals_of
from labeling.round_log import fail_round, find_round, start_round
from labeling.seeks import list_seeks
from models.vectors import open_vectors

log = logging.getLogger("goldpan.replay")

NAME = "replayed.yaml"
"""The project's file in the folder that a replay is kept in."""


@dataclass(frozen=True)
class Replay:
    """What came of all rounds.

    Attributes:
        rounds: one for each round of the file.
        notes: what is different here and may be the reason: versions, vectors.
        project: the project's file that holds the rounds now; None where the replay was not kept.
    """

    rounds: tuple[RoundReplay, ...]
    notes: tuple[str, ...]
    project: Path | None

    @property
    def same(self) -> bool:
        """Whether every round that could be run got the same, and all that did not fail there could be run."""
        return all(entry.verdict in ("same", "near", "failed there") for entry in self.rounds)


def replay_shared(
    shared_path: Path,
    *,
    pool: Path | None = None,
    folder: Path | None = None,
    model: str | None = None,
    stage: Stage = silent_stage,
    tell: Callable[[RoundReplay], None] = lambda found: None,
) -> Replay:
    """Run the rounds of a shared config again and compare.

    Args:
        shared_path: the shared config.
        pool: where the pool lies on this machine; if None as the file says, where that stays in its folder.
        folder: where the project with the rounds is kept; None for nowhere.
        model: the encoder's weights, where the file names some; a name or a path.
        stage: reports progress.
        tell: is given each round as soon as it is compared.

    Raises:
        ProjectError: the file has no labels or no rounds, or does not fit the pool.
        PoolMovedError: the pool is another one.
        ProjectExistsError: the folder holds a project already.
    """
    given, shared = read_shared(shared_path, level="all")
    _refuse_what_cannot_be_repeated(shared_path, shared)
    numbers: list[Numbers] = []

    def fill(project: Project) -> None:
        check_pool(project, shared)
        numbers.append(restore_work(project, shared))

    with _place(folder) as place:
        project = create_project(
            disarmed(given, shared_path, pool=pool, model=model),
            place / NAME,
            base=shared_path.resolve().parent,
            stage=stage,
            fill=fill,
        )
        try:
            notes = _notes(project, shared)
            rounds = []
            for row in shared.rounds:
                rounds.append(_replay_round(project, shared, row, numbers[0]))
                tell(rounds[-1])
        finally:
            project.close()
    return Replay(tuple(rounds), notes, None if folder is None else place / NAME)


def _refuse_what_cannot_be_repeated(path: Path, shared: SharedSection) -> None:
    if shared.revision > len(shared.annotations):
        raise ProjectError(
            f"{path} was shared without its {shared.revision} annotations, so that its rounds cannot be run again; ask "
            "for one that was shared with labels"
        )
    if not shared.rounds:
        raise ProjectError(f"{path} holds no rounds, so that there is nothing to run again")
    numbers = [row.number for row in shared.rounds]
    missing = sorted(set(range(1, numbers[-1])) - set(numbers))
    if missing:
        raise ProjectError(
            f"{path} lacks round {missing[0]}; rounds can be run again only where none of them is missing"
        )


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="goldpan-replay-") as temporary:
        yield Path(temporary)


def _notes(project: Project, shared: SharedSection) -> tuple[str, ...]:
    """Say what is different on this machine, which may be why a round is."""
    here = {"goldpan": VERSION, **library_versions()}
    there = {"goldpan": shared.goldpan_version, **shared.versions}
    other = [
        f"{name} {there[name]} there, {here[name]} here"
        for name in there
        if here.get(name, there[name]) != there[name]
    ]
    notes = [f"other versions: {'; '.join(other)}"] if other else []
    if shared.vectors_hash and open_vectors(project.paths.vectors).hash != shared.vectors_hash:
        notes.append("the encoder made other vectors here than there, so that proposals may be others, too")
    return tuple(notes)


def _replay_round(project: Project, shared: SharedSection, row: SharedRound, numbers: Numbers) -> RoundReplay:
    reason = f"it failed there ({row.cause or 'for a reason that is not told'})"
    if row.proposals_hash and not row.pool_hash:
        return _repeat(project, row, numbers)
    with project.database.transaction() as session:
        enter_round(session, project, shared, row, numbers)
    if not row.proposals_hash:
        return RoundReplay(row.number, "failed there", reason)
    return RoundReplay(row.number, "left out", "it ran on the pool as it was before a `goldpan refresh`")


def _repeat(project: Project, row: SharedRound, numbers: Numbers) -> RoundReplay:
    easing, revision = easing_then(row), numbers.revision(row.revision)
    then = replace(project, config=config_then(project, row))
    with project.database.transaction() as session:
        number = start_round(
            session, revision=revision, seed=row.seed, owner=owner_name(), now=database_now(session)
        )
    if number != row.number:
        raise ProjectError(f"round {row.number} of the file would be number {number} here; use an empty --to")
    try:
        repeat_round(
            then,
            number=row.number,
            revision=revision,
            seed=row.seed,
            easing=easing,
            standing=_standing(project, row, numbers),
        )
    except Exception as problem:  # the round's own edge: whatever it raises is told, and the next one runs
        log.debug("round %d failed", row.number, exc_info=True)
        failure = failure_of(problem)
        with project.database.transaction() as session:
            fail_round(session, number=row.number, error=failure.text, now=database_now(session))
        return RoundReplay(row.number, "differs", f"it failed here: {failure.text}")
    return compare_round(row, _reached(project, row.number))


def _standing(project: Project, row: SharedRound, numbers: Numbers) -> Standing:
    with project.database.reading() as session:
        classes = {entry.id: entry for entry in list_classes(session, archived=True)}
        seeks = {entry.id: entry for entry in list_seeks(session, withdrawn=True)}
    # Where the file does not say what was sought then, what was never taken back is the best there is.
    sought = (
        [entry.id for entry in seeks.values() if entry.withdrawn_at is None]
        if row.seeks is None
        else [numbers.seeks[place - 1] for place in row.seeks]
    )
    return Standing(
        classes=tuple(
            replace(classes[class_id], name=name, target=target, archived=False)
            for class_id, name, target in classes_then(row, numbers)
        ),
        seeks=tuple(replace(seeks[number], withdrawn_at=None, withdrawn_by="") for number in sought),
    )


def _reached(project: Project, number: int) -> Reached:
    with project.database.reading() as session:
        row = find_round(session, number=number)
        keys = [entry.item_key for entry in proposals_of(session, round_number=number)]
    assert row is not None
    return Reached(keys, row.hashes["proposals"], row.metrics["figures"], row.metrics["device"])
