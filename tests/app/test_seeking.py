"""What is sought becomes columns of scores, and a round's proposals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import app.seek_words as seek_words
import models.encoders.seek as encoder_seek
from app.project import Project
from app.round_files import read_meaning
from app.round_inputs import gather_inputs
from app.run_now import run_now
from app.seeking import SoughtScores, Words, class_words, name_points, read_words, score_seeks
from labeling.classes import archive_class, list_classes, update_class
from labeling.queue import Proposal, proposals_of
from models.errors import EncoderUnavailableError
from tests.projects import label, make_clouds, make_texts, seek, truth_of


@pytest.fixture
def texts(tmp_path: Path) -> Iterator[Project]:
    project = make_texts(tmp_path, strategy="seek")
    yield project
    project.close()


def scores(project: Project) -> SoughtScores:
    inputs = gather_inputs(project, revision=10**9)
    found = score_seeks(project, inputs, read_words(project, inputs))
    assert found is not None
    return found


def best_kinds(project: Project, column: int, count: int) -> set[str]:
    found = scores(project).columns.scores[:, column]
    truth = list(truth_of(project).values())
    return {truth[row] for row in np.argsort(-found.astype(np.float32))[:count]}


def proposals(project: Project, number: int) -> list[Proposal]:
    with project.database.reading() as session:
        return proposals_of(session, round_number=number)


def test_score_seeks__nothing_is_sought(clouds: Project) -> None:
    assert score_seeks(clouds, gather_inputs(clouds, revision=0), Words()) is None


def test_score_seeks__class_names_where_the_encoder_knows_words(texts: Project) -> None:
    assert scores(texts).columns.classes.tolist() == [0, 1, 2]
    assert best_kinds(texts, 2, 6) == {"lost_card"}


def test_score_seeks__a_description_counts(texts: Project) -> None:
    with texts.database.transaction() as session:
        sport = next(entry.id for entry in list_classes(session) if entry.name == "sport")
        update_class(session, class_id=sport, description="a team that won the match")
    assert best_kinds(texts, 1, 20) == {"sport"}


def test_score_seeks__typed_words(texts: Project) -> None:
    seek(texts, "words", "rain and wind", about="weather")
    assert scores(texts).columns.classes.tolist() == [0, 1, 2, 0]
    assert best_kinds(texts, 3, 30) == {"weather"}


def test_score_seeks__words_the_encoder_does_not_know(texts: Project) -> None:
    number = seek(texts, "words", "Ω≈ç√∫ ゆき")
    [report] = scores(texts).reports
    assert report.id == number and "knows none of these words" in report.problem


def test_score_seeks__example_items(clouds: Project) -> None:
    rare = [key for key, name in truth_of(clouds).items() if name == "rare"]
    seek(clouds, "example", items=(rare[0],), about="rare")
    assert best_kinds(clouds, 0, 5) == {"rare"}


def test_score_seeks__example_that_left_the_pool(clouds: Project) -> None:
    seek(clouds, "example", items=("gone",))
    found = scores(clouds)
    assert found.columns.scores.shape == (clouds.pool.n, 0)
    assert "none of its items" in found.reports[0].problem


def test_score_seeks__criteria_on_columns(clouds: Project) -> None:
    seek(clouds, "criteria", "b > 4 and d > 4", about="rare")
    found = scores(clouds)
    truth = np.array(list(truth_of(clouds).values()))
    assert (truth[found.columns.scores[:, 0] > 0] == "rare").all()
    assert found.columns.classes.tolist() == [2]
    assert found.reports[0].matches == int((truth == "rare").sum())


def test_score_seeks__criteria_whose_column_is_gone(clouds: Project) -> None:
    seek(clouds, "criteria", "redshift > 4")
    assert "no column 'redshift'" in scores(clouds).reports[0].problem


def test_score_seeks__words_in_a_table(clouds: Project) -> None:
    seek(clouds, "words", "a quasar")
    assert "words cannot be placed" in scores(clouds).reports[0].problem


def test_score_seeks__of_an_archived_class_is_left_out(clouds: Project) -> None:
    seek(clouds, "criteria", "b > 4", about="rare")
    with clouds.database.transaction() as session:
        archive_class(session, class_id=list_classes(session)[2].id)
    inputs = gather_inputs(clouds, revision=0)
    assert inputs.seeks == () and score_seeks(clouds, inputs, read_words(clouds, inputs)) is None


def test_score_seeks__says_how_many_answers_were_right(clouds: Project) -> None:
    truth = truth_of(clouds)
    rare = [key for key, name in truth.items() if name == "rare"]
    common = [key for key, name in truth.items() if name == "common"]
    seek(clouds, "criteria", "b > 4 and d > 4", about="rare")
    seek(clouds, "criteria", "b > 4 and d > 4")
    label(clouds, {rare[0]: "rare", rare[1]: "rare", rare[2]: "other", common[0]: "common"})
    about_rare, about_none = scores(clouds).reports
    assert (about_rare.looked_at, about_rare.right) == (3, 2)
    assert (about_none.looked_at, about_none.right) == (3, None)


def test_score_seeks__an_example_does_not_confirm_itself(clouds: Project) -> None:
    rare = [key for key, name in truth_of(clouds).items() if name == "rare"]
    seek(clouds, "example", items=(rare[0],), about="rare")
    label(clouds, {rare[0]: "rare", rare[1]: "rare"})
    assert (scores(clouds).reports[0].looked_at, scores(clouds).reports[0].right) == (1, 1)


def test_read_words__names_of_open_classes_and_typed_words(texts: Project) -> None:
    seek(texts, "words", "rain and wind")
    seek(texts, "words", "Ω≈ç√∫ ゆき")
    with texts.database.transaction() as session:
        weather, sport, _ = list_classes(session)
        update_class(session, class_id=weather.id, description="rain")
        archive_class(session, class_id=sport.id)
    words = read_words(texts, gather_inputs(texts, revision=0))
    assert set(words.vectors) == {
        "weather: rain",
        "lost card",
        "rain and wind",
    }  # what is unknown is left out
    assert words.problem == ""
    assert all(vector.shape == (16,) and vector.any() for vector in words.vectors.values())


def test_read_words__a_table_has_none(clouds: Project) -> None:
    assert read_words(clouds, gather_inputs(clouds, revision=0)) == Words()
    seek(clouds, "words", "a quasar")
    words = read_words(clouds, gather_inputs(clouds, revision=0))
    assert words.vectors == {} and "words cannot be placed" in words.problem


def test_name_points__are_the_names_by_their_columns(tmp_path: Path) -> None:
    project = make_texts(tmp_path, classes=("lost_card", "ゆき", "sport"))
    seek(project, "words", "rain and wind", about="sport")
    inputs = gather_inputs(project, revision=0)
    points = name_points(inputs, read_words(project, inputs))
    assert points is not None and points.labels.tolist() == [0, 2]
    assert points.vectors.dtype == np.float32
    names = seek_words.encode_words(project, ["lost card", "sport"])
    assert np.array_equal(points.vectors, np.stack([names["lost card"], names["sport"]]))
    project.close()


def test_name_points__none_that_is_known(tmp_path: Path) -> None:
    project = make_texts(tmp_path, classes=("ゆき", "Ω≈ç"))
    seek(project, "words", "rain and wind")
    inputs = gather_inputs(project, revision=0)
    assert name_points(inputs, read_words(project, inputs)) is None
    project.close()


def test_name_points__a_table_has_none(clouds: Project) -> None:
    inputs = gather_inputs(clouds, revision=0)
    assert name_points(inputs, read_words(clouds, inputs)) is None


def test_name_points__words_beside_images_teach_nothing(texts: Project) -> None:
    inputs = gather_inputs(texts, revision=0)
    words = read_words(texts, inputs)
    assert name_points(inputs, words) is not None
    assert name_points(replace(inputs, encoder="image_clip"), words) is None


def test_score_seeks__rounds_go_on_without_the_model_of_words(
    texts: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise EncoderUnavailableError("the weights are gone")

    monkeypatch.setattr(seek_words, "open_seek_encoder", refuse)
    seek(texts, "words", "rain and wind")
    truth = truth_of(texts)
    label(texts, {key: name for key, name in truth.items() if name != "lost_card"})
    assert run_now(texts) > 0
    meaning = read_meaning(texts.paths.rounds, 1)
    assert meaning is not None and "the weights are gone" in meaning.seeks[0]["problem"]
    assert meaning.trained and meaning.prior[2] == 0  # the name was not learned


def test_encode_words__opens_the_encoder_for_new_words_alone(
    texts: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    real = encoder_seek.open_seek_encoder

    def counted(*arguments: object, **named: object) -> object:
        opened.append(1)
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(seek_words, "open_seek_encoder", counted)
    first = seek_words.encode_words(texts, ["lost card", "rain"])
    again = seek_words.encode_words(texts, ["rain"])
    assert len(opened) == 1 and np.array_equal(first["rain"], again["rain"])
    seek_words.encode_words(texts, ["rain", "a goal"])
    assert len(opened) == 2


def test_encode_words__a_vector_does_not_hang_on_what_is_encoded_beside_it(
    texts: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    together: list[int] = []

    class Counting:
        def encode_texts(self, given: list[str]) -> np.ndarray:
            together.append(len(given))
            return np.full((len(given), 16), len(given), np.float32)

    monkeypatch.setattr(seek_words, "open_seek_encoder", lambda *_, **__: Counting())
    found = seek_words.encode_words(texts, ["rain", "a goal", "a lost card"])
    assert list(found) == ["rain", "a goal", "a lost card"]
    assert together == [1, 1, 1]


def test_encode_words__a_damaged_file_is_written_anew(texts: Project) -> None:
    first = seek_words.encode_words(texts, ["rain"])
    file = texts.paths.seeks / seek_words.FILE
    file.write_bytes(b"PK no archive")
    assert np.array_equal(seek_words.encode_words(texts, ["rain"])["rain"], first["rain"])
    assert file.read_bytes() != b"PK no archive"


def test_class_words__reads_like_a_person_wrote_it() -> None:
    assert class_words("lost_or_stolen__card", "") == "lost or stolen card"
    assert class_words("AGN", " an active core ") == "AGN: an active core"


@pytest.mark.parametrize("strategy", ["seek", "prospect"])
def test_run_round__seeks_from_the_first_batch_on(tmp_path: Path, strategy: str) -> None:
    project = make_texts(tmp_path, strategy=strategy)
    run_now(project)
    truth = truth_of(project)
    with project.database.reading() as session:
        names = {entry.id: entry.name for entry in list_classes(session)}
    offered = [entry for entry in proposals(project, 1) if names.get(entry.class_id or 0) == "lost_card"]
    assert offered[0].rank < 3 and truth[offered[0].item_key] == "lost_card"
    assert "lost_card" in offered[0].reason and offered[0].strategy == strategy
    assert offered[0].probability is None
    project.close()


def test_run_round__another_strategy_starts_as_it_is_told(tmp_path: Path) -> None:
    project = make_texts(tmp_path, strategy="margin")
    run_now(project)
    assert {entry.strategy for entry in proposals(project, 1)} == {"density"}
    project.close()


def test_run_round__without_seeks_begins_by_density(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    run_now(project)
    assert {entry.strategy for entry in proposals(project, 1)} == {"density"}
    project.close()


def test_run_round__stores_what_it_sought(texts: Project) -> None:
    number = seek(texts, "words", "rain and wind", about="weather")
    run_now(texts)
    meaning = read_meaning(texts.paths.rounds, 1)
    assert meaning is not None
    assert [entry["id"] for entry in meaning.seeks] == [number]
    assert len(meaning.hashes["seeks"]) == 64
