"""Orders of other systems: whose limit wins, and what the partner hears, once for each change."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatcher.desk import exchange, stage
from dispatcher.desk.errors import OrderRefused
from dispatcher.tickets import store
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.desk.people import receipt_of
from tests.integration.dispatcher.tickets import town
from tests.integration.dispatcher.tickets.test_store import assert_recomputable, stored
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AT,
    DISPATCH,
    LEADER,
    OFFICER,
    E,
    StepOfTown,
    act,
    new_ticket,
)

SOON = AT + timedelta(hours=5)


@pytest.fixture
async def partner(owner: Connection) -> str:
    await owner.execute(
        "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
        " VALUES ('t-12345', 'external_unit', 'tt', 't', 't', 'always')"
    )
    await owner.execute(
        "INSERT INTO exchange_partners (id, organisation_id, area_id, secret)"
        " VALUES ('p12345', 't-12345', 'tt', 'whsec_eA==')"
    )
    await owner.execute(
        "INSERT INTO webhook_endpoints (organisation_id, url, secret)"
        " VALUES ('t-12345', 'https://example.org/x', 'whsec_eA==')"
    )
    return "p12345"


async def order(pool: Pool, owner: Connection, number: str, *, due_at: datetime | None = None) -> int:
    """The call that an order of the partner became."""
    async with transaction(pool, scope=SYSTEM) as conn:
        call_id = await town.call(conn, key=number)
    await owner.execute("UPDATE hotline_calls SET external_due_at = $2 WHERE id = $1", call_id, due_at)
    await receipt_of(pool, call_id, b"k")
    await owner.execute(
        "INSERT INTO exchange_orders (partner_id, external_number, call_id, received_at) VALUES ('p12345', $1, $2, $3)",
        number,
        call_id,
        AT,
    )
    return call_id


async def join(pool: Pool, ticket_id: int, call_id: int) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        await store.join_report(conn, ticket_id, call_id, None, AT)


async def step(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        await stage.advance(await StepOfTown.begin(conn, AT))


async def told(owner: Connection) -> list[dict[str, Any]]:
    rows = await owner.fetch("SELECT topic, body FROM outbox WHERE topic LIKE 'order.%' ORDER BY id")
    return [{"topic": row["topic"], **row["body"]} for row in rows]


@pytest.mark.usefixtures("partner")
async def test_earlier_limit_wins_before_and_after_the_acceptance(pool: Pool, owner: Connection) -> None:
    before, after, late = [await new_ticket(pool) for _ in range(3)]
    call_id = await order(pool, owner, "A-1", due_at=SOON)
    await join(pool, before, call_id)
    ticket = await act(pool, before, ACCEPT)
    assert next(run.due_at for run in ticket.running if run.clock == "c_resolve") == SOON
    own = next(run.due_at for run in (await act(pool, after, ACCEPT)).running if run.clock == "c_resolve")
    await join(pool, after, await order(pool, owner, "A-2", due_at=SOON))
    ticket = await stored(pool, after)
    assert own > SOON
    assert next(run.due_at for run in ticket.running if run.clock == "c_resolve") == SOON == ticket.external_due_at
    await act(pool, late, ACCEPT)
    await join(pool, late, await order(pool, owner, "A-3", due_at=own + timedelta(days=30)))
    assert next(run.due_at for run in (await stored(pool, late)).running if run.clock == "c_resolve") == own
    for ticket_id in (before, after, late):
        await assert_recomputable(pool, ticket_id)


@pytest.mark.usefixtures("partner")
async def test_promise_goes_with_the_order_when_its_ticket_is_merged(pool: Pool, owner: Connection) -> None:
    keeper, loser = await new_ticket(pool), await new_ticket(pool)
    await join(pool, loser, await order(pool, owner, "A-1", due_at=SOON))
    await act(pool, loser, (E.MERGE, OFFICER, {"survivor": keeper}))
    ticket = await act(pool, keeper, ACCEPT)
    assert next(run.due_at for run in ticket.running if run.clock == "c_resolve") == SOON
    await assert_recomputable(pool, keeper)


@pytest.mark.usefixtures("partner")
async def test_partner_hears_of_every_change_once_and_of_nobody(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool)
    await join(pool, ticket_id, await order(pool, owner, "A-1"))
    await step(pool)
    await step(pool)
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    await step(pool)
    await act(pool, ticket_id, (E.VOID, LEADER, {"code": "test"}))
    await step(pool)
    await step(pool)
    heard = await told(owner)
    assert await owner.fetchval("SELECT count(*) FROM exchange_changes") == 0
    assert [(each["topic"], each["state"]) for each in heard] == [
        ("order.changed", "received"),
        ("order.changed", "in_hand"),
        ("order.ended", "ended"),
    ]
    assert {each["external_number"] for each in heard} == {"A-1"}
    assert heard[1]["holder_zh"] == "t-fire"
    for secret in ("138", "张三丰", "路灯不亮，"):
        assert secret not in str(heard)


@pytest.mark.usefixtures("partner")
async def test_change_that_commits_while_another_is_told_is_told_next(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool)
    await join(pool, ticket_id, await order(pool, owner, "A-1"))
    await act(pool, ticket_id, ACCEPT)
    async with transaction(pool, scope=SYSTEM) as conn:
        await stage.advance(await StepOfTown.begin(conn, AT))
        await act(pool, ticket_id, DISPATCH)
    await step(pool)
    assert [each["state"] for each in await told(owner)] == ["accepted", "in_hand"]


@pytest.mark.usefixtures("partner")
async def test_step_that_is_undone_tells_the_change_again(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool)
    await join(pool, ticket_id, await order(pool, owner, "A-1"))
    async with pool.acquire() as conn:
        dying = conn.transaction()
        await dying.start()
        await stage.advance(await StepOfTown.begin(conn, AT))
        await dying.rollback()
    await step(pool)
    assert [each["state"] for each in await told(owner)] == ["received"]


async def test_change_of_a_ticket_without_orders_tells_nobody(pool: Pool, owner: Connection, partner: str) -> None:
    ticket_id = await new_ticket(pool, calls=1)
    await order(pool, owner, "A-1")
    await act(pool, ticket_id, ACCEPT)
    await step(pool)
    assert (partner, await told(owner)) == ("p12345", [])


async def test_message_is_the_partners_only_while_it_is_signed_and_fresh(pool: Pool, partner: str) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        now = await conn.fetchval("SELECT extract(epoch FROM clock_timestamp())::bigint")
        for partner_id, timestamp in ((partner, str(now)), ("p-unknown", str(now)), (partner, str(now - 400))):
            given = {"webhook-id": "m", "webhook-timestamp": timestamp, "webhook-signature": "v1,AAAA"}
            with pytest.raises(OrderRefused):
                await exchange.authenticate(conn, partner_id, given, b"{}")
