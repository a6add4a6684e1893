"""Prospect, the default: discover, balance and refine in one list, every beginning of which is a good batch.

Without a model it is the density start. With one, the places of the list are dealt out between three kinds by shares
that `strategies.shares` learns from what each kind brought (`strategies.prospect_plan` is the walk):

- discover: items far from everything looked at, counted in the radius of their own neighbourhood, so that a small
  dense group is met and a lone outlier does not win;
- balance: items that may well be of a class that lacks labels, the most lacking class first; among its likely
  members those that the model is not sure of yet, since a certain one teaches it little;
- refine: every other place to the item that stands for most uncertainty around it (`strategies.herding`), where
  uncertainty is a small margin with the class prior taken out (Scheffer et al. 2001); the others to the smallest
  margins of all.

What a person said they seek and has not met comes in between (`strategies.seek`), as often as it has paid so far.

All three share one rule of spread: an item near a labelled one or another of the same list loses most of its worth,
since the label of one nearly tells the other's (the redundancy that batch methods such as BADGE, Ash et al. 2020,
avoid).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from strategies.boundary import by_margin
from strategies.contract import Choice, IntArray, PoolState
from strategies.model_needed import needs_model
from strategies.prospect_plan import Plan
from strategies.ranking import build_choice, open_rows
from strategies.seek import seek_picks
from strategies.shares import label_counts, learn_shares, seek_share, wanted_labels
from strategies.uncertain import boundary_words
from strategies.wording import need_reason

SPREAD_PICKS = 256
"""Beyond so many picks the list goes on by margin alone: nobody labels that far before the next round."""


def prospect(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose what a person seeks and has not met, and beside it a list mixed of all kinds.

    Args:
        state: the pool; without a model the density start takes the place of the mixed list.
        batch: how many items are wanted.
        generator: draws candidates, the place where the mix starts, and the order among equals.
    """
    share = seek_share(state)
    if not share or not batch:
        return mixed(state, batch, generator)
    due = min(batch, open_rows(state).size)
    turns = np.diff(np.floor(share * np.arange(due + 1) + 1e-6)).astype(bool)
    sought = seek_picks(state, int(turns.sum()), generator)
    turns[np.flatnonzero(turns)[sought.rows.size :]] = False
    closed = state.closed.copy()
    closed[sought.rows] = True
    rest = mixed(replace(state, closed=closed), int((~turns).sum()), generator)
    order = np.empty(due, np.int64)
    order[turns] = np.arange(sought.rows.size)
    order[~turns] = sought.rows.size + np.arange(rest.indices.size)
    kinds = ("balance",) * sought.rows.size + rest.kinds
    reasons = sought.reasons + rest.reasons
    return build_choice(
        np.concatenate([sought.rows, rest.indices])[order],
        np.linspace(1.0, 0.0, due, endpoint=False),
        [kinds[place] for place in order],
        [reasons[place] for place in order],
        np.concatenate([sought.classes, rest.class_indices])[order],
    )


@needs_model
def mixed(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose a mixed list: unexplained regions, likely members of classes in need, boundaries.

    Args:
        state: the pool, with a model's answer.
        batch: how many items are wanted.
        generator: draws density candidates, the place where the mix starts, and the order among equals.
    """
    rows = open_rows(state)
    if not rows.size or not batch:
        return build_choice(rows[:0], np.empty(0), [], [], rows[:0])
    due = min(batch, rows.size, SPREAD_PICKS)
    plan = Plan(state, rows, due, learn_shares(state), generator)
    due = min(due, plan.rows.size)  # fewer where nearly all are copies; those follow by margin
    picks = [plan.pick() for _ in range(due)]
    chosen = plan.rows[[position for position, _, _ in picks]]
    kinds = [kind for _, kind, _ in picks]
    classes = np.asarray([class_index for _, _, class_index in picks], np.int64)
    if batch > due and rows.size > due:
        more = by_margin(state, np.setdiff1d(rows, chosen), batch - due, generator)
        chosen = np.concatenate([chosen, more])
        kinds += ["refine"] * more.size
        classes = np.concatenate([classes, np.full(more.size, -1, np.int64)])
    scores = np.linspace(1.0, 0.0, chosen.size, endpoint=False)
    likely, between = boundary_words(state, chosen)
    classes = np.where(np.asarray([kind == "refine" for kind in kinds]), likely, classes)
    return build_choice(chosen, scores, kinds, _reasons(state, chosen, kinds, classes, between), classes)


def _reasons(
    state: PoolState, rows: IntArray, kinds: list[str], classes: npt.NDArray[np.int64], between: list[str]
) -> list[str]:
    assert state.probabilities is not None
    counts = label_counts(state)
    wanted = wanted_labels(state, counts)
    reasons = []
    for row, kind, class_index, boundary in zip(rows, kinds, classes, between, strict=True):
        if kind == "balance":
            share = float(state.probabilities[row, class_index])
            name = state.class_names[class_index]
            reasons.append(need_reason(name, share, int(counts[class_index]), int(wanted[class_index])))
        else:
            reasons.append("Nothing near it has a label yet." if kind == "discover" else boundary)
    return reasons
