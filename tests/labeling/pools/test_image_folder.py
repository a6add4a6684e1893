from __future__ import annotations

from pathlib import Path

import pytest

from config.schema import PoolSection
from labeling.pools.errors import PoolColumnsError, PoolEmptyError, PoolReaderError
from labeling.pools.image_folder import read_file
from labeling.pools.truth import read_truth
from tests.labeling.pools.files import image_bytes, snapshot


def fill(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image_bytes(number))


def test_read_image_folder__keys_are_paths_in_their_order(tmp_path: Path) -> None:
    fill(tmp_path / "in", "b.PNG", "a/z.jpg", "a/B.png", "é/🦀.webp", "a.gif")
    pool = snapshot(tmp_path, PoolSection(path="in"))
    assert pool.keys(range(5)) == ["a.gif", "a/B.png", "a/z.jpg", "b.PNG", "é/🦀.webp"]
    assert read_truth(pool.folder) is None


def test_read_image_folder__hidden_and_other_files_are_skipped(tmp_path: Path) -> None:
    fill(tmp_path / "in", "a.png", ".b.png", ".git/c.png", "notes.txt", "d.png/e.png")
    assert snapshot(tmp_path, PoolSection(path="in")).keys([0, 1]) == ["a.png", "d.png/e.png"]


def test_read_image_folder__damaged_images_are_kept_as_unreadable(tmp_path: Path) -> None:
    fill(tmp_path / "in", "a.png", "b.png", "c.png", "d.png")
    (tmp_path / "in/b.png").write_bytes(b"")
    (tmp_path / "in/c.png").write_text("I am a text file")
    (tmp_path / "in/d.png").write_bytes(image_bytes()[:100])
    pool = snapshot(tmp_path, PoolSection(path="in"))
    assert pool.readable.tolist() == [True, False, False, False]
    assert [pool.view(row).type for row in range(4)] == ["image"] + ["unreadable"] * 3
    assert "0 bytes" in str(pool.view(1).problem)
    assert "not an image" in str(pool.view(2).problem)
    assert "cut short" in str(pool.view(3).problem)
    assert pool.images(0, 4)[1:] == [None, None, None]
    assert pool.image(2) is None
    assert any("3 items cannot be read" in note for note in pool.notes)


def test_read_image_folder__links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "secret.png", "elsewhere/x.png")
    fill(tmp_path / "in", "a.png")
    (tmp_path / "in/out.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "in/folder").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in/loop.png").symlink_to(tmp_path / "in/loop.png")
    (tmp_path / "in/inside.png").symlink_to(tmp_path / "in/a.png")
    pool = snapshot(tmp_path, PoolSection(path="in"))
    assert pool.keys(range(pool.n)) == ["a.png", "inside.png"]
    assert any("2 symbolic links lead out" in note for note in pool.notes)


def test_read_file__path_that_leads_out_gives_nothing(tmp_path: Path) -> None:
    fill(tmp_path, "secret.png", "in/a.png")
    assert read_file(tmp_path / "in", "a.png") is not None
    assert read_file(tmp_path / "in", "../secret.png") is None
    assert read_file(tmp_path / "in", str(tmp_path / "secret.png")) is None
    (tmp_path / "in/later.png").symlink_to(tmp_path / "secret.png")
    assert read_file(tmp_path / "in", "later.png") is None


def test_read_image_folder__sub_folders_are_labels_only_when_asked(tmp_path: Path) -> None:
    fill(tmp_path / "in", "train/cat/1.png", "train/dog/1.png", "2.png")
    pool = snapshot(tmp_path, PoolSection(path="in", labels_from_folders=True))
    truth = read_truth(pool.folder)
    assert truth is not None
    assert sorted(truth) == ["", "cat", "dog"]
    assert not any("cat" in key or "dog" in key or "/" in key for key in pool.keys(range(3)))
    assert pool.image(0) is not None


def test_read_image_folder__keys_with_labels_stay_when_other_files_come(tmp_path: Path) -> None:
    fill(tmp_path / "in", "cat/1.png", "dog/2.png")
    section = PoolSection(path="in", labels_from_folders=True)
    before = set(snapshot(tmp_path, section).keys([0, 1]))
    fill(tmp_path / "in/dog", "1.png")
    assert before < set(snapshot(tmp_path, section).keys(range(3)))


def test_read_image_folder__no_image(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/notes.txt").write_text("none")
    with pytest.raises(PoolEmptyError, match="no image in it"):
        snapshot(tmp_path, PoolSection(path="in"))


def test_read_image_folder__file_in_place_of_a_folder(tmp_path: Path) -> None:
    fill(tmp_path, "a.png")
    with pytest.raises(PoolReaderError, match="not a folder"):
        snapshot(tmp_path, PoolSection(path="a.png", reader="image_folder"))


def test_read_image_folder__columns_make_no_sense(tmp_path: Path) -> None:
    fill(tmp_path / "in", "a.png")
    with pytest.raises(PoolColumnsError, match="has no columns"):
        snapshot(tmp_path, PoolSection(path="in", truth="label"))


def test_read_image_folder__image_that_goes_later_gives_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "in", "a.png", "b.png")
    pool = snapshot(tmp_path, PoolSection(path="in"))
    (tmp_path / "in/a.png").unlink()
    assert pool.image(0) is None
    assert pool.image(1) is not None


def test_read_image_folder__project_and_images_moved_together_are_found(tmp_path: Path) -> None:
    fill(tmp_path / "one/in", "a.png")
    snapshot(tmp_path / "one", PoolSection(path="in"))
    (tmp_path / "one").rename(tmp_path / "two")
    from labeling.pools.snapshot import open_pool

    assert open_pool(tmp_path / "two/project.goldpan/pool").image(0) is not None
