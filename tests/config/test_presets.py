from __future__ import annotations

import pytest

from config.errors import UnknownNameError
from config.presets import list_presets, load_preset, merged
from config.schema import ProjectConfig

LEAST = {"project": {"name": "mine"}, "pool": {"path": "x.csv"}}


def test_list_presets__are_the_files_of_the_folder() -> None:
    assert list_presets() == ["digits_demo", "images", "tabular", "text"]


def test_load_preset__an_unknown_name_lists_the_known_and_the_closest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        load_preset("image")
    assert str(caught.value) == (
        "unknown preset 'image'; did you mean 'images'? (known: digits_demo, images, tabular, text)"
    )


@pytest.mark.parametrize("name", ["../schema", "/etc/passwd", ""])
def test_load_preset__a_path_is_no_name(name: str) -> None:
    with pytest.raises(UnknownNameError):
        load_preset(name)


@pytest.mark.parametrize("name", list_presets())
def test_load_preset__with_a_name_and_a_pool_is_a_valid_project(name: str) -> None:
    config = ProjectConfig.model_validate(merged(load_preset(name), LEAST))
    assert config.project.name == "mine"
    assert config != ProjectConfig.model_validate(LEAST)


def test_load_preset__the_demo_has_ten_classes_with_their_digits_as_keys() -> None:
    classes = load_preset("digits_demo")["classes"]
    assert [item["key"] for item in classes] == list("0123456789")


def test_merged__a_persons_values_win_and_others_stay() -> None:
    under = {"head": {"members": 8, "epochs": 5}, "classes": [1, 2], "version": 1}
    over = {"head": {"members": 3}, "classes": [], "views": {"page": "label"}}
    assert merged(under, over) == {
        "head": {"members": 3, "epochs": 5},
        "classes": [],
        "version": 1,
        "views": {"page": "label"},
    }


def test_merged__changes_neither_tree() -> None:
    under, over = {"a": {"b": 1}}, {"a": {"c": 2}}
    merged(under, over)
    assert (under, over) == ({"a": {"b": 1}}, {"a": {"c": 2}})
