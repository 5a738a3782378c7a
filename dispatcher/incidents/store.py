"""Writes what a step did to incidents, in few statements; the api reads them back through its own queries."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Final

from dispatcher.incidents.live import LiveIncident
from dispatcher.incidents.model import IncidentStatus, Standing
from dispatcher.incidents.placing import Touched
from events.model import Event
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

# Numbers carry the civil day of the city.
CITY_TIME: Final = timezone(timedelta(hours=8))


async def write(conn: Connection, touched: Sequence[Touched], at: datetime) -> None:
    """Opened incidents get their case, number and id; everything is graded already."""
    opened = [change.incident for change in touched if change.opened]
    await _insert(conn, opened, at)
    changed = [
        change.incident for change in touched if not change.opened or change.incident.status is not IncidentStatus.OPEN
    ]
    await conn.executemany(QUERIES.update_incident, [_update(incident) for incident in changed if incident.members])
    aliases = [(loser, change.incident) for change in touched for loser, _, _ in change.absorbed]
    for loser, survivor in aliases:
        loser.merged_into, loser.case_id = survivor.id, survivor.case_id
    await conn.executemany(
        QUERIES.merge_incident,
        [(loser.id, survivor.id, survivor.case_id, loser.merged_at, loser.bridge_uid) for loser, survivor in aliases],
    )
    for change in touched:
        if change.moved_uids:
            await conn.execute(QUERIES.move_incident_events, list(change.moved_uids), change.incident.id)
    rows = [
        _event_row(change.incident.id, event, standing)
        for change in touched
        for event, standing in [
            *change.new_events.values(),
            *change.corrected.values(),
            *((event, Standing.RETURNED) for event in change.returned.values()),
        ]
    ]
    await conn.executemany(QUERIES.put_incident_event, rows)


async def _insert(conn: Connection, opened: Sequence[LiveIncident], at: datetime) -> None:
    if not opened:
        return
    day = at.astimezone(CITY_TIME).date()
    last: int = await conn.fetchval(QUERIES.take_numbers, "IN", day, len(opened))
    cases = await conn.fetchmany(QUERIES.insert_case, [(at,)] * len(opened))
    for incident, case, n in zip(opened, cases, range(last - len(opened) + 1, last + 1), strict=True):
        incident.case_id = case["id"]
        incident.number = f"IN-{day:%Y%m%d}-{n:05d}"
    rows = await conn.fetchmany(QUERIES.insert_incident, [_insertion(incident) for incident in opened])
    for incident, row in zip(opened, rows, strict=True):
        incident.id = row["id"]


def _shown(incident: LiveIncident) -> tuple[object, ...]:
    """What both statements write, in their common order."""
    graded, canonical, placed = incident.graded, incident.canonical, incident.placed
    return (
        canonical.effective_at,
        canonical.witness.uid,
        graded.grade,
        graded.as_json(),
        incident.source_classes,
        len(incident.members),
        *incident.span,
        placed.area_id,
        list(placed.area_path),
        placed.place,
        placed.lon,
        placed.lat,
    )


def _insertion(incident: LiveIncident) -> tuple[object, ...]:
    return (
        incident.number,
        incident.case_id,
        incident.graded.kind,
        incident.kind_group,
        *_shown(incident),
        incident.late,
        incident.opened_at,
    )


def _update(incident: LiveIncident) -> tuple[object, ...]:
    return (
        incident.id,
        incident.case_id,
        incident.status,
        incident.graded.kind,
        *_shown(incident),
        incident.final_at,
    )


def _event_row(incident_id: int, event: Event, standing: Standing) -> tuple[object, ...]:
    return (
        event.uid,
        incident_id,
        event.stream,
        event.seq,
        event.received_at,
        event.effective_at,
        event.revision,
        standing,
    )
