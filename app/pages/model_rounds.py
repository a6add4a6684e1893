"""The Model page's comparison of two rounds: what was gained, what was lost, what is predicted otherwise now."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import panel_material_ui as pmui

from app.background import Background
from app.components.layout import bar, html, panel
from app.round_compare import Change, ClassChange, Comparison, comparable, compare_rounds
from app.session import DashboardState
from labeling.round_log import RoundRow

NOTE = (
    "Figures of each round's own cross-validation. A later round has more labels, chosen because they are hard, so a "
    "figure can fall while the model gets better."
)
NOTHING = '<p class="gp-quiet">Two rounds with figures are needed; go on labelling and they appear.</p>'
FIELD_MARGIN = (6, 0, 0, 0)


class RoundsCard:
    """Views of two rounds side by side."""

    def __init__(self, dashboard: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views.

        Args:
            dashboard: the tab's state.
            document: the tab's bokeh Document.
        """
        self.dashboard = dashboard
        self._background = Background(document, dashboard.context.reader)
        self._rounds: dict[str, RoundRow] = {}
        self._chosen_by_hand = False
        self._filling = False
        self.before = pmui.Select(label="From", options=[], size="small", width=230, margin=FIELD_MARGIN)
        self.after = pmui.Select(label="To", options=[], size="small", width=230, margin=FIELD_MARGIN)
        self.fields = bar(self.before, self.after)
        self.said = html(NOTHING)
        for field in (self.before, self.after):
            field.param.watch(self._choose, "value")

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        return panel("Rounds compared", self.fields, self.said, note=NOTE)

    def paint(self, rounds: Sequence[RoundRow]) -> None:
        """Offer these rounds, and compare the chosen two; the last two until a person chooses.

        Args:
            rounds: all rounds, oldest first.
        """
        self._rounds = {_called(row): row for row in comparable(list(rounds))}
        names = list(reversed(self._rounds))
        self.fields.visible = len(names) > 1
        if len(names) < 2:
            self.said.object = NOTHING
            return
        kept = self._chosen_by_hand and {self.before.value, self.after.value} <= set(names)
        chosen = (self.before.value, self.after.value) if kept else (names[1], names[0])
        self._filling = True
        self.before.param.update(options=names, value=chosen[0])
        self.after.param.update(options=names, value=chosen[1])
        self._filling = False
        self._compare()

    def _choose(self, *_: Any) -> None:  # noqa: ANN401 - a param event
        if not self._filling:
            self._chosen_by_hand = True
            self._compare()

    def _compare(self) -> None:
        pair = [self._rounds.get(field.value) for field in (self.before, self.after)]
        first, second = pair
        if first is None or second is None:
            return
        if first.number == second.number:
            self.said.object = '<p class="gp-quiet">Choose two different rounds.</p>'
            return
        project = self.dashboard.context.project
        names = {entry.id: entry.name for entry in self.dashboard.classes}
        self._background.ask(
            lambda: compare_rounds(
                project.paths.rounds, first, second, names=names, pool_hash=project.pool.hash
            ),
            self._show,
            failed=self._fail,
        )

    def _show(self, found: Comparison) -> None:
        self.said.object = comparison_html(found)

    def _fail(self, message: str) -> None:
        self.said.object = f'<p class="gp-problem">{escape(message)}</p>'


def comparison_html(found: Comparison) -> str:
    """Return two rounds side by side as HTML; every name in it is escaped."""
    clear = [entry for entry in found.classes if entry.f1.is_clear and entry.f1.difference is not None]
    gained = [
        entry.name for entry in reversed(clear) if entry.f1.difference and entry.f1.difference.value > 0
    ]
    lost = [entry.name for entry in clear if entry.f1.difference and entry.f1.difference.value < 0]
    rows = "".join(_row(entry) for entry in found.classes)
    return (
        f"<p>From {found.labels_before:,} to {found.labels_after:,} labels: balanced accuracy "
        f"{_moved(found.balanced_accuracy)}, macro F1 {_moved(found.macro_f1)}. {_changed(found)}</p>"
        f"<p>Clearly better: {_names(gained)}. Clearly worse: {_names(lost)}.</p>"
        '<div class="gp-scroll gp-wide" tabindex="0" role="region" aria-label="Change of each class">'
        '<table class="gp-fields">'
        "<thead><tr><th>class, the largest loss first</th><td>labels</td><td>F1 before</td><td>F1 after</td>"
        f"<td>change (95 % interval)</td></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(entry: ClassChange) -> str:
    mark = "<b>" if entry.f1.is_clear else ""
    end = "</b>" if mark else ""
    return (
        f"<tr><th>{escape(entry.name)}</th><td>{entry.labels_before:,} → {entry.labels_after:,}</td>"
        f"<td>{_value(entry.f1.before)}</td><td>{_value(entry.f1.after)}</td>"
        f"<td>{mark}{_moved(entry.f1)}{end}</td></tr>"
    )


def _value(estimate: Any) -> str:  # noqa: ANN401 - an Estimate or None
    return "too few labels" if estimate is None else f"{estimate.value:.2f}"


def _moved(change: Change) -> str:
    if change.difference is None:
        return "–"
    by = change.difference
    return f"{_signed(by.value)} ({_signed(by.low)} to {_signed(by.high)})"


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−").replace("+0.00", "0.00").replace("−0.00", "0.00")


def _changed(found: Comparison) -> str:
    parts = []
    if found.pool_changed is not None:
        share = found.pool_changed / max(found.pool_size, 1)
        parts.append(
            f"<b>{found.pool_changed:,}</b> of {found.pool_size:,} items of the pool ({share:.1%}) are taken for "
            "another class."
        )
    if found.labelled_changed is not None:
        parts.append(
            f"Of {found.labelled_compared:,} labels that both tested, <b>{found.labelled_changed:,}</b> are predicted "
            "otherwise."
        )
    return (
        " ".join(parts)
        or "Which items changed is not known: one of the rounds kept no predictions of this pool."
    )


def _names(names: list[str], most: int = 8) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"<b>{escape(name)}</b>" for name in names[:most]) + more


def _called(row: RoundRow) -> str:
    return f"round {row.number} · {row.labels_used:,} labels"
