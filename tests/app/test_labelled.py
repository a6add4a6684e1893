"""The array of labels that all sessions share."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from app.labelled import RunningLabels, class_codes
from app.project import Project
from labeling.classes import list_classes
from tests.projects import label, label_some


def read(project: Project, running: RunningLabels) -> np.ndarray:
    with project.database.reading() as session:
        return running.read(session)


def expected(project: Project, labels: dict[str, str]) -> list[int]:
    with project.database.reading() as session:
        ids = {entry.name: entry.id for entry in list_classes(session)}
    return [ids[labels[key]] if key in labels else -1 for key in project.pool.keys(range(project.pool.n))]


def test_read__follows_what_is_labelled(clouds: Project) -> None:
    running = RunningLabels(clouds.pool)
    assert (read(clouds, running) == -1).all()
    labels = label_some(clouds, each=2)
    assert read(clouds, running).tolist() == expected(clouds, labels)
    more = dict.fromkeys(clouds.pool.keys([90, 91]), "other")
    label(clouds, more)
    assert read(clouds, running).tolist() == expected(clouds, labels | more)


def test_read__what_was_handed_out_stays_as_it_was(clouds: Project) -> None:
    running = RunningLabels(clouds.pool)
    before = read(clouds, running)
    label_some(clouds)
    after = read(clouds, running)
    assert (before == -1).all() and (after >= 0).any()
    with pytest.raises(ValueError, match="read-only"):
        after[0] = 1


def test_read__one_array_for_all_while_nothing_is_new(clouds: Project) -> None:
    label_some(clouds)
    running = RunningLabels(clouds.pool)
    assert read(clouds, running) is read(clouds, running)


def test_read__from_many_threads(clouds: Project) -> None:
    labels = label_some(clouds)
    running = RunningLabels(clouds.pool)
    found: list[list[int]] = []
    threads = [
        threading.Thread(target=lambda: found.append(read(clouds, running).tolist())) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected(clouds, labels)] * 6


def test_class_codes__places_and_none() -> None:
    ids = np.array([7, -1, 3, 99, 7])
    assert class_codes(ids, [3, 7]).tolist() == [1, -1, 0, -1, 1]
    assert class_codes(ids, []).tolist() == [-1] * 5
    assert class_codes(ids[:0], [3]).tolist() == []
