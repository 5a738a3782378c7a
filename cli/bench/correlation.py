"""`rongan bench correlation`: events a second on each workload, beside the peers on the same arrays."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cli.bench import correlation_latency, correlation_report, correlation_stages, peers
from cli.bench.exactness import equals_all_pairs
from cli.bench.timed import TimedCorrelator, batches
from cli.bench.workloads import Workload, digest, uniform, workloads
from dispatcher.correlation.compilation import compile_kernels

QUICK_SIZES: Final = {"W1": 200_000, "W2": 100_000, "W3": 100_000, "W4": 100_000, "W5": 100_000, "W6": 30_000}
FULL_SIZES: Final = {
    "W1": 10_000_000,
    "W2": 2_000_000,
    "W3": 2_000_000,
    "W4": 2_000_000,
    "W5": 2_000_000,
    "W6": 500_000,
}
CHECKED: Final = 1_500  # events of a sampled window, whose partition is compared with all pairs
SAMPLED_AT: Final = (0.0, 0.5, 1.0)  # where in a workload windows are sampled


def run(quick: bool) -> dict[str, Any]:
    """Every figure. `quick` ends within 50 s, with smaller workloads, fewer runs, and a flatness to 10^6 only."""
    compile_kernels()
    made = workloads(QUICK_SIZES if quick else FULL_SIZES)
    lengths = (100_000, 300_000, 1_000_000) if quick else (100_000, 1_000_000, 10_000_000)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("workloads", total=len(made) + 4)
        figures = {}
        for workload in made:
            figures[workload.name] = measured(workload, warm_ups=1 if quick else 3, runs=3 if quick else 10)
            progress.advance(task)
        cost = {length: _cost(length) for length in lengths}
        progress.advance(task)
        latency = correlation_latency.measured(3.0 if quick else 60.0)
        progress.advance(task)
        stages = correlation_stages.measured(200_000 if quick else 2_000_000)
        progress.advance(task)
        compared = peers.compare(quick)
    return {
        "quick": quick,
        "workloads": figures,
        **{ratio: compared[ratio] for ratio in peers.RATIOS},
        "peers": compared,
        "latency": latency,
        "stages": stages,
        "cost_ns_per_event": {str(length): round(ns, 1) for length, ns in cost.items()},
        "flatness_1e5_to_1e7": round(cost[lengths[-1]] / cost[lengths[0]], 3),
        "flatness_is": f"ns/event of the same uniform city after {'10^6' if quick else '10^7'} events over after 10^5",
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cpus": os.cpu_count(),
            "load_average_1min": round(os.getloadavg()[0], 2),
            "python": platform.python_version(),
            "numba": version("numba"),
            "numpy": version("numpy"),
        },
    }


def measured(workload: Workload, *, warm_ups: int, runs: int) -> dict[str, Any]:
    """Medians over the runs, each from the first event to the last final; sizes are those of the last run."""
    for _ in range(warm_ups):
        _replayed(workload, limit=50_000)
    results = [_replayed(workload) for _ in range(runs)]
    size = workload.events.t_ms.size
    wall = [result["wall_s"] for result in results]
    last = results[-1]
    median_s = statistics.median(wall)
    return {
        "what": workload.what,
        "events": size,
        "arrays": digest(workload.events),
        "runs": runs,
        "events_per_s": round(size / median_s),
        "events_per_s_quartiles": [round(size / s) for s in np.percentile(wall, (75, 25))],
        "events_per_cpu_s": round(size / statistics.median(result["cpu_s"] for result in results)),
        "clustering_events_per_s": round(size / statistics.median(result["clustering_s"] for result in results)),
        "ns_per_event": round(1e9 * median_s / size),
        "ns_per_event_iqr": round(1e9 * float(np.subtract(*np.percentile(wall, (75, 25)))) / size),
        "p99_batch_ms": round(statistics.median(result["p99_batch_ms"] for result in results), 2),
        "live_events_max": last["live_max"],
        "bytes_per_live_event": round(last["bytes_max"] / last["live_max"]),
        "finals": last["finals"],
        "largest_component_share": round(last["largest"] / size, 6),
        "looked_at_in_vain_per_event": round(last["walked"] / size, 3),
        "equals_oracle": all(equals_all_pairs(workload, CHECKED, at) for at in SAMPLED_AT),
    }


def _replayed(workload: Workload, limit: int | None = None) -> dict[str, Any]:
    """The workload from its first event to its last final, in batches; the watermark follows each batch."""
    correlator = TimedCorrelator(workload.groups)
    watermarks = [-(1 << 61)] * len(workload.groups)
    batch_s: list[float] = []
    live_max = bytes_max = finals = largest = 0
    latest = watermarks[0]
    begin, begin_cpu = time.perf_counter(), time.thread_time()
    for batch in batches(workload.events, limit):
        batch_begin = time.perf_counter()
        correlator.apply(batch)
        latest = max(latest, int(batch.t_ms.max()))
        live_max = max(live_max, correlator.live_events)
        bytes_max = max(bytes_max, correlator.state_bytes)
        for group in range(len(watermarks)):
            watermarks[group] = max(watermarks[group], workload.groups.watermark_ms(group, latest))
            found = correlator.advance(group, watermarks[group])
            finals += len(found)
            largest = max(largest, int(np.diff(found.starts).max(initial=0)))
        batch_s.append(time.perf_counter() - batch_begin)
    for group in range(len(watermarks)):
        found = correlator.advance(group, 1 << 59)
        finals += len(found)
        largest = max(largest, int(np.diff(found.starts).max(initial=0)))
    return {
        "wall_s": time.perf_counter() - begin,
        "cpu_s": time.thread_time() - begin_cpu,
        "clustering_s": correlator.clustering_s,
        "p99_batch_ms": 1e3 * float(np.percentile(batch_s, 99)),
        "live_max": live_max,
        "bytes_max": bytes_max,
        "finals": finals,
        "largest": largest,
        "walked": correlator.walked,
    }


def _cost(length: int) -> float:
    """What an event costs, in ns of the processor, in streams of one city and rate that last longer and longer."""
    workload = uniform("long", 100_000, 0.9, repeated=length // 100_000)
    runs = max(1, 500_000 // length)
    return statistics.median(1e9 * float(_replayed(workload)["cpu_s"]) / length for _ in range(runs))


def show(figures: dict[str, Any]) -> None:
    """Print the figures as tables."""
    table = Table(title="correlation, one core" + (" (quick)" if figures["quick"] else ""))
    columns: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
        ("events/s", lambda f: f"{f['events_per_s']:,}"),
        ("clustering alone", lambda f: f"{f['clustering_events_per_s']:,}"),
        ("ns/event", lambda f: str(f["ns_per_event"])),
        ("p99 batch ms", lambda f: str(f["p99_batch_ms"])),
        ("B/live event", lambda f: str(f["bytes_per_live_event"])),
        ("exact", lambda f: "yes" if f["equals_oracle"] else "NO"),
        ("what", lambda f: f["what"]),
    )
    table.add_column("workload")
    for title, _ in columns:
        table.add_column(title, justify="left" if title == "what" else "right")
    for name, figure in figures["workloads"].items():
        table.add_row(name, *(cell(figure) for _, cell in columns))
    console = Console()
    console.print(table)
    for peer, ratio in figures["ratio_to"].items():
        others = f"clustering alone {figures['ratio_of_clustering_to'][peer]} x"
        if figures["ratio_on_all_cores_to"][peer] is not None:
            others += f"; {figures['ratio_on_all_cores_to'][peer]} x where it uses all cores"
        console.print(f"{peer}: " + ("not installed" if ratio is None else f"{ratio} x, {others}"))
    for peer, same in figures["peers"]["same_partition"].items():
        if not same:
            console.print(f"{peer}: ANOTHER PARTITION, its ratio says nothing")
    for gate, least, found in correlation_report.verdicts(figures):
        if found is not None and found < least:
            console.print(f"NOT MET: {gate}: {found:.2f}, must reach {least:g}")
    latency = figures["latency"]
    console.print(
        f"event in to provisional incident out at {latency['events_per_s']:,} events/s: p50 {latency['p50_ms']} ms, "
        f"p99 {latency['p99_ms']} ms, at most {latency['max_ms']} ms; {latency['share_of_a_core']:.0%} of a core"
    )
    console.print(f"stages, events/s: {correlation_report.stages(figures)}")
    console.print(f"flatness: {figures['flatness_1e5_to_1e7']} ({figures['flatness_is']})")
    console.print(f"{figures['peers']['how']}")
