"""Whether it is asked if the columns are read as meant, and the answer that is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import param
import pytest

from app.columns_asked import ColumnsAsked, columns_words
from app.context import ServerContext, make_context
from app.pages.columns_asked import notice_html
from app.session import DashboardState
from app.status import read_status
from config.files import load_config
from labeling.people import Role
from labeling.pools.contract import DATE_UNIT, Column
from tests.coroutines import finish
from tests.projects import label_some, make_texts


def opened(context: ServerContext) -> DashboardState:
    state = DashboardState(context)
    state.apply(read_status(context.project.database))
    return state


def test_parameters__each_has_a_doc() -> None:
    own = [entry for name, entry in ColumnsAsked.param.objects().items() if name != "name"]
    assert [entry.name for entry in own if not entry.doc] == []
    assert all(isinstance(entry, param.Parameter) for entry in own)


def test_open__once_at_a_new_table(dashboard: DashboardState) -> None:
    asked = ColumnsAsked(dashboard)
    assert asked.open
    assert asked.words == (
        "Is every column read as you mean it? 4 as numbers; id identifies the item; kind is hidden as the true label."
    )
    asked.later()
    assert not asked.open
    assert ColumnsAsked(dashboard).open


def test_confirm__is_kept_in_the_file_and_never_asked_again(dashboard: DashboardState) -> None:
    context = dashboard.context
    asked = ColumnsAsked(dashboard)
    finish(asked.confirm())
    assert not asked.open
    assert load_config(context.project.paths.config).views.columns_confirmed
    assert not ColumnsAsked(opened(context)).open
    assert dashboard.page == "Label"


def test_confirm__a_file_that_cannot_be_read_leaves_the_question(dashboard: DashboardState) -> None:
    dashboard.context.project.paths.config.write_text("views: [", encoding="utf-8")
    asked = ColumnsAsked(dashboard)
    finish(asked.confirm())
    assert asked.open and asked.problem


def test_look__goes_to_the_columns_and_is_an_answer(dashboard: DashboardState) -> None:
    asked = ColumnsAsked(dashboard)
    finish(asked.look())
    assert (dashboard.page, dashboard.columns_wanted, asked.open) == ("Explore", True, False)
    assert not ColumnsAsked(dashboard).open


def test_open__not_once_anything_is_labelled(context: ServerContext) -> None:
    label_some(context.project)
    assert not ColumnsAsked(opened(context)).open


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANNOTATOR, Role.REVIEWER])
def test_open__not_for_whoever_may_not_change_them(context: ServerContext, role: Role) -> None:
    person = replace(context.person, role=role)
    assert not ColumnsAsked(opened(replace(context, person=person))).open


def test_open__not_where_the_file_names_the_columns(context: ServerContext) -> None:
    config = context.project.config
    pool = config.pool.model_copy(update={"columns": ("a", "b")})
    project = replace(context.project, config=config.model_copy(update={"pool": pool}))
    assert not ColumnsAsked(opened(replace(context, project=project))).open


def test_open__not_of_texts_without_columns(tmp_path: Path) -> None:
    project = make_texts(tmp_path)
    made = make_context(project, hosts=frozenset())
    try:
        assert not ColumnsAsked(opened(made)).open
    finally:
        made.writer.shutdown()
        made.reader.shutdown()
        project.close()


def test_columns_words__each_way_with_its_number() -> None:
    columns = (
        Column("a", "numeric"),
        Column("b", "numeric"),
        Column("night", "numeric", unit=DATE_UNIT),
        Column("band", "categorical"),
        Column("note", "text", use="extra"),
    )
    assert columns_words(columns) == "2 as numbers, 1 as one of a few values, 1 as dates, 1 only shown"


def test_notice_html__escapes_what_a_file_says() -> None:
    shown = notice_html("<b> identifies the item", "<i>")
    assert "<b>" not in shown and "<i>" not in shown
