"""Calls to 110, 119, 120 and 122: opened, paged until somebody acknowledges, and moved by what is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from dispatcher.accounts.model import User
from dispatcher.admission.errors import ActRefused, EntryRefused, Outpaced, SubjectNotFound
from dispatcher.admission.procedures import Refusal, Refused
from dispatcher.handovers import telling
from dispatcher.handovers.errors import HandoverStands
from dispatcher.handovers.subjects import Subject
from dispatcher.handovers.words import RANK, EmergencyNumber, EmergencyState, HandoverAction
from registry.numbering import take_number
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

HANDOVER: Final = "EH"
RULE: Final = "rule:handovers"
_LAST: Final = 2**63 - 1
_ENDED: Final = frozenset({EmergencyState.CLOSED, EmergencyState.DECLINED})


@dataclass(frozen=True, slots=True)
class Step:
    """So long after the opening without an acknowledgement, that is done."""

    step: int
    after_s: int
    action: HandoverAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a service says, or an officer enters for it from the telephone."""

    state: EmergencyState | None  # None: words only.
    external_no: str | None = None
    status: str | None = None
    happened_at: datetime | None = None  # As the service says; never later than it was told.


class Moved(NamedTuple):
    """What an answer makes of a handover."""

    state: EmergencyState
    acked_at: datetime | None
    arrived_at: datetime | None
    controlled_at: datetime | None
    closed_at: datetime | None


def answered(row: Mapping[str, Any], answer: Answer, at: datetime) -> Moved:
    """The handover behind an answer. A service goes forwards; whatever it says, it has acknowledged. Pure."""
    before = EmergencyState(row["state"])
    said = answer.state or EmergencyState.ACKNOWLEDGED
    happened = min(answer.happened_at or at, at)
    state = said if RANK[said] > RANK[before] else before

    def first(column: str, reached: bool) -> datetime | None:
        known: datetime | None = row[column]
        return known if known is not None or not reached else happened

    return Moved(
        state,
        row["acked_at"] or happened,
        first("arrived_at", said is EmergencyState.ON_SCENE),
        first("controlled_at", said is EmergencyState.CONTROLLED),
        first("closed_at", state in _ENDED),
    )


async def open_call(
    conn: Connection, ticket: Mapping[str, Any], service: EmergencyNumber, by: str, by_name: str, at: datetime
) -> int | None:
    """Call a service for a ticket; the stage pages it in its next step. None where it is called already."""
    organisation_id = await conn.fetchval(QUERIES.organisation_of_service, service, ticket["area_path"])
    handover_id: int | None = await conn.fetchval(
        QUERIES.insert_handover,
        await take_number(conn, HANDOVER, at),
        ticket["id"],
        service,
        organisation_id,
        ticket["area_path"],
        ticket["grade"],
        at,
        by,
    )
    if handover_id is not None:
        await conn.execute(QUERIES.insert_entry, handover_id, at, "open", None, None, by, by_name, {})
    return handover_id


async def open_by_officer(conn: Connection, ticket_id: int, service: EmergencyNumber, user: User, at: datetime) -> int:
    """An officer calls a service that the rules did not. Raises EntryRefused, HandoverStands."""
    ticket = await conn.fetchrow(QUERIES.read_ticket, ticket_id)
    if ticket is None or not await conn.fetchval(QUERIES.sees_ticket, ticket_id, user.scope):
        raise EntryRefused("ticket_id", "no such ticket")
    if ticket["closed_at"] is not None:
        raise EntryRefused("ticket_id", "has ended")
    opened = await open_call(conn, dict(ticket), service, user.actor, user.zh_name, at)
    if opened is None:
        raise HandoverStands(await conn.fetchval(QUERIES.open_handover_of, ticket_id, service))
    return opened


async def take_steps(conn: Connection, handover_id: int, steps: Sequence[Step], at: datetime) -> int:
    """Take every step that is due, each once; the caller holds the row. What resolves to nobody is skipped at once."""
    row = await read(conn, handover_id)
    number: int = row["steps_taken"]
    due_at: datetime | None = row["next_at"]
    taken = 0
    while due_at is not None and due_at <= at and number < len(steps):
        step = steps[number]
        heard = await _take(conn, row, step, at)
        taken += 1
        number += 1
        due_at = None
        if number < len(steps):
            due_at = row["opened_at"] + timedelta(seconds=steps[number].after_s) if heard else at
    await conn.execute(QUERIES.step_handover, handover_id, number, due_at)
    return taken


async def take_in(
    conn: Connection,
    handover_id: int,
    answer: Answer,
    *,
    actor: str,
    actor_name: str,
    at: datetime,
    external_id: str | None = None,
) -> bool:
    """Take in what a service says. False where this answer was taken in before. The paging ends."""
    await conn.fetchval(QUERIES.hold_handover, handover_id)
    row = await read(conn, handover_id)
    body = {
        "external_no": answer.external_no,
        "status": answer.status,
        "happened_at": answer.happened_at.isoformat() if answer.happened_at else None,
    }
    event = answer.state.value if answer.state is not None else "status"
    entry = await conn.fetchval(
        QUERIES.insert_entry, handover_id, at, event, None, external_id, actor, actor_name, body
    )
    if entry is None:
        return False
    moved = answered(row, answer, at)
    await conn.execute(QUERIES.move_handover, handover_id, moved.state, answer.external_no, answer.status, *moved[1:])
    declined = moved.state is EmergencyState.DECLINED and row["state"] != EmergencyState.DECLINED
    after = await read(conn, handover_id)
    topic = telling.ALARM if declined else telling.CHANGED
    await telling.show(conn, topic, row["area_path"], row["organisation_id"], {"handover": told(after)}, at)
    if declined and row["desk_id"] is not None:
        await _tell(conn, row, row["desk_id"], telling.ALARM, "declined", at)
    return True


async def enter(conn: Connection, handover_id: int, version: int, answer: Answer, user: User, at: datetime) -> None:
    """An officer enters what a service said on the telephone. Raises SubjectNotFound, Outpaced, ActRefused."""
    await conn.fetchval(QUERIES.hold_handover, handover_id)
    row = await read(conn, handover_id, area_id=user.scope)
    if row["version"] != version:
        raise Outpaced(Subject.HANDOVER, row["version"], row["state"])
    if row["closed_at"] is not None:
        refused = Refused(Refusal.NOT_IN_THIS_STATE)
        raise ActRefused(Subject.HANDOVER, row["state"], str(answer.state or "status"), refused)
    await take_in(conn, handover_id, answer, actor=user.actor, actor_name=user.zh_name, at=at)


async def page(
    conn: Connection,
    *,
    area_id: str | None,
    organisation_id: str | None,
    state: str | None = None,
    ticket_id: int | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Calls that the viewer sees, newest first."""
    rows = await conn.fetch(
        QUERIES.list_handovers, area_id, organisation_id, state, ticket_id, before_id or _LAST, None, limit
    )
    return [dict(row) for row in rows]


async def read(
    conn: Connection, handover_id: int, *, area_id: str | None = None, organisation_id: str | None = None
) -> dict[str, Any]:
    """One call. Raises SubjectNotFound, also for what the viewer may not see."""
    row = await conn.fetchrow(QUERIES.list_handovers, area_id, organisation_id, None, None, _LAST, handover_id, 1)
    if row is None:
        raise SubjectNotFound(Subject.HANDOVER, handover_id)
    return dict(row)


def told(row: Mapping[str, Any]) -> dict[str, Any]:
    """A call as the stream and the service's system are told of it."""
    shown = {
        name: row[name]
        for name in (
            "id",
            "number",
            "ticket_id",
            "ticket_number",
            "service",
            "state",
            "grade",
            "kind",
            "place",
            "external_no",
        )
    }
    times = {
        name: row[name].isoformat() if row[name] is not None else None
        for name in ("opened_at", "acked_at", "arrived_at", "controlled_at", "closed_at")
    }
    return shown | times


async def _take(conn: Connection, row: Mapping[str, Any], step: Step, at: datetime) -> bool:
    """Take one step; whether somebody hears it."""
    meant = await _meant(conn, row, step.action)
    body: dict[str, Any] = {"action": step.action.value, "told": meant}
    entry = await conn.fetchval(QUERIES.insert_entry, row["id"], at, "step", step.step, None, RULE, RULE, body)
    if entry is None:
        return True
    heard = False
    topic = telling.PAGE if step.action in (HandoverAction.PAGE, HandoverAction.REPAGE) else telling.ALARM
    if meant is not None:
        heard = await _tell(conn, row, meant, topic, str(step.step), at)
    if step.action is not HandoverAction.PAGE or not heard:
        alarm = {"handover": told(row), "step": step.step, "action": step.action.value}
        await telling.show(conn, telling.ALARM, row["area_path"], row["organisation_id"], alarm, at)
    if step.action is HandoverAction.REPAGE and row["desk_id"] is not None:
        heard |= await _tell(conn, row, row["desk_id"], telling.ALARM, str(step.step), at)
    return heard


async def _meant(conn: Connection, row: Mapping[str, Any], action: HandoverAction) -> str | None:
    match action:
        case HandoverAction.PAGE | HandoverAction.REPAGE:
            found: str | None = row["organisation_id"]
        case HandoverAction.DESK:
            found = row["desk_id"]
        case HandoverAction.LEADER:
            found = await conn.fetchval(QUERIES.supervisors_of, row["area_path"])
    return found


async def _tell(
    conn: Connection, row: Mapping[str, Any], organisation_id: str, topic: str, which: str, at: datetime
) -> bool:
    return await telling.tell(
        conn,
        organisation_id,
        key=f"handover-{row['id']}-{which}-{organisation_id}",
        topic=topic,
        ticket_id=row["ticket_id"],
        grade=row["grade"],
        fields={
            "service": row["service_zh"],
            "number": row["number"],
            "ticket": row["ticket_number"] or str(row["ticket_id"]),
            "kind": row["kind_zh"],
            "place": row["place"] or "",
            "grade": telling.GRADES[row["grade"]],
        },
        body={"handover": told(row)},
        at=at,
    )
