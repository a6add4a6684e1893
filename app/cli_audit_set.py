"""`goldpan audit-set draw | status`: items drawn at random and held out, for honest figures."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from app.audit_quality import Quality, figures_dict, read_figures
from app.audit_set import AuditReport, draw_audit_set
from app.audit_words import count_words, report_lines
from app.errors import ProjectError
from app.project import annotator_name, open_project
from app.quality_words import limits_words, quality_lines
from app.shift import read_shift
from app.shift_words import shift_sentences
from app.status import read_status
from app.terminal import out
from labeling.annotators import ensure_annotator

audit_set = typer.Typer(
    no_args_is_help=True,
    help="The audit set: items drawn at random, held out of training and labelled blind, for honest figures.",
)

ConfigArgument = Annotated[
    Path, typer.Argument(metavar="PROJECT.YAML", help="The project's configuration file.")
]


class Design(StrEnum):
    """How items are drawn."""

    STRATIFIED = "stratified"
    RANDOM = "random"


@audit_set.command()
def draw(
    config_path: ConfigArgument,
    size: Annotated[int, typer.Option(help="How many items to draw.", min=2, max=100_000)],
    design: Annotated[
        Design | None,
        typer.Option(
            help="By predicted class and confidence, or all alike; stratified where there is a model if not given."
        ),
    ] = None,
    where: Annotated[
        str,
        typer.Option(
            help="Draw only items that match this criterion on columns, as in 'redshift > 1 and g_r < 0.5'; the "
            "figures then hold for these items.",
            metavar="CRITERION",
        ),
    ] = "",
    seed: Annotated[
        int | None, typer.Option(help="Seed of the draw; follows from the project's if not given.", min=0)
    ] = None,
) -> None:
    """Draw an audit set, or more of it, from the items that nobody has annotated yet."""
    project = open_project(config_path)
    try:
        with project.database.transaction() as session:
            person = ensure_annotator(session, name=annotator_name(project.config))
        drawn = draw_audit_set(
            project,
            size=size,
            annotator_id=person,
            design=None if design is None else design.value,
            seed=seed,
            where=where,
        )
    finally:
        project.close()
    strata = len(drawn.new.strata)
    how = "at random" if strata == 1 else f"from {strata} strata by predicted class and confidence"
    of = f" of those where {drawn.new.where}" if drawn.new.where else ""
    _say(f"{len(drawn.new.item_keys)} items{of} are drawn {how}, with seed {drawn.new.seed}.")
    _say("Label them on the Label page: 'Label the audit set'.")


@audit_set.command()
def status(
    config_path: ConfigArgument,
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Also write the figures to this file, as JSON.")
    ] = None,
) -> None:
    """Say how far each audit set is, and what it and cross-validation say of the model."""
    project = open_project(config_path)
    try:
        number = read_status(project.database).round_number
        found = read_figures(project, round_number=number)
    finally:
        project.close()
    for report, quality in found:
        _say_figures(report, quality, alone=len(found) == 1)
    if any(each.audited or each.validated for _, each in found):
        _say(limits_words(found[0][1].limits))
    if json_path is not None:
        _write_json(json_path, figures_dict(found, round_number=number))


@audit_set.command()
def shift(config_path: ConfigArgument) -> None:
    """Say whether labelled items, audit set and pool differ, and in what."""
    project = open_project(config_path)
    try:
        for line in shift_sentences(read_shift(project)):
            _say(line)
    finally:
        project.close()


def _say_figures(report: AuditReport | None, quality: Quality, *, alone: bool) -> None:
    """Say what an audit set and cross-validation beside it say; `alone` where no other set is told of."""
    if report is not None:
        for line in [count_words(report), *report_lines(report)]:
            _say(line)
    elif alone:
        _say("There is no audit set yet: `goldpan audit-set draw PROJECT.YAML --size 300` draws one.")
    elif not quality.where:
        _say("There is no audit set of the whole pool yet, but one of items that match a criterion.")
    for each in (quality.audited, quality.validated):
        if each is not None:
            for line in quality_lines(each, quality.class_names, quality.where):
                _say(line)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"{path} cannot be written ({error}); choose another file") from error
    _say(f"The figures are in {path}.")


def _say(line: str) -> None:
    out.print(line, markup=False, highlight=False, soft_wrap=True)
