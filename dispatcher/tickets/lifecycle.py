"""The life of a ticket: which action is allowed, to whom, and what the ticket is after it. Pure: time is given."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from dispatcher.tickets import clocks, effects, reporting
from dispatcher.tickets.conditions import holds
from dispatcher.tickets.deeds import Deed
from dispatcher.tickets.evidence_guards import elsewhere
from dispatcher.tickets.grammar import Effect, Guard, Row, Unit
from dispatcher.tickets.guards import NEEDS_FIELDS, passes
from dispatcher.tickets.model import (
    RULE_ROLE,
    Action,
    Actor,
    ClockName,
    Entry,
    Ticket,
    TicketEvent,
    Transition,
)
from dispatcher.tickets.questions import Context, Question, call_to_settle
from dispatcher.tickets.refusing import RefusalReason, Refused, check_fields
from dispatcher.tickets.transitions import rows_for, rows_of
from registry.limits import EscalationAction

_ABOUT_REUSE: Final = frozenset({Guard.PHOTO_NOT_REUSED, Guard.PHOTOS_SUFFICIENT, Guard.EVIDENCE_STANDS})


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
    refusal = check_fields(ticket, chosen, action)
    if refusal is not None:
        return refusal
    question = Question(ticket, chosen, actor, at, action.fields, action.reason, context)
    broken = next((guard for guard in chosen.guards if not passes(guard, question)), None)
    if broken is not None:
        reused = elsewhere(question) if broken in _ABOUT_REUSE else ()
        return Refused(RefusalReason.GUARD, action.event, ticket.state, guard=broken, elsewhere=reused)
    fields = _filled(question, action)
    deed = Deed(chosen, fields, actor.organisation_id, at, actor.id, _role(chosen, actor))
    after = effects.follow(ticket, deed, context.rules)
    return Decided(after, chosen, _record(ticket, after, deed, action, actor))


def allowed_actions(ticket: Ticket, actor: Actor, at: datetime, context: Context) -> tuple[Row, ...]:
    """The rows that this actor may use now, as far as that can be said before the fields are filled."""
    return tuple(
        row
        for row in rows_of(ticket.ticket_kind, ticket.state)
        if holds(row.when, ticket)
        and _refused_by_person(ticket, row, actor) is None
        and all(
            passes(guard, Question(ticket, row, actor, at, {}, None, context))
            for guard in row.guards
            if guard not in NEEDS_FIELDS
        )
    )


def raise_with_incident(ticket: Ticket, grade: int, at: datetime, rules: clocks.Rules) -> Ticket:
    """Follow a graver incident. A milder grade that an officer set stands until the incident is graver than ever."""
    if grade >= ticket.incident_grade:
        return ticket
    changed = effects.regraded(ticket, grade, at, rules) if grade < ticket.grade else ticket
    return replace(changed, incident_grade=grade)


def _choose(ticket: Ticket, event: TicketEvent, actor: Actor) -> Row | Refused:
    rows = [row for row in rows_for(ticket.ticket_kind, event, ticket.state) if holds(row.when, ticket)]
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
        fits = is_of_unit(ticket, row.unit, actor.organisation_id)
        return None if fits else Refused(RefusalReason.MISSING_ORGANISATION, row.event, ticket.state, roles=row.roles)
    # What lies in no area lies in everybody's: it must not be orphaned.
    if actor.area_id is not None and ticket.area_path and actor.area_id not in ticket.area_path:
        return Refused(RefusalReason.MISSING_AREA, row.event, ticket.state, roles=row.roles)
    return None


def is_of_unit(ticket: Ticket, unit: Unit, organisation_id: str | None) -> bool:
    """Whether an organisation has the part in the ticket that a row asks for."""
    assignment = ticket.assignment_of(organisation_id)
    return assignment is not None and (unit is Unit.ASSIGNED or unit.value == assignment.role.value)


def _filled(question: Question, action: Action) -> dict[str, Any]:
    """The fields as the log keeps them: as asked, and what the rules themselves filled in."""
    ticket, row = question.ticket, question.row
    fields = dict(action.fields)
    if action.routing is not None:
        fields["routing"] = dict(action.routing)
    if Effect.CALL_BACK in row.effects or Effect.NOTE_ATTEMPT in row.effects:
        fields["call_id"] = call_to_settle(question)
    if Effect.REGRADE in row.effects or Effect.SET_LEVEL in row.effects:
        fields["was"] = ticket.grade
    if Effect.FALL_BACK in row.effects:
        fields["lead"] = question.context.fallback
    if Effect.POINT_TO_SURVIVOR in row.effects:
        fields["call_ids"] = [report.call_id for report in ticket.reports]
    if Effect.RESTORE in row.effects:
        survivor = question.context.others[ticket.merged_into or 0]
        back = [each for each in survivor.reports if each.call_id in ticket.merged_reports]
        fields["reports"] = [reporting.as_record(each) for each in back]
    if row.decides is not None and question.request is not None:
        fields["request"] = question.request.number
    return fields


def _role(row: Row, actor: Actor) -> str:
    return RULE_ROLE if actor.is_rule else next(role.value for role in row.roles if role in actor.roles)


def _record(before: Ticket, after: Ticket, deed: Deed, action: Action, actor: Actor) -> Transition | Entry:
    row, at = deed.row, deed.at
    if row.entry is not None:
        body: dict[str, Any] = dict(deed.fields)
        if action.reason is not None:
            body["reason"] = action.reason
        return Entry(
            version=after.version,
            at=at,
            entry=row.entry,
            actor=actor.id,
            actor_name=actor.name,
            actor_role=deed.role,
            body=body,
        )
    return Transition(
        version=after.version,
        event=row.event,
        from_state=before.state,
        to_state=after.state,
        actor=actor.id,
        actor_name=actor.name,
        actor_role=deed.role,
        organisation_id=actor.organisation_id,
        at=at,
        reason=action.reason,
        fields=deed.fields,
    )


def fired(
    ticket: Ticket, key: tuple[ClockName, str, int], action: EscalationAction, at: datetime, rules: clocks.Rules
) -> Ticket:
    """The ticket after a step of the ladder was taken for one of its clocks; a supervision order wants an answer."""
    run = next(each for each in ticket.clocks if each.key == key)
    ticket = replace(
        ticket,
        clocks=tuple(
            clocks.fire(each, action, ticket.grade, rules) if each.key == key else each for each in ticket.clocks
        ),
    )
    if action is EscalationAction.SUPERVISE:
        unit = run.organisation_id or ticket.lead_organisation_id
        if unit is not None:
            ticket = clocks.start(ticket, ClockName.REPLY, at, rules, organisation_id=unit)
    if action is EscalationAction.URGE and run.clock is ClockName.RECTIFY:
        ticket = replace(ticket, supervised=True)
    return ticket


def _events_in(ticket: Ticket) -> tuple[TicketEvent, ...]:
    found = [row.event for row in rows_of(ticket.ticket_kind, ticket.state) if holds(row.when, ticket)]
    return tuple(dict.fromkeys(found))
