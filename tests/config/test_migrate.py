from __future__ import annotations

import pytest

from config.errors import ConfigInvalidError, ConfigTooNewError
from config.files import parse_config
from config.migrate import STEPS, migrate
from config.schema import VERSION

DRAFT = (
    "version: 0\nname: stars\nseed: 3\ndata: sdss.csv\nid: objid\nlabels: [star, galaxy]\nbatch_size: 100\n"
)


def test_migrate__there_is_a_step_from_every_earlier_version() -> None:
    assert sorted(STEPS) == list(range(VERSION))


def test_migrate__a_draft_of_version_0_becomes_the_current_layout() -> None:
    config = parse_config(DRAFT)
    assert (config.version, config.project.name, config.project.seed) == (1, "stars", 3)
    assert (config.pool.path, config.pool.key) == ("sdss.csv", "objid")
    assert [item.name for item in config.classes] == ["star", "galaxy"]
    assert (config.rounds.batch, config.rounds.queue) == (100, 100)


def test_migrate__a_draft_without_a_version_is_known_by_its_layout() -> None:
    assert parse_config(DRAFT.removeprefix("version: 0\n")) == parse_config(DRAFT)


def test_migrate__leaves_what_it_was_given_unchanged() -> None:
    data = {"version": 0, "name": "a", "labels": ["x"]}
    migrate(data)
    assert data == {"version": 0, "name": "a", "labels": ["x"]}


def test_migrate__a_wrong_value_is_reported_where_it_stood_in_the_old_file() -> None:
    text = DRAFT.replace("galaxy", "7").replace("100", "0")
    with pytest.raises(ConfigInvalidError) as caught:
        parse_config(text, place="old.yaml")
    assert [line.split(": given")[0] for line in str(caught.value).split("\n")] == [
        "old.yaml:6:16: classes[1].name",
        "old.yaml:7:13: rounds.batch",
    ]


def test_migrate__an_unknown_key_of_a_draft_is_still_reported() -> None:
    with pytest.raises(ConfigInvalidError, match=r"colour: unknown key"):
        parse_config(DRAFT + "colour: blue\n")


def test_migrate__labels_that_are_no_list_are_reported() -> None:
    with pytest.raises(ConfigInvalidError, match=r"6:9: classes: given 'star'; allowed: a list"):
        parse_config(DRAFT.replace("[star, galaxy]", "star"))


def test_migrate__a_newer_version_is_refused_with_its_place() -> None:
    with pytest.raises(ConfigTooNewError, match=r"^new\.yaml:2:10: version: given 2; this goldpan reads"):
        parse_config("# made tomorrow\nversion: 2\nfuture: true\n", place="new.yaml")


@pytest.mark.parametrize("version", ["one", "true", "1.0", "-1", "null"])
def test_migrate__a_version_that_is_no_known_number_is_reported(version: str) -> None:
    with pytest.raises(ConfigInvalidError, match=r"version: given"):
        parse_config(f"version: {version}\nproject: {{name: a}}\npool: {{path: b}}\n")
