"""`goldpan simulate` as a person meets it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from app.errors import AppError
from app.project import Project
from app.simulation.errors import PlanError
from app.simulation.plan_file import plan_from
from app.simulation.running import GridResult, run_grid
from config.documents import read_document
from config.errors import GoldpanError, UnknownNameError

SHORT = ("--seeds", "1", "--budget", "20")


def goldpan(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["simulate", *arguments], env={"COLUMNS": "120"})


def fails_with(result: Result, kind: type[GoldpanError]) -> str:
    """The command line's main turns these into a line on stderr and exit code 2."""
    assert isinstance(result.exception, kind), result.output
    return str(result.exception)


def strategies_in(folder: Path) -> Sequence[str]:
    return pd.read_parquet(folder / "runs.parquet")["strategy"].tolist()


def test_simulate__project_with_options(clouds: Project, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = goldpan(
        str(clouds.paths.config), "--strategies", "prospect", "random", "--long-tail", "5", "--out", str(out), *SHORT
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert strategies_in(out) == ["prospect", "random"]
    assert "clouds, logistic, 1 seeds" not in result.output and "clouds, logistic, 1 seed" in result.output
    assert str(out / "report.html") in result.output
    assert (out / "report.html").is_file() and (out / "steps.parquet").is_file()


def test_simulate__again_repeats_nothing(clouds: Project) -> None:
    arguments = (str(clouds.paths.config), "--strategies", "margin,random", *SHORT)
    goldpan(*arguments)
    again = goldpan(*arguments)
    assert "3 of 3 runs were there already" in again.output


def test_simulate__plan_with_its_own_settings_and_others_given(clouds: Project, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "pools:\n  - {project: clouds.yaml, name: tail, long_tail: 5}\n  - {project: clouds.yaml}\n"
        "strategies: [random]\nbudget: 10\nseeds: [7]\n",
        encoding="utf-8",
    )
    result = goldpan(str(plan), "--strategies", "margin")
    assert result.exit_code == 0, result.output
    runs = pd.read_parquet(tmp_path / "plan.simulation" / "runs.parquet")
    assert runs[["pool", "strategy", "seed", "labels"]].to_numpy().tolist() == [
        ["tail", "margin", 7, 10],
        ["clouds", "margin", 7, 10],
    ]


def test_simulate__stopped_keeps_what_is_finished(
    clouds: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*arguments: object) -> GridResult:
        grid, folder, workers, _ = arguments

        def stop(done: int, total: int, what: str) -> None:
            if done == 2:
                raise KeyboardInterrupt

        return run_grid(grid, folder, workers, stop)  # type: ignore[arg-type]

    arguments = (
        str(clouds.paths.config),
        "--strategies",
        "margin,random",
        "--out",
        str(tmp_path / "o"),
        *SHORT,
    )
    with monkeypatch.context() as patch:
        patch.setattr("app.simulation.running.run_grid", stopped)
        result = goldpan(*arguments)
    assert result.exit_code == 130
    assert "2 of 3 runs are kept" in result.output and "the same command goes on" in result.output
    assert strategies_in(tmp_path / "o") == ["margin"]
    assert goldpan(*arguments).exit_code == 0
    assert strategies_in(tmp_path / "o") == ["margin", "random"]


def test_simulate__a_failed_run_ends_with_exit_code_2(
    clouds: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **more: object) -> float:
        raise PlanError("no luck")

    monkeypatch.setattr("app.simulation.running.whole_pool_accuracy", fail)
    result = goldpan(str(clouds.paths.config), "--strategies", "random", *SHORT)
    assert result.exit_code == 2
    assert "seed 0: no luck" in result.output
    assert "random" in result.output


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (("--strategies", "margn"), UnknownNameError, "did you mean 'margin'"),
        (("--heads", "forest"), PlanError, "unknown head 'forest'"),
        (("--seeds", "x"), PlanError, "seeds are 'x'"),
        (("--seeds", "9-3"), PlanError, "seeds"),
        (("--budget", "0"), PlanError, "budget"),
        (("--each", "3"), PlanError, "--each belongs to --needles"),
        (("--long-tail", "0.1"), PlanError, "long_tail"),
        (("--long-tail", "2", "--needles", "1"), PlanError, "give one of them"),
        (("--reference", "badge"), PlanError, "not among the strategies"),
        (("--rare", "nobody"), AppError, "has no class 'nobody'"),
        (("--needles", "3"), AppError, "give 1 to 2"),
        (("other.yaml",), PlanError, "one file is simulated at a time"),
    ],
)
def test_simulate__wrong_options_are_told(
    clouds: Project, arguments: tuple[str, ...], kind: type[GoldpanError], words: str
) -> None:
    assert words in fails_with(goldpan(str(clouds.paths.config), *arguments), kind)


def test_simulate__thinning_belongs_into_a_plan_where_there_is_one(clouds: Project, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("pools: [{project: clouds.yaml}]\n", encoding="utf-8")
    assert "says how its pools are thinned" in fails_with(goldpan(str(plan), "--long-tail", "3"), PlanError)


@pytest.mark.parametrize(("text", "seeds"), [("2", [0, 1]), ("4-5", [4, 5]), ("3,1", [3, 1])])
def test_simulate__seeds_as_number_range_or_list(clouds: Project, text: str, seeds: list[int]) -> None:
    result = goldpan(str(clouds.paths.config), "--strategies", "random", "--seeds", text, "--budget", "10")
    assert result.exit_code == 0, result.output
    folder = clouds.paths.config.with_suffix(".simulation")
    assert pd.read_parquet(folder / "runs.parquet")["seed"].tolist() == seeds


def test_simulate__the_guides_python_runs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "simulate.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {}
    exec(compile(code, "docs/simulate.md", "exec"), names)
    assert names["result"].steps["labels"].iloc[-1] == 100  # type: ignore[attr-defined]


def test_simulate__the_guides_plan_is_a_plan() -> None:
    text = (Path(__file__).parents[2] / "docs" / "simulate.md").read_text(encoding="utf-8")
    plan = plan_from(read_document(text.split("```yaml\n")[1].split("```")[0]).data)
    assert [pool.name or pool.project for pool in plan.pools] == [
        "digits.yaml",
        "digits-needles",
        "stars.yaml",
    ]
    assert [head.members for head in plan.heads] == [8, 1]
