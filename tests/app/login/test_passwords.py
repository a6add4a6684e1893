from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.errors import PasswordError
from app.login.passwords import PasswordFile


@pytest.fixture
def passwords(tmp_path: Path) -> PasswordFile:
    made = PasswordFile(tmp_path / "passwords.json")
    made.set("Zoë", "correct horse battery")
    return made


def test_check__right_wrong_and_unknown(passwords: PasswordFile) -> None:
    assert passwords.check("Zoë", "correct horse battery")
    assert passwords.check("Zoe\u0308", "correct horse battery")
    assert not passwords.check("Zoë", "correct horse batterx")
    assert not passwords.check("zoë", "correct horse battery")
    assert not passwords.check("nobody", "nobody has this password")
    assert not passwords.check("Zoë", "")


def test_check__unknown_name_costs_a_hash_too(
    passwords: PasswordFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    real = passwords._hasher.verify

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            hashed.append(stored)
            return real(stored, password)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    passwords.check("Zoë", "wrong wrong wrong")
    passwords.check("nobody", "wrong wrong wrong")
    assert len(hashed) == 2
    # The same kind of hash with the same cost: what stands before the salt.
    assert len({stored.rsplit("$", 2)[0] for stored in hashed}) == 1


def test_set__stores_a_hash_in_a_file_for_its_owner(passwords: PasswordFile) -> None:
    content = passwords.path.read_text("utf-8")
    assert "horse" not in content
    assert json.loads(content)["Zoë"].startswith("$argon2id$")
    assert passwords.path.stat().st_mode & 0o777 == 0o600
    passwords.set("Zoë", "another long password")
    passwords.set("bob", "correct horse battery")
    assert passwords.names() == ["Zoë", "bob"]
    assert not passwords.check("Zoë", "correct horse battery")
    assert [path.name for path in passwords.path.parent.iterdir()] == ["passwords.json"]


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_set__refuses_what_is_too_short_or_long(passwords: PasswordFile, password: str) -> None:
    with pytest.raises(PasswordError, match="10 to 200 characters") as problem:
        passwords.set("bob", password)
    assert not password or password not in str(problem.value)


def test_remove__lets_nobody_in(passwords: PasswordFile) -> None:
    assert passwords.remove("Zoë")
    assert not passwords.remove("Zoë")
    assert not passwords.check("Zoë", "correct horse battery")


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o666])
def test_check__refuses_a_file_that_others_may_read_or_change(passwords: PasswordFile, mode: int) -> None:
    passwords.path.chmod(mode)
    with pytest.raises(PasswordError, match="chmod 600"):
        passwords.check("Zoë", "correct horse battery")


def test_check__group_may_read(passwords: PasswordFile) -> None:
    passwords.path.chmod(0o640)
    assert passwords.check("Zoë", "correct horse battery")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"ann": "plain text password"}', '{"ann": 7}', "[" * 100_000, "\xff"]
)
def test_names__refuses_what_is_no_password_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "passwords.json"
    path.write_bytes(content.encode("latin-1"))
    path.chmod(0o600)
    with pytest.raises(PasswordError, match="not one of goldpan's") as problem:
        PasswordFile(path).names()
    assert "plain text" not in str(problem.value)


def test_names__missing_file(tmp_path: Path) -> None:
    with pytest.raises(PasswordError, match="cannot be read: No such file"):
        PasswordFile(tmp_path / "none.json").names()


def test_set__folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PasswordError, match="cannot be written"):
        PasswordFile(tmp_path / "gone" / "passwords.json").set("ann", "long enough password")
    assert os.listdir(tmp_path) == []
