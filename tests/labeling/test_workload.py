from __future__ import annotations

from datetime import timedelta

from labeling.annotations import Act
from labeling.annotators import ensure_annotator
from labeling.queue import lease_next, store_proposals
from labeling.workload import workloads
from tests.labeling.store import NOW, Project, proposals


def test_workloads__labels_leases_and_times_of_each(project: Project) -> None:
    project.label("a")
    project.undo("b", project.label("b").uid)
    project.act("c", Act.SKIP)
    for key in "xyz":
        project.label(key, by=project.bob)
    with project.database.transaction() as session:
        ensure_annotator(session, name="idle")
        store_proposals(session, proposals=proposals(1, ["p", "q"]))
        lease_next(session, annotator_id=project.ann, count=2, lease_s=3600)
    with project.database.reading() as session:
        today = workloads(session, today=NOW, times_read=2)
        tomorrow = workloads(session, today=NOW + timedelta(days=1), times_read=2)
    found = [
        (entry.name, entry.labels, entry.labels_today, len(entry.times), entry.leases, entry.gold)
        for entry in today
    ]
    assert found == [("bob", 3, 3, 2, 0, None), ("ann", 1, 1, 1, 2, None)]
    assert [entry.labels_today for entry in tomorrow] == [0, 0]
