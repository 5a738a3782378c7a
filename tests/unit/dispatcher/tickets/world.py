"""A small city for the pure ticket rules: seeded limits and ladder, real working days, and a few organisations."""

import csv
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources

from dispatcher.tickets import effects, lifecycle
from dispatcher.tickets.clocks import Rules
from dispatcher.tickets.model import Action, Actor, Report, Role, Ticket, TicketDraft, TicketEvent, TicketId, TicketKind
from dispatcher.tickets.questions import Context
from dispatcher.tickets.refusing import Refused
from registry.calendar import WorkCalendar, known_days
from registry.call_rules import CallRules
from registry.limits import EscalationAction, EscalationStep, Ladder, Limit, LimitBook, LimitUnit
from registry.organisations import DutyHours, Organisation, OrganisationKind

CITY, DISTRICT, STREET = "cd", "cd-jh", "cd-jh-wp"
PATH = (CITY, DISTRICT, STREET)
# A Wednesday morning in Chengdu.
AT = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("registry").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


LIMITS = LimitBook(
    Limit(
        id=number,
        version=1,
        kind=row["kind"] or None,
        clock=row["clock"],
        grade=int(row["grade"]) if row["grade"] else None,
        condition=row["condition"] or None,
        value=int(row["value"]),
        unit=LimitUnit(row["unit"]),
        source=row["source"],
    )
    for number, row in enumerate(_rows("limits"), start=1)
)
LADDER = Ladder(
    EscalationStep(
        version=1,
        step=int(row["step"]),
        grade=int(row["grade"]),
        clock=row["clock"] or None,
        after_pct=int(row["after_pct"]) if row["after_pct"] else None,
        after_value=int(row["after_value"]) if row["after_value"] else None,
        after_unit=LimitUnit(row["after_unit"]) if row["after_unit"] else None,
        action=EscalationAction(row["action"]),
        source=row["source"],
    )
    for row in _rows("escalation_steps")
)
CALENDAR = WorkCalendar({day: worked for day, (worked, _) in known_days().items()})
CALLS = CallRules(tries=3, try_days=2, from_h=9, until_h=20, again_after_h=2)
RULES = Rules(LIMITS, CALENDAR, LADDER, CALLS)


def organisation(
    name: str,
    *,
    department: str | None = None,
    area: str = DISTRICT,
    kind: OrganisationKind = OrganisationKind.DEPARTMENT,
    duty: DutyHours = DutyHours.ALWAYS,
) -> Organisation:
    path = PATH[: PATH.index(area) + 1] if area in PATH else (CITY, area)
    return Organisation(name, kind, department, area, path, name, name, duty)


FIRE = organisation("fire", department="fire_rescue")
POLICE = organisation("police", department="public_security")
HOUSING = organisation("housing", department="housing_construction", duty=DutyHours.OFFICE)
DESK = organisation("desk", kind=OrganisationKind.DUTY_DESK)
COMMITTEE = organisation("committee-qs", area=STREET, kind=OrganisationKind.COMMITTEE)
CHECKERS = organisation("checkers", department="online_governance")
ORGANISATIONS = {each.id: each for each in (FIRE, POLICE, HOUSING, DESK, COMMITTEE, CHECKERS)}
CONTEXT = Context(ORGANISATIONS, RULES)


def person(role: Role, unit: str | None = None, area: str | None = DISTRICT) -> Actor:
    return Actor(f"user:{role.value}-{unit}", role.value, frozenset({role}), unit, area)


OFFICER = person(Role.DUTY_OFFICER, "desk")
LEADER = person(Role.SHIFT_LEADER, "desk")
TAKER = person(Role.CALL_TAKER, "desk")
HANDLER = person(Role.DEPT_HANDLER, "fire")
HEAD = person(Role.DEPT_HEAD, "fire")
CO_HANDLER = person(Role.DEPT_HANDLER, "police")
CO_HEAD = person(Role.DEPT_HEAD, "police")
CREW = person(Role.FIELD_UNIT, "fire")
VERIFIER = person(Role.VERIFIER, "checkers")
SUBDISTRICT = person(Role.SUBDISTRICT, "street")
SUPERVISOR = person(Role.SUPERVISOR, "desk")
AGENT = person(Role.CALLBACK_AGENT, "checkers")
RULE = Actor.rule("auto")

Step = tuple[TicketEvent, Actor, dict[str, object]]

E = TicketEvent
ACCEPT: Step = (E.ACCEPT, OFFICER, {})
DISPATCH: Step = (E.DISPATCH, OFFICER, {"lead": "fire", "co": ["police"]})
SIGN: Step = (E.ACKNOWLEDGE, HANDLER, {})
WORK: tuple[Step, ...] = (
    (E.ROLL, CREW, {}),
    (E.ARRIVE, CREW, {}),
    (E.CONTROL, CREW, {"feedback": "火势已控制"}),
    (E.RESOLVE, HANDLER, {"result": "已扑灭"}),
)
TO_RESOLVED: tuple[Step, ...] = (ACCEPT, DISPATCH, SIGN, *WORK)
TO_VERIFYING: tuple[Step, ...] = (*TO_RESOLVED, (E.START_VERIFICATION, VERIFIER, {}))


def opened(
    *,
    kind: str = "streetlight_out",
    grade: int = 4,
    demand: str | None = None,
    reports: int = 0,
    time_critical: bool = False,
    at: datetime = AT,
    ticket_kind: TicketKind = TicketKind.CALL_RESPONSE,
) -> Ticket:
    draft = TicketDraft(
        ticket_kind=ticket_kind,
        case_id=1,
        incident_id=1,
        kind=kind,
        time_critical=time_critical,
        grade=grade,
        demand=demand,
        area_id=STREET,
        area_path=PATH,
        place="3-1204",
        lon=None,
        lat=None,
    )
    ticket = replace(effects.opened(draft, at, RULES), id=TicketId(1))
    for call_id in range(1, reports + 1):
        ticket = effects.joined(ticket, Report(call_id, at, callback_wanted=True), None, RULES)
    return ticket


def attempt(
    ticket: Ticket,
    step: Step,
    *,
    at: datetime = AT,
    reason: str | None = "理由",
    context: Context = CONTEXT,
) -> lifecycle.Decided | Refused:
    event, actor, fields = step
    return lifecycle.decide(ticket, Action(event, ticket.version, reason, fields), actor, at, context)


def done(ticket: Ticket, *steps: Step, at: datetime = AT, context: Context = CONTEXT) -> Ticket:
    """The ticket after steps that must all be allowed."""
    for step in steps:
        decided = attempt(ticket, step, at=at, context=context)
        assert isinstance(decided, lifecycle.Decided), (step[0], decided)
        ticket = decided.ticket
    return ticket


def refused(
    ticket: Ticket,
    step: Step,
    *,
    at: datetime = AT,
    reason: str | None = "理由",
    context: Context = CONTEXT,
) -> Refused:
    """Why a step that must not be allowed is refused."""
    decided = attempt(ticket, step, at=at, reason=reason, context=context)
    assert isinstance(decided, Refused), step
    return decided
