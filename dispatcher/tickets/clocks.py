"""When a clock ends and why: limits, working time, re-basing on a new grade, thresholds. Pure: time comes as `at`."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from dispatcher.tickets.model import ClockName, ClockRun, Ticket
from registry.calendar import SECONDS_A_WORKING_DAY, Reached, WorkCalendar
from registry.call_rules import CallRules
from registry.limits import EscalationAction, EscalationStep, Ladder, Limit, LimitBook, LimitUnit

_NATURAL_S: Final[Mapping[LimitUnit, int]] = {
    LimitUnit.MIN: 60,
    LimitUnit.H: 3600,
    LimitUnit.D: 86_400,
    # What a time-critical kind makes of working time: the hours and days go on at night.
    LimitUnit.WH: 3600,
    LimitUnit.WD: 86_400,
}
_WORKING: Final = (LimitUnit.WH, LimitUnit.WD)
BREACH_PCT: Final = 100
# An order to answer is not followed by another order to answer it.
_NEVER: Final = frozenset({(ClockName.REPLY, EscalationAction.SUPERVISE)})
# Its end is when a suspension is over; nobody breaks it.
_NO_BREACH: Final = frozenset({ClockName.REVIEW})
NOT_LIMITED: Final = "not_limited"


@dataclass(frozen=True, slots=True)
class Rules:
    """The data that clocks obey: limits, the working days, the ladder of escalation, and when residents are called."""

    limits: LimitBook
    calendar: WorkCalendar
    ladder: Ladder
    calls: CallRules


@dataclass(frozen=True, slots=True)
class Due:
    """Where a limit ends."""

    at: datetime
    working: bool
    provisional: bool
    explanation: Mapping[str, Any]


def due(
    limit: Limit,
    since: datetime,
    calendar: WorkCalendar,
    *,
    natural: bool,
    halved: bool = False,
    days: int | None = None,
    longer: bool = False,
) -> Due:
    """Count `limit` from `since`. `natural` turns working into natural time; half a working day is 4 working hours.

    `days` is what somebody named: working days for a limit in working time, else natural ones; it shortens the limit,
    and lengthens it only where `longer` says so.
    """
    working = limit.unit in _WORKING and not natural
    explanation: dict[str, Any] = {
        "limit": {
            "id": limit.id,
            "kind": limit.kind,
            "grade": limit.grade,
            "condition": limit.condition,
            "value": limit.value,
            "unit": limit.unit.value,
            "source": limit.source,
        },
        "counted": "working_time" if working else "natural_time",
        "time_critical": natural and limit.unit in _WORKING,
        "halved": halved,
        "since": since.isoformat(),
    }
    ends = _count(limit.value, limit.unit, since, calendar, working=working, halved=halved)
    if days is not None:
        named = _count(days, LimitUnit.WD if working else LimitUnit.D, since, calendar, working=working)
        if longer or named.at < ends.at:
            ends = named
            explanation["named_days"] = days
    if working:
        explanation["days_off"] = [day.isoformat() for day in ends.days_off]
        explanation["unknown_years"] = list(ends.unknown_years)
    return Due(ends.at, working=working, provisional=ends.provisional, explanation=explanation)


def start(
    ticket: Ticket,
    clock: ClockName,
    at: datetime,
    rules: Rules,
    *,
    organisation_id: str = "",
    halved: bool = False,
    subtask: int = 0,
    days: int | None = None,
    longer: bool = False,
) -> Ticket:
    """Start a clock; nothing changes where it runs already or where no limit rules it."""
    same = [run for run in ticket.clocks if run.clock is clock and run.organisation_id == organisation_id]
    limit = find_limit(ticket, clock, rules)
    if limit is None or any(run.running and run.subtask == subtask for run in same):
        return ticket
    ends = due(limit, at, rules.calendar, natural=ticket.time_critical, halved=halved, days=days, longer=longer)
    due_at, explanation = ends.at, ends.explanation
    external = ticket.external_due_at
    if clock is ClockName.RESOLVE and external is not None and external < due_at:
        due_at, explanation = external, {**explanation, "external_due_at": external.isoformat()}
    begun = ClockRun(
        clock=clock,
        organisation_id=organisation_id,
        run=len(same) + 1,
        limit_id=limit.id,
        halved=halved,
        working=ends.working,
        started_at=at,
        due_at=due_at,
        provisional=ends.provisional,
        explanation=explanation,
        subtask=subtask,
    )
    return replace(ticket, clocks=(*ticket.clocks, _with_next(begun, ticket.grade, rules)))


def stop(
    ticket: Ticket,
    at: datetime,
    reason: str,
    *,
    clock: ClockName | None = None,
    unit: str | None = None,
    subtask: int | None = None,
) -> Ticket:
    """Stop the running clocks of a name (None: all), of one unit (None: all). What ends late has been breached."""
    return replace(
        ticket,
        clocks=tuple(
            _stopped(run, at, reason)
            if run.running
            and clock in (None, run.clock)
            and unit in (None, run.organisation_id)
            and subtask in (None, run.subtask)
            else run
            for run in ticket.clocks
        ),
    )


def pause(ticket: Ticket, clocks: Collection[ClockName], at: datetime) -> Ticket:
    """Let clocks stand still; nothing of them comes due meanwhile."""
    return _changed(
        ticket,
        lambda run: run.clock in clocks and run.ticking,
        lambda run: replace(run, paused_at=at, next_action=None, next_at=None),
    )


def go_on(ticket: Ticket, at: datetime, rules: Rules) -> Ticket:
    """Let paused clocks count again: what was left of each in its own time is left from now. A breach stays."""
    return _changed(
        ticket,
        lambda run: run.paused_at is not None and run.running,
        lambda run: _gone_on(run, at, ticket.grade, rules),
    )


def extend(ticket: Ticket, clock: ClockName, days: int, at: datetime, rules: Rules) -> Ticket:
    """Give a running clock more days of its own time, behind its due time."""
    return _changed(
        ticket,
        lambda run: run.clock is clock and run.running,
        lambda run: _extended(run, days, at, ticket.grade, rules),
    )


def restart(ticket: Ticket, stopped_at: datetime, reason: str, rules: Rules) -> Ticket:
    """Undo a stop as if it had never been: the clocks that `reason` stopped then run on from where they stood."""
    return _changed(
        ticket,
        lambda run: run.stopped_at == stopped_at and run.stop_reason == reason,
        lambda run: _with_next(replace(run, stopped_at=None, stop_reason=None), ticket.grade, rules),
    )


def pull_in(ticket: Ticket, clock: ClockName, due_at: datetime, why: str, rules: Rules) -> Ticket:
    """Make a running clock due no later than `due_at`, which another promise named."""
    return _changed(
        ticket,
        lambda run: run.clock is clock and run.running and run.breached_at is None and due_at < run.due_at,
        lambda run: _with_next(
            replace(
                run,
                due_at=due_at,
                explanation={**run.explanation, why: {"due_at": due_at.isoformat(), "was": run.due_at.isoformat()}},
            ),
            ticket.grade,
            rules,
        ),
    )


def rebase(ticket: Ticket, old_grade: int, at: datetime, rules: Rules) -> Ticket:
    """Make the running clocks obey the ticket's grade, which was `old_grade` until `at`.

    Graver: each is due at the earlier of its old due time and the change plus the new limit. Milder: the new limit
    counts from the clock's own start, never earlier than the old due time, and a recorded breach stays.
    """
    graver = ticket.grade < old_grade
    return replace(ticket, clocks=tuple(_rebased(ticket, run, at, rules, graver=graver) for run in ticket.clocks))


def fire(run: ClockRun, action: EscalationAction, grade: int, rules: Rules) -> ClockRun:
    """Mark a step of the ladder as taken; from the urging on the clock is breached. The next step follows."""
    late = action is not EscalationAction.REMIND
    breached_at = run.due_at if late and run.breached_at is None else run.breached_at
    return _with_next(replace(run, fired=(*run.fired, action), breached_at=breached_at), grade, rules)


def steps_left(run: ClockRun, grade: int, rules: Rules) -> list[tuple[datetime, EscalationAction]]:
    """The steps that a ticking clock has not taken yet, each with its time, the next one first."""
    if not run.ticking:
        return []
    left = [
        (step_at(run, step, rules.calendar), step.action)
        for step in rules.ladder.steps(grade, run.clock)
        if step.action not in run.fired and (run.clock, step.action) not in _NEVER
    ]
    if EscalationAction.URGE in run.fired:
        left = [each for each in left if each[1] is not EscalationAction.REMIND]
    elif all(action is not EscalationAction.URGE for _, action in left):
        left.append((run.due_at, EscalationAction.URGE))  # A breach is noticed also where the ladder says nothing.
    order = list(EscalationAction)
    return sorted(left, key=lambda each: (each[0], order.index(each[1])))


def find_limit(ticket: Ticket, clock: ClockName, rules: Rules, condition: str | None = None) -> Limit | None:
    """The limit that rules a clock of this ticket; None where it does not run."""
    return rules.limits.find(clock, kind=ticket.kind, grade=ticket.grade, demand=condition or ticket.demand)


def window_ends(
    ticket: Ticket, clock: ClockName, since: datetime, rules: Rules, condition: str | None = None
) -> datetime | None:
    """Until when a window that began at `since` is open; None where nothing limits it."""
    limit = find_limit(ticket, clock, rules, condition)
    return None if limit is None else due(limit, since, rules.calendar, natural=ticket.time_critical).at


def step_at(run: ClockRun, step: EscalationStep, calendar: WorkCalendar) -> datetime:
    """When a step of the ladder is reached: a share in the clock's own time, never at night for working time."""
    if step.after_pct is not None:
        return run.due_at if step.after_pct == BREACH_PCT else _share(run, step.after_pct, calendar)
    if step.after_value is None or step.after_unit is None:
        return run.due_at
    working = step.after_unit in _WORKING
    return _count(step.after_value, step.after_unit, run.due_at, calendar, working=working).at


def _share(run: ClockRun, pct: int, calendar: WorkCalendar) -> datetime:
    base = run.counted_from or run.started_at
    if not run.working:
        return max(base, base + (run.spent + (run.due_at - base)) * pct / 100 - run.spent)
    spent_s = int(run.spent.total_seconds())
    whole_s = spent_s + calendar.working_seconds_between(base, run.due_at)
    return calendar.after_working_seconds(base, max(0, whole_s * pct // 100 - spent_s)).at


def _count(
    value: int, unit: LimitUnit, since: datetime, calendar: WorkCalendar, *, working: bool, halved: bool = False
) -> Reached:
    if not working:
        seconds = value * _NATURAL_S[unit] // (2 if halved else 1)
        return Reached(since + timedelta(seconds=seconds), (), ())
    if unit is LimitUnit.WD and not halved:
        return calendar.after_working_days(since, value)
    unit_s = SECONDS_A_WORKING_DAY if unit is LimitUnit.WD else 3600
    return calendar.after_working_seconds(since, value * unit_s // (2 if halved else 1))


def _changed(ticket: Ticket, chosen: Callable[[ClockRun], bool], change: Callable[[ClockRun], ClockRun]) -> Ticket:
    return replace(ticket, clocks=tuple(change(run) if chosen(run) else run for run in ticket.clocks))


def _with_next(run: ClockRun, grade: int, rules: Rules) -> ClockRun:
    left = steps_left(run, grade, rules)
    at, action = left[0] if left else (None, None)
    return replace(run, next_action=action, next_at=at)


def _stopped(run: ClockRun, at: datetime, reason: str) -> ClockRun:
    counted_until = at if run.paused_at is None else run.paused_at
    late = counted_until > run.due_at and run.clock not in _NO_BREACH
    breached_at = run.due_at if run.breached_at is None and late else run.breached_at
    return replace(run, stopped_at=at, stop_reason=reason, breached_at=breached_at, next_action=None, next_at=None)


def _gone_on(run: ClockRun, at: datetime, grade: int, rules: Rules) -> ClockRun:
    paused_at = run.paused_at or at
    begun = run.counted_from or run.started_at
    explanation = dict(run.explanation)
    explanation["pauses"] = [
        *explanation.get("pauses", ()),
        {"from": paused_at.isoformat(), "to": at.isoformat(), "was": run.due_at.isoformat()},
    ]
    due_at, provisional = run.due_at, run.provisional
    if run.working:
        spent_s = rules.calendar.working_seconds_between(begun, paused_at)
        left_s = rules.calendar.working_seconds_between(paused_at, run.due_at)
        spent = run.spent + timedelta(seconds=spent_s)
        if run.due_at > paused_at:
            reached = rules.calendar.after_working_seconds(at, left_s)
            due_at, provisional = reached.at, reached.provisional
            explanation["unknown_years"] = list(reached.unknown_years)
    else:
        spent = run.spent + (paused_at - begun)
        due_at = at + (run.due_at - paused_at) if run.due_at > paused_at else run.due_at
    changed = replace(
        run,
        paused_at=None,
        counted_from=at,
        spent=spent,
        due_at=due_at,
        provisional=provisional,
        explanation=explanation,
    )
    return _with_next(changed, grade, rules)


def _extended(run: ClockRun, days: int, at: datetime, grade: int, rules: Rules) -> ClockRun:
    unit = LimitUnit.WD if run.working else LimitUnit.D
    reached = _count(days, unit, run.due_at, rules.calendar, working=run.working)
    explanation = {
        **run.explanation,
        "extended": {"at": at.isoformat(), "days": days, "was": run.due_at.isoformat()},
    }
    if run.working:
        known = set(explanation.get("unknown_years", ())) | set(reached.unknown_years)
        explanation["unknown_years"] = sorted(known)
    provisional = run.provisional or reached.provisional
    changed = replace(run, due_at=reached.at, provisional=provisional, explanation=explanation)
    return _with_next(changed, grade, rules)


def _rebased(ticket: Ticket, run: ClockRun, at: datetime, rules: Rules, *, graver: bool) -> ClockRun:
    if not run.running or run.breached_at is not None:
        return run
    limit = find_limit(ticket, run.clock, rules)
    if limit is None:
        return _stopped(run, at, NOT_LIMITED)
    since = at if graver else run.started_at
    ends = due(limit, since, rules.calendar, natural=ticket.time_critical, halved=run.halved)
    explanation = {
        **ends.explanation,
        "rebased": {"at": at.isoformat(), "grade": ticket.grade, "was": run.due_at.isoformat()},
    }
    # A milder grade gives nobody more days than were named, and no more than another system promised.
    bound = {"named_days", "external_due_at"} & run.explanation.keys()
    moves = ends.at < run.due_at if graver else ends.at > run.due_at and not bound
    changed = replace(run, limit_id=limit.id, working=ends.working, due_at=ends.at, provisional=ends.provisional)
    kept = replace(changed if moves else run, explanation=explanation if moves else run.explanation)
    return _with_next(kept, ticket.grade, rules)
