"""A person's own data, of every kind, from a file or folder to proposals on the API's side."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from app.api_store import next_items
from app.context import make_context
from app.prepare import create_project
from app.project import Project
from app.run_now import run_first
from app.setup import ProjectWishes, make_config
from config.errors import GoldpanError
from labeling.errors import DatabaseTooNewError
from tests.projects import make_clouds


def made(folder: Path, **wishes: object) -> Project:
    path = folder / "own.yaml"
    values = {"name": "own", **wishes}
    project = create_project(make_config(ProjectWishes(**values), path), path)  # type: ignore[arg-type]
    run_first(project, lambda share, what: None)
    return project


def first_items(project: Project) -> list[dict[str, object]]:
    context = make_context(project, hosts=frozenset())
    items: list[dict[str, object]] = next_items(context, count=100, keep=())["items"]
    return items


def picture(seed: int, size: int = 12) -> bytes:
    values = np.random.default_rng(seed).integers(0, 255, (size, size, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(values).save(target, format="PNG")
    return target.getvalue()


def test_image_folder__broken_ones_are_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    for number in range(12):
        place = folder / ("cats" if number % 2 else "dogs")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:02d}.png").write_bytes(picture(number))
    (folder / "cut.png").write_bytes(picture(99)[:60])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("not an image", encoding="utf-8")
    project = made(tmp_path, pool=str(folder))
    keys = {str(item["key"]) for item in first_items(project)}
    assert keys == {f"{'cats' if number % 2 else 'dogs'}/{number:02d}.png" for number in range(12)}
    row = project.pool.row("cut.png")
    assert row is not None
    assert project.pool.view(row).type == "unreadable"
    assert project.pool.view(row).problem
    project.close()


def test_vectors__as_they_are(tmp_path: Path) -> None:
    vectors = np.random.default_rng(1).normal(size=(30, 7)).astype(np.float32)
    np.save(tmp_path / "v.npy", vectors)
    project = made(tmp_path, pool=str(tmp_path / "v.npy"))
    assert len(first_items(project)) == 30
    stored = np.load(project.paths.vectors / "vectors.npy", allow_pickle=False)
    assert np.array_equal(stored, vectors)
    project.close()


def test_vectors__list_column_of_parquet(tmp_path: Path) -> None:
    vectors = np.random.default_rng(1).normal(size=(20, 5)).astype(np.float32)
    frame = pd.DataFrame({"id": [f"v{number}" for number in range(20)], "embedding": list(vectors)})
    frame.to_parquet(tmp_path / "v.parquet")
    project = made(tmp_path, pool=str(tmp_path / "v.parquet"), vectors="embedding")
    assert {str(item["key"]) for item in first_items(project)} == set(frame["id"])
    project.close()


def test_text_column__with_tfidf(tmp_path: Path) -> None:
    words = ["card lost again", "transfer is late", "exchange rate today", "top up failed twice"]
    frame = pd.DataFrame({"id": range(24), "text": [f"{words[n % 4]} number {n}" for n in range(24)]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    project = made(tmp_path, pool=str(tmp_path / "t.csv"), text="text", key="id", encoder="text_tfidf")
    item = first_items(project)[0]
    assert isinstance(item["view"], dict)
    assert item["view"]["type"] == "text"
    assert "number" in item["view"]["text"]
    project.close()


def test_table__with_missing_infinite_categories_and_markup(tmp_path: Path) -> None:
    generator = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "id": [f"<b>{number}</b>" for number in range(40)],
            "a": np.where(np.arange(40) % 7 == 0, np.nan, generator.normal(size=40)),
            "b": np.where(np.arange(40) % 9 == 0, np.inf, generator.lognormal(size=40) * 1e6),
            "c": generator.choice(["x", "y", "<script>alert(1)</script>"], 40),
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    project = made(tmp_path, pool=str(tmp_path / "t.csv"), key="id")
    assert len(first_items(project)) == 40
    assert any("missing" in note or "infinite" in note for note in project.pool.notes)
    project.close()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", b"id,a\n1,2\n2,3,4\n", "3"),
        ("t.csv", b"id,a\n", "no items|0 rows|no rows"),
        ("t.csv", b"id,a\n1,\xff\xfe\n", "UTF-8"),
        ("v.npy", b"\x93NUMPY broken", "npy"),
        ("t.parquet", b"PAR1 broken PAR1", "parquet"),
    ],
)
def test_broken_files__say_what_is_wrong_and_leave_nothing(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(GoldpanError, match=f"(?i){words}"):
        made(tmp_path, pool=str(tmp_path / name))
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_open_project__database_of_a_newer_goldpan(tmp_path: Path) -> None:
    from app.project import open_project

    project = make_clouds(tmp_path)
    project.close()
    with sqlite3.connect(project.paths.folder / "labels.sqlite") as connection:
        connection.execute("update goldpan_version set version_num = '9999'")
    with pytest.raises(DatabaseTooNewError, match="newer"):
        open_project(project.paths.config)
