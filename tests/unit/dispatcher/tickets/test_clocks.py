"""Which limit rules a clock, where it ends, and when its thresholds are reached."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.tickets import clocks, lifecycle
from dispatcher.tickets.model import ClockName, ClockRun
from registry.calendar import LOCAL, WorkCalendar
from registry.limits import EscalationAction, EscalationStep, Ladder, Limit, LimitBook, LimitUnit
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
    AT,
    CALENDAR,
    CALLS,
    DISPATCH,
    LIMITS,
    RULES,
    SIGN,
    done,
    opened,
)

MIN, H, D = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL).astimezone(UTC)


def limit(value: int, unit: LimitUnit, **more: object) -> Limit:
    columns = {
        "id": 1,
        "version": 1,
        "kind": None,
        "clock": "c_resolve",
        "grade": None,
        "condition": None,
        "source": "s",
    }
    return Limit(**columns | more, value=value, unit=unit)  # type: ignore[arg-type]


# AT is Wednesday 2026-03-11 10:00 in Chengdu.
@pytest.mark.parametrize(
    ("value", "unit", "natural", "halved", "ends"),
    [
        (30, LimitUnit.MIN, False, False, AT + 30 * MIN),
        (24, LimitUnit.H, False, False, AT + 24 * H),
        (24, LimitUnit.H, False, True, AT + 12 * H),
        (7, LimitUnit.D, False, False, AT + 7 * D),
        (4, LimitUnit.WH, False, False, local("2026-03-11T15:00")),
        (4, LimitUnit.WH, True, False, AT + 4 * H),
        (5, LimitUnit.WD, False, False, local("2026-03-18T18:00")),
        (5, LimitUnit.WD, True, False, AT + 5 * D),
        (5, LimitUnit.WD, False, True, local("2026-03-13T15:00")),
    ],
    ids=["min", "h", "half h", "d", "wh", "wh natural", "wd", "wd natural", "half wd is 20 wh"],
)
def test_limit_ends(value: int, unit: LimitUnit, natural: bool, halved: bool, ends: datetime) -> None:
    counted = clocks.due(limit(value, unit), AT, CALENDAR, natural=natural, halved=halved)
    assert counted.at == ends
    assert not counted.provisional


def test_due_time_explains_itself() -> None:
    counted = clocks.due(limit(2, LimitUnit.WD), local("2026-12-31T10:00"), CALENDAR, natural=False)
    assert counted.provisional
    assert counted.explanation["unknown_years"] == [2027]
    assert counted.explanation["days_off"] == ["2027-01-02", "2027-01-03"]
    assert counted.explanation["limit"]["source"] == "s"
    assert counted.explanation["counted"] == "working_time"


@pytest.mark.parametrize(
    ("rows", "winner"),
    [
        (["all", "grade"], "grade"),
        (["grade", "condition"], "condition"),
        (["condition", "kind"], "kind"),
        (["kind", "kind_grade"], "kind_grade"),
        (["other_kind", "other_grade", "all"], "all"),
        (["other_kind"], None),
    ],
)
def test_most_particular_limit_wins(rows: list[str], winner: str | None) -> None:
    columns: dict[str, dict[str, object]] = {
        "all": {},
        "grade": {"grade": 4},
        "condition": {"grade": 4, "condition": "help"},
        "kind": {"kind": "waste_overflow"},
        "kind_grade": {"kind": "waste_overflow", "grade": 4},
        "other_kind": {"kind": "gas_leak_alarm"},
        "other_grade": {"grade": 1},
    }
    book = LimitBook(limit(1, LimitUnit.H, **columns[name] | {"source": name}) for name in rows)
    found = book.find("c_resolve", kind="waste_overflow", grade=4, demand="help")
    assert (found.source if found else None) == winner


@pytest.mark.parametrize(
    ("demand", "days"),
    [("consultation", 3), ("help", 7), ("suggestion", 7), ("complaint", 15), ("report", 15), (None, 7)],
)
def test_resolve_limit_of_grade_four_depends_on_the_demand(demand: str | None, days: int) -> None:
    found = LIMITS.find("c_resolve", kind="unclassified", grade=4, demand=demand)
    assert found is not None
    assert (found.value, found.unit) == (days, LimitUnit.WD)


def test_limits_of_the_clock_table_stand_in_the_seed() -> None:
    expected = {
        ("c_triage", 1): (1, "min"),
        ("c_sign", 2): (5, "min"),
        ("c_contact", 3): (2, "h"),
        ("c_arrive", 4): (2, "wd"),
        ("c_control", 2): (2, "h"),
        ("c_resolve", 1): (24, "h"),
        ("c_verify", 3): (1, "wd"),
        ("c_callback", 4): (3, "wd"),
        ("c_return", 2): (10, "min"),
    }
    for (clock, grade), (value, unit) in expected.items():
        found = LIMITS.find(clock, kind="unclassified", grade=grade, demand=None)
        assert found is not None
        assert (found.value, found.unit.value) == (value, unit)


def test_time_critical_kind_runs_at_night_at_any_grade() -> None:
    night = local("2026-03-13T23:00")
    noise = done(opened(kind="unclassified", time_critical=True, at=night), ACCEPT, at=night)
    due = {run.clock: run.due_at for run in noise.running}
    assert due[ClockName.DISPATCH] == night + 4 * H
    assert due[ClockName.RESOLVE] == night + 7 * D


def _run(started_at: datetime, due_at: datetime, *, working: bool) -> ClockRun:
    return ClockRun(ClockName.RESOLVE, "", 1, 1, False, working, started_at, due_at, False, {})


def share(pct: int) -> EscalationStep:
    return EscalationStep(1, 1, 4, None, pct, None, None, EscalationAction.REMIND, "s")


def later(value: int, unit: LimitUnit) -> EscalationStep:
    return EscalationStep(1, 5, 4, None, None, value, unit, EscalationAction.SUPERVISE, "s")


def test_threshold_of_natural_time_is_a_share_of_the_span() -> None:
    assert clocks.step_at(_run(AT, AT + 10 * MIN, working=False), share(80), CALENDAR) == AT + 8 * MIN
    assert clocks.step_at(_run(AT, AT + 10 * MIN, working=False), share(200), CALENDAR) == AT + 20 * MIN


def test_threshold_of_working_time_never_falls_at_night() -> None:
    friday, tuesday = local("2026-03-13T17:00"), local("2026-03-17T18:00")
    reached = clocks.step_at(_run(friday, tuesday, working=True), share(80), CALENDAR)
    assert reached == local("2026-03-17T14:36")  # 13.6 of 17 working hours
    half = clocks.step_at(_run(friday, tuesday, working=True), share(50), CALENDAR)
    assert CALENDAR.is_office_open(half)


def test_steps_behind_the_due_time_are_lengths() -> None:
    friday = local("2026-03-13T18:00")
    run = _run(AT, friday, working=True)
    assert clocks.step_at(run, later(10, LimitUnit.MIN), CALENDAR) == friday + 10 * MIN
    assert clocks.step_at(run, later(1, LimitUnit.WD), CALENDAR) == local("2026-03-16T18:00")


def test_clock_climbs_the_ladder_step_by_step_and_each_once() -> None:
    ticket = opened(grade=2)
    run = ticket.clocks[0]
    seen = []
    while run.next_action is not None:
        seen.append((run.next_action.value, run.next_at))
        run = clocks.fire(run, run.next_action, 2, RULES)
    due = AT + 3 * MIN
    assert seen == [
        ("remind", AT + timedelta(seconds=135)),
        ("urge", due),
        ("supervise", due + 10 * MIN),
        ("review", due + 30 * MIN),
    ]
    assert run.breached_at == due
    assert run.fired == tuple(EscalationAction(name) for name, _ in seen)


def test_missing_signature_pages_the_deputy_and_then_the_desk() -> None:
    ticket = done(opened(grade=1), ACCEPT, DISPATCH)
    sign = next(run for run in ticket.running if run.clock is ClockName.SIGN)
    steps = clocks.steps_left(sign, 1, RULES)
    assert [action.value for _, action in steps] == [
        "remind",
        "urge",
        "page_deputy",
        "page_desk",
        "supervise",
        "review",
    ]
    assert {action.value: at for at, action in steps}["page_deputy"] == AT + 6 * MIN  # 2 x c_sign
    mild = done(opened(grade=3), ACCEPT, DISPATCH)
    run = next(each for each in mild.running if each.clock is ClockName.SIGN)
    assert "page_deputy" not in {action.value for _, action in clocks.steps_left(run, 3, RULES)}


def test_grade_that_rises_takes_no_step_twice() -> None:
    run = done(opened(grade=3), ACCEPT).running[0]
    reminded = clocks.fire(run, EscalationAction.REMIND, 3, RULES)
    assert EscalationAction.REMIND not in {action for _, action in clocks.steps_left(reminded, 1, RULES)}


def test_order_to_answer_is_not_followed_by_another() -> None:
    ticket = done(opened(grade=4), ACCEPT, DISPATCH)
    sign = next(run for run in ticket.running if run.clock is ClockName.SIGN)
    for action in (EscalationAction.URGE, EscalationAction.SUPERVISE):
        ticket = lifecycle.fired(ticket, sign.key, action, AT + D, RULES)
    reply = next(run for run in ticket.running if run.clock is ClockName.REPLY)
    assert (reply.organisation_id, reply.due_at) == ("fire", local("2026-03-16T18:00"))
    assert EscalationAction.SUPERVISE not in {action for _, action in clocks.steps_left(reply, 4, RULES)}


def test_breach_is_noticed_without_a_step_for_it() -> None:
    rules = clocks.Rules(LIMITS, CALENDAR, Ladder(()), CALLS)
    ticket = clocks.start(opened(), ClockName.RESOLVE, AT, rules)
    assert ticket.clocks[-1].next_action is EscalationAction.URGE


def test_pause_of_natural_time_moves_the_due_time_by_its_length() -> None:
    ticket = done(opened(grade=3, kind="streetlight_out", time_critical=True), ACCEPT)
    before = next(run for run in ticket.running if run.clock is ClockName.RESOLVE)
    paused = clocks.pause(ticket, {ClockName.RESOLVE}, AT + D)
    standing = next(run for run in paused.running if run.clock is ClockName.RESOLVE)
    assert (standing.next_at, standing.running, standing.ticking) == (None, True, False)
    again = clocks.go_on(paused, AT + 3 * D, RULES)
    run = next(each for each in again.running if each.clock is ClockName.RESOLVE)
    assert run.due_at == before.due_at + 2 * D
    assert run.explanation["pauses"][0]["was"] == before.due_at.isoformat()
    remind = next(at for at, action in clocks.steps_left(run, 3, RULES) if action is EscalationAction.REMIND)
    assert remind == AT + 4 * D + 2 * D  # 80 % of five days, two of them paused


def test_pause_of_working_time_leaves_what_was_left() -> None:
    ticket = done(opened(grade=3), ACCEPT)  # Five working days: until Wednesday 18:00.
    paused = clocks.pause(ticket, {ClockName.RESOLVE}, local("2026-03-12T18:00"))
    again = clocks.go_on(paused, local("2026-03-16T09:00"), RULES)  # Three working days and the evening were left.
    run = next(each for each in again.running if each.clock is ClockName.RESOLVE)
    assert run.due_at == local("2026-03-19T18:00")
    assert run.spent == timedelta(hours=7 + 8)


def test_clock_stopped_in_a_pause_was_not_late() -> None:
    ticket = done(opened(grade=2), ACCEPT)
    paused = clocks.pause(ticket, {ClockName.RESOLVE}, AT + H)
    stopped = clocks.stop(paused, AT + 30 * D, "resolve", clock=ClockName.RESOLVE)
    assert all(run.breached_at is None for run in stopped.clocks)


def test_extension_is_counted_in_the_clocks_own_days() -> None:
    ticket = done(opened(grade=3), ACCEPT)
    extended = clocks.extend(ticket, ClockName.RESOLVE, 2, AT, RULES)
    run = next(each for each in extended.running if each.clock is ClockName.RESOLVE)
    assert run.due_at == local("2026-03-20T18:00")
    assert run.explanation["extended"]["days"] == 2


def test_earlier_promise_of_another_system_wins() -> None:
    taken_over = replace(opened(grade=4), external_due_at=AT + D)
    run = next(each for each in done(taken_over, ACCEPT).running if each.clock is ClockName.RESOLVE)
    assert (run.due_at, run.explanation["external_due_at"]) == (AT + D, (AT + D).isoformat())
    later_promise = replace(opened(grade=4), external_due_at=AT + 90 * D)
    run = next(each for each in done(later_promise, ACCEPT).running if each.clock is ClockName.RESOLVE)
    assert run.due_at < AT + 90 * D


def test_clock_without_a_limit_does_not_run() -> None:
    assert clocks.start(opened(), ClockName.CONTROL, AT, RULES) == opened()


def test_clock_that_runs_is_not_started_again() -> None:
    ticket = done(opened(), ACCEPT)
    assert clocks.start(ticket, ClockName.RESOLVE, AT + H, RULES) is ticket


def test_breached_clock_keeps_its_due_time_when_the_grade_changes() -> None:
    ticket = done(opened(grade=2), ACCEPT, DISPATCH, SIGN)
    index = next(i for i, run in enumerate(ticket.clocks) if run.clock is ClockName.ARRIVE)
    late = clocks.fire(ticket.clocks[index], EscalationAction.URGE, 2, RULES)
    marked = (*ticket.clocks[:index], late, *ticket.clocks[index + 1 :])
    milder = clocks.rebase(
        type(ticket)(**{name: getattr(ticket, name) for name in ticket.__slots__} | {"clocks": marked, "grade": 3}),
        2,
        AT + H,
        RULES,
    )
    assert milder.clocks[index].due_at == late.due_at
    assert milder.clocks[index].breached_at == late.due_at


def test_year_border_is_provisional_until_the_calendar_is_loaded() -> None:
    december = local("2026-12-28T10:00")
    ticket = done(opened(demand="complaint", at=december), ACCEPT, at=december)
    resolve = next(run for run in ticket.running if run.clock is ClockName.RESOLVE)
    assert resolve.provisional
    loaded = WorkCalendar({**CALENDAR.days, **{(december + D * n).date(): False for n in range(4, 8)}})
    again = clocks.due(limit(15, LimitUnit.WD), december, loaded, natural=False)
    assert again.at > resolve.due_at
