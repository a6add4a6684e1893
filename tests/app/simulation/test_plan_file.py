from __future__ import annotations

from pathlib import Path

import pytest

from app.project import Project
from app.simulation.errors import LabelledPoolError, PlanError
from app.simulation.plan_file import grid_of, is_plan, load_plan, plan_from
from config.errors import UnknownNameError

BROKEN = """pools:
  - project: clouds.yaml
    long_tail: 0.5
    longtail: 3
  - name: x
  - project: clouds.yaml
    long_tail: 2
    sizes: {common: 3}
heads: [{name: forest}]
seeds: many
budgett: 5
"""


def test_load_plan__every_problem_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(BROKEN, encoding="utf-8")
    with pytest.raises(PlanError) as caught:
        load_plan(path)
    lines = str(caught.value).splitlines()
    places = [line.removeprefix(f"{path}:").split(": ")[:2] for line in lines]
    assert places == [
        ["3:16", "pools.0.long_tail"],
        ["4:5", "pools.0.longtail"],
        ["5:5", "pools.1.project"],
        ["6:5", "pools.2"],
        ["9:16", "heads.0.name"],
        ["10:8", "seeds"],
        ["11:1", "budgett"],
    ]
    assert "known: project, name, long_tail" in lines[1]
    assert "long_tail and sizes are given; give one of them" in lines[3]
    assert "logistic" in lines[4]


@pytest.mark.parametrize("text", ["pools: [", "- a\n", "", "pools: !!python/object:os.system x\n"])
def test_load_plan__what_is_no_plan_is_refused_in_a_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PlanError, match=r"plan\.yaml:1:"):
        load_plan(path)


def test_load_plan__no_pools(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("pools: []\n", encoding="utf-8")
    with pytest.raises(PlanError, match="pools"):
        load_plan(path)


def test_is_plan__tells_it_from_a_project(clouds: Project, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("pools: [{project: clouds.yaml}]\n", encoding="utf-8")
    assert is_plan(tmp_path / "plan.yaml")
    assert not is_plan(clouds.paths.config)


def test_plan_from__number_of_seeds_counts_from_zero() -> None:
    assert plan_from({"pools": [{"project": "p.yaml"}], "seeds": 3}).seeds == (0, 1, 2)


def test_plan_from__a_head_by_name_has_the_usual_settings() -> None:
    heads = plan_from(
        {"pools": [{"project": "p.yaml"}], "heads": ["mlp", {"name": "mlp", "members": 2}]}
    ).heads
    assert [(head.name, head.members, head.calibrate) for head in heads] == [
        ("mlp", 8, False),
        ("mlp", 2, False),
    ]


def test_grid_of__thins_the_project(clouds: Project) -> None:
    plan = plan_from({"pools": [{"project": "clouds.yaml", "sizes": {"common": 12}, "held_out_each": 4}]})
    grid = grid_of(plan, clouds.paths.config.parent)
    pool = grid.pools["clouds"](0)
    assert pool.class_names == ("common", "other", "rare")
    assert pool.sizes.tolist() == [12, 36, 4]
    assert len(pool.held_out) == 12


def test_grid_of__long_tail_and_needles(clouds: Project) -> None:
    pools = [
        {"project": "clouds.yaml", "name": "tail", "long_tail": 10, "largest": 20, "rare": ["other"]},
        {"project": "clouds.yaml", "name": "needle", "needles": {"each": 2, "names": ["other"]}},
    ]
    grid = grid_of(plan_from({"pools": pools}), clouds.paths.config.parent)
    assert grid.pools["tail"](1).sizes[1] == 2
    assert grid.pools["needle"](1).sizes.tolist() == [30, 2, 4]


def test_grid_of__unknown_strategy_is_told_before_any_project_is_opened() -> None:
    with pytest.raises(UnknownNameError, match="prospct"):
        grid_of(plan_from({"pools": [{"project": "nothing.yaml"}], "strategies": ["prospct"]}), Path())


def test_grid_of__unknown_class_lists_the_known_ones(clouds: Project) -> None:
    plan = plan_from({"pools": [{"project": "clouds.yaml", "sizes": {"comon": 12}}]})
    with pytest.raises(PlanError, match="common, other, rare"):
        grid_of(plan, clouds.paths.config.parent)


def test_grid_of__two_pools_of_one_name_are_refused(clouds: Project) -> None:
    plan = plan_from({"pools": [{"project": "clouds.yaml"}, {"project": "clouds.yaml", "long_tail": 2}]})
    with pytest.raises(PlanError, match="two pools are called 'clouds'"):
        grid_of(plan, clouds.paths.config.parent)


def test_grid_of__a_project_without_truth_says_how_to_give_it_one(clouds: Project) -> None:
    (clouds.paths.pool / "truth.parquet").unlink()
    with pytest.raises(LabelledPoolError, match="--truth COLUMN"):
        grid_of(plan_from({"pools": [{"project": "clouds.yaml"}]}), clouds.paths.config.parent)
