"""What residents learn and may do by number and code, and that nothing else opens a report."""

from datetime import timedelta

import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.desk import codes, receipts, standing
from dispatcher.desk.callbacks import CallbackResult
from dispatcher.desk.errors import DeskRefusal, DeskRefused
from dispatcher.desk.standing import PublicState
from dispatcher.tickets.errors import ActionRefused
from dispatcher.tickets.model import TicketState
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.desk.people import checked_ticket, hire, receipt_of
from tests.integration.dispatcher.tickets import town
from tests.integration.dispatcher.tickets.test_store import assert_recomputable, stored
from tests.integration.dispatcher.tickets.town import ACCEPT, AGENT, AT, DISPATCH, LEADER, OFFICER, E, act, new_ticket

KEY = b"k" * 32
REFUSE = (E.REFUSE_ACCEPT, LEADER, {"code": "outside_area", "legal_basis": "other_region"})


async def found(pool: Pool, number: str, code: str, key: bytes = KEY) -> int | None:
    async with pool.acquire() as conn:
        return await receipts.find(conn, key, number=number, code=code)


async def read(pool: Pool, call_id: int) -> standing.Standing:
    async with pool.acquire() as conn:
        return await standing.read_standing(conn, call_id)


async def object_to(pool: Pool, call_id: int, at: object = AT) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        await standing.object_to(conn, call_id, "应由本市处理", at)  # type: ignore[arg-type]


async def rate(pool: Pool, call_id: int) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        await standing.rate(conn, call_id, 4, CallbackResult.SOLVED, None, AT)


async def one_report(pool: Pool) -> tuple[int, int]:
    ticket_id = await new_ticket(pool, calls=1)
    return ticket_id, (await stored(pool, ticket_id)).reports[0].call_id


async def test_report_opens_by_its_numbers_and_its_own_code_alone(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool, calls=2)
    first, second = [report.call_id for report in (await stored(pool, ticket_id)).reports]
    number, code = await receipt_of(pool, first, KEY)
    other_number, other_code = await receipt_of(pool, second, KEY)
    ticket_number = (await act(pool, ticket_id, ACCEPT)).number
    assert ticket_number is not None
    for known in (number, number.lower(), f" {ticket_number}"):
        assert await found(pool, known, code) == first
    assert await found(pool, ticket_number, other_code) == second
    for wrong_number, wrong_code in (
        (number, other_code),
        (other_number, code),
        (number, ""),
        (number, "2222-2222-22"),
        ("HR-20260311-99999", code),
        ("", code),
        (number, codes.spoken(code.replace("-", ""))[:-1] + "\x00"),
    ):
        assert await found(pool, wrong_number, wrong_code) is None
    assert await found(pool, number, code, b"another key") is None
    # The code itself stands nowhere.
    kept = await owner.fetch("SELECT call_id, number, code_hash FROM call_receipts")
    assert all(code.replace("-", "").encode() not in row["code_hash"] for row in kept)


async def test_number_of_a_merged_ticket_still_opens_its_report(pool: Pool) -> None:
    keeper, (loser, call_id) = await new_ticket(pool), await one_report(pool)
    number, code = await receipt_of(pool, call_id, KEY)
    await act(pool, keeper, ACCEPT)
    merged_number = (await act(pool, loser, ACCEPT, (E.MERGE, OFFICER, {"survivor": keeper}))).number
    kept_number = (await stored(pool, keeper)).number
    assert merged_number
    assert kept_number
    for known in (number, merged_number, kept_number):
        assert await found(pool, known, code) == call_id


async def test_new_code_makes_the_old_one_worthless_and_is_recorded(pool: Pool, owner: Connection) -> None:
    _, call_id = await one_report(pool)
    number, code = await receipt_of(pool, call_id, KEY)
    taker = await hire(owner, "taker", UserRole.CALL_TAKER, "t-desk")
    async with transaction(pool, scope=SYSTEM) as conn:
        renewed = await receipts.renew(conn, call_id, KEY, taker, AT)
    assert renewed.number == number
    assert await found(pool, number, code) is None
    assert await found(pool, number, renewed.code) == call_id
    looks = await owner.fetch("SELECT user_id, purpose::text FROM caller_looks")
    assert [tuple(row) for row in looks] == [(taker.id, "new_code")]


async def test_standing_follows_the_ticket_in_plain_words(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        call_id = await town.call(conn)
    await receipt_of(pool, call_id, KEY)
    early = await read(pool, call_id)
    assert (early.state, early.holder[1], early.may_object, early.may_rate) == (
        PublicState.RECEIVED,
        "12345 hotline desk",
        False,
        False,
    )
    ticket_id, call_id = await one_report(pool)
    await receipt_of(pool, call_id, KEY)
    ticket = await act(pool, ticket_id, ACCEPT, DISPATCH)
    shown = await read(pool, call_id)
    assert (shown.state, shown.holder, shown.ticket_number) == (
        PublicState.IN_HAND,
        ("t-fire", "t-fire"),
        ticket.number,
    )
    assert shown.due_at == next(run.due_at for run in ticket.running if run.clock == "c_resolve")


async def test_refusal_is_told_with_its_law_and_objected_to_once(pool: Pool) -> None:
    ticket_id, call_id = await one_report(pool)
    await receipt_of(pool, call_id, KEY)
    await act(pool, ticket_id, REFUSE)
    shown = await read(pool, call_id)
    assert (shown.state, shown.may_object) == (PublicState.NOT_ACCEPTED, True)
    assert shown.refusal is not None
    assert "不属于本市管辖" in shown.refusal[0]
    await object_to(pool, call_id)
    ticket = await stored(pool, ticket_id)
    assert (ticket.state, ticket.objection_count) == (TicketState.NEW, 1)
    assert "c_triage" in {run.clock for run in ticket.running}
    await assert_recomputable(pool, ticket_id)
    with pytest.raises(DeskRefused) as nothing:
        await object_to(pool, call_id)
    assert nothing.value.refusal is DeskRefusal.NOTHING_TO_OBJECT
    # After an objection nobody refuses alone; refused again by two, it stands.
    await act(pool, ticket_id, (E.REQUEST_REFUSAL, OFFICER, REFUSE[2]), (E.COUNTERSIGN_REFUSAL, LEADER, {}))
    assert not (await read(pool, call_id)).may_object
    with pytest.raises(DeskRefused) as again:
        await object_to(pool, call_id)
    assert again.value.refusal is DeskRefusal.OBJECTED_BEFORE


async def test_objection_after_its_window_leaves_no_trace(pool: Pool, owner: Connection) -> None:
    ticket_id, call_id = await one_report(pool)
    await receipt_of(pool, call_id, KEY)
    await act(pool, ticket_id, REFUSE)
    with pytest.raises(ActionRefused):
        await object_to(pool, call_id, AT + timedelta(days=60))
    assert await owner.fetchval("SELECT count(*) FROM public_objections") == 0


async def test_closed_matter_is_rated_once_and_reopened_by_its_reporter(pool: Pool) -> None:
    ticket_id, (call_id,) = await checked_ticket(pool, calls=1)
    await receipt_of(pool, call_id, KEY)
    with pytest.raises(DeskRefused) as early:
        await rate(pool, call_id)
    assert early.value.refusal is DeskRefusal.NOT_ENDED
    await act(pool, ticket_id, (E.CALLBACK_DONE, AGENT, {"outcome": "resolved", "satisfaction": 4}))
    assert (await read(pool, call_id)).may_rate
    await rate(pool, call_id)
    with pytest.raises(DeskRefused) as again:
        await rate(pool, call_id)
    assert again.value.refusal is DeskRefusal.RATED_BEFORE
    assert not (await read(pool, call_id)).may_rate
    await object_to(pool, call_id)
    ticket = await stored(pool, ticket_id)
    assert (ticket.state, ticket.reopen_count) == (TicketState.ACCEPTED, 1)
    await assert_recomputable(pool, ticket_id)
