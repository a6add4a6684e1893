"""label_efficiency from its arguments to its JSON object."""

from __future__ import annotations

import json
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from benchmarks import label_efficiency, strategy_pools
from benchmarks.label_efficiency import (
    COSTLY_PEERS,
    MARGIN_PEER,
    SAME_MARGIN,
    contenders,
    left_out,
    seeds_of,
)
from benchmarks.label_efficiency_report import (
    ALONE,
    BASE_SHARES,
    NAMED,
    NAMED_PAGES,
    OURS,
    PAGES,
    TARGETS,
    Findings,
    findings_of,
)
from benchmarks.label_efficiency_runs import BASE, HEAD, Job, parse, plan_of, run_job
from benchmarks.peers import registry as peers
from benchmarks.round import Size
from benchmarks.strategy_pools import BenchmarkPool, digits_pool


@pytest.fixture
def short_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The digits pool with 40 labels, and a measurement of a round on few items."""
    monkeypatch.setitem(
        strategy_pools.POOLS,
        "digits",
        BenchmarkPool(digits_pool, labels=40, effort_labels=80, needs_data=False),
    )
    monkeypatch.setattr(label_efficiency, "WHOLE", Size("1e5", 300, 8, 3, 40))


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["label_efficiency", *arguments])
    label_efficiency.main()


def test_parse__suffixes() -> None:
    contender = parse("prospect+names+pages")
    assert (contender.who, contender.names, contender.effort) == ("prospect", True, "page")
    assert not contender.our_start and not contender.shares
    assert parse("prospect+shares").shares
    assert parse("margin+density").key == "margin_density"


def test_parse__unknown_suffix() -> None:
    with pytest.raises(ValueError, match="known are"):
        parse("margin+luck")


def test_plan_of__one_classifier_for_all() -> None:
    plans = [plan_of(parse(name), "digits", 0) for name in ("prospect", BASE, "skactiveml_margin", "oracle")]
    assert {plan.head for plan in plans} == {HEAD}
    assert [plan.queue for plan in plans] == [60, 60, 10, 10]


def test_plan_of__labels_are_weighed_by_share_only_where_asked() -> None:
    plain, ours = (plan_of(parse(name), "digits", 0).head for name in (ALONE, OURS))
    assert not plain.weigh_by_share
    assert ours == plain.model_copy(update={"weigh_by_share": True})


def test_contenders__the_comparison_holds_every_peer_that_is_here() -> None:
    names = contenders("digits", None, quick=False)
    assert {OURS, ALONE, BASE, BASE_SHARES, PAGES, "margin", "random", "oracle", *peers.available()} <= set(
        names
    )
    assert all(f"{peer}+density" in names for peer in peers.available())


def test_contenders__names_are_given_where_there_are_some() -> None:
    assert NAMED in contenders("banking77", None, quick=True)
    assert NAMED in contenders("needles", None, quick=True)
    assert NAMED not in contenders("digits", None, quick=True)


def test_contenders__the_costly_pool_runs_what_is_long_on_few_seeds() -> None:
    first, tenth = (contenders("banking77", None, quick=False, place=place) for place in (0, 9))
    assert {PAGES, NAMED_PAGES, "oracle"} <= set(first)
    assert {OURS, ALONE, BASE, NAMED} <= set(tenth)
    assert not {PAGES, NAMED_PAGES, "oracle", *COSTLY_PEERS} & set(tenth)


def test_contenders__named_ones_in_place_of_the_comparison() -> None:
    assert contenders("digits", ["galaxy"], quick=True) == [OURS, ALONE, BASE, PAGES, "galaxy"]


@pytest.mark.parametrize(
    ("pool", "place", "expected"),
    [
        ("digits", 5, set(peers.NAMES)),
        ("sdss", 5, set(peers.NAMES) - set(SAME_MARGIN)),
        ("sdss", 12, {MARGIN_PEER}),
        ("banking77", 0, set(peers.NAMES) - set(SAME_MARGIN)),
        ("banking77", 2, set(peers.NAMES) - set(SAME_MARGIN) - set(COSTLY_PEERS)),
        ("banking77", 5, {MARGIN_PEER}),
    ],
)
def test_contenders__peers_run_where_they_can_be_afforded(
    monkeypatch: pytest.MonkeyPatch, pool: str, place: int, expected: set[str]
) -> None:
    monkeypatch.setattr(peers, "available", lambda: peers.NAMES)
    names = contenders(pool, None, quick=False, place=place)
    assert {name for name in names if name in peers.NAMES} == expected


def test_seeds_of__short_pools_have_more() -> None:
    assert seeds_of("digits", quick=False) == tuple(range(20))
    assert seeds_of("banking77", quick=False) == tuple(range(10))
    assert seeds_of("digits", quick=True) == seeds_of("banking77", quick=True) == (0, 1)


def test_main__draws_the_curves(short_digits: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    arguments = ("--pools", "digits", "--strategies", "random", "--seeds", "0", "1", "--processes", "1")
    run_main(monkeypatch, *arguments, "--curves", str(tmp_path / "curves"))
    assert "random <tspan" in (tmp_path / "curves" / "curves-digits.svg").read_text(encoding="utf-8")


def test_left_out__says_which_libraries_are_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "available", lambda: ())
    assert "skactiveml_badge" in left_out(["digits"], quick=False)[0]


def test_left_out__says_what_the_costly_pool_goes_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "available", lambda: peers.NAMES)
    assert not any("banking77" in note for note in left_out(["digits"], quick=False))
    everything = " ".join(left_out(["banking77"], quick=True))
    assert "small_text_margin" in everything
    assert "none in the quick form" in everything


def test_main__prints_the_targets_and_writes_the_figures(
    short_digits: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "figures.json"
    arguments = ("--pools", "digits", "--seeds", "0", "1", "--strategies", "random", "--processes", "1")
    run_main(monkeypatch, *arguments, "--json", str(path))
    content = json.loads(path.read_text(encoding="utf-8"))
    wanted = {
        "ratio_same_start_geomean",
        "ratio_same_start_worst",
        "auc_digits_prospect",
        "effort_ratio_geomean",
    }
    assert content["benchmark"] == "label_efficiency"
    assert wanted | {"auc_digits_random", "round_1e5_s", "choose_1e5_s"} <= set(content["figures"])
    assert "must reach" in capsys.readouterr().out


def test_main__without_data_says_what_is_left_out(
    short_digits: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GOLDPAN_DATA", str(tmp_path / "nothing"))
    run_main(monkeypatch, "--seeds", "0", "--strategies", "random", "--processes", "1")
    said = " ".join(capsys.readouterr().out.split())
    assert "left out mnist, sdss, htru2, banking77, needles; set GOLDPAN_DATA" in said


@pytest.mark.parametrize("name", ["nobody", "margin+luck"])
def test_main__unknown_strategy(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run_main(monkeypatch, "--strategies", name)
    assert stopped.value.code == 2
    assert name.split("+")[-1] in capsys.readouterr().err


def test_main__a_worker_that_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(jobs: list[Job], *, processes: int) -> None:
        raise BrokenProcessPool(f"{len(jobs)} jobs in {processes} processes")

    monkeypatch.setattr(label_efficiency, "run_all", die)
    with pytest.raises(SystemExit, match="a worker process was killed"):
        run_main(monkeypatch, "--pools", "digits", "--seeds", "0")


def test_run_job__a_kept_run_is_read_and_is_the_same(short_digits: None, tmp_path: Path) -> None:
    job = Job("digits", 0, ("random",), tmp_path)
    first = run_job(job)
    (path,) = tmp_path.iterdir()
    stamp = path.stat().st_mtime_ns
    assert run_job(job) == first
    assert path.stat().st_mtime_ns == stamp


def test_run_job__is_the_same_twice(short_digits: None) -> None:
    one, other = (run_job(Job("digits", 3, (OURS,), None))[OURS] for _ in range(2))
    assert (one.labels, one.accuracy, one.rare_found) == (other.labels, other.accuracy, other.rare_found)


def test_findings_of__nothing_ran() -> None:
    assert findings_of({}) == Findings()


def test_targets__at_least_and_at_most() -> None:
    least = next(target for target in TARGETS if target.least)
    most = next(target for target in TARGETS if not target.least)
    assert least.kept(least.limit) and not least.kept(least.limit - 1)
    assert most.kept(most.limit) and not most.kept(most.limit + 1)
