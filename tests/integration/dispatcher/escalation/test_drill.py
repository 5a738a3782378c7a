"""Drills on the domain's clock: a Spring Festival in the middle, a new year's calendar, a process that dies."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.escalation import duties, stage
from dispatcher.tickets import acting, store
from dispatcher.tickets.model import Action, Role, TicketEvent, TicketState
from dispatcher.tickets.reading import timeline
from dispatcher.tickets.records import read_ticket
from registry.calendar import LOCAL, read_calendar
from registry.calendar_import import import_calendar, parse_calendar
from runtime.pool import DATABASE_FAULTS, SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.tickets.test_store import without_order
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    DISPATCH,
    HANDLER,
    HEAD,
    OFFICER,
    SIGN,
    VERIFIER,
    E,
    StepOfTown,
    act,
    draft,
    incident,
    new_ticket,
    person,
)

SUPERVISOR = person(Role.SUPERVISOR, "t-desk", number=9)
H, D = timedelta(hours=1), timedelta(days=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL).astimezone(UTC)


async def advance(pool: Pool, at: datetime) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return (await stage.advance(await StepOfTown.begin(conn, at))).written


async def opened(pool: Pool, at: datetime, *, grade: int = 4) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        incident_id, case_id = await incident(conn, grade=grade, at=at)
        return await store.open_ticket(conn, draft(incident_id, case_id, grade=grade), at)


async def test_weeks_over_a_spring_festival_take_every_step_once_and_none_at_night(pool: Pool) -> None:
    """2026: nobody works from 15 to 23 February; Saturdays 14 and 28 February are worked instead."""
    begin = local("2026-02-11T15:00")
    ticket_id = await opened(pool, begin)
    await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN, at=begin)
    async with pool.acquire() as conn:
        ticket = await read_ticket(conn, ticket_id)
        calendar = await read_calendar(conn, begin)
    due = {run.clock.value: run.due_at for run in ticket.running if not run.organisation_id}
    # Seven working days: 12, 13, 14 (a Saturday), 24, 25, 26, 27 February.
    assert due["c_resolve"] == local("2026-02-27T18:00")
    assert due["c_arrive"] == local("2026-02-13T18:00")
    at = begin
    while at < begin + 40 * D:
        at += 3 * H
        await advance(pool, at)
    async with pool.acquire() as conn:
        fired = await conn.fetch("SELECT clock, action, fired_at FROM clock_firings ORDER BY fired_at")
        reached = await read_ticket(conn, ticket_id)
        assert without_order(await store.recompute(conn, ticket_id)) == without_order(reached)
    steps = [(row["clock"], row["action"]) for row in fired if row["clock"] in ("c_arrive", "c_resolve")]
    assert sorted(steps) == sorted(
        (clock, action) for clock in ("c_arrive", "c_resolve") for action in ("remind", "urge", "supervise", "review")
    )
    for row in fired:
        if row["action"] in ("remind", "urge"):  # Noticed by the first tick behind it, at most three hours later.
            assert calendar.is_worked((row["fired_at"] - 3 * H).astimezone(LOCAL).date()), row
    assert any(run.breached_at == due["c_resolve"] for run in reached.clocks)


async def test_suspension_ends_by_itself_on_its_review_date(pool: Pool) -> None:
    begin = local("2026-03-02T10:00")
    ticket_id = await opened(pool, begin)
    ask = (E.REQUEST_SUSPENSION, HEAD, {"code": "season", "days": 9})
    await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN, ask, (E.SUSPEND, OFFICER, {}), at=begin)
    await advance(pool, begin + 9 * D - H)
    async with pool.acquire() as conn:
        assert (await read_ticket(conn, ticket_id)).state is TicketState.SUSPENDED
    await advance(pool, begin + 9 * D)
    async with pool.acquire() as conn:
        ticket = await read_ticket(conn, ticket_id)
        assert without_order(await store.recompute(conn, ticket_id)) == without_order(ticket)
        breaches = await conn.fetchval("SELECT count(*) FROM breach_records WHERE clock = 'c_review'")
    assert (ticket.state, breaches) == (TicketState.ACKNOWLEDGED, 0)
    assert all(run.ticking for run in ticket.running)


async def test_closed_out_rectification_is_looked_at_again(pool: Pool) -> None:
    begin = local("2026-03-02T10:00")
    ticket_id = await opened(pool, begin)
    await act(pool, ticket_id, ACCEPT, (E.CONVERT, OFFICER, {"level": 3, "cause": "多次反弹"}), at=begin)
    async with pool.acquire() as conn:
        joint_id = await conn.fetchval("SELECT id FROM tickets WHERE ticket_kind = 'joint_rectification'")
    closed_at = begin + 10 * D
    await close_out(pool, joint_id, begin, closed_at)
    await advance(pool, closed_at + 29 * D)
    async with pool.acquire() as conn:
        assert (await read_ticket(conn, joint_id)).state is TicketState.CLOSED_OUT
    await advance(pool, closed_at + 30 * D)
    async with pool.acquire() as conn:
        looked = await read_ticket(conn, joint_id)
        assert without_order(await store.recompute(conn, joint_id)) == without_order(looked)
    assert looked.state is TicketState.LOOK_BACK


async def test_two_rectifications_of_a_case_are_looked_at_one_after_the_other(pool: Pool) -> None:
    begin = local("2026-03-02T10:00")
    ticket_id = await opened(pool, begin)
    async with pool.acquire() as conn:
        joint = acting.joint_draft(await read_ticket(conn, ticket_id), 3)
    closed_at = begin + 10 * D
    joint_ids = []
    for _ in range(2):
        async with transaction(pool, scope=SYSTEM) as connection:
            joint_ids.append(await acting.propose(connection, joint, begin, actor=SUPERVISOR, reason="多次反弹"))
        await close_out(pool, joint_ids[-1], begin, closed_at)

    async def states() -> list[TicketState]:
        async with pool.acquire() as conn:
            return [(await read_ticket(conn, each)).state for each in joint_ids]

    # A clock that leapt, or a dispatcher that stood still: both are due in the same step.
    await advance(pool, closed_at + 40 * D)
    assert await states() == [TicketState.LOOK_BACK, TicketState.CLOSED_OUT]
    await act(pool, joint_ids[0], (E.LOOK_BACK_OK, VERIFIER, {"evidence": "照片"}), at=closed_at + 40 * D)
    await advance(pool, closed_at + 41 * D)
    assert await states() == [TicketState.CLOSED_OUT, TicketState.LOOK_BACK]


async def close_out(pool: Pool, joint_id: int, begin: datetime, closed_at: datetime) -> None:
    plan = {"responsibility": "牵头", "measures": "拆除", "funds": "专项", "days": 10, "contingency": "值守"}
    await act(
        pool,
        joint_id,
        (E.ADMIT, SUPERVISOR, {"level": 3}),
        (E.ASSIGN_LEAD, SUPERVISOR, {"lead": "t-fire"}),
        (E.ACKNOWLEDGE, HEAD, {}),
        (E.START_PLANNING, HEAD, {}),
        (E.PLAN_SUBMIT, HEAD, plan),
        (E.PLAN_APPROVE, SUPERVISOR, {}),
        (E.REPORT_COMPLETE, HEAD, {"result": "完成"}),
        (E.START_INSPECTION, VERIFIER, {}),
        (E.INSPECT_OK, VERIFIER, {"evidence": "照片", "residual": 4}),
        at=begin,
    )
    await act(pool, joint_id, (E.CLOSE_OUT, SUPERVISOR, {}), at=closed_at)


async def test_provisional_due_times_are_counted_anew_when_the_calendar_comes(pool: Pool, owner: Connection) -> None:
    begin = local("2026-12-29T10:00")
    ticket_id = await opened(pool, begin)
    ticket = await act(pool, ticket_id, ACCEPT, at=begin)
    before = {run.clock.value: run for run in ticket.running}
    assert before["c_resolve"].provisional
    assert await advance(pool, begin + H) == 0  # Nothing to count anew yet.
    assert await watch(pool, begin + H) == ["calendar.missing"]
    assert await watch(pool, begin + 2 * H) == ["calendar.missing"]  # Raised once; it stands.
    (year,) = parse_calendar([{"date": f"2027-01-{day:02}", "kind": "holiday", "name": "元旦"} for day in range(1, 8)])
    async with transaction(pool, scope=SYSTEM) as conn:
        await import_calendar(conn, year, source="test", by="command", at=begin)
    assert await advance(pool, begin + H) == 1
    assert await advance(pool, begin + H) == 0
    assert await watch(pool, begin + 3 * H) == ["calendar.missing", "calendar.loaded"]
    async with pool.acquire() as conn:
        after = await read_ticket(conn, ticket_id)
        assert without_order(await store.recompute(conn, ticket_id)) == without_order(after)
        entries = [item.entry for item in await timeline(conn, ticket_id)]
    resolve = next(run for run in after.running if run.clock == "c_resolve")
    assert not resolve.provisional
    assert resolve.due_at > before["c_resolve"].due_at
    assert entries[-1] == "recounted"


async def watch(pool: Pool, at: datetime) -> list[str]:
    """What the stream says of calendars, after a look at them."""
    async with transaction(pool, scope=SYSTEM) as conn:
        await duties.advance(await StepOfTown.begin(conn, at))
    async with pool.acquire() as conn:
        rows = await conn.fetch("SELECT topic FROM stream_log WHERE topic LIKE 'calendar.%' ORDER BY seq")
    return [row["topic"] for row in rows]


async def test_step_whose_process_dies_before_the_commit_is_taken_again_once(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool, grade=2)
    ticket = await act(pool, ticket_id, ACCEPT, DISPATCH)
    at = ticket.running[0].started_at + 5 * timedelta(minutes=1)
    async with pool.acquire() as conn:
        killed = conn.transaction()
        await killed.start()
        assert (await stage.advance(await StepOfTown.begin(conn, at))).written > 0
        pid = await conn.fetchval("SELECT pg_backend_pid()")
        await owner.fetchval("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(DATABASE_FAULTS):
            await conn.fetchval("SELECT 1")
    assert await owner.fetchval("SELECT count(*) FROM clock_firings") == 0
    taken = await advance(pool, at)
    assert taken > 0
    assert await advance(pool, at) == 0
    assert await owner.fetchval("SELECT count(*) FROM clock_firings") == taken
    told = await owner.fetch(
        "SELECT body->>'clock' AS c, body->>'action' AS a FROM ticket_entries WHERE entry IN ('reminder', 'escalation')"
    )
    assert len(told) == taken


async def test_supervision_order_is_answered_by_the_unit(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, grade=2)
    ticket = await act(pool, ticket_id, ACCEPT, DISPATCH)
    at = ticket.running[0].started_at + timedelta(minutes=16)
    await advance(pool, at)
    async with pool.acquire() as conn:
        ordered = await read_ticket(conn, ticket_id)
    reply = next(run for run in ordered.running if run.clock == "c_reply" and run.organisation_id == "t-fire")
    assert reply.due_at == at + timedelta(minutes=30)
    async with transaction(pool, scope=SYSTEM) as conn:
        action = Action(TicketEvent.REPLY_SUPERVISION, ordered.version, None, {"reply": "已派两车"})
        acted = await acting.act(conn, ticket_id, action, HEAD, at)
    assert all(run.organisation_id != "t-fire" for run in acted.ticket.running if run.clock == "c_reply")
    assert HANDLER.organisation_id == "t-fire"
