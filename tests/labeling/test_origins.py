from __future__ import annotations

from labeling.annotations import Act
from labeling.origins import label_origins, proposal_rounds
from labeling.queue import store_proposals
from labeling.round_log import finish_round, start_round
from tests.labeling.store import NOW, Project, proposals


def run_round(project: Project, *, revision: int) -> None:
    with project.database.transaction() as session:
        number = start_round(session, revision=revision, seed=1, owner="me:1", now=NOW)
        assert number is not None
        finish_round(session, number=number, labels_used=revision, metrics={}, hashes={}, now=NOW)


def test_label_origins__nothing_labelled(project: Project) -> None:
    with project.database.reading() as session:
        found = label_origins(session)
    assert (found.item_keys, found.annotator_ids.tolist(), found.first_rounds.tolist()) == ((), [], [])


def test_label_origins__who_labelled_and_which_round_learned_it(project: Project) -> None:
    project.label("a")
    project.label("b", by=project.bob)
    run_round(project, revision=2)
    project.label("c")
    run_round(project, revision=3)
    project.label("d", by=project.bob)
    with project.database.reading() as session:
        found = label_origins(session)
    assert found.item_keys == ("a", "b", "c", "d")
    assert found.annotator_ids.tolist() == [project.ann, project.bob, project.ann, project.bob]
    assert found.first_rounds.tolist() == [1, 1, 2, 0]


def test_label_origins__only_what_counts_and_is_a_label(project: Project) -> None:
    first = project.label("a")
    project.undo("a", first.uid)
    project.act("b", Act.SKIP)
    project.label("c")
    project.label("c", project.galaxy, by=project.bob)
    with project.database.reading() as session:
        found = label_origins(session)
    assert found.item_keys == ("c",)
    assert found.annotator_ids.tolist() == [project.bob]


def test_proposal_rounds__the_newest_of_each_item(project: Project) -> None:
    with project.database.transaction() as session:
        store_proposals(session, proposals=proposals(1, ["a", "b"]))
        store_proposals(session, proposals=proposals(2, ["b", "c"]))
    with project.database.reading() as session:
        keys, rounds = proposal_rounds(session)
    assert dict(zip(keys, rounds.tolist(), strict=True)) == {"a": 1, "b": 2, "c": 2}
