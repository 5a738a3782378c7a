"""The benchmark of the detectors scores as the published one does, and says what it skips; no time is asserted."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.bench import app, detectors, detectors_como
from cli.bench.detectors_nab import Benchmark, Series, Weights, run_detector, score

STANDARD = Weights(true_positive=1.0, false_positive=0.11, false_negative=1.0)


def benchmark(*series: Series) -> Benchmark:
    return Benchmark(series, {"standard": STANDARD}, {})


def flat(name: str = "a", windows: tuple[tuple[int, int], ...] = ((200, 299), (600, 699)), size: int = 1000) -> Series:
    return Series(name, np.arange(size), np.zeros(size), windows)


def scored(series: Series, *rows: int) -> float:
    scores = np.zeros(series.values.size)
    scores[list(rows)] = 1.0
    return score(benchmark(series), {series.name: scores}, STANDARD).score


def test_silence_is_zero_and_the_first_row_of_each_window_is_all_but_perfect() -> None:
    assert scored(flat()) == pytest.approx(0)
    assert scored(flat(), 200, 600) == pytest.approx(100, abs=0.2)


def test_early_detection_is_worth_more_and_a_second_one_nothing() -> None:
    assert scored(flat(), 200) > scored(flat(), 250) > scored(flat(), 298)
    assert scored(flat(), 200, 250) == pytest.approx(scored(flat(), 200))


def test_false_detection_costs_and_more_so_far_from_a_window() -> None:
    hit = scored(flat(), 200)
    assert hit > scored(flat(), 200, 305) > scored(flat(), 200, 450)
    assert hit - scored(flat(), 200, 160) == pytest.approx(
        100 * 0.11 / 4, abs=1e-9
    )  # before any window: the whole weight


def test_probation_is_not_scored() -> None:
    assert flat().probation == 150
    assert flat(size=10_000).probation == 750
    assert scored(flat(), 200, 100) == pytest.approx(scored(flat(), 200))


def test_threshold_is_the_same_for_all_series_and_the_best() -> None:
    one, other = flat("a", ((200, 299),)), flat("b", ((200, 299),))
    scores = {"a": np.zeros(1000), "b": np.zeros(1000)}
    scores["a"][200], scores["b"][200] = 0.9, 0.4
    scores["a"][400:440] = 0.5  # a threshold that takes in b's hit takes these too
    best = score(benchmark(one, other), scores, STANDARD)
    assert best.threshold == 0.9
    assert best.score == pytest.approx(50, abs=0.2)
    assert best.detections == 1


def test_detector_runs_over_every_series() -> None:
    seen: list[str] = []

    def silent(series: Series) -> Any:
        seen.append(series.name)
        return np.zeros(series.values.size)

    assert run_detector(benchmark(flat("a"), flat("b")), silent)["standard"].score == 0
    assert seen == ["a", "b"]


def test_bench_without_real_input_says_what_it_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RONGAN_DATA", raising=False)
    said = CliRunner().invoke(app, ["detectors", "--quick", "--json"])
    assert said.exit_code == 0, said.output
    figures = json.loads(said.output.splitlines()[-1])
    assert figures["farrington"]["greatest_difference"] < 1e-6
    assert all("RONGAN_DATA" in figures[part]["skipped"] for part in ("scan", "ears", "nab", "pairs", "como"))
    shown = CliRunner().invoke(app, ["detectors", "--quick"])
    assert "skipped" in shown.output


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("LEAVING THE SCENE ACCIDENT", "traffic_accident"),
        ("Vehicle Collision with Injuries", "traffic_accident"),
        ("ASSIST MEDICS", "medical_emergency"),
        ("Unknown Problem", "medical_emergency"),
        ("TRAFFIC STOP", "unclassified"),
        ("911 CHECKS", "unclassified"),
        ("Citizen Assist/Service Call", "unclassified"),
    ],
)
def test_a_call_is_taken_for_an_accident_or_an_emergency_only_where_it_says_so(said: str, kind: str) -> None:
    assert detectors_como.kind_of(said) == kind


@pytest.mark.realdata
def test_every_figure_reaches_its_gate(realdata: Path) -> None:
    """G6 to G10: deterministic, so these are the figures of every run."""
    nab = detectors.numenta(realdata, True)
    assert nab["ours"]["standard"] > 58
    assert nab["windowed_gaussian_by_our_scorer"]["standard"] == pytest.approx(39.6, abs=1)
    pairs = detectors.telecom(realdata, True)
    assert pairs["f1"] >= 0.327
    como = detectors_como.measure(realdata / "como_dispatch_arrivals.csv.gz")
    assert como["pairs"] > 480
    assert como["pairs_together_pct"] >= 95
    assert como["far_pairs_together_pct"] <= 2
    assert como["simultaneous_far_pairs_together_pct"] <= 2
    shipped = como["shipped_groups"]
    assert shipped["of_those_together_pct"] >= shipped["pairs_together_pct"] > 50
    assert shipped["pairs_in_one_case_pct"] >= 92
    assert shipped["far_pairs_in_one_case_pct"] <= 2
    scan = detectors.scan_of_new_york(realdata, True)
    assert scan["location_sets_equal"]
    assert scan["greatest_difference"] < 1e-6
