"""Pictures from elsewhere: their addresses, whom a page may ask, and what a shared config may not say."""

from __future__ import annotations

from pathlib import Path

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from app.cutouts import cutout_links, elsewhere_notes, picture_sources
from app.gate import SafeHeaders, page_policy
from config.schema import ViewsSection
from labeling.pools.pool import Pool
from tests.labeling.pools.files import csv_pool

SDSS = "https://sdss.example/cut?ra={ra}&dec={dec}"


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    return csv_pool(tmp_path_factory.mktemp("cutouts"), "id,ra,dec,u\na,185.25,-0.5,1\nb,,2.5,2\n")


def views(*urls: str, hosts: tuple[str, ...]) -> ViewsSection:
    cutouts = [{"name": f"N{number}", "url": url} for number, url in enumerate(urls)]
    return ViewsSection.model_validate({"cutouts": cutouts, "image_hosts": hosts})


def test_cutout_links__only_of_allowed_hosts_and_known_positions(pool: Pool) -> None:
    allowed = views(SDSS, "https://other.example/{key}", hosts=("SDSS.example",))
    assert cutout_links(pool, 0, allowed) == [
        {"name": "N0", "url": "https://sdss.example/cut?ra=185.25&dec=-0.5"}
    ]
    assert cutout_links(pool, 1, allowed) == []


def test_picture_sources__are_exactly_the_allowed_ones_that_are_used() -> None:
    wanted = views(
        SDSS,
        "http://own:8080/{key}.png",
        "https://evil.example/{key}",
        hosts=("sdss.example", "own:8080", "x"),
    )
    assert picture_sources(wanted) == ("https://sdss.example", "http://own:8080")


def test_page_policy__names_the_allowed_sources_for_pictures_alone() -> None:
    policy = page_policy("n", "here:1", ("https://sdss.example",))
    assert [part for part in policy.split("; ") if "sdss" in part] == [
        "img-src 'self' data: blob: https://sdss.example"
    ]


def test_safe_headers__pages_carry_the_policy() -> None:
    request = HTTPServerRequest(
        start_line=RequestStartLine("GET", "/", "HTTP/1.1"), headers=HTTPHeaders({"Host": "here:1"})
    )
    headers = HTTPHeaders({"Content-Type": "text/html"})
    _, found, _ = SafeHeaders(request, pictures=("https://sdss.example",)).transform_first_chunk(
        200, headers, b"<p>", True
    )
    assert "img-src 'self' data: blob: https://sdss.example;" in found["Content-Security-Policy"]


def test_elsewhere_notes__say_what_to_allow_and_which_column_is_missing(pool: Pool) -> None:
    notes = elsewhere_notes(pool, views(SDSS, "https://sdss.example/{rah}", hosts=()))
    assert "add sdss.example to views.image_hosts" in notes[0]
    assert "names 'rah', which is no column" in notes[-1] and "did you mean 'ra'" in notes[-1]


@pytest.mark.parametrize("url", ["https://h/{key}; script-src *", "https://h;x/{key}", "javascript:{key}"])
def test_cutouts__an_address_that_could_change_the_policy_is_refused(url: str, tmp_path: Path) -> None:
    del tmp_path
    try:
        sources = picture_sources(views(url, hosts=("h",)))
    except ValueError:
        return
    assert not any(sign in source for source in sources for sign in "; '*")
