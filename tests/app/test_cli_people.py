"""`goldpan people` and what `goldpan serve` says of it, as an operator meets them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import app as cli
from app.login.passwords import PasswordFile
from app.project import open_project
from config.errors import GoldpanError
from labeling.people import list_people
from labeling.tokens import TokenKind, person_of_secret
from labeling.trail import read_trail
from tests.app.test_cli import goldpan
from tests.people import moment
from tests.projects import label_some, make_clouds
from tests.servers import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_clouds(tmp_path).close()
    return tmp_path


def run(*arguments: str, folder: Path, text: str = "") -> Result:
    """Run `goldpan` in this process; what it refuses is in the result's `exception`, as `main` would tell it."""
    words = [str(folder / each) if each.endswith((".yaml", ".json")) else each for each in arguments]
    return CliRunner().invoke(cli, words, input=text)


def refused(*arguments: str, folder: Path, text: str = "") -> str:
    """Return why `goldpan` refuses something."""
    problem = run(*arguments, folder=folder, text=text).exception
    assert isinstance(problem, GoldpanError), problem
    return str(problem)


def test_people__from_nobody_to_a_team(folder: Path) -> None:
    assert run("people", "add", "clouds.yaml", "ada", "--role", "admin", folder=folder).exit_code == 0
    assert run("people", "add", "clouds.yaml", "bob [b]", folder=folder).exit_code == 0
    assert "there is a person 'ada' already" in refused("people", "add", "clouds.yaml", "ada", folder=folder)
    assert "'ada' is the only admin" in refused("people", "deactivate", "clouds.yaml", "ada", folder=folder)
    run("people", "role", "clouds.yaml", "bob [b]", "reviewer", folder=folder)
    run("people", "deactivate", "clouds.yaml", "bob [b]", folder=folder)
    listed = run("people", "list", "clouds.yaml", folder=folder).stdout
    assert "ada" in listed and any(
        all(word in line for word in ("bob [b]", "reviewer", "no")) for line in listed.split("\n")
    )
    project = open_project(folder / "clouds.yaml")
    with project.database.reading() as session:
        assert [(each.name, each.active) for each in list_people(session)] == [
            ("ada", True),
            ("bob [b]", False),
        ]
    project.close()


def test_password__by_standard_input_and_not_without(folder: Path) -> None:
    run("people", "add", "clouds.yaml", "ada", folder=folder)
    arguments = ("people", "password", "clouds.yaml", "ada", "--login", "pw.json")
    assert "--stdin" in refused(*arguments, folder=folder)
    done = run(*arguments, "--stdin", folder=folder, text="a long enough password\n")
    assert done.exit_code == 0, done.output
    assert PasswordFile(folder / "pw.json").check("ada", "a long enough password")
    assert "long enough" not in done.output
    unknown = ("people", "password", "clouds.yaml", "eve", "--login", "pw.json", "--stdin")
    assert "add them first" in refused(*unknown, folder=folder, text="x\n")


def test_password__asked_for_unseen_on_the_terminal(folder: Path) -> None:
    run("people", "add", "clouds.yaml", "ada", folder=folder)
    command = [sys.executable, "-m", "app", "people", "password", "clouds.yaml", "ada", "--login", "pw.json"]
    number, child = pty.openpty()
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=child, stdout=child, stderr=child, start_new_session=True,
        preexec_fn=_take_terminal,
    )  # fmt: skip
    os.close(child)
    seen = ""
    for _ in range(2):
        while not seen.rstrip().endswith(":"):
            seen += os.read(number, 1000).decode()
        time.sleep(0.2)
        os.write(number, b"typed and never shown\n")
        seen += "\n"
    assert process.wait(timeout=30) == 0, seen
    os.close(number)
    assert "typed" not in seen
    assert PasswordFile(folder / "pw.json").check("ada", "typed and never shown")


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_token__is_shown_once_and_can_be_ended(folder: Path) -> None:
    run("people", "add", "clouds.yaml", "ada", folder=folder)
    made = run("people", "token", "clouds.yaml", "ada", "--for", "nightly", "--days", "3", folder=folder)
    secret = made.stdout.strip()
    assert secret.startswith("goldpan_") and "\n" not in secret and secret not in made.stderr
    listed = run("people", "tokens", "clouds.yaml", folder=folder).stdout
    assert "nightly" in listed and "open" in listed and secret not in listed
    assert run("people", "revoke", "clouds.yaml", "1", folder=folder).exit_code == 0
    assert "revoked" in run("people", "tokens", "clouds.yaml", folder=folder).stdout
    project = open_project(folder / "clouds.yaml")
    with project.database.reading() as session:
        found = person_of_secret(session, secret=secret, kind=TokenKind.API, now=moment())
    project.close()
    assert found is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--address", "0.0.0.0"), "nobody has to sign in"),
        (("--login", "none.json"), "cannot be read"),
        (("--oauth-admit", "viewer"), "--oauth-provider too"),
    ],
)
def test_serve__refusals_before_anything_is_opened(
    folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    assert words in refused("serve", "clouds.yaml", "--no-open", "--port", "0", *arguments, folder=folder)


def test_serve__refusal_as_an_operator_sees_it(folder: Path) -> None:
    done = goldpan("serve", "clouds.yaml", "--no-open", "--address", "0.0.0.0", folder=folder)
    assert done.returncode == 2 and "--open-to-network" in done.stderr and "Traceback" not in done.stderr


def test_export__holds_no_password_and_no_secret(folder: Path) -> None:
    run("people", "add", "clouds.yaml", "ada", folder=folder)
    secret = run("people", "token", "clouds.yaml", "ada", "--for", "x", folder=folder).stdout.strip()
    (folder / "clouds.goldpan" / "cookie_secret").write_text("signs-all-the-cookies-of-this-project")
    with_labels = open_project(folder / "clouds.yaml")
    label_some(with_labels)
    with_labels.close()
    exported = run("export", "clouds.yaml", "--to", str(folder / "out"), folder=folder)
    assert exported.exit_code == 0, exported.output
    content = b"".join(path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file())
    for word in (secret, "signs-all", "argon2", "secret_hash", "token"):
        assert word.encode() not in content


def test_people__what_concerns_who_may_come_in_is_on_record(folder: Path) -> None:
    run("people", "add", "clouds.yaml", "ada", "--role", "admin", folder=folder)
    run("people", "add", "clouds.yaml", "bob", folder=folder)
    run("people", "role", "clouds.yaml", "bob", "viewer", folder=folder)
    run("people", "token", "clouds.yaml", "bob", "--for", "nightly", folder=folder)
    run("people", "deactivate", "clouds.yaml", "bob", folder=folder)
    project = open_project(folder / "clouds.yaml")
    with project.database.reading() as session:
        acts = [(entry.act, entry.subject) for entry in read_trail(session)]
        told = [each for each in acts if each[0] != "class_added"]
    project.close()
    assert told == [
        ("person_added", "ada"),
        ("person_added", "bob"),
        ("role_changed", "bob"),
        ("token_made", "bob"),
        ("role_changed", "bob"),
    ]
