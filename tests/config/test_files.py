from __future__ import annotations

import os
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import files
from config.checks import fold
from config.errors import ConfigError, ConfigInvalidError
from config.files import config_hash, data_folder, dump_config, load_config, parse_config, save_config
from config.schema import (
    ClassSection,
    EncoderSection,
    HeadSection,
    PlotSection,
    PoolSection,
    ProjectConfig,
    ProjectSection,
    RoundsSection,
    ViewsSection,
)
from config.shared import SharedAnnotation, SharedRound, SharedSection, SharedSeek

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
LEAST = "project: {name: p}\npool: {path: x.csv}\n"
MINE = """\
# my stars
version: 1

pool:   # where they are
    path: x.csv
    key: ~      # not yet
project:
    seed: 0x10  # lucky
    name: "stars"   # short

classes:
    # the easy one
    - name: star
      key: s
    # the rare one
    - name: quasar     # QSO
      colour: '#ff0000'

rounds: {batch: 20, timeout_s: 600}   # patient
"""


def project(**parts: Any) -> ProjectConfig:
    return ProjectConfig(project=ProjectSection(name="p"), pool=PoolSection(path="x.csv"), **parts)


def with_labels(count: int) -> ProjectConfig:
    labels = tuple(
        SharedAnnotation(
            uid=f"u{index}", item=f"item {index}", act="label", class_name="a", annotator="me", created_at=NOW
        )
        for index in range(count)
    )
    rounds = (SharedRound(number=1, revision=3, seed=4, proposals_hash="f00"),)
    parts = SharedSection(
        goldpan_version="0.1",
        created_at=NOW,
        pool_hash="h",
        revision=count,
        rounds=rounds,
        annotations=labels,
    )
    return project(classes=(ClassSection(name="a"),), shared=parts)


# Reading


def test_load_config__a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.yaml: no such file; make one with 'goldpan init'"):
        load_config(tmp_path / "no.yaml")


def test_load_config__a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        load_config(tmp_path)


@pytest.mark.parametrize("content", ["proj\xe9".encode("latin-1"), LEAST.encode("utf-16"), b"\xff\xfe"])
def test_load_config__what_is_not_utf_8_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(path)


def test_load_config__a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.truncate(files.MAX_BYTES + 1)
    with pytest.raises(ConfigError, match="allowed: 536,870,912"):
        load_config(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_load_config__a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(LEAST)
    path.chmod(0)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(path)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "null\n"])
def test_parse_config__an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(ConfigInvalidError, match=r"<text>:1:1: empty"):
        parse_config(text)


@pytest.mark.parametrize("text", ["- a\n", "words\n", "3\n"])
def test_parse_config__what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ConfigInvalidError, match="not a mapping"):
        parse_config(text)


def test_parse_config__the_least_gives_all_defaults() -> None:
    assert parse_config(LEAST) == project()


def test_parse_config__a_syntax_error_has_its_line_and_column() -> None:
    with pytest.raises(ConfigInvalidError, match=r"^a\.yaml:3:14: not YAML: mapping values are not allowed"):
        parse_config(LEAST + "head: members: 3\n", place="a.yaml")


def test_parse_config__all_problems_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = (
        "project: {name: '', seed: -1}\n"
        "rounds:\n  batchh: 3\n  batch: 50\n  queue: 10\n"
        "head:\n  members: '8'\n  members: 9\n"
        "queue: 3\n"
        "encoder: {device: gpu}\n"
        "classes: [{name: a}, {name: A, key: xx}, {}]\n"
    )
    with pytest.raises(ConfigInvalidError) as caught:
        parse_config(text, place="a.yaml")
    known_rounds = "batch, queue, retrain_after, timeout_s, lease_s, scheduler"
    known = "version, project, pool, classes, encoder, head, strategy, rounds, team, views, shared"
    assert str(caught.value).split("\n") == [
        "a.yaml:1:1: pool: missing; give a mapping",
        "a.yaml:1:17: project.name: given ''; allowed: text of 1 to 200 characters",
        "a.yaml:1:27: project.seed: given -1; allowed: a whole number from 0 to 4294967295",
        f"a.yaml:3:3: rounds.batchh: unknown key; did you mean 'batch'? (known: {known_rounds})",
        "a.yaml:5:10: rounds.queue: given 10; allowed: at least the batch, 50",
        "a.yaml:7:12: head.members: given '8'; allowed: a whole number from 1 to 64",
        "a.yaml:8:3: head.members: given twice, first in line 7; keep one",
        f"a.yaml:9:1: queue: unknown key; did you mean 'rounds.queue'? (known: {known})",
        "a.yaml:10:19: encoder.device: given 'gpu'; allowed: auto, cpu, cuda, cuda:N or mps",
        "a.yaml:11:29: classes[1].name: given 'A', used by class 1 already ('a'); choose another name",
        "a.yaml:11:37: classes[1].key: given 'xx'; allowed: one printable character, such as '1' or 'q'",
        "a.yaml:11:42: classes[2].name: missing; give text of 1 to 200 characters",
    ]


def test_parse_config__a_key_given_twice_is_an_error_even_when_all_else_is_right() -> None:
    with pytest.raises(ConfigInvalidError, match=r"3:1: pool: given twice, first in line 2"):
        parse_config(LEAST + "pool: {path: y.csv}\n")


def test_parse_config__a_wrong_label_is_reported_at_its_own_line() -> None:
    text = dump_config(with_labels(100)).replace(
        '"uid":"u42","item":"item 42","act":"label"', '"uid":"u42","act":"x"'
    )
    line = next(number for number, row in enumerate(text.split("\n"), 1) if "u42" in row)
    with pytest.raises(ConfigInvalidError) as caught:
        parse_config(text)
    assert str(caught.value).split("\n") == [
        f"<text>:{line}:1: shared.annotations[42].item: missing; give text of 1 to 4096 characters",
        f"<text>:{line}:1: shared.annotations[42].act: given 'x'; allowed: one of label, skip, unsure, flag, undo, "
        "adjudicate",
    ]


def test_parse_config__thousands_of_problems_are_counted_beyond_fifty() -> None:
    text = dump_config(with_labels(2000)).replace('"act":"label"', '"act":"lable"')
    with pytest.raises(ConfigInvalidError) as caught:
        parse_config(text)
    rows = str(caught.value).split("\n")
    assert len(rows) == 51
    assert rows[-1] == " … and 1,950 more problems"


@pytest.mark.parametrize("value", ["&a [*a]", "!!python/object:os.system x", "!mine x"])
def test_parse_config__code_and_bombs_are_refused(value: str) -> None:
    with pytest.raises(ConfigInvalidError, match="not allowed; write"):
        parse_config(f"{LEAST}views: {value}\n")


# Writing


def test_save_config__a_new_file_explains_every_section_and_key(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    save_config(project(), path)
    text = path.read_text("utf-8")
    assert "# how an item becomes a vector\nencoder:\n" in text
    assert "  batch: 10                           # items chosen together\n" in text
    assert "(auto, light, dark)" in text
    assert load_config(path) == project()


def test_save_config__an_unchanged_file_keeps_every_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(MINE)
    save_config(load_config(path), path)
    assert path.read_text() == MINE


def test_save_config__only_changed_values_are_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(MINE)
    config = load_config(path)
    changed = config.model_copy(
        update={
            "project": config.project.model_copy(update={"title": "On: stars"}),
            "rounds": config.rounds.model_copy(update={"batch": 30}),
            "head": HeadSection(members=4),
        }
    )
    save_config(changed, path)
    title = '    title: "On: stars"\n'
    expected = MINE.replace("batch: 20", "batch: 30").replace("# short\n", "# short\n" + title)
    assert path.read_text() == expected + "head:\n    members: 4\n"
    assert load_config(path) == changed


def test_save_config__classes_keep_their_comments_when_others_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(MINE)
    config = load_config(path)
    changed = config.model_copy(
        update={"classes": (ClassSection(name="new: one", key="n"), config.classes[1])}
    )
    save_config(changed, path)
    assert load_config(path) == changed
    assert "- name: quasar     # QSO" in path.read_text()


def test_save_config__a_value_set_back_to_its_default_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(MINE)
    config = load_config(path)
    save_config(config.model_copy(update={"rounds": RoundsSection(), "classes": ()}), path)
    assert load_config(path).rounds == RoundsSection()
    assert load_config(path).classes == ()


def test_save_config__labels_are_added_changed_and_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# mine\n" + LEAST + "classes:\n- name: a\n")
    for config in (with_labels(3), with_labels(5), project(classes=(ClassSection(name="a"),))):
        save_config(config, path)
        assert load_config(path) == config
    assert path.read_text() == "# mine\n" + LEAST + "classes:\n- name: a\n"


def test_save_config__saving_twice_writes_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    save_config(with_labels(3), path)
    first = path.read_bytes()
    save_config(with_labels(3), path)
    assert path.read_bytes() == first


def test_save_config__an_older_layout_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    old = "name: p\ndata: x.csv\n"
    path.write_text(old)
    save_config(load_config(path), path)
    assert (tmp_path / "a.yaml.v0").read_text() == old
    assert load_config(path) == project()


def test_save_config__a_file_that_is_not_yaml_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("shopping: [milk\n")
    with pytest.raises(ConfigInvalidError):
        save_config(project(), path)
    assert path.read_text() == "shopping: [milk\n"


def test_save_config__a_failed_replace_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(MINE)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(ConfigError, match="No space left on device; nothing was changed"):
        save_config(project(), path)
    assert path.read_text() == MINE
    assert list(tmp_path.iterdir()) == [path]


def test_save_config__a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        save_config(project(), tmp_path / "no" / "a.yaml")


def test_save_config__permissions_and_links_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    real.write_text(LEAST)
    real.chmod(0o640)
    link.symlink_to(real)
    save_config(project(views=ViewsSection(theme="dark")), link)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert load_config(real).views.theme == "dark"


@pytest.mark.slow
def test_dump_config__a_hundred_thousand_labels_are_written_and_read_in_seconds() -> None:
    config = with_labels(100_000)
    started = time.perf_counter()
    text = dump_config(config)
    again = parse_config(text)
    assert time.perf_counter() - started < 20  # 2 s on two quiet cores
    assert again == config


# Hash and folder


def test_config_hash__survives_writing_and_reading() -> None:
    config = with_labels(1)
    assert config_hash(config) == config_hash(parse_config(dump_config(config)))


@pytest.mark.parametrize(
    "change",
    [
        {"views": ViewsSection(theme="dark")},
        {"project": ProjectSection(name="other", title="t", database="sqlite:///x", annotator="me")},
        {"pool": PoolSection(path="/elsewhere/y.csv", hash="abc", truth="t", extra=("z",))},
        {"encoder": EncoderSection(device="cpu", batch_size=3)},
        {"rounds": RoundsSection(lease_s=3, timeout_s=5, retrain_after=2)},
        {"shared": with_labels(2).shared, "classes": (ClassSection(name="a", key="1", colour="#ff0000"),)},
    ],
)
def test_config_hash__is_blind_to_what_cannot_change_a_proposal(change: dict[str, Any]) -> None:
    base = project(classes=(ClassSection(name="a"),)) if "classes" in change else project()
    assert config_hash(base.model_copy(update=change)) == config_hash(base)


@pytest.mark.parametrize(
    "change",
    [
        {"project": ProjectSection(name="p", seed=1)},
        {"head": HeadSection(members=3)},
        {"rounds": RoundsSection(batch=11)},
        {"pool": PoolSection(path="x.csv", columns=("a",))},
        {"classes": (ClassSection(name="a"),)},
    ],
)
def test_config_hash__sees_what_can_change_a_proposal(change: dict[str, Any]) -> None:
    assert config_hash(project().model_copy(update=change)) != config_hash(project())


@pytest.mark.parametrize(("path", "folder"), [("x.yaml", "x.goldpan"), ("/a/b.c.yml", "/a/b.c.goldpan")])
def test_data_folder__lies_beside_the_file(path: str, folder: str) -> None:
    assert data_folder(path) == Path(folder)


# Any configuration

NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
COLUMNS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
NUMBERS = st.floats(min_value=0, max_value=1e9)


@st.composite
def projects(draw: st.DrawFn) -> ProjectConfig:
    names = draw(st.lists(NAMES, max_size=4, unique_by=fold))
    targets = st.none() | NUMBERS.filter(bool)
    classes = tuple(ClassSection(name=name, description=draw(TEXTS), target=draw(targets)) for name in names)
    annotations = tuple(
        SharedAnnotation(
            uid=f"u{index}",
            item=draw(COLUMNS),
            act="label",
            class_name=name,
            annotator=draw(NAMES),
            created_at=NOW + timedelta(microseconds=index),
            comment=draw(TEXTS),
        )
        for index, name in enumerate(names)
    )
    said = SharedSeek(kind="words", text="a " + draw(TEXTS), annotator=draw(NAMES), created_at=NOW)
    shown = SharedSeek(
        kind="example",
        class_name=names[0] if names else None,
        items=(draw(COLUMNS),),
        annotator=draw(NAMES),
        created_at=NOW,
        withdrawn_at=NOW,
        withdrawn_by=draw(NAMES),
    )
    shared = SharedSection(
        goldpan_version="0.1",
        created_at=NOW,
        pool_hash=draw(COLUMNS),
        revision=3,
        seeks=(said, shown),
        annotations=annotations,
    )
    return ProjectConfig(
        project=ProjectSection(name=draw(NAMES), title=draw(TEXTS), seed=draw(st.integers(0, 2**32 - 1))),
        pool=PoolSection(
            path=draw(COLUMNS),
            key=draw(st.none() | COLUMNS),
            columns=draw(st.none() | st.lists(COLUMNS, max_size=3).map(tuple)),
            labels_from_folders=draw(st.booleans()),
        ),
        classes=classes,
        head=HeadSection(weight_decay=draw(st.floats(min_value=0, max_value=10))),
        shared=draw(st.sampled_from([None, shared])),
    )


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(config=projects())
def test_dump_config__any_configuration_reads_back_equal(config: ProjectConfig) -> None:
    assert parse_config(dump_config(config)) == config


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=projects(), after=projects())
def test_save_config__any_configuration_can_be_saved_over_any_other(
    tmp_path_factory: pytest.TempPathFactory, before: ProjectConfig, after: ProjectConfig
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.yaml"
    save_config(before, path)
    save_config(after, path)
    assert load_config(path) == after


@pytest.mark.parametrize(
    "start", ["views:\n  page: explore  # mine\n", "", "views:\n  plots: [{x: u, y: z}]\n"]
)
def test_save_config__plots_beside_the_map(tmp_path: Path, start: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"{LEAST}{start}", "utf-8")
    plots = (PlotSection(x="odd: #name", y="z"), PlotSection(x="ключ", y="true", log_y=True))
    config = load_config(path)
    wanted = config.model_copy(update={"views": config.views.model_copy(update={"plots": plots})})
    save_config(wanted, path)
    assert load_config(path) == wanted
    assert ("# mine" in start) == ("# mine" in path.read_text("utf-8"))
    save_config(wanted, tmp_path / "new.yaml")
    assert load_config(tmp_path / "new.yaml") == wanted
