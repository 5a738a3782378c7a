"""A dispatch calls the services that its kind needs; who does not acknowledge is paged again, each step once."""

from datetime import datetime, timedelta

import asyncpg
import pytest

from dispatcher.accounts.model import User, UserId, UserRole
from dispatcher.admission.errors import ActRefused, EntryRefused, Outpaced
from dispatcher.handovers import calls, stage
from dispatcher.handovers.calls import Answer
from dispatcher.handovers.errors import HandoverStands
from dispatcher.handovers.words import EmergencyNumber, EmergencyState
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.tickets.town import ACCEPT, AT, DISPATCH, StepOfTown, act, new_ticket

S = timedelta(seconds=1)
OFFICER = User(
    id=UserId(1),
    login="officer",
    zh_name="值班员",
    roles=frozenset({UserRole.DUTY_OFFICER}),
    organisation_id="t-desk",
    area_id="tt-east",
    sees_everything=False,
    enabled=True,
)


async def step(pool: Pool, at: datetime) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return (await stage.advance(await StepOfTown.begin(conn, at))).written


async def fire(pool: Pool) -> tuple[int, int]:
    """(ticket id, handover id) of a dispatched fire whose 119 was paged and has not answered."""
    ticket_id = await new_ticket(pool, grade=4, kind="outdoor_fire")
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    await step(pool, AT)
    async with pool.acquire() as conn:
        handover_id: int = await conn.fetchval("SELECT id FROM emergency_handovers WHERE ticket_id = $1", ticket_id)
    return ticket_id, handover_id


async def answer(pool: Pool, handover_id: int, said: Answer, at: datetime, key: str | None = None) -> bool:
    async with transaction(pool, scope=SYSTEM) as conn:
        return await calls.take_in(
            conn, handover_id, said, actor="service:119", actor_name="119", at=at, external_id=key
        )


async def steps_taken(conn: Connection) -> list[tuple[int, str, str | None]]:
    rows = await conn.fetch(
        "SELECT step, body ->> 'action', body ->> 'told' FROM emergency_handover_entries"
        " WHERE step IS NOT NULL ORDER BY id"
    )
    return [tuple(row) for row in rows]


async def alarms(conn: Connection) -> int:
    return int(await conn.fetchval("SELECT count(*) FROM stream_log WHERE topic = 'handover.alarm'"))


async def test_dispatch_calls_what_the_kind_needs_and_pages_at_once(pool: Pool, owner: Connection) -> None:
    await fire(pool)
    row = await owner.fetchrow(
        "SELECT service::text, organisation_id, state::text, opened_at, next_at FROM emergency_handovers"
    )
    assert row is not None
    assert tuple(row) == ("119", "t-fire", "called", AT, AT + 60 * S)
    assert await steps_taken(owner) == [(0, "page", "t-fire")]
    assert await alarms(owner) == 0


async def test_life_in_danger_calls_before_anybody_dispatches_and_once(pool: Pool, owner: Connection) -> None:
    await owner.execute("ALTER TABLE hotline_calls ALTER COLUMN urgency SET DEFAULT 'life_danger'")
    ticket_id = await new_ticket(pool, grade=2, kind="outdoor_fire", calls=2)
    assert await step(pool, AT) > 0
    assert await steps_taken(owner) == [(0, "page", "t-fire")]
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    await step(pool, AT)
    assert await owner.fetchval("SELECT count(*) FROM emergency_handovers WHERE service = '119'") == 1
    await owner.execute("ALTER TABLE hotline_calls ALTER COLUMN urgency SET DEFAULT 'urgent'")
    await new_ticket(pool, grade=2, kind="outdoor_fire", calls=1)
    await step(pool, AT)
    assert await owner.fetchval("SELECT count(*) FROM emergency_handovers WHERE service = '119'") == 1


async def test_kind_that_needs_nobody_calls_nobody(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool)
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    await step(pool, AT)
    assert await owner.fetchval("SELECT count(*) FROM emergency_handovers") == 0


async def test_silence_of_a_minute_pages_again_and_alarms_the_desk_each_step_once(
    pool: Pool, owner: Connection
) -> None:
    await fire(pool)
    assert await step(pool, AT + 59 * S) == 0
    assert await step(pool, AT + 60 * S) == 1
    assert await step(pool, AT + 60 * S) == 0
    assert await alarms(owner) == 1
    told = await owner.fetch("SELECT key FROM messages WHERE topic = 'handover.alarm'")
    assert [row["key"] for row in told] == ["handover-1-1-t-desk"]
    assert await step(pool, AT + 3600 * S) == 3  # A leaping clock takes all that it passed.
    assert await step(pool, AT + 7200 * S) == 0
    assert [each[:2] for each in await steps_taken(owner)] == [
        (0, "page"),
        (1, "repage"),
        (2, "repage"),
        (3, "desk"),
        (4, "leader"),
    ]
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(
            "INSERT INTO emergency_handover_entries (handover_id, at, event, step, actor, actor_name, body)"
            " SELECT handover_id, at, event, step, actor, actor_name, body FROM emergency_handover_entries"
            " WHERE step = 1"
        )


async def test_killed_step_pages_again_and_a_followed_dispatch_calls_once(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool, grade=4, kind="outdoor_fire")
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    async with pool.acquire() as conn:
        killed = conn.transaction()
        await killed.start()
        assert (await stage.advance(await StepOfTown.begin(conn, AT))).written > 0
        await killed.rollback()
    assert await owner.fetchval("SELECT count(*) FROM emergency_handovers") == 0
    await step(pool, AT)
    await step(pool, AT)
    assert await owner.fetchval("SELECT count(*) FROM emergency_handovers") == 1
    assert await steps_taken(owner) == [(0, "page", "t-fire")]


async def test_page_that_nobody_there_can_hear_alarms_the_desk_at_once(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool, grade=4, kind="medical_emergency")
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    await step(pool, AT)  # The town has no health department.
    assert [each[:2] for each in await steps_taken(owner)] == [(0, "page"), (1, "repage")]
    assert await alarms(owner) == 2


async def test_step_that_resolves_to_nobody_is_skipped_at_once(pool: Pool, owner: Connection) -> None:
    await owner.execute("UPDATE users SET enabled = false")
    await owner.execute("DELETE FROM webhook_endpoints")
    ticket_id = await new_ticket(pool, grade=4, kind="outdoor_fire")
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    await step(pool, AT)
    assert [each[1] for each in await steps_taken(owner)] == ["page", "repage", "repage", "desk", "leader"]
    assert await alarms(owner) == 5


async def test_acknowledgement_ends_the_paging_and_returns_go_forwards(pool: Pool, owner: Connection) -> None:
    _, handover_id = await fire(pool)
    acked = Answer(state=EmergencyState.ACKNOWLEDGED, external_no="119-0042")
    assert await answer(pool, handover_id, acked, AT + 30 * S, "m1")
    assert not await answer(pool, handover_id, acked, AT + 31 * S, "m1")
    assert await step(pool, AT + 3600 * S) == 0
    await answer(pool, handover_id, Answer(state=EmergencyState.ON_SCENE, happened_at=AT + 400 * S), AT + 500 * S)
    # What comes out of order moves nothing back.
    await answer(pool, handover_id, Answer(state=EmergencyState.EN_ROUTE), AT + 510 * S)
    await answer(pool, handover_id, Answer(state=EmergencyState.CONTROLLED), AT + 900 * S)
    await answer(pool, handover_id, Answer(state=EmergencyState.CLOSED, status="已收队"), AT + 1800 * S)
    row = await owner.fetchrow(
        "SELECT state::text, external_no, external_status, acked_at, arrived_at, controlled_at, closed_at"
        " FROM emergency_handovers"
    )
    assert row is not None
    assert tuple(row) == (
        "closed",
        "119-0042",
        "已收队",
        AT + 30 * S,
        AT + 400 * S,
        AT + 900 * S,
        AT + 1800 * S,
    )


async def test_who_declines_alarms_and_may_be_called_again(pool: Pool, owner: Connection) -> None:
    ticket_id, handover_id = await fire(pool)
    await answer(pool, handover_id, Answer(state=EmergencyState.DECLINED, status="重复警情"), AT + 20 * S)
    assert await alarms(owner) == 1
    async with transaction(pool, scope=SYSTEM) as conn:
        await calls.open_by_officer(conn, ticket_id, EmergencyNumber.FIRE, OFFICER, AT + 30 * S)
    assert await step(pool, AT + 30 * S) == 1


async def test_officer_enters_what_was_said_on_the_telephone(pool: Pool, owner: Connection) -> None:
    ticket_id, handover_id = await fire(pool)
    said = Answer(state=EmergencyState.ACKNOWLEDGED, external_no="7")
    async with transaction(pool, scope=SYSTEM) as conn:
        await calls.enter(conn, handover_id, 1, said, OFFICER, AT + 10 * S)
    with pytest.raises(Outpaced):
        async with transaction(pool, scope=SYSTEM) as conn:
            await calls.enter(conn, handover_id, 1, said, OFFICER, AT + 11 * S)
    async with transaction(pool, scope=SYSTEM) as conn:
        await calls.enter(conn, handover_id, 2, Answer(state=EmergencyState.CLOSED), OFFICER, AT + 20 * S)
    with pytest.raises(ActRefused):
        async with transaction(pool, scope=SYSTEM) as conn:
            await calls.enter(conn, handover_id, 3, said, OFFICER, AT + 21 * S)
    assert await owner.fetchval("SELECT actor FROM emergency_handover_entries WHERE event = 'closed'") == "user:1"
    async with transaction(pool, scope=SYSTEM) as conn:
        await calls.open_by_officer(conn, ticket_id, EmergencyNumber.POLICE, OFFICER, AT)
    for ticket, kind in ((ticket_id, HandoverStands), (ticket_id + 999, EntryRefused)):
        with pytest.raises(kind):
            async with transaction(pool, scope=SYSTEM) as conn:
                await calls.open_by_officer(conn, ticket, EmergencyNumber.POLICE, OFFICER, AT)
