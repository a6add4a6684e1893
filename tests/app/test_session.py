from __future__ import annotations

import param

from app.context import make_context
from app.project import Project
from app.run_now import run_now
from app.session import DashboardState
from app.status import read_status
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.classes import archive_class, list_classes
from tests.projects import MOMENT, label, label_some, truth_of


def state_of(project: Project) -> DashboardState:
    state = DashboardState(make_context(project, hosts=frozenset()))
    state.apply(read_status(project.database))
    return state


def test_parameters__each_has_a_doc() -> None:
    own = [entry for name, entry in DashboardState.param.objects().items() if name != "name"]
    assert [entry.name for entry in own if not entry.doc] == []
    assert all(isinstance(entry, param.Parameter) for entry in own)


def test_label_codes__position_of_the_class_or_none(clouds: Project) -> None:
    labels = label_some(clouds, each=2)
    codes = state_of(clouds).label_codes()
    rows = {clouds.pool.row(key): ["common", "other", "rare"].index(name) for key, name in labels.items()}
    assert {int(row): int(codes[row]) for row in (codes >= 0).nonzero()[0]} == rows


def test_prediction_codes__none_without_a_model(clouds: Project) -> None:
    run_now(clouds)
    assert state_of(clouds).prediction_codes() is None


def test_prediction_codes__follow_the_classes_of_today(clouds: Project) -> None:
    label_some(clouds)
    run_now(clouds)
    with clouds.database.transaction() as session:
        archive_class(session, class_id=list_classes(session)[0].id)
    state = state_of(clouds)
    codes = state.prediction_codes()
    assert codes is not None
    names = [entry.name for entry in state.classes]
    truth = list(truth_of(clouds).values())
    assert names == ["other", "rare"]
    assert {names[code] if code >= 0 else "common" for code in codes[:5]} <= set(truth)
    assert (codes == -1).sum() > 40


def test_apply__a_new_round_is_read_once(clouds: Project) -> None:
    label_some(clouds)
    run_now(clouds)
    state = state_of(clouds)
    arrays = state.arrays
    state.apply(read_status(clouds.database))
    assert state.arrays is arrays is not None


def test_apply__tells_watchers_only_of_changes(clouds: Project) -> None:
    state = state_of(clouds)
    seen: list[str] = []
    state.param.watch(
        lambda *events: seen.extend(event.name for event in events), ["revision", "round_number"]
    )
    state.apply(read_status(clouds.database))
    assert seen == []
    label_some(clouds, each=1)
    state.apply(read_status(clouds.database))
    assert seen == ["revision"]


def test_label_codes__follow_every_act(clouds: Project) -> None:
    state = state_of(clouds)
    keys = clouds.pool.keys(range(6))
    assert set(state.label_codes()) == {-1}
    uids = label(clouds, {keys[0]: "common", keys[1]: "other", keys[2]: "rare"})
    assert state.label_codes()[:4].tolist() == [0, 1, 2, -1]
    with clouds.database.transaction() as session:
        annotator_id = ensure_annotator(session, name="ann")
        undo = NewAnnotation(uid="undo-0000", item_key=keys[0], act=Act.UNDO, undoes_uid=uids[0])
        skip = NewAnnotation(uid="skip-0000", item_key=keys[1], act=Act.SKIP)
        for new in (undo, skip):
            record(session, new=new, annotator_id=annotator_id, now=MOMENT)
    label(clouds, {keys[2]: "common", keys[3]: "rare"})
    assert state.label_codes()[:4].tolist() == [-1, -1, 0, 2]
    assert (state.label_codes() == state_of(clouds).label_codes()).all()


def test_label_code__of_one_item(clouds: Project) -> None:
    labels = label_some(clouds, each=1)
    state = state_of(clouds)
    codes = state.label_codes()
    rows = [clouds.pool.row(key) for key in labels]
    assert [state.label_code(int(row or 0)) for row in rows] == [int(codes[row]) for row in rows]
