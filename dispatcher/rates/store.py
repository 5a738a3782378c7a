"""Reads finished counts and writes what was found in them, in the step's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from dispatcher.rates.buckets import as_time
from dispatcher.rates.city_map import Happened
from dispatcher.rates.columns import Counted, Ints
from dispatcher.rates.model import WITNESSES_MAX, Finding
from events.model import SourceClass
from registry.event_kinds import UNCLASSIFIED
from registry.projection import Origin, project
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

Key = tuple[str, str]  # a kind and an area: a series
# Positions that come from an address, not from a survey.
_GEOCODED = frozenset({SourceClass.HOTLINE.value, SourceClass.FEED.value})


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of what is to be counted; a series is a row of `keys`, which are in order."""

    keys: list[Key]
    series: Ints
    at_ms: Ints
    weight: Ints | None = None


async def finals(conn: Connection, kind_group: str, begin: datetime, end: datetime) -> Rows:
    """The final incidents of a group that began in a span, by kind and community."""
    (row,) = await conn.fetch(QUERIES.finals, kind_group, begin, end)
    return _by_key(row["kinds"], row["areas"], row["at_ms"])


async def counts_of_kinds(conn: Connection, kinds: Collection[str], begin: datetime, end: datetime) -> Rows:
    """The finished hours of every series of these kinds."""
    (row,) = await conn.fetch(QUERIES.counts_of_kinds, sorted(kinds), begin, end)
    return replace(_by_key(row["kinds"], row["areas"], row["at_ms"]), weight=_ints(row["counts"]))


async def counts_of_series(conn: Connection, keys: Sequence[Key], begin: datetime, end: datetime) -> Counted:
    """The finished hours of these series, each numbered by its place among the keys."""
    asked = [kind for kind, _ in keys], [area_id for _, area_id in keys]
    (row,) = await conn.fetch(QUERIES.counts_of_series, *asked, begin, end)
    return Counted(_ints(row["series"]), _ints(row["at_ms"]), _ints(row["counts"]))


async def put_counts(conn: Connection, keys: Sequence[Key], counted: Counted) -> None:
    """Add to the finished counts, in the order of (hour, kind, area)."""
    of_row = [keys[series] for series in counted.series.tolist()]
    begins = [as_time(begin_ms) for begin_ms in counted.begin_ms.tolist()]
    kinds, areas = [kind for kind, _ in of_row], [area_id for _, area_id in of_row]
    await conn.execute(QUERIES.put_counts, kinds, areas, begins, counted.counts.tolist())


def _by_key(kinds: Sequence[str] | None, areas: Sequence[str] | None, at_ms: Sequence[int] | None) -> Rows:
    of_row = list(zip(kinds or (), areas or (), strict=True))
    keys = sorted(set(of_row))
    number = {key: n for n, key in enumerate(keys)}
    return Rows(keys, np.fromiter(map(number.__getitem__, of_row), np.int64, len(of_row)), _ints(at_ms))


def _ints(column: Sequence[int] | None) -> Ints:
    """An aggregate of no rows is NULL."""
    return np.array(column or (), np.int64)


async def happened(conn: Connection, kind_group: str, begin: datetime, end: datetime, origin: Origin) -> list[Happened]:
    """The finished incidents of a group that have a position."""
    rows = await conn.fetch(QUERIES.happened, kind_group, begin, end)
    return [as_happened(dict(row), origin) for row in rows]


def as_happened(row: Mapping[str, Any], origin: Origin) -> Happened:
    x_dm, y_dm = project(row["lon"], row["lat"], origin)
    return Happened(
        id=row["id"],
        kind=row["kind"],
        at=row["canonical_at"],
        lon=row["lon"],
        lat=row["lat"],
        x_dm=x_dm,
        y_dm=y_dm,
        surveyed=not set(row["source_classes"]) <= _GEOCODED,
        area_id=row["area_id"],
        area_path=tuple(row["area_path"]),
        place=row["place"],
    )


async def witnessed(conn: Connection, kind_group: str, findings: Iterable[Finding]) -> list[Finding]:
    """The findings of counts with the incidents that were counted, the earliest 50."""
    made = []
    for finding in findings:
        if not finding.witnesses:
            spot = finding.spot
            rows = await conn.fetch(
                QUERIES.witnesses_of_counts,
                kind_group,
                finding.kind,
                finding.from_at,
                finding.to_at,
                spot.area_id or "",
                WITNESSES_MAX,
            )
            finding = replace(finding, witnesses=tuple(row["id"] for row in rows))  # noqa: PLW2901 -- the same one, whole
        made.append(finding)
    return made


async def write(conn: Connection, findings: Sequence[Finding]) -> int:
    """Store each finding once, behind a proposal: that of its cause and place within 90 days, or a new one."""
    written = 0
    for finding in findings:
        proposal_id = None if finding.kind == UNCLASSIFIED else await _proposal(conn, finding)
        if await conn.fetchval(QUERIES.insert_finding, *_columns(finding), proposal_id) is not None:
            written += 1
    return written


async def _proposal(conn: Connection, finding: Finding) -> int:
    spot = finding.spot
    standing: int | None = await conn.fetchval(
        QUERIES.standing_proposal,
        list(finding.cause_kinds) or [finding.kind],
        spot.key,
        finding.to_at,
        spot.lon,
        spot.lat,
        float(spot.radius_m or 0) if finding.cause_kinds else None,
    )
    if standing is not None:
        return standing
    made: int = await conn.fetchval(
        QUERIES.insert_proposal,
        finding.detector.proposes_as.value,
        finding.kind,
        spot.key,
        spot.area_id,
        list(spot.area_path),
        spot.place,
        spot.lon,
        spot.lat,
        finding.reason(),
        list(finding.witnesses),
        finding.to_at,
    )
    return made


def _columns(finding: Finding) -> tuple[object, ...]:
    spot = finding.spot
    return (
        finding.detector.value,
        finding.detector.version,
        finding.kind,
        spot.key,
        spot.area_id,
        list(spot.area_path),
        spot.place,
        spot.lon,
        spot.lat,
        spot.radius_m,
        finding.from_at,
        finding.to_at,
        finding.observed,
        finding.expected,
        finding.statistic,
        finding.p_value,
        list(finding.witnesses),
    )


async def scanned_lately(conn: Connection, kinds: Collection[str], since: datetime) -> dict[str, datetime]:
    """When the scan last found something of each kind, if after `since`."""
    return {row["kind"]: row["to_at"] for row in await conn.fetch(QUERIES.scanned_lately, sorted(kinds), since)}
