"""`goldpan audit-set draw | status`: items drawn at random and held out, for honest figures."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from app.audit_quality import figures_dict, read_quality
from app.audit_set import AuditReport, draw_audit_set, read_audit_report
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
        )
    finally:
        project.close()
    strata = len(drawn.new.strata)
    how = "at random" if strata == 1 else f"from {strata} strata by predicted class and confidence"
    out.print(
        f"{len(drawn.new.item_keys)} items are drawn {how}, with seed {drawn.new.seed}.", highlight=False
    )
    out.print("Label them on the Label page: 'Label the audit set'.", highlight=False)


@audit_set.command()
def status(
    config_path: ConfigArgument,
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Also write the figures to this file, as JSON.")
    ] = None,
) -> None:
    """Say how far the audit set is, and what it and cross-validation say of the model."""
    project = open_project(config_path)
    try:
        number = read_status(project.database).round_number
        report: AuditReport | None = read_audit_report(project, round_number=number)
        quality = read_quality(project, report=report, round_number=number)
    finally:
        project.close()
    if report is None:
        _say("There is no audit set yet: `goldpan audit-set draw PROJECT.YAML --size 300` draws one.")
    else:
        _say(count_words(report))
        for line in report_lines(report):
            _say(line)
    found = [each for each in (quality.audited, quality.validated) if each is not None]
    for line in (line for each in found for line in quality_lines(each, quality.class_names)):
        _say(line)
    if found:
        _say(limits_words(quality.limits))
    if json_path is not None:
        _write_json(json_path, figures_dict(report, quality, round_number=number))


@audit_set.command()
def shift(config_path: ConfigArgument) -> None:
    """Say whether labelled items, audit set and pool differ, and in what."""
    project = open_project(config_path)
    try:
        for line in shift_sentences(read_shift(project)):
            _say(line)
    finally:
        project.close()


def _write_json(path: Path, content: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"{path} cannot be written ({error}); choose another file") from error
    _say(f"The figures are in {path}.")


def _say(line: str) -> None:
    out.print(line, markup=False, highlight=False, soft_wrap=True)
