"""Writes a project's labels, its balanced selection and its shared config into a new folder of `exports/`."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from app.audit_quality import quality_dict
from app.auto_labels import AutoWishes, add_auto_labels
from app.curation_columns import curation_columns
from app.project import Project, annotator_name, now, settings_hash
from app.round_files import read_meaning, round_folder
from app.selection_wishes import AS_IS, SelectionWishes
from app.share import write_shared_config
from app.status import Status, read_status
from app.table_encoder import write_portable
from app.targets import target_shares
from app.team import Team, read_team
from labeling.agreement import krippendorff_alpha, vote_agreement
from labeling.annotations import Act, Annotation, standing_annotations
from labeling.annotations import revision as newest_revision
from labeling.annotators import ensure_annotator
from labeling.audit_set import audit_keys
from labeling.classes import list_classes
from labeling.clock import database_now
from labeling.errors import DatabaseUnavailableError
from labeling.events import EventKind, record_event
from labeling.exports.auto_labels import AutoLabels, auto_sentences
from labeling.exports.contract import LABEL_COLUMNS, VOTE_COLUMNS, ExportBundle, TeamFacts, TrainedModel
from labeling.exports.manifest import left_out_count
from labeling.exports.registry import Need, exports, write_exports
from labeling.exports.selection_plan import plan_selection
from labeling.exports.selection_words import describe_plan
from models.errors import WeightsError
from models.portable.files import open_head
from models.portable.onnx_graph import write_onnx
from models.vectors import INFO, open_vectors

log = logging.getLogger("goldpan.exports")

DEFAULT_FORMATS = ("csv", "parquet", "selection")


@dataclass(frozen=True)
class Exported:
    """What an export wrote.

    Attributes:
        folder: the new folder.
        files: the files in it.
        labels: how many labels they hold.
        left_out: labelled items that an export could not hold; the manifest names them.
        auto: what is said of predictions that were added as labels; None where none were.
    """

    folder: Path
    files: tuple[Path, ...]
    labels: int
    left_out: int = 0
    auto: AutoLabels | None = None

    def describe(self) -> str:
        """Return in a sentence what was written, and what was not."""
        told = f"{self.labels} labels are written to {self.folder}"
        if self.auto is not None:
            told = f"{told}. {' '.join(auto_sentences(self.auto)[:2]).rstrip('.')}"
        if not self.left_out:
            return told
        return f"{told}; {self.left_out} items are left out of an export, manifest.json says which and why"


def export_project(
    project: Project,
    *,
    formats: Sequence[str] = DEFAULT_FORMATS,
    folder: Path | None = None,
    annotator_id: int | None = None,
    licence: str = "",
    wishes: SelectionWishes = AS_IS,
    auto: AutoWishes | None = None,
) -> Exported:
    """Write the labels in each format, and the shared config.

    Args:
        project: the opened project.
        formats: names of registered exports.
        folder: where to; a new folder named by the time under the project's `exports/` if None.
        annotator_id: who exports; None for whoever works at this machine.
        licence: terms under which the labels may be used, as the person puts it; "" says nothing.
        wishes: what is asked of the selection.
        auto: what is asked of predictions that are added as labels; None adds none.

    Raises:
        AutoLabelsError: predictions cannot be added as labels.
        UnknownNameError: a format is not registered.
        ExportUnfitError: a format does not suit the pool, or needs what is not there.
        ExportFolderError: the folder is not empty or cannot be written.
        SelectionError: no selection can be made with these targets or numbers.
        SplitError: the selection cannot be divided into the splits asked for.
        GroupColumnError: `pool.group` names a column that the project's snapshot does not have.
    """
    target = folder or project.paths.exports / now().strftime("%Y%m%d-%H%M%S-%f")
    bundle = export_bundle(project)
    figures = quality_dict(project, round_number=bundle.round_number)
    bundle = replace(bundle, licence=licence.strip(), figures=figures)
    if auto is not None:
        bundle = add_auto_labels(project, bundle, auto)
    if "selection" in formats:
        bundle = with_wishes(project, bundle, wishes)
    files = write_exports(bundle, target, names=tuple(formats))
    try:
        shared = write_shared_config(project, target / "shared.yaml")
    except BaseException:
        # A folder without the shared config would look like a whole export.
        shutil.rmtree(target, ignore_errors=True)
        raise
    labels = int((bundle.labels["act"] == str(Act.LABEL)).sum())
    _note_export(project, target, formats=formats, labels=labels, annotator_id=annotator_id)
    return Exported(
        folder=target,
        files=(*files, shared),
        labels=labels,
        left_out=left_out_count(target),
        auto=bundle.auto,
    )


def unfit_exports(project: Project, *, round_number: int) -> dict[str, str]:
    """Return the exports that cannot be made of this project now, by name, and why.

    Args:
        project: the opened project.
        round_number: the last finished round.
    """
    present: list[Need] = ["pool"]
    if (project.paths.vectors / INFO).is_file():
        present.append("vectors")
    if trained_model(project, round_number=round_number) is not None:
        present.append("model")
    told = {name: entry.why_not(kind=project.pool.kind, present=present) for name, entry in exports}
    return {name: why for name, why in told.items() if why}


def trained_model(project: Project, *, round_number: int) -> TrainedModel | None:
    """Return the model of the last finished round that can be written; None where it trained none, or none such."""
    meaning = read_meaning(project.paths.rounds, round_number)
    file = round_folder(project.paths.rounds, round_number) / "head.safetensors"
    if meaning is None or not meaning.trained or not file.is_file():
        return None
    try:
        head = open_head(file, prior=meaning.prior)
    except WeightsError as problem:
        log.warning("the model of round %d cannot be exported: %s", round_number, problem)
        return None
    if head is None:
        return None
    facts = {
        "project": project.config.project.name,
        "round": round_number,
        "encoder": open_vectors(project.paths.vectors).encoder,
        "hashes": meaning.hashes,
    }
    return TrainedModel(
        round_number=round_number,
        head=head.head,
        class_names=head.class_names,
        dimensions=head.dimensions,
        write_weights=lambda folder: write_portable(project, head, folder, facts=facts),
        write_onnx=lambda path: write_onnx(head, path, description=json.dumps(facts)),
    )


def export_bundle(project: Project) -> ExportBundle:
    """Gather what the exports write, from one moment of the database."""
    status = read_status(project.database)
    vectors = open_vectors(project.paths.vectors)
    team = read_team(project, round_number=status.round_number, revision=status.revision)
    return ExportBundle(
        project=project.config.project.name,
        config_hash=settings_hash(project, status.classes),
        pool_hash=project.pool.hash,
        vectors_hash=vectors.hash,
        revision=status.revision,
        round_number=status.round_number,
        labels=with_votes(labels_frame(project, revision=status.revision), team),
        classes=_class_frame(project, status),
        licence="",
        created_at=now(),
        targets={
            entry.name: float(share)
            for entry, share in zip(status.classes, target_shares(status.classes), strict=True)
        },
        seed=project.config.project.seed,
        team=None if team is None else _team_facts(team),
        pool=project.pool,
        vectors=vectors.array,
        model=trained_model(project, round_number=status.round_number),
    )


def with_wishes(project: Project, bundle: ExportBundle, wishes: SelectionWishes) -> ExportBundle:
    """Return a bundle with what is asked of the selection, and what it needs to know of the labelled items.

    Raises:
        SelectionError: items are asked for of a class that the project does not have.
        GroupColumnError: `pool.group` names a column that the project's snapshot does not have.
    """
    wishes.check(tuple(bundle.classes["class_name"]))
    return replace(
        bundle,
        labels=curation_columns(project, bundle.labels, together=bool(wishes.splits)),
        budget=wishes.budget,
        counts=wishes.counts,
        balanced=not wishes.everything,
        splits=wishes.splits,
    )


def preview_auto_labels(project: Project, wishes: AutoWishes) -> list[str]:
    """Return in words which predictions would be added as labels and how many are wrong; nothing is written.

    Raises:
        AutoLabelsError: predictions cannot be added as labels.
    """
    auto = add_auto_labels(project, export_bundle(project), wishes).auto
    return [] if auto is None else auto_sentences(auto)


def preview_selection(project: Project, wishes: SelectionWishes) -> list[str]:
    """Return in words what a selection would hold and do to the balance; nothing is written.

    Raises:
        SelectionError: no selection can be made so.
        SplitError: it cannot be divided so.
        GroupColumnError: `pool.group` names a column that the project's snapshot does not have.
    """
    return describe_plan(plan_selection(with_wishes(project, export_bundle(project), wishes)))


def labels_frame(project: Project, *, revision: int | None = None) -> pd.DataFrame:
    """Return what is said of each item, one row an item, in the order of the pool.

    The columns are LABEL_COLUMNS and `audit_set`.

    Args:
        project: the opened project.
        revision: as it was at that label revision; None for now.
    """
    with project.database.reading() as session:
        at = newest_revision(session) if revision is None else revision
        entries = standing_annotations(session, revision=at)
        names = {entry.id: entry.name for entry in list_classes(session, archived=True)}
        held = set(audit_keys(session))
    rows = project.pool.rows([entry.item_key for entry in entries])
    told = [_label_row(entries[i], int(rows[i]), names) for i in np.argsort(rows, kind="stable")]
    frame = pd.DataFrame(told, columns=list(LABEL_COLUMNS))
    frame["audit_set"] = [key in held for key in frame["item_key"]]
    return frame.astype({"row": "Int64", "round": "Int64"})


def _note_export(
    project: Project, folder: Path, *, formats: Sequence[str], labels: int, annotator_id: int | None
) -> None:
    """Put the export on record; a database that takes no writes must not keep labels from being rescued."""
    details = {"formats": list(formats), "labels": labels}
    try:
        with project.database.transaction() as session:
            who = annotator_id or ensure_annotator(session, name=annotator_name(project.config))
            moment = database_now(session)
            record_event(
                session,
                kind=EventKind.EXPORT_WRITTEN,
                annotator_id=who,
                now=moment,
                subject=folder.name,
                details=details,
            )
    except DatabaseUnavailableError as problem:
        log.warning("the export %s is not on record: %s", folder, problem)


def with_votes(labels: pd.DataFrame, team: Team | None) -> pd.DataFrame:
    """Return labels with the columns of VOTE_COLUMNS: how many people labelled each, and what their votes add up to.

    Args:
        labels: as `labels_frame` gives them.
        team: the votes; None where one person labelled: then each of their labels is one vote.
    """
    if team is None:
        labels = labels.reindex(columns=[*LABEL_COLUMNS, *VOTE_COLUMNS])
        labels["votes"] = (labels["act"] == str(Act.LABEL)).astype("Int64")
        return labels
    names = np.array([entry.name for entry in team.classes], dtype=object)
    several = team.table.votes.per_item >= 2
    told = pd.DataFrame(
        {
            "votes": team.table.votes.per_item,
            "agreement": vote_agreement(team.table.votes),
            "consensus": pd.Series(names[team.consensus.classes]).where(several, None).to_numpy(),
            "confidence": np.where(several, team.consensus.confidence, np.nan),
        },
        index=list(team.table.item_keys),
    )
    found = told.reindex(labels["item_key"]).set_axis(labels.index)
    found["votes"] = found["votes"].fillna(0).astype("Int64")
    return labels.join(found)


def _team_facts(team: Team) -> TeamFacts:
    votes = team.table.votes
    given = np.bincount(votes.annotators, minlength=votes.annotator_count)
    alpha = krippendorff_alpha(votes)
    return TeamFacts(
        votes={name: int(count) for name, count in zip(team.table.annotators, given, strict=True)},
        method=team.method,
        items=alpha.items,
        alpha=None if alpha.value is None else round(alpha.value, 4),
    )


def _label_row(entry: Annotation, row: int, names: dict[int, str]) -> tuple[object, ...]:
    return (
        entry.item_key,
        row if row >= 0 else None,
        None if entry.class_id is None else names.get(entry.class_id),
        str(entry.act),
        entry.annotator,
        entry.created_at,
        entry.round_number,
        entry.strategy,
        entry.kind,
    )


def _class_frame(project: Project, status: Status) -> pd.DataFrame:
    """Return the open classes, and the archived ones that still have labels."""
    with project.database.reading() as session:
        every = list_classes(session, archived=True)
    told = [entry for entry in every if not entry.archived or status.count_of(entry.id)]
    return pd.DataFrame(
        {
            "class_name": [entry.name for entry in told],
            "colour": [entry.colour for entry in told],
            "key": [entry.key for entry in told],
            "description": [entry.description for entry in told],
            "labelled": [status.count_of(entry.id) for entry in told],
        }
    )
