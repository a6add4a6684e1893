"""What AstronomicAL's configurations say of combined features and plots, in goldpan's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from app.bands import bands_of
from app.errors import ProjectError
from config.pool_parts import COMBINED_MAX

PLOTS = {
    "BPT Plots": ("bpt_nii", "bpt_sii", "bpt_oi"),
    "SED Plot": ("spectrum",),
    "Mateos 2012 Wedge": ("wise_wedge",),
}
"""AstronomicAL's panel → goldpan's plots."""

_OPERATIONS = {"subtract (a-b)": "-", "add (a+b)": "+", "multiply (a*b)": "*", "divide (a/b)": "/"}


def combined_features(asked: object, features: Sequence[str], notes: list[str]) -> list[dict[str, str]]:
    """Return the calculated columns, as `pool.combine` has them.

    AstronomicAL combines every choice of n features, in their order, and calls the result `a-b`.

    Args:
        asked: its `feature_generation`, a list of operations and how many features each takes.
        features: `features_for_training`.
        notes: a remark is added for what is left out.
    """
    found: dict[str, str] = {}
    for entry in asked if isinstance(asked, list) else []:
        name, count = (entry[0], entry[1]) if isinstance(entry, list) and len(entry) == 2 else (entry, 2)
        sign = _OPERATIONS.get(str(name))
        if sign is None or not isinstance(count, int) or not 2 <= count <= len(features):
            notes.append(f"left out: the combined feature {name}; say what it is in pool.combine")
            continue
        for chosen in combinations(features, count):
            quoted = f" {sign} ".join(f"`{each}`" for each in chosen)
            found.setdefault(sign.join(chosen), quoted)
            if len(found) > COMBINED_MAX:
                notes.append(f"left out: combined features beyond the first {COMBINED_MAX:,}")
                found.popitem()
                return _sections(found, features)
    return _sections(found, features)


def plots_of_panels(contents: Sequence[str]) -> list[str]:
    """Return the names of goldpan's plots that stand for panels."""
    return [plot for name in dict.fromkeys(contents) for plot in PLOTS.get(name, ())]


def bands_of_config(values: Mapping[str, Any], path: Path, notes: list[str]) -> list[dict[str, Any]]:
    """Return `SED_bands` as `views.bands` has them; a remark where they cannot be used."""
    given = values.get("SED_bands")
    if not given:
        return []
    try:
        return [band.model_dump(exclude_none=True) for band in bands_of(given, path)]
    except ProjectError as problem:
        notes.append(f"left out: SED_bands ({str(problem).splitlines()[0]})")
        return []


def _sections(found: Mapping[str, str], features: Sequence[str]) -> list[dict[str, str]]:
    return [{"name": name, "formula": formula} for name, formula in found.items() if name not in features]
