from __future__ import annotations

from pathlib import Path

import pytest

from app.lookups import lookup_links, lookup_notes
from config.schema import ViewsSection
from labeling.pools.pool import Pool
from tests.labeling.pools.files import csv_pool

CSV = """id,ra,objid,name,class,seen
a/1,185.4321234567,12,x&y,star,2026-01-02
b2,,1237648720693755918,,star,
c3,1.0,13,..,galaxy,2026-01-03
"""


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    return csv_pool(
        tmp_path_factory.mktemp("lookups"), CSV, key="id", truth="class", extra=["name", "seen", "objid"]
    )


def views(*urls: str, hosts: tuple[str, ...] = ("host",)) -> ViewsSection:
    lookups = [{"name": f"N{number}", "url": url} for number, url in enumerate(urls)]
    return ViewsSection.model_validate({"lookups": lookups, "lookup_hosts": hosts})


def links(pool: Pool, row: int, *urls: str, hosts: tuple[str, ...] = ("host",)) -> list[str]:
    return [link["url"] for link in lookup_links(pool, row, views(*urls, hosts=hosts))]


def test_lookup_links__values_have_all_their_digits_and_are_encoded(pool: Pool) -> None:
    found = links(pool, 0, "https://host/{key}?ra={ra}&n={name}&o={objid}&t={seen}")
    assert found == ["https://host/a%2F1?ra=185.4321234567&n=x%26y&o=12&t=2026-01-02"]


def test_lookup_links__only_of_allowed_hosts(pool: Pool) -> None:
    urls = ("https://HOST/{key}", "https://host.evil/{key}", "https://host:81/{key}")
    assert links(pool, 0, *urls) == ["https://HOST/a%2F1"]
    assert links(pool, 0, *urls, hosts=()) == []


def test_lookup_links__missing_lost_and_dotted_values_give_none(pool: Pool) -> None:
    assert links(pool, 1, "https://host/{ra}", "https://host/{objid}", "https://host/{key}") == [
        "https://host/b2"
    ]
    assert links(pool, 2, "https://host/{name}") == []


def test_lookup_links__never_tell_the_truth(pool: Pool) -> None:
    assert links(pool, 0, "https://host/{class}") == []


def test_lookup_notes__say_what_to_do(pool: Pool) -> None:
    notes = lookup_notes(pool, views("https://host/{key}", "https://other/{key}", "https://host/{objd}"))
    assert len(notes) == 2
    assert "add other to views.lookup_hosts" in notes[0]
    assert "did you mean 'objid'?" in notes[1]
    assert lookup_notes(pool, ViewsSection()) == []


def test_lookup_notes__an_item_key_is_always_there(tmp_path: Path) -> None:
    assert lookup_notes(csv_pool(tmp_path, "a,b\n1,2\n3,4\n"), views("https://host/{key}")) == []
