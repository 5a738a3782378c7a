"""Writes what a step did to incidents, in few statements; the api reads them back through its own queries."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dispatcher.incidents.live import LiveIncident
from dispatcher.incidents.model import IncidentStatus, Standing
from dispatcher.incidents.overlays import Outcome, Overlay
from dispatcher.incidents.touched import Touched
from events.model import Event
from registry.event_kinds import KindGroup
from registry.numbering import take_numbers
from runtime.pool import Connection, execute_each
from runtime.queries import load

QUERIES = load(__package__)


async def write(conn: Connection, touched: Sequence[Touched], at: datetime) -> None:
    """Opened incidents get their case, number and id; everything is graded already."""
    opened = [change.incident for change in touched if change.opened]
    await _insert(conn, opened, at)
    seen = [change for change in touched if not change.incident.is_hidden]
    changed = [change for change in seen if not change.opened or change.incident.status is not IncidentStatus.OPEN]
    await execute_each(conn, QUERIES.update_incident, [_update(change) for change in changed])
    aliases = [(loser, change.incident) for change in touched for loser, _, _ in change.absorbed]
    for loser, survivor in aliases:
        loser.merged_into, loser.case_id = survivor.id, survivor.case_id
    await execute_each(
        conn,
        QUERIES.merge_incident,
        [(loser.id, survivor.id, survivor.case_id, loser.merged_at, loser.bridge_uid) for loser, survivor in aliases],
    )
    joined = [(change.incident.case_id, case_id) for change in touched for case_id in change.joined_cases]
    await execute_each(conn, QUERIES.join_cases, joined)
    await _move(conn, touched)
    rows = [
        _event_row(change.incident, event, standing)
        for change in touched
        for event, standing in [
            *change.new_events.values(),
            *change.corrected.values(),
            *((event, Standing.RETURNED) for event in change.returned.values()),
        ]
    ]
    await execute_each(conn, QUERIES.put_incident_event, rows)
    settled = [pair for change in touched for pair in change.settled_with.items()]
    await execute_each(conn, QUERIES.settle_incident_events, settled)
    cores = sorted(uid for change in touched for uid in change.cores)
    if cores:
        await conn.execute(QUERIES.mark_final_cores, cores)


async def _move(conn: Connection, touched: Sequence[Touched]) -> None:
    """Stored events that belong elsewhere now; what was noise brings along what returned to normal with it."""
    moved = []
    for change in touched:
        by_standing: dict[Standing | None, list[bytes]] = {}
        for uid in sorted(change.moved_uids):
            by_standing.setdefault(change.standings.get(uid), []).append(uid)
        moved += [(uids, change.incident.id or None, standing) for standing, uids in by_standing.items()]
    await execute_each(conn, QUERIES.move_incident_events, moved)
    risen = [(sorted(change.risen), change.incident.id) for change in touched if change.risen]
    await execute_each(conn, QUERIES.move_returned_events, risen)


async def remember(
    conn: Connection,
    applied: Sequence[tuple[Overlay, tuple[bytes, ...]]],
    of_event: Mapping[bytes, LiveIncident],
    at: datetime,
) -> None:
    """What officers decided, and what became of it, beside the record in the log."""
    await execute_each(
        conn,
        QUERIES.put_overlay,
        [
            (
                overlay.seq,
                overlay.act,
                overlay.incident_id,
                overlay.other_id,
                list(overlay.event_uids),
                overlay.actor_id,
                overlay.actor_role,
                overlay.reason,
                overlay.at,
                at,
                Outcome.APPLIED if live else Outcome.TOO_LATE,
                sorted({of_event[uid].id for uid in live if uid in of_event}),
            )
            for overlay, live in applied
        ],
    )


async def keep_series(
    conn: Connection, kept: Sequence[tuple[str, str, dict[str, Any]]], gone: Sequence[tuple[str, str]]
) -> None:
    """What decides which devices flap."""
    await execute_each(conn, QUERIES.put_series, kept)
    await execute_each(conn, QUERIES.delete_series, gone)


async def follow(
    conn: Connection, touched: Sequence[LiveIncident], groups: Iterable[KindGroup]
) -> dict[int, int | None]:
    """Note which final incidents the touched ones come back to, and who comes back to those that are final now.

    A function of the incidents alone once they are final, whatever the batches. Returns what changed.
    """
    spans = [(group.id, group.r_m * 10, group.follow_s) for group in groups if group.follow_s]
    if not touched or not spans:
        return {}
    final_ids = [incident.id for incident in touched if incident.status is IncidentStatus.FINAL]
    ids = [incident.id for incident in touched]
    rows = await conn.fetch(
        QUERIES.follow_incidents, ids, final_ids, *(list(column) for column in zip(*spans, strict=True))
    )
    return {row["id"]: row["follows"] for row in rows}


async def _insert(conn: Connection, opened: Sequence[LiveIncident], at: datetime) -> None:
    if not opened:
        return
    numbers = await take_numbers(conn, "IN", at, len(opened))
    holders = {id(holder): holder for incident in opened if not (holder := incident.case_holder()).case_id}
    cases = await conn.fetchmany(QUERIES.insert_case, [(at,)] * len(holders))
    for holder, case in zip(holders.values(), cases, strict=True):
        holder.case_id = case["id"]
    for incident, number in zip(opened, numbers, strict=True):
        incident.case_id, incident.case_of = incident.case_holder().case_id, None
        incident.number = number
    rows = await conn.fetchmany(QUERIES.insert_incident, [_insertion(incident) for incident in opened])
    for incident, row in zip(opened, rows, strict=True):
        incident.id = row["id"]


def _shown(incident: LiveIncident) -> tuple[object, ...]:
    """What both statements write, in their common order."""
    canonical, placed = incident.canonical, incident.placed
    return (
        canonical.effective_at,
        canonical.witness.uid,
        incident.grade,
        incident.explanation,
        incident.source_classes,
        len(incident.members),
        *incident.span,
        placed.area_id,
        list(placed.area_path),
        placed.place,
        placed.lon,
        placed.lat,
        placed.x_dm,
        placed.y_dm,
        canonical.subject,
        incident.tile,
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


def _update(change: Touched) -> tuple[object, ...]:
    incident = change.incident
    ended = incident.stored_status is not IncidentStatus.OPEN
    reshaped = ended or change.moved_uids or change.absorbed or change.gave_away
    return (
        incident.id,
        incident.case_id,
        incident.stored_status,
        incident.graded.kind,
        incident.kind_group,
        *_shown(incident),
        incident.final_at,
        int(bool(reshaped)),
    )


def _event_row(incident: LiveIncident, event: Event, standing: Standing) -> tuple[object, ...]:
    beside = standing is Standing.RETURNED and incident.is_hidden
    return (
        event.uid,
        incident.id or None,
        event.stream,
        event.seq,
        event.received_at,
        event.effective_at,
        event.revision,
        standing,
        _returned_with(incident, event) if beside else None,
    )


def _returned_with(incident: LiveIncident, event: Event) -> bytes:
    """Of noise the last event about the same subject."""
    same = [member.witness for member in incident.members.values() if member.subject == event.subject]
    return max(same).uid
