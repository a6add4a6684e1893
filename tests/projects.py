"""Small real projects for tests: three clouds of points, one of them rare."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

import numpy as np

from app.prepare import create_project
from app.project import Project
from app.setup import ProjectWishes, make_config
from config.files import load_config, save_config
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from labeling.seeks import NewSeek, add_seek

CENTRES = {"common": (0.0, 0.0, 0.0, 0.0), "other": (6.0, 0.0, 6.0, 0.0), "rare": (0.0, 6.0, 0.0, 6.0)}
COUNTS = {"common": 60, "other": 40, "rare": 8}
MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def write_clouds(path: Path, *, seed: int = 3, times: int = 1) -> list[str]:
    """Write the clouds as CSV with id, four columns and the true class; return the true classes in order.

    Args:
        path: the file.
        seed: of the points.
        times: how many times as many items as usual.
    """
    generator = np.random.default_rng(seed)
    names = [name for name, count in COUNTS.items() for _ in range(count * times)]
    names = [names[index] for index in generator.permutation(len(names))]
    lines = ["id,a,b,c,d,kind"]
    for number, name in enumerate(names):
        values = np.asarray(CENTRES[name]) + generator.normal(0, 0.6, 4)
        lines.append(f"item-{number:03d}," + ",".join(f"{value:.6f}" for value in values) + f",{name}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return names


def make_clouds(
    folder: Path,
    *,
    classes: tuple[str, ...] = ("common", "other", "rare"),
    name: str = "clouds",
    database: str | None = None,
) -> Project:
    """Make an opened project of the clouds in a folder; nothing is labelled and no round has run."""
    pool = folder / "clouds.csv"
    if not pool.is_file():
        write_clouds(pool)
    path = folder / f"{name}.yaml"
    wishes = ProjectWishes(name=name, pool=str(pool), key="id", truth="kind", classes=classes, seed=5)
    config = make_config(wishes, path)
    section = config.project.model_copy(update={"database": database})
    return create_project(config.model_copy(update={"project": section}), path)


TEXTS = {
    "weather": "the {} rain and wind over the {} coast will clear before a cold night",
    "sport": "the {} team won its {} match after extra time and a late goal",
    "lost_card": "my {} bank card was lost or stolen near the {} station, please block it",
}
TEXT_COUNTS = {"weather": 70, "sport": 44, "lost_card": 6}


def make_texts(
    folder: Path,
    *,
    classes: tuple[str, ...] = ("weather", "sport", "lost_card"),
    strategy: str = "prospect",
    name: str = "texts",
) -> Project:
    """Make an opened project of short texts on three things, one of them rare; encoded without weights."""
    generator = np.random.default_rng(4)
    words = [
        "red",
        "blue",
        "early",
        "second",
        "northern",
        "little",
        "famous",
        "quiet",
        "first",
        "heavy",
        "local",
        "new",
    ]
    kinds = [kind for kind, count in TEXT_COUNTS.items() for _ in range(count)]
    lines = ["id,text,kind"]
    for number, place in enumerate(generator.permutation(len(kinds))):
        text = TEXTS[kinds[place]].format(*generator.choice(words, 2))
        lines.append(f'text-{number:03d},"{text}",{kinds[place]}')
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "texts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = folder / f"{name}.yaml"
    wishes = ProjectWishes(
        name=name,
        pool=str(folder / "texts.csv"),
        key="id",
        text="text",
        truth="kind",
        classes=classes,
        seed=5,
    )
    config = make_config(wishes, path)
    encoder = config.encoder.model_copy(update={"name": "text_tfidf", "dimensions": 16})
    chosen = config.strategy.model_copy(update={"name": strategy})
    return create_project(config.model_copy(update={"encoder": encoder, "strategy": chosen}), path)


def seek(
    project: Project, kind: str, text: str = "", *, about: str | None = None, items: tuple[str, ...] = ()
) -> int:
    """Say what is sought, for a class by its name or for none; return the seek's number."""
    with project.database.transaction() as session:
        ids = {entry.name: entry.id for entry in list_classes(session)}
        new = NewSeek(kind=kind, class_id=None if about is None else ids[about], text=text, item_keys=items)
        annotator_id = ensure_annotator(session, name="ann")
        return add_seek(session, new=new, annotator_id=annotator_id, now=MOMENT).id


def truth_of(project: Project) -> dict[str, str]:
    """Return the true class of each item by key."""
    from labeling.pools.truth import read_truth

    found = read_truth(project.paths.pool)
    assert found is not None
    return dict(zip(project.pool.keys(range(project.pool.n)), found, strict=True))


def label(project: Project, labels: dict[str, str], *, annotator: str = "ann") -> list[str]:
    """Give items labels by class name; return the uids."""
    uids = []
    with project.database.transaction() as session:
        annotator_id = ensure_annotator(session, name=annotator)
        ids = {entry.name: entry.id for entry in list_classes(session)}
        for key, class_name in labels.items():
            uids.append(uuid.uuid4().hex)
            new = NewAnnotation(uid=uids[-1], item_key=key, act=Act.LABEL, class_id=ids[class_name])
            record(session, new=new, annotator_id=annotator_id, now=MOMENT)
    return uids


def label_some(project: Project, *, each: int = 4) -> dict[str, str]:
    """Label the first few items of each class with their true class; return the labels."""
    chosen: dict[str, str] = {}
    for name in COUNTS:
        keys = [key for key, true in truth_of(project).items() if true == name][:each]
        chosen.update(dict.fromkeys(keys, name))
    label(project, chosen)
    return chosen


def mislabel(project: Project) -> str:
    """Label some items of each class, and one more common item as other; return that one's key."""
    some = label_some(project, each=6)
    key = next(key for key, name in truth_of(project).items() if name == "common" and key not in some)
    label(project, {key: "other"})
    return key


def let_rounds_wait(project: Project) -> None:
    """Write into the project's file that no round starts after a few labels, so that a test's page stays."""
    config = load_config(project.paths.config)
    rounds = config.rounds.model_copy(update={"retrain_after": 100_000})
    save_config(config.model_copy(update={"rounds": rounds}), project.paths.config)
