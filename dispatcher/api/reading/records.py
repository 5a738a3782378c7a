"""Events, incidents, quarantine and conservation as the api shows them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatcher.accounts.model import User
from dispatcher.api.errors import NotFound
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

Row = Mapping[str, Any]


async def list_events(
    conn: Connection,
    viewer: User,
    *,
    stream: str | None,
    kind: str | None,
    device_id: int | None,
    since: datetime | None,
    before: tuple[datetime, str, int] | None,
    limit: int,
) -> list[Row]:
    """Events of the viewer's area, newest first; `before` is (received_at, stream, seq) of the last one seen."""
    received_at, before_stream, before_seq = before or (None, None, None)
    rows = await conn.fetch(
        QUERIES.list_events,
        viewer.scope,
        stream,
        kind,
        device_id,
        since,
        received_at,
        before_stream,
        before_seq,
        limit,
    )
    return [dict(row) for row in rows]


async def list_incidents(
    conn: Connection,
    viewer: User,
    *,
    status: str | None = None,
    grade: int | None = None,
    kind: str | None = None,
    area_id: str | None = None,
    before_id: int | None = None,
    only_id: int | None = None,
    limit: int,
) -> list[Row]:
    """Incidents of the viewer's area or organisation, newest first."""
    rows = await conn.fetch(
        QUERIES.list_incidents,
        viewer.scope,
        viewer.organisation_id,
        status,
        grade,
        kind,
        area_id,
        before_id,
        only_id,
        limit,
    )
    return [dict(row) for row in rows]


async def find_incident(conn: Connection, viewer: User, incident_id: int) -> Row:
    """One incident. Raises NotFound also where the viewer may not see it: it does not exist then."""
    found = await list_incidents(conn, viewer, only_id=incident_id, limit=1)
    if not found:
        raise NotFound("incident")
    return found[0]


async def summarise_incidents(conn: Connection, viewer: User) -> Row:
    row = await conn.fetchrow(QUERIES.summarise_incidents, viewer.scope)
    assert row is not None  # noqa: S101 - an aggregate has a row
    return dict(row)


async def events_of_incident(conn: Connection, incident_id: int, limit: int) -> list[Row]:
    """The events of an incident, oldest first, each also with its place on the local plane (`x_dm`, `y_dm`)."""
    return [dict(row) for row in await conn.fetch(QUERIES.events_of_incident, incident_id, limit)]


async def aliases_of_incident(conn: Connection, incident_id: int) -> list[Row]:
    return [dict(row) for row in await conn.fetch(QUERIES.aliases_of_incident, incident_id)]


async def shape_of_incident(conn: Connection, incident_id: int) -> Row:
    """Its version, the incidents that follow it, those that share its case, and what officers made of it."""
    row = await conn.fetchrow(QUERIES.shape_of_incident, incident_id)
    assert row is not None  # noqa: S101 - the caller has just read it
    overlays = await conn.fetch(QUERIES.overlays_of_incident, incident_id)
    return dict(row) | {"overlays": [dict(overlay) for overlay in overlays]}


async def reach_of_incident(conn: Connection, incident_id: int) -> tuple[int, int] | None:
    """(radius in metres, time in seconds) within which its events belong together; None without a rule."""
    row = await conn.fetchrow(QUERIES.radius_of_incident, incident_id)
    return None if row is None else (row["r_m"], row["t_s"])


async def list_quarantine(
    conn: Connection,
    viewer: User,
    *,
    state: str | None = None,
    before_id: int | None = None,
    only_id: int | None = None,
    limit: int,
) -> list[Row]:
    """Quarantined messages, newest first, each with the first 4 KiB of its payload."""
    rows = await conn.fetch(QUERIES.list_quarantine, viewer.scope, state, before_id, only_id, limit)
    return [dict(row) for row in rows]


async def conservation(conn: Connection, since: datetime | None) -> list[Row]:
    """The intake's counts by product."""
    return [dict(row) for row in await conn.fetch(QUERIES.conservation, since)]


async def correlation_counts(conn: Connection) -> Row:
    """What became of every event of the log; empty before the first."""
    row = await conn.fetchrow(QUERIES.correlation_counts)
    return {} if row is None else dict(row)


async def violations(conn: Connection, since: datetime | None) -> list[Row]:
    """What the doors refused and never acknowledged, by reason."""
    return [dict(row) for row in await conn.fetch(QUERIES.violations, since)]
