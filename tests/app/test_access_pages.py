"""What pages call of `app.access`: the person's role is read anew for each act."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app import api_seeks, saved, selecting
from app.access import may, require, still_here, why_not
from app.column_state import ColumnState
from app.context import ServerContext, make_context
from app.errors import AccessError
from app.plot_state import PlotState
from app.session import DashboardState
from labeling.people import Person, Role, add_person, find_person, list_people, set_role
from labeling.selections import list_selections
from labeling.tokens import TokenKind, make_token, revoke_token
from tests.coroutines import finish
from tests.people import NAMES, moment


def as_role(context: ServerContext, role: Role) -> ServerContext:
    """Return the server as a person sees it who came in by a sign-in and has a role now."""
    team = make_team_once(context)
    return context.as_person(team[role])


def make_team_once(context: ServerContext) -> dict[Role, Person]:
    people = {}
    with context.project.database.transaction() as session:
        for name, role in NAMES.items():
            added = add_person(session, name=name, role=role, now=moment())
            made = make_token(
                session, annotator_id=added.annotator_id, name="t", kind=TokenKind.SIGN_IN, now=moment()
            )
            people[role] = Person(added.annotator_id, name, role, made.id)
    return people


def test_make_context__local_person_becomes_admin_where_there_is_none(context: ServerContext) -> None:
    project = context.project
    with project.database.reading() as session:
        [local] = list_people(session)
    assert (local.name, local.role) == (context.person.name, Role.ADMIN)
    make_team_once(context)
    with project.database.transaction() as session:
        set_role(session, name=local.name, role=Role.VIEWER)
    again = make_context(project, hosts=frozenset())
    with project.database.reading() as session:
        found = find_person(session, name=local.name)
    assert found is not None and found.role == Role.VIEWER
    assert again.person.role == Role.ADMIN
    again.writer.shutdown()
    again.reader.shutdown()


def test_require__local_person_may_everything(context: ServerContext) -> None:
    require(context, Role.ADMIN)
    assert still_here(context) == context.person
    assert why_not(context, Role.ADMIN, "Labelling") == ""


def test_require__follows_the_database_not_the_page(context: ServerContext) -> None:
    page = as_role(context, Role.ANNOTATOR)
    require(page, Role.ANNOTATOR)
    with pytest.raises(AccessError, match="needs the role reviewer; yours is annotator"):
        require(page, Role.REVIEWER)
    with context.project.database.transaction() as session:
        set_role(session, name="ann", role=Role.VIEWER)
    with pytest.raises(AccessError, match="yours is viewer"):
        require(page, Role.ANNOTATOR)
    assert may(page, Role.ANNOTATOR)
    assert page.person.token_id is not None
    with context.project.database.transaction() as session:
        revoke_token(session, token_id=page.person.token_id, now=moment())
    with pytest.raises(AccessError, match="you are signed out"):
        require(page, Role.VIEWER)


def test_acts_of_pages__a_viewer_changes_nothing(context: ServerContext) -> None:
    page = as_role(context, Role.VIEWER)
    rows = np.arange(3)
    keys = saved.pack_rows(page, rows)
    seek = {"kind": "criteria", "text": "a > 0", "class_id": None}
    acts: list[Any] = [
        lambda: selecting.label_rows(page, rows, 1),
        lambda: selecting.take_back(page, "selection-x"),
        lambda: saved.keep(page, keys, name="mine", how=""),
        lambda: api_seeks.add(page, seek),
        lambda: api_seeks.withdraw(page, 1),
    ]
    for act in acts:
        with pytest.raises(AccessError, match="needs the role annotator"):
            act()
    with context.project.database.reading() as session:
        assert list_selections(session) == []


def test_saved__another_person_s_selection_needs_a_reviewer(context: ServerContext) -> None:
    people = make_team_once(context)
    entry = saved.keep(
        context.as_person(people[Role.ADMIN]), saved.pack_rows(context, np.arange(2)), name="hers", how=""
    )
    page = context.as_person(people[Role.ANNOTATOR])
    with pytest.raises(AccessError, match="needs the role reviewer"):
        saved.rename(page, entry, name="mine")
    with pytest.raises(AccessError, match="needs the role reviewer"):
        saved.delete(page, entry)
    reviewer = context.as_person(people[Role.REVIEWER])
    saved.delete(reviewer, saved.rename(reviewer, entry, name="ours"))


def test_plots__only_an_admin_writes_the_configuration(context: ServerContext) -> None:
    before = context.project.paths.config.read_bytes()
    page = PlotState(DashboardState(as_role(context, Role.REVIEWER)))
    assert finish(page.keep()) == ""
    assert "needs the role admin" in page.problem
    assert context.project.paths.config.read_bytes() == before


def test_columns__only_an_admin_writes_them_and_has_the_pool_read_anew(context: ServerContext) -> None:
    before = context.project.paths.config.read_bytes()
    left: list[str] = []
    context.renewal.allow(lambda: left.append("left"))
    page = ColumnState(DashboardState(as_role(context, Role.REVIEWER)))
    finish(page.load())
    page.choose("d", "extra")
    assert finish(page.save()) == ""
    assert "needs the role admin" in page.problem
    finish(page.read_anew())
    assert "needs the role admin" in page.problem
    assert context.project.paths.config.read_bytes() == before
    assert (left, context.renewal.asked) == ([], False)


def test_columns__an_admin_has_the_pool_read_anew(context: ServerContext) -> None:
    left: list[str] = []
    context.renewal.allow(lambda: left.append("left"))
    page = ColumnState(DashboardState(context))
    finish(page.read_anew())
    assert (left, page.problem, context.renewal.asked) == (["left"], "", True)
