from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from app.errors import PasswordError, ServerError
from app.login.entrance import Entrance, is_loopback, make_access, warnings_of
from app.login.passwords import PasswordFile
from app.project import Project
from labeling.people import Role, add_person, list_people


def password_file(folder: Path, *names: str) -> Path:
    path = folder / "passwords.json"
    for name in names or ("ann",):
        PasswordFile(path).set(name, "a long enough password")
    return path


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("lab.example", False),
    ],
)
def test_is_loopback__only_this_machine(address: str, inside: bool) -> None:
    assert is_loopback(address) is inside


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5"])
def test_check__network_without_login_is_refused_unless_said(address: str) -> None:
    with pytest.raises(ServerError, match="nobody has to sign in; give --login FILE"):
        Entrance().check(address)
    [warning] = Entrance(open_to_network=True).check(address)
    assert "nobody signs in" in warning


def test_check__network_with_login_wants_tls(tmp_path: Path) -> None:
    path = password_file(tmp_path)
    [warning] = Entrance(password_file=path).check("0.0.0.0")
    assert "TLS" in warning
    assert Entrance(password_file=path, behind_tls=True).check("0.0.0.0") == []
    assert Entrance(password_file=path).check("127.0.0.1") == []


def test_check__contradictions(tmp_path: Path) -> None:
    path = password_file(tmp_path)
    with pytest.raises(ServerError, match="two ways to sign in"):
        Entrance(password_file=path, oauth_provider="github").check("127.0.0.1")
    with pytest.raises(ServerError, match="give --oauth-provider too"):
        Entrance(oauth_admit=Role.VIEWER).check("127.0.0.1")
    with pytest.raises(PasswordError, match="cannot be read"):
        Entrance(password_file=tmp_path / "none").check("127.0.0.1")


def test_make_access__cookie_is_the_project_s_own(
    clouds: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOLDPAN_COOKIE_SECRET", raising=False)
    assert make_access(Entrance(), clouds) is None
    access = make_access(Entrance(password_file=password_file(tmp_path), behind_tls=True), clouds)
    assert access is not None and access.behind_tls
    assert access.cookie.startswith("goldpan_") and access.secret not in repr(access)


def test_warnings_of__strangers_and_no_admin(clouds: Project, tmp_path: Path) -> None:
    entrance = Entrance(password_file=password_file(tmp_path, "ann", "bob"))
    assert len(warnings_of(entrance, clouds)) == 2
    with clouds.database.transaction() as session:
        add_person(session, name="ann", role=Role.ADMIN, now=dt.datetime.now(dt.UTC))
        assert len(list_people(session)) == 1
    [warning] = warnings_of(entrance, clouds)
    assert warning.endswith("here: bob")
    assert warnings_of(Entrance(), clouds) == []
