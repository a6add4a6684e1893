"""What every benchmark prints and writes: one table for a person, one JSON object for a machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table


def benchmark_arguments(name: str, description: str) -> argparse.ArgumentParser:
    """Return the arguments all benchmarks share: --quick and --json FILE.

    Args:
        name: the benchmark's module name, as in `python -m benchmarks.NAME`.
        description: one sentence on what is measured.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument(
        "--quick", action="store_true", help="fewer repeats and smaller pools, for a first look"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as one JSON object")
    return parser


def describe_machine() -> str:
    """Return processor, cores, memory, system and Python version in one line, without the host's name."""
    memory_gb = (
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9 if hasattr(os, "sysconf") else 0
    )
    parts = [
        _processor(),
        f"{_cores()} cores",
        f"{memory_gb:.0f} GB" if memory_gb else "",
        platform.system(),
        f"Python {platform.python_version()}",
    ]
    return ", ".join(part for part in parts if part)


def percentiles(times: Sequence[float], *, name: str, unit: str = "ms") -> dict[str, float]:
    """Return the figures `NAME_p50_UNIT` and `NAME_p95_UNIT` of some times.

    Args:
        times: at least one time, in the unit.
        name: what was timed.
        unit: the unit's short name.

    Raises:
        ValueError: there are no times.
    """
    if not len(times):
        raise ValueError(f"no times were measured for {name}; measure at least one before reporting")
    p50, p95 = np.percentile(np.asarray(times, float), [50, 95])
    return {f"{name}_p50_{unit}": round(float(p50), 2), f"{name}_p95_{unit}": round(float(p95), 2)}


def report(
    benchmark: str,
    figures: Mapping[str, float],
    *,
    json_path: Path | None = None,
    budgets: Mapping[str, float] | None = None,
    notes: Sequence[str] = (),
) -> bool:
    """Print the figures as a table and, where asked, write them as one JSON object.

    Args:
        benchmark: the benchmark's name.
        figures: name to number; a name ends in its unit (`_ms`, `_s`, `_mb`).
        json_path: where the JSON object goes; None writes none.
        budgets: the most a figure may be, by name.
        notes: plain sentences printed below the table.

    Returns:
        Whether every figure that has a budget keeps it.
    """
    budgets = budgets or {}
    table = Table(title=f"{benchmark} ({describe_machine()})", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("budget", justify="right")
    for name, value in figures.items():
        mark = "" if name not in budgets else (" ok" if value <= budgets[name] else " over")
        table.add_row(name, f"{value:,.2f}", f"{budgets[name]:g}{mark}" if name in budgets else "")
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(table)
    for note in notes:
        console.print(note, highlight=False, markup=False)
    if json_path is not None:
        _write_json(json_path, benchmark, figures)
    return all(figures[name] <= most for name, most in budgets.items() if name in figures)


def _write_json(path: Path, benchmark: str, figures: Mapping[str, float]) -> None:
    command = shlex.join(["python", "-m", f"benchmarks.{benchmark}", *sys.argv[1:]])
    content = {
        "benchmark": benchmark,
        "machine": describe_machine(),
        "command": command,
        "figures": {name: float(value) for name, value in figures.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
