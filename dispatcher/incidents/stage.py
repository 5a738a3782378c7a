"""The incidents stage: correlation says what belongs together, risk says how bad it is, and incidents follow."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from dispatcher.channels import stream
from dispatcher.incidents import grades, neighbours, store
from dispatcher.incidents.counts import Fate
from dispatcher.incidents.live import LiveIncident
from dispatcher.incidents.model import IncidentChange, IncidentStatus
from dispatcher.incidents.overlays import Overlay
from dispatcher.incidents.placing import Placing
from dispatcher.incidents.regrouping import regrouped
from dispatcher.incidents.sifting import sift
from dispatcher.incidents.step import Advanced, Step
from dispatcher.incidents.touched import Touched
from events.model import PLATFORM_SOURCES, Event, EventSource
from registry.event_kinds import KindMode
from runtime.pool import execute_each
from runtime.queries import load

QUERIES = load(__package__)


async def advance(step: Step) -> Advanced:
    """Place the step's events, move the watermarks by its ticks, and write what came of it."""
    placing = Placing(step.memory, step.rulebook, step.at)
    if step.memory.disputed:
        await _reconcile(step, placing)
    if step.takeover:
        _rule_anew(step, placing)
    segment: list[Event] = []
    for event in step.events:
        if event.source not in PLATFORM_SOURCES:
            segment.append(event)
            continue
        await _place(step, placing, segment)
        segment = []
        if event.source is EventSource.TICK:
            await _tick(step, placing, event)
        else:
            await _overlay(step, placing, Overlay.of(event))
    await _place(step, placing, segment)
    placing.sort_out_noise()
    written = [change for change in placing.touched.values() if change.incident.members]
    for change in written:
        change.drop_returns(step.memory.of_event)
    touched = [change for change in written if not change.incident.is_hidden]
    graded = await grades.grade_touched(step, touched)
    for change in touched:
        change.incident.tile = placing.tile(change.incident.canonical)
        change.incident.kind_group = step.rulebook.taxonomy.group_of(change.incident.canonical.witness.kind).id
    await store.write(step.conn, written, step.at)
    await store.remember(step.conn, placing.applied, step.memory.of_event, step.at)
    await placing.counts.add(step.conn, step.rulebook.taxonomy.rule_set)
    await store.keep_series(step.conn, *step.memory.flapping.written())
    await graded.remember(step)
    for change in touched:
        if change.incident.status is IncidentStatus.OPEN:
            step.memory.incidents[change.incident.id] = change.incident
    step.closed = [change.incident for change in touched if change.incident.stored_status is IncidentStatus.FINAL]
    step.risen = {uid for change in touched for uid in change.risen}
    touched += await _follow(step, touched)
    step.incidents = [_change(step, change) for change in touched]
    return Advanced(taken=len(step.events), written=len(touched))


async def _follow(step: Step, touched: Sequence[Touched]) -> list[Touched]:
    """Incidents that come back to a final one say so; returns those that nothing else touched."""
    written = {change.incident.id: change.incident for change in touched}
    groups = step.rulebook.taxonomy.groups.values()
    more: list[Touched] = []
    found = await store.follow(step.conn, list(written.values()), groups)
    for incident_id, follows in sorted(found.items()):
        incident = written.get(incident_id) or step.memory.incidents[incident_id]
        incident.follows = follows
        if incident_id not in written:
            more.append(Touched(incident))
    # Memory does not know the grade of what nothing touched since a restart or an officer's word.
    await grades.grade_touched(step, more)
    return more


async def regrade(step: Step, incidents: Sequence[LiveIncident]) -> None:
    """Grade open incidents of the step's memory again, because more is known of them; their changes say so."""
    touched = [Touched(incident) for incident in incidents]
    if not touched:
        return
    graded = await grades.grade_touched(step, touched)
    await store.write(step.conn, touched, step.at)
    await graded.remember(step)
    known = {change.incident_id: n for n, change in enumerate(step.incidents)}
    for change in touched:
        anew = _change(step, change)
        if anew.incident_id in known:
            n = known[anew.incident_id]
            step.incidents[n] = replace(
                step.incidents[n], kind=anew.kind, mode=anew.mode, grade=anew.grade, row=anew.row
            )
        else:
            step.incidents.append(anew)


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
    placing.ticketed = await _ticketed(step, {incident.case_id for incident in step.memory.disputed})
    placing.reconcile()


async def _overlay(step: Step, placing: Placing, overlay: Overlay) -> None:
    concerned = {incident.case_id for uid in overlay.event_uids if (incident := step.memory.of_event.get(uid))}
    placing.ticketed = await _ticketed(step, concerned)
    rows = await step.conn.fetch(QUERIES.settled_events, list(overlay.event_uids))
    placing.overlay(overlay, [row["event_uid"] for row in rows])


def _rule_anew(step: Step, placing: Placing) -> None:
    """Under other rules every open incident is graded again, and its kinds may be in another group."""
    for incident in (*step.memory.incidents.values(), *step.memory.of_event.values()):  # noise is only in the second
        placing.touch(incident)
    for change in placing.touched.values():
        if change.incident.members:
            kind = change.incident.canonical.witness.kind
            change.incident.kind_group = step.rulebook.taxonomy.group_of(kind).id


async def _place(step: Step, placing: Placing, segment: Sequence[Event]) -> None:
    if not segment:
        return
    placing.counts.received += len(segment)
    memory = step.memory
    sifted = await sift(step, placing, _timely(step, placing, await _unsettled(step, placing, segment)))
    raised = [event for event in sifted.events if event.raised]
    if not raised and not sifted.suppressed:
        placing.note_returns(sifted.events)
        return
    columns = memory.columns([*raised, *sifted.taken_out], taken_out=len(sifted.taken_out))
    # The kernels release the interpreter: leases and sockets go on meanwhile.
    applied = await asyncio.get_running_loop().run_in_executor(step.kernels, memory.correlator.apply, columns)
    cases = {incident.case_id for h in regrouped(applied) for incident in memory.parts.tiles(h).values()}
    cases |= {memory.of_event[event.uid].case_id for event in sifted.suppressed if event.uid in memory.of_event}
    placing.ticketed = await _ticketed(step, cases)
    placing.place(sifted.events, applied, sifted.suppressed, sifted.again)


async def _unsettled(step: Step, placing: Placing, events: Sequence[Event]) -> list[Event]:
    """Without those that came again, or anew, after their incident was final: they are annotations in the log (O1)."""
    rows = await step.conn.fetch(QUERIES.settled_events, [event.uid for event in events])
    settled = {row["event_uid"] for row in rows} | placing.settled_uids
    unsettled = [event for event in events if event.uid not in settled]
    placing.counts.note(Fate.SETTLED, len(events) - len(unsettled))
    return unsettled


def _timely(step: Step, placing: Placing, events: Sequence[Event]) -> list[Event]:
    """Without events that begin behind their watermark; those that matter get an incident of their own (ruling B3).

    In the order of the log, one by one: what an event is taken for never depends on what came with it.
    """
    timely: list[Event] = []
    begun: set[bytes] = set()
    for event in events:
        if event.uid in placing.settled_uids:
            placing.counts.note(Fate.SETTLED)
            continue
        if event.raised and event.uid not in step.memory.of_event and event.uid not in begun:
            if step.memory.is_late(event):
                if _matters(step, event):
                    placing.open_late(event)
                else:
                    placing.counts.note(Fate.LATE)
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
        memory.flapping.fold(group_id, watermark_ms)
        finals = memory.correlator.advance(index, watermark_ms)
        placing.close(finals)
        if finals.beside is not None:
            await neighbours.keep(step.conn, group, finals.beside, memory.correlator.counts_from_ms(index))
        placing.settle(memory.flapping.settling(group_id, watermark_ms))
        rows.append((step.rulebook.taxonomy.rule_set, group_id, watermark_at))
    await execute_each(step.conn, QUERIES.put_watermark, rows)


def _change(step: Step, change: Touched) -> IncidentChange:
    incident = change.incident
    placed = incident.placed
    new_events = [event for event, _ in change.new_events.values()]
    return IncidentChange(
        incident_id=incident.id,
        number=incident.number,
        case_id=incident.case_id,
        kind=incident.graded.kind,
        mode=step.rulebook.taxonomy.mode_of(incident.graded.kind),
        grade=incident.grade,
        opened=change.opened,
        late=incident.late,
        area_id=placed.area_id,
        area_path=placed.area_path,
        place=placed.place,
        lon=placed.lon,
        lat=placed.lat,
        opened_at=incident.opened_at,
        new_events=() if incident.noise else (*new_events, *change.returned.values()),
        absorbed=tuple((loser.id, case_id, bridge_uid) for loser, case_id, bridge_uid in change.absorbed),
        joined_cases=tuple(change.joined_cases),
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
