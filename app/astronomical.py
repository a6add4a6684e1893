"""Takes over a `configs/*.json` of AstronomicAL: column roles, classes, colours, assigned labels, some of the layout.

The file may come from anyone: it is read as plain JSON, nothing in it is run, and no file is read that it names beyond
the folder of AstronomicAL that it lies in. docs/from-astronomical.md says what becomes of each key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.astronomical_views import PLOTS, bands_of_config, combined_features, plots_of_panels
from app.errors import ProjectError
from app.prepare import Stage, create_project, silent_stage
from app.project import Project, annotator_name, now
from app.setup import as_yaml
from config.errors import ConfigInvalidError
from config.files import parse_config, read_text
from config.schema import PLOTS_MAX, VERSION, ProjectConfig
from labeling.annotations import Act, NewAnnotation
from labeling.annotators import ensure_annotator
from labeling.classes import list_classes
from labeling.restoring import PastAnnotation, restore_annotations

UNKNOWN = "-1"
"""AstronomicAL's label for unknown and unsure."""

HEADS = {"RForest": "random_forest", "KNN": "knn", "GBTrees": "gradient_boosting"}
STRATEGIES = {
    "Uncertainty Sampling": "least_confidence",
    "Margin Sampling": "margin",
    "Entropy Sampling": "entropy",
}
PAGES = {"Active Learning": "label", "Labelling": "label", "Exploring": "explore"}

_NO_COLUMNS = ("Use Index", "No Labels", "")
_TAKEN = frozenset(
    {
        "Author",
        "dataset_filepath",
        "layout",
        "id_col",
        "label_col",
        "default_vars",
        "labels",
        "label_colours",
        "labels_to_strings",
        "extra_info_cols",
        "extra_image_cols",
        "labels_to_train",
        "features_for_training",
        "exclude_labels",
        "classifiers",
        "feature_generation",
        "SED_bands",
    }
)
_WITHOUT_MEANING = frozenset(
    {
        "doi",
        "optimise_data",
        "strings_to_labels",
        "scale_data",
        "exclude_unknown_labels",
        "unclassified_labels",
        "test_set_file",
        "config_load_level",
        "confirmed",
        "other_data",
    }
)
"""Keys that say nothing that goldpan would need, or say again what another one says."""


@dataclass(frozen=True)
class Foreign:
    """What a configuration of AstronomicAL comes to.

    Attributes:
        config: the goldpan configuration; its pool path is the file's own.
        names: AstronomicAL's label → class name.
        given: item key → AstronomicAL's label, as it was assigned last.
        author: who wrote the file; "" where it does not say.
        notes: what has no counterpart, in words.
    """

    config: ProjectConfig
    names: Mapping[str, str]
    given: Mapping[str, str]
    author: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Taken:
    """A project that was made from a configuration of AstronomicAL.

    Attributes:
        project: the opened project.
        labels: annotations that were taken over.
        notes: what has no counterpart, in words.
    """

    project: Project
    labels: int
    notes: tuple[str, ...]


def import_astronomical(
    path: Path,
    config_path: Path,
    *,
    pool: Path | None = None,
    test_set: Path | None = None,
    stage: Stage = silent_stage,
) -> Taken:
    """Make a project from a configuration of AstronomicAL.

    Args:
        path: the JSON file.
        config_path: the YAML file of the new project.
        pool: where the data set lies; if None as the file says, where that stays in AstronomicAL's folder.
        test_set: AstronomicAL's `data/test_set.json`, whose labels are taken over too.
        stage: reports progress.

    Raises:
        ProjectError: the file is no configuration of AstronomicAL, or its data set is not there.
        ConfigInvalidError: a value in it cannot be taken over.
        PoolError: the data set does not have the columns.
    """
    foreign = read_astronomical(path, name=config_path.stem)
    config = _with_pool(foreign.config, path, pool)
    given = {**foreign.given, **({} if test_set is None else _test_labels(test_set))}
    notes = list(foreign.notes)
    count = [0]

    def fill(project: Project) -> None:
        count[0] = _label(project, foreign, given, notes)

    project = create_project(config, config_path, base=path.resolve().parent, stage=stage, fill=fill)
    return Taken(project, count[0], tuple(notes))


def read_astronomical(path: Path, *, name: str) -> Foreign:
    """Read a configuration of AstronomicAL.

    Args:
        path: the JSON file.
        name: what the project is called.

    Raises:
        ProjectError: it is no JSON mapping with the keys of such a file.
        ConfigInvalidError: a value in it cannot be taken over; all of them are told.
    """
    values = _read_json(path)
    missing = [
        key for key in ("dataset_filepath", "id_col", "label_col", "labels_to_strings") if key not in values
    ]
    if missing:
        raise ProjectError(
            f"{path} is no configuration of AstronomicAL: it lacks {', '.join(missing)}; give a file "
            "of its configs/ folder"
        )
    notes: list[str] = []
    names = _class_names(values)
    wanted = {
        "version": VERSION,
        "project": {"name": name},
        "pool": _pool(values, notes),
        "classes": _classes(values, names),
        "views": _views(values, path, notes),
        **_model(values, notes),
    }
    unknown = sorted(set(values) - _TAKEN - _WITHOUT_MEANING)
    if unknown:
        notes.append(f"left out, as goldpan has nothing for it: {', '.join(unknown)}")
    try:
        config = parse_config(as_yaml(wanted), place=str(path))
    except ConfigInvalidError as problem:
        # The lines are those of the configuration that was made, not of the file that was given.
        raise ConfigInvalidError(re.sub(r":\d+:\d+: ", ": ", str(problem))) from problem
    author = values.get("Author")
    return Foreign(
        config, names, _assigned(values), author.strip() if isinstance(author, str) else "", tuple(notes)
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(read_text(path))
    except (ValueError, RecursionError) as problem:
        raise ProjectError(
            f"{path} is not JSON ({problem}); give a configuration of AstronomicAL"
        ) from problem
    if not isinstance(values, dict):
        raise ProjectError(f"{path} holds no mapping; give a configuration of AstronomicAL")
    return values


def _class_names(values: Mapping[str, Any]) -> dict[str, str]:
    """Return AstronomicAL's labels with their names; unknown and missing ones are no classes."""
    found = values["labels_to_strings"]
    if not isinstance(found, dict):
        raise ProjectError(f"labels_to_strings is {type(found).__name__}, not a mapping of labels to names")
    return {
        str(label): str(name)
        for label, name in found.items()
        if str(label) != UNKNOWN and str(name).strip().lower() not in ("", "nan")
    }


def _classes(values: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    found = values.get("label_colours")
    colours: dict[str, Any] = found if isinstance(found, dict) else {}
    trained = _texts(values.get("labels_to_train"))
    left_out = values.get("exclude_labels") is True and bool(trained)
    return [
        {"name": name}
        | ({"colour": colours[label]} if label in colours else {})
        | ({"archived": True} if left_out and name not in trained else {})
        for label, name in names.items()
    ]


def _pool(values: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    key, truth = _column(values["id_col"]), _column(values["label_col"])
    features = [name for name in _texts(values.get("features_for_training")) if name not in (key, truth)]
    shown = _texts(values.get("extra_info_cols")) + _texts(values.get("extra_image_cols"))
    extra = [name for name in dict.fromkeys(shown) if name not in (truth, *features)]
    if truth in shown:
        notes.append(f"the column {truth!r} is not shown: it holds the known labels, which stay hidden")
    images = [name for name in _texts(values.get("extra_image_cols")) if name in extra]
    if images:
        notes.append(f"shown as text: {', '.join(images)}, which name images")
    section: dict[str, Any] = {
        "path": str(values["dataset_filepath"]),
        "key": key,
        "truth": truth,
        "extra": extra,
    }
    if features:
        section["columns"] = features
    section["combine"] = combined_features(values.get("feature_generation"), features, notes)
    return {name: value for name, value in section.items() if value not in (None, [])}


def _views(values: Mapping[str, Any], path: Path, notes: list[str]) -> dict[str, Any]:
    layout = values.get("layout")
    panels = [each for each in layout.values() if isinstance(each, dict)] if isinstance(layout, dict) else []
    columns = {*_texts(values.get("features_for_training")), *_texts(values.get("extra_info_cols"))}
    asked = [_texts(each.get("panel_contents")) for each in panels if each.get("contents") == "Basic Plot"]
    pairs = [pair for pair in [*asked, _texts(values.get("default_vars"))] if len(pair) == 2]
    plots = [pair for pair in pairs if set(pair) <= columns and pair[0] != pair[1]]
    unique = list(dict.fromkeys((x, y) for x, y in plots))[:PLOTS_MAX]
    lost = [f"{x} against {y}" for x, y in dict.fromkeys(map(tuple, pairs)) if (x, y) not in unique]
    if lost:
        notes.append(
            f"left out: plots of columns that the table may lack, or one too many: {'; '.join(lost)}"
        )
    contents = [str(each.get("contents")) for each in panels if each.get("contents")]
    others = [name for name in dict.fromkeys(contents) if name not in (*PAGES, *_PANELS, *PLOTS)]
    if others:
        notes.append(f"plots that need a plug-in (docs/plots.md): {', '.join(others)}")
    page = next((PAGES[name] for name in contents if name in PAGES), None)
    found = {
        "plots": [{"x": x, "y": y} for x, y in unique],
        "domain_plots": plots_of_panels(contents),
        "bands": bands_of_config(values, path, notes),
    }
    return {name: value for name, value in found.items() if value} | ({"page": page} if page else {})


_PANELS = ("Basic Plot", "Selected Source Info", "Menu", "Settings")
"""Panels that have their like on goldpan's pages already."""


def _model(values: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """Return head and strategy, where all classifiers had the same that goldpan has, too."""
    entries = list(_classifiers(values))
    sections: dict[str, Any] = {}
    heads = {name for entry in entries for name in _texts(entry.get("classifier"))}
    queries = {name for entry in entries for name in _texts(entry.get("query"))}
    if len(heads) == 1 and heads <= set(HEADS):
        sections["head"] = {"name": "sklearn", "estimator": HEADS[heads.pop()]}
    elif heads:
        notes.append(f"goldpan's own head in place of: {', '.join(sorted(heads))}")
    if len(queries) == 1 and queries <= set(STRATEGIES):
        sections["strategy"] = {"name": STRATEGIES[queries.pop()]}
    elif queries:
        notes.append(f"goldpan's own strategy in place of: {', '.join(sorted(queries))}")
    return sections


def _assigned(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels that were assigned, by item; what was assigned last counts."""
    found: dict[str, str] = {}
    for entry in _classifiers(values):
        ids, labels = entry.get("id", []), entry.get("y", [])
        if not isinstance(ids, list) or not isinstance(labels, list) or len(ids) != len(labels):
            raise ProjectError(
                "a classifier in the file has ids and labels (y) that are no lists of one length; the file is damaged"
            )
        found |= {str(key): str(label) for key, label in zip(ids, labels, strict=True)}
    return found


def _test_labels(path: Path) -> dict[str, str]:
    return {str(key): str(label) for key, label in _read_json(path).items()}


def _classifiers(values: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    found = values.get("classifiers")
    return [each for each in found.values() if isinstance(each, dict)] if isinstance(found, dict) else []


def _with_pool(config: ProjectConfig, path: Path, pool: Path | None) -> ProjectConfig:
    """Return the configuration with the place of the data set on this machine."""
    folder = path.resolve().parent
    home = folder.parent if folder.name == "configs" else folder
    place = pool.resolve() if pool is not None else (home / config.pool.path)
    if pool is None and not place.resolve().is_relative_to(home):
        raise ProjectError(
            f"{path}: dataset_filepath {config.pool.path!r} leads out of {home}; say where the "
            "data set lies with --pool"
        )
    if not place.exists():
        raise ProjectError(f"the data set {place} is not there; say where it lies with --pool FILE")
    return config.model_copy(update={"pool": config.pool.model_copy(update={"path": str(place)})})


def _label(project: Project, foreign: Foreign, given: Mapping[str, str], notes: list[str]) -> int:
    """Store the labels that were assigned; return how many."""
    keys = list(given)
    rows = project.pool.rows(keys)
    lost = [key for key, row in zip(keys, rows, strict=True) if row < 0]
    strange = sorted({label for label in given.values() if label != UNKNOWN and label not in foreign.names})
    moment = now()
    with project.database.transaction() as session:
        who = ensure_annotator(session, name=foreign.author[:200] or annotator_name(project.config))
        ids = {entry.name: entry.id for entry in list_classes(session, archived=True)}
        entries = [
            PastAnnotation(_annotation(place, key, given[key], foreign, ids), who, moment)
            for place, (key, row) in enumerate(zip(keys, rows, strict=True))
            if row >= 0 and given[key] not in strange
        ]
        restore_annotations(session, entries=entries)
    if lost:
        notes.append(
            f"{len(lost)} labels are of items that the data set does not have ({', '.join(lost[:5])})"
        )
    if strange:
        notes.append(f"labels without a name in labels_to_strings are left out: {', '.join(strange)}")
    return len(entries)


def _annotation(place: int, key: str, label: str, foreign: Foreign, ids: Mapping[str, int]) -> NewAnnotation:
    known = label != UNKNOWN
    return NewAnnotation(
        uid=f"astronomical-{place:08d}",
        item_key=key,
        act=Act.LABEL if known else Act.UNSURE,
        class_id=ids[foreign.names[label]] if known else None,
        comment="from AstronomicAL",
    )


def _column(value: object) -> str | None:
    return value if isinstance(value, str) and value not in _NO_COLUMNS else None


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
