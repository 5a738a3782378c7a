"""The rules of sub-tasks and of joint rectification, one small predicate each. True means: it may go on."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Final

from dispatcher.accounts.model import UserRole
from dispatcher.tickets import clocks
from dispatcher.tickets.conditions import lead_signed, unsigned_co
from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import ClockName, TicketEvent
from dispatcher.tickets.questions import GRAVE, Question, is_open
from dispatcher.tickets.subtasks import FINISHED, SUBTASK_MOVES
from registry.limits import DAYS_OF

# LEC: the product of the three factors, and the level from which on it counts (practice of inspectors, D = L x E x C).
_LEC_LEVELS: Final = ((320, 1), (160, 2), (70, 3), (0, 4))
_LEC: Final = ("lec_likelihood", "lec_exposure", "lec_consequence")


def _subtask_state(question: Question) -> bool:
    subtask = question.ticket.subtask(question.fields.get("subtask"))
    return subtask is not None and subtask.state in SUBTASK_MOVES[question.row.event].from_states


def _subtask_of_unit(question: Question) -> bool:
    subtask = question.ticket.subtask(question.fields.get("subtask"))
    return subtask is not None and subtask.organisation_id == question.actor.organisation_id


def _predecessor(question: Question) -> bool:
    ticket, named = question.ticket, question.fields.get("after")
    if question.row.event is TicketEvent.ADD_SUBTASK:  # It names one that exists, so that no circle can be.
        return named is None or ticket.subtask(named) is not None
    subtask = ticket.subtask(question.fields.get("subtask"))
    before = ticket.subtask(subtask.after) if subtask is not None and subtask.after is not None else None
    return before is None or before.state in FINISHED


def _unit_assigned(question: Question) -> bool:
    return question.ticket.assignment_of(question.fields.get("assignee")) is not None


def _level_decider(question: Question) -> bool:
    # The graver of what the ticket has and what the decision gives it.
    levels = [question.ticket.grade, *(question.fields.get(name, 4) for name in ("level", "grade"))]
    return min(levels) > GRAVE or UserRole.SUPERVISOR in question.actor.roles


def _lec_agrees(question: Question) -> bool:
    factors = [question.fields.get(name) for name in _LEC]
    if all(each is None for each in factors):
        return True
    if any(each is None for each in factors):
        return False
    product = prod(float(each) for each in factors if each is not None)
    level: int = next(level for floor, level in _LEC_LEVELS if product >= floor)
    return bool(question.fields.get("level") == level)


def _plan_within_limit(question: Question) -> bool:
    limit = clocks.find_limit(question.ticket, ClockName.RECTIFY, question.context.rules)
    days: int = question.fields.get("days", 0)
    return question.ticket.grade == 4 or limit is None or days <= limit.value * DAYS_OF[limit.unit]


def _publicity_runs(question: Question) -> bool:
    return is_open(question, ClockName.PUBLICITY, question.ticket.publicity_from)


def _all_cosigned(question: Question) -> bool:
    return unsigned_co(question.ticket) == 0


JOINT_GUARDS: Final[Mapping[Guard, Callable[[Question], bool]]] = {
    Guard.SUBTASKS_DONE: lambda q: not any(each.stands_in_the_way for each in q.ticket.subtasks),
    Guard.SUBTASK_KNOWN: lambda q: q.ticket.subtask(q.fields.get("subtask")) is not None,
    Guard.SUBTASK_STATE: _subtask_state,
    Guard.SUBTASK_OF_UNIT: _subtask_of_unit,
    Guard.PREDECESSOR_FINISHED: _predecessor,
    Guard.UNIT_ASSIGNED: _unit_assigned,
    Guard.LEVEL_DECIDER: _level_decider,
    Guard.LEC_AGREES: _lec_agrees,
    Guard.LEAD_SIGNED: lambda q: lead_signed(q.ticket),
    Guard.ALL_COSIGNED: _all_cosigned,
    Guard.PLAN_WITHIN_LIMIT: _plan_within_limit,
    Guard.PUBLICITY_OVER: lambda q: not _publicity_runs(q),
    Guard.PUBLICITY_RUNS: _publicity_runs,
    Guard.RESIDUAL_ACCEPTED: lambda q: q.ticket.residual_grade == 4 or q.fields.get("accepted_by") is not None,
}
