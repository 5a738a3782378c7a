"""The benchmark of the correlation measures what it says, on workloads that can be made again; no time is asserted."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from cli.bench import correlation_latency, correlation_report, correlation_stages, exactness, peers
from cli.bench.correlation import FULL_SIZES, measured
from cli.bench.timed import batches
from cli.bench.workloads import R_DM, T_MS, Workload, digest, uniform, workloads
from dispatcher.correlation.groups import Group, GroupTable

SMALL = dict.fromkeys(FULL_SIZES, 1_500)

pytestmark = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="a benchmark of compiled kernels")


@pytest.mark.parametrize("workload", workloads(SMALL), ids=lambda workload: workload.name)
def test_workload_is_exact_whole_and_the_same_each_time(workload: Workload) -> None:
    figures = measured(workload, warm_ups=0, runs=1)
    assert figures["equals_oracle"]
    assert figures["events"] == 1_500
    assert 0 < figures["finals"] <= 1_500
    [again] = [w for w in workloads(SMALL) if w.name == workload.name]
    assert digest(again.events) == digest(workload.events)


def test_wrong_partition_is_noticed() -> None:
    workload = uniform("dense", 2_000, 5.0)
    labels = exactness.all_pairs(workload.events, workload.groups)
    assert exactness.same_partition(labels, labels + 7)
    assert not exactness.same_partition(labels, labels // 2)


def test_batches_hold_every_event_once() -> None:
    events = uniform("even", 40_000, 0.9).events
    sizes = [batch.t_ms.size for batch in batches(events)]
    assert sum(sizes) == 40_000
    assert max(sizes) == 16_384


def test_each_event_waits_from_its_arrival_until_its_batch_is_answered() -> None:
    workload = uniform("even", 3_000, 0.9)
    arrival_s = np.repeat([0.0, 0.02], 1_500)
    waited_s = correlation_latency.paced(workload, arrival_s)
    assert (waited_s > 0).all()
    assert np.unique(waited_s[:1_500]).size == 1


def test_every_event_goes_through_patterns_and_grades_too() -> None:
    found = correlation_stages.measured(3_000)
    assert found["matches"] > 0
    assert 1_000 < found["incidents_graded"] < 3_000
    assert found["events_per_s"]["all"] < min(found["events_per_s"][stage] for stage in ("A to C", "D", "E", "F"))
    assert found["counts"] > 0


def test_report_holds_every_workload_and_says_which_gates_are_not_met(tmp_path: Path) -> None:
    figures = measured(uniform("W2", 1_500, 0.9), warm_ups=0, runs=1)
    names = ("W1", "W2", "W3", "W3_90", "W3_2000_spots", "W4", "W6")
    of_each = dict.fromkeys(names, figures | {"events_per_s": 500_000, "clustering_events_per_s": 3_000_000})
    of_each["W3"] = of_each["W3"] | {"events_per_s": 400_000, "equals_oracle": False}
    ratios = {name: None if "dbscan" in name else 4.0 for name in peers.YARDSTICKS} | {"incdbscan-rs": 30.0}
    written = {
        "quick": True,
        "workloads": of_each,
        **dict.fromkeys(peers.RATIOS, ratios),
        "peers": {
            "how": "side by side",
            "events_per_s": {"ours, plane": 1_000_000, "scikit-learn, plane": 250_000, "incdbscan-rs": 33_000},
            "same_partition": {"scikit-learn, plane": True, "incdbscan-rs": False},
        },
        "latency": {"events_per_s": 50_000, "p50_ms": 5.0, "p99_ms": 100.0, "max_ms": 120.0, "share_of_a_core": 0.1},
        "stages": correlation_stages.measured(1_500),
        "cost_ns_per_event": {"100000": 500.0, "1000000": 510.0},
        "flatness_1e5_to_1e7": 1.02,
        "flatness_is": "long over short",
        "machine": dict.fromkeys(("processor", "cpus", "load_average_1min", "python", "numba", "numpy"), "x"),
    }
    correlation_report.write(written, tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert text.count("| W") == 7 + 4  # a row a workload, and four gates that begin with one
    assert "| slowest storm of W3 over W2 quiet, events/s | >= 1 | 0.80 | NOT MET |" in text
    assert "| workloads whose sampled windows are exact, share | >= 1 | 0.86 | NOT MET |" in text
    assert "| scikit-learn, plane, times its events/s | >= 8 | 4.00 | NOT MET |" in text
    assert "| dbscan, space and time, times its events/s | >= 3 | not installed |  |" in text
    assert "| 50 ms over p99, event in to provisional incident out, 3 M/min | >= 1 | 0.50 | NOT MET |" in text
    for row in (
        "| ours, plane | 1,000,000 |  |",
        "| scikit-learn, plane | 250,000 | yes |",
        "| incdbscan-rs | 33,000 | NO |",
    ):
        assert row in text
    assert json.loads((tmp_path / "figures.json").read_text())["flatness_1e5_to_1e7"] == 1.02


def test_balls_and_cylinders_link_alike_in_the_windows_of_space_and_time() -> None:
    [window] = peers.groups_apart(2_000, 1)
    cylinders = exactness.all_pairs(window, GroupTable([Group(R_DM, T_MS, remember_ms=0)]))
    points = np.stack((window.x_dm / R_DM, window.y_dm / R_DM, window.t_ms / T_MS))
    linked = ((points[:, :, None] - points[:, None, :]) ** 2).sum(axis=0) <= 1.0
    balls = linked.argmax(axis=1)  # all of a group are linked to its first
    assert exactness.same_partition(cylinders, balls)
    assert 3.5 < linked.sum() / 2_000 - 1 < 4.5
    assert np.ptp(window.t_ms) > 9 * T_MS
