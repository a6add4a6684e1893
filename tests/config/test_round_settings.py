from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.errors import ConfigInvalidError
from config.files import parse_config
from config.round_settings import RECORDED, changed_settings, recorded_settings, with_settings

LEAST = "project: {name: p}\npool: {path: x.csv}\n"
ROUND = (
    "shared:\n  goldpan_version: '1'\n  created_at: '2026-11-21T09:30:00Z'\n  pool_hash: abc\n  revision: 0\n"
    "  rounds:\n"
)


def test_changed_settings__only_what_is_another_value_now() -> None:
    then = recorded_settings(parse_config(LEAST + "head: {members: 3}\nrounds: {batch: 7}\n"))
    now = recorded_settings(parse_config(LEAST))
    assert changed_settings(then, now) == {"head": {"members": 3}, "rounds": {"batch": 7}}
    assert changed_settings(now, now) == {}


def test_with_settings__gives_back_what_was_recorded() -> None:
    old = parse_config(
        LEAST + "head: {members: 3, target_prior: {a: 0.5, b: 0.5}}\nstrategy: {name: margin}\n"
    )
    new = parse_config(LEAST)
    then = recorded_settings(old)
    assert recorded_settings(with_settings(new, changed_settings(then, recorded_settings(new)))) == then


def test_with_settings__a_value_that_cannot_be() -> None:
    with pytest.raises(ValidationError):
        with_settings(parse_config(LEAST), {"head": {"members": 0}})


def test_recorded__every_key_is_one_of_the_schema() -> None:
    config = parse_config(LEAST)
    for section, keys in RECORDED.items():
        assert set(keys) <= set(type(getattr(config, section)).model_fields)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('{"settings":{"encoder":{"model":"evil"}}}', "encoder.model"),
        ('{"settings":{"project":{"database":"sqlite:///x"}}}', "project.database"),
        ('{"classes":[{"name":"rare"}]}', "class 'rare' is not under classes"),
        ('{"seeks":[1]}', "seek 1 of 0"),
    ],
)
def test_parse_config__a_round_that_names_what_is_not_there(row: str, words: str) -> None:
    least = '"number":1,"revision":0,"seed":1,"proposals_hash":"x",'
    with pytest.raises(ConfigInvalidError, match=words):
        parse_config(LEAST + ROUND + "    - {" + least + row[1:] + "\n")


def test_parse_config__rounds_out_of_order() -> None:
    rows = "".join(
        f'    - {{"number":{number},"revision":0,"seed":1,"proposals_hash":"x"}}\n' for number in (2, 2)
    )
    with pytest.raises(ConfigInvalidError, match="round 2 after round 2"):
        parse_config(LEAST + ROUND + rows)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "https://me:secret@host/x", "javascript:alert(1)", "x"]
)
def test_parse_config__address_of_a_pool(url: str) -> None:
    with pytest.raises(ConfigInvalidError, match="not an address to download from"):
        parse_config(f"project: {{name: p}}\npool: {{path: x.csv, url: '{url}'}}\n")
