"""Configurations of AstronomicAL, of the form that its `save_config` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.astronomical import import_astronomical, read_astronomical
from app.errors import ProjectError
from config.errors import ConfigInvalidError
from labeling.annotations import annotations_since
from labeling.classes import list_classes
from labeling.pools.truth import read_truth
from tests.app.commands import run_command

BANDS = ("u", "g", "r")
CONFIG: dict[str, Any] = {
    "Author": "Ada Lovelace",
    "doi": "",
    "dataset_filepath": "data/example_dataset.csv",
    "optimise_data": True,
    "layout": {
        "0": {"x": 0, "y": 0, "w": 6, "h": 4, "contents": "Active Learning"},
        "1": {"x": 6, "y": 0, "w": 6, "h": 4, "contents": "Selected Source Info"},
        "2": {"x": 0, "y": 4, "w": 3, "h": 3, "contents": "Basic Plot", "panel_contents": ["r", "g"]},
        "3": {"x": 3, "y": 4, "w": 3, "h": 3, "contents": "BPT Plots"},
        "4": {"x": 9, "y": 4, "w": 3, "h": 3, "contents": "Basic Plot", "panel_contents": ["u-g", "g-r"]},
    },
    "id_col": "ID",
    "label_col": "labels",
    "default_vars": ["u", "redshift"],
    "labels": [0, 1, 2],
    "label_colours": {"0": "#ff7f0e", "1": "#2ca02c", "2": "#d62728", "-1": "#1f77b4"},
    "labels_to_strings": {"0": "Star", "1": "Galaxy", "2": "QSO", "-1": "Unknown"},
    "strings_to_labels": {"Unknown": -1, "Star": 0, "Galaxy": 1, "QSO": 2},
    "extra_info_cols": ["labels", "redshift"],
    "extra_image_cols": ["png_path_DR16"],
    "labels_to_train": ["Star", "Galaxy"],
    "features_for_training": list(BANDS),
    "exclude_labels": False,
    "exclude_unknown_labels": True,
    "unclassified_labels": [],
    "scale_data": False,
    "feature_generation": [["subtract (a-b)", 2]],
    "test_set_file": False,
    "classifiers": {
        "0": {
            "classifier": ["RForest"],
            "query": ["Entropy Sampling"],
            "id": ["85227442268012544", "0196-02791", "VIPERS 1", "gone"],
            "y": [0, 1, -1, 2],
        },
        "1": {"classifier": ["RForest"], "query": ["Entropy Sampling"], "id": ["0196-02791"], "y": [2]},
    },
}
KEYS = ("85227442268012544", "0196-02791", "VIPERS 1", *(f"more-{row}" for row in range(20)))


def astronomical(folder: Path, **changes: Any) -> Path:
    """Write a folder of AstronomicAL: `configs/`, `data/`; return the configuration."""
    for name in ("configs", "data"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    lines = ["ID,u,g,r,labels,redshift,png_path_DR16"]
    lines += [
        f"{key},{row},{row % 5}.5,{row * row % 7},{row % 3},0.{row},a.png" for row, key in enumerate(KEYS)
    ]
    (folder / "data" / "example_dataset.csv").write_text("\n".join(lines) + "\n", "utf-8")
    path = folder / "configs" / "config.json"
    path.write_text(json.dumps({**CONFIG, **changes}), "utf-8")
    return path


def test_import_astronomical__columns_classes_and_model(tmp_path: Path) -> None:
    taken = import_astronomical(astronomical(tmp_path / "al"), tmp_path / "p.yaml")
    config = taken.project.config
    assert (config.pool.key, config.pool.columns, config.pool.truth) == ("ID", BANDS, "labels")
    assert config.pool.extra == ("redshift", "png_path_DR16")
    assert [(entry.name, entry.colour) for entry in config.classes] == [
        ("Star", "#ff7f0e"),
        ("Galaxy", "#2ca02c"),
        ("QSO", "#d62728"),
    ]
    assert (config.head.name, config.head.estimator) == ("sklearn", "random_forest")
    assert config.strategy.name == "entropy"
    truth = read_truth(taken.project.paths.pool)
    assert truth is not None and set(truth) == {"0", "1", "2"}
    taken.project.close()


def test_import_astronomical__labels_the_last_one_counts(tmp_path: Path) -> None:
    taken = import_astronomical(astronomical(tmp_path / "al"), tmp_path / "p.yaml")
    with taken.project.database.reading() as session:
        names = {entry.id: entry.name for entry in list_classes(session)}
        found = {
            entry.item_key: (str(entry.act), names.get(entry.class_id or 0), entry.annotator)
            for entry in annotations_since(session, revision=0)
        }
    assert found == {
        "85227442268012544": ("label", "Star", "Ada Lovelace"),
        "0196-02791": ("label", "QSO", "Ada Lovelace"),
        "VIPERS 1": ("unsure", None, "Ada Lovelace"),
    }
    assert taken.labels == 3
    assert "1 labels are of items that the data set does not have (gone)" in taken.notes
    taken.project.close()


def test_import_astronomical__layout_as_far_as_it_has_a_counterpart(tmp_path: Path) -> None:
    foreign = read_astronomical(astronomical(tmp_path), name="p")
    views = foreign.config.views
    assert views.page == "label"
    assert [(plot.x, plot.y) for plot in views.plots] == [("r", "g"), ("u", "redshift")]
    told = "\n".join(foreign.notes)
    assert "u-g against g-r" in told and "png_path_DR16" in told
    assert views.domain_plots == ("bpt_nii", "bpt_sii", "bpt_oi")


def test_import_astronomical__combined_features_are_calculated(tmp_path: Path) -> None:
    taken = import_astronomical(astronomical(tmp_path / "al"), tmp_path / "p.yaml")
    pool = taken.project.pool
    assert list(pool.roles) == ["u", "g", "r", "u-g", "u-r", "g-r"]
    assert pool.frame(3, 4)["u-g"].tolist() == [3 - 3.5]
    taken.project.close()


def test_read_astronomical__a_combination_that_is_not_known_is_told(tmp_path: Path) -> None:
    path = astronomical(tmp_path, feature_generation=[["color (-2.5log(a/b))", 2], ["divide (a/b)", 3]])
    foreign = read_astronomical(path, name="p")
    assert [each.formula for each in foreign.config.pool.combine] == ["`u` / `g` / `r`"]
    assert any("the combined feature color" in note for note in foreign.notes)


def test_read_astronomical__bands_of_spectra(tmp_path: Path) -> None:
    bands = {
        "u": {"wavelength": 0.3572, "FWHM": 0.0565, "error": "u_err"},
        "g": {"wavelength": 0.48, "error": 0.1},
    }
    [u, g] = read_astronomical(astronomical(tmp_path, SED_bands=bands), name="p").config.views.bands
    assert (u.column, u.wavelength_um, u.width_um, u.error) == ("u", 0.3572, 0.0565, "u_err")
    assert (g.width_um, g.error, g.kind) == (None, None, "ab_mag")


def test_import_astronomical__classes_that_were_excluded_are_archived(tmp_path: Path) -> None:
    path = astronomical(tmp_path, exclude_labels=True)
    assert [entry.archived for entry in read_astronomical(path, name="p").config.classes] == [
        False,
        False,
        True,
    ]


def test_import_astronomical__of_the_exploring_mode(tmp_path: Path) -> None:
    """A later form: labels are texts, `nan` among them, and few keys."""
    path = astronomical(tmp_path)
    keep = ("dataset_filepath", "id_col", "label_col", "extra_info_cols")
    values = {key: CONFIG[key] for key in keep} | {
        "layout": {"0": {"contents": "Exploring"}, "1": {"contents": "Aladin Lite"}},
        "labels": ["GALAXY", "QSO", "nan"],
        "label_colours": {"GALAXY": "#1f77b4", "QSO": "#ff7f0e", "nan": "#2ca02c"},
        "labels_to_strings": {"GALAXY": "GALAXY", "QSO": "QSO", "nan": "nan"},
        "ra_col_name": "ra",
        "SED_bands": {},
        "classifiers": {},
    }
    path.write_text(json.dumps(values), "utf-8")
    foreign = read_astronomical(path, name="p")
    assert [entry.name for entry in foreign.config.classes] == ["GALAXY", "QSO"]
    assert foreign.config.views.page == "explore"
    assert foreign.config.pool.columns is None
    assert any("ra_col_name" in note for note in foreign.notes)


def test_import_astronomical__of_the_command_with_a_test_set(tmp_path: Path) -> None:
    one = CONFIG["classifiers"]["0"] | {"classifier": ["DTree"], "id": list(KEYS[:3]), "y": [0, 2, -1]}
    astronomical(tmp_path / "al", classifiers={"0": one})
    labels = {"more-1": 1, "more-2": -1, "more-3": 7}
    (tmp_path / "al" / "data" / "test_set.json").write_text(json.dumps(labels), "utf-8")
    done = run_command(
        "import-astronomical", "al/configs/config.json", "p.yaml", "--test-set", "al/data/test_set.json",
        folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "5 labels were taken over." in done.stdout
    assert "labels without a name in labels_to_strings are left out: 7" in done.stdout
    assert "23 items are ready" in done.stdout
    told = json.loads(run_command("status", "p.yaml", "--json", folder=tmp_path).stdout)
    assert told["labels"] == {"Star": 1, "Galaxy": 1, "QSO": 1} and told["round"] == 1


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"dataset_filepath": "../../secret.csv"}, ProjectError, "leads out of"),
        ({"dataset_filepath": "/etc/hostname"}, ProjectError, "leads out of"),
        ({"dataset_filepath": "data/gone.csv"}, ProjectError, "is not there; say where it lies with --pool"),
        ({"labels_to_strings": ["Star"]}, ProjectError, "labels_to_strings is list"),
        ({"labels_to_strings": {"0": "Star", "1": "star"}}, ConfigInvalidError, "used by class 1 already"),
        ({"label_colours": {"0": "red"}}, ConfigInvalidError, "six hexadecimal digits"),
        ({"classifiers": {"0": {"id": ["a"], "y": []}}}, ProjectError, "no lists of one length"),
    ],
)
def test_import_astronomical__what_cannot_be_taken(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        import_astronomical(astronomical(tmp_path / "al", **changes), tmp_path / "p.yaml")
    assert not (tmp_path / "p.yaml").exists() and not (tmp_path / "p.goldpan").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "is not JSON"), ("[1]", "holds no mapping"), ('{"a": 1}', "it lacks dataset_filepath, id_col"),
     ("[" * 100_000, "is not JSON")],
)  # fmt: skip
def test_read_astronomical__another_file(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.json").write_text(text, "utf-8")
    with pytest.raises(ProjectError, match=words):
        read_astronomical(tmp_path / "x.json", name="p")


def test_import_astronomical__pool_elsewhere(tmp_path: Path) -> None:
    path = astronomical(tmp_path / "al", dataset_filepath="data/example_dataset.fits")
    taken = import_astronomical(
        path, tmp_path / "p.yaml", pool=tmp_path / "al" / "data" / "example_dataset.csv"
    )
    assert taken.project.pool.n == len(KEYS)
    taken.project.close()
