"""Every row of the limits and of the ladder, as a clock counts it on the eve of the Spring Festival.

All due times are written by hand, in Chengdu's time. Friday 13 February 2026, 17:00: an hour of office is left;
Saturday 14 is worked, 15 to 23 are off, Saturday 28 is worked again. So working days behind it are 14, 24, 25, 26, 27
and 28 February, 2 to 6, 9 to 13, and 16 to 19 March.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.tickets import clocks, lifecycle, replaying
from dispatcher.tickets.lifecycle import Decided
from dispatcher.tickets.model import ClockName, ClockRun, Entry, Ticket, TicketKind, Transition
from registry.calendar import LOCAL
from registry.limits import EscalationAction
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
    CALENDAR,
    CONTEXT,
    DISPATCH,
    HANDLER,
    HEAD,
    LEADER,
    LIMITS,
    RULES,
    SIGN,
    SUPERVISOR,
    TAKER,
    VERIFIER,
    E,
    Step,
    _rows,
    attempt,
    opened,
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=LOCAL).astimezone(UTC)


EVE = local("02-13T17:00")
DAY = timedelta(days=1)
KIND = "streetlight_out"  # No limit of its own.

CALLED: tuple[Step, ...] = (ACCEPT, DISPATCH, SIGN)
CONTROLLED: tuple[Step, ...] = (*CALLED, (E.ARRIVE, HANDLER, {}), (E.CONTROL, HANDLER, {"feedback": "已排险"}))
RESOLVED: tuple[Step, ...] = (*CONTROLLED, (E.RESOLVE, HANDLER, {"result": "已清理"}))
CHECKED: tuple[Step, ...] = (*RESOLVED, (E.START_VERIFICATION, VERIFIER, {}))
BACK: Step = (E.REQUEST_RETURN, HEAD, {"basis": "三定方案", "suggested_unit": "housing"})
LEGAL: dict[str, object] = {"code": "outside_area", "legal_basis": "条例第五十条"}
REST: tuple[Step, ...] = (
    (E.REQUEST_SUSPENSION, HEAD, {"code": "weather", "days": 30}),
    (E.SUSPEND, LEADER, {}),
)
LED: tuple[Step, ...] = (
    (E.ADMIT, SUPERVISOR, {"level": 0}),
    (E.ASSIGN_LEAD, SUPERVISOR, {"lead": "fire"}),
    (E.ACKNOWLEDGE, HEAD, {}),
)
PLAN: Step = (
    E.PLAN_SUBMIT,
    HEAD,
    {"responsibility": "牵头", "measures": "拆除", "funds": "财政", "contingency": "值守", "days": 0},
)
SENT: tuple[Step, ...] = (*LED, (E.START_PLANNING, HEAD, {}), PLAN)
BEGUN: tuple[Step, ...] = (*SENT, (E.PLAN_APPROVE, SUPERVISOR, {}))
REPORTED: tuple[Step, ...] = (*BEGUN, (E.REPORT_COMPLETE, HEAD, {"result": "已整改"}))
PASSED: tuple[Step, ...] = (
    *REPORTED,
    (E.START_INSPECTION, VERIFIER, {}),
    (E.INSPECT_OK, VERIFIER, {"evidence": "照片", "residual": 4}),
)
INVITED: tuple[Step, ...] = (*LED, (E.INVITE_CO, HEAD, {"co": ["police"], "matter": "清理"}))
# What a plan may name at its level, and what the level of the ticket fills in.
PLAN_DAYS = {1: 7, 2: 15, 3: 30, 4: 60}

NEVER = "-"
# Clock: how it begins on the eve, and its due times at grade or level I, II, III, IV.
CLOCKS: dict[str, tuple[tuple[Step, ...], str]] = {
    "c_triage": ((), "02-13T17:01 02-13T17:03 02-13T17:15 02-13T19:00"),
    "c_refusal": (((E.REQUEST_REFUSAL, TAKER, LEGAL),), "02-13T17:01 02-13T17:02 02-13T17:10 02-13T18:00"),
    "c_dispatch": ((ACCEPT,), "02-13T17:01 02-13T17:02 02-13T17:30 02-14T12:00"),
    "c_control": ((ACCEPT,), "02-13T18:00 02-13T19:00 02-14T17:00 -"),
    "c_resolve": ((ACCEPT,), "02-14T17:00 02-14T17:00 02-27T18:00 03-02T18:00"),
    "c_sign": ((ACCEPT, DISPATCH), "02-13T17:03 02-13T17:05 02-13T17:30 02-14T12:00"),
    "c_contact": (CALLED, "02-13T17:05 02-13T17:30 02-13T19:00 02-14T18:00"),
    "c_arrive": (CALLED, "02-13T17:15 02-13T17:30 02-13T19:00 02-24T18:00"),
    "c_arbitrate": ((ACCEPT, DISPATCH, BACK), "02-13T17:05 02-13T17:15 02-14T12:00 02-14T18:00"),
    "c_review": ((*CONTROLLED, *REST), "- 03-15T17:00 03-15T17:00 03-15T17:00"),
    "c_verify": (RESOLVED, "02-13T19:00 02-14T18:00 02-14T18:00 02-24T18:00"),
    "c_callback": ((*CHECKED, (E.VERIFY_OK, VERIFIER, {})), " ".join(["02-25T18:00"] * 4)),
    "j_admit": ((), "02-13T19:00 02-14T18:00 02-25T18:00 02-27T18:00"),
    "j_interim": (LED[:1], "02-13T19:00 02-14T17:00 02-25T18:00 -"),
    "j_lead": (LED[:1], "02-13T19:00 02-14T12:00 02-14T18:00 02-24T18:00"),
    "j_plan": (LED[:2], "02-14T17:00 02-25T18:00 02-27T18:00 03-02T18:00"),
    "j_cosign": (INVITED, "02-13T21:00 02-14T18:00 02-24T18:00 02-25T18:00"),
    "j_subtask": (INVITED, "02-20T17:00 02-28T17:00 03-15T17:00 04-14T17:00"),
    "j_review": (SENT, "02-13T21:00 02-14T18:00 02-24T18:00 02-25T18:00"),
    "j_rectify": (BEGUN, "02-20T17:00 02-28T17:00 03-15T17:00 04-14T17:00"),
    "j_progress": (BEGUN, "02-14T17:00 02-20T17:00 02-27T17:00 02-27T17:00"),
    "j_inspect": (REPORTED, "02-14T18:00 02-25T18:00 02-25T18:00 02-27T18:00"),
    "j_close": (PASSED, " ".join(["03-03T18:00"] * 4)),
}
# Windows never run as clocks: until when something may be done that began on the eve.
WINDOWS = {
    "c_return": "02-13T17:03 02-13T17:10 02-14T10:00 02-14T18:00",
    "c_reopen": " ".join(["03-12T18:00"] * 4),
    "c_object": " ".join(["03-12T18:00"] * 4),
    "j_publicity": " ".join(["02-27T18:00"] * 4),
    "j_look_back first": " ".join(["03-15T17:00"] * 4),
    "j_look_back second": " ".join(["05-14T17:00"] * 4),
    # Clocks of other topics, by the same count.
    "c_review": " ".join(["03-15T17:00"] * 4),  # At level 1 too: a rectification is suspended at every level.
    "c_reply": "02-13T17:30 02-13T17:30 02-24T18:00 02-24T18:00",
    "e_reply": " ".join(["03-02T18:00"] * 4),
    "e_measures": " ".join(["03-12T18:00"] * 4),
    "d_status": " ".join(["04-14T17:00"] * 4),
    "d_publish_law": " ".join(["03-19T18:00"] * 4),
    "a_statement unit": " ".join(["02-25T18:00"] * 4),
    "p_accept denunciation": " ".join(["03-12T18:00"] * 4),
    "p_accept complaint": " ".join(["02-28T17:00"] * 4),
    "p_accept accusation": " ".join(["03-12T18:00"] * 4),
    **{f"p_handle {matter}": " ".join(["04-14T17:00"] * 4) for matter in ("denunciation", "complaint", "accusation")},
    "u_phone first": "02-13T17:15 02-13T17:15 02-13T17:30 -",
    "u_report first": "02-13T17:30 02-13T17:30 02-13T18:00 -",
    "u_report follow_up": "02-13T19:00 02-13T21:00 02-14T17:00 -",
    "u_report final": "02-25T18:00 02-25T18:00 02-25T18:00 -",
}
DEMANDS = {
    "consultation": "02-25T18:00",
    "help": "03-02T18:00",
    "suggestion": "03-02T18:00",
    "praise": "03-02T18:00",
    "complaint": "03-12T18:00",
    "report": "03-12T18:00",
}
# Limits of kinds: by clock and grade, the kinds that have another one than most.
NOISE = ("social_life_noise", "construction_noise_night", "construction_waste_dumping", "open_burning")
CALLERS = ("household_smoke_alarm", "elderly_sos", "public_help_point_sos")  # Somebody waits at the device.
TIME_CRITICAL = {
    "c_triage": "02-13T17:15",
    "c_dispatch": "02-13T17:30",
    "c_sign": "02-13T17:30",
    "c_contact": "02-13T19:00",
    "c_arrive": "02-13T19:00",
    "c_control": "02-14T17:00",
}
OWN: dict[tuple[str, str, int], str] = {
    **{(kind, "c_arrive", grade): "02-13T18:00" for kind in NOISE for grade in (3, 4)},
    **{("elevator_entrapment", "c_arrive", grade): "02-13T17:30" for grade in (3, 4)},
    **{(kind, "c_contact", grade): "02-13T17:01" for kind in CALLERS for grade in (1, 2, 3, 4)},
    **{("illegal_construction", "c_control", grade): "02-14T12:00" for grade in (3, 4)},
    ("illegal_construction", "c_resolve", 4): "03-19T18:00",
    ("waste_overflow", "c_resolve", 4): "02-14T12:00",
    ("construction_waste_dumping", "c_resolve", 4): "02-26T18:00",
    ("green_damage", "c_resolve", 4): "02-27T18:00",
}


def graded(texts: dict[str, str]) -> list[tuple[str, int, str]]:
    return [(name, grade, text) for name, all_ in texts.items() for grade, text in enumerate(all_.split(), start=1)]


def begun(name: str, grade: int) -> Ticket:
    kind = TicketKind.JOINT_RECTIFICATION if name.startswith("j_") else TicketKind.CALL_RESPONSE
    return opened(kind=KIND, grade=grade, reports=1, at=EVE, ticket_kind=kind)


def at_grade(step: Step, grade: int) -> Step:
    """The step as it is at a grade: the level that is fixed, the days that its plan may take, who decides."""
    event, actor, fields = step
    own = {"level": grade, "days": PLAN_DAYS[grade] if event is E.PLAN_SUBMIT else fields.get("days")}
    decider = SUPERVISOR if actor is LEADER and event is E.SUSPEND else actor
    return event, decider, {name: own.get(name, value) for name, value in fields.items()}


def walked(origin: Ticket, steps: Iterable[Step], grade: int) -> Ticket:
    """The ticket as its log alone gives it."""
    ticket, log = origin, list[Transition | Entry]()
    for step in steps:
        decided = attempt(ticket, at_grade(step, grade), at=EVE, context=CONTEXT)
        assert isinstance(decided, Decided), decided
        ticket = decided.ticket
        log.append(decided.record)
    return replaying.replay(origin, log, RULES)


def newest(ticket: Ticket, name: str) -> ClockRun | None:
    found = [run for run in ticket.clocks if run.clock.value == name]
    return found[-1] if found else None


@pytest.mark.parametrize(("name", "grade", "due"), graded({name: due for name, (_, due) in CLOCKS.items()}))
def test_clock_of_the_log_is_due(name: str, grade: int, due: str) -> None:
    steps = CLOCKS[name][0]
    if name == "c_review" and due == NEVER:
        steps = CONTROLLED  # Grade I is never suspended.
    run = newest(walked(begun(name, grade), steps, grade), name)
    assert (None if run is None else run.due_at) == (None if due == NEVER else local(due))
    if run is not None:
        assert (run.started_at, run.running, run.provisional) == (EVE, True, False)


@pytest.mark.parametrize(("demand", "due"), DEMANDS.items())
def test_public_clock_of_a_demand_is_due(demand: str, due: str) -> None:
    origin = opened(kind=KIND, grade=4, demand=demand, reports=1, at=EVE)
    run = newest(walked(origin, (ACCEPT,), 4), "c_resolve")
    assert run is not None
    assert run.due_at == local(due)


@pytest.mark.parametrize(("name", "grade", "due"), graded(WINDOWS))
def test_window_or_clock_of_another_topic_ends(name: str, grade: int, due: str) -> None:
    clock, _, condition = name.partition(" ")
    limit = LIMITS.find(clock, kind=KIND, grade=grade, demand=condition or None)
    ends = None if limit is None else clocks.due(limit, EVE, CALENDAR, natural=False).at
    assert ends == (None if due == NEVER else local(due))


@pytest.mark.parametrize("grade", [1, 2, 3, 4])
def test_supervision_order_is_answered_in_time(grade: int) -> None:
    ticket = walked(begun("c_sign", grade), CALLED, grade)
    run = newest(ticket, "c_resolve")
    assert run is not None
    ordered = lifecycle.fired(ticket, run.key, EscalationAction.SUPERVISE, EVE, RULES)
    reply = newest(ordered, "c_reply")
    assert reply is not None
    assert reply.due_at == local(WINDOWS["c_reply"].split()[grade - 1])


LOOKED_BACK = [(1, "03-26T09:00"), (2, "05-25T09:00")]


def test_look_backs_are_thirty_and_ninety_days_behind_the_close() -> None:
    closed = local("02-24T09:00")
    ticket = walked(begun("j_close", 3), PASSED, 3)
    ticket = replace(ticket, publicity_from=EVE - 20 * DAY)
    for number, due in LOOKED_BACK:
        step: Step = (E.CLOSE_OUT, SUPERVISOR, {}) if number == 1 else (E.LOOK_BACK_OK, VERIFIER, {"evidence": "照片"})
        decided = attempt(ticket, step, at=closed)
        assert isinstance(decided, Decided), decided
        assert decided.ticket.look_back_at == local(due)
        again = attempt(decided.ticket, (E.START_LOOK_BACK, VERIFIER, {}), at=closed + 30 * DAY)
        assert isinstance(again, Decided)
        ticket = again.ticket


KIND_ROWS = [row for row in _rows("limits") if row["kind"]]


@pytest.mark.parametrize("row", KIND_ROWS, ids=lambda row: f"{row['kind']} {row['clock']} {row['grade']}")
def test_limit_of_a_kind_is_counted(row: dict[str, str]) -> None:
    kind, clock, grade = row["kind"], row["clock"], int(row["grade"])
    expected = OWN.get((kind, clock, grade)) or TIME_CRITICAL[clock]
    limit = LIMITS.find(clock, kind=kind, grade=grade, demand=None)
    assert limit is not None
    assert limit.kind == kind  # It is this row that rules.
    assert clocks.due(limit, EVE, CALENDAR, natural=False).at == local(expected)


# The ladder of a missing signature, which has every step there is.
STEPS = {
    1: "remind 02-13T17:02:15 urge 02-13T17:03 page_deputy 02-13T17:06 page_desk 02-13T17:07:30 "
    "supervise 02-13T17:13 review 02-13T17:33",
    2: "remind 02-13T17:03:45 urge 02-13T17:05 page_deputy 02-13T17:10 page_desk 02-13T17:12:30 "
    "supervise 02-13T17:15 review 02-13T17:35",
    3: "remind 02-13T17:24 urge 02-13T17:30 supervise 02-14T18:00 review 02-27T18:00",
    4: "remind 02-14T11:12 urge 02-14T12:00 supervise 02-24T18:00 review 02-28T18:00",
}


@pytest.mark.parametrize(("grade", "steps"), STEPS.items())
def test_ladder_is_climbed(grade: int, steps: str) -> None:
    run = newest(walked(begun("c_sign", grade), (ACCEPT, DISPATCH), grade), "c_sign")
    assert run is not None
    words = steps.split()
    expected = [(EscalationAction(action), local(at)) for action, at in zip(words[::2], words[1::2], strict=True)]
    assert [(action, at) for at, action in clocks.steps_left(run, grade, RULES)] == expected


def test_every_row_of_limits_and_ladder_stands_here() -> None:
    """A row that nobody counted by hand, and a clock without a row, fail."""
    here = {
        (name, str(grade), "") for name, grade, due in graded({n: d for n, (_, d) in CLOCKS.items()}) if due != NEVER
    }
    for name, grade, due in graded(WINDOWS):
        clock, _, condition = name.partition(" ")
        if due != NEVER:
            here |= {(clock, str(grade), condition), (clock, "", condition)}
    here |= {("c_resolve", "4", demand) for demand in DEMANDS}
    rows = {(row["clock"], row["grade"], row["condition"]) for row in _rows("limits") if not row["kind"]}
    assert rows - here == set()
    assert set(OWN) - {(row["kind"], row["clock"], int(row["grade"])) for row in KIND_ROWS} == set()
    assert {row["condition"] for row in KIND_ROWS} == {""}  # No condition that no ticket ever has.
    ladder = {(row["grade"], row["action"]) for row in _rows("escalation_steps")}
    assert ladder == {(str(grade), action) for grade, steps in STEPS.items() for action in steps.split()[::2]}
    named = {name.partition(" ")[0] for name in (*CLOCKS, *WINDOWS)}
    assert {clock.value for clock in ClockName} - named == set()
