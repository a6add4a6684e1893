"""The shared config repeats a project elsewhere."""

from __future__ import annotations

import resource
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.audit_set import draw_audit_set
from app.errors import PoolMovedError, ProjectError, ProjectExistsError
from app.project import Project, open_project
from app.run_now import run_first, run_now
from app.share import Level, import_project, share_project, shared_config, write_shared_config
from config.errors import ConfigError, ConfigInvalidError
from config.files import load_config, save_config
from labeling.annotations import Act, NewAnnotation, annotations_since, current_labels, record, revision
from labeling.annotators import ensure_annotator
from labeling.audit_set import list_draws
from labeling.classes import add_class, archive_class, find_class, list_classes, update_class
from labeling.gold import add_gold, gold_marks, gold_scores
from labeling.pools.changes import pool_changed
from labeling.queue import proposals_of
from labeling.round_log import fail_round, latest_round, list_rounds, start_round
from labeling.seeks import list_seeks, withdraw_seek
from tests.app.commands import run_command
from tests.projects import MOMENT, label, label_some, make_clouds, seek, truth_of, write_clouds


def share(project: Project, folder: Path) -> Path:
    run_now(project)
    label_some(project)
    run_now(project)
    return write_shared_config(project, folder / "shared.yaml")


def test_import_project__gives_the_same_next_proposals(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_clouds(elsewhere / "moved.csv")
    copy = import_project(shared, elsewhere / "copy.yaml", pool=elsewhere / "moved.csv")
    run_first(copy, lambda number, what: None)
    run_now(clouds)
    found = []
    for project in (clouds, copy):
        with project.database.reading() as session:
            found.append(proposals_of(session, round_number=3))
    assert found[0] and found[0] == found[1]
    copy.close()


def test_import_project__into_another_folder_finds_its_pool_again(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    (tmp_path / "elsewhere").mkdir()
    copy = import_project(shared, tmp_path / "elsewhere" / "copy.yaml")
    copy.close()
    pool = clouds.paths.config.parent / clouds.config.pool.path
    last = pool.read_text().splitlines()[-1]
    pool.write_text(pool.read_text() + last.replace("item-", "new-") + "\n")
    again = open_project(copy.paths.config)
    changed = pool_changed(again.pool, again.config.pool, again.paths.config.parent)
    again.close()
    assert changed is not None
    assert changed.added == 1


def test_import_project__keeps_every_annotation(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    (tmp_path / "elsewhere").mkdir()
    copy = import_project(shared, tmp_path / "elsewhere" / "copy.yaml")
    with clouds.database.reading() as one, copy.database.reading() as other:
        assert annotations_since(one, revision=0) == annotations_since(other, revision=0)
        assert current_labels(one).item_keys == current_labels(other).item_keys
    copy.close()


def test_import_project__allows_no_host_for_the_person(clouds: Project, tmp_path: Path) -> None:
    lookups = {
        "lookups": [{"name": "S", "url": "https://host/{key}"}],
        "lookup_hosts": ["host"],
        "cutouts": [{"name": "S", "url": "https://host/{key}.png"}],
        "image_hosts": ["host"],
    }
    config = load_config(clouds.paths.config)
    views = config.views.model_validate(lookups)
    save_config(config.model_copy(update={"views": views}), clouds.paths.config)
    project = open_project(clouds.paths.config)
    shared = write_shared_config(project, tmp_path / "shared.yaml")
    copy = import_project(shared, tmp_path / "elsewhere" / "copy.yaml")
    project.close()

    assert load_config(shared).views.lookup_hosts == ("host",)
    assert copy.config.views.lookups == views.lookups
    assert copy.config.views.lookup_hosts == copy.config.views.image_hosts == ()
    assert copy.config.views.cutouts == views.cutouts
    copy.close()


def test_import_project__another_pool(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    write_clouds(tmp_path / "other.csv", seed=4)
    with pytest.raises(PoolMovedError, match=r"the pool at .* has hash"):
        import_project(shared, tmp_path / "copy.yaml", pool=tmp_path / "other.csv")
    assert not (tmp_path / "copy.yaml").exists()
    assert not (tmp_path / "copy.goldpan").exists()


def test_import_project__onto_a_project(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    with pytest.raises(ProjectExistsError, match="exists"):
        import_project(shared, clouds.paths.config)


def test_import_project__of_a_plain_configuration(clouds: Project, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="without labels"):
        import_project(clouds.paths.config, tmp_path / "copy.yaml")


def test_import_project__annotation_of_an_unknown_class(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    text = shared.read_text(encoding="utf-8").replace("name: rare", "name: scarce")
    shared.write_text(text, encoding="utf-8")
    with pytest.raises((ProjectError, ConfigInvalidError), match="rare"):
        import_project(shared, tmp_path / "copy.yaml")


def test_shared_config__names_no_database(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    secret = project.config.project.model_copy(update={"database": "postgresql+psycopg://me:secret@host/db"})
    hidden = Project(
        config=project.config.model_copy(update={"project": secret}),
        paths=project.paths,
        pool=project.pool,
        database=project.database,
    )
    assert shared_config(hidden).project.database is None
    project.close()


def test_shared_config__names_no_cluster(clouds: Project) -> None:
    rounds = clouds.config.rounds.model_copy(update={"scheduler": "tcp://10.0.0.5:8786"})
    config = clouds.config.model_copy(update={"rounds": rounds})
    assert shared_config(replace(clouds, config=config)).rounds.scheduler is None


def test_write_shared_config__reads_back_equal(clouds: Project, tmp_path: Path) -> None:
    shared = share(clouds, tmp_path)
    read = load_config(shared)
    assert read.shared is not None
    assert len(read.shared.annotations) == 12
    assert [entry.number for entry in read.shared.rounds] == [1, 2]
    assert read.shared.pool_hash == clouds.pool.hash


def mixed_session(project: Project) -> None:
    """What a few days bring: two annotators, every act, classes that come and go, a round that failed."""
    truth = truth_of(project)
    of = {name: [key for key, true in truth.items() if true == name] for name in ("common", "other", "rare")}
    run_now(project)
    label(project, {of["rare"][0]: "rare", of["common"][0]: "common", of["other"][0]: "rare"})
    label(project, {of["other"][0]: "other", of["common"][1]: "common"}, annotator="Zoë")
    with project.database.transaction() as session:
        number = start_round(session, revision=3, seed=1, owner="gone:1", now=MOMENT)
        assert number is not None
        fail_round(session, number=number, error="out of memory", now=MOMENT)
        strange = add_class(session, name="strange", key="x", colour="#123456", target=2.0, description="odd")
        update_class(session, class_id=find(session, "rare"), parent_id=strange.id)
    run_now(project)
    undone = label(project, {of["common"][2]: "strange"})[0]
    with project.database.transaction() as session:
        annotator_id = ensure_annotator(session, name="ann")
        acts = (Act.SKIP, Act.UNSURE, Act.FLAG, Act.SKIP)
        for place, act in enumerate(acts):
            new = NewAnnotation(
                uid=f"act-{place:08d}",
                item_key=of["common"][10 + place],
                act=act,
                kind="discover",
                round_number=3,
            )
            record(session, new=new, annotator_id=annotator_id, now=MOMENT)
        takes_back = (undone, of["common"][2]), ("act-00000003", of["common"][13])
        for place, (uid, key) in enumerate(takes_back):
            new = NewAnnotation(uid=f"undo-{place:07d}", item_key=key, act=Act.UNDO, undoes_uid=uid)
            record(session, new=new, annotator_id=annotator_id, now=MOMENT)
    label(project, {of["other"][1]: "other", of["other"][2]: "strange", of["rare"][1]: "rare"})
    label(project, {of["other"][3]: "other"})
    with project.database.transaction() as session:
        archive_class(session, class_id=find(session, "strange"))
        # Its key is free again, and another class takes it.
        add_class(session, name="late", key="x", colour="#654321")


def find(session: Any, name: str) -> int:
    found = find_class(session, name=name)
    assert found is not None
    return found.id


def test_import_project__after_a_mixed_session_goes_on_the_same(clouds: Project, tmp_path: Path) -> None:
    mixed_session(clouds)
    (tmp_path / "elsewhere").mkdir()
    shared = write_shared_config(clouds, tmp_path / "shared.yaml")
    copy = import_project(shared, tmp_path / "elsewhere" / "copy.yaml")
    found = []
    for project in (clouds, copy):
        run_now(project)
        with project.database.reading() as session:
            newest = latest_round(session)
            assert newest is not None
            classes = [replace(entry, key=None) for entry in list_classes(session, archived=True)]
            offered = proposals_of(session, round_number=4)
            found.append((newest.number, newest.seed, newest.hashes, offered, classes))
    assert found[0][3]
    assert found[0] == found[1]
    copy.close()


def test_import_project__failed_rounds_stay_failed(clouds: Project, tmp_path: Path) -> None:
    mixed_session(clouds)
    copy = import_project(write_shared_config(clouds, tmp_path / "shared.yaml"), tmp_path / "copy.yaml")
    with copy.database.reading() as session:
        assert [row.state for row in list_rounds(session)] == ["done", "failed", "done"]
    copy.close()


def test_import_project__rounds_saw_the_same_annotations(clouds: Project, tmp_path: Path) -> None:
    label_some(clouds, each=1)
    with sqlite3.connect(clouds.paths.folder / "labels.sqlite") as raw:
        # A gap in the numbers, as PostgreSQL leaves them.
        columns = "uid, item_key, act, class_id, annotator_id, created_at, comment, strategy, kind"
        raw.execute(
            f"INSERT INTO annotation (id, {columns}) SELECT 501, 'after-gap', 'item-100', act, class_id, "
            "annotator_id, created_at, comment, strategy, kind FROM annotation LIMIT 1"
        )
    run_now(clouds)
    copy = import_project(write_shared_config(clouds, tmp_path / "shared.yaml"), tmp_path / "copy.yaml")
    with clouds.database.reading() as session:
        assert [row.revision for row in list_rounds(session)] == [501]
    with copy.database.reading() as session:
        assert [row.revision for row in list_rounds(session)] == [4]
        assert revision(session) == 4
    copy.close()


def test_shared_config__kind_of_another_program(clouds: Project, tmp_path: Path) -> None:
    with clouds.database.transaction() as session:
        new = NewAnnotation(
            uid="elsewhere-1",
            item_key="item-000",
            act=Act.LABEL,
            class_id=find(session, "rare"),
            kind="picked",
        )
        record(session, new=new, annotator_id=ensure_annotator(session, name="ann"), now=MOMENT)
    shared = load_config(write_shared_config(clouds, tmp_path / "shared.yaml")).shared
    assert shared is not None and shared.annotations[0].kind is None


def test_import_project__classes_under_others(clouds: Project, tmp_path: Path) -> None:
    with clouds.database.transaction() as session:
        above = add_class(session, name="whole", colour="#112233")
        update_class(session, class_id=find(session, "rare"), parent_id=above.id)
    copy = import_project(write_shared_config(clouds, tmp_path / "shared.yaml"), tmp_path / "copy.yaml")
    with copy.database.reading() as session:
        parents = {entry.name: entry.parent_id for entry in list_classes(session)}
        assert parents == {"common": None, "other": None, "rare": find(session, "whole"), "whole": None}
    copy.close()


def test_import_project__seeks_the_same(clouds: Project, tmp_path: Path) -> None:
    number = seek(clouds, "criteria", "b > 4 and d > 4", about="rare")
    seek(clouds, "example", "a tail: {x}", items=("item-003", "item-001"))
    seek(clouds, "criteria", "a > 1", about="common")
    with clouds.database.transaction() as session:
        bob = ensure_annotator(session, name="bob")
        withdraw_seek(session, seek_id=number + 2, annotator_id=bob, now=MOMENT)
    (tmp_path / "elsewhere").mkdir()
    copy = import_project(
        write_shared_config(clouds, tmp_path / "shared.yaml"), tmp_path / "elsewhere" / "copy.yaml"
    )
    found = []
    for project in (clouds, copy):
        run_now(project)
        with project.database.reading() as session:
            newest = latest_round(session)
            assert newest is not None
            found.append(
                (newest.hashes, proposals_of(session, round_number=1), list_seeks(session, withdrawn=True))
            )
    assert found[0][0]["seeks"] and found[0][1]
    assert found[0] == found[1]
    copy.close()


def test_import_project__seek_of_an_unknown_class(clouds: Project, tmp_path: Path) -> None:
    seek(clouds, "criteria", "b > 4", about="rare")
    shared = write_shared_config(clouds, tmp_path / "shared.yaml")
    text = shared.read_text(encoding="utf-8").replace("name: rare", "name: scarce")
    shared.write_text(text, encoding="utf-8")
    with pytest.raises((ProjectError, ConfigInvalidError), match="rare"):
        import_project(shared, tmp_path / "copy.yaml")


def test_share_project__rounds_tell_what_they_reached(clouds: Project, tmp_path: Path) -> None:
    share(clouds, tmp_path)
    shared = share_project(clouds, tmp_path / "s.yaml")
    first, second = shared.rounds
    assert first.figures == {"labels": 0} and second.figures["labels"] == 12
    assert {"balanced_accuracy", "recall: rare", "share: common"} <= set(second.figures)
    assert (second.device, second.settings, second.classes, second.seeks) == ("cpu", {}, None, ())
    assert len(second.proposals) == 60
    assert shared.versions["torch"] and shared.level == "all"


def test_share_project__gold_items_come_along(clouds: Project, tmp_path: Path) -> None:
    key = next(key for key, name in truth_of(clouds).items() if name == "rare")
    with clouds.database.transaction() as session:
        ann, bob = (ensure_annotator(session, name=name) for name in ("ann", "bob"))
        add_gold(
            session, labels={key: find(session, "rare")}, uids=["gold-00000001"], annotator_id=ann, now=MOMENT
        )
        new = NewAnnotation(
            uid="answer-00000001", item_key=key, act=Act.LABEL, class_id=find(session, "other"), kind="gold"
        )
        record(session, new=new, annotator_id=bob, now=MOMENT)
    share_project(clouds, tmp_path / "s.yaml")
    copy = import_project(tmp_path / "s.yaml", tmp_path / "copy.yaml", pool=tmp_path / "clouds.csv")
    with clouds.database.reading() as one, copy.database.reading() as other:
        assert gold_marks(one) == gold_marks(other)
        assert [(mark.item_key, mark.annotator) for mark in gold_marks(other)] == [(key, "ann")]
        [score] = gold_scores(other).values()
        assert (score.right, score.answered) == (0, 1)
    copy.close()


def test_import_project__the_next_round_is_eased_as_there(clouds: Project, tmp_path: Path) -> None:
    label_some(clouds)
    with clouds.database.transaction() as session:
        assert start_round(session, revision=12, seed=1, owner="gone:1", now=MOMENT) == 1
        fail_round(session, number=1, error="no room", now=MOMENT, metrics={"cause": "memory"})
    copy = import_project(write_shared_config(clouds, tmp_path / "s.yaml"), tmp_path / "copy.yaml")
    for project in (clouds, copy):
        run_now(project)
        with project.database.reading() as session:
            newest = latest_round(session)
            assert newest is not None and newest.metrics["easing"]["levels"] == {"memory": 1}
    copy.close()


def test_share_project__without_labels(clouds: Project, tmp_path: Path) -> None:
    share(clouds, tmp_path)
    shared = share_project(clouds, tmp_path / "s.yaml", with_labels=False)
    assert shared.annotations == () and shared.revision == 12 and len(shared.rounds) == 2
    assert "class_name" not in (tmp_path / "s.yaml").read_text("utf-8")
    copy = import_project(tmp_path / "s.yaml", tmp_path / "copy.yaml", pool=tmp_path / "clouds.csv")
    with copy.database.reading() as session:
        assert annotations_since(session, revision=0) == []
    copy.close()


def levelled(project: Project, folder: Path) -> Path:
    """Give a project a layout and a setting of its own."""
    config = load_config(project.paths.config)
    update = {
        "views": config.views.model_copy(update={"page": "explore", "units": {"a": "mag"}}),
        "head": config.head.model_copy(update={"members": 3}),
    }
    save_config(config.model_copy(update=update), project.paths.config)
    return share(open_project(project.paths.config), folder)


@pytest.mark.parametrize(
    ("level", "members", "classes", "count"), [("layout", 8, 0, 0), ("settings", 3, 3, 0), ("all", 3, 3, 12)]
)
@pytest.mark.parametrize("when", ["share", "import"])
def test_levels__are_the_same_at_sharing_and_at_importing(
    clouds: Project, tmp_path: Path, level: Level, members: int, classes: int, count: int, when: str
) -> None:
    with clouds.database.transaction() as session:
        drawer = ensure_annotator(session, name="ann")
    draw_audit_set(clouds, size=5, annotator_id=drawer)
    path = levelled(clouds, tmp_path)
    if when == "share":
        share_project(open_project(clouds.paths.config), path, level=level)
    wanted = level if when == "import" else None
    copy = import_project(path, tmp_path / "new" / "copy.yaml", pool=tmp_path / "clouds.csv", level=wanted)
    assert copy.config.views.page == "explore" and copy.config.views.units == {"a": "mag"}
    assert copy.config.head.members == members
    with copy.database.reading() as session:
        assert len(list_classes(session)) == classes
        assert len(annotations_since(session, revision=0)) == count
        # Who drew what is work, not a setting.
        assert len(list_draws(session)) == (level == "all")
    copy.close()


def test_import_project__a_layout_suits_another_pool(clouds: Project, tmp_path: Path) -> None:
    path = levelled(clouds, tmp_path)
    write_clouds(tmp_path / "other.csv", seed=4)
    copy = import_project(path, tmp_path / "copy.yaml", pool=tmp_path / "other.csv", level="layout")
    assert copy.config.views.page == "explore"
    copy.close()


def test_import_project__more_than_the_file_has(clouds: Project, tmp_path: Path) -> None:
    share_project(clouds, tmp_path / "s.yaml", level="layout")
    with pytest.raises(ProjectError, match="--level layout"):
        import_project(tmp_path / "s.yaml", tmp_path / "copy.yaml", level="settings")


def test_share_project__replaces_no_project(clouds: Project, tmp_path: Path) -> None:
    before = clouds.paths.config.read_text("utf-8")
    with pytest.raises(ProjectExistsError, match="is no shared config"):
        share_project(clouds, clouds.paths.config)
    assert clouds.paths.config.read_text("utf-8") == before
    share_project(clouds, tmp_path / "s.yaml", level="layout")
    assert share_project(clouds, tmp_path / "s.yaml").level == "all"
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_shared_config__does_not_tell_where_the_pool_lies(clouds: Project) -> None:
    section = clouds.config.pool.model_copy(update={"path": "/home/me/secret study/clouds.csv"})
    told = replace(clouds, config=clouds.config.model_copy(update={"pool": section}))
    assert shared_config(told).pool.path == "clouds.csv"


def test_share__of_the_command(clouds: Project, tmp_path: Path) -> None:
    share(clouds, tmp_path)
    done = run_command("share", "clouds.yaml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "clouds.shared.yaml holds 12 annotations and 2 rounds." in done.stdout
    done = run_command("share", "clouds.yaml", "--level", "layout", "--to", "l.yaml", folder=tmp_path)
    assert "l.yaml holds the layout." in done.stdout
    assert run_command("share", "clouds.yaml", "--to", "clouds.yaml", folder=tmp_path).returncode == 2


def test_share_project__disk_that_is_full_keeps_the_older_file(clouds: Project, tmp_path: Path) -> None:
    share_project(clouds, tmp_path / "s.yaml", level="layout")
    before = (tmp_path / "s.yaml").read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limit[1]))
    try:
        with pytest.raises(ConfigError, match="cannot be written"):
            share_project(clouds, tmp_path / "s.yaml")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (tmp_path / "s.yaml").read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if ".part" in path.name]
