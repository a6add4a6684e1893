"""What the Balance page says in HTML: the groups of classes, what is missing, the class that is worked on.

Every text of a person is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from app.class_needs import ClassNeed, Group, Limits

SHOWN = 30
LONGEST_NAME = 60


def groups_html(groups: Sequence[Group], limits: Limits) -> str:
    """Return how many classes have many, a medium number of and few labels, with the limits."""
    says = {
        "many": f"more than {limits.many:,} labels",
        "medium": f"{limits.few:,} to {limits.many:,} labels",
        "few": f"fewer than {limits.few:,}",
    }
    boxes = "".join(
        f"<div><span>{group.name.capitalize()}: {says[group.name]}</span>"
        f"<b>{_count(group.classes, 'class', 'classes')}</b>"
        f"<span>{group.share:.0%} of the labels</span></div>"
        for group in groups
    )
    scaled = (
        " The usual limits, 100 and 20 (Liu et al. 2019), are made smaller in step with the largest class until that "
        "has 200 labels."
        if limits.scaled
        else " The limits are those of the literature on long tails (Liu et al. 2019)."
    )
    return (
        f'<div class="gp-groups" role="group" aria-label="Many, medium, few">{boxes}</div>'
        f'<p class="gp-quiet">{scaled}</p>'
    )


def needs_html(needs: Sequence[ClassNeed]) -> str:
    """Return what is missing to reach the targets, the classes that lack most first, with a guess and its reason."""
    lacking = sorted((need for need in needs if need.missing), key=lambda need: -need.missing)
    if not needs:
        return '<p class="gp-quiet">What is missing appears with your first class.</p>'
    if not any(need.balance.labelled for need in needs):
        return (
            '<p class="gp-quiet">Nothing is labelled yet; what is missing appears with the first labels.</p>'
        )
    if not lacking:
        return "<p>Every class has reached its target, as the labels given so far can be shared out.</p>"
    rows = "".join(
        f"<tr><th>{_chip(need)}{escape(_short(need.balance.name))}</th><td>{need.balance.labelled:,}</td>"
        f"<td>{need.wanted:,}</td><td>{need.missing:,}</td><td>{_guess(need)}</td></tr>"
        for need in lacking[:SHOWN]
    )
    more = len(lacking) - SHOWN
    rest = (
        f'<p class="gp-quiet">And {_count(more, "class", "classes")} that lack fewer.</p>' if more > 0 else ""
    )
    known = [need.guess.labels for need in lacking if need.guess.labels is not None]
    slowest = (
        f" The slowest of them may take about {_round(max(known)):,} labels; the others are met on the way."
        if known
        else ""
    )
    return (
        f"<p>{_count(len(lacking), 'class lacks', 'classes lack')} labels.{slowest}</p>"
        '<div class="gp-needs" tabindex="0" role="group" aria-label="What is missing"><table class="gp-fields">'
        "<thead><tr><th>Class</th><td>labels</td><td>at target</td><td>missing</td><td>may take</td></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{rest}"
        '<p class="gp-quiet">At target: what a class would have, were the labels given so far shared out by the '
        "targets. A guess counts the labels you would give, of whatever class they turn out to be.</p>"
    )


def work_html(need: ClassNeed | None, *, pool_size: int, labelled: int) -> str:
    """Return what is known of the class that is worked on.

    Args:
        need: the class; None while none is chosen.
        pool_size: items in the pool.
        labelled: labels of all classes.
    """
    if need is None:
        return '<p class="gp-quiet">Click a class in the chart, or “Work on” in the list below.</p>'
    row = need.balance
    share = f", {row.labelled / labelled:.0%} of all" if labelled else ""
    told = [
        ("labels", f"{row.labelled:,}{share}; its target is {row.wanted_share:.1%}"),
        ("in the pool", _in_pool(need, pool_size)),
        (
            "missing",
            f"{need.missing:,} to have {need.wanted:,}"
            if need.missing
            else "nothing: it has reached its target",
        ),
    ]
    if need.missing:
        told.append(("may take", _guess(need)))
    rows = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in told)
    return f"<h3>{_chip(need)}{escape(_short(row.name))}</h3><table class='gp-fields'>{rows}</table>"


def _in_pool(need: ClassNeed, pool_size: int) -> str:
    row = need.balance
    if row.predicted is None:
        return "not known before a model was trained with it"
    between = "" if row.low is None or row.high is None else f" ({row.low:,.0f} to {row.high:,.0f} with 95 %)"
    return f"about {row.predicted:,.0f} of {pool_size:,}{between}"


def _guess(need: ClassNeed) -> str:
    if need.guess.labels is None:
        return escape(need.guess.reason)
    return f"<b>about {_count(_round(need.guess.labels), 'label', 'labels')}</b>: {escape(need.guess.reason)}"


def _round(labels: int) -> int:
    """Return a guess to two digits: it knows no more."""
    return labels if labels < 100 else int(float(f"{labels:.2g}"))


def _chip(need: ClassNeed) -> str:
    return f'<i class="gp-chip" style="background:{escape(need.balance.colour)}"></i>'


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
