"""What a selection does to the balance, in words, before anything is written."""

from __future__ import annotations

import pandas as pd

from labeling.exports.selection_plan import SelectionPlan

_SHOWN = 5


def describe_plan(plan: SelectionPlan) -> list[str]:
    """Return sentences: what the classes had and will have, who falls short, what the splits get.

    Args:
        plan: from `plan_selection`.
    """
    table = plan.selection.table
    available, taken = int(table["available"].sum()), int(table["taken"].sum())
    if not available:
        return ["No item has a label; there is nothing to select."]
    if not taken:
        return [f"Nothing would be selected of {available:,} labels: no class that has a target has a label."]
    words = [
        f"{taken:,} of {available:,} labels are selected. Before, {_balance(table, 'available')}; "
        f"after, {_balance(table, 'taken')}."
    ]
    short = table[table["short"] > 0].sort_values("short", ascending=False, kind="stable")
    if len(short):
        each = [
            f"{row.class_name} has {row.available:,} of the {row.wanted:,} wanted"
            for row in short.itertuples()
        ]
        more = f" and {len(each) - _SHOWN} more" if len(each) > _SHOWN else ""
        words.append(f"Fewer than wanted: {'; '.join(each[:_SHOWN])}{more}.")
    left = table[(table["wanted"] == 0) & (table["available"] > 0) & (table["taken"] == 0)]
    if len(left):
        names = ", ".join(left["class_name"].tolist()[:_SHOWN])
        words.append(f"Left out, having no target: {names}{', …' if len(left) > _SHOWN else ''}.")
    if plan.split is not None:
        words += _split_words(plan)
    return words


def _balance(table: pd.DataFrame, column: str) -> str:
    counts = {
        str(name): int(count) for name, count in zip(table["class_name"], table[column], strict=True) if count
    }
    most, least = max(counts, key=lambda name: counts[name]), min(counts, key=lambda name: counts[name])
    if counts[most] == counts[least]:
        each = "the only class has" if len(counts) == 1 else f"each of {len(counts)} classes has"
        return f"{each} {counts[most]:,}"
    return (
        f"the largest class has {counts[most]:,} ({most}), the smallest {counts[least]:,} ({least}): "
        f"{counts[most] / counts[least]:.1f} to 1"
    )


def _split_words(plan: SelectionPlan) -> list[str]:
    assert plan.split is not None
    sizes = plan.split.sizes
    total = sum(sizes.values())
    told = ", ".join(f"{name} {size:,} ({100 * size / total:.0f} %)" for name, size in sizes.items())
    groups = pd.Series(plan.together[plan.together >= 0]).value_counts()
    several = groups[groups > 1]
    kept = ""
    if len(several):
        what = "1 group or set" if len(several) == 1 else f"{len(several):,} groups or sets"
        kept = f" {int(several.sum()):,} items in {what} of copies stay together."
    words = [f"Splits: {told}.{kept}"]
    table = plan.split.table
    missing = table[table["items"] == 0]
    if len(missing):
        named = [f"{row.class_name} in {row.split}" for row in missing.itertuples()]
        more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
        words.append(f"No item of {'; '.join(named[:_SHOWN])}{more}: too few items or groups of that class.")
    return words
