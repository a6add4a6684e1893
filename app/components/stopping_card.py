"""The card "Is it time to stop?": one sentence of advice, and the three looks it rests on."""

from __future__ import annotations

from html import escape

from models.quality import Estimate
from models.stopping import MORE_LABELS, SETTLED, SMALL_GAIN, STEP_LABELS, WINDOW, Stopping, Unfound

SHOWN_CLASSES = 8
LONGEST_NAME = 40


def stopping_card(advice: Stopping | None) -> str:
    """Return the card's content as HTML; every name is escaped.

    Args:
        advice: what the last round says; None before the first.
    """
    if advice is None:
        return _empty("The first round is to come.")
    if not advice.labels and advice.left:
        return _empty(advice_sentence(advice))
    return (
        f"<p><b>{escape(advice_sentence(advice))}</b></p>"
        f"<h4>Do predictions still change?</h4><p>{_stability(advice)}</p>"
        f"<h4>What would more labels bring?</h4><p>{_gain(advice)}</p>"
        f"<h4>What is still unfound?</h4>{_unfound(advice)}"
    )


def stopping_line(advice: Stopping | None) -> str:
    """Return one quiet line for the Label page as HTML; empty while there is nothing to say."""
    if advice is None or not advice.labels:
        return ""
    return f'<p class="gp-quiet">{escape(advice_sentence(advice))} The Model page says why.</p>'


def advice_sentence(advice: Stopping) -> str:
    """Return the advice as plain text: what it is, and the reason."""
    if not advice.left:
        return "Every item has been looked at: nothing is left to label."
    if advice.verdict == "go_on":
        return f"More labels are likely to pay: {_joined(_for_going_on(advice))}."
    if advice.verdict == "may_stop":
        rest = _rarest_unfound(advice)
        unless = f", unless you are after the items of {_name(rest)} still unfound" if rest else ""
        return f"It may be time to stop: predictions have settled and more labels would hardly help{unless}."
    if advice.verdict == "unsure":
        if advice.gain is None:
            return "Hard to tell: predictions have settled, but the curve is too short to say what more labels bring."
        return (
            "Hard to tell: predictions have settled, but more labels might still bring "
            f"{_points(advice.gain.high)}."
        )
    if not advice.labels:
        return "Too early to tell: nothing is labelled yet."
    return (
        f"Too early to tell: models {STEP_LABELS} labels apart are compared, {WINDOW} times at least; "
        f"so far {_times(advice.compared)}."
    )


def _empty(sentence: str) -> str:
    return (
        f'<p class="gp-quiet">{sentence} Once items of two classes have labels, rounds show whether predictions still '
        "change, what more labels would bring, and what is unfound.</p>"
    )


def _for_going_on(advice: Stopping) -> list[str]:
    reasons = []
    if advice.stability is not None and advice.stability.value < SETTLED:
        reasons.append("predictions still change")
    if advice.gain is not None and advice.gain.value >= SMALL_GAIN and advice.gain.low > 0:
        reasons.append("the model still gets better")
    if advice.unmet:
        reasons.append(f"{_count(advice.unmet, 'class has', 'classes have')} no label yet")
    elif advice.unknown is not None and advice.unknown.value >= 1:
        reasons.append("some classes may not have been met yet")
    return reasons


def _stability(advice: Stopping) -> str:
    how = f"Models {STEP_LABELS} labels or more apart are compared on the same items"
    if advice.stability is None:
        return f"{how}: {_times(advice.compared)} so far, {WINDOW} are needed."
    found = advice.stability
    settled = "They have settled" if found.value >= SETTLED else "They still change"
    return (
        f"{settled}: the last {WINDOW} comparisons agree with a mean κ of <b>{found.value:.3f}</b> "
        f"({found.low:.3f} to {found.high:.3f}); from {SETTLED} on they count as settled. {how}."
    )


def _gain(advice: Stopping) -> str:
    due = min(MORE_LABELS, advice.left)
    if not due:
        return "Nothing is left to label."
    if advice.gain is None:
        return "Too few rounds, or too close to each other, to see where the learning curve goes."
    gain = advice.gain
    return (
        f"The next {_count(due, 'label', 'labels')}: balanced accuracy <b>{_points(gain.value)}</b> "
        f"({_signed(gain.low)} to {_signed(gain.high)}), if the curve of cross-validated figures goes on as it did. "
        "The strategy picks ever harder items, so the model may gain more than these figures show."
    )


def _unfound(advice: Stopping) -> str:
    shown = advice.unfound[:SHOWN_CLASSES]
    rows = "".join(
        f"<tr><th>{escape(_short(entry.class_name))}</th><td>{entry.labels}</td><td>{_left(entry)}</td></tr>"
        for entry in shown
    )
    more = advice.classes - len(shown)
    rest = (
        f'<p class="gp-quiet">The {len(shown)} classes with the fewest labels; {more} more.</p>'
        if more
        else ""
    )
    table = (
        "<table class='gp-fields'><thead><tr><th>Class</th><td>labels</td><td>items unfound, about</td></tr></thead>"
        f"{rows}</table>{rest}"
    )
    return (table if rows else "") + _new_classes(advice)


def _new_classes(advice: Stopping) -> str:
    if advice.unknown is None or advice.new_class is None:
        return '<p class="gp-quiet">Classes that were never met are estimated from the first labels on.</p>'
    chance = advice.new_class
    if advice.unmet:
        said = f"{_count(advice.unmet, 'class has', 'classes have')} a name and no label yet."
    elif advice.unknown.value >= 0.5:
        said = f"About {_range(advice.unknown)} classes seem to have no label yet."
    else:
        said = "There is no sign of classes that were not met yet."
    return (
        f"<p>{said} The next label would be of a class without labels with a chance of {_percent(chance.value)} "
        f"({_percent(chance.low)} to {_percent(chance.high)}).</p>"
        '<p class="gp-quiet">Both are judged by the classes with one label or two, as if labels were drawn at random. '
        "The strategy looks for rare classes, so more may be hidden than this shows.</p>"
    )


def _rarest_unfound(advice: Stopping) -> Unfound | None:
    return next(
        (entry for entry in advice.unfound if entry.items is not None and entry.items.value >= 1), None
    )


def _left(entry: Unfound) -> str:
    if entry.items is None:
        return "needs a model" if entry.labels else "not met yet"
    return _range(entry.items)


def _range(items: Estimate) -> str:
    return f"{_whole(items.value)} ({_whole(items.low)} to {_whole(items.high)})"


def _whole(value: float) -> str:
    """Return a number of items to two digits: the estimate knows no more."""
    rounded = float(f"{value:.2g}") if value >= 100 else round(value)
    return f"{rounded:,.0f}"


def _points(value: float) -> str:
    return f"{_signed(value)} points"


def _signed(value: float) -> str:
    """Return a share of 1 in hundredths with its sign, none for what rounds to 0."""
    hundredths = round(100 * value, 1)
    return f"{hundredths:+.1f}".replace("-", "\N{MINUS SIGN}") if hundredths else "0.0"


def _percent(share: float) -> str:
    return "under 1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def _count(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _times(count: int) -> str:
    return "never" if not count else "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def _joined(reasons: list[str]) -> str:
    return " and ".join([", ".join(reasons[:-1]), reasons[-1]] if len(reasons) > 1 else reasons)


def _name(entry: Unfound) -> str:
    return f"'{_short(entry.class_name)}'"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
