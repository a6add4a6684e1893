"""What the Team card shows: who labelled how much and how well, who agrees with whom, which classes people confuse."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from app.progress import TIMES_READ, pace_of
from app.project import Project
from app.team import Team, read_team
from labeling.agreement import (
    Alpha,
    ClassAgreement,
    PairAgreement,
    class_agreement,
    items_disagreed,
    items_said_both,
    krippendorff_alpha,
    pair_agreement,
)
from labeling.annotators import annotator_names
from labeling.consensus.quality import AnnotatorQuality, annotator_quality
from labeling.labels import label_times

RELIABLE, TENTATIVE = 0.8, 0.667
"""Alpha from which agreement is called reliable, or enough for tentative conclusions (Krippendorff 2004, "Content
Analysis", chapter 11)."""

SURE_ENOUGH = 0.1
"""Width of alpha's interval from which more items would tell more."""


@dataclass(frozen=True)
class TeamFigures:
    """The figures of the Team card; a annotators, k classes.

    Attributes:
        team: the votes, and what they add up to.
        quality: how well each annotator agrees with the consensus.
        paces: labels a minute of each lately; None where unknown.
        alpha: agreement of all together.
        pairs: agreement of each pair.
        by_class: agreement on each class.
    """

    team: Team
    quality: tuple[AnnotatorQuality, ...]
    paces: tuple[float | None, ...]
    alpha: Alpha
    pairs: PairAgreement
    by_class: ClassAgreement

    @property
    def annotators(self) -> tuple[str, ...]:
        """The names of the annotators."""
        return self.team.table.annotators

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return tuple(entry.name for entry in self.team.classes)

    def differing(self, annotator: int) -> npt.NDArray[np.int64]:
        """Return the items that an annotator gave another class than the consensus has, where several people voted."""
        votes = self.team.table.votes
        judged = (votes.per_item[votes.items] >= 2) | (votes.settled[votes.items] >= 0)
        wrong = votes.classes != self.team.consensus.classes[votes.items]
        return np.unique(votes.items[(votes.annotators == annotator) & judged & wrong])

    def divided(self, first: int, second: int) -> npt.NDArray[np.int64]:
        """Return the items that two annotators gave different classes."""
        return items_disagreed(self.team.table.votes, first, second)

    def confused(self, first: int, second: int) -> npt.NDArray[np.int64]:
        """Return the items to which one person gave one class and another person the other."""
        return items_said_both(self.team.table.votes, first, second)

    def keys(self, items: npt.NDArray[np.int64]) -> list[str]:
        """Return the keys of items."""
        return [self.team.table.item_keys[item] for item in items]


def read_team_figures(project: Project, *, round_number: int) -> TeamFigures | None:
    """Compute the figures; takes seconds at 10^5 items, so it is called in a thread.

    Args:
        project: the opened project.
        round_number: the last finished round; 0 for none.

    Returns:
        The figures; None where one person alone has labelled, or nobody.
    """
    team = read_team(project, round_number=round_number)
    if team is None:
        return None
    with project.database.reading() as session:
        ids = {name: number for number, name in annotator_names(session).items()}
        times = [
            label_times(session, annotator_id=ids[name], limit=TIMES_READ) for name in team.table.annotators
        ]
    votes = team.table.votes
    return TeamFigures(
        team=team,
        quality=annotator_quality(votes, team.consensus),
        paces=tuple(pace_of(each) for each in times),
        alpha=krippendorff_alpha(votes),
        pairs=pair_agreement(votes),
        by_class=class_agreement(votes),
    )


def alpha_words(alpha: Alpha) -> str:
    """Say in plain words what Krippendorff's alpha means here."""
    if alpha.value is None or alpha.low is None or alpha.high is None:
        if not alpha.items:
            return "No item has been labelled by two people yet, so nothing can be said of their agreement."
        return "Everybody gave the same one class, so nothing can be said of agreement beyond chance."
    items = "1 item" if alpha.items == 1 else f"{alpha.items:,} items"
    if alpha.low >= RELIABLE:
        verdict = "People agree reliably."
    elif alpha.high < TENTATIVE:
        verdict = (
            "That is too little to rely on one person's labels: say more clearly what belongs in the classes that are "
            "confused, and let several people label the same items."
        )
    elif alpha.low >= TENTATIVE:
        verdict = (
            "That is enough for tentative conclusions; the confused classes below are where more is to gain."
        )
    elif alpha.high - alpha.low < SURE_ENOUGH:
        verdict = "That is just about enough for tentative conclusions; the confused classes below are where to gain."
    else:
        verdict = "Too few items tell yet whether that is enough; let people label more of the same items."
    return (
        f"Agreement beyond chance is {alpha.value:.2f} ({alpha.low:.2f} to {alpha.high:.2f}), where 1 is perfect and 0 "
        f"is what guessing would bring; from {items} that two or more people labelled (Krippendorff's alpha). {verdict}"
    )


def most_divided(figures: TeamFigures, *, most: int) -> list[tuple[int, int, int]]:
    """Return pairs of annotators with the most items on which they differ: (first, second, items), most first."""
    pairs = figures.pairs
    found = []
    for first, second in combinations(range(len(figures.annotators)), 2):
        common = int(pairs.common[first, second])
        if common:
            found.append((first, second, round(common * (1 - float(pairs.share[first, second])))))
    return sorted((each for each in found if each[2]), key=lambda each: -each[2])[:most]


def most_confused_classes(figures: TeamFigures, *, most: int) -> list[tuple[int, int, int]]:
    """Return pairs of classes that people confuse most: (first, second, items), most first."""
    upper = np.triu(figures.by_class.confused, k=1)
    order = np.argsort(-upper, axis=None, kind="stable")[:most]
    rows, columns = np.unravel_index(order, upper.shape)
    return [
        (int(row), int(column), int(upper[row, column]))
        for row, column in zip(rows, columns, strict=True)
        if upper[row, column]
    ]
