"""`rongan bench detectors`: each figure of the rate detectors on real data, beside what was published of it.

The data sets lie in the folder that RONGAN_DATA names; none is shipped. Where the folder is missing, all that needs it
is skipped with a message. Every computation is deterministic, so the figures are the same on every machine.
"""

import csv
import gzip
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cli.bench import detectors_como, detectors_nab, detectors_peers
from dispatcher.rates.ears import EarsMethod, upper_bounds
from dispatcher.rates.farrington import Bound, Power, threshold_counts, threshold_delta
from dispatcher.rates.local_sums import gi_star, within
from dispatcher.rates.pairs import PairOptions, mine
from dispatcher.rates.scan import neighbourhoods, scan_poisson
from dispatcher.rates.surprise import surprise

SATSCAN_RATIOS: Final = (11.577255, 9.019716, 6.114140)
SATSCAN_FIRST: Final = "49 48 50 47 1 15 51 2 13 14 3 35 16 52 36 37 12 11 5 17 10 4 6 38 18 9"
SATSCAN_SECOND: Final = "89 88 87 84 90 86 92 85"
EARS_C1: Final = (3.278854, 3.278854, 3.436517, 3.855617)
TELECOM: Final = "telecom_alarms_24V_439N_Microwave"
# F1 of the learnt graphs, as the authors of the data set publish them.
TELECOM_PUBLISHED: Final = {"THP": 0.3719, "PCMCI": 0.3268, "MLE_SGL": 0.3252, "ADM4": 0.2620, "PC": 0.2270}
NAB_SHOWN: Final = ("numenta", "earthgeckoSkyline", "knncad", "randomCutForest", "windowedGaussian", "random", "null")
SKIPPED: Final = "RONGAN_DATA names no folder of real data sets: see docs/reference/detectors.md"


def run(quick: bool) -> dict[str, Any]:
    """Every figure. `quick` draws fewer replicates; both end within 50 s."""
    named = os.environ.get("RONGAN_DATA")
    folder = Path(named) if named else None
    parts: dict[str, Callable[[Path, bool], dict[str, Any]]] = {
        "scan": scan_of_new_york,
        "ears": ears_of_germany,
        "nab": numenta,
        "pairs": telecom,
        "como": lambda path, _: detectors_como.measure(path / "como_dispatch_arrivals.csv.gz"),
    }
    figures: dict[str, Any] = {"quick": quick, "farrington": farrington_constants(), "gi_star": gi_star_beside_esda()}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("detectors", total=len(parts))
        for name, measure in parts.items():
            if folder is None or not folder.is_dir():
                figures[name] = {"skipped": SKIPPED}
            else:
                figures[name] = measure(folder, quick)
            progress.advance(task)
    return figures


def scan_of_new_york(folder: Path, quick: bool) -> dict[str, Any]:
    """Leukaemia in upstate New York, 281 tracts: SaTScan 9.6's clusters and ratios."""
    with (folder / "smerc_ny" / "nydf_281_tracts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    x, y, population = (np.array([float(row[c]) for row in rows]) for c in ("longitude", "latitude", "population"))
    cases = np.floor([float(row["cases"]) for row in rows]).astype(np.int64)
    zones = neighbourhoods(x, y, weight=population, weight_max=0.1 * float(population.sum()))
    found = scan_poisson(zones, cases, population, replicates=99 if quick else 999, seed=1)
    theirs = [{int(number) for number in ids.split()} for ids in (SATSCAN_FIRST, SATSCAN_SECOND)]
    ratios = [cluster.log_likelihood_ratio for cluster in found]
    return {
        "location_sets_equal": [{at + 1 for at in cluster.locations} for cluster in found[:2]] == theirs,
        "log_likelihood_ratios": [round(ratio, 6) for ratio in ratios],
        "published_ratios": list(SATSCAN_RATIOS),
        "greatest_difference": max(abs(a - b) for a, b in zip(ratios, SATSCAN_RATIOS, strict=True)),
        "p_by_rank": [cluster.p_value for cluster in found],
        "p_gumbel": [round(cluster.p_gumbel, 5) for cluster in found],
        "published_p": [0.001, 0.013, 0.216],
    }


def ears_of_germany(folder: Path, _: bool) -> dict[str, Any]:
    """Salmonella Newport, Germany, the first weeks of 2011, alpha 0.05."""
    with (folder / "salmNewport_weekly_by_state.csv").open(encoding="utf-8", newline="") as file:
        _header, *rows = csv.reader(file)
    germany = np.array([sum(float(count) for count in row[1:]) for row in rows])
    first = next(number for number, row in enumerate(rows) if row[0] >= "2011-01-03")
    bounds = upper_bounds(germany, EarsMethod.C1, alpha=0.05)[first : first + 4]
    return {
        "c1_bounds": [round(float(bound), 6) for bound in bounds],
        "published": list(EARS_C1),
        "greatest_difference": float(np.abs(bounds - np.array(EARS_C1)).max()),
    }


def farrington_constants() -> dict[str, Any]:
    """The constants of the R package surveillance, which need no data."""
    cases = (
        (threshold_delta(5, 0.2, 1, Power.NONE, 0.05, 8), (1.3073128, 8.6926872, 0.0907246, 0.8124165)),
        (threshold_delta(5, 0.2, 1, Power.HALF, 0.05, 8), (1.9891097, 9.3744842, 0.1189986, 0.6857951)),
        (threshold_delta(5, 0.2, 1, Power.TWO_THIRDS, 0.05, 8), (1.8084477, 9.1154825, 0.1094727, 0.7289546)),
        (_count_bounds(1.5, Bound.MUAN), (8, 24, 0.8597797, 0.4193982)),
        (_count_bounds(1.0, Bound.MUAN), (9, 22, 0.9093099, 0.4605347)),
        (_count_bounds(1.5, Bound.NB_PLUGIN), (1, 10, 0.03763657, 1.11918153)),
        (_count_bounds(1.0, Bound.NB_PLUGIN), (2, 9, 0.01369527, 1.27061541)),
    )
    differences = [
        abs(ours - published)
        for got, constants in cases
        for ours, published in zip((got.lower, got.upper, got.p_value, got.score), constants, strict=True)
    ]
    return {"constants": len(differences), "greatest_difference": max(differences)}


def _count_bounds(phi: float, bound: Bound) -> Any:
    return threshold_counts(math.log(5), math.log(2), phi, bound, 0.05, 11)


def gi_star_beside_esda() -> dict[str, Any]:
    """A made town of 200 places: our z-values beside those of esda on the same weights."""
    generator = np.random.default_rng(8)
    x, y = generator.uniform(0, 6000, (2, 200))
    values, weights = generator.poisson(4, 200).astype(float), within(x, y, 700)
    theirs = detectors_peers.gi_star_of_esda(values, weights)
    if theirs is None:
        return {"skipped": "esda is not installed: it is in the bench extra"}
    return {"greatest_difference": float(np.abs(gi_star(values, weights) - theirs).max())}


def numenta(folder: Path, _: bool) -> dict[str, Any]:
    """All 58 series, the three profiles, each at its best threshold, as the benchmark does."""
    benchmark = detectors_nab.read_benchmark(folder / "nab.tar.gz")
    ours = detectors_nab.run_detector(benchmark, lambda series: surprise(series.values))
    simple = detectors_nab.run_detector(benchmark, detectors_nab.windowed_gaussian)
    return {
        "ours": {profile: round(score.score, 2) for profile, score in ours.items()},
        "detections": {profile: score.detections for profile, score in ours.items()},
        # The benchmark's own simple detector, through our scorer: shows that the scorer scores as theirs does.
        "windowed_gaussian_by_our_scorer": {profile: round(score.score, 2) for profile, score in simple.items()},
        "leaderboard": {
            name: {profile: round(score, 2) for profile, score in benchmark.leaderboard[name].items()}
            for name in NAB_SHOWN
            if name in benchmark.leaderboard
        },
        "must": "standard above 39.6, aim 58",
    }


def telecom(folder: Path, quick: bool) -> dict[str, Any]:
    """Causes mined from 64,598 alarms of a microwave network, beside graphs learnt by published methods."""
    with gzip.open(folder / f"{TELECOM}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        alarms = np.array([[int(cell) for cell in row[:3]] for row in list(csv.reader(file))[1:]])
    true = {tuple(row) for row in _whole_numbers(folder / f"{TELECOM}_true_edges.csv")}
    neighbours: list[list[int]] = [[] for _ in range(int(alarms[:, 1].max()) + 1)]
    for a, b in _whole_numbers(folder / f"{TELECOM}_topology.csv"):
        neighbours[a].append(b)
        neighbours[b].append(a)
    options = PairOptions(replicates=10 if quick else 20)
    found = {(pair.cause, pair.effect) for pair in mine(alarms[:, 0], alarms[:, 1], alarms[:, 2], neighbours, options)}
    kinds = int(alarms[:, 0].max()) + 1
    right = len(found & true)
    return {
        "f1": round(2 * right / (len(found) + len(true)), 4),
        "precision": round(right / len(found), 4),
        "recall": round(right / len(true), 4),
        "pairs": len(found),
        "true_edges": len(true),
        "published_f1": TELECOM_PUBLISHED,
        # What any figure on this set must be read beside: a quarter of all pairs are true.
        "f1_of_naming_every_pair": round(2 * len(true) / (kinds * (kinds - 1) + len(true)), 4),
        "must": "at least 0.227 (PC), aim 0.327 (PCMCI)",
    }


def _whole_numbers(path: Path) -> list[list[int]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [[int(cell) for cell in row] for row in list(csv.reader(file))[1:]]


def show(figures: dict[str, Any]) -> None:
    """Print the figures as a table, each beside its yardstick."""
    table = Table(title="detectors" + (" (quick)" if figures["quick"] else ""))
    for title in ("what", "ours", "yardstick"):
        table.add_column(title, overflow="fold")
    for what, part, ours, yardstick in _rows(figures):
        if "skipped" in part:
            table.add_row(what, "skipped", part["skipped"])
        else:
            table.add_row(what, ours(part), yardstick(part))
    Console().print(table)


def _rows(figures: dict[str, Any]) -> list[tuple[str, dict[str, Any], Callable[[Any], str], Callable[[Any], str]]]:
    return [
        (
            "scan statistic, New York",
            figures["scan"],
            lambda f: f"{f['log_likelihood_ratios']}, sets equal: {f['location_sets_equal']}",
            lambda f: f"SaTScan 9.6: {f['published_ratios']}",
        ),
        ("EARS C1", figures["ears"], lambda f: str(f["c1_bounds"]), lambda f: f"surveillance: {f['published']}"),
        (
            "Farrington constants",
            figures["farrington"],
            lambda f: f"{f['constants']} within {f['greatest_difference']:.1e}",
            lambda _: "surveillance, to 1e-6",
        ),
        (
            "Gi*",
            figures["gi_star"],
            lambda f: f"greatest difference {f['greatest_difference']:.1e}",
            lambda _: "esda, to 1e-10",
        ),
        (
            "NAB (standard, low FP, low FN)",
            figures["nab"],
            lambda f: " / ".join(str(score) for score in f["ours"].values()),
            lambda f: "; ".join(f"{name} {scores['standard']}" for name, scores in f["leaderboard"].items()),
        ),
        (
            "causal pairs, F1",
            figures["pairs"],
            lambda f: f"{f['f1']} (precision {f['precision']}, recall {f['recall']})",
            lambda f: f"{f['published_f1']}; every pair: {f['f1_of_naming_every_pair']}",
        ),
        (
            "Como, pairs in one incident",
            figures["como"],
            lambda f: f"{f['pairs_together_pct']} % of {f['pairs']}; far {f['far_pairs_together_pct']} %",
            lambda f: f"{f['must']} ({f['rule_set']})",
        ),
        (
            "in one case by the shipped groups and patterns",
            figures["como"],
            lambda f: "{pairs_in_one_case_pct} %; far {far_pairs_in_one_case_pct} %".format(**f["shipped_groups"]),
            lambda _: "no gate: only what its type calls an accident or a medical call is taken for one",
        ),
        (
            "in one incident by the shipped groups",
            figures["como"],
            lambda f: "{pairs_together_pct} %; far {far_pairs_together_pct} %".format(**f["shipped_groups"]),
            lambda f: "{of_those_together_pct} % of the {pairs_of_one_group_pct} % whose types are of one group".format(
                **f["shipped_groups"]
            ),
        ),
    ]
