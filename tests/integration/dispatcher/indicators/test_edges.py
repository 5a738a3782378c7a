"""What could be argued about: withdrawals, struck lines, needless visits, desks, late reports, the end of a month."""

from datetime import UTC, date, datetime, timedelta

import pytest

from dispatcher.indicators import answering, rollups
from dispatcher.indicators.model import Dimension, Figure, Period, Question
from dispatcher.tickets import store
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.indicators.asking import CONTACT, SATISFIED, asked
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AGENT,
    AT,
    DISPATCH,
    HANDLER,
    LEADER,
    OFFICER,
    SIGN,
    VERIFIER,
    WORK,
    E,
    Step,
    act,
    call,
    draft,
    incident,
    new_ticket,
)


async def test_confirmed_withdrawal_stays_in_the_rates(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, calls=1)
    async with pool.acquire() as conn:
        call_id = await conn.fetchval("SELECT call_id FROM ticket_reports WHERE ticket_id = $1", ticket_id)
    ask: Step = (E.REQUEST_WITHDRAWAL, OFFICER, {"call_id": call_id})
    await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN, ask, (E.CONFIRM_WITHDRAWAL, AGENT, {"record": "R-2"}))
    for indicator in ("resolution", "satisfaction"):
        assert await asked(pool, indicator) == {"": Figure(0, 1, 1)}


async def test_contact_that_is_struck_later_counts_no_more(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, calls=1)
    await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN, CONTACT)
    later = AT + timedelta(days=2)
    async with transaction(pool, scope=SYSTEM) as conn:
        assert await rollups.bring_up(conn, later, 10) > 0
        line = await conn.fetchval("SELECT id FROM ticket_entries WHERE entry = 'contact'")
    assert await asked(pool, "response") == {"": Figure(1, 1, 1)}
    await act(pool, ticket_id, (E.STRIKE, LEADER, {"entry": line}), at=later)
    assert await asked(pool, "response") == {"": Figure(0, 1, 1)}


async def test_second_contact_within_the_limit_stands_for_one_that_was_struck(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, calls=1)
    await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN, CONTACT)
    await act(pool, ticket_id, CONTACT, at=AT + timedelta(minutes=5))
    async with pool.acquire() as conn:
        line = await conn.fetchval("SELECT min(id) FROM ticket_entries WHERE entry = 'contact'")
    await act(pool, ticket_id, (E.STRIKE, LEADER, {"entry": line}), at=AT + timedelta(days=2))
    assert await asked(pool, "response") == {"": Figure(1, 1, 1)}


async def test_mild_matter_that_was_done_without_a_visit_needed_no_arrival(pool: Pool) -> None:
    done: Step = (E.RESOLVE, HANDLER, {"result": "已处置"})
    for grade in (3, 4):
        await act(pool, await new_ticket(pool, grade=grade), ACCEPT, DISPATCH, SIGN, done)
    assert await asked(pool, "arrival_in_time", Dimension.GRADE) == {"3": Figure(0, 1, 1), "4": Figure(0, 0, 1)}


async def test_late_call_back_is_the_desks_and_no_units(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, calls=1)
    await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN, CONTACT, *WORK, (E.VERIFY_OK, VERIFIER, {}))
    await act(pool, ticket_id, SATISFIED, at=AT + timedelta(days=20))
    (late,) = (await asked(pool, "times_over")).values()
    assert late.denominator == 1
    assert await asked(pool, "times_over", Dimension.ORGANISATION) == {}


async def test_what_the_desk_only_held_is_no_dispatch_to_a_unit(pool: Pool, owner: Connection) -> None:
    await act(pool, await new_ticket(pool), ACCEPT, DISPATCH)
    await owner.execute("UPDATE ticket_assignments SET reason = 'nobody_on_duty' WHERE role = 'lead'")
    assert await asked(pool, "returns", Dimension.ORGANISATION) == {"t-police": Figure(0, 1, 1)}
    for indicator in ("suspension", "extension", "wrong_dispatch"):
        assert await asked(pool, indicator) == {}


async def test_device_that_opened_a_ticket_after_somebody_called_did_not_find_it_first(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    later = AT + timedelta(days=2)
    async with transaction(pool, scope=SYSTEM) as conn:
        await rollups.bring_up(conn, later, 10)
        call_id = await call(conn, at=AT - timedelta(minutes=1))
    assert await asked(pool, "found_by_devices") == {"": Figure(1, 1, 1)}
    async with transaction(pool, scope=SYSTEM) as conn:
        await store.join_report(conn, ticket_id, call_id, None, later)
    assert await asked(pool, "found_by_devices") == {"": Figure(0, 1, 1)}


async def test_kind_that_is_found_later_makes_a_report_a_repeated_one(pool: Pool, owner: Connection) -> None:
    first, second = await new_ticket(pool, kind="unclassified"), await new_ticket(pool)
    for ticket_id, phone, at in ((first, "+86 138-1234-5678", AT), (second, "13812345678", AT + timedelta(days=3))):
        async with transaction(pool, scope=SYSTEM) as conn:
            call_id = await call(conn, key=str(ticket_id), at=at)
            await owner.execute("UPDATE hotline_calls SET caller_phone = $1 WHERE id = $2", phone, call_id)
            await store.join_report(conn, ticket_id, call_id, None, at)
    async with transaction(pool, scope=SYSTEM) as conn:
        await rollups.bring_up(conn, AT + timedelta(days=6), 10)
    assert await asked(pool, "repeat_demand") == {"": Figure(0, 2, 2)}
    await owner.execute("UPDATE tickets SET kind = 'streetlight_out' WHERE id = $1", first)
    assert await asked(pool, "repeat_demand") == {"": Figure(1, 2, 2)}


@pytest.mark.parametrize(
    ("minute", "month"),
    [pytest.param(15 * 60 + 59, "2026-03-01", id="last minute of March"), pytest.param(960, "2026-04-01", id="April")],
)
async def test_month_ends_at_midnight_of_china(pool: Pool, minute: int, month: str) -> None:
    at = datetime(2026, 3, 31, tzinfo=UTC) + timedelta(minutes=minute)
    async with transaction(pool, scope=SYSTEM) as conn:
        incident_id, case_id = await incident(conn, at=at)
        await store.open_ticket(conn, draft(incident_id, case_id), at)
        question = Question(
            indicators=("found_by_devices",), since=date(2026, 3, 1), until=date(2026, 5, 1), period=Period.MONTH
        )
        for _ in ("from the facts", "rolled up"):
            (key,) = await answering.answer(conn, question)
            assert str(key.period_from) == month
            await rollups.bring_up(conn, at + timedelta(days=3), 100)
