from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import ServerError
from app.login.cookie_secret import FILE_NAME, VARIABLE, cookie_secret


@pytest.fixture(autouse=True)
def _not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_cookie_secret__is_made_once_for_its_owner(tmp_path: Path) -> None:
    first = cookie_secret(tmp_path)
    assert len(first) >= 32 and cookie_secret(tmp_path) == first
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    other = tmp_path / "other"
    other.mkdir()
    assert cookie_secret(other) != first


def test_cookie_secret__environment_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "s" * 40)
    assert cookie_secret(tmp_path) == "s" * 40
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["", "short", " " * 60])
def test_cookie_secret__too_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(VARIABLE, given)
    with pytest.raises(ServerError, match="at least 32"):
        cookie_secret(tmp_path)


@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_cookie_secret__others_can_read_it(tmp_path: Path, mode: int) -> None:
    cookie_secret(tmp_path)
    (tmp_path / FILE_NAME).chmod(mode)
    with pytest.raises(ServerError, match="others can read"):
        cookie_secret(tmp_path)


def test_cookie_secret__damaged_file(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe")
    (tmp_path / FILE_NAME).chmod(0o600)
    with pytest.raises(ServerError, match="cannot be read or made"):
        cookie_secret(tmp_path)
