"""The figures of the Team card, over a real project."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.project import Project
from app.run_now import run_now
from app.team import read_team
from app.team_figures import (
    TeamFigures,
    alpha_words,
    most_confused_classes,
    most_divided,
    read_team_figures,
)
from labeling.agreement import Alpha
from labeling.classes import archive_class, list_classes
from tests.app.test_round_consensus import overlap, wrong_class
from tests.projects import label, label_some, truth_of


@pytest.fixture
def figures(clouds: Project) -> TeamFigures:
    overlap(clouds)
    found = read_team_figures(clouds, round_number=0)
    assert found is not None
    return found


def test_read_team_figures__one_person_is_no_team(clouds: Project) -> None:
    assert read_team_figures(clouds, round_number=0) is None
    label_some(clouds)
    assert read_team_figures(clouds, round_number=0) is None


def test_read_team_figures__whom_to_believe(figures: TeamFigures) -> None:
    assert figures.annotators == ("ann", "bob", "cyd")
    ann, bob, cyd = (each.agreement for each in figures.quality)
    assert ann is not None and bob is not None and cyd is not None
    assert ann > 0.8 and bob > 0.8 and cyd < 0.2
    assert figures.pairs.share[0].tolist() == [1.0, 1.0, 0.0]
    assert figures.paces == (None, None, None)  # all labels of the test are of one moment


def test_differing__and_divided_are_the_items_behind_the_figures(
    figures: TeamFigures, clouds: Project
) -> None:
    truth = dict(list(truth_of(clouds).items())[:20])
    assert len(figures.differing(0)) == 0
    assert figures.keys(figures.differing(2)) == sorted(truth)
    assert len(figures.divided(0, 1)) == 0
    assert len(figures.divided(1, 2)) == 20


def test_most_confused_classes__the_largest_first(figures: TeamFigures, clouds: Project) -> None:
    truth = list(truth_of(clouds).values())[:20]
    expected = {frozenset((name, wrong_class(name))) for name in truth}
    found = most_confused_classes(figures, most=8)
    names = figures.class_names
    assert {frozenset((names[one], names[other])) for one, other, _ in found} == expected
    assert [items for _, _, items in found] == sorted((items for _, _, items in found), reverse=True)
    assert sum(items for _, _, items in found) == 20
    for one, other, items in found:
        assert len(figures.confused(one, other)) == items


def test_most_divided__leaves_out_who_agrees(figures: TeamFigures) -> None:
    assert most_divided(figures, most=8) == [(0, 2, 20), (1, 2, 20)]
    assert most_divided(figures, most=1) == [(0, 2, 20)]


def test_read_team__the_last_round_has_a_say(clouds: Project) -> None:
    truth = truth_of(clouds)
    keys = list(truth)
    label(clouds, {key: truth[key] for key in keys[:60]})
    torn = keys[60:66]
    label(clouds, {key: truth[key] for key in torn})
    label(clouds, {key: wrong_class(truth[key]) for key in torn}, annotator="bob")
    run_now(clouds)
    team = read_team(clouds, round_number=1)
    assert team is not None
    names = [entry.name for entry in team.classes]
    said = {
        key: names[column] for key, column in zip(team.table.item_keys, team.consensus.classes, strict=True)
    }
    assert {key: said[key] for key in torn} == {key: truth[key] for key in torn}


def test_read_team__after_a_class_went_out_of_use(clouds: Project) -> None:
    overlap(clouds, items=60)
    run_now(clouds)
    with clouds.database.transaction() as session:
        gone = next(entry.id for entry in list_classes(session) if entry.name == "rare")
        archive_class(session, class_id=gone)
    team = read_team(clouds, round_number=1)
    assert team is not None
    assert [entry.name for entry in team.classes] == ["common", "other"]
    assert team.consensus.probabilities.shape[1] == 2


@pytest.mark.parametrize(
    ("alpha", "words"),
    [
        (Alpha(0.9, 0.85, 0.95, 300), "reliably"),
        (Alpha(0.72, 0.7, 0.75, 300), "tentative conclusions"),
        (Alpha(0.5, 0.45, 0.55, 300), "too little to rely on one person's labels"),
        (Alpha(0.67, 0.65, 0.69, 2000), "just about enough"),
        (Alpha(0.7, 0.4, 0.9, 1), "from 1 item that"),
        (Alpha(None, None, None, 0), "No item has been labelled by two people"),
        (Alpha(None, None, None, 4), "the same one class"),
    ],
)
def test_alpha_words__say_what_it_means(alpha: Alpha, words: str) -> None:
    assert words in alpha_words(alpha)


def test_alpha_words__too_few_items_to_tell() -> None:
    assert "Too few items" in alpha_words(replace(Alpha(0.7, 0.4, 0.9, 8)))
