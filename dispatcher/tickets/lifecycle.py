"""The life of a ticket: which action is allowed, to whom, and what the ticket is after it. Pure: time is given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from dispatcher.tickets import clocks, effects
from dispatcher.tickets.grammar import Effect, Field, FieldType, Guard, Row, Unit
from dispatcher.tickets.guards import NEEDS_FIELDS, Context, Question, call_to_settle, holds, passes
from dispatcher.tickets.model import (
    RULE_ROLE,
    Action,
    Actor,
    ClockName,
    Entry,
    EntryKind,
    Report,
    Role,
    Ticket,
    TicketEvent,
    TicketState,
    Transition,
)
from dispatcher.tickets.transitions import TRANSITIONS, rows_for

_TEXT_MAX: Final = 4000
_UNITS_MAX: Final = 20
_ID_MAX: Final = 64


class RefusalReason(StrEnum):
    """Why an action was refused."""

    TRANSITION_NOT_ALLOWED = "transition_not_allowed"  # The state has no such action.
    MISSING_ROLE = "missing_role"  # None of the actor's roles may do it.
    MISSING_AREA = "missing_area"  # The ticket lies outside the actor's area.
    MISSING_ORGANISATION = "missing_organisation"  # Only a unit assigned in the right part may do it.
    REASON_MISSING = "reason_missing"  # The action needs a reason in words.
    FIELD_MISSING = "field_missing"
    FIELD_INVALID = "field_invalid"
    FIELD_UNKNOWN = "field_unknown"
    GUARD = "guard"  # A rule of the action; `guard` names it.


@dataclass(frozen=True, slots=True)
class Refused:
    """An action that is not allowed, and why; `allowed` are the actions that this state has."""

    reason: RefusalReason
    event: TicketEvent
    state: TicketState
    guard: Guard | None = None
    field: str | None = None
    roles: tuple[Role, ...] = ()
    allowed: tuple[TicketEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """The ticket after an action, and the one line that the record gains."""

    ticket: Ticket
    row: Row
    record: Transition | Entry


def decide(ticket: Ticket, action: Action, actor: Actor, at: datetime, context: Context) -> Decided | Refused:
    """Judge one action. The version is not compared here: the store does that against the row."""
    chosen = _choose(ticket, action.event, actor)
    if isinstance(chosen, Refused):
        return chosen
    refusal = _check_fields(ticket, chosen, action)
    if refusal is not None:
        return refusal
    question = Question(ticket, actor, at, action.fields, action.reason, context)
    broken = next((guard for guard in chosen.guards if not passes(guard, question)), None)
    if broken is not None:
        return Refused(RefusalReason.GUARD, action.event, ticket.state, guard=broken)
    fields = dict(action.fields)
    if action.routing is not None:
        fields["routing"] = dict(action.routing)
    if Effect.CALL_BACK in chosen.effects:
        fields["call_id"] = call_to_settle(question)
    if Effect.REGRADE in chosen.effects:
        fields["was"] = ticket.grade
    after = effects.follow(ticket, effects.Deed(chosen, fields, actor.organisation_id, at), context.rules)
    return Decided(after, chosen, _record(ticket, after, chosen, action, actor, at, fields))


def allowed_actions(ticket: Ticket, actor: Actor, at: datetime, context: Context) -> tuple[Row, ...]:
    """The rows that this actor may use now, as far as that can be said before the fields are filled."""
    question = Question(ticket, actor, at, {}, None, context)
    return tuple(
        row
        for row in TRANSITIONS
        if ticket.state in row.from_states
        and holds(row.when, ticket)
        and _refused_by_person(ticket, row, actor) is None
        and all(passes(guard, question) for guard in row.guards if guard not in NEEDS_FIELDS)
    )


def replay(origin: Ticket, log: Iterable[Transition | Entry], rules: clocks.Rules) -> Ticket:
    """Recompute a ticket and all its clocks from its log. `origin` is the ticket as it was opened.

    Raises LookupError where the table does not know a line of the log.
    """
    ticket = origin
    for record in log:
        if isinstance(record, Entry):
            ticket = _replay_entry(ticket, record, rules)
        elif record.event is not TicketEvent.SUBMIT:
            row = _row_behind(ticket, record)
            deed = effects.Deed(row, record.fields, record.organisation_id, record.at)
            ticket = effects.follow(ticket, deed, rules)
    return ticket


def raise_with_incident(ticket: Ticket, grade: int, at: datetime, rules: clocks.Rules) -> Ticket:
    """Follow a graver incident. A milder grade that an officer set stands until the incident is graver than ever."""
    if grade >= ticket.incident_grade:
        return ticket
    changed = effects.regraded(ticket, grade, at, rules) if grade < ticket.grade else ticket
    return replace(changed, incident_grade=grade)


def _choose(ticket: Ticket, event: TicketEvent, actor: Actor) -> Row | Refused:
    rows = [row for row in rows_for(event, ticket.state) if holds(row.when, ticket)]
    if not rows:
        return Refused(RefusalReason.TRANSITION_NOT_ALLOWED, event, ticket.state, allowed=_events_in(ticket))
    refusals: list[Refused] = []
    for row in rows:
        refusal = _refused_by_person(ticket, row, actor)
        if refusal is None:
            return row
        refusals.append(refusal)
    # Of several rows the one that came closest explains best: who has the role but not the unit learns about the unit.
    return min(refusals, key=lambda refusal: refusal.reason is RefusalReason.MISSING_ROLE)


def _refused_by_person(ticket: Ticket, row: Row, actor: Actor) -> Refused | None:
    if actor.is_rule:
        return None if row.by_rule else Refused(RefusalReason.MISSING_ROLE, row.event, ticket.state, roles=row.roles)
    if not actor.roles & set(row.roles):
        return Refused(RefusalReason.MISSING_ROLE, row.event, ticket.state, roles=row.roles)
    if row.unit is not None:
        fits = _is_of_unit(ticket, row.unit, actor.organisation_id)
        return None if fits else Refused(RefusalReason.MISSING_ORGANISATION, row.event, ticket.state, roles=row.roles)
    # What lies in no area lies in everybody's: it must not be orphaned.
    if actor.area_id is not None and ticket.area_path and actor.area_id not in ticket.area_path:
        return Refused(RefusalReason.MISSING_AREA, row.event, ticket.state, roles=row.roles)
    return None


def _is_of_unit(ticket: Ticket, unit: Unit, organisation_id: str | None) -> bool:
    assignment = ticket.assignment_of(organisation_id)
    return assignment is not None and (unit is Unit.ASSIGNED or unit.value == assignment.role.value)


def _check_fields(ticket: Ticket, row: Row, action: Action) -> Refused | None:
    if row.needs_reason and not (action.reason or "").strip():
        return Refused(RefusalReason.REASON_MISSING, action.event, ticket.state, field="reason")
    if action.reason is not None and not _is_text(action.reason):
        return Refused(RefusalReason.FIELD_INVALID, action.event, ticket.state, field="reason")
    known = {field.name for field in row.fields}
    for name in action.fields:
        if name not in known:
            return Refused(RefusalReason.FIELD_UNKNOWN, action.event, ticket.state, field=name)
    for field in row.fields:
        value = action.fields.get(field.name)
        if value is None:
            if field.required or field.name in action.fields:
                return Refused(RefusalReason.FIELD_MISSING, action.event, ticket.state, field=field.name)
        elif not _fits(field, value):
            return Refused(RefusalReason.FIELD_INVALID, action.event, ticket.state, field=field.name)
    return None


def _fits(field: Field, value: Any) -> bool:
    match field.type:
        case FieldType.TEXT:
            return isinstance(value, str) and _is_text(value)
        case FieldType.ORGANISATION:
            return _is_id(value)
        case FieldType.ORGANISATIONS:
            return (
                isinstance(value, Sequence)
                and not isinstance(value, str)
                and len(value) <= _UNITS_MAX
                and all(map(_is_id, value))
                and len(set(value)) == len(value)
            )
        case FieldType.CHOICE:
            return value in field.choices
        case FieldType.INTEGER:
            return type(value) is int and field.minimum <= value <= field.maximum


def _is_text(value: str) -> bool:
    return len(value.strip()) > 0 and len(value) <= _TEXT_MAX and "\0" not in value


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _ID_MAX and "\0" not in value


def _record(
    before: Ticket, after: Ticket, row: Row, action: Action, actor: Actor, at: datetime, fields: Mapping[str, Any]
) -> Transition | Entry:
    role = RULE_ROLE if actor.is_rule else next(role.value for role in row.roles if role in actor.roles)
    if row.entry is not None:
        body: dict[str, Any] = dict(fields)
        if action.reason is not None:
            body["reason"] = action.reason
        return Entry(
            version=after.version,
            at=at,
            entry=row.entry,
            actor=actor.id,
            actor_name=actor.name,
            actor_role=role,
            body=body,
        )
    return Transition(
        version=after.version,
        event=row.event,
        from_state=before.state,
        to_state=after.state,
        actor=actor.id,
        actor_name=actor.name,
        actor_role=role,
        organisation_id=actor.organisation_id,
        at=at,
        reason=action.reason,
        fields=fields,
    )


def _row_behind(ticket: Ticket, record: Transition) -> Row:
    fitting = [
        row
        for row in rows_for(record.event, ticket.state)
        if row.entry is None
        and (row.to_state or ticket.state) is record.to_state
        and holds(row.when, ticket)
        and (row.unit is None or _is_of_unit(ticket, row.unit, record.organisation_id))
    ]
    if len(fitting) != 1 or record.from_state is not ticket.state:
        raise LookupError(record.event, record.from_state, record.to_state)
    return fitting[0]


def _replay_entry(ticket: Ticket, entry: Entry, rules: clocks.Rules) -> Ticket:
    body = entry.body
    match entry.entry:
        case EntryKind.CONTACT:
            return clocks.stop(ticket, entry.at, TicketEvent.CONTACT.value, clock=ClockName.CONTACT)
        case EntryKind.GRADE_CHANGED:
            return raise_with_incident(ticket, body["incident_grade"], entry.at, rules)
        case EntryKind.REPORT_JOINED:
            report = Report(body["call_id"], entry.at, body["callback_wanted"])
            return effects.joined(ticket, report, body.get("demand"), rules)
        case EntryKind.REMINDER | EntryKind.ESCALATION:
            return fired(ticket, ClockName(body["clock"]), body["organisation_id"], body["run"], body["pct"], rules)
        case _:
            return ticket


def fired(ticket: Ticket, clock: ClockName, organisation_id: str, run: int, pct: int, rules: clocks.Rules) -> Ticket:
    """The ticket after a threshold of one of its clocks fired."""
    return replace(
        ticket,
        clocks=tuple(
            clocks.fire(each, pct, ticket.grade, rules) if each.key == (clock, organisation_id, run) else each
            for each in ticket.clocks
        ),
    )


def _events_in(ticket: Ticket) -> tuple[TicketEvent, ...]:
    found = [row.event for row in TRANSITIONS if ticket.state in row.from_states and holds(row.when, ticket)]
    return tuple(dict.fromkeys(found))
