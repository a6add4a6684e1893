"""A pool that grows: what is known of its items stays, and only the new ones are encoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.encoded import remember_vectors
from app.prepare import refresh_pool
from app.project import Project, open_project
from labeling.annotations import current_labels
from models.encoders.contract import FloatArray, ItemSource
from models.encoders.tabular import FittedTabular
from models.vectors import open_vectors
from tests.projects import label_some


class Counted:
    """Counts the rows that the encoder of tables encodes, and lets it last over a change of the pool."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, state: str = "always the same") -> None:
        self.rows: list[int] = []
        plain = FittedTabular.transform

        def transform(fitted: FittedTabular, source: ItemSource, start: int, stop: int) -> FloatArray:
            self.rows.extend(range(start, stop))
            return plain(fitted, source, start, stop)

        monkeypatch.setattr(FittedTabular, "transform", transform)
        monkeypatch.setattr(FittedTabular, "state", lambda fitted: state, raising=False)


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch, clouds: Project) -> Counted:
    """Clouds whose vectors were made by an encoder that can tell that it stayed the same."""
    counted = Counted(monkeypatch)
    clouds.paths.vectors.joinpath("vectors.json").unlink()
    from app.prepare import resume_preparation

    resume_preparation(clouds.paths.config).close()
    counted.rows.clear()
    return counted


def change_table(folder: Path, *, added: int = 0, changed: int = 0, backwards: bool = False) -> None:
    lines = (folder / "clouds.csv").read_text(encoding="utf-8").splitlines()
    rows = lines[1:]
    for place in range(changed):
        key = rows[place].split(",")[0]
        rows[place] = f"{key},9,9,9,9,rare"
    rows += [f"new-{number},1,2,3,{number},rare" for number in range(added)]
    rows = rows[::-1] if backwards else rows
    (folder / "clouds.csv").write_text("\n".join([lines[0], *rows]) + "\n", encoding="utf-8")


def vectors_by_key(project: Project) -> dict[str, list[float]]:
    array = np.asarray(open_vectors(project.paths.vectors).array)
    return dict(zip(project.pool.keys(np.arange(project.pool.n)), array.tolist(), strict=True))


def test_refresh_pool__new_rows_alone_are_encoded(clouds: Project, lasting: Counted, tmp_path: Path) -> None:
    labels, before = label_some(clouds), vectors_by_key(clouds)
    change_table(tmp_path, added=7)
    refresh_pool(clouds)
    assert lasting.rows == list(range(clouds.pool.n, clouds.pool.n + 7))
    again = open_project(clouds.paths.config)
    after = vectors_by_key(again)
    assert {key: after[key] for key in before} == before
    with again.database.reading() as session:
        assert set(current_labels(session).item_keys) == set(labels)
    again.close()


def test_refresh_pool__changed_rows_are_encoded_and_moved_ones_are_not(
    clouds: Project, lasting: Counted, tmp_path: Path
) -> None:
    before = vectors_by_key(clouds)
    change_table(tmp_path, added=1, changed=3, backwards=True)
    refresh_pool(clouds)
    again = open_project(clouds.paths.config)
    encoded = set(again.pool.keys(np.array(sorted(lasting.rows))))
    assert encoded == {"new-0", "item-000", "item-001", "item-002"}
    after = vectors_by_key(again)
    assert all(after[key] == before[key] for key in before if key not in encoded)
    assert after["item-000"] != before["item-000"]
    open_vectors(again.paths.vectors).verify()
    again.close()


def test_refresh_pool__an_encoder_that_learned_something_else_encodes_all(
    clouds: Project, lasting: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del lasting
    change_table(tmp_path, added=2)
    other = Counted(monkeypatch, state="another")
    refresh_pool(clouds)
    assert sorted(other.rows) == list(range(clouds.pool.n + 2))


def test_refresh_pool__an_encoder_fitted_anew_encodes_all(clouds: Project, tmp_path: Path) -> None:
    before = vectors_by_key(clouds)
    change_table(tmp_path, added=40)
    refresh_pool(clouds)
    again = open_project(clouds.paths.config)
    assert open_vectors(again.paths.vectors).state is None
    assert vectors_by_key(again)["item-000"] != before["item-000"]
    again.close()


def test_remember_vectors__cut_short_are_not_known(clouds: Project) -> None:
    file = clouds.paths.vectors / "vectors.npy"
    file.write_bytes(file.read_bytes()[:200])
    assert remember_vectors(clouds.paths) is None
