"""The API of what is shown of an item, over HTTP, on pools that are made on the spot."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from PIL import Image
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from app.api_media import media_routes, parse_stretch, series_json
from app.column_summaries import ColumnSummaries
from app.errors import RequestError
from app.item_views import item_views
from app.items import TEXT_AHEAD, item_view
from config.schema import PoolSection, ProjectConfig
from labeling.people import Person, Role
from labeling.pools.pool import Pool
from labeling.pools.stretch import Stretch
from tests.labeling.pools.files import (
    csv_pool,
    image_bytes,
    image_member,
    snapshot,
    write_series,
    write_tar,
)

Asker = Callable[[str], tuple[int, bytes, Any]]
"""Gets a path; gives status, body and headers."""


@contextmanager
def served(pool: Pool, **sections: Any) -> Iterator[Asker]:
    """Serve the routes over a pool from a thread."""
    config = ProjectConfig.model_validate({"project": {"name": "p"}, "pool": {"path": "p"}, **sections})
    [sock] = bind_sockets(0, "127.0.0.1")
    host = f"127.0.0.1:{sock.getsockname()[1]}"
    ready, ended = threading.Event(), []
    with ThreadPoolExecutor(2) as reader:
        context: Any = SimpleNamespace(
            project=SimpleNamespace(pool=pool, config=config),
            summaries=ColumnSummaries(pool),
            reader=reader,
            hosts=frozenset({host}),
            access=None,
            person=Person(1, "you", Role.ADMIN),
        )

        async def run() -> None:
            stop = asyncio.Event()
            ended.append((asyncio.get_running_loop(), stop))
            server = HTTPServer(Application(media_routes(context)))
            server.add_sockets([sock])
            ready.set()
            await stop.wait()
            server.stop()

        thread = threading.Thread(target=lambda: asyncio.run(run()))
        thread.start()
        ready.wait(10)
        yield lambda path: ask(f"http://{host}{path}")
        loop, stop = ended[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def ask(address: str) -> tuple[int, bytes, Any]:
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read(), problem.headers


def deep_pool(folder: Path) -> Pool:
    (folder / "images").mkdir(parents=True)
    values = np.linspace(100, 4000, 400).reshape(20, 20).astype(np.uint16)
    Image.fromarray(values).save(folder / "images" / "a.png")
    (folder / "images" / "b.png").write_bytes(image_bytes(size=(64, 48))[:500])
    return snapshot(folder, PoolSection(path="images"))


@pytest.fixture(scope="module")
def get(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    with ExitStack() as stack:
        yield stack.enter_context(served(deep_pool(tmp_path_factory.mktemp("deep"))))


def mean_grey(content: bytes) -> float:
    with Image.open(io.BytesIO(content)) as image:
        return float(np.asarray(image).mean())


def test_media__a_deep_image_is_stretched_and_may_be_cached(get: Asker) -> None:
    status, content, headers = get("/media/0?v=abc")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert "immutable" in headers["Cache-Control"]
    assert 110 < mean_grey(content) < 145


def test_media__the_stretch_is_the_one_asked_for(get: Asker) -> None:
    plain = mean_grey(get("/media/0?v=abc")[1])
    status, content, headers = get("/media/0?v=abc&stretch=log&low=0&high=99")
    assert status == 200 and "immutable" in headers["Cache-Control"]
    assert mean_grey(content) > plain + 50


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("stretch=cubic", b"linear, sqrt, log, asinh"),
        ("low=x", b"0 <= low < high <= 100"),
        ("low=60&high=40", b"percentiles"),
        ("low=-1", b"percentiles"),
        ("high=nan", b"percentiles"),
        ("high=1e9", b"percentiles"),
        ("stretch=%3Cscript%3E", b"allowed are"),
    ],
)
def test_media__a_stretch_that_is_none_is_refused(get: Asker, query: str, words: bytes) -> None:
    status, body, headers = get(f"/media/0?{query}")
    assert status == 400 and words in body
    assert "immutable" not in headers["Cache-Control"]


def test_media__an_image_that_cannot_be_read(get: Asker) -> None:
    assert get("/media/1?stretch=log")[0] == 404
    assert get("/media/2")[0] == 404


def test_media__whose_shard_is_gone_says_which(tmp_path: Path) -> None:
    write_tar(tmp_path / "s.tar", [image_member(0)])
    pool = snapshot(tmp_path, PoolSection(path="s.tar"))
    with served(pool) as ask:
        assert ask("/media/0")[:2] == (200, image_bytes(0))
        (tmp_path / "s.tar").unlink()
        status, body, headers = ask("/media/0")
        assert (status, b"s.tar is gone; put it back" in body) == (502, True)
        assert "immutable" not in headers.get("Cache-Control", "")
        assert ask("/api/views")[0] == 200


def test_views__say_that_the_images_are_deep(get: Asker) -> None:
    assert b'"deep": true' in get("/api/views")[1]


def test_columns__are_cached_under_the_hash_of_the_pool_alone(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "a,b\n1,2\n3,4\n")
    with served(pool, views={"units": {"a": "mag"}}) as get:
        told = json.loads(get("/api/views")[1])
        assert (told["pool"], told["units"], told["deep"]) == (pool.hash[:12], {"a": "mag"}, False)
        status, body, headers = get(f"/api/columns?v={told['pool']}")
        assert status == 200 and "immutable" in headers["Cache-Control"]
        assert json.loads(body)["columns"]["a"]["percentiles"][100] == 3
        assert "no-store" in get("/api/columns?v=other")[2]["Cache-Control"]


LONG = ("<script>alert(1)</script> & مرحبا " * 5_000).strip()


def test_text__comes_in_full_where_the_queue_cuts_it(tmp_path: Path) -> None:
    pd.DataFrame({"text": [LONG, "short"]}).to_csv(tmp_path / "t.csv", index=False)
    pool = snapshot(tmp_path, PoolSection(path="t.csv", text="text"))
    ahead = item_view(pool, 0)["view"]
    assert (len(ahead["text"]), ahead["text_length"]) == (TEXT_AHEAD, len(LONG))
    assert item_view(pool, 1)["view"]["text_length"] is None
    with served(pool) as get:
        status, body, headers = get("/api/text/0")
        assert status == 200 and headers["Content-Type"].startswith("application/json")
        assert json.loads(body)["text"] == LONG
        assert get("/api/text/2")[0] == 400
        assert get("/api/text/x")[0] == 404


def test_text__of_an_item_without_text(get: Asker) -> None:
    status, body, _ = get("/api/text/0")
    assert status == 400 and b"no text" in body


def unpacked(body: bytes) -> tuple[dict[str, Any], npt.NDArray[np.float32]]:
    told = json.loads(body)
    values = np.frombuffer(base64.b64decode(told["values"]), "<f4")
    return told, values.reshape(len(told["channels"]), -1)


def test_series__all_numbers_channel_by_channel(tmp_path: Path) -> None:
    pool = snapshot(tmp_path, write_series(tmp_path))
    with served(pool) as get:
        status, body, headers = get(f"/api/series/3?v={pool.hash[:12]}")
        assert status == 200 and "immutable" in headers["Cache-Control"]
        told, values = unpacked(body)
        assert (told["channels"], told["points"], told["step"]) == (["flux", "error"], 23, 1)
        np.testing.assert_array_equal(values.T, pool.series(3, 4)[0])
        assert get(f"/api/series/{pool.n}")[0] == 400


def test_series__of_an_item_that_is_none(get: Asker) -> None:
    status, body, _ = get("/api/series/0")
    assert status == 400 and b"no series" in body


def test_series_json__a_long_one_is_thinned(tmp_path: Path) -> None:
    values = np.zeros((1, 250_000), np.float32)
    values[0, 123_456] = 7
    np.save(tmp_path / "long.npy", values)
    pool = snapshot(tmp_path, PoolSection(path="long.npy", reader="series"))
    told, sent = unpacked(series_json(pool, 0))
    assert told["points"] == 250_000 and sent.shape[1] <= 100_000
    assert sent.max() == 7
    assert abs(int(sent[0].argmax()) * told["step"] - 123_456) < 10


def test_parse_stretch__of_whole_numbers() -> None:
    assert parse_stretch("sqrt", "1", "99") == Stretch("sqrt", 1.0, 99.0)
    with pytest.raises(RequestError, match="allowed are"):
        parse_stretch("", "1", "99")


def test_item_views__a_plug_ins_picture_runs_nothing_and_a_broken_one_is_told(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,u\na,1\nb,2\n")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    item_views.register("mine")(lambda scene: svg if scene.row else b"none")
    try:
        with served(pool) as get:
            status, content, headers = get("/api/item-views/mine/1?dark=1")
            assert (status, content, headers["Content-Type"]) == (200, svg, "image/svg+xml")
            assert headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert "sandbox" in headers["Content-Security-Policy"]
            status, content, _ = get("/api/item-views/mine/0")
            assert status == 400 and b"gave no picture" in content
            assert get("/api/item-views/other/0")[0] == 400
            assert get("/api/item-views/mine/99")[0] == 400
    finally:
        item_views.forget("mine")


def test_series__beside_the_rows_of_a_table(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "u": [1.0, 2.0], "flux": [[1.0, 2.0, 3.0], [4.0, 5.0]]})
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    pool = snapshot(tmp_path, PoolSection(path="t.parquet", reader="table", series=("flux",)))
    shown = item_view(pool, 1)["view"]
    assert (shown["type"], shown["fields"]) == ("table", [["u", "2"]])
    with served(pool) as get:
        status, content, _ = get(shown["series"])
        assert (status, json.loads(content)["points"]) == (200, 2)
