"""A session as a person has it over some rounds, played by the truth: a round, some labels, and so on."""

from __future__ import annotations

from app.project import Project
from app.run_now import run_now
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from labeling.proposals import Proposal, proposals_of
from labeling.round_log import latest_round
from tests.projects import MOMENT, truth_of


def label_proposed(project: Project, *, count: int, annotator: str = "ann") -> None:
    """Answer the best proposals of the newest round with their true class, as the label card does."""
    truth = truth_of(project)
    with project.database.transaction() as session:
        newest = latest_round(session)
        assert newest is not None
        annotator_id = ensure_annotator(session, name=annotator)
        ids = {entry.name: entry.id for entry in list_classes(session)}
        for proposal in proposals_of(session, round_number=newest.number)[:count]:
            new = answer_to(proposal, class_id=ids[truth[proposal.item_key]])
            record(session, new=new, annotator_id=annotator_id, now=MOMENT)


def answer_to(proposal: Proposal, *, class_id: int) -> NewAnnotation:
    """Return the annotation that answers a proposal with a class."""
    return NewAnnotation(
        uid=f"answer-{proposal.round_number:04d}-{proposal.item_key}",
        item_key=proposal.item_key,
        act=Act.LABEL,
        class_id=class_id,
        round_number=proposal.round_number,
        strategy=proposal.strategy,
        kind=proposal.kind,
        suggested_class_id=proposal.class_id,
    )


def play(project: Project, *, rounds: int, each: int = 8) -> None:
    """Run so many rounds, each but the last answered."""
    for number in range(rounds):
        run_now(project)
        if number < rounds - 1:
            label_proposed(project, count=each)
