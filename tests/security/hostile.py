"""A project in which every text that a person or a file can set is markup that would run, and a formula."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np

from app.prepare import create_project
from app.project import Project
from app.run_now import run_now
from app.setup import ProjectWishes, make_config
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from labeling.round_log import fail_round, start_round
from labeling.selections import pack_keys, save_selection
from tests.projects import MOMENT, seek

MARK = "<img src=x onerror=window.pwned=1>"
"""Runs where a text is taken for HTML; a policy that stops it reports it."""
BREAK_OUT = "\"'><svg onload=window.pwned=2></title><script>window.pwned=3</script>{{7*7}}${7*7}"
"""Breaks out of attributes, titles, scripts and templates."""
NUMBER = f"n {MARK}"
WORDS = f"w {MARK}"
CLASSES = (f"=1+2 {MARK}", f"b {BREAK_OUT}", "javascript:window.pwned=4")
COUNT = 80


def key_of(number: int) -> str:
    """Return the key of an item: markup too."""
    return f"{number} {MARK}"


def write_hostile_pool(path: Path) -> None:
    """Write a table with markup in the names of its columns and in their values."""
    generator = np.random.default_rng(0)
    lines = [f'id,"{NUMBER}",other,"{WORDS}"']
    for number in range(COUNT):
        words = (MARK, BREAK_OUT, "=HYPERLINK()", "@x")[number % 4].replace('"', '""')
        place = 8.0 * (number % 2)
        first, second = generator.normal(place, 1, 2)
        lines.append(f'"{key_of(number)}",{first:.3f},{second:.3f},"{words}"')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_hostile(folder: Path) -> Project:
    """Make an opened project with markup in all its texts, labels, a model, a selection, seeks and a failed round."""
    write_hostile_pool(folder / "pool.csv")
    path = folder / "hostile.yaml"
    wishes = ProjectWishes(
        name=f"p {MARK}", pool=str(folder / "pool.csv"), key="id", extra=(WORDS,), classes=CLASSES, seed=5
    )
    config = make_config(wishes, path)
    views = {
        "units": {NUMBER: f"u {MARK}"[:40]},
        "lookups": [{"name": f"l {MARK}", "url": "https://simbad.example/{key}"}],
        "lookup_hosts": ["simbad.example"],
        "plots": [{"x": NUMBER, "y": "other"}],
        "map_colour": f"column:{WORDS}",
    }
    sections = {
        "project": config.project.model_copy(update={"title": BREAK_OUT, "annotator": f"a {MARK}"}),
        "classes": tuple(entry.model_copy(update={"description": BREAK_OUT}) for entry in config.classes),
        "views": config.views.model_validate(views),
    }
    project = create_project(config.model_copy(update=sections), path)
    _act(project)
    run_now(project)
    with project.database.transaction() as session:
        number = start_round(session, revision=0, seed=1, owner="x", now=MOMENT)
        assert number is not None
        fail_round(session, number=number, error=f"error {MARK} {BREAK_OUT}", now=MOMENT)
    return project


def _act(project: Project) -> None:
    """Label, flag, seek and select, all with markup."""
    with project.database.transaction() as session:
        annotator_id = ensure_annotator(session, name=f"a {MARK}")
        ids = [entry.id for entry in list_classes(session)]
        for number in range(24):
            flagged = number == 20
            new = NewAnnotation(
                uid=uuid.uuid4().hex,
                item_key=key_of(number),
                act=Act.FLAG if flagged else Act.LABEL,
                class_id=None if flagged else ids[number % 2],
                comment=f"c {MARK} {BREAK_OUT}",
            )
            record(session, new=new, annotator_id=annotator_id, now=MOMENT)
        keys = pack_keys([[key_of(1), key_of(2)]])
        save_selection(
            session, name=f"s {MARK}", how=f"h {MARK}", keys=keys, annotator_id=annotator_id, now=MOMENT
        )
    seek(project, "words", f"k {MARK}", about=CLASSES[0])
    seek(project, "criteria", "other > 1", about=CLASSES[1])
    seek(project, "example", items=(key_of(3),))
