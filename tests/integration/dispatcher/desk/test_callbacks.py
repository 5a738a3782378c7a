"""Call-backs in a real database: who takes one, sees the number, speaks for the reporter; what the ticket does."""

from datetime import timedelta

import asyncpg
import pytest

from dispatcher.accounts.model import User, UserRole
from dispatcher.desk import callbacks
from dispatcher.desk.callbacks import CallbackResult, Told
from dispatcher.desk.errors import DeskRefusal, DeskRefused, DeskUnknown
from dispatcher.tickets import store
from dispatcher.tickets.errors import ActionRefused
from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import TicketState
from dispatcher.tickets.questions import needs_call
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.desk.people import MORNING, checked_ticket, hire
from tests.integration.dispatcher.tickets.test_store import assert_recomputable, stored
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    LEADER,
    OFFICER,
    TO_VERIFYING,
    VERIFIER,
    E,
    act,
    call,
    new_ticket,
)

SOLVED = Told(result=CallbackResult.SOLVED, satisfaction=5)


@pytest.fixture
async def agent(owner: Connection) -> User:
    return await hire(owner, "agent", UserRole.CALLBACK_AGENT, "t-check")


async def refusal(pool: Pool, doing: str, *given: object) -> DeskRefusal:
    with pytest.raises(DeskRefused) as refused:
        await done(pool, doing, *given)
    return refused.value.refusal


async def done(pool: Pool, doing: str, *given: object) -> object:
    async with transaction(pool, scope=SYSTEM) as conn:
        return await getattr(callbacks, doing)(conn, *given)


async def taken(pool: Pool, call_id: int, user: User) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return await callbacks.take(conn, call_id, user, MORNING)


async def queue(pool: Pool, user: User, *, mine: bool | None = None) -> list[int]:
    async with pool.acquire() as conn:
        rows = await callbacks.waiting(conn, user, mine=mine, after=None, limit=50)
    return [row["call_id"] for row in rows]


async def test_each_reporter_is_called_once_and_the_last_call_closes(pool: Pool, agent: User) -> None:
    ticket_id, (first, second) = await checked_ticket(pool, calls=2)
    assert sorted(await queue(pool, agent)) == [first, second]
    one = await taken(pool, first, agent)
    await done(pool, "finish", one, SOLVED, agent, MORNING)
    assert (await stored(pool, ticket_id)).state is TicketState.AWAITING_CALLBACK
    assert await queue(pool, agent) == [second]
    assert await refusal(pool, "take", first, agent, MORNING) is DeskRefusal.CALL_NOT_WAITING
    other = await taken(pool, second, agent)
    partly = Told(result=CallbackResult.PARTLY, satisfaction=3, words="还有一盏不亮")
    await done(pool, "finish", other, partly, agent, MORNING)
    ticket = await stored(pool, ticket_id)
    assert (ticket.state, {report.outcome for report in ticket.reports}) == (TicketState.CLOSED, {"resolved", "partly"})
    assert await queue(pool, agent) == []
    await assert_recomputable(pool, ticket_id)


async def test_unit_that_handled_it_neither_sees_nor_takes_nor_finishes_the_call(
    pool: Pool, owner: Connection, agent: User
) -> None:
    ticket_id, (call_id,) = await checked_ticket(pool, calls=1)
    for unit in ("t-fire", "t-police"):  # lead and co-unit
        insider = await hire(owner, f"of-{unit}", UserRole.CALLBACK_AGENT, unit)
        assert await queue(pool, insider) == []
        assert await refusal(pool, "take", call_id, insider, MORNING) is DeskRefusal.HANDLED_BY_YOUR_UNIT
        with pytest.raises(asyncpg.CheckViolationError) as held:
            await owner.execute(
                "INSERT INTO callbacks (call_id, ticket_id, agent_id, agent_organisation_id, taken_at)"
                " VALUES ($1, $2, $3, $4, $5)",
                call_id,
                ticket_id,
                insider.id,
                unit,
                MORNING,
            )
        assert held.value.constraint_name == "callbacks_never_by_a_handling_unit"
    assert await queue(pool, agent) == [call_id]


async def test_only_the_agent_who_took_it_sees_the_number_and_each_look_is_recorded(
    pool: Pool, owner: Connection, agent: User
) -> None:
    _, (call_id,) = await checked_ticket(pool, calls=1)
    other = await hire(owner, "other", UserRole.CALLBACK_AGENT, "t-check")
    callback_id = await taken(pool, call_id, agent)
    assert await taken(pool, call_id, agent) == callback_id
    assert await refusal(pool, "take", call_id, other, MORNING) is DeskRefusal.CALL_TAKEN
    assert await refusal(pool, "look", callback_id, other, MORNING) is DeskRefusal.CALL_NOT_YOURS
    assert await refusal(pool, "finish", callback_id, SOLVED, other, MORNING) is DeskRefusal.CALL_NOT_YOURS
    assert (await queue(pool, other), await queue(pool, agent, mine=True)) == ([], [call_id])
    caller = await done(pool, "look", callback_id, agent, MORNING)
    assert isinstance(caller, callbacks.Caller)
    assert caller.phone == "13812345678"
    assert "138" not in repr(caller)
    evening = MORNING + timedelta(hours=10, minutes=1)  # 20:01 in China
    assert await refusal(pool, "look", callback_id, agent, evening) is DeskRefusal.OUTSIDE_CALLING_HOURS
    looks = await owner.fetch("SELECT user_id, call_id, purpose::text FROM caller_looks")
    assert [tuple(row) for row in looks] == [(agent.id, call_id, "call_back")]
    await done(pool, "finish", callback_id, SOLVED, agent, MORNING)
    assert await refusal(pool, "look", callback_id, agent, MORNING) is DeskRefusal.CALL_NOT_YOURS


async def test_agent_of_another_area_finds_nothing(pool: Pool, owner: Connection) -> None:
    _, (call_id,) = await checked_ticket(pool, calls=1)
    west = await hire(owner, "west", UserRole.CALLBACK_AGENT, "t-check", area="tt-west")
    assert await queue(pool, west) == []
    with pytest.raises(DeskUnknown):
        await taken(pool, call_id, west)


async def test_nobody_is_unreachable_before_three_tries_on_two_days(pool: Pool, agent: User) -> None:
    ticket_id, (call_id,) = await checked_ticket(pool, calls=1)
    callback_id = await taken(pool, call_id, agent)
    gone = Told(result=CallbackResult.UNREACHABLE, words="三次无人接听")
    for hours in (0, 3, 6):
        with pytest.raises(ActionRefused) as early:
            await done(pool, "finish", callback_id, gone, agent, MORNING + timedelta(hours=hours))
        assert early.value.refused.guard is Guard.TRIES_BEFORE_UNREACHABLE
        await done(pool, "tried", callback_id, "no_answer", agent, MORNING + timedelta(hours=hours))
    with pytest.raises(ActionRefused):  # three tries, one day
        await done(pool, "finish", callback_id, gone, agent, MORNING + timedelta(hours=7))
    with pytest.raises(ActionRefused) as night:
        await done(pool, "tried", callback_id, "no_answer", agent, MORNING + timedelta(hours=14))
    assert night.value.refused.guard is Guard.CALLING_HOURS
    tomorrow = MORNING + timedelta(days=1)
    await done(pool, "tried", callback_id, "busy", agent, tomorrow)
    await done(pool, "finish", callback_id, gone, agent, tomorrow)
    ticket = await stored(pool, ticket_id)
    assert (ticket.state, ticket.reports[0].outcome) == (TicketState.CLOSED, "unreachable")
    await assert_recomputable(pool, ticket_id)


async def test_unsolved_by_the_units_fault_goes_back_and_the_same_reporter_is_called_again(
    pool: Pool, agent: User
) -> None:
    ticket_id, (call_id,) = await checked_ticket(pool, calls=1)
    callback_id = await taken(pool, call_id, agent)
    unsolved = Told(result=CallbackResult.UNSOLVED, satisfaction=1, words="没有人来过", rework=True)
    await done(pool, "finish", callback_id, unsolved, agent, MORNING)
    assert (await stored(pool, ticket_id)).state is TicketState.REWORK
    again = (*TO_VERIFYING[-2:], (E.VERIFY_OK, VERIFIER, {}))
    await act(pool, ticket_id, *again)
    assert await queue(pool, agent) == [call_id]
    second = await taken(pool, call_id, agent)
    assert second != callback_id
    refused = Told(result=CallbackResult.REFUSED, words="不愿接受回访")
    await done(pool, "finish", second, refused, agent, MORNING)
    ticket = await stored(pool, ticket_id)
    assert (ticket.state, ticket.rework_count, ticket.reports[0].outcome) == (TicketState.CLOSED, 1, "refused")


async def test_released_call_is_free_again_and_a_leader_may_take_it_from_who_is_gone(
    pool: Pool, owner: Connection, agent: User
) -> None:
    _, (call_id,) = await checked_ticket(pool, calls=1)
    other = await hire(owner, "other", UserRole.CALLBACK_AGENT, "t-check")
    leader = await hire(owner, "lead", UserRole.SUPERVISOR, "t-check")
    callback_id = await taken(pool, call_id, agent)
    with pytest.raises(DeskRefused):
        async with transaction(pool, scope=SYSTEM) as conn:
            await callbacks.release(conn, callback_id, leader, MORNING, leads=False)
    async with transaction(pool, scope=SYSTEM) as conn:
        await callbacks.release(conn, callback_id, leader, MORNING, leads=True)
    assert await queue(pool, other) == [call_id]
    assert await taken(pool, call_id, other) != callback_id


async def test_of_many_reporters_those_who_asked_were_harmed_or_drawn_are_called_and_no_others(
    pool: Pool, agent: User
) -> None:
    ticket_id = await new_ticket(pool, calls=25)
    ticket = await act(pool, ticket_id, *TO_VERIFYING)
    ids = [report.call_id for report in ticket.reports]
    quiet = [call_id for call_id in ids if not needs_call(ticket, call_id)]
    harmed, asked = quiet[:2]
    ticket = await act(
        pool,
        ticket_id,
        (E.FLAG_REPORT, LEADER, {"call_id": harmed, "why": "harmed"}),
        (E.FLAG_REPORT, LEADER, {"call_id": asked, "why": "asked_for_call"}),
        (E.APPROVE_REPLY, LEADER, {"reply": "已抢修完毕"}),
        (E.VERIFY_OK, VERIFIER, {}),
    )
    called = await queue(pool, agent)
    assert set(called) == {harmed, asked, *(set(ids) - set(quiet))}
    # The sample is the same whoever computes it, and only a part of all.
    assert [needs_call(ticket, call_id) for call_id in ids] == [call_id in called for call_id in ids]
    assert {report.outcome for report in ticket.reports if report.call_id not in called} == {"notified"}
    for call_id in called:
        await done(pool, "finish", await taken(pool, call_id, agent), SOLVED, agent, MORNING)
    assert (await stored(pool, ticket_id)).state is TicketState.CLOSED


async def test_unit_complained_of_neither_sees_nor_takes_the_call(pool: Pool, owner: Connection, agent: User) -> None:
    _, (first, second) = await checked_ticket(pool, calls=2)
    await owner.execute("UPDATE hotline_calls SET complained_of = 't-civil' WHERE id = $1", second)
    accused = await hire(owner, "of-civil", UserRole.CALLBACK_AGENT, "t-civil")
    assert await queue(pool, accused) == []
    # Of the other reporter neither: it is the same matter.
    assert await refusal(pool, "take", first, accused, MORNING) is DeskRefusal.HANDLED_BY_YOUR_UNIT
    one = await taken(pool, first, agent)
    assert await done(pool, "read", one, agent)
    with pytest.raises(DeskUnknown):
        await done(pool, "read", one, accused)
    await done(pool, "finish", one, SOLVED, agent, MORNING)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(
            "INSERT INTO callbacks (call_id, ticket_id, agent_id, agent_organisation_id, taken_at)"
            " SELECT call_id, ticket_id, $2, 't-civil', $3 FROM ticket_reports WHERE call_id = $1",
            first,
            accused.id,
            MORNING,
        )
    assert await queue(pool, agent) == [second]


async def test_unit_that_handled_what_was_merged_calls_nobody_of_the_survivor(
    pool: Pool, owner: Connection, agent: User
) -> None:
    loser = await new_ticket(pool, calls=1)
    await act(pool, loser, ACCEPT, (E.DISPATCH, OFFICER, {"lead": "t-urban"}))
    middle = await new_ticket(pool, calls=1)
    survivor = await new_ticket(pool, calls=1)
    for ticket_id in (middle, survivor):
        await act(pool, ticket_id, ACCEPT)
    await act(pool, loser, (E.MERGE, OFFICER, {"survivor": middle}))
    await act(pool, middle, (E.MERGE, OFFICER, {"survivor": survivor}))
    await act(pool, survivor, *TO_VERIFYING[1:], (E.VERIFY_OK, VERIFIER, {}))
    ticket = await stored(pool, survivor)
    assert "t-urban" in ticket.handling_units
    insider = await hire(owner, "of-urban", UserRole.CALLBACK_AGENT, "t-urban")
    assert await queue(pool, insider) == []
    call_id = ticket.reports[0].call_id
    assert await refusal(pool, "take", call_id, insider, MORNING) is DeskRefusal.HANDLED_BY_YOUR_UNIT
    assert len(await queue(pool, agent)) == 3
    await assert_recomputable(pool, survivor)


async def test_caller_who_left_a_number_later_and_asks_for_a_call_is_called(
    pool: Pool, owner: Connection, agent: User
) -> None:
    ticket_id = await new_ticket(pool)
    async with transaction(pool, scope=SYSTEM) as conn:
        call_id = await call(conn, anonymous=True)
        await store.join_report(conn, ticket_id, call_id, None, MORNING)
    flagged = (E.FLAG_REPORT, OFFICER, {"call_id": call_id, "why": "asked_for_call"})
    ticket = await act(pool, ticket_id, flagged, *TO_VERIFYING, (E.VERIFY_OK, VERIFIER, {}))
    assert ticket.state is TicketState.AWAITING_CALLBACK
    assert await queue(pool, agent) == [call_id]
    await assert_recomputable(pool, ticket_id)
