"""Server-side requests: nothing is asked that the person has not allowed, by whatever name (docs/security.md)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.errors import ProjectError
from app.share import disarmed
from config.errors import ConfigError, GoldpanError
from config.fetching import FetchRules, Origin, is_address, load_rules, read_origin
from config.files import load_config
from config.schema import PoolSection
from labeling.fetching import fetcher
from labeling.fetching.addresses import check_allowed, numbers_of
from labeling.fetching.errors import FetchError, FetchRefusedError
from labeling.fetching.fetcher import Fetcher
from labeling.pools.errors import PoolMissingError
from labeling.pools.snapshot import make_snapshot
from tests.labeling.pools.files import image_bytes
from tests.web_files import WebFiles, allow, web_files

METADATA = "169.254.169.254"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebFiles]:
    """A server on the loopback that holds a table and a picture, and that nobody has allowed yet."""
    monkeypatch.setattr(fetcher, "PAUSES_S", ())
    with web_files() as running:
        running.files |= {"/t.csv": b"id,x\na,1\nb,2\n", "/0.png": image_bytes(0)}
        allow(monkeypatch, tmp_path)
        yield running


def rules(tmp_path: Path, *origins: Origin) -> FetchRules:
    return FetchRules(frozenset(origins), tmp_path / "fetched", 1_000_000)


def resolving(monkeypatch: pytest.MonkeyPatch, *numbers: str) -> None:
    """Let every name stand for these numbers."""

    def found(host: str, port: int, **rest: Any) -> list[tuple[Any, ...]]:
        return [(0, 0, 0, "", (number, port)) for number in numbers]

    monkeypatch.setattr("socket.getaddrinfo", found)


def take(path: str, base: Path) -> None:
    make_snapshot(PoolSection(path=path), folder=base / "data/pool", base=base)


def test_server__is_asked_once_it_is_allowed(
    server: WebFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack itself works: the tests below could fail."""
    allow(monkeypatch, tmp_path, server.origin)
    take(f"{server.origin}/t.csv", tmp_path)
    assert server.gets("/t.csv") == 1


def test_server__is_not_asked_before(server: WebFiles, tmp_path: Path) -> None:
    with pytest.raises(PoolMissingError, match=rf"--allow-fetch {server.origin}"):
        take(f"{server.origin}/t.csv", tmp_path)
    with pytest.raises(FetchRefusedError):
        Fetcher().read(f"{server.origin}/0.png")
    assert server.asked == []


def test_server__another_port_is_another_server(
    server: WebFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_files() as other:
        allow(monkeypatch, tmp_path, other.origin)
        with pytest.raises(FetchRefusedError):
            Fetcher().read(f"{server.origin}/0.png")
    assert server.asked == []


@pytest.mark.parametrize("form", [
    "http://2130706433:{port}/0.png", "http://0x7f000001:{port}/0.png", "http://0177.0.0.1:{port}/0.png",
    "http://127.1:{port}/0.png", "http://0x7f.0.0.1:{port}/0.png", "http://[::ffff:127.0.0.1]:{port}/0.png",
    "http://[::ffff:7f00:1]:{port}/0.png", "http://127.0.0.1.:{port}/0.png", "http://①②⑦.0.0.1:{port}/0.png",
    "http://localhost:{port}/0.png", "http://allowed.example@127.0.0.1:{port}/0.png",
    "http://allowed.example:80@127.0.0.1:{port}/0.png", "http://127.0.0.1:{port}\\@allowed.example/0.png",
    "http://127.0.0.1%00.allowed.example:{port}/0.png", "HTTP://127.0.0.1:{port}/0.png",
    "http:\\\\127.0.0.1:{port}\\0.png", "http://127.0.0.1:{port}#@allowed.example/0.png",
])  # fmt: skip
def test_number__in_another_form_is_not_asked(
    server: WebFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Allowed is a public name; each form leads to the loopback, for some program at least."""
    allow(
        monkeypatch,
        tmp_path,
        "http://allowed.example",
        f"http://allowed.example:{server.origin.split(':')[-1]}",
    )
    with pytest.raises(GoldpanError):
        Fetcher().read(form.format(port=server.origin.rsplit(":", 1)[1]))
    assert server.asked == []


@pytest.mark.parametrize(
    "text", ["http://2130706433", "http://0x7f000001", "http://0177.0.0.1", "http://127.1", "http://1.2.3"]
)
def test_number__in_an_unusual_form_cannot_even_be_allowed(text: str) -> None:
    with pytest.raises(ConfigError, match="in an unusual form"):
        read_origin(text)


@pytest.mark.parametrize("number", [
    "127.0.0.1", "10.1.2.3", "172.16.0.9", "192.168.1.1", METADATA, "100.64.0.1", "100.100.100.200", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe", "ff02::1", "2001:db8::1",
])  # fmt: skip
def test_name__that_stands_for_a_private_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    """An allowed name may come to lead inwards: by whoever owns it, or by a resolver that lies."""
    resolving(monkeypatch, "93.184.215.14", number)
    with pytest.raises(FetchRefusedError, match="in a private network"):
        numbers_of(Origin("https", "allowed.example", 443))
    resolving(monkeypatch, "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c")
    assert len(numbers_of(Origin("https", "allowed.example", 443))) == 2


def test_name__is_asked_at_the_number_that_was_looked_at(
    server: WebFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the name is public when it is looked at, and the loopback when it is connected to."""
    port = int(server.origin.rsplit(":", 1)[1])
    allow(monkeypatch, tmp_path, f"http://allowed.example:{port}")
    answers = iter(["203.0.114.7"])
    real = socket.getaddrinfo

    def found(host: str, *rest: Any, **more: Any) -> Any:
        if host == "allowed.example":
            return real(next(answers, "127.0.0.1"), *rest, **more)
        return real(host, *rest, **more)

    asked: list[str] = []

    def connect(place: tuple[str, int], **rest: Any) -> socket.socket:
        asked.append(place[0])
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr("socket.getaddrinfo", found)
    monkeypatch.setattr("socket.create_connection", connect)
    with pytest.raises(FetchError, match="nobody there"):
        Fetcher().read(f"http://allowed.example:{port}/0.png")
    assert asked == ["203.0.114.7"]


def test_metadata__is_not_asked_even_if_it_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = Origin("http", METADATA, 80)
    assert check_allowed(f"http://{METADATA}/latest/meta-data", rules(tmp_path, origin)) == origin
    with pytest.raises(FetchRefusedError, match="in a private network"):
        numbers_of(origin)


@pytest.mark.parametrize("where", [
    "http://127.0.0.1:{other}/secret", "//127.0.0.1:{other}/secret", "http://localhost:{other}/secret",
    "http://2130706433:{other}/secret", f"http://{METADATA}/latest/meta-data", "file:///etc/passwd", "ftp://127.0.0.1/x",
    "http://[::1]:{other}/secret", "data:text/csv,a", "gopher://127.0.0.1:{other}/_x", "",
])  # fmt: skip
def test_redirect__to_what_is_not_allowed_is_refused(
    server: WebFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    with web_files() as inner:
        inner.files["/secret"] = b"id,x\nsecret,1\n"
        server.moved["/t.csv"] = where.format(other=inner.origin.rsplit(":", 1)[1])
        allow(monkeypatch, tmp_path, server.origin)
        with pytest.raises(FetchError, match=r"leads on to"):
            take(f"{server.origin}/t.csv", tmp_path)
        assert server.gets("/t.csv") == 1 and inner.asked == []
    assert not (tmp_path / "data/pool").exists()


def test_redirect__from_tls_to_plain_is_refused() -> None:
    from labeling.fetching.web import _next

    with pytest.raises(FetchError, match="not encrypted"):
        _next(
            "https://allowed.example/a", "http://allowed.example/a", Origin("https", "allowed.example", 443)
        )


@pytest.mark.parametrize("text", [
    "file:///etc/passwd", "file:/etc/passwd", "FILE:///etc/passwd", "local:///etc/passwd", "data:text/csv,a",
    "simplecache::s3://bucket/x", "zip://x.csv::file:///etc/passwd.zip", "filecache::file:///etc/passwd",
    "s3://bucket::file:///etc/passwd", "reference://x", "github://a:b@main/x.csv", "sftp://host/x.csv", "memory://a/b",
    "s3:///etc/passwd", "s3://../x",
])  # fmt: skip
def test_scheme__that_leads_to_this_machine_or_through_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    allow(monkeypatch, tmp_path, "s3://bucket")
    assert is_address(text)
    with pytest.raises(PoolMissingError, match="goldpan fetches nothing"):
        take(text, tmp_path)
    with pytest.raises(ConfigError):
        read_origin(text)


def test_shared_config__allows_nothing_and_fetches_nothing(
    server: WebFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the person has allowed the server for a pool of their own."""
    allow(monkeypatch, tmp_path, server.origin)
    for path in (f"{server.origin}/t.csv", f"{server.origin}/s-{{0..1}}.tar"):
        shared = tmp_path / "shared.yaml"
        shared.write_text(f"version: 1\nproject: {{name: x}}\npool: {{path: '{path}'}}\n")
        with pytest.raises(ProjectError, match="a file from somebody else fetches nothing"):
            disarmed(load_config(shared), shared, pool=None, model=None)
    assert server.asked == []


@pytest.mark.parametrize("line", ["allow_fetch: [http://127.0.0.1]", "fetch: {allow: [http://127.0.0.1]}"])
def test_configuration__has_no_key_that_allows(tmp_path: Path, line: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"version: 1\nproject: {{name: x}}\npool: {{path: x.csv}}\n{line}\n")
    with pytest.raises(ConfigError, match="unknown key"):
        load_config(path)


def test_rules__from_the_persons_file_and_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, tmp_path, "https://Data.Example.org", "s3://bucket", cache_gb=2)
    monkeypatch.setenv("GOLDPAN_ALLOW_FETCH", "http://10.0.0.5:8080")
    found = load_rules()
    assert found.allowed == {
        Origin("https", "data.example.org", 443), Origin("s3", "bucket"), Origin("http", "10.0.0.5", 8080),
    }  # fmt: skip
    assert found.cache_bytes == 2_000_000_000
    (tmp_path / "fetch.yaml").write_text("allowed: [https://x.org]\n")
    with pytest.raises(ConfigError, match=r"fetch\.yaml: allowed"):
        load_rules()


def test_images__a_table_from_somebody_else_asks_nobody(server: WebFiles, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"id,where\na,{server.origin}/0.png\nb,file:///etc/passwd\n")
    section = PoolSection(path="t.csv", image_path="where")
    with pytest.raises(FetchRefusedError, match="goldpan fetches nothing that you have not allowed"):
        make_snapshot(section, folder=tmp_path / "data/pool", base=tmp_path)
    assert server.asked == []
