"""Projects for the pictures on which three people labelled: they err, flag, doubt, and answer gold items."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from app.demo import CONFIG_NAME, POOL_NAME, demo_config, write_digits
from app.login.passwords import PasswordFile
from app.prepare import create_project
from app.project import Project, now
from app.run_now import run_now
from config.schema import TeamSection
from labeling.annotations import Act, NewAnnotation, record
from labeling.classes import list_classes
from labeling.gold import GOLD, add_gold
from labeling.people import Role, add_person
from labeling.pools.truth import read_truth
from labeling.queue import Proposal, proposals_of
from labeling.round_log import latest_round
from tests.people import password_of


@dataclass(frozen=True)
class Habits:
    """How a person labels.

    Attributes:
        role: what they may do.
        errs: share of the easily confused items that they take for another class.
        doubts: share of the items of which they are unsure, or that they flag.
        pace_s: seconds an item takes them.
    """

    role: Role
    errs: float
    doubts: float
    pace_s: float


REVIEWER = "ada"
"""Decides, and is not asked gold items: their label is hers."""
PEOPLE = {
    REVIEWER: Habits(Role.ADMIN, errs=0.05, doubts=0.0, pace_s=7.0),
    "ben": Habits(Role.ANNOTATOR, errs=0.15, doubts=0.02, pace_s=5.5),
    "cleo": Habits(Role.ANNOTATOR, errs=0.35, doubts=0.03, pace_s=3.5),
}
TAKEN_FOR = {
    "1": "7", "7": "1", "3": "9", "9": "3", "8": "1", "5": "9", "STAR": "QSO", "QSO": "STAR", "GALAXY": "STAR",
}  # fmt: skip
"""What an item of a class is taken for by whoever errs."""
REMARK = "Could be either; please decide."
ROUNDS, LABELS_A_ROUND = 5, 20
ALONE_EVERY = 5
"""Of so many items one is labelled by one person alone."""
GOLD_ITEMS = 8
BREAK_S = 300.0
SEED = 7


def make_team_digits(folder: Path) -> Project:
    """Make the demo's project with an overlap and gold items."""
    write_digits(folder / POOL_NAME)
    team = TeamSection(overlap=len(PEOPLE), overlap_share=0.8, gold_share=0.05)
    return create_project(demo_config().model_copy(update={"team": team}), folder / CONFIG_NAME)


def label_as_team(project: Project) -> Path:
    """Let the people label what rounds propose, and a last round learn from all of it.

    Returns:
        The file of their passwords.
    """
    passwords = project.paths.config.with_name("passwords.json")
    for name in PEOPLE:
        PasswordFile(passwords).set(name, password_of(name))
    with project.database.transaction() as session:
        ids = {
            name: add_person(session, name=name, role=each.role, now=now()).annotator_id
            for name, each in PEOPLE.items()
        }
    work = _Work(project, ids)
    for number in range(ROUNDS):
        run_now(project)
        work.label_a_round(gold=number == ROUNDS - 2)
    run_now(project)
    return passwords


class _Work:
    """What the people do, each by a clock of their own."""

    def __init__(self, project: Project, ids: dict[str, int]) -> None:
        self._project, self._ids = project, ids
        values = read_truth(project.paths.pool) or ()
        self._truth = dict(zip(project.pool.keys(range(project.pool.n)), map(str, values), strict=True))
        self._chance = np.random.default_rng(SEED)
        longest_s = max(each.pace_s for each in PEOPLE.values()) * (ROUNDS * LABELS_A_ROUND + GOLD_ITEMS)
        # Nobody is ahead of the clock: what takes longest, the breaks, and half as much again for slow items.
        begun = now() - timedelta(seconds=1.5 * longest_s + ROUNDS * BREAK_S)
        self._clocks: dict[str, datetime] = dict.fromkeys(PEOPLE, begun)
        self._done = 0
        self._said: list[tuple[datetime, str, NewAnnotation]] = []

    def label_a_round(self, *, gold: bool) -> None:
        """Label the first items of the last round; the next ones may become gold items."""
        with self._project.database.transaction() as session:
            latest = latest_round(session)
            assert latest is not None
            self._classes = {entry.name: entry.id for entry in list_classes(session)}
            proposals = proposals_of(session, round_number=latest.number)
            for proposal in proposals[:LABELS_A_ROUND]:
                self._label(proposal)
            if gold:
                self._answer_gold(session, proposals[LABELS_A_ROUND : LABELS_A_ROUND + GOLD_ITEMS])
            for when, name, new in sorted(self._said, key=lambda said: said[0]):
                record(session, new=new, annotator_id=self._ids[name], now=when)
            self._said.clear()
        self._clocks = {name: clock + timedelta(seconds=BREAK_S) for name, clock in self._clocks.items()}

    def _label(self, proposal: Proposal) -> None:
        truth = self._truth[proposal.item_key]
        names = list(PEOPLE)
        if self._done % ALONE_EVERY == ALONE_EVERY - 1:
            names = [names[self._done // ALONE_EVERY % len(names)]]
        for name in names:
            act, comment, said = self._say(PEOPLE[name], truth)
            self._note(
                name,
                item_key=proposal.item_key,
                act=act,
                class_id=self._classes[said] if act is Act.LABEL else None,
                comment=comment,
                round_number=proposal.round_number,
                kind=proposal.kind,
                strategy=proposal.strategy,
                suggested_class_id=proposal.class_id,
            )
        self._done += 1

    def _say(self, habits: Habits, truth: str) -> tuple[Act, str, str]:
        drawn, errs = self._chance.random(2)
        if truth in TAKEN_FOR and drawn < habits.doubts * 3:
            return Act.FLAG, REMARK, truth
        if drawn < habits.doubts:
            return Act.UNSURE, "", truth
        return Act.LABEL, "", TAKEN_FOR.get(truth, truth) if errs < habits.errs else truth

    def _answer_gold(self, session: Any, proposals: list[Proposal]) -> None:  # noqa: ANN401 - of labeling.database
        """Make items gold by the reviewer's word; the others answer them, the last person one of them wrongly."""
        keys = [proposal.item_key for proposal in proposals]
        labels = {key: self._classes[self._truth[key]] for key in keys}
        uids = [uuid.uuid4().hex for _ in keys]
        when = self._clocks[REVIEWER]
        add_gold(session, labels=labels, uids=uids, annotator_id=self._ids[REVIEWER], now=when)
        confused = next((key for key in keys if self._truth[key] in TAKEN_FOR), None)
        for name in PEOPLE:
            for key in keys if name != REVIEWER else ():
                truth = self._truth[key]
                said = TAKEN_FOR[truth] if key == confused and name == list(PEOPLE)[-1] else truth
                self._note(name, item_key=key, act=Act.LABEL, class_id=self._classes[said], kind=GOLD)

    def _note(self, name: str, **values: Any) -> None:  # noqa: ANN401 - of an annotation
        self._clocks[name] += timedelta(seconds=PEOPLE[name].pace_s * float(self._chance.uniform(0.5, 1.5)))
        self._said.append((self._clocks[name], name, NewAnnotation(uid=uuid.uuid4().hex, **values)))
