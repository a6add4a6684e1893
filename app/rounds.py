"""A round: gather → learn → score → choose → store.

Runs in the worker process, never in the web server. The same inputs (labels at a revision, vectors, settings, seed)
give the same proposals on the same kind of device; the hashes of inputs and outcome are stored with the round.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from app.cluster.score import ClusterScores, score_on_cluster
from app.easing import CHUNK_ROWS, Easing, easing_of
from app.plugins import ensure_loaded
from app.project import Project, open_project, settings_hash
from app.round_consensus import agree, soft_labels
from app.round_files import RoundMeaning, forget_old_rounds, sweep_partial_rounds, write_round
from app.round_inputs import RoundInputs, Standing, gather_inputs
from app.round_proposals import proposals_hash, to_proposals
from app.round_record import figures_of, seen_by
from app.seeking import SoughtScores, Words, name_points, read_words, score_seeks
from app.stopping import look_at_stopping
from config.round_settings import recorded_settings
from labeling.clock import database_now
from labeling.queue import store_proposals
from labeling.round_log import advance_round, find_round, finish_round
from models.devices import choose_device
from models.heads.contract import TrainingSet
from models.heads.scaling import measure_scale
from models.label_neighbours import neighbour_shares
from models.label_shares import label_shares
from models.learn import Learned, learn, pick_unlabelled
from models.predictions import OutOfFoldPredictions
from models.prior import stated_prior
from models.scoring import PoolScores, score_pool
from models.vectors import FILE as VECTORS_FILE
from strategies.contract import Choice, PoolState
from strategies.registry import strategies

log = logging.getLogger("goldpan.rounds")

Result = TypeVar("Result")

KEPT_ROUNDS = 3
"""Rounds whose arrays stay on disk; older ones can be computed again from their stored head."""

SEEKING = frozenset({"prospect", "seek"})
"""Strategies that propose what is sought also while no model can be trained."""

Report = Callable[[str, float], None]
"""Called with the stage and the share of the round that is done."""


def run_round(config_path: Path, *, number: int, revision: int, seed: int) -> int:
    """Run one round of a project and store what it found.

    Args:
        config_path: the project's YAML file.
        number: the number that `start_round` gave.
        revision: the label revision to train on.
        seed: the round's seed.

    Returns:
        How many proposals were stored.
    """
    project = open_project(config_path)
    try:
        with project.database.reading() as session:
            row = find_round(session, number=number)
        easing = Easing() if row is None else easing_of(row)
        return repeat_round(project, number=number, revision=revision, seed=seed, easing=easing)
    finally:
        project.close()


def repeat_round(
    project: Project,
    *,
    number: int,
    revision: int,
    seed: int,
    easing: Easing,
    standing: Standing | None = None,
) -> int:
    """Run a round that is marked as running, with everything it depends on given.

    Args:
        project: the opened project, its configuration as the round has it, not eased.
        number: of the round.
        revision: the label revision to train on.
        seed: the round's seed.
        easing: how far it is made easier.
        standing: classes and seeks as an earlier round saw them; None for those that are open now.

    Returns:
        How many proposals were stored.
    """
    ensure_loaded("strategy", "head", "encoder")
    eased = replace(project, config=easing.config(project.config))
    told: dict[str, Any] = {"settings": recorded_settings(project.config)}
    if easing:
        told["easing"] = easing.to_dict(project.config.head)
    # As torch's threads (`models.devices.THREADS`): the products are small, and two threads that wait for each other
    # took a quarter more processor time, and up to twice the time where the page needs a core too.
    with threadpool_limits(1, user_api="blas"):
        return _run(
            eased,
            number=number,
            revision=revision,
            seed=seed,
            chunk_rows=easing.chunk_rows,
            told=told,
            standing=standing,
        )


def _run(
    project: Project,
    *,
    number: int,
    revision: int,
    seed: int,
    chunk_rows: int,
    told: Mapping[str, Any],
    standing: Standing | None,
) -> int:
    def report(stage: str, share: float) -> None:
        with project.database.transaction() as session:
            advance_round(session, number=number, stage=stage, progress=share, now=database_now(session))

    seconds: dict[str, float] = {}
    report("reading", 0.05)
    gathered = _timed(seconds, "read", lambda: gather_inputs(project, revision=revision, standing=standing))
    inputs = _timed(seconds, "agree", lambda: agree(project, gathered, seed=seed))
    words = _timed(seconds, "words", lambda: read_words(project, inputs))
    report("training", 0.15)
    learned = _timed(seconds, "learn", lambda: learn_head(project, inputs, words, seed=seed))
    report("scoring", 0.6)
    scores = _timed(seconds, "score", lambda: score(project, inputs, learned, chunk_rows=chunk_rows))
    report("looking for what is sought", 0.75)
    sought = _timed(seconds, "seek", lambda: score_seeks(project, inputs, words))
    report("choosing", 0.8)
    choice = _timed(seconds, "choose", lambda: choose(project, inputs, scores, sought, seed=seed))
    report("storing", 0.95)
    store(project, inputs, learned, scores, sought, choice, number=number, seconds=seconds, told=told)
    return len(choice.indices)


def learn_head(project: Project, inputs: RoundInputs, words: Words, *, seed: int) -> Learned | None:
    """Train the head on the labels and the classes' names; None while fewer than two classes have a label."""
    labelled = np.flatnonzero(inputs.labels >= 0)
    if len(np.unique(inputs.labels[labelled])) < 2:
        return None
    section = project.config.head
    vectors = np.asarray(inputs.vectors[labelled], dtype=np.float32)
    training = TrainingSet(
        vectors=vectors,
        labels=inputs.labels[labelled],
        class_count=len(inputs.classes),
        class_names=tuple(entry.name for entry in inputs.classes),
        scale=measure_scale(inputs.vectors),
        unlabelled=pick_unlabelled(inputs.vectors, inputs.labels, section=section),
        name_points=name_points(inputs, words),
        shares=label_shares(vectors, inputs.vectors) if section.weigh_by_share else None,
        soft=soft_labels(inputs),
    )
    return learn(training, section=section, seed=seed, device=choose_device(section.device))


def score(
    project: Project, inputs: RoundInputs, learned: Learned | None, *, chunk_rows: int = CHUNK_ROWS
) -> PoolScores | None:
    """Score the whole pool in one pass; None where there is no model."""
    if learned is None:
        return None
    section = project.config.head
    counts = np.bincount(inputs.labels[inputs.labels >= 0], minlength=len(inputs.classes))
    stated = None
    if section.target_prior is not None:
        names = [entry.name for entry in inputs.classes]
        stated = stated_prior(section.target_prior, names, label_counts=counts)
    scheduler = project.config.rounds.scheduler
    if scheduler is not None:
        scores: PoolScores = score_on_cluster(
            scheduler,
            learned,
            inputs.vectors,
            path=project.paths.vectors / VECTORS_FILE,
            vectors_hash=inputs.vectors_hash,
            device=section.device,
            chunk_rows=chunk_rows,
            prior=stated,
        )
    else:
        scores = score_pool(
            inputs.vectors,
            learned.trained,
            temperature=learned.temperature,
            prior=stated,
            chunk=chunk_rows,
            device=choose_device(section.device),
            key=inputs.vectors_hash,
        )
    return scores if stated is not None else _without_claims(scores, counts > 0)


def _without_claims(scores: PoolScores, labelled: npt.NDArray[np.bool_]) -> PoolScores:
    """Widen the interval of a class known by its name alone: a name does not show that the pool holds any of it."""
    low = np.where(labelled, scores.prior_low, np.float32(0.0))
    high = np.where(labelled, scores.prior_high, np.float32(max(0.0, 1.0 - float(low.sum()))))
    return replace(scores, prior_low=low, prior_high=high)


def strategy_name(project: Project, scores: PoolScores | None, sought: SoughtScores | None) -> str:
    """Return which strategy ranks the items.

    The configured one once there is a model; before that the one to start with, unless something is sought and the
    configured one knows what to do with it.
    """
    section = project.config.strategy
    if scores is not None:
        return section.name
    found = sought is not None and sought.columns.classes.size
    return section.name if found and section.name in SEEKING else section.start


def choose(
    project: Project,
    inputs: RoundInputs,
    scores: PoolScores | None,
    sought: SoughtScores | None,
    *,
    seed: int,
) -> Choice:
    """Let the configured strategy rank the items worth a person's time."""
    columns = sought.columns if sought is not None and sought.columns.classes.size else None
    state = PoolState(
        vectors=inputs.vectors,
        labels=inputs.labels,
        closed=inputs.closed,
        class_names=tuple(entry.name for entry in inputs.classes),
        targets=inputs.targets,
        probabilities=None if scores is None else scores.probabilities,
        balanced_probabilities=None if scores is None else scores.balanced_probabilities,
        disagreement=None if scores is None else scores.disagreement,
        prior=None if scores is None else scores.prior,
        outcomes=inputs.outcomes,
        seek_scores=None if columns is None else columns.scores,
        seek_classes=None if columns is None else columns.classes,
        member_rows=None if scores is None else scores.member_rows,
        member_probabilities=None if scores is None else scores.member_probabilities,
        elsewhere=scores.elsewhere if isinstance(scores, ClusterScores) else None,
    )
    wanted = max(project.config.rounds.batch, project.config.rounds.queue)
    name = strategy_name(project, scores, sought)
    return strategies.get(name)(state, wanted, np.random.default_rng(seed))


def store(
    project: Project,
    inputs: RoundInputs,
    learned: Learned | None,
    scores: PoolScores | None,
    sought: SoughtScores | None,
    choice: Choice,
    *,
    number: int,
    seconds: dict[str, float],
    told: Mapping[str, Any],
) -> None:
    """Write the round's files, then its proposals and its end in one transaction."""
    name = strategy_name(project, scores, sought)
    proposals = to_proposals(project, inputs, scores, choice, number=number, strategy=name)
    hashes = {
        "pool": project.pool.hash,
        "vectors": inputs.vectors_hash,
        "labels": inputs.labels_hash,
        "config": settings_hash(project, inputs.classes),
        "seeks": inputs.seeks_hash,
        "proposals": proposals_hash(proposals),
    }
    labels_used = int((inputs.labels >= 0).sum())
    quality = learned.quality.to_dict() if learned is not None and learned.quality is not None else None
    meaning = RoundMeaning(
        number=number,
        class_ids=tuple(entry.id for entry in inputs.classes),
        class_names=tuple(entry.name for entry in inputs.classes),
        prior=_floats(scores.prior if scores else None),
        prior_low=_floats(scores.prior_low if scores else None),
        prior_high=_floats(scores.prior_high if scores else None),
        quality=quality,
        hashes=hashes,
        seconds={name: round(value, 4) for name, value in seconds.items()},
        trained=learned is not None,
        seeks=() if sought is None else sought.to_dicts(),
    )
    project.paths.rounds.mkdir(parents=True, exist_ok=True)
    sweep_partial_rounds(project.paths.rounds, before=number)
    with tempfile.TemporaryDirectory(dir=project.paths.rounds, prefix=f".{number:06d}.head-") as place:
        head_file = _save_head(Path(place), learned)
        write_round(
            project.paths.rounds,
            meaning,
            probabilities=_answers(scores),
            head_file=head_file,
            unseen=_unseen(inputs, learned),
        )
    stopping = look_at_stopping(
        project, inputs, None if learned is None else learned.quality, scores, number=number
    )
    metrics = _metrics(project, inputs, meaning, labels=labels_used) | {
        "stopping": stopping.to_dict(),
        **told,
    }
    with project.database.transaction() as session:
        store_proposals(session, proposals=proposals)
        finish_round(
            session,
            number=number,
            labels_used=labels_used,
            metrics=metrics,
            hashes=hashes,
            now=database_now(session),
        )
    try:
        forget_old_rounds(project.paths.rounds, keep=KEPT_ROUNDS)
    except OSError as problem:
        # The round is stored: what could not be tidied up must not make it look failed.
        log.warning("old rounds in %s cannot be tidied up: %s", project.paths.rounds, problem)


def _metrics(project: Project, inputs: RoundInputs, meaning: RoundMeaning, *, labels: int) -> dict[str, Any]:
    figures = figures_of(meaning.quality, labels=labels, class_names=meaning.class_names, prior=meaning.prior)
    return {
        "quality": meaning.quality,
        "seconds": meaning.seconds,
        "trained": meaning.trained,
        "device": choose_device(project.config.head.device).type,
        "figures": figures,
        **seen_by(inputs),
    }


def _unseen(inputs: RoundInputs, learned: Learned | None) -> OutOfFoldPredictions | None:
    """Return the out-of-fold predictions with the rows of the pool in place of the labels' places."""
    if learned is None or learned.predictions is None:
        return None
    rows = np.flatnonzero(inputs.labels >= 0)[learned.predictions.rows]
    # Only the Check labels page asks for the neighbours, so the head's cross-validation does not wait for them.
    near = neighbour_shares(inputs.vectors[rows], inputs.labels[rows], class_count=len(inputs.classes))
    return replace(learned.predictions, rows=rows, near=near)


def _answers(
    scores: PoolScores | None,
) -> npt.NDArray[np.floating] | Callable[[Path], None] | None:
    """Return the answers to be written, or what writes them where they lie elsewhere."""
    if isinstance(scores, ClusterScores):
        return scores.elsewhere.save
    return None if scores is None else scores.probabilities


def _save_head(place: Path, learned: Learned | None) -> Path | None:
    if learned is None:
        return None
    file = place / "head.safetensors"
    learned.trained.save(file, temperature=learned.temperature)
    return file


def _floats(values: npt.NDArray[np.floating] | None) -> tuple[float, ...]:
    return () if values is None else tuple(float(value) for value in values)


def _timed(seconds: dict[str, float], name: str, step: Callable[[], Result]) -> Result:
    began = time.perf_counter()
    result = step()
    seconds[name] = time.perf_counter() - began
    return result
