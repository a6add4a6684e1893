"""A class-balanced selection of the labelled items, divided into splits where these are asked for."""

from __future__ import annotations

import csv
from pathlib import Path

from labeling.curation.splits import check_split
from labeling.exports.contract import ExportBundle, Written
from labeling.exports.csv import write_table
from labeling.exports.selection_plan import SelectionPlan, plan_selection


def write_selection(bundle: ExportBundle, folder: Path) -> Written:
    """Write `selection.csv`, `balance.csv` (what each class had, should, and gave), and `splits.csv` where asked for.

    `selection.csv` has `item_key`, `row`, `class_name`, and where there are such `group` and `split`. Only items with a
    class take part, and none of the audit set. The bundle's seed decides which of them. Once it is written it is read
    back, and no group may be in two splits.

    Args:
        bundle: what to choose from.
        folder: an empty folder.

    Returns:
        The files.

    Raises:
        SplitLeakError: what belongs together is in two splits of the file.
    """
    plan = plan_selection(bundle)
    files = [
        write_table(plan.items, folder / "selection.csv"),
        write_table(plan.selection.table, folder / "balance.csv"),
    ]
    if plan.split is not None:
        files.append(write_table(plan.split.table, folder / "splits.csv"))
        check_written(folder / "selection.csv", plan)
    return Written(tuple(files))


def check_written(path: Path, plan: SelectionPlan) -> None:
    """Read a selection back and check that each item has one split, and each group too.

    Raises:
        SplitLeakError: what belongs together is in two splits of the file.
    """
    with path.open(encoding="utf-8", newline="") as file:
        parts = {line["item_key"]: line["split"] for line in csv.DictReader(file)}
    keys = plan.items["item_key"].tolist()
    check_split(keys, [parts[key] for key in keys], plan.together)
