from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from config.schema import (
    ClassSection,
    HeadSection,
    PoolSection,
    ProjectConfig,
    ProjectSection,
    RoundsSection,
)
from config.shared import SharedAnnotation, SharedSection, SharedSeek

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def project(**parts: Any) -> ProjectConfig:
    return ProjectConfig(project=ProjectSection(name="p"), pool=PoolSection(path="x.csv"), **parts)


def annotation(uid: str, act: str = "label", **values: Any) -> SharedAnnotation:
    fields = {"uid": uid, "item": "a", "act": act, "annotator": "me", "created_at": NOW, **values}
    return SharedAnnotation.model_validate(fields)


def shared(*annotations: SharedAnnotation) -> SharedSection:
    return SharedSection(
        goldpan_version="0.1", created_at=NOW, pool_hash="h", revision=0, annotations=annotations
    )


def problems(error: ValidationError) -> dict[tuple[int | str, ...], str]:
    return {item["loc"]: item["msg"] for item in error.errors()}


def test_project_config__is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        project().rounds.batch = 3  # type: ignore[misc]


def test_project_config__every_field_has_a_description() -> None:
    models = [ProjectConfig]
    missing = []
    while models:
        model: Any = models.pop()
        for name, info in model.model_fields.items():
            if not info.description:
                missing.append(f"{model.__name__}.{name}")
            models += [part for part in _parts(info.annotation) if hasattr(part, "model_fields")]
    assert missing == []


def _parts(annotation: Any) -> list[Any]:
    inner = getattr(annotation, "__args__", ())
    return [annotation, *(part for item in inner for part in _parts(item))]


def test_project_config__defaults_are_valid() -> None:
    config = project()
    assert ProjectConfig.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize("batch", [0, -1, 10_001, True, 2.0, "10", None])
def test_rounds_section__batch_out_of_bounds_or_of_a_wrong_type_is_refused(batch: object) -> None:
    with pytest.raises(ValidationError):
        RoundsSection.model_validate({"batch": batch, "queue": 100_000})


def test_rounds_section__a_queue_shorter_than_the_batch_is_refused_at_queue() -> None:
    with pytest.raises(ValidationError) as caught:
        RoundsSection(batch=20, queue=19)
    assert problems(caught.value) == {("queue",): "given 19; allowed: at least the batch, 20"}


@pytest.mark.parametrize("rate", [0, -0.1, float("nan"), float("inf")])
def test_head_section__a_learning_rate_that_cannot_learn_is_refused(rate: float) -> None:
    with pytest.raises(ValidationError):
        HeadSection(learning_rate=rate)


@pytest.mark.parametrize(
    "shares", [{"a": 0.5, "b": 0.2}, {"a": 1.2}, {"a": 1.5, "b": -0.5}, {}, {"a": True}, {"": 1.0}]
)
def test_head_section__a_target_prior_that_does_not_add_up_to_one_is_refused(shares: object) -> None:
    with pytest.raises(ValidationError):
        HeadSection.model_validate({"target_prior": shares})


def test_head_section__the_sum_of_a_refused_target_prior_is_named() -> None:
    with pytest.raises(ValidationError) as caught:
        HeadSection(target_prior={"star": 0.5, "quasar": 0.2})
    assert "add up to 0.7" in problems(caught.value)["target_prior",]


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True])
def test_project_section__a_seed_that_generators_refuse_is_refused(seed: object) -> None:
    with pytest.raises(ValidationError):
        ProjectSection.model_validate({"name": "p", "seed": seed})


def test_project_section__a_refused_database_url_keeps_its_password_to_itself() -> None:
    with pytest.raises(ValidationError) as caught:
        ProjectSection(name="p", database="mysql://me:hunter2@host/db")
    assert "hunter2" not in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00", "a\u2028b", "a\ud800", "x" * 201])
def test_class_section__a_name_that_is_empty_long_or_unprintable_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        ClassSection(name=name)


@pytest.mark.parametrize("name", ["👩\u200d🚀", "שלום\u200f", "می\u200cخواهم"])
def test_class_section__a_name_may_hold_joiners_and_marks_of_direction(name: str) -> None:
    assert ClassSection(name=name).name == name


def test_class_section__a_name_loses_the_space_around_it() -> None:
    assert ClassSection(name="  red dwarf ").name == "red dwarf"


@pytest.mark.parametrize("key", ["", " ", "ab", "\t", "\x1b"])
def test_class_section__a_key_that_is_not_one_visible_character_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        ClassSection(name="a", key=key)


@pytest.mark.parametrize("colour", ["red", "#12345", "#1234567", "#12345g", "url(x)"])
def test_class_section__a_colour_that_is_not_hexadecimal_is_refused(colour: str) -> None:
    with pytest.raises(ValidationError):
        ClassSection(name="a", colour=colour)


@pytest.mark.parametrize("second", ["star", "STAR", " star "])
def test_classes__a_name_used_twice_ignoring_case_is_refused(second: str) -> None:
    with pytest.raises(ValidationError) as caught:
        project(classes=(ClassSection(name="star"), ClassSection(name=second)))
    assert list(problems(caught.value)) == [("classes", 1, "name")]


def test_classes__names_that_differ_only_in_unicode_form_are_refused() -> None:
    with pytest.raises(ValidationError):
        project(classes=(ClassSection(name="caf\u00e9"), ClassSection(name="cafe\u0301")))


def test_classes__a_key_used_twice_is_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        project(classes=(ClassSection(name="a", key="1"), ClassSection(name="b", key="1")))
    assert list(problems(caught.value)) == [("classes", 1, "key")]


def test_classes__an_unknown_parent_is_refused_with_the_closest_name() -> None:
    with pytest.raises(ValidationError) as caught:
        project(classes=(ClassSection(name="galaxy"), ClassSection(name="spiral", parent="galaxi")))
    assert "did you mean 'galaxy'?" in problems(caught.value)[("classes", 1, "parent")]


def test_classes__a_circle_of_parents_is_refused_at_each_class_in_it() -> None:
    rows = {"a": "b", "b": "c", "c": "a", "d": "a"}
    with pytest.raises(ValidationError) as caught:
        project(classes=tuple(ClassSection(name=name, parent=parent) for name, parent in rows.items()))
    assert list(problems(caught.value)) == [("classes", index, "parent") for index in range(3)]


def test_classes__a_parent_that_comes_later_is_fine() -> None:
    config = project(classes=(ClassSection(name="a", parent="b"), ClassSection(name="b")))
    assert config.classes[0].parent == "b"


def test_classes__targets_that_are_all_zero_are_refused() -> None:
    with pytest.raises(ValidationError, match="every class has the target 0"):
        project(classes=(ClassSection(name="a", target=0), ClassSection(name="b", target=0.0)))


def test_classes__one_class_without_a_target_makes_zeros_fine() -> None:
    assert len(project(classes=(ClassSection(name="a", target=0), ClassSection(name="b"))).classes) == 2


def test_shared__a_label_undone_fits() -> None:
    parts = shared(annotation("1", class_name="a"), annotation("2", "undo", undoes="1"))
    assert project(classes=(ClassSection(name="a"),), shared=parts).shared == parts


@pytest.mark.parametrize(
    ("annotations", "where"),
    [
        ([annotation("1", "skip"), annotation("1", "skip")], ("shared", "annotations", 1, "uid")),
        ([annotation("1")], ("shared", "annotations", 0)),
        ([annotation("1", class_name="b")], ("shared", "annotations", 0, "class_name")),
        ([annotation("1", "undo", undoes="2")], ("shared", "annotations", 0, "undoes")),
        ([annotation("1", "undo")], ("shared", "annotations", 0, "undoes")),
    ],
)
def test_shared__annotations_that_do_not_fit_are_refused(
    annotations: list[SharedAnnotation], where: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as caught:
        project(classes=(ClassSection(name="a"),), shared=shared(*annotations))
    assert list(problems(caught.value)) == [where]


@pytest.mark.parametrize(
    ("values", "where", "part"),
    [
        ({"kind": "words", "text": "x", "class_name": "b"}, "class_name", "class 'b' is not under classes"),
        ({"kind": "words", "text": " "}, None, "words without a text"),
        ({"kind": "example"}, None, "an example without items"),
    ],
)
def test_shared__seeks_that_do_not_fit_are_refused(
    values: dict[str, Any], where: str | None, part: str
) -> None:
    seek = SharedSeek.model_validate({"annotator": "me", "created_at": NOW, **values})
    with pytest.raises(ValidationError) as caught:
        project(classes=(ClassSection(name="a"),), shared=shared().model_copy(update={"seeks": (seek,)}))
    [(place, message)] = problems(caught.value).items()
    assert place == ("shared", "seeks", 0, *([] if where is None else [where]))
    assert part in message


def test_shared_seek__text_is_bounded() -> None:
    with pytest.raises(ValidationError, match="10000"):
        SharedSeek(kind="words", text="x" * 10_001, annotator="me", created_at=NOW)


@pytest.mark.parametrize("when", [5, 1.5, True, "2026-11-21T09:30:00", "yesterday"])
def test_shared_annotation__a_time_without_a_zone_or_as_a_number_is_refused(when: object) -> None:
    with pytest.raises(ValidationError):
        annotation("1", "skip", created_at=when)


def test_strategy_section__an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValidationError, match=r"did you mean 'margin'\? \(known: prospect, density"):
        project(strategy={"name": "margni"})


@pytest.mark.parametrize("name", ["label", "annotator", "label_round", "column:u", "column: odd : name"])
def test_views_section__what_colours_the_map(name: str) -> None:
    assert project(views={"map_colour": name}).views.map_colour == name


@pytest.mark.parametrize("name", ["labels", "column:", "", "u"])
def test_views_section__what_cannot_colour_the_map(name: str) -> None:
    with pytest.raises(ValidationError, match="known: label, prediction"):
        project(views={"map_colour": name})


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "tls://node-1.example:8786", "tcp://[::1]:1"])
def test_rounds_section__addresses_of_schedulers(address: str) -> None:
    assert RoundsSection(scheduler=address).scheduler == address


@pytest.mark.parametrize(
    "address", ["10.0.0.5:8786", "http://a:1", "tcp://a", "tcp://a:x", "tcp://a:1/x", "inproc://a:1", ""]
)
def test_rounds_section__no_address_of_a_scheduler(address: str) -> None:
    with pytest.raises(ValidationError, match="tcp://HOST:PORT or tls://HOST:PORT"):
        RoundsSection(scheduler=address)
