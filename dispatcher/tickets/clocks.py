"""When a clock ends and why: limits, working time, re-basing on a new grade, thresholds. Pure: time comes as `at`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from dispatcher.tickets.model import ClockName, ClockRun, Ticket
from registry.calendar import SECONDS_A_WORKING_DAY, WorkCalendar
from registry.limits import Ladder, Limit, LimitBook, LimitUnit

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
NOT_LIMITED: Final = "not_limited"


@dataclass(frozen=True, slots=True)
class Rules:
    """The data that clocks obey: limits, the working days, and the ladder of escalation."""

    limits: LimitBook
    calendar: WorkCalendar
    ladder: Ladder


@dataclass(frozen=True, slots=True)
class Due:
    """Where a limit ends."""

    at: datetime
    working: bool
    provisional: bool
    explanation: Mapping[str, Any]


def due(limit: Limit, since: datetime, calendar: WorkCalendar, *, natural: bool, halved: bool = False) -> Due:
    """Count `limit` from `since`. `natural` turns working into natural time; half a working day is 4 working hours."""
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
    if not working:
        seconds = limit.value * _NATURAL_S[limit.unit] // (2 if halved else 1)
        return Due(since + timedelta(seconds=seconds), working=False, provisional=False, explanation=explanation)
    if limit.unit is LimitUnit.WD and not halved:
        reached = calendar.after_working_days(since, limit.value)
    else:
        unit_s = SECONDS_A_WORKING_DAY if limit.unit is LimitUnit.WD else 3600
        reached = calendar.after_working_seconds(since, limit.value * unit_s // (2 if halved else 1))
    explanation["days_off"] = [day.isoformat() for day in reached.days_off]
    explanation["unknown_years"] = list(reached.unknown_years)
    return Due(reached.at, working=True, provisional=reached.provisional, explanation=explanation)


def start(
    ticket: Ticket, clock: ClockName, at: datetime, rules: Rules, *, organisation_id: str = "", halved: bool = False
) -> Ticket:
    """Start a clock; nothing changes where it runs already or where no limit rules it."""
    same = [run for run in ticket.clocks if run.clock is clock and run.organisation_id == organisation_id]
    limit = find_limit(ticket, clock, rules)
    if limit is None or any(run.running for run in same):
        return ticket
    ends = due(limit, at, rules.calendar, natural=ticket.time_critical, halved=halved)
    begun = ClockRun(
        clock=clock,
        organisation_id=organisation_id,
        run=len(same) + 1,
        limit_id=limit.id,
        halved=halved,
        working=ends.working,
        started_at=at,
        due_at=ends.at,
        provisional=ends.provisional,
        explanation=ends.explanation,
    )
    return replace(ticket, clocks=(*ticket.clocks, _with_next(begun, ticket.grade, rules)))


def stop(
    ticket: Ticket, at: datetime, reason: str, *, clock: ClockName | None = None, unit: str | None = None
) -> Ticket:
    """Stop the running clocks of a name (None: all), of one unit (None: all). What ends late has been breached."""
    return replace(
        ticket,
        clocks=tuple(
            _stopped(run, at, reason)
            if run.running and clock in (None, run.clock) and unit in (None, run.organisation_id)
            else run
            for run in ticket.clocks
        ),
    )


def rebase(ticket: Ticket, old_grade: int, at: datetime, rules: Rules) -> Ticket:
    """Make the running clocks obey the ticket's grade, which was `old_grade` until `at`.

    Graver: each is due at the earlier of its old due time and the change plus the new limit. Milder: the new limit
    counts from the clock's own start, never earlier than the old due time, and a recorded breach stays.
    """
    graver = ticket.grade < old_grade
    return replace(ticket, clocks=tuple(_rebased(ticket, run, at, rules, graver=graver) for run in ticket.clocks))


def fire(run: ClockRun, pct: int, grade: int, rules: Rules) -> ClockRun:
    """Mark a threshold as fired; at 100 % the clock is breached. The next one follows from the ladder."""
    breached_at = run.due_at if pct >= BREACH_PCT and run.breached_at is None else run.breached_at
    return _with_next(replace(run, fired_pct=pct, breached_at=breached_at), grade, rules)


def find_limit(ticket: Ticket, clock: ClockName, rules: Rules) -> Limit | None:
    return rules.limits.find(clock, kind=ticket.kind, grade=ticket.grade, demand=ticket.demand)


def threshold(run: ClockRun, pct: int, calendar: WorkCalendar) -> datetime:
    """When `pct` percent of the limit have passed, in the clock's own time: working time never ends at night."""
    if pct == BREACH_PCT:
        return run.due_at
    if not run.working:
        return run.started_at + (run.due_at - run.started_at) * pct / 100
    seconds = calendar.working_seconds_between(run.started_at, run.due_at)
    return calendar.after_working_seconds(run.started_at, seconds * pct // 100).at


def _with_next(run: ClockRun, grade: int, rules: Rules) -> ClockRun:
    step = rules.ladder.after(grade, run.fired_pct)
    pct = step.after_pct if step is not None else None
    if run.fired_pct < BREACH_PCT and (pct is None or pct > BREACH_PCT):
        pct = BREACH_PCT  # A breach is noticed also where the ladder has no step for it.
    at = threshold(run, pct, rules.calendar) if pct is not None else None
    return replace(run, next_pct=pct, next_at=at)


def _stopped(run: ClockRun, at: datetime, reason: str) -> ClockRun:
    breached_at = run.due_at if run.breached_at is None and at > run.due_at else run.breached_at
    return replace(run, stopped_at=at, stop_reason=reason, breached_at=breached_at, next_pct=None, next_at=None)


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
    moves = ends.at < run.due_at if graver else ends.at > run.due_at
    changed = replace(run, limit_id=limit.id, working=ends.working, due_at=ends.at, provisional=ends.provisional)
    kept = replace(changed if moves else run, explanation=explanation if moves else run.explanation)
    return _with_next(kept, ticket.grade, rules)
