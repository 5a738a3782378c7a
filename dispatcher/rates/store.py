"""Reads finished counts and writes what was found in them, in the step's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dispatcher.rates.city_map import Happened
from dispatcher.rates.model import WITNESSES_MAX, Finding
from events.model import SourceClass
from registry.event_kinds import UNCLASSIFIED
from registry.projection import Origin, project
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

Key = tuple[str, str]
Counts = dict[Key, dict[datetime, int]]
# Positions that come from an address, not from a survey.
_GEOCODED = frozenset({SourceClass.HOTLINE.value, SourceClass.FEED.value})


async def counts_by_hour(conn: Connection, series: Collection[Key], begin: datetime, end: datetime) -> Counts:
    """The finished counts of (kind, area) in a span, hours without incidents left out."""
    return await _counts(conn, QUERIES.counts_by_hour, series, begin, end)


async def counts_by_day(conn: Connection, series: Collection[Key], begin: datetime, end: datetime) -> Counts:
    """The same by the days of the city, each under its beginning."""
    return await _counts(conn, QUERIES.counts_by_day, series, begin, end)


async def _counts(conn: Connection, query: str, series: Collection[Key], begin: datetime, end: datetime) -> Counts:
    asked = sorted(series)
    found: Counts = {key: {} for key in asked}
    for row in await conn.fetch(query, [kind for kind, _ in asked], [area_id for _, area_id in asked], begin, end):
        found[row["kind"], row["area_id"]] = dict(zip(row["begins"], row["counts"], strict=True))
    return found


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
