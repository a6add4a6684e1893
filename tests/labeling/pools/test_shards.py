"""Names of shards: one, a pattern, a sequence; what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeling.pools.errors import PoolMissingError, PoolReaderError
from labeling.pools.shards import expanded, is_pattern, local_shards, names_shards, shard_root
from tests.labeling.pools.files import image_member, write_tar


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.tar", ["a.tar"]),
        ("a-{08..11}.tar", ["a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"]),
        ("{x,y}-{1..2}.zip", ["x-1.zip", "x-2.zip", "y-1.zip", "y-2.zip"]),
    ],
)
def test_expanded__in_order(text: str, names: list[str]) -> None:
    assert list(expanded(text)) == names
    assert is_pattern(text) == (len(names) > 1)
    assert names_shards(text)


@pytest.mark.parametrize("text", ["a-{3..2}.tar", "a-{0..99999999}.tar"])
def test_expanded__of_no_or_too_many_names(text: str) -> None:
    with pytest.raises(PoolReaderError, match="allowed are 1 to 1,000,000"):
        list(expanded(text))


def test_shard_root__is_before_the_first_sign_of_a_pattern() -> None:
    assert shard_root(Path("/x/y/a.tar")) == Path("/x/y")
    assert shard_root(Path("/x/*/y/a-{0..3}.tar")) == Path("/x")


def test_local_shards__of_a_pattern_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.tar", "a.tar", "sub/c.tar"):
        write_tar(tmp_path / name, [image_member(0)])
    assert [path.name for path in local_shards(tmp_path / "*.tar")] == ["a.tar", "b.tar"]


def test_local_shards__a_file_may_be_called_like_a_pattern(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a[1]-{0..1}.tar", [image_member(0)])
    assert local_shards(path) == [path]


def test_local_shards__one_of_a_sequence_is_missing(tmp_path: Path) -> None:
    for number in (0, 1, 3):
        write_tar(tmp_path / f"a-{number}.tar", [image_member(0)])
    with pytest.raises(PoolMissingError, match=r"1 of the shards of .* is not there: .*a-2\.tar;"):
        local_shards(tmp_path / "a-{0..3}.tar")
    with pytest.raises(PoolMissingError, match=r"b-\*\.tar"):
        local_shards(tmp_path / "b-*.tar")


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tgz", "a.tar.zst"])
def test_local_shards__packed_as_a_whole(tmp_path: Path, name: str) -> None:
    with pytest.raises(PoolReaderError, match=r"write plain \.tar or \.zip"):
        local_shards(tmp_path / name)
