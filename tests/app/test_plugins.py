"""Parts of other packages and of files: found, named, used, and left out where they are broken."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import plugins
from app.plugins import VARIABLE, ensure_loaded, found_plugins, name_files
from app.rounds_plan import begin_round
from app.worker import Worker
from config.errors import ConfigInvalidError
from config.files import parse_config
from config.names import known_names
from labeling.exports.registry import exports
from labeling.queue import proposals_of
from strategies.registry import strategies
from tests.app.commands import run_command
from tests.plugin_docs import write_blocks
from tests.projects import label_some, make_clouds, write_clouds

STRATEGY = (
    "import goldpan\nfrom strategies.registry import strategies\n__version__ = '7'\n\n\n"
    "@goldpan.register_strategy('{name}')\ndef mine(state, batch, generator):\n"
    "    return strategies.get('random')(state, batch, generator)\n"
)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget afterwards what a test brought."""
    monkeypatch.setenv(VARIABLE, "")
    plugins.forget_plugins()
    yield
    plugins.forget_plugins()


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, points: str, module: str) -> None:
    """Put a package onto the path as an installed one looks, with a module of its name."""
    info = folder / "my_parts-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-parts\nVersion: 1.2\n", "utf-8")
    (info / "entry_points.txt").write_text(points, "utf-8")
    (folder / "my_parts_of_a_test.py").write_text(module, "utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "my_parts_of_a_test", raising=False)


def test_name_files__a_configuration_may_use_what_a_file_brings(tmp_path: Path) -> None:
    text = "project: {name: p}\npool: {path: x}\nstrategy: {name: mine}\n"
    with pytest.raises(ConfigInvalidError, match="--plugin"):
        parse_config(text)
    name_files([write(tmp_path, "mine.py", STRATEGY.format(name="mine"))])
    assert parse_config(text).strategy.name == "mine"
    [found] = found_plugins()
    assert (found.kind, found.name, found.version, found.problem) == ("strategy", "mine", "7", "")
    assert os.environ[VARIABLE] == str(tmp_path / "mine.py")


def test_name_files__a_second_time_does_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.py", STRATEGY.format(name="mine"))
    name_files([path])
    name_files([path])
    assert len(found_plugins()) == 1 and plugins.problems() == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import no_such_module", "ModuleNotFoundError"),
        ("def (", "SyntaxError"),
        (STRATEGY.format(name="mine") + "raise KeyError('late')\n", "KeyError"),
        (STRATEGY.format(name="margin"), "'margin' is already registered"),
        (STRATEGY.format(name="../evil"), "lower case"),
        ("import goldpan\ngoldpan.register_head('h')(3)\n", "no name, no fit"),
        ("import goldpan\ngoldpan.register_encoder('e')(int)\n", "no name, no kinds"),
        ("import goldpan\ngoldpan.register_reader('r')('text')\n", "cannot be called"),
        (
            "import goldpan\nfrom models.heads.mlp import MlpHead\ngoldpan.register_head('h')(MlpHead)\n",
            "calls itself 'mlp'",
        ),
    ],
)
def test_name_files__what_is_broken_is_told_and_left_out_as_a_whole(
    tmp_path: Path, text: str, words: str
) -> None:
    good = write(tmp_path, "good.py", STRATEGY.format(name="good"))
    name_files([write(tmp_path, "broken.py", text), good])
    assert strategies.added() == ["good"]
    [problem] = plugins.problems()
    assert words in problem and "broken.py" in problem
    assert "mine" not in known_names("strategy")


def test_ensure_loaded__entry_points_of_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_blocks(tmp_path)
    module = (
        "from counts import write_counts\nfrom histogram import histogram\nfrom letters import Letters\n"
        "from lucky import lucky\nfrom nearest import Nearest\nfrom pairs import pairs\n"
        "from spectrum import magnitudes\n"
    )
    names = {
        "strategies": ("my_lucky", "lucky"),
        "heads": ("nearest", "Nearest"),
        "encoders": ("letters", "Letters"),
        "readers": ("my_pairs", "pairs"),
        "exports": ("my_counts", "write_counts"),
        "plots": ("my_histogram", "histogram"),
        "item_views": ("my_magnitudes", "magnitudes"),
    }
    points = "".join(
        f"[goldpan.{group}]\n{name} = my_parts_of_a_test:{part}\n" for group, (name, part) in names.items()
    )
    install(tmp_path, monkeypatch, points, module)
    ensure_loaded(*plugins.KINDS)
    # The modules of the templates register themselves, too, under their own names.
    found = [(each.kind, each.name, each.origin, each.version) for each in found_plugins()]
    assert found == [
        (kind, name, "my-parts", "1.2") for kind, (name, _) in zip(plugins.KINDS, names.values(), strict=True)
    ]
    assert exports.get("my_counts").title == "Labels of each class, as text"
    for name in ("counts", "histogram", "letters", "lucky", "nearest", "pairs", "spectrum"):
        sys.modules.pop(name, None)


def test_ensure_loaded__a_broken_entry_point_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = (
        "[goldpan.strategies]\ngone = my_parts_of_a_test:gone\nmargin = my_parts_of_a_test:mine\n"
        "mine = my_parts_of_a_test:mine\n"
    )
    module = "from strategies.random_draw import random_draw\n\n\ndef mine(*given):\n    return random_draw(*given)\n"
    install(tmp_path, monkeypatch, points, module)
    ensure_loaded("strategy")
    assert strategies.added() == ["mine"]
    told = plugins.problems()
    assert ["'gone'" in told[0], "AttributeError" in told[0]] == [True, True]
    assert "'margin' comes with goldpan" in told[1]


def test_plugins__of_the_command_lists_version_and_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        tmp_path,
        monkeypatch,
        "[goldpan.exports]\nmine = my_parts_of_a_test:mine\n[goldpan.plots]\ngone = my_parts_of_a_test:gone\n",
        "def mine(bundle, folder):\n    return ()\n",
    )
    write(tmp_path, "lucky_one.py", STRATEGY.format(name="lucky_one"))
    done = run_command("plugins", "--plugin", "lucky_one.py", folder=tmp_path)
    assert done.returncode == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["strategy", "lucky_one", "7", str(tmp_path / "lucky_one.py")] in lines
    assert ["export", "mine", "1.2", "my-parts"] in lines
    assert "the plot 'gone' of my-parts is left out: AttributeError" in done.stderr


def test_plugins__none(tmp_path: Path) -> None:
    assert "No plug-in is installed" in run_command("plugins", folder=tmp_path).stdout


def test_init__with_plug_ins_of_a_file_to_an_export(tmp_path: Path) -> None:
    """A reader, an encoder, a strategy, a head and an export of files, on the command line alone."""
    write_blocks(tmp_path)
    text = "".join(f"item-{row}: {row % 7}.5\n" for row in range(40))
    write(tmp_path, "pool.pairs", text)
    write(
        tmp_path,
        "p.yaml",
        "version: 1\nproject: {name: p}\npool: {path: pool.pairs, reader: pairs}\nclasses: [{name: a}, {name: b}]\n"
        "head: {name: nearest, members: 2}\nstrategy: {name: lucky, start: lucky}\n",
    )
    files = [word for name in ("pairs", "nearest", "lucky", "counts") for word in ("--plugin", f"{name}.py")]
    done = run_command("init", "p.yaml", *files, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "40 items are ready" in done.stdout
    done = run_command("export", "p.yaml", "--formats", "counts", "--to", "out", *files, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "counts.txt").read_text("utf-8") == "0\ta\n0\tb\n"


def test_init__a_plug_in_that_is_not_given(tmp_path: Path) -> None:
    write_clouds(tmp_path / "clouds.csv")
    write(
        tmp_path,
        "p.yaml",
        "version: 1\nproject: {name: p}\npool: {path: clouds.csv}\nstrategy: {name: lucky}\n",
    )
    done = run_command("init", "p.yaml", folder=tmp_path)
    assert done.returncode == 2
    assert "p.yaml:4:18: strategy.name: unknown strategy 'lucky'" in done.stderr and "--plugin" in done.stderr


@pytest.mark.slow
def test_worker__knows_the_files_that_were_named(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    label_some(project)
    text = project.paths.config.read_text("utf-8").replace("name: prospect ", "name: elsewhere ")
    project.paths.config.write_text(text, "utf-8")
    name_files([write(tmp_path, "elsewhere.py", STRATEGY.format(name="elsewhere"))])
    with project.database.transaction() as session:
        begun = begin_round(session, config=project.config, revision=12)
    assert begun is not None
    worker = Worker()
    try:
        count = worker.submit(project.paths.config, number=begun[0], revision=12, seed=begun[1]).result(120)
    finally:
        worker.kill()
    with project.database.reading() as session:
        found = proposals_of(session, round_number=begun[0])
    assert count == len(found) == 60
    assert {entry.strategy for entry in found} == {"elsewhere"}
    project.close()
