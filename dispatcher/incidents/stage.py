"""The incidents stage: correlation says what belongs together, risk says how bad it is, and incidents follow."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any

from dispatcher.channels import stream
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
    if step.memory.disputed:
        await _reconcile(step, placing)
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
        change.incident.grading = grading.grade(change.incident.witnesses, step.rulebook.taxonomy, step.rulebook.matrix)
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
    rows = [row for change in step.incidents for row in _stream_rows(change, tickets.get(change.case_id))]
    await stream.publish_all(step.conn, rows, step.at)
    return Advanced(taken=len(step.incidents), written=len(rows))


async def _reconcile(step: Step, placing: Placing) -> None:
    cases = {incident.case_id for disputes in step.memory.disputed.values() for incident, _ in disputes}
    placing.reconcile(step.memory.disputed, await _ticketed(step, cases))
    step.memory.disputed = {}


async def _place(step: Step, placing: Placing, segment: Sequence[Event]) -> None:
    if not segment:
        return
    events = _timely(step, placing, await _unsettled(step, placing, segment))
    raised = [event for event in events if event.raised]
    if not raised:
        placing.note_returns(events)
        return
    columns = step.memory.columns(raised)
    # The kernels release the interpreter: leases and sockets go on meanwhile.
    applied = await asyncio.get_running_loop().run_in_executor(step.kernels, step.memory.correlator.apply, columns)
    handles = placing.regrouped(applied)
    cases = {incident.case_id for h in handles if (incident := step.memory.by_component.get(h)) is not None}
    placing.place(events, applied, await _ticketed(step, cases))


async def _unsettled(step: Step, placing: Placing, events: Sequence[Event]) -> list[Event]:
    """Without those that came again, or anew, after their incident was final: they are annotations in the log (O1)."""
    rows = await step.conn.fetch(QUERIES.settled_events, [event.uid for event in events])
    settled = {row["event_uid"] for row in rows} | placing.settled_uids
    return [event for event in events if event.uid not in settled]


def _timely(step: Step, placing: Placing, events: Sequence[Event]) -> list[Event]:
    """Without events that begin behind their watermark; those that matter get an incident of their own (ruling B3).

    In the order of the log, one by one: what an event is taken for never depends on what came with it.
    """
    timely: list[Event] = []
    begun: set[bytes] = set()
    for event in events:
        if event.uid in placing.settled_uids:
            continue
        if event.raised and event.uid not in step.memory.of_event and event.uid not in begun:
            if step.memory.is_late(event):
                if _matters(step, event):
                    placing.open_late(event)
                continue
            begun.add(event.uid)
        timely.append(event)
    return timely


async def _ticketed(step: Step, case_ids: Collection[int]) -> set[int]:
    if not case_ids:
        return set()
    return {row["case_id"] for row in await step.conn.fetch(QUERIES.ticketed_cases, list(case_ids))}


def _matters(step: Step, event: Event) -> bool:
    """A person's report and a life-safety event are never only in the log, however late they come."""
    return event.source is EventSource.HOTLINE or step.rulebook.taxonomy.mode_of(event.kind) is KindMode.AUTO_TICKET


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
        new_events=tuple(event for event, _ in change.new_events.values()) + tuple(change.returned.values()),
        absorbed=tuple((loser.id, case_id, bridge_uid) for loser, case_id, bridge_uid in change.absorbed),
        row=incident.row(step.rulebook),
    )


def _stream_rows(change: IncidentChange, ticket_id: int | None) -> Iterator[stream.Row]:
    if change.opened:
        topic = "incident.opened"
    elif change.row["status"] == IncidentStatus.FINAL and not change.new_events:
        topic = "incident.final"
    else:
        topic = "incident.changed"
    yield stream.Row(topic, change.area_path, (), {"incident": change.row | {"ticket_id": ticket_id}})
    for alias_id, _, bridge_uid in change.absorbed:
        alias = {"id": alias_id, "status": IncidentStatus.MERGED, "merged_into": change.incident_id}
        body: dict[str, Any] = {"incident": alias, "bridge_uid": bridge_uid.hex()}
        yield stream.Row("incident.merged", change.area_path, (), body)
