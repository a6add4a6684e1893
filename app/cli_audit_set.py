"""`goldpan audit-set draw | status`: items drawn at random and held out, for honest figures."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.audit_set import AuditReport, draw_audit_set, read_audit_report
from app.audit_words import count_words, report_lines
from app.project import annotator_name, open_project
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
def status(config_path: ConfigArgument) -> None:
    """Say how far the audit set is, and what it says."""
    project = open_project(config_path)
    try:
        number = read_status(project.database).round_number
        report: AuditReport | None = read_audit_report(project, round_number=number)
    finally:
        project.close()
    if report is None:
        out.print("There is no audit set yet: `goldpan audit-set draw PROJECT.YAML --size 300` draws one.")
        return
    out.print(count_words(report), markup=False, highlight=False, soft_wrap=True)
    for line in report_lines(report):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
