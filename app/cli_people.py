"""`goldpan people`: who works on a project, in which role, and what lets them in.

Passwords and tokens are no arguments: they would stand in the shell's history and in the list of processes. A password
is asked for, or read from standard input; a token is made here and shown once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.errors import PasswordError
from app.login.passwords import PasswordFile
from app.project import Project, now, open_project
from app.recording import note_person
from app.terminal import out
from labeling.errors import PersonError
from labeling.events import EventKind
from labeling.people import (
    KnownPerson,
    Role,
    activate,
    add_person,
    deactivate,
    find_person,
    list_people,
    set_role,
)
from labeling.tokens import Token, TokenKind, end_sign_ins, list_tokens, make_token, revoke_token

people = typer.Typer(no_args_is_help=True, help="Who works on a project: roles, passwords, tokens.")

ConfigArgument = Annotated[
    Path, typer.Argument(metavar="PROJECT.YAML", help="The project's configuration file.")
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The person's name, as they sign in.")]
LoginOption = Annotated[
    Path,
    typer.Option("--login", metavar="FILE", help="The password file, as `goldpan serve --login` has it."),
]
StdinOption = Annotated[bool, typer.Option("--stdin", help="Read the password from standard input.")]


@people.command("add")
def add_command(
    config_path: ConfigArgument,
    name: NameArgument,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.ANNOTATOR,
) -> None:
    """Add a person; `goldpan people password` lets them sign in."""
    with _opened(config_path) as project, project.database.transaction() as session:
        added = add_person(session, name=name, role=role, now=now())
        note_person(session, EventKind.PERSON_ADDED, added.name, role=str(added.role))
    _tell(f"{added.name} is a person of the project now, as {added.role}")


@people.command("list")
def list_command(config_path: ConfigArgument) -> None:
    """List the people with their roles."""
    with _opened(config_path) as project, project.database.reading() as session:
        found = list_people(session)
    table = Table("name", "role", "active", "since", box=None)
    for each in found:
        since = f"{each.created_at:%Y-%m-%d}" if each.created_at is not None else ""
        table.add_row(escape(each.name), each.role, "yes" if each.active else "no", since)
    out.print(table)


@people.command("role")
def role_command(
    config_path: ConfigArgument,
    name: NameArgument,
    role: Annotated[Role, typer.Argument(help="What they may do from their next act on.")],
) -> None:
    """Give a person another role."""
    with _opened(config_path) as project, project.database.transaction() as session:
        changed = set_role(session, name=name, role=role)
        note_person(session, EventKind.ROLE_CHANGED, changed.name, role=str(changed.role))
    _tell(f"{changed.name} is {changed.role} now; open pages show it after a reload")


@people.command("deactivate")
def deactivate_command(config_path: ConfigArgument, name: NameArgument) -> None:
    """Let a person in no more, from now on; their sign-ins and tokens end, what they did stays."""
    with _opened(config_path) as project, project.database.transaction() as session:
        changed = deactivate(session, name=name, now=now())
        note_person(session, EventKind.ROLE_CHANGED, changed.name, active=False)
    _tell(f"{changed.name} is let in no more; what they did stays")


@people.command("activate")
def activate_command(config_path: ConfigArgument, name: NameArgument) -> None:
    """Let a person in again."""
    with _opened(config_path) as project, project.database.transaction() as session:
        changed = activate(session, name=name)
        note_person(session, EventKind.ROLE_CHANGED, changed.name, active=True)
    _tell(f"{changed.name} may sign in again; tokens are made anew")


@people.command("password")
def password_command(
    config_path: ConfigArgument,
    name: NameArgument,
    login: LoginOption,
    stdin: StdinOption = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take the password away.")] = False,
) -> None:
    """Set a person's password in the password file, which is made where there is none; ends their sign-ins."""
    with _opened(config_path) as project:
        person = _person(project, name)
        passwords = PasswordFile(login)
        if remove:
            passwords.remove(person.name)
        else:
            passwords.set(person.name, _ask_password(person.name, stdin=stdin))
        with project.database.transaction() as session:
            ended = end_sign_ins(session, annotator_id=person.annotator_id, now=now())
            note_person(session, EventKind.PASSWORD_CHANGED, person.name, removed=remove)
    what = "has no password any more" if remove else "has a new password"
    _tell(f"{person.name} {what}" + (f"; signed out of {ended} browsers" if ended else ""))


@people.command("token")
def token_command(
    config_path: ConfigArgument,
    name: NameArgument,
    purpose: Annotated[str, typer.Option("--for", help="What it is for: a script's name.")],
    days: Annotated[int | None, typer.Option(help="After how many days it ends.", min=1, max=3650)] = None,
) -> None:
    """Make a token for scripts; it is shown once, alone on standard output."""
    with _opened(config_path) as project:
        person = _person(project, name)
        moment = now()
        with project.database.transaction() as session:
            made = make_token(
                session,
                annotator_id=person.annotator_id,
                name=purpose,
                kind=TokenKind.API,
                now=moment,
                expires_at=None if days is None else moment + timedelta(days=days),
            )
            note_person(session, EventKind.TOKEN_MADE, person.name, token=made.id, purpose=purpose)
    print(made.secret)
    print(
        f"goldpan: token {made.id} of {person.name}; it is not shown again, and whoever has it acts as "
        f"{person.name} (`goldpan people revoke {config_path} {made.id}` ends it)",
        file=sys.stderr,
    )


@people.command("tokens")
def tokens_command(config_path: ConfigArgument) -> None:
    """List the tokens and sign-ins, without their secrets."""
    with _opened(config_path) as project, project.database.reading() as session:
        found = list_tokens(session)
    table = Table("id", "person", "kind", "for", "made", "last used", "state", box=None)
    for each in found:
        used = f"{each.used_at:%Y-%m-%d %H:%M}" if each.used_at is not None else ""
        state = "revoked" if each.revoked_at else "open" if _is_open(each) else "expired"
        kind = "sign-in" if each.kind == TokenKind.SIGN_IN else "token"
        row = (str(each.id), escape(each.person), kind, escape(each.name[:60]))
        table.add_row(*row, f"{each.created_at:%Y-%m-%d %H:%M}", used, state)
    out.print(table)


@people.command("revoke")
def revoke_command(
    config_path: ConfigArgument,
    number: Annotated[
        int, typer.Argument(metavar="ID", help="Of the token or sign-in, as `tokens` lists it.")
    ],
) -> None:
    """End a token or a sign-in, from now on."""
    with _opened(config_path) as project, project.database.transaction() as session:
        ended = revoke_token(session, token_id=number, now=now())
        note_person(session, EventKind.TOKEN_REVOKED, ended.person, token=number, purpose=ended.name)
    _tell(f"{ended.name} of {ended.person} is let in no more")


@contextmanager
def _opened(config_path: Path) -> Iterator[Project]:
    project = open_project(config_path)
    try:
        yield project
    finally:
        project.close()


def _person(project: Project, name: str) -> KnownPerson:
    with project.database.reading() as session:
        found = find_person(session, name=name)
    if found is None:
        raise PersonError(f"there is no person {name!r}; add them first with `goldpan people add`")
    return found


def _ask_password(name: str, *, stdin: bool) -> str:
    """Return the password that is typed, twice and unseen, or read.

    Raises:
        PasswordError: the two are not the same, or there is no terminal to ask on.
    """
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise PasswordError(
            "there is no terminal to ask for the password; give it on standard input, with --stdin"
        )
    first: str = typer.prompt(f"Password of {name}", hide_input=True)
    if typer.prompt("The same again", hide_input=True) != first:
        raise PasswordError("the two passwords are not the same; nothing was changed")
    return first


def _is_open(token: Token) -> bool:
    return token.expires_at is None or token.expires_at > now()


def _tell(words: str) -> None:
    out.print(words, markup=False, highlight=False, soft_wrap=True)
