from __future__ import annotations

from app.login.pages import said_page, sign_in_page, sign_out_page

HOSTILE = "'\"><img src=x onerror=alert(1)>"


def test_pages__texts_are_text() -> None:
    """Whatever was typed as a name, and whatever the project is called."""
    pages = (
        sign_in_page(project=HOSTILE, nonce="n", after=HOSTILE, name=HOSTILE, problem=HOSTILE, note=HOSTILE),
        sign_out_page(project=HOSTILE, nonce="n", name=HOSTILE),
        said_page(project=HOSTILE, nonce="n", title=HOSTILE, text=HOSTILE, link=HOSTILE, on=HOSTILE),
    )
    for page in pages:
        assert "<img src=x" not in page
        assert page.count("&lt;img src=x") >= 3
