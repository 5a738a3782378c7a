"""Reads, holds and writes hazards: every change is compared with the version it saw and leaves its record.

Each function joins the caller's transaction; on an error the caller's transaction must not be committed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from asyncpg import Record

from dispatcher.channels import stream
from dispatcher.screening.errors import ScreeningNotFound, ScreeningOutpaced
from dispatcher.screening.levels import Assessed
from dispatcher.screening.lifecycle import HazardEvent
from dispatcher.screening.model import By, Factors, Hazard, HazardId, HazardState
from registry.hazards import HazardKind, HazardScales, read_hazard_kinds, read_hazard_scales
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

CHANGED: Final = "hazard.changed"
_LAST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What hazards are judged by: their kinds and the newest scales."""

    kinds: Mapping[str, HazardKind]
    scales: HazardScales


@dataclass(frozen=True, slots=True)
class Did:
    """One line of a hazard's record."""

    event: HazardEvent
    by: By
    at: datetime
    reason: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


async def read_yardstick(conn: Connection) -> Yardstick:
    return Yardstick(await read_hazard_kinds(conn), await read_hazard_scales(conn))


async def hold(conn: Connection, hazard_id: int, *, version: int | None, scope: str | None) -> Hazard:
    """Hold a hazard that the viewer sees, at the version that they saw (None: whichever it has).

    Raises ScreeningNotFound, ScreeningOutpaced.
    """
    row = await conn.fetchrow(QUERIES.hold_hazard, hazard_id, scope)
    if row is None:
        raise ScreeningNotFound("hazard")
    hazard = hazard_of(row)
    if version is not None and hazard.version != version:
        raise ScreeningOutpaced("hazard", hazard.version, hazard.state)
    return hazard


async def write(conn: Connection, before: Hazard, after: Hazard, did: Did) -> int:
    """Write a hazard that the caller holds with the record of what was done, and tell of it; its new version."""
    version = await conn.fetchval(
        QUERIES.update_hazard,
        before.id,
        before.version,
        after.state,
        after.level,
        after.residual_level,
        after.assessment,
        after.case_id,
        after.ticket_id,
        after.review_at,
    )
    if version is None:
        raise ScreeningOutpaced("hazard", before.version, before.state)
    await add_record(conn, before.id, version, before.state, after.state, did)
    await tell(conn, after, did)
    return int(version)


async def add_record(
    conn: Connection, hazard_id: HazardId, version: int, from_state: HazardState | None, to_state: HazardState, did: Did
) -> None:
    """Append one line to the record."""
    await conn.execute(
        QUERIES.insert_hazard_record,
        hazard_id,
        version,
        did.event,
        from_state,
        to_state,
        did.at,
        did.by.actor,
        did.by.name,
        did.by.organisation_id,
        did.reason,
        dict(did.fields),
    )


async def tell(conn: Connection, hazard: Hazard, did: Did) -> None:
    """Put the change on the stream of the hazard's area: the console reads the rest."""
    body = {"hazard": {"id": hazard.id, "number": hazard.number, "state": hazard.state, "level": hazard.standing_level}}
    await stream.publish(
        conn,
        topic=CHANGED,
        area_path=hazard.area_path,
        organisation_ids=[],
        body=body | {"event": did.event},
        at=did.at,
    )


async def add_assessment(
    conn: Connection, hazard_id: HazardId, number: int, factors: Factors, found: Assessed, note: str, did: Did
) -> None:
    """Append one assessment with its factors."""
    consequence, likelihood = factors.cell or (None, None)
    await conn.execute(
        QUERIES.insert_assessment,
        hazard_id,
        number,
        did.at,
        factors.likelihood,
        factors.exposure,
        factors.consequence,
        likelihood,
        consequence,
        found.relapsed,
        found.level,
        found.reason,
        found.rules_version,
        found.matrix_version,
        note,
        did.by.actor,
        did.by.name,
    )


async def newest_factors(conn: Connection, hazard: Hazard) -> tuple[Factors, bool, str]:
    """The factors of its newest assessment, whether it counted as a relapse, and its note."""
    row = await conn.fetchrow(QUERIES.read_assessment, hazard.id, hazard.assessment)
    assert row is not None  # noqa: S101 - a hazard is written with its first assessment
    return factors_of(dict(row)), row["relapsed"], row["note"]


async def list_hazards(
    conn: Connection,
    scope: str | None,
    *,
    state: HazardState | None = None,
    level: int | None = None,
    kind: str | None = None,
    area_id: str | None = None,
    ticket_id: int | None = None,
    before_id: int | None = None,
    only_id: int | None = None,
    limit: int,
) -> list[dict[str, Any]]:
    """Hazards that the viewer sees, newest first."""
    rows = await conn.fetch(
        QUERIES.list_hazards, scope, state, level, kind, area_id, ticket_id, before_id or _LAST, only_id, limit
    )
    return [dict(row) for row in rows]


async def read_row(conn: Connection, hazard_id: int, scope: str | None) -> dict[str, Any]:
    """One hazard as it is shown. Raises ScreeningNotFound, also for what the viewer may not see."""
    rows = await list_hazards(conn, scope, only_id=hazard_id, limit=1)
    if not rows:
        raise ScreeningNotFound("hazard")
    return rows[0]


def hazard_of(row: Record) -> Hazard:
    columns = dict(row)
    return Hazard(**columns | {"state": HazardState(columns["state"]), "area_path": tuple(columns["area_path"])})


def factors_of(row: Mapping[str, Any]) -> Factors:
    cell = None if row["consequence"] is None else (row["consequence"], row["likelihood"])
    return Factors(row["lec_likelihood"], row["lec_exposure"], row["lec_consequence"], cell)
