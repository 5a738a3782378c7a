"""Real feeds through the public doors: nothing is lost, and the components are those of an independent computation."""

import asyncio
import csv
import gzip
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

pytestmark = [pytest.mark.e2e, pytest.mark.realdata, pytest.mark.timeout(1500)]

EARTH_RADIUS_M = 6_371_008.8
R_DM, T_S = 1500, 600


async def replay(noun: str, path: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "replay", noun, str(path), "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()[-3000:]
    report: dict[str, Any] = json.loads(said.splitlines()[-1])
    return report


def last_deliveries(path: Path) -> tuple[int, dict[str, dict[str, str]]]:
    """How many deliveries the file holds, and the last of each numbered incident; unnumbered rows keep a key each."""
    last: dict[str, dict[str, str]] = {}
    count = 0
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as rows:
        for row in csv.DictReader(rows):
            count += 1
            key = row["incident"] or f"unnumbered {row['event_time']} {row['type']} {row['location']}"
            known = last.get(key)
            if known is None or int(row["arrived_at"]) >= int(known["arrived_at"]):
                last[key] = row
    return count, last


def components(rows: list[dict[str, str]], origin: tuple[float, float]) -> int:
    """Connected components at 150 m and 600 s, by SciPy, over the documented projection in whole decimetres."""
    lon0, lat0 = origin
    scale = 10 * EARTH_RADIUS_M
    xy = np.array(
        [
            (
                round(scale * math.cos(math.radians(lat0)) * math.radians(float(row["lon"]) - lon0)),
                round(scale * math.radians(float(row["lat"]) - lat0)),
            )
            for row in rows
        ]
    )
    at_s = np.array([int(row["event_time"]) for row in rows])
    pairs = cKDTree(xy).query_pairs(R_DM + 0.5, output_type="ndarray")
    near = ((xy[pairs[:, 0]] - xy[pairs[:, 1]]) ** 2).sum(axis=1) <= R_DM**2
    near &= np.abs(at_s[pairs[:, 0]] - at_s[pairs[:, 1]]) <= T_S
    i, j = pairs[near].T
    graph = coo_matrix((np.ones(i.size), (i, j)), shape=(len(rows), len(rows)))
    return int(connected_components(graph, directed=False)[0])


async def test_the_dispatch_log_of_a_city_is_conserved_and_clustered_as_scipy_does(realdata: Path) -> None:
    path = realdata / "como_dispatch_arrivals.csv.gz"
    report = await replay("como", path)
    deliveries, last = last_deliveries(path)
    assert report["sent"] == report["received"] == deliveries
    assert report["holds"]
    assert report["quarantined"] == 0
    assert report["late"] == 0
    located = [row for row in last.values() if row["lat"] and row["lon"]]
    first = next(row for row in _rows(path) if row["lat"] and row["lon"])
    origin = round(float(first["lon"]), 2), round(float(first["lat"]), 2)
    assert report["located"] == components(located, origin)
    assert report["components"] == report["located"] + len(last) - len(located)


async def test_the_messages_of_residents_are_all_taken_as_calls(realdata: Path) -> None:
    path = realdata / "taidi2020_messages_4326.csv.gz"
    report = await replay("hotline", path)
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as rows:
        numbers = [row["留言编号"] for row in csv.DictReader(rows)]
    assert report["sent"] == len(numbers)
    assert report["stored"] == len(set(numbers))
    assert report["stored"] + report["duplicate"] == len(numbers)
    assert report["holds"]


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as rows:
        return list(csv.DictReader(rows))
