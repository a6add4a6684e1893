from __future__ import annotations

from pathlib import Path

import pytest
from pydantic_core import PydanticCustomError

from config.errors import ConfigInvalidError
from config.files import dump_config, load_config, parse_config, save_config
from config.lookups import check_host, check_template, fill_template, template_host, template_names
from config.schema import ViewsSection

URL = "https://Simbad.example:8080/sim?coord={ra}%20{dec}&id={key}#x"
HEAD = "project: {name: p}\npool: {path: p.csv}\n"


def test_check_template__good_ones() -> None:
    assert check_template(URL) == URL
    assert check_template("http://localhost/{key}") == "http://localhost/{key}"
    assert check_template("https://[::1]:80/{a column, with: signs}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert({key})",
        "data:text/html,{key}",
        "ftp://host/{key}",
        "//host/{key}",
        "https://{key}.example/",
        "https://host{key}/",
        "https://user:word@host/{key}",
        "https://host\\@evil/{key}",
        "https://host/{key",
        "https://host/key}",
        "https://host/{}",
        "https://host/{{key}}",
        "https://host/ {key}",
        "https://host/\n{key}",
        "https://host/\u202e{key}",
        "https://hоst/{key}",  # a Cyrillic letter
        "https://host/nothing",
    ],
)
def test_check_template__bad_ones_are_told_what_is_allowed(url: str) -> None:
    with pytest.raises(PydanticCustomError, match="allowed: http"):
        check_template(url)


@pytest.mark.parametrize("host", ["", "https://host", "host/", "host:", "a b", "*", "*.example", "hоst"])
def test_check_host__bad_ones(host: str) -> None:
    with pytest.raises(PydanticCustomError, match="allowed: a host"):
        check_host(host)


def test_template_host_and_names() -> None:
    assert template_host(URL) == "simbad.example:8080"
    assert template_host("https://host?{key}") == "host"
    assert template_names("https://h/{b}/{a}/{b}") == ("b", "a")


def test_fill_template__a_value_stays_one_piece() -> None:
    values = {"ra": "1.5", "dec": "-2/../&#?", "key": 'é" {ra}'}
    assert fill_template(URL, values) == (
        "https://Simbad.example:8080/sim?coord=1.5%20-2%2F..%2F%26%23%3F&id=%C3%A9%22%20%7Bra%7D#x"
    )


@pytest.mark.parametrize("value", ["", ".", "..", "x" * 1001])
def test_fill_template__values_that_must_not_be_in_an_address(value: str) -> None:
    assert fill_template("https://host/{key}/edit", {"key": value}) is None
    assert fill_template("https://host/{other}", {"key": "a"}) is None


def test_views__lookups_are_written_and_read_back() -> None:
    views = {
        "units": {"g": "mag", "a: b": "°"},
        "lookups": [{"name": "SIMBAD", "url": URL}],
        "lookup_hosts": ["simbad.example:8080"],
    }
    config = parse_config(HEAD).model_copy(update={"views": ViewsSection.model_validate(views)})
    assert parse_config(dump_config(config)) == config


def test_views__lookups_are_added_to_a_file_that_exists(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"{HEAD}views:\n  theme: dark  # mine\n", encoding="utf-8")
    views = {"theme": "dark", "units": {"g": "mag"}, "lookups": [{"name": "S", "url": URL}]}
    config = load_config(path).model_copy(update={"views": ViewsSection.model_validate(views)})
    save_config(config, path)
    assert load_config(path) == config
    assert "# mine" in path.read_text(encoding="utf-8")


def test_views__problems_are_told_together_each_with_its_place() -> None:
    text = f"{HEAD}views:\n  lookups:\n    - {{name: S, url: 'ftp://x/{{key}}'}}\n  lookup_hosts: ['a b']\n"
    with pytest.raises(ConfigInvalidError) as problem:
        parse_config(text)
    assert "5:22: views.lookups[0].url: given 'ftp://x/{key}'" in str(problem.value)
    assert "views.lookup_hosts[0]: given 'a b'" in str(problem.value)
