"""What people read of tickets: lists within their sight, pages without a gap, and never who reported."""

from dataclasses import replace
from typing import Any

import pytest

from dispatcher.tickets import acting
from dispatcher.tickets.model import Action, Actor, Role, TicketEvent, TicketState
from dispatcher.tickets.reading import (
    CursorInvalid,
    Sight,
    TicketFilter,
    sees_ticket,
    ticket_detail,
    ticket_queue,
    ticket_rows,
    timeline,
)
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AGENT,
    AT,
    DISPATCH,
    HANDLER,
    HEAD,
    OFFICER,
    VERIFIER,
    E,
    act,
    new_ticket,
    person,
)

ALL = Sight(None, None)


async def test_detail_masks_the_caller_and_offers_what_the_reader_may_do(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, calls=1)
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    async with pool.acquire() as conn:
        detail = await ticket_detail(conn, ticket_id, HEAD, AT)
        unseen = await ticket_detail(conn, ticket_id, person(Role.COMMITTEE, "committee-tt"), AT)
    assert (detail.reports[0].caller_name, detail.reports[0].caller_phone) == ("张**", "138****5678")
    assert (unseen.reports, unseen.report_count) == ([], 1)
    offered = [action.event for action in detail.actions]
    assert offered[:4] == ["acknowledge", "request_return", "contact", "request_extension"]
    assert not {"redispatch", "grade", "void", "award"} & set(offered)
    assert unseen.actions == []
    assert detail.lead is not None
    assert (detail.lead.id, detail.co_total, detail.co_signed) == ("t-fire", 1, 0)
    assert {clock.clock for clock in detail.clocks if clock.stopped_at is None} == {"c_sign", "c_resolve"}
    assert detail.explanation is not None
    assert detail.explanation.grade == 4


@pytest.mark.parametrize(
    ("reader", "reads"),
    [
        (OFFICER, True),
        (VERIFIER, True),
        (AGENT, True),
        (person(Role.AUDITOR), True),
        (HANDLER, True),
        (person(Role.DEPT_HANDLER, "t-police"), True),
        (person(Role.DEPT_HANDLER, "t-urban"), False),
        (person(Role.ENGINEER), False),
        (person(Role.COMMITTEE, "committee-tt"), False),
        (replace(HANDLER, may_know_reporters=False), False),
    ],
    ids=["officer", "verifier", "agent", "auditor", "lead", "co", "other unit", "engineer", "committee", "neighbour"],
)
async def test_reports_are_read_by_those_who_need_them(pool: Pool, reader: Actor, reads: bool) -> None:
    ticket_id = await new_ticket(pool, calls=1)
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    async with pool.acquire() as conn:
        assert bool((await ticket_detail(conn, ticket_id, reader, AT)).reports) is reads


async def test_numbers_that_people_write_are_masked_in_timeline_and_messages(pool: Pool, owner: Connection) -> None:
    await owner.execute(
        "INSERT INTO webhook_endpoints (organisation_id, url, secret) VALUES ('t-fire', 'https://fire.example', 'x')"
    )
    ticket_id = await new_ticket(pool)
    ticket = await act(pool, ticket_id, ACCEPT, DISPATCH, (E.NOTE, OFFICER, {"text": "打 13812345678"}))
    action = Action(TicketEvent.REDISPATCH, ticket.version, "住户 13812345678", {"lead": "t-fire"})
    async with transaction(pool, scope=SYSTEM) as conn:
        await acting.act(conn, ticket_id, action, OFFICER, AT)
        shown = str(await timeline(conn, ticket_id))
    assert "138****" in shown
    assert str(ticket.number) in shown
    sent = str(await owner.fetch("SELECT body FROM outbox"))
    assert "138****" in sent
    assert "13812345678" not in shown + sent + str(await owner.fetch("SELECT body FROM stream_log"))
    kept = await owner.fetchval("SELECT reason FROM ticket_transitions WHERE event = 'redispatch'")
    assert kept == "住户 13812345678"


@pytest.mark.parametrize(
    "cursor",
    ["999999-1-1", "1-999999999999999999-1", "1-1-9223372036854775808", "1-1", "-1-1-1", "١-1-1", "1-1-1-1", "a-b-c"],
)
async def test_forged_cursor_of_the_queue_is_refused(pool: Pool, cursor: str) -> None:
    async with pool.acquire() as conn:
        with pytest.raises(CursorInvalid):
            await ticket_queue(conn, TicketFilter(), ALL, cursor=cursor)


async def test_lists_narrow_by_area_organisation_and_text(pool: Pool) -> None:
    first, second = await new_ticket(pool, grade=4), await new_ticket(pool, grade=2)
    await act(pool, first, ACCEPT, DISPATCH)
    async with pool.acquire() as conn:

        async def ids(sight: Sight = ALL, **wanted: Any) -> list[int]:
            return [row.id for row in (await ticket_rows(conn, TicketFilter(**wanted), sight)).items]

        assert await ids() == [second, first]
        assert await ids(grade=2) == [second]
        assert await ids(state=TicketState.DISPATCHED) == [first]
        assert await ids(organisation_id="t-police") == [first]
        assert await ids(area_id="tt-west") == []
        assert await ids(text="CR-2026") == [first]
        assert await ids(text="%") == []
        assert await ids(open=False) == []
        assert await ids(overdue=False) == [second, first]
        assert await ids(Sight("tt-west", None)) == []
        assert await ids(Sight("tt-west", "t-fire")) == [first]
        assert await ids(Sight("tt-east", None)) == [second, first]
        assert await sees_ticket(conn, first, Sight("tt-west", "t-fire"))
        assert not await sees_ticket(conn, second, Sight("tt-west", "t-fire"))
        assert not await sees_ticket(conn, 999_999, ALL)


async def test_pages_of_the_queue_hold_every_open_ticket_once_in_order(pool: Pool) -> None:
    grades = [4, 1, 3, 2, 1, 4, 3]
    for grade in grades:
        await new_ticket(pool, grade=grade)
    seen: list[tuple[int, int]] = []
    cursor: str | None = None
    async with pool.acquire() as conn:
        while True:
            page = await ticket_queue(conn, TicketFilter(), ALL, cursor=cursor, limit=2)
            seen += [(row.grade, row.id) for row in page.items]
            cursor = page.next
            if cursor is None:
                break
        newest: list[int] = []
        while True:
            rows = await ticket_rows(conn, TicketFilter(), ALL, cursor=cursor, limit=3)
            newest += [row.id for row in rows.items]
            cursor = rows.next
            if cursor is None:
                break
    assert seen == sorted(seen)
    assert len(seen) == len(grades)
    assert newest == sorted(newest, reverse=True)
