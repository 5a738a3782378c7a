"""The report of `rongan bench correlation`: tables in Markdown, every figure in JSON, and plots where matplotlib is."""

import json
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from statistics import mean
from typing import Any, Final

from cli.bench.peers import YARDSTICKS


def _ratio(ratio: str, peer: str) -> Callable[[dict[str, Any]], float | None]:
    def found(figures: dict[str, Any]) -> float | None:
        measured: float | None = figures[ratio][peer]
        return measured

    return found


def _exact_share(workloads: Iterable[dict[str, Any]]) -> float:
    return mean(float(figure["equals_oracle"]) for figure in workloads)


STORMS: Final = ("W3", "W3_90", "W3_2000_spots")
GATES: Final[tuple[tuple[str, float, Callable[[dict[str, Any]], float | None]], ...]] = (
    ("W1, stages A to C and finals, M events/s", 1.0, lambda f: f["workloads"]["W1"]["events_per_s"] / 1e6),
    (
        "W1, stages A to F, graded finals and counts out, M events/s",
        1.0,
        lambda f: f["stages"]["events_per_s"]["all"] / 1e6,
    ),
    ("W1, clustering alone, M events/s", 2.0, lambda f: f["workloads"]["W1"]["clustering_events_per_s"] / 1e6),
    (
        "slowest storm of W3 over W2 quiet, events/s",
        1.0,
        lambda f: min(f["workloads"][name]["events_per_s"] for name in STORMS) / f["workloads"]["W2"]["events_per_s"],
    ),
    ("W6, M events/s", 0.3, lambda f: f["workloads"]["W6"]["events_per_s"] / 1e6),
    (
        "180 B over the bytes of a live event, worst workload",
        1.0,
        lambda f: 180 / max(figure["bytes_per_live_event"] for figure in f["workloads"].values()),
    ),
    ("1.3 over the growth of an event's cost with the stream", 1.0, lambda f: 1.3 / f["flatness_1e5_to_1e7"]),
    ("25 ms over p99 of a 16 k batch, 60 s disorder", 1.0, lambda f: 25 / f["workloads"]["W4"]["p99_batch_ms"]),
    ("workloads whose sampled windows are exact, share", 1.0, lambda f: _exact_share(f["workloads"].values())),
    ("50 ms over p99, event in to provisional incident out, 3 M/min", 1.0, lambda f: 50 / f["latency"]["p99_ms"]),
    ("incdbscan-rs, times its events/s", 20.0, lambda f: f["ratio_to"]["incdbscan-rs"]),
    *(
        (f"{peer}, {what}", least, _ratio(ratio, peer))
        for where in ("space and time", "cylinders", "plane")
        for peer, least in ((f"scikit-learn, {where}", 8.0), (f"dbscan, {where}", 3.0))
        if peer in YARDSTICKS
        for ratio, what in (("ratio_to", "times its events/s"), ("ratio_of_clustering_to", "clustering alone"))
    ),
)
"""What is measured, what it must reach (G1 to G4, G11), and where it stands in the figures."""

_COLUMNS: Final = (
    ("events", "events", "{:,}"),
    ("events/s", "events_per_s", "{:,}"),
    ("clustering alone", "clustering_events_per_s", "{:,}"),
    ("ns/event", "ns_per_event", "{:,}"),
    ("p99 of a 16 k batch, ms", "p99_batch_ms", "{:.1f}"),
    ("bytes/live event", "bytes_per_live_event", "{:,}"),
    ("largest component", "largest_component_share", "{:.2%}"),
    ("exact", "equals_oracle", "{}"),
)


def verdicts(figures: dict[str, Any]) -> list[tuple[str, float, float | None]]:
    """Each gate with what it asks for and what was measured; None where a peer is not installed."""
    return [(name, least, measure(figures)) for name, least, measure in GATES]


def stages(figures: dict[str, Any]) -> str:
    """What a core does of each stage alone, and of all one after the other."""
    found = figures["stages"]
    return ", ".join(f"{stage} {speed:,}" for stage, speed in found["events_per_s"].items()) + (
        f" ({found['events']:,} events, {found['matches']:,} matches, {found['incidents_graded']:,} incidents graded)"
    )


def write(figures: dict[str, Any], folder: Path) -> None:
    """Write `report.md`, `figures.json` and the plots into a folder; the folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").write_text(json.dumps(figures, indent=2))
    plots = _plots(figures, folder)
    (folder / "report.md").write_text(_markdown(figures, plots))


def _markdown(figures: dict[str, Any], plots: list[str]) -> str:
    machine = figures["machine"]
    titles = ["workload", *(title for title, _, _ in _COLUMNS), "what"]
    rows = [
        [name, *(form.format(figure[key]) for _, key, form in _COLUMNS), figure["what"]]
        for name, figure in figures["workloads"].items()
    ]
    gates = [
        [name, f">= {least:g}", "not installed" if found is None else f"{found:.2f}", _verdict(found, least)]
        for name, least, found in verdicts(figures)
    ]
    cost = [[f"{int(size):,}", f"{ns:.0f}"] for size, ns in figures["cost_ns_per_event"].items()]
    same = figures["peers"]["same_partition"]
    latency = figures["latency"]
    peers = [
        [name, f"{speed:,}", "" if name not in same else "yes" if same[name] else "NO"]
        for name, speed in figures["peers"]["events_per_s"].items()
    ]
    return "\n\n".join(
        [
            "# Correlation" + (" (quick run)" if figures["quick"] else ""),
            f"{machine['processor']}, {machine['cpus']} cores, one used; load {machine['load_average_1min']} at the "
            f"end; Python {machine['python']}, numba {machine['numba']}, numpy {machine['numpy']}. "
            "Medians; quartiles and the digests of the arrays are in `figures.json`.",
            _table(titles, rows),
            "## Gates",
            _table(["figure", "must reach", "measured", "verdict"], gates),
            "## Peers, events/s on the same arrays",
            figures["peers"]["how"],
            _table(["who", "events/s", "same partition"], peers),
            "## Patterns, counts and grades behind the clustering, events/s",
            stages(figures),
            "## From an event to its provisional incident",
            f"{latency['events_per_s']:,} events/s in real time, 60 s exponential disorder: p50 {latency['p50_ms']}, "
            f"p99 {latency['p99_ms']}, at most {latency['max_ms']} ms, {latency['share_of_a_core']:.0%} of a core",
            "## Cost of an event",
            f"The same uniform city for longer; flatness {figures['flatness_1e5_to_1e7']} ({figures['flatness_is']}).",
            _table(["events", "ns/event"], cost),
            *(f"![{plot}]({plot})" for plot in plots),
            "",
        ]
    )


def _verdict(found: float | None, least: float) -> str:
    return "" if found is None else "met" if found >= least else "NOT MET"


def _table(titles: list[str], rows: list[list[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plots(figures: dict[str, Any], folder: Path) -> list[str]:
    """The names of the files; none where matplotlib is not installed."""
    try:
        figure_type: Any = import_module("matplotlib.figure").Figure
    except ImportError:
        return []
    bars = figure_type(figsize=(9, 4), layout="constrained")
    axes = bars.subplots()
    names = list(figures["workloads"])
    axes.bar(names, [figures["workloads"][name]["events_per_s"] / 1e6 for name in names], label="end to end")
    clustering = [figures["workloads"][name]["clustering_events_per_s"] / 1e6 for name in names]
    axes.plot(names, clustering, "k_", markersize=14, label="clustering alone")
    axes.axhline(1.0, color="grey", linestyle=":")
    axes.set_ylabel("million events/s")
    axes.tick_params(axis="x", rotation=45)
    axes.legend()
    bars.savefig(folder / "workloads.png")
    line = figure_type(figsize=(6, 4), layout="constrained")
    axes = line.subplots()
    axes.semilogx(
        [int(size) for size in figures["cost_ns_per_event"]], list(figures["cost_ns_per_event"].values()), "o-"
    )
    axes.set_ylim(bottom=0)
    axes.set_xlabel("events in the stream")
    axes.set_ylabel("ns/event")
    line.savefig(folder / "cost.png")
    return ["workloads.png", "cost.png"]
