"""The benchmark of the correlation measures what it says, on workloads that can be made again; no time is asserted."""

import os

import pytest

from cli.bench import peers
from cli.bench.correlation import FULL_SIZES, measured
from cli.bench.timed import batches
from cli.bench.workloads import Workload, digest, uniform, workloads

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
    wrong = Workload(workload.name, workload.what, workload.events, workload.groups)
    labels = peers.all_pairs(wrong.events, wrong.groups)
    assert peers.same_partition(labels, labels + 7)
    assert not peers.same_partition(labels, labels // 2)


def test_batches_hold_every_event_once() -> None:
    events = uniform("even", 40_000, 0.9).events
    sizes = [batch.t_ms.size for batch in batches(events)]
    assert sum(sizes) == 40_000
    assert max(sizes) == 16_384
