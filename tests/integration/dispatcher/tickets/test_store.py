"""Actions on tickets in a real database: one winner, one record, clocks that can be recomputed from the log."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from dispatcher.tickets import acting, store
from dispatcher.tickets.errors import ActionRefused, TicketNotFound, VersionConflict
from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Action, EntryKind, Role, Ticket, TicketEvent, TicketState
from dispatcher.tickets.questions import Context
from dispatcher.tickets.reading import (
    ticket_row,
    timeline,
)
from dispatcher.tickets.records import read_rules, read_ticket
from dispatcher.tickets.refusing import RefusalReason
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AGENT,
    AT,
    DISPATCH,
    HANDLER,
    HEAD,
    LEADER,
    OFFICER,
    SIGN,
    TO_VERIFYING,
    VERIFIER,
    E,
    Step,
    act,
    call,
    draft,
    incident,
    new_ticket,
    person,
)


async def stored(pool: Pool, ticket_id: int) -> Ticket:
    async with pool.acquire() as conn:
        return await read_ticket(conn, ticket_id)


def without_order(ticket: Ticket) -> Ticket:
    """The ticket with its parts sorted, since rows have no order of their own."""
    return replace(
        ticket,
        clocks=tuple(sorted(ticket.clocks, key=lambda run: run.key)),
        assignments=tuple(sorted(ticket.assignments, key=lambda each: (each.generation, each.organisation_id))),
        reports=tuple(sorted(ticket.reports, key=lambda report: report.call_id)),
    )


async def assert_recomputable(pool: Pool, ticket_id: int) -> None:
    async with pool.acquire() as conn:
        computed = await store.recompute(conn, ticket_id)
        assert without_order(computed) == without_order(await read_ticket(conn, ticket_id))


async def test_main_path_from_report_to_closed(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, calls=1)
    ticket = await act(
        pool,
        ticket_id,
        *TO_VERIFYING,
        (E.VERIFY_OK, VERIFIER, {}),
        (E.CALLBACK_DONE, AGENT, {"outcome": "resolved", "satisfaction": 4}),
    )
    assert (ticket.state, ticket.number) == (TicketState.CLOSED, "CR-20260311-00001")
    assert without_order(ticket) == without_order(await stored(pool, ticket_id))
    await assert_recomputable(pool, ticket_id)
    async with pool.acquire() as conn:
        items = await timeline(conn, ticket_id)
        row = await ticket_row(conn, ticket_id)
    assert [item.event for item in items if item.entry == "transition"] == [
        "submit",
        "accept",
        "dispatch",
        "acknowledge",
        "roll",
        "arrive",
        "control",
        "resolve",
        "start_verification",
        "verify_ok",
        "callback_done",
    ]
    assert [item.version for item in items if item.entry == "transition"] == list(range(1, 12))
    assert (row.due_at, row.due_clock, row.overdue, row.report_count) == (None, None, False, 1)


RETURN: Step = (E.REQUEST_RETURN, HEAD, {"basis": "权责清单", "suggested_unit": "t-urban"})


@pytest.mark.parametrize(
    "path",
    [
        (
            ACCEPT,
            DISPATCH,
            RETURN,
            (E.ACCEPT_RETURN, OFFICER, {}),
            DISPATCH,
        ),
        (
            ACCEPT,
            DISPATCH,
            RETURN,
            (E.DENY_RETURN, OFFICER, {}),
        ),
        (ACCEPT, DISPATCH, SIGN, (E.REDISPATCH, OFFICER, {"lead": "t-police"})),
        (*TO_VERIFYING, (E.VERIFY_FAIL, VERIFIER, {}), (E.RESOLVE, HANDLER, {"result": "返工完成"})),
        (*TO_VERIFYING, (E.VERIFY_OK, VERIFIER, {}), (E.CALLBACK_UNRESOLVED, AGENT, {})),
        (ACCEPT, DISPATCH, SIGN, (E.GRADE, LEADER, {"grade": 1}), (E.GRADE, LEADER, {"grade": 3})),
        (
            ACCEPT,
            DISPATCH,
            SIGN,
            (E.CONTACT, HANDLER, {"channel": "phone", "record": "录音 7"}),
            (E.NOTE, OFFICER, {"text": "已联系"}),
        ),
        (ACCEPT, (E.VOID, LEADER, {})),
        ((E.REFUSE_ACCEPT, LEADER, {"code": "repeated", "legal_basis": "条例第五十条"}),),
    ],
    ids=[
        "returned",
        "return denied",
        "redispatched",
        "reworked",
        "unresolved",
        "regraded",
        "contacted",
        "void",
        "refused",
    ],
)
async def test_stored_ticket_equals_what_its_log_recomputes(pool: Pool, path: tuple[Step, ...]) -> None:
    ticket_id = await new_ticket(pool, calls=2)
    ticket = await act(pool, ticket_id, *path)
    assert without_order(ticket) == without_order(await stored(pool, ticket_id))
    await assert_recomputable(pool, ticket_id)


async def test_of_fifty_takers_one_wins_and_the_others_learn_who(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)

    async def take(number: int) -> str | VersionConflict:
        actor = person(Role.DUTY_OFFICER, "t-desk", number=number)
        try:
            async with transaction(pool, scope=SYSTEM) as conn:
                await acting.act(conn, ticket_id, Action(TicketEvent.ACCEPT, 1), actor, AT)
        except VersionConflict as conflict:
            return conflict
        return actor.name

    results = await asyncio.gather(*(take(number) for number in range(50)))
    winners = [result for result in results if isinstance(result, str)]
    conflicts = [result for result in results if isinstance(result, VersionConflict)]
    assert (len(winners), len(conflicts)) == (1, 49)
    assert {conflict.actor_name for conflict in conflicts} == set(winners)
    assert {(conflict.version, conflict.state, conflict.event, conflict.at) for conflict in conflicts} == {
        (2, TicketState.ACCEPTED, TicketEvent.ACCEPT, AT)
    }
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM ticket_transitions WHERE ticket_id = $1", ticket_id) == 2
        assert await conn.fetchval("SELECT count(*) FROM stream_log") == 1


async def test_refused_action_changes_nothing(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    before = await stored(pool, ticket_id)
    with pytest.raises(ActionRefused) as refusal:
        await act(pool, ticket_id, (E.VOID, OFFICER, {}))
    assert refusal.value.refused.reason is RefusalReason.MISSING_ROLE
    assert refusal.value.refused.roles == (Role.SHIFT_LEADER,)
    assert await stored(pool, ticket_id) == before
    with pytest.raises(TicketNotFound):
        async with transaction(pool, scope=SYSTEM) as conn:
            await acting.act(conn, ticket_id + 1000, Action(TicketEvent.ACCEPT, 1), OFFICER, AT)


async def test_committee_is_refused_by_the_rules_and_by_the_database(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool)
    with pytest.raises(ActionRefused) as refusal:
        await act(pool, ticket_id, ACCEPT, (E.DISPATCH, OFFICER, {"lead": "committee-tt"}))
    assert refusal.value.refused.guard is Guard.ART45
    with pytest.raises(asyncpg.CheckViolationError, match="ART45_DIRECT_ASSIGNMENT"):
        await owner.execute(
            "INSERT INTO ticket_assignments (ticket_id, generation, organisation_id, role, reason, assigned_at)"
            " VALUES ($1, 1, 'committee-tt', 'co', 'officer', $2)",
            ticket_id,
            AT,
        )
    with pytest.raises(asyncpg.CheckViolationError, match="ART45_DIRECT_ASSIGNMENT"):
        await owner.execute("UPDATE tickets SET lead_organisation_id = 'committee-tt' WHERE id = $1", ticket_id)


async def test_second_open_ticket_of_a_case_is_refused_by_the_database(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        incident_id, case_id = await incident(conn)
        await store.open_ticket(conn, draft(incident_id, case_id), AT)
    with pytest.raises(asyncpg.UniqueViolationError, match="tickets_one_open_a_case"):
        async with transaction(pool, scope=SYSTEM) as conn:
            await store.open_ticket(conn, draft(incident_id, case_id), AT)


async def test_case_may_have_a_new_ticket_after_the_old_one_ended(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    ended = await act(pool, ticket_id, (E.VOID, LEADER, {}))
    assert ended.incident_id is not None
    async with transaction(pool, scope=SYSTEM) as conn:
        assert await store.open_ticket(conn, draft(ended.incident_id, ended.case_id), AT) != ticket_id


@pytest.mark.parametrize("table", ["ticket_transitions", "ticket_entries", "clock_firings"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET ticket_id = ticket_id"])
async def test_record_is_only_added_to(pool: Pool, table: str, statement: str) -> None:
    async with pool.acquire() as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement.format(table))


async def test_numbers_are_gapless_a_day_and_follow_the_local_day(pool: Pool) -> None:
    tickets = [await new_ticket(pool) for _ in range(3)]
    assert (await act(pool, tickets[0], ACCEPT)).number == "CR-20260311-00001"
    async with pool.acquire() as conn:
        lost = conn.transaction()
        await lost.start()
        await acting.act(conn, tickets[1], Action(TicketEvent.ACCEPT, 1), OFFICER, AT)
        await lost.rollback()
    assert (await act(pool, tickets[1], ACCEPT)).number == "CR-20260311-00002"
    evening = AT + timedelta(hours=14)  # 00:00 of the next day in Chengdu.
    assert (await act(pool, tickets[2], ACCEPT, at=evening)).number == "CR-20260312-00001"


async def test_joined_report_and_event_move_no_version(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    before = await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN)
    async with transaction(pool, scope=SYSTEM) as conn:
        call_id = await call(conn, demand="complaint")
        after = await store.join_report(conn, ticket_id, call_id, None, AT)
        again = await store.join_report(conn, ticket_id, call_id, None, AT)
    assert (after.version, after.demand) == (before.version, "complaint")
    assert len(again.reports) == 1
    assert any(run.clock == "c_contact" for run in after.running)
    await assert_recomputable(pool, ticket_id)


async def test_anonymous_call_is_not_called_back(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    async with transaction(pool, scope=SYSTEM) as conn:
        await store.join_report(conn, ticket_id, await call(conn, anonymous=True), None, AT)
    ticket = await act(pool, ticket_id, *TO_VERIFYING, (E.VERIFY_OK, VERIFIER, {}))
    assert ticket.state is TicketState.CLOSED


async def test_of_two_grades_at_once_one_wins(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    ticket = await act(pool, ticket_id, ACCEPT)

    async def grade(value: int) -> bool:
        action = Action(TicketEvent.GRADE, ticket.version, "理由", {"grade": value})
        try:
            async with transaction(pool, scope=SYSTEM) as conn:
                await acting.act(conn, ticket_id, action, OFFICER, AT)
        except VersionConflict:
            return False
        return True

    assert sorted(await asyncio.gather(*(grade(value) for value in (1, 2, 3)))) == [False, False, True]
    await assert_recomputable(pool, ticket_id)


async def test_return_of_a_co_unit_with_the_lead_signing_meanwhile_recomputes(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, calls=1)
    head = person(Role.DEPT_HEAD, "t-police", number=8)
    await act(
        pool,
        ticket_id,
        ACCEPT,
        DISPATCH,
        (E.REQUEST_RETURN, head, {"basis": "权责清单", "suggested_unit": "t-urban"}),
        SIGN,
        (E.ACKNOWLEDGE, head, {}),
        (E.DENY_RETURN, OFFICER, {}),
    )
    await assert_recomputable(pool, ticket_id)


async def test_units_are_told_once_and_the_stream_shows_the_row(pool: Pool, owner: Connection) -> None:
    await owner.execute(
        "INSERT INTO webhook_endpoints (organisation_id, url, secret)"
        " VALUES ('t-fire', 'https://example.invalid/a', 'whsec_x'),"
        " ('t-police', 'https://example.invalid/b', 'whsec_x')"
    )
    ticket_id = await new_ticket(pool)
    await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN)
    async with pool.acquire() as conn:
        told = Counter(
            (row["organisation_id"], row["topic"], row["version"])
            for row in await conn.fetch(
                "SELECT e.organisation_id, o.topic, (o.body->>'version')::int AS version"
                " FROM outbox o JOIN webhook_endpoints e ON e.id = o.endpoint_id"
            )
        )
        streamed = await conn.fetch("SELECT topic, organisation_ids, body FROM stream_log ORDER BY seq")
    assert told == {
        ("t-fire", "ticket.assigned", 3): 1,
        ("t-police", "ticket.assigned", 3): 1,
        ("t-police", "ticket.changed", 4): 1,  # Who acts is not told.
    }
    assert [row["topic"] for row in streamed] == ["ticket.changed"] * 3
    assert streamed[-1]["organisation_ids"] == ["t-fire", "t-police"]
    assert streamed[-1]["body"]["ticket"]["state"] == "acknowledged"


async def test_merged_ticket_leaves_its_reports_to_the_survivor(pool: Pool) -> None:
    survivor_id, loser_id = await new_ticket(pool, calls=1), await new_ticket(pool, calls=2)
    await act(pool, survivor_id, ACCEPT)
    async with transaction(pool, scope=SYSTEM) as conn:
        survivor, loser = await read_ticket(conn, survivor_id), await read_ticket(conn, loser_id)
        context = Context({}, await read_rules(conn, AT))
        merged, kept = await store.merge_into(conn, loser, survivor, AT, context)
    ended = merged.ticket
    assert (ended.state, ended.merged_into, ended.running) == (TicketState.MERGED, survivor_id, ())
    assert len(kept.reports) == 3
    assert len((await stored(pool, survivor_id)).reports) == 3
    await assert_recomputable(pool, survivor_id)
    async with pool.acquire() as conn:
        entries = [item.entry for item in await timeline(conn, survivor_id)]
    assert entries.count(EntryKind.REPORT_JOINED) == 3
    assert entries[-1] == EntryKind.INCIDENT_JOINED
