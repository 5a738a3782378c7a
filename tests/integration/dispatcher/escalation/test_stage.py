"""Thresholds of clocks fire once, when the domain's clock passes them, whoever restarts meanwhile."""

from collections import Counter
from datetime import datetime, timedelta

from dispatcher.escalation import stage
from dispatcher.tickets import acting, store
from dispatcher.tickets.model import Action, TicketEvent
from dispatcher.tickets.reading import ticket_row, timeline
from dispatcher.tickets.records import read_ticket
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.tickets.town import ACCEPT, AT, DISPATCH, HANDLER, SIGN, StepOfTown, act, new_ticket

MIN = timedelta(minutes=1)


async def advance(pool: Pool, at: datetime) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return (await stage.advance(await StepOfTown.begin(conn, at))).written


async def fired(pool: Pool) -> Counter[tuple[str, str, str]]:
    async with pool.acquire() as conn:
        rows = await conn.fetch("SELECT clock, organisation_id, action FROM clock_firings")
    return Counter((row["clock"], row["organisation_id"], row["action"]) for row in rows)


async def test_nothing_fires_before_its_time(pool: Pool) -> None:
    await new_ticket(pool, grade=4)
    assert await advance(pool, AT + 95 * MIN) == 0


async def test_reminder_then_breach_each_once(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, grade=4)  # Triage within two hours, a reminder at 80 %.
    assert await advance(pool, AT + 96 * MIN) == 1
    assert await advance(pool, AT + 97 * MIN) == 0
    async with pool.acquire() as conn:
        assert not (await ticket_row(conn, ticket_id)).overdue
    assert await advance(pool, AT + 120 * MIN) == 1
    assert await advance(pool, AT + 500 * MIN) == 0
    async with pool.acquire() as conn:
        row = await ticket_row(conn, ticket_id)
        items = [item for item in await timeline(conn, ticket_id) if item.entry in {"reminder", "escalation"}]
        ticket = await read_ticket(conn, ticket_id)
        assert await store.recompute(conn, ticket_id) == ticket
        topics = [each["topic"] for each in await conn.fetch("SELECT topic FROM stream_log ORDER BY seq")]
    assert row.overdue
    assert ticket.clocks[0].breached_at == AT + 120 * MIN
    assert [item.entry for item in items] == ["reminder", "escalation"]
    assert topics == ["ticket.reminder", "ticket.reminder"]
    assert await fired(pool) == {("c_triage", "", "remind"): 1, ("c_triage", "", "urge"): 1}


async def test_leap_of_the_clock_fires_every_threshold_that_it_passed(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, grade=2)
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    await advance(pool, AT + timedelta(days=3))
    steps = await fired(pool)
    assert set(steps.values()) == {1}
    everywhere = {"remind", "urge", "supervise", "review"}
    paged = {"page_deputy", "page_desk"}
    for clock, unit in (("c_sign", "t-fire"), ("c_sign", "t-police"), ("c_control", ""), ("c_resolve", "")):
        taken = {action for name, who, action in steps if (name, who) == (clock, unit)}
        assert taken == (everywhere | paged if clock == "c_sign" else everywhere)
    async with pool.acquire() as conn:
        ticket = await read_ticket(conn, ticket_id)
    # Every order to answer has a clock of its own, from when it was given.
    replies = {run.organisation_id: run.due_at for run in ticket.running if run.clock == "c_reply"}
    assert replies == dict.fromkeys(("t-fire", "t-police"), AT + timedelta(days=3) + 30 * MIN)


async def test_threshold_that_fired_before_a_lost_commit_of_the_clock_is_not_told_again(
    pool: Pool, owner: Connection
) -> None:
    ticket_id = await new_ticket(pool, grade=4)
    await advance(pool, AT + 96 * MIN)
    await owner.execute(
        "UPDATE ticket_clocks SET fired = '{}', next_action = 'remind', next_at = $2 WHERE ticket_id = $1",
        ticket_id,
        AT,
    )
    assert await advance(pool, AT + 97 * MIN) == 0
    assert await fired(pool) == {("c_triage", "", "remind"): 1}


async def test_rolled_back_step_fires_again(pool: Pool) -> None:
    await new_ticket(pool, grade=4)
    async with pool.acquire() as conn:
        killed = conn.transaction()
        await killed.start()
        assert (await stage.advance(await StepOfTown.begin(conn, AT + 96 * MIN))).written == 1
        await killed.rollback()
    assert await fired(pool) == {}
    assert await advance(pool, AT + 96 * MIN) == 1


async def test_clock_that_was_stopped_in_time_never_fires(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, grade=2)
    await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN)
    await advance(pool, AT + 6 * MIN)
    assert {key[:2] for key in await fired(pool)} == {("c_sign", "t-police")}


async def test_late_stop_is_a_breach_without_an_escalation(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, grade=2)
    await act(pool, ticket_id, ACCEPT, at=AT + 4 * MIN)
    await advance(pool, AT + 4 * MIN)
    assert await fired(pool) == {}
    async with pool.acquire() as conn:
        ticket = await read_ticket(conn, ticket_id)
    assert ticket.clocks[0].breached_at == AT + 3 * MIN
    assert not ticket.overdue


async def test_unit_and_its_head_are_told_and_nobody_is_skipped_aloud(pool: Pool, owner: Connection) -> None:
    await owner.execute(
        "INSERT INTO webhook_endpoints (organisation_id, url, secret)"
        " VALUES ('t-fire', 'https://example.invalid/a', 'whsec_x')"
    )
    ticket_id = await new_ticket(pool, grade=2)
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    await owner.execute("DELETE FROM outbox")
    await advance(pool, AT + 5 * MIN)
    async with pool.acquire() as conn:
        rows = await conn.fetch("SELECT topic FROM outbox WHERE idempotency_key LIKE 'clock-%' ORDER BY id")
        bodies = [
            item.body
            for item in await timeline(conn, ticket_id)
            if item.entry in {"reminder", "escalation"} and item.body is not None
        ]
    assert [row["topic"] for row in rows] == ["ticket.reminder", "ticket.urged"]
    skipped = {body["organisation_id"] for body in bodies if body.get("skipped") == "nobody"}
    assert skipped == {"t-police"}  # It has neither people nor an endpoint.
    climbed = [body["action"] for body in bodies if body["organisation_id"] == "t-police"]
    # Nobody waits for somebody who is not there: up to the desk, which hears it, all in one step.
    assert climbed == ["remind", "urge", "page_deputy", "page_desk"]
    assert "skipped" not in next(body for body in bodies if body["action"] == "page_desk")


async def test_ticket_that_a_user_holds_is_left_to_the_next_step(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, grade=2)
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    async with transaction(pool, scope=SYSTEM) as conn:
        await acting.act(conn, ticket_id, Action(TicketEvent.ACKNOWLEDGE, 3), HANDLER, AT)
        assert await advance(pool, AT + 4 * MIN) == 0
    assert await advance(pool, AT + 4 * MIN) == 1
    assert set(await fired(pool)) == {("c_sign", "t-police", "remind")}


async def test_working_time_threshold_does_not_fire_at_night(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, grade=4)
    friday = datetime.fromisoformat("2026-03-13T17:00:00+08:00")
    await act(pool, ticket_id, ACCEPT, at=friday)
    async with pool.acquire() as conn:
        ticket = await read_ticket(conn, ticket_id)
    dispatch = next(run for run in ticket.running if run.clock == "c_dispatch")
    assert dispatch.due_at == datetime.fromisoformat("2026-03-16T12:00:00+08:00")
    assert dispatch.next_at == datetime.fromisoformat("2026-03-16T11:12:00+08:00")
    assert await advance(pool, datetime.fromisoformat("2026-03-16T02:00:00+08:00")) == 0
