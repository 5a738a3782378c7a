"""The rules that may refuse an action, one small predicate each. True means: it may go on."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from dispatcher.tickets import clocks
from dispatcher.tickets.evidence_guards import EVIDENCE_GUARDS
from dispatcher.tickets.grammar import Effect, Guard, Unit
from dispatcher.tickets.joint_guards import JOINT_GUARDS
from dispatcher.tickets.model import ClockName, RequestKind, Role, TicketEvent, TicketKind, TicketState
from dispatcher.tickets.questions import GRAVE, Question, call_to_settle, is_open
from registry.limits import DAYS_OF
from registry.organisations import OrganisationKind

_WEIGHTY_DEMANDS: Final = ("complaint", "report")
_ANSWERED_AT_ONCE: Final = ("consultation", "praise", "suggestion")
_UNMERGE_H: Final = 24
_SUSPENSIONS: Final = 2

NEEDS_FIELDS: Final = frozenset(
    {
        Guard.ONE_LEAD,
        Guard.KNOWN_ORGANISATION,
        Guard.ART45,
        Guard.LEAD_NOT_COMPLAINED_OF,
        Guard.GRADE_DIFFERS,
        Guard.CALL_WAITS,
        Guard.REASON_UNLESS_RESOLVED,
        Guard.TRIES_BEFORE_UNREACHABLE,
        Guard.CONSULTATION_ONLY,
        Guard.SURVIVOR_FITS,
        Guard.KNOWN_TICKET,
        Guard.REPORT_OF_TICKET,
        Guard.BACKFILL_PLAUSIBLE,
        Guard.ENTRY_STRIKABLE,
        Guard.SUBTASK_KNOWN,
        Guard.SUBTASK_STATE,
        Guard.SUBTASK_OF_UNIT,
        Guard.PREDECESSOR_FINISHED,
        Guard.UNIT_ASSIGNED,
        Guard.LEC_AGREES,
        Guard.PLAN_WITHIN_LIMIT,
        Guard.RESIDUAL_ACCEPTED,
        Guard.FALLBACK_KNOWN,
        Guard.ATTACHMENT_KNOWN,
        Guard.PHOTO_NOT_REUSED,
        Guard.PHOTOS_SUFFICIENT,
        Guard.EVIDENCE_STANDS,
    }
)
"""Guards that say nothing before the fields are filled."""


def passes(guard: Guard, question: Question) -> bool:
    """Whether a guard lets the action through."""
    return _GUARDS[guard](question)


def _one_lead(question: Question) -> bool:
    lead, co = question.fields.get("lead"), question.fields.get("co", ())
    return lead is not None and lead not in co


def _known(question: Question) -> bool:
    return all(each in question.context.organisations for each in question.named)


def _no_committee(question: Question) -> bool:
    known = question.context.organisations
    return all(known[each].kind is not OrganisationKind.COMMITTEE for each in question.named if each in known)


def _independent(question: Question) -> bool:
    return question.actor.organisation_id not in question.ticket.handling_units


def _lead_not_complained_of(question: Question) -> bool:
    # Who ends the work is the lead that stands; who assigns names one, or lets the desk of the district take it.
    standing = question.ticket.lead_organisation_id if question.row.unit is Unit.LEAD else None
    lead = question.fields.get("lead", standing)
    if Effect.FALL_BACK in question.row.effects:
        lead = question.context.fallback
    return lead not in question.ticket.complained_of


def _within_window(question: Question) -> bool:
    assignment = question.ticket.assignment_of(question.actor.organisation_id)
    return assignment is not None and is_open(question, ClockName.RETURN_WINDOW, assignment.assigned_at)


def _complaint(question: Question) -> bool:
    ticket = question.ticket
    # Also where the first report asked for help, and a later one complains of a unit: Art. 50 protects it.
    weighty = ticket.demand in _WEIGHTY_DEMANDS or bool(ticket.complained_of)
    return not weighty and ticket.objection_count == 0


def _grave_return(question: Question) -> bool:
    return question.ticket.grade > GRAVE or Role.SHIFT_LEADER in question.actor.roles


def _no_injured(question: Question) -> bool:
    # Also one that was graded down before: the gravest that its incidents had counts.
    gravest = min(question.ticket.grade, question.ticket.incident_grade)
    return gravest > GRAVE or question.ticket.injured == 0


def _unsigned(question: Question) -> bool:
    assignment = question.ticket.assignment_of(question.actor.organisation_id)
    return assignment is not None and assignment.signed_at is None


def _call_waits(question: Question) -> bool:
    # Without a named report an empty list is no obstacle: withdrawals may have emptied it meanwhile.
    return question.fields.get("call_id") is None or call_to_settle(question) is not None


def _tried(question: Question) -> bool:
    if question.fields.get("outcome") != "unreachable":
        return True
    call_id = call_to_settle(question)
    tries = next((each.attempts for each in question.ticket.reports if each.call_id == call_id), ())
    return question.context.rules.calls.is_unreachable(tries)


def _consultation(question: Question) -> bool:
    return question.fields.get("demand", question.ticket.demand) in _ANSWERED_AT_ONCE


def _survivor_fits(question: Question) -> bool:
    if question.actor.is_rule:
        return True  # The incidents themselves became one.
    ticket, other = question.ticket, question.context.others.get(question.fields["survivor"])
    return (
        other is not None
        and other.id != ticket.id
        and other.open
        and other.ticket_kind is ticket.ticket_kind
        and other.grade <= ticket.grade
        and (other.accepted_at is not None or ticket.accepted_at is None)
        and (
            not ticket.area_path
            or not other.area_path
            or ticket.area_path[-1] in other.area_path
            or other.area_path[-1] in ticket.area_path
        )
    )


def _unmerge_in_time(question: Question) -> bool:
    ticket = question.ticket
    survivor = question.context.others.get(ticket.merged_into or 0)
    if ticket.closed_at is None or survivor is None or not survivor.open:
        return False
    return question.at <= ticket.closed_at + timedelta(hours=_UNMERGE_H)


def _known_ticket(question: Question) -> bool:
    named = question.fields.get("ticket", question.fields.get("survivor"))
    return named != question.ticket.id and (named in question.context.others or question.actor.is_rule)


def _report_of_ticket(question: Question) -> bool:
    named = question.fields.get("call_id")
    return named is None or any(report.call_id == named for report in question.ticket.reports)


def _award_not_final(question: Question) -> bool:
    ticket = question.ticket
    return ticket.arbitration_count == 0 if question.row.event is TicketEvent.REQUEST_RETURN else not ticket.final_award


def _supervisor_decides_last(question: Question) -> bool:
    return question.ticket.arbitration_count == 0 or Role.SUPERVISOR in question.actor.roles


def _no_other_open(question: Question) -> bool:
    converts = question.row.event is TicketEvent.CONVERT
    kind = TicketKind.JOINT_RECTIFICATION if converts else question.ticket.ticket_kind
    return kind not in question.context.open_kinds


def _backfill(question: Question) -> bool:
    named = question.fields.get("happened_at")
    if named is None:
        return True
    assignment = question.ticket.assignment_of(question.actor.organisation_id)
    happened_at = datetime.fromisoformat(named)
    return (
        assignment is not None
        and assignment.assigned_at <= happened_at <= question.at
        and bool((question.reason or "").strip())
    )


def _own_request(question: Question) -> bool:
    return question.request is None or question.request.asked_by != question.actor.id


def _extension_fits(question: Question) -> bool:
    ticket = question.ticket
    joint = ticket.ticket_kind is TicketKind.JOINT_RECTIFICATION
    clock = ClockName.RECTIFY if joint else ClockName.RESOLVE
    run = next((each for each in ticket.running if each.clock is clock), None)
    limit = clocks.find_limit(ticket, clock, question.context.rules)
    if run is None or limit is None or question.at > run.due_at or ticket.granted(RequestKind.EXTENSION):
        return False
    days = question.fields.get("days", question.request.days if question.request is not None else None)
    fits = days is None or days <= limit.value * DAYS_OF[limit.unit]
    return fits and (joint or ticket.grade > 1)


def _approver(question: Question) -> bool:
    ticket, roles = question.ticket, question.actor.roles
    second = question.row.decides is RequestKind.SUSPENSION and ticket.granted(RequestKind.SUSPENSION) > 0
    if second or (ticket.grade == GRAVE and question.row.decides is RequestKind.EXTENSION):
        return Role.SUPERVISOR in roles
    suspends = question.row.decides is RequestKind.SUSPENSION
    if ticket.grade <= GRAVE or (ticket.grade == 3 and not suspends):
        return bool(roles & {Role.SHIFT_LEADER, Role.SUPERVISOR})
    return True


def _suspension_fits(question: Question) -> bool:
    ticket = question.ticket
    if ticket.granted(RequestKind.SUSPENSION) >= _SUSPENSIONS:
        return False
    if ticket.ticket_kind is TicketKind.JOINT_RECTIFICATION:
        return True
    return ticket.grade > GRAVE or (ticket.grade == GRAVE and ticket.state is TicketState.CONTROLLED)


def _controlled_first(question: Question) -> bool:
    ticket = question.ticket
    return ticket.controlled_at is not None or (ticket.grade > GRAVE and not ticket.converted)


_GUARDS: Final[Mapping[Guard, Callable[[Question], bool]]] = {
    Guard.ONE_LEAD: _one_lead,
    Guard.KNOWN_ORGANISATION: _known,
    Guard.ART45: _no_committee,
    Guard.NOT_OF_HANDLING_UNIT: _independent,
    Guard.LEAD_NOT_COMPLAINED_OF: _lead_not_complained_of,
    Guard.NOT_OF_UNIT_COMPLAINED_OF: lambda q: q.actor.organisation_id not in q.ticket.complained_of,
    Guard.LEAD_HAS_TO_LEAVE: lambda q: q.ticket.lead_organisation_id in q.ticket.complained_of,
    Guard.WITHIN_RETURN_WINDOW: _within_window,
    Guard.RETURN_ONCE: lambda q: q.actor.organisation_id not in q.ticket.returns_requested,
    Guard.COMPLAINT_NEEDS_COUNTERSIGN: _complaint,
    Guard.GRAVE_RETURN_NEEDS_SHIFT_LEADER: _grave_return,
    Guard.NO_INJURED: _no_injured,
    Guard.NOT_SIGNED_BEFORE: _unsigned,
    Guard.GRADE_DIFFERS: lambda q: bool(q.fields.get("grade") != q.ticket.grade),
    Guard.CALL_WAITS: _call_waits,
    Guard.REASON_UNLESS_RESOLVED: lambda q: q.fields.get("outcome") == "resolved" or q.reason is not None,
    Guard.GRAVE_NEEDS_PERSON: lambda q: q.ticket.grade > GRAVE or not q.actor.is_rule,
    Guard.MILD_ONLY: lambda q: q.ticket.grade > GRAVE,
    Guard.CONSULTATION_ONLY: _consultation,
    Guard.OBJECTION_ONCE: lambda q: q.ticket.objection_count == 0,
    Guard.WITHIN_OBJECTION_WINDOW: lambda q: is_open(q, ClockName.OBJECT_WINDOW, q.ticket.closed_at),
    Guard.SURVIVOR_FITS: _survivor_fits,
    Guard.UNMERGE_IN_TIME: _unmerge_in_time,
    Guard.NO_OTHER_OPEN: _no_other_open,
    Guard.KNOWN_TICKET: _known_ticket,
    Guard.REPORT_OF_TICKET: _report_of_ticket,
    Guard.AWARD_NOT_FINAL: _award_not_final,
    Guard.DENIED_BEFORE: lambda q: q.actor.organisation_id in q.ticket.denied_units,
    Guard.APPEAL_ONCE: lambda q: q.actor.organisation_id not in q.ticket.appealed_units,
    Guard.SUPERVISOR_DECIDES_LAST: _supervisor_decides_last,
    Guard.FALLBACK_KNOWN: lambda q: q.context.fallback is not None,
    Guard.BACKFILL_PLAUSIBLE: _backfill,
    Guard.NOT_ASKED_YET: lambda q: q.row.asks is None or q.ticket.request(q.row.asks) is None,
    Guard.ASKED: lambda q: q.request is not None,
    Guard.NOT_OWN_REQUEST: _own_request,
    Guard.EXTENSION_FITS: _extension_fits,
    Guard.APPROVER_OF_GRADE: _approver,
    Guard.SUSPENSION_FITS: _suspension_fits,
    Guard.CONTROLLED_FIRST: _controlled_first,
    Guard.CALLING_HOURS: lambda q: q.context.rules.calls.are_hours(q.at),
    Guard.TRIES_BEFORE_UNREACHABLE: _tried,
    Guard.MASS_INCIDENT: lambda q: q.ticket.mass,
    Guard.WITHIN_REOPEN_WINDOW: lambda q: is_open(q, ClockName.REOPEN_WINDOW, q.ticket.closed_at),
    Guard.ENTRY_STRIKABLE: lambda q: q.fields.get("entry") in q.context.strikable,
    Guard.REPLY_DUE: lambda q: any(
        run.clock is ClockName.REPLY and run.organisation_id == q.actor.organisation_id for run in q.ticket.running
    ),
    **JOINT_GUARDS,
    **EVIDENCE_GUARDS,
}
