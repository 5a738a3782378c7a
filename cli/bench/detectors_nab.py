"""Scores detectors on the Numenta Anomaly Benchmark: its windows, its sigmoid, its three profiles, its best threshold.

Written from the published scoring (Lavin and Ahmad 2015, "Evaluating Real-Time Anomaly Detection Algorithms"): in a
window the earliest detection counts, up to +1 at its left edge; a false one costs more the further it lies behind the
last window; a missed window costs the weight of a false negative. Silence scores 0 and perfection 100.
"""

import csv
import io
import json
import math
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Detector = Callable[["Series"], Floats]

_EARLIEST: Final = 2 / (1 + math.exp(-5)) - 1  # the worth of the first row of a window
PROBATION_SHARE: Final = 0.15
PROBATION_ROWS_MAX: Final = 750
# Further behind a window than three of its widths, a false detection costs its whole weight.
FAR_BEHIND: Final = 3.0


@dataclass(frozen=True, slots=True)
class Weights:
    """What a profile gives or takes for a detection."""

    true_positive: float
    false_positive: float
    false_negative: float


@dataclass(frozen=True, slots=True)
class Series:
    """One file of the benchmark. `windows` are row numbers, first and last of each labelled window."""

    name: str
    at_s: Ints
    values: Floats
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """How many rows at the beginning are never scored."""
        return min(math.floor(PROBATION_SHARE * self.values.size), PROBATION_ROWS_MAX)


@dataclass(frozen=True, slots=True)
class Benchmark:
    series: tuple[Series, ...]
    profiles: Mapping[str, Weights]
    leaderboard: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Score:
    """On one profile, at the threshold that suits it best."""

    score: float
    threshold: float
    detections: int


def read_benchmark(archive: Path) -> Benchmark:
    """From the archive as it is published; raises KeyError where a member is missing."""
    with tarfile.open(archive) as tar:
        texts = {
            member.name.removeprefix("nab/"): _text(tar, member)
            for member in tar.getmembers()
            if member.isfile() and member.name.endswith((".csv", ".json"))
        }
    windows = json.loads(texts["labels/combined_windows.json"])
    profiles = {
        name: Weights(costs["tpWeight"], costs["fpWeight"], costs["fnWeight"])
        for name, costs in ((n, p["CostMatrix"]) for n, p in json.loads(texts["config/profiles.json"]).items())
    }
    series = tuple(_series(name, texts[f"data/{name}"], windows[name]) for name in sorted(windows))
    return Benchmark(series, profiles, json.loads(texts["results/final_results.json"]))


def _text(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = tar.extractfile(member)
    if file is None:
        raise KeyError(member.name)
    return file.read().decode("utf-8")


def _series(name: str, text: str, windows: list[list[str]]) -> Series:
    rows = list(csv.DictReader(io.StringIO(text)))
    # The zone does not matter: only differences and the hour of the day are ever looked at.
    at_s = np.array([_seconds(row["timestamp"]) for row in rows], np.int64)
    places = [(_row(at_s, begin), _row(at_s, end)) for begin, end in windows]
    return Series(name, at_s, np.array([float(row["value"]) for row in rows]), tuple(sorted(places)))


def _seconds(said: str) -> int:
    return int(datetime.fromisoformat(f"{said}+00:00").timestamp())


def _row(at_s: Ints, said: str) -> int:
    return int(np.flatnonzero(at_s == _seconds(said.partition(".")[0]))[0])


def _sigmoid(position: Floats) -> Floats:
    return np.where(position >= FAR_BEHIND, -1.0, 2 / (1 + np.exp(5 * np.minimum(position, FAR_BEHIND))) - 1)


def worth(series: Series) -> tuple[Ints, Floats]:
    """Of each row: the number of its window (-1: none), and what a detection there is worth before any weight."""
    rows = np.arange(series.values.size)
    window = np.full(rows.size, -1, np.int64)
    position = np.full(rows.size, FAR_BEHIND)
    for number, (begin, end) in enumerate(series.windows):
        inside = (rows >= begin) & (rows <= end)
        window[inside] = number
        position[inside] = -(end - rows[inside] + 1) / (end - begin + 1)
        behind = rows > end
        position[behind] = (rows[behind] - end) / (end - begin)
    return window, np.where(window >= 0, _sigmoid(position) / _EARLIEST, _sigmoid(position))


def score(benchmark: Benchmark, scores: Mapping[str, Floats], weights: Weights) -> Score:
    """The score at the one threshold for all series that is best for this profile; scores lie in [0, 1]."""
    values, numbers, worths = [], [], []
    windows = 0
    for series in benchmark.series:
        window, unweighted = worth(series)
        scored = slice(series.probation, None)
        values.append(scores[series.name][scored])
        numbers.append(np.where(window >= 0, window + windows, -1)[scored])
        weight = np.where(window >= 0, weights.true_positive, weights.false_positive)
        worths.append((unweighted * weight)[scored])
        windows += len(series.windows)
    value, number = np.concatenate(values), np.concatenate(numbers)
    order = np.argsort(-value, kind="stable")
    silence = -weights.false_negative * windows
    total, threshold, taken = _best(value[order], number[order], np.concatenate(worths)[order], weights, windows)
    return Score(100 * (total - silence) / (weights.true_positive * windows - silence), threshold, taken)


def _best(value: Floats, number: Ints, worths: Floats, weights: Weights, windows: int) -> tuple[float, float, int]:
    """(total, threshold, detections) of the best threshold; the rows come by falling score."""
    caught = dict.fromkeys(range(windows), -weights.false_negative)
    total = -weights.false_negative * windows
    best = (total, 1.1, 0)
    last = np.append(value[1:] != value[:-1], True) if value.size else value
    for taken, (at, point, is_last) in enumerate(zip(number.tolist(), worths.tolist(), last.tolist(), strict=True), 1):
        if at < 0:
            total += point
        elif point > caught[at]:
            total += point - caught[at]
            caught[at] = point
        if is_last and total > best[0]:
            best = (total, float(value[taken - 1]), taken)
    return best


def run_detector(benchmark: Benchmark, detector: Detector) -> dict[str, Score]:
    """The detector over every series, then its score by profile."""
    scores = {series.name: detector(series) for series in benchmark.series}
    return {profile: score(benchmark, scores, weights) for profile, weights in benchmark.profiles.items()}


def windowed_gaussian(series: Series, window: int = 1000) -> Floats:
    """The benchmark's own simple detector: how far in the tails of the last 1,000 values a value lies."""
    rows = np.arange(series.values.size)
    begins = np.maximum(0, rows - window)
    known = np.maximum(rows - begins, 1)
    shifted = series.values - series.values[0]  # small sums keep their digits
    sums = np.concatenate(([0.0], np.cumsum(shifted)))
    squares = np.concatenate(([0.0], np.cumsum(shifted**2)))
    mean = (sums[rows] - sums[begins]) / known
    spread = np.sqrt(np.maximum(0.0, (squares[rows] - squares[begins]) / known - mean * mean))
    z = np.abs(shifted - mean) / np.where(spread > 0, spread, 1e-6)
    scores = np.array([1 - 0.5 * math.erfc(each / math.sqrt(2)) for each in z.tolist()])
    scores[:1] = 0.0
    return scores
