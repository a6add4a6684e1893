"""The small pages around the dashboard: sign in, sign out, refusals. Plain HTML without any script."""

from __future__ import annotations

import base64
from functools import cache
from html import escape
from pathlib import Path

from app.components.theme import DARK, theme_css

POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
"""What a browser may do with these pages: show them, and send their form here."""


def sign_in_page(
    *, project: str, nonce: str, after: str, name: str = "", problem: str = "", note: str = ""
) -> str:
    """Return the page with the form to sign in.

    Args:
        project: the project's title.
        nonce: lets the page's style sheet through its policy.
        after: the address to go to afterwards.
        name: what was typed as name before.
        problem: why the last try failed; empty before it.
        note: something to say that is no problem.
    """
    said = f'<p class="problem" id="said" role="alert">{escape(problem)}</p>' if problem else ""
    said += f'<p class="note" role="status">{escape(note)}</p>' if note else ""
    tied = ' aria-describedby="said" aria-invalid="true"' if problem else ""
    # After a wrong password the name stands and the password is what is typed again.
    first, second = ("", " autofocus") if name else (" autofocus", "")
    form = f"""{said}<form method="post" action="/login">
<input type="hidden" name="next" value="{escape(after)}">
<label for="name">Name</label>
<input id="name" name="name" value="{escape(name)}" autocomplete="username" autocapitalize="none" spellcheck="false"
 maxlength="200" required{first}{tied}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="200"
 required{second}{tied}>
<button type="submit">Sign in</button>
</form>"""
    return _page("Sign in", project=project, nonce=nonce, content=form)


def sign_out_page(*, project: str, nonce: str, name: str) -> str:
    """Return the page that asks whether to sign out."""
    form = (
        f"<p>You are signed in as <strong>{escape(name)}</strong>.</p>"
        '<form method="post" action="/logout"><button type="submit">Sign out</button></form>'
        '<p><a href="/">Back to the project</a></p>'
    )
    return _page("Sign out", project=project, nonce=nonce, content=form)


def said_page(
    *, project: str, nonce: str, title: str, text: str, link: str = "/login", on: str = "Sign in"
) -> str:
    """Return a page that says one thing and leads on.

    Args:
        project: the project's title.
        nonce: lets the page's style sheet through its policy.
        title: the heading.
        text: what to say, plain text.
        link: where to go on.
        on: what the link says.
    """
    content = f'<p>{escape(text)}</p><p><a href="{escape(link)}">{escape(on)}</a></p>'
    return _page(title, project=project, nonce=nonce, content=content)


def _page(title: str, *, project: str, nonce: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · {escape(project)} · goldpan</title>
<link rel="icon" href="{_favicon()}">
<style nonce="{nonce}">{_style()}</style>
</head>
<body>
<main>
<p class="project"><img src="{_favicon()}" alt="" width="28" height="28"><span>{escape(project)}</span></p>
<h1>{escape(title)}</h1>
{content}
</main>
</body>
</html>
"""


@cache
def _favicon() -> str:
    content = Path(__file__).parents[1].joinpath("favicon.svg").read_bytes()
    return "data:image/svg+xml;base64," + base64.b64encode(content).decode("ascii")


@cache
def _style() -> str:
    """Return the style sheet: no script chooses the theme here, so the system's wish does."""
    dark = "".join(f"--gp-{token}:{value};" for token, value in DARK.items())
    wished = f"@media (prefers-color-scheme: dark) {{:root {{color-scheme: dark;{dark}}}}}"
    own = Path(__file__).with_name("pages.css").read_text(encoding="utf-8")
    return f"{theme_css()}\n{wished}\n{own}"
