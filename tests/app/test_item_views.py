"""Pictures of items that plug-ins draw: what they are given, what they may give, and what is told of a broken one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import RequestError
from app.item_views import (
    ItemScene,
    draw_view,
    item_views,
    media_type,
    register_item_view,
    scene_of,
    view_links,
)
from app.plugins import VARIABLE, forget_plugins
from goldpan_contracts import ContractBrokenError, check_item_view
from labeling.pools.pool import Pool
from tests.labeling.pools.files import csv_pool, image_bytes

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget afterwards what a test registered."""
    monkeypatch.setenv(VARIABLE, "")
    forget_plugins()
    yield
    for name in list(item_views.names()):
        item_views.forget(name)


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return csv_pool(tmp_path, "id,u,note,kind\na,1,x,star\nb,,y,qso\n", truth="kind", extra=["note"])


def test_draw_view__is_given_the_values_and_never_the_truth(pool: Pool) -> None:
    seen: list[ItemScene] = []

    @register_item_view("mine")
    def mine(scene: ItemScene) -> bytes:
        seen.append(scene)
        return SVG

    assert draw_view(pool, "mine", 1, dark=True) == (SVG, "image/svg+xml")
    assert (seen[0].key, dict(seen[0].values), seen[0].dark) == ("b", {"u": None, "note": "y"}, True)
    assert view_links(pool, 1) == [{"name": "mine", "url": f"/api/item-views/mine/1?v={pool.hash[:12]}"}]


def test_draw_view__what_fails_is_told(pool: Pool) -> None:
    @register_item_view("fails")
    def fails(scene: ItemScene) -> bytes:
        return str(scene.values["nothing"]).encode()

    register_item_view("page")(lambda scene: b"<html><script>alert(1)</script>")
    with pytest.raises(RequestError, match="the item view fails failed: KeyError"):
        draw_view(pool, "fails", 0, dark=False)
    with pytest.raises(RequestError, match="gave no picture"):
        draw_view(pool, "page", 0, dark=False)
    for name, row in (("none", 0), ("page", 2)):
        with pytest.raises(RequestError, match="there is no item view"):
            draw_view(pool, name, row, dark=False)


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (image_bytes(), "image/png"),
        (image_bytes(kind="JPEG"), "image/jpeg"),
        (b"\n" + SVG, "image/svg+xml"),
        (b"<html>", None),
        ("text", None),
        (b"", None),
    ],
)
def test_media_type(made: object, kind: str | None) -> None:
    assert media_type(made) == kind


def test_check_item_view__tells_what_is_not_kept(pool: Pool) -> None:
    check_item_view(lambda scene: SVG, pool)
    with pytest.raises(ContractBrokenError, match="item b"):
        check_item_view(lambda scene: SVG if scene.values["u"] else b"nothing", pool)
    assert scene_of(pool, 0).image is None
