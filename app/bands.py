"""Band files: which columns hold brightness at which wavelength, as JSON in AstronomicAL's form or as CSV.

```
{"u": {"wavelength": 0.3572, "FWHM": 0.0565, "error": "u_err"}, …}       column → µm; magnitudes are AB
column,wavelength_um,width_um,error,kind,zero_point_jy                   as in views.bands
```
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.errors import ProjectError
from config.files import read_text
from config.view_parts import BANDS_MAX, BandSection

_FORM = (
    "give JSON with a wavelength for each column, or CSV with column,wavelength_um, maybe width_um and error"
)


def read_bands(path: Path) -> tuple[BandSection, ...]:
    """Read a band file.

    Raises:
        ProjectError: it is neither, or a value in it is wrong; all of them are told.
        ConfigError: it cannot be read.
    """
    text = read_text(path)
    if not text.lstrip().startswith("{"):
        return _checked((row for row in csv.DictReader(io.StringIO(text))), path)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ProjectError(f"{path} is not JSON ({problem}); {_FORM}") from problem
    return bands_of(values, path)


def bands_of(values: object, path: Path) -> tuple[BandSection, ...]:
    """Return the bands of a mapping as AstronomicAL writes it.

    Args:
        values: column → wavelength and FWHM in micrometres, and the column with the error.
        path: where it comes from, for messages.

    Raises:
        ProjectError: it is no such mapping.
    """
    if not isinstance(values, Mapping) or not all(isinstance(each, Mapping) for each in values.values()):
        raise ProjectError(f"{path} has no mapping of columns to wavelengths; {_FORM}")
    rows = (
        {
            "column": str(name),
            "wavelength_um": each.get("wavelength"),
            "width_um": each.get("FWHM"),
            # A number there is one error for all items, which no column holds.
            "error": each.get("error") if isinstance(each.get("error"), str) else None,
        }
        for name, each in values.items()
    )
    return _checked(rows, path)


def _checked(rows: Iterable[Mapping[str, Any]], path: Path) -> tuple[BandSection, ...]:
    found, problems = [], []
    for number, row in enumerate(rows, start=1):
        if number > BANDS_MAX:
            raise ProjectError(f"{path} has more than {BANDS_MAX} bands")
        try:
            found.append(BandSection.model_validate(_plain(row)))
        except ValidationError as problem:
            first = problem.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "all of it"
            problems.append(
                f"band {number} ({row.get('column') or 'without a column'}): {place}: {first['msg']}"
            )
    if problems or not found:
        raise ProjectError("\n  ".join([f"{path}: no bands that can be used; {_FORM}", *problems]))
    return tuple(found)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of a band; numbers in texts become numbers."""
    values = {str(name).strip(): value for name, value in row.items() if value not in (None, "")}
    for name in ("wavelength_um", "width_um", "zero_point_jy"):
        try:
            if name in values:
                values[name] = float(values[name])
        except (TypeError, ValueError):
            continue
    return values
