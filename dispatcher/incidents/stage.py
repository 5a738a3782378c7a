"""The incidents stage: correlation says what belongs together, risk says how bad it is, and incidents follow."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from dispatcher.channels import stream
from dispatcher.correlation.correlator import Status
from dispatcher.incidents import store
from dispatcher.incidents.model import IncidentChange, IncidentStatus
from dispatcher.incidents.placing import Placing, Touched
from dispatcher.incidents.step import Advanced, Step
from dispatcher.risk import grading
from events.model import Event, EventSource
from registry.event_kinds import KindMode
from runtime.queries import load

QUERIES = load(__package__)


async def advance(step: Step) -> Advanced:
    """Place the step's events, move the watermarks by its ticks, and write what came of it."""
    placing = Placing(step.memory, step.rulebook, step.at)
    segment: list[Event] = []
    for event in step.events:
        if event.source is EventSource.TICK:
            await _place(step, placing, segment)
            segment = []
            await _tick(step, placing, event)
        else:
            segment.append(event)
    await _place(step, placing, segment)
    touched = [change for change in placing.touched.values() if change.incident.members]
    for change in touched:
        witnesses = [member.witness for member in change.incident.members.values()]
        change.incident.grading = grading.grade(witnesses, step.rulebook.taxonomy, step.rulebook.matrix)
    await store.write(step.conn, touched, step.at)
    for change in touched:
        if change.incident.status is IncidentStatus.OPEN:
            step.memory.incidents[change.incident.id] = change.incident
    step.incidents = [_change(step, change) for change in touched]
    return Advanced(taken=len(step.events), written=len(touched))


async def announce(step: Step) -> Advanced:
    """Tell the stream what became of the step's incidents; runs behind the tickets, so that each names its ticket."""
    if not step.incidents:
        return Advanced(taken=0, written=0)
    cases = [change.case_id for change in step.incidents]
    tickets = {row["case_id"]: row["ticket_id"] for row in await step.conn.fetch(QUERIES.tickets_of_cases, cases)}
    for change in step.incidents:
        await _publish(step, change, tickets.get(change.case_id))
    return Advanced(taken=len(step.incidents), written=len(step.incidents))


async def _place(step: Step, placing: Placing, events: Sequence[Event]) -> None:
    if not events:
        return
    raised = [event for event in events if event.raised]
    if raised:
        columns = step.memory.columns(raised)
        # The kernels release the interpreter: leases and sockets go on meanwhile.
        applied = await asyncio.get_running_loop().run_in_executor(step.kernels, step.memory.correlator.apply, columns)
        ticketed: set[int] = set()
        if handles := placing.regrouped(applied):
            cases = [step.memory.by_component[h].case_id for h in handles if h in step.memory.by_component]
            ticketed = {row["case_id"] for row in await step.conn.fetch(QUERIES.ticketed_cases, cases)}
        placing.place(raised, applied, ticketed)
        late = [event for event, status in zip(raised, applied.status.tolist(), strict=True) if status == Status.LATE]
        await _place_late(step, placing, late)
    for event in events:
        if not event.raised:
            placing.note_return(event)


async def _place_late(step: Step, placing: Placing, late: Sequence[Event]) -> None:
    """A person's report and a life-safety event get an incident of their own; other late events stay in the log."""
    worth = [
        event
        for event in late
        if event.source is EventSource.HOTLINE or step.rulebook.taxonomy.mode_of(event.kind) is KindMode.AUTO_TICKET
    ]
    if not worth:
        return
    rows = await step.conn.fetch(QUERIES.known_events, [event.uid for event in worth])
    known = {row["event_uid"] for row in rows}
    for event in worth:
        if event.uid not in known:
            known.add(event.uid)
            placing.open_late(event)


async def _tick(step: Step, placing: Placing, tick: Event) -> None:
    memory = step.memory
    rows = []
    for index, group_id in enumerate(memory.groups):
        group = step.rulebook.taxonomy.groups[group_id]
        watermark_at = tick.effective_at - timedelta(seconds=group.lateness_s)
        watermark_ms = round(watermark_at.timestamp() * 1000)
        before_ms = memory.correlator.watermark_ms(index)
        if before_ms is not None and watermark_ms <= before_ms:
            continue
        placing.close(memory.correlator.advance(index, watermark_ms).component.tolist())
        rows.append((step.rulebook.taxonomy.rule_set, group_id, watermark_at))
    await step.conn.executemany(QUERIES.put_watermark, rows)


def _change(step: Step, change: Touched) -> IncidentChange:
    incident = change.incident
    placed = incident.placed
    return IncidentChange(
        incident_id=incident.id,
        number=incident.number,
        case_id=incident.case_id,
        kind=incident.graded.kind,
        mode=step.rulebook.taxonomy.mode_of(incident.graded.kind),
        grade=incident.graded.grade,
        opened=change.opened,
        late=incident.late,
        area_id=placed.area_id,
        area_path=placed.area_path,
        place=placed.place,
        lon=placed.lon,
        lat=placed.lat,
        opened_at=incident.opened_at,
        new_events=tuple(event for event, _ in change.new_events) + tuple(change.returned),
        absorbed=tuple((loser.id, case_id, bridge_uid) for loser, case_id, bridge_uid in change.absorbed),
        row=incident.row(step.rulebook),
    )


async def _publish(step: Step, change: IncidentChange, ticket_id: int | None) -> None:
    if change.opened:
        topic = "incident.opened"
    elif change.row["status"] == IncidentStatus.FINAL and not change.new_events:
        topic = "incident.final"
    else:
        topic = "incident.changed"
    body: dict[str, Any] = {"incident": change.row | {"ticket_id": ticket_id}}
    await stream.publish(step.conn, topic=topic, area_path=change.area_path, organisation_ids=(), body=body, at=step.at)
    for alias_id, _, bridge_uid in change.absorbed:
        body = {
            "incident": {"id": alias_id, "status": IncidentStatus.MERGED, "merged_into": change.incident_id},
            "bridge_uid": bridge_uid.hex(),
        }
        await stream.publish(
            step.conn,
            topic="incident.merged",
            area_path=change.area_path,
            organisation_ids=(),
            body=body,
            at=step.at,
        )
