"""The real dispatch feed of Columbia, MO, in its own order of arrival: redeliveries, corrections, hours of lateness."""

import csv
import gzip
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pytest

from dispatcher.correlation.columns import event_columns
from dispatcher.correlation.correlator import Correlator, Status
from dispatcher.correlation.groups import Group, GroupTable
from registry.projection import Origin, project
from tests.unit.dispatcher.correlation.test_volume import labels_of

COLUMBIA: Final = Origin(lon=-92.3341, lat=38.9517)
HOUR_MS: Final = 3_600_000


class Row(NamedTuple):
    uid: bytes
    arrived_s: int
    t_ms: int
    place: tuple[int, int] | None
    content: int


def deliveries(folder: Path) -> Iterator[Row]:
    with gzip.open(folder / "como_dispatch_arrivals.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            place = project(float(row["lon"]), float(row["lat"]), COLUMBIA) if row["lat"] and row["lon"] else None
            text = "|".join((row["event_time"], row["lat"], row["lon"], row["type"], row["agency"], row["location"]))
            incident = row["incident"] or f"{row['event_time']} {row['location']}"  # some have no number
            yield Row(
                hashlib.sha256(incident.encode()).digest()[:16],
                int(float(row["arrived_at"])),
                round(float(row["event_time"]) * 1000),
                place,
                int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"),
            )


@pytest.mark.realdata
@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="116,460 deliveries need compiled kernels")
def test_components_of_the_como_feed_equal_scipy(realdata: Path) -> None:
    rows = sorted(deliveries(realdata), key=lambda row: row.arrived_s)
    last: dict[bytes, Row] = {}
    for row in sorted(rows, key=lambda row: (row.arrived_s, row.content)):
        last[row.uid] = row
    located = {row.uid: row for row in last.values() if row.place is not None}
    x, y = np.array([row.place for row in located.values()], np.int64).T
    t = np.array([row.t_ms for row in located.values()], np.int64)
    expected: dict[int, set[bytes]] = {}
    for uid, label in zip(located, labels_of(x, y, t).tolist(), strict=True):
        expected.setdefault(label, set()).add(uid)

    made = Correlator(GroupTable([Group(1500, 600_000, lateness_ms=48 * HOUR_MS)]))
    statuses = np.zeros(len(Status), np.int64)
    found: list[set[bytes]] = []
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and rows[end].arrived_s == rows[start].arrived_s:
            end += 1
        batch = rows[start:end]
        applied = made.apply(
            event_columns(
                [row.uid for row in batch],
                t_ms=[row.t_ms for row in batch],
                x_dm=[row.place[0] if row.place else 0 for row in batch],
                y_dm=[row.place[1] if row.place else 0 for row in batch],
                located=[row.place is not None for row in batch],
                subject=[int.from_bytes(row.uid[:7], "big") for row in batch],
                revision=[row.arrived_s for row in batch],
                content=[row.content for row in batch],
            )
        )
        statuses += np.bincount(applied.status, minlength=len(Status))
        found += [set(final.uids) for final in made.advance(0, 1000 * rows[start].arrived_s - 48 * HOUR_MS)]
        start = end
    found += [set(final.uids) for final in made.advance(0, 1 << 50)]

    assert statuses.sum() == len(rows)
    assert sum(map(len, found)) == len(last)
    assert statuses[[Status.LATE, Status.CLOSED]].sum() == 0
    of_located = {frozenset(part) for part in found if part & located.keys()}
    assert len(of_located) == len(expected)
    assert of_located == set(map(frozenset, expected.values()))
