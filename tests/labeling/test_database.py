from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from labeling import database as database_module
from labeling.annotations import revision
from labeling.annotators import annotator_names, ensure_annotator
from labeling.database import Database, open_database, sqlite_file, sqlite_url
from labeling.errors import DatabaseError, DatabaseOpenError, DatabaseTooNewError, DatabaseUnavailableError
from tests.labeling.store import at_once, make_project


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    return tmp_path / "labels.sqlite"


def names(database: Database) -> list[str]:
    with database.reading() as session:
        return list(annotator_names(session).values())


def test_open_database__is_there_again_after_closing(database_url: str) -> None:
    first = open_database(database_url)
    make_project(first)
    first.dispose()

    second = open_database(database_url)

    assert names(second) == ["ann", "bob"]
    second.dispose()


def test_open_database__two_at_once_make_the_tables_once(database_url: str) -> None:
    opened = at_once([lambda: open_database(database_url)] * 4)

    assert [type(result) for result in opened] == [Database] * 4
    for result in opened:
        assert isinstance(result, Database)
        assert result.check() == []
        result.dispose()


def test_open_database__sqlite_is_durable(sqlite_path: Path) -> None:
    database = open_database(sqlite_url(sqlite_path))

    with database.transaction() as session:
        pragmas = {
            name: session.execute(sa.text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "recursive_triggers")
        }

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "recursive_triggers": 1,
    }
    database.dispose()


@pytest.mark.parametrize("name", ["with space.sqlite", "100%.sqlite", "a?b=c.sqlite", "é#.sqlite"])
def test_sqlite_url__keeps_unusual_names(tmp_path: Path, name: str) -> None:
    database = open_database(sqlite_url(tmp_path / name))
    database.dispose()

    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("no url", "not a URL"),
        ("mysql://localhost/x", "not supported"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "in memory"),
    ],
)
def test_open_database__refuses_what_could_not_keep_a_label(url: str, part: str) -> None:
    with pytest.raises(DatabaseOpenError, match=part):
        open_database(url)


def test_open_database__folder_missing(tmp_path: Path) -> None:
    with pytest.raises(DatabaseOpenError, match="does not exist"):
        open_database(sqlite_url(tmp_path / "nowhere" / "labels.sqlite"))
    assert not (tmp_path / "nowhere").exists()


def test_open_database__a_folder(tmp_path: Path) -> None:
    with pytest.raises(DatabaseOpenError, match="is a folder"):
        open_database(sqlite_url(tmp_path))


def test_open_database__not_a_database(sqlite_path: Path) -> None:
    sqlite_path.write_text("this is a letter, not a database" * 100)

    with pytest.raises(DatabaseOpenError, match="not a usable goldpan database"):
        open_database(sqlite_url(sqlite_path))
    assert sqlite_path.read_text().startswith("this is a letter")


def test_open_database__another_programs_database(sqlite_path: Path) -> None:
    with sqlite3.connect(sqlite_path) as connection:
        connection.execute("CREATE TABLE recipes (id INTEGER)")

    with pytest.raises(DatabaseOpenError, match="recipes"):
        open_database(sqlite_url(sqlite_path))
    with sqlite3.connect(sqlite_path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_open_database__newer_version(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        session.execute(sa.text("UPDATE goldpan_version SET version_num = '9999'"))

    with pytest.raises(DatabaseTooNewError, match="9999"):
        open_database(database_url)
    with pytest.raises(DatabaseTooNewError):
        database.check()


def test_open_database__folder_read_only(tmp_path: Path, without_override: Callable[[], Any]) -> None:
    tmp_path.chmod(0o500)
    try:
        with without_override(), pytest.raises(DatabaseUnavailableError, match="cannot be opened"):
            open_database(sqlite_url(tmp_path / "labels.sqlite"))
    finally:
        tmp_path.chmod(0o700)


def test_open_database__server_not_there() -> None:
    with pytest.raises(DatabaseUnavailableError, match="connection was lost or refused") as caught:
        open_database("postgresql://someone:secret@127.0.0.1:9/none")
    assert "secret" not in str(caught.value)


def test_transaction__commits(database: Database) -> None:
    with database.transaction() as session:
        ensure_annotator(session, name="ann")

    assert names(database) == ["ann"]


def test_transaction__error_rolls_back(database: Database) -> None:
    def break_halfway() -> None:
        with database.transaction() as session:
            ensure_annotator(session, name="ann")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_halfway()

    assert names(database) == []


def test_transaction__takes_the_write_lock_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 50)
    impatient = open_database(database_url)

    with database.transaction():
        with pytest.raises(DatabaseUnavailableError, match="locked") as caught, impatient.transaction():
            pytest.fail("a second writer was let in")
        assert caught.value.retry

    with impatient.transaction() as session:
        ensure_annotator(session, name="ann")
    assert names(database) == ["ann"]
    impatient.dispose()


def test_transaction__sqlite_begins_immediate(sqlite_path: Path) -> None:
    database = open_database(sqlite_url(sqlite_path))
    outsider = sqlite3.connect(sqlite_path, timeout=0, isolation_level=None)

    with database.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"):
        outsider.execute("BEGIN IMMEDIATE")
    outsider.execute("BEGIN IMMEDIATE")

    outsider.close()
    database.dispose()


def test_transaction__many_threads_lose_nothing(database: Database) -> None:
    def add(index: int) -> None:
        for number in range(5):
            with database.transaction() as session:
                ensure_annotator(session, name=f"{index}-{number}")

    results = at_once([lambda index=index: add(index) for index in range(12)])  # type: ignore[misc]

    assert results == []
    assert len(names(database)) == 60


def test_transaction__full_disk(sqlite_path: Path) -> None:
    database = open_database(sqlite_url(sqlite_path))
    make_project(database)

    def fill() -> None:
        with database.transaction() as session:
            pages = session.execute(sa.text("PRAGMA page_count")).scalar_one()
            session.execute(sa.text(f"PRAGMA max_page_count = {pages}"))
            for number in range(1000):
                ensure_annotator(session, name=f"{number} {'x' * 150}")

    with pytest.raises(DatabaseUnavailableError, match="disk is full") as caught:
        fill()

    assert caught.value.retry
    assert names(database) == ["ann", "bob"]
    # As if space had been made.
    database.dispose()
    with database.transaction() as session:
        ensure_annotator(session, name="late")
    assert names(database) == ["ann", "bob", "late"]
    database.dispose()


def test_transaction__file_read_only(sqlite_path: Path, without_override: Callable[[], Any]) -> None:
    database = open_database(sqlite_url(sqlite_path))
    make_project(database)
    database.dispose()
    sqlite_path.chmod(0o400)

    with without_override():
        read_only = open_database(sqlite_url(sqlite_path))
        with pytest.raises(DatabaseUnavailableError, match="read-only"), read_only.transaction() as session:
            ensure_annotator(session, name="late")
        assert names(read_only) == ["ann", "bob"]
        read_only.dispose()


def test_transaction__opened_read_only_by_url(sqlite_path: Path) -> None:
    database = open_database(sqlite_url(sqlite_path))
    make_project(database)
    database.dispose()

    read_only = open_database(f"sqlite:///file:{sqlite_path}?mode=ro&uri=true")

    with pytest.raises(DatabaseUnavailableError, match="read-only"), read_only.transaction() as session:
        ensure_annotator(session, name="late")
    assert names(read_only) == ["ann", "bob"]
    read_only.dispose()


def test_transaction__damaged_file(sqlite_path: Path) -> None:
    database = open_database(sqlite_url(sqlite_path))
    make_project(database)
    database.dispose()
    content = bytearray(sqlite_path.read_bytes())
    content[4096:] = b"\x55" * (len(content) - 4096)
    sqlite_path.write_bytes(content)

    with pytest.raises(DatabaseError):
        names(open_database(sqlite_url(sqlite_path)))


def test_transaction__connection_lost(database_url: str, postgres_uri: str) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has no connection to lose")
    database = open_database(database_url)

    def write_while_the_server_hangs_up() -> None:
        with database.transaction() as session:
            ensure_annotator(session, name="lost")
            own = session.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
            killer = sa.create_engine(sa.make_url(postgres_uri).set(drivername="postgresql+psycopg"))
            with killer.begin() as connection:
                connection.execute(sa.text("SELECT pg_terminate_backend(:own)"), {"own": own})
            killer.dispose()
            ensure_annotator(session, name="lost too")

    with pytest.raises(DatabaseUnavailableError) as caught:
        write_while_the_server_hangs_up()

    assert caught.value.retry
    assert names(database) == []
    with database.transaction() as session:
        ensure_annotator(session, name="back")
    assert names(database) == ["back"]
    database.dispose()


def test_transaction__connection_broken_before_it_is_used(database_url: str, postgres_uri: str) -> None:
    """After a restart of the database the first label would be refused: the pool still holds its old connections."""
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has no connection to lose")
    database = open_database(database_url)
    with database.transaction() as session:
        own = session.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
    killer = sa.create_engine(sa.make_url(postgres_uri).set(drivername="postgresql+psycopg"))
    with killer.begin() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:own, 5000)"), {"own": own})
    killer.dispose()

    with database.transaction() as session:
        ensure_annotator(session, name="ann")
    assert names(database) == ["ann"]
    database.dispose()


def test_reading__does_not_wait_for_a_writer(database: Database) -> None:
    make_project(database)

    with database.transaction() as session:
        ensure_annotator(session, name="unseen")
        assert names(database) == ["ann", "bob"]


def test_reading__sees_one_moment(database: Database) -> None:
    with database.reading() as session:
        before = revision(session), annotator_names(session)
        thread = threading.Thread(target=make_project, args=(database,))
        thread.start()
        thread.join()
        assert (revision(session), annotator_names(session)) == before
    assert names(database) == ["ann", "bob"]


def test_reading__refuses_to_write(database: Database) -> None:
    with pytest.raises(DatabaseUnavailableError), database.reading() as session:
        ensure_annotator(session, name="sly")

    with database.transaction() as session:
        ensure_annotator(session, name="ann")
    assert names(database) == ["ann"]


def test_check__names_what_is_damaged(sqlite_path: Path) -> None:
    database = open_database(sqlite_url(sqlite_path))
    make_project(database)
    assert database.check() == []
    database.dispose()
    with sqlite3.connect(sqlite_path) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(
            "INSERT INTO lease (item_key, annotator_id, expires_at) VALUES ('a', 77, '2026-01-01')"
        )

    assert database.check() == ["row 1 of lease points at a missing row of annotator"]
    database.dispose()


def test_is_in_use__by_another_one(database: Database, database_url: str) -> None:
    assert not database.is_in_use()
    other = open_database(database_url)
    make_project(other)

    assert database.is_in_use()

    other.dispose()
    wait_until(lambda: not database.is_in_use())
    # Looking leaves all as it was.
    assert names(database) == ["ann", "bob"]
    assert database.check() == []


def wait_until(condition: Callable[[], bool]) -> None:
    """A connection that was closed may be listed for a moment longer."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://someone:secret@127.0.0.1:9/none",
        "postgresql://someone@127.0.0.1:9/none?password=secret",
        "postgresql://someone:se@secret@127.0.0.1:9/none",
        "postgresql://someone:secret@127.0.0.1:nine/none",
        "postgresql://someone:secret@127.0.0.1:9/none?sslmode=nonsense",
        "mysql://someone:secret@127.0.0.1/none",
        "postgres ql://someone:secret@127.0.0.1/none",
    ],
)
def test_open_database__no_error_tells_the_password(
    url: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level("DEBUG"), pytest.raises(DatabaseError) as caught:
        open_database(url)
    assert "secret" not in str(caught.value)
    assert "secret" not in caplog.text
    assert "secret" not in "".join(capfd.readouterr())


def test_open_database__wrong_password_is_not_told(postgres_uri: str) -> None:
    address = sa.make_url(postgres_uri).set(username="nobody", password="secret")
    with pytest.raises(DatabaseError) as caught:
        open_database(address.render_as_string(hide_password=False))
    assert "nobody" in str(caught.value) and "secret" not in str(caught.value)


def test_url__hides_passwords_wherever_they_are() -> None:
    engine = sa.create_engine(
        "postgresql+psycopg://a:secret@host/x?password=secret&sslpassword=secret&user=b"
    )
    assert Database(engine).url == "postgresql+psycopg://a:***@host/x?user=b"


def test_sqlite_file__of_a_file_alone(tmp_path: Path) -> None:
    assert sqlite_file(sqlite_url(tmp_path / "a b.sqlite")) == tmp_path / "a b.sqlite"
    assert sqlite_file("postgresql://host/name") is None
