"""Which limit rules a clock, where it ends, and when its thresholds are reached."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.tickets import clocks
from dispatcher.tickets.model import ClockName, ClockRun
from registry.calendar import LOCAL, WorkCalendar
from registry.limits import Limit, LimitBook, LimitUnit
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
    AT,
    CALENDAR,
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


def test_threshold_of_natural_time_is_a_share_of_the_span() -> None:
    assert clocks.threshold(_run(AT, AT + 10 * MIN, working=False), 80, CALENDAR) == AT + 8 * MIN


def test_threshold_of_working_time_never_falls_at_night() -> None:
    friday, tuesday = local("2026-03-13T17:00"), local("2026-03-17T18:00")
    reached = clocks.threshold(_run(friday, tuesday, working=True), 80, CALENDAR)
    assert reached == local("2026-03-17T14:36")  # 13.6 of 17 working hours
    half = clocks.threshold(_run(friday, tuesday, working=True), 50, CALENDAR)
    assert CALENDAR.is_office_open(half)


def test_next_threshold_moves_up_the_ladder_and_ends_after_the_breach() -> None:
    ticket = opened(grade=4)
    triage = ticket.clocks[0]
    assert (triage.next_pct, triage.next_at) == (80, AT + 96 * MIN)
    reminded = clocks.fire(triage, 80, 4, RULES)
    assert (reminded.next_pct, reminded.next_at, reminded.breached_at) == (100, AT + 2 * H, None)
    breached = clocks.fire(reminded, 100, 4, RULES)
    assert (breached.next_pct, breached.next_at, breached.breached_at) == (None, None, AT + 2 * H)


def test_breach_is_noticed_without_a_step_for_it() -> None:
    from registry.limits import Ladder  # noqa: PLC0415

    rules = clocks.Rules(LIMITS, CALENDAR, Ladder(()))
    ticket = clocks.start(opened(), ClockName.RESOLVE, AT, rules)
    assert ticket.clocks[-1].next_pct == 100


def test_clock_without_a_limit_does_not_run() -> None:
    assert clocks.start(opened(), ClockName.CONTROL, AT, RULES) == opened()


def test_clock_that_runs_is_not_started_again() -> None:
    ticket = done(opened(), ACCEPT)
    assert clocks.start(ticket, ClockName.RESOLVE, AT + H, RULES) is ticket


def test_breached_clock_keeps_its_due_time_when_the_grade_changes() -> None:
    ticket = done(opened(grade=2), ACCEPT, DISPATCH, SIGN)
    index = next(i for i, run in enumerate(ticket.clocks) if run.clock is ClockName.ARRIVE)
    late = clocks.fire(ticket.clocks[index], 100, 2, RULES)
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
