"""A town in a real database: areas, organisations, people, and incidents that ask for work."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from dispatcher.incidents.model import IncidentChange
from dispatcher.rules.rulebook import Rulebook, read_rulebook
from dispatcher.tickets import acting, store
from dispatcher.tickets.model import Action, Actor, Role, Ticket, TicketDraft, TicketEvent
from dispatcher.tickets.records import read_ticket
from events.model import Event, EventSource, SourceClass, TimeQuality, event_uid
from registry.calendar import seed_calendar
from registry.event_kinds import KindMode
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.harness.photos import photo

# A Wednesday, 10:00 in Chengdu.
AT = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
PATH = ("tt", "tt-east", "tt-east-1")

_AREAS = (
    ("tt", None, "city", ["tt"]),
    ("tt-east", "tt", "district", ["tt", "tt-east"]),
    ("tt-east-1", "tt-east", "subdistrict", list(PATH)),
    ("tt-west", "tt", "district", ["tt", "tt-west"]),
)
_ORGANISATIONS = (
    ("t-desk", "duty_desk", None, "tt-east", "always"),
    ("t-fire", "department", "fire_rescue", "tt-east", "always"),
    ("t-police", "department", "public_security", "tt-east", "always"),
    ("t-civil", "department", "civil_affairs", "tt-east", "office"),
    ("t-housing", "department", "housing_construction", "tt-east", "on_call"),
    ("t-urban", "department", "urban_management", "tt-east", "on_call"),
    ("t-check", "department", "online_governance", "tt-east", "always"),
    ("committee-tt", "committee", None, "tt-east-1", "office"),
)
_USERS = (
    ("officer", "duty_officer", "t-desk"),
    ("leader", "shift_leader", "t-desk"),
    ("fire.hand", "dept_handler", "t-fire"),
    ("fire.head", "dept_head", "t-fire"),
)


async def build(owner: Connection) -> None:
    """Everything but incidents. Adds to whatever the seed put there."""
    for area in _AREAS:
        await owner.execute(
            "INSERT INTO areas (id, parent_id, level, zh_name, en_name, path)"
            " VALUES ($1, $2, $3::text::area_level, $1, $1, $4)",
            *area,
        )
    for organisation in _ORGANISATIONS:
        await owner.execute(
            "INSERT INTO organisations (id, kind, department_id, area_id, zh_name, en_name, duty)"
            " VALUES ($1, $2::text::organisation_kind, $3, $4, $1, $1, $5::text::duty_hours)",
            *organisation,
        )
    for login, role, unit in _USERS:
        await owner.execute(
            "INSERT INTO users (login, zh_name, password_hash, roles, organisation_id, area_id, created_at)"
            " VALUES ($1, $1, '', ARRAY[$2::text::user_role], $3, 'tt-east', $4)",
            login,
            role,
            unit,
            AT,
        )
    await seed_calendar(owner)


def person(role: Role, unit: str | None = None, *, number: int = 1, area: str | None = "tt-east") -> Actor:
    return Actor(f"user:{number}", f"{role.value}-{number}", frozenset({role}), unit, area)


OFFICER = person(Role.DUTY_OFFICER, "t-desk", number=1)
LEADER = person(Role.SHIFT_LEADER, "t-desk", number=2)
HANDLER = person(Role.DEPT_HANDLER, "t-fire", number=3)
HEAD = person(Role.DEPT_HEAD, "t-fire", number=4)
CREW = person(Role.FIELD_UNIT, "t-fire", number=5)
VERIFIER = person(Role.VERIFIER, "t-check", number=6)
AGENT = person(Role.CALLBACK_AGENT, "t-check", number=7)


EXPLANATION: dict[str, Any] = {
    "kind_version": 1,
    "matrix_version": 1,
    "points_version": 1,
    "decided_by": "matrix",
    "override": None,
    "facts": {
        "final": False,
        "judgement": None,
        "doubted": [],
        "earlier": [],
        "warnings": [],
        "matches": [],
        "places": [],
        "cleared": [],
    },
    "base": {"likelihood": 3, "consequence": 3},
    "evidence": [],
    "likelihood": 3,
    "consequence": 3,
}


async def incident(
    conn: Connection, *, kind: str = "streetlight_out", grade: int = 4, at: datetime = AT, case_id: int | None = None
) -> tuple[int, int]:
    """(incident id, case id) of a new incident."""
    if case_id is None:
        case_id = await conn.fetchval("INSERT INTO cases (opened_at) VALUES ($1) RETURNING id", at)
    number = await conn.fetchval("SELECT count(*) FROM incidents")
    incident_id = await conn.fetchval(
        "INSERT INTO incidents (number, case_id, status, kind, kind_group, canonical_at, canonical_uid, grade,"
        " explanation, source_classes, event_count, first_at, last_at, area_id, area_path, late, opened_at)"
        " VALUES ($1, $2, 'open', $3, 'none', $4, $5, $6, $7, '{sensor}', 1, $4, $4, 'tt-east-1', $8, false, $4)"
        " RETURNING id",
        f"T-{number}",
        case_id,
        kind,
        at,
        bytes(16),
        grade,
        EXPLANATION | {"kind": kind, "grade": grade},
        list(PATH),
    )
    return incident_id, case_id


async def call(
    conn: Connection,
    *,
    key: str = "c1",
    demand: str | None = None,
    anonymous: bool = False,
    complained_of: str | None = None,
    at: datetime = AT,
) -> int:
    """The id of a resident's call."""
    call_id: int = await conn.fetchval(
        "INSERT INTO hotline_calls (idempotency_key, content_hash, received_at, text, caller_name, caller_phone,"
        " anonymous, confidential, demand, complained_of)"
        " VALUES ($1, $2, $3, '路灯不亮', '张三丰', '13812345678', $4, false, $5::text::demand_type, $6) RETURNING id",
        key,
        bytes(8),
        at,
        anonymous,
        demand,
        complained_of,
    )
    return call_id


def draft(incident_id: int, case_id: int, *, kind: str = "streetlight_out", grade: int = 4, **more: Any) -> TicketDraft:
    columns: dict[str, Any] = {
        "case_id": case_id,
        "incident_id": incident_id,
        "kind": kind,
        "time_critical": False,
        "grade": grade,
        "demand": None,
        "area_id": "tt-east-1",
        "area_path": PATH,
        "place": "东一路3号",
        "lon": None,
        "lat": None,
    }
    return TicketDraft(**columns | more)


async def new_ticket(pool: Pool, *, grade: int = 4, kind: str = "streetlight_out", calls: int = 0) -> int:
    """The id of a ticket in `new`, with as many reports."""
    async with transaction(pool, scope=SYSTEM) as conn:
        incident_id, case_id = await incident(conn, kind=kind, grade=grade)
        ticket_id = await store.open_ticket(conn, draft(incident_id, case_id, kind=kind, grade=grade), AT)
        for number in range(calls):
            call_id = await call(conn, key=f"ticket {ticket_id} call {number}")
            await store.join_report(conn, ticket_id, call_id, None, AT)
    return ticket_id


Step = tuple[TicketEvent, Actor, dict[str, Any]]
E = TicketEvent
ACCEPT: Step = (E.ACCEPT, OFFICER, {})
DISPATCH: Step = (E.DISPATCH, OFFICER, {"lead": "t-fire", "co": ["t-police"]})
SIGN: Step = (E.ACKNOWLEDGE, HANDLER, {})
WORK: tuple[Step, ...] = (
    (E.ROLL, CREW, {}),
    (E.ARRIVE, CREW, {}),
    (E.CONTROL, CREW, {"feedback": "已控制"}),
    (E.RESOLVE, HANDLER, {"result": "已处置"}),
    (E.START_VERIFICATION, VERIFIER, {}),
)
TO_VERIFYING: tuple[Step, ...] = (ACCEPT, DISPATCH, SIGN, *WORK)


async def act(pool: Pool, ticket_id: int, *steps: Step, at: datetime = AT) -> Ticket:
    """Do steps that must all be allowed, a transaction each."""
    async with pool.acquire() as conn:
        ticket = await read_ticket(conn, ticket_id)
    for event, actor, fields in steps:
        async with transaction(pool, scope=SYSTEM) as conn:
            given = await shown(conn, event, actor, fields, at)
            acted = await acting.act(conn, ticket_id, Action(event, ticket.version, "理由", given), actor, at)
        ticket = acted.ticket
    return ticket


async def shown(
    conn: Connection, event: TicketEvent, actor: Actor, fields: dict[str, Any], at: datetime
) -> dict[str, Any]:
    """The fields with a new photo, where the action has to show one and says nothing of it itself."""
    if event not in (E.RESOLVE, E.INSPECT_OK) or "attachments" in fields:
        return fields
    return {**fields, "attachments": [await photo(conn, actor.id, at)]}


def event(name: str, *, kind: str = "streetlight_out", call_id: int | None = None, at: datetime = AT) -> Event:
    return Event(
        uid=event_uid("town", name),
        content_hash=bytes(8),
        source=EventSource.HOTLINE if call_id is not None else EventSource.DEVICE_EVENT,
        source_class=SourceClass.HOTLINE if call_id is not None else SourceClass.SENSOR,
        kind=kind,
        severity=3,
        subject=name,
        call_id=call_id,
        area_id="tt-east-1",
        area_path=PATH,
        received_at=at,
        effective_at=at,
        time_quality=TimeQuality.RECEIVED,
        body={},
        stream="town",
        seq=1,
    )


def change(
    incident_id: int,
    case_id: int,
    mode: KindMode,
    *events: Event,
    kind: str = "streetlight_out",
    grade: int = 4,
    opened: bool = True,
    absorbed: tuple[tuple[int, int, bytes], ...] = (),
) -> IncidentChange:
    return IncidentChange(
        incident_id=incident_id,
        number=f"T-{incident_id}",
        case_id=case_id,
        kind=kind,
        mode=mode,
        grade=grade,
        opened=opened,
        late=False,
        area_id="tt-east-1",
        area_path=PATH,
        place="东一路3号",
        lon=None,
        lat=None,
        opened_at=AT,
        new_events=events,
        absorbed=absorbed,
        row={},
    )


@dataclass(frozen=True, slots=True)
class StepOfTown:
    """What the stages of tickets and escalation read of a step."""

    conn: Connection
    at: datetime
    rulebook: Rulebook
    incidents: tuple[IncidentChange, ...] = ()

    @classmethod
    async def begin(cls, conn: Connection, at: datetime, *changes: IncidentChange) -> Self:
        return cls(conn, at, await read_rulebook(conn), changes)
