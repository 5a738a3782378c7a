"""Every breach has exactly one record, of every clock and type; a file follows only where ruling A5 says so."""

import asyncpg
import pytest

from dispatcher.accountability import files, stage
from dispatcher.accountability.errors import FileStands
from dispatcher.admission.errors import EntryRefused, SubjectNotFound
from dispatcher.tickets.breaches import Breach, BreachType, open_breach, record_end
from dispatcher.tickets.model import Role
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.accountability.bench import (
    ELSEWHERE,
    FIRE_HEAD,
    LATE,
    SUPERVISOR,
    breach_clock,
    breaches,
    complaint,
    step,
)
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AT,
    PATH,
    SIGN,
    TO_VERIFYING,
    VERIFIER,
    E,
    StepOfTown,
    act,
    new_ticket,
    person,
)

CALLS = person(Role.CALL_TAKER, "t-desk", number=8)
WATCH = person(Role.SUPERVISOR, "t-check", number=9)


def late(key: str, *, unit: str | None = "t-fire", clock: str = "d_publish_law") -> Breach:
    return Breach(
        source_key=key,
        type=BreachType.OVERDUE_DISCLOSE,
        clock=clock,
        unit_id=unit,
        area_path=PATH,
        happened_at=AT,
        due_at=AT,
        explanation={},
    )


async def test_published_limit_opens_one_file_and_own_limits_leave_a_record(pool: Pool, owner: Connection) -> None:
    ticket_id = await complaint(pool)
    for clock in ("c_sign", "c_resolve"):
        await breach_clock(pool, ticket_id, clock)
    assert await step(pool, LATE) == 1
    assert await step(pool, LATE) == 0
    assert sorted(await breaches(owner)) == [
        ("overdue_handle", "c_resolve", "t-fire", "file_opened"),
        ("overdue_handle", "c_sign", "t-fire", "internal_limit"),
        ("overdue_handle", "c_sign", "t-police", "internal_limit"),
    ]
    row = await owner.fetchrow(
        "SELECT number, type::text, ground::text, state::text, version FROM accountability_files"
    )
    assert row is not None
    assert tuple(row)[1:] == ("overdue_handle", "published_limit", "fact", 1)
    assert row["number"].startswith("AF-")


async def test_every_breach_is_judged_once_across_a_kill(pool: Pool, owner: Connection) -> None:
    ticket_id = await complaint(pool)
    await breach_clock(pool, ticket_id, "c_resolve")
    async with pool.acquire() as conn:
        killed = conn.transaction()
        await killed.start()
        assert (await stage.advance(await StepOfTown.begin(conn, LATE))).written == 1
        await killed.rollback()
    assert await owner.fetchval("SELECT count(*) FROM accountability_files") == 0
    assert await owner.fetchval("SELECT seq FROM accountability_head") == 0
    await step(pool, LATE)
    await step(pool, LATE)
    assert await owner.fetchval("SELECT count(*) FROM accountability_files") == 1
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(
            "INSERT INTO accountability_files"
            " (number, breach_id, type, ground, unit_organisation_id, area_path, opened_at,"
            " statement_due_at) SELECT 'AF-x', breach_id, type, ground, unit_organisation_id, area_path, opened_at,"
            " statement_due_at FROM accountability_files"
        )


async def test_clock_that_is_told_of_again_spends_no_number_of_a_breach(pool: Pool, owner: Connection) -> None:
    """Else a kill would leave other numbers than an undisturbed run."""
    ticket_id = await complaint(pool)
    await breach_clock(pool, ticket_id, "c_resolve")
    spent = "SELECT pg_sequence_last_value(pg_get_serial_sequence('breach_records', 'id'))"
    before = await owner.fetchval(spent)
    written = await owner.execute("UPDATE ticket_clocks SET breached_at = breached_at WHERE breached_at IS NOT NULL")
    assert (written, await owner.fetchval(spent)) == ("UPDATE 1", before)


async def test_two_steps_at_once_judge_a_breach_once(pool: Pool, owner: Connection) -> None:
    ticket_id = await complaint(pool)
    await breach_clock(pool, ticket_id, "c_resolve")
    async with transaction(pool, scope=SYSTEM) as conn:
        held = await conn.fetch(files.QUERIES.unjudged_breaches, 10)
        assert len(held) == 1
        assert await step(pool, LATE) == 0
    assert await step(pool, LATE) == 1
    assert await owner.fetchval("SELECT count(*) FROM accountability_files") == 1


async def test_late_stop_says_when_it_was_done_and_who_answers(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool, grade=2)
    await act(pool, ticket_id, ACCEPT, at=AT.replace(hour=5))
    row = await owner.fetchrow(
        "SELECT type::text, unit_organisation_id, started_at, due_at, actual_at, happened_at FROM breach_records"
    )
    assert row is not None
    # Nobody but the desk could have taken it on.
    assert tuple(row)[:3] == ("overdue_accept", "t-desk", AT)
    assert row["due_at"] == row["happened_at"] < row["actual_at"] == AT.replace(hour=5)


async def test_refusal_that_an_objection_overturns_is_a_breach_without_basis(pool: Pool, owner: Connection) -> None:
    refuse = (E.REFUSE_ACCEPT, CALLS, {"code": "repeated", "legal_basis": "工作规则"})
    ticket_id = await new_ticket(pool, calls=1)
    await act(pool, ticket_id, refuse)
    assert await breaches(owner) == []
    await act(pool, ticket_id, (E.OBJECT, WATCH, {}))
    assert await breaches(owner) == []
    await act(pool, ticket_id, ACCEPT)
    await step(pool, LATE)
    assert await breaches(owner) == [("not_accepted", "not_accepted", "t-desk", "file_opened")]
    assert await owner.fetchval("SELECT ground::text FROM accountability_files") == "no_basis"


async def test_only_who_looks_from_outside_finds_a_closing_false(pool: Pool, owner: Connection) -> None:
    done = (*TO_VERIFYING, (E.VERIFY_OK, VERIFIER, {}))
    asked = await new_ticket(pool)
    await act(pool, asked, *done, (E.REOPEN, CALLS, {}))
    assert await breaches(owner) == []
    found = await new_ticket(pool)
    await act(pool, found, *done, (E.REOPEN, VERIFIER, {}))
    await step(pool, LATE)
    assert await breaches(owner) == [("false_closure", "false_closure", "t-fire", "file_opened")]


async def test_door_records_a_key_once_and_what_was_done_after_all(pool: Pool, owner: Connection) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        assert await open_breach(conn, late("disclosure:1")) is not None
        assert await open_breach(conn, late("disclosure:1")) is None
        assert await open_breach(conn, late("disclosure:2", clock="d_publish")) is not None
        assert await open_breach(conn, late("disclosure:3", unit=None)) is not None
    assert await step(pool, LATE) == 1
    assert [each[3] for each in await breaches(owner)] == ["file_opened", "internal_limit", "no_unit"]
    async with transaction(pool, scope=SYSTEM) as conn:
        await record_end(conn, "disclosure:1", LATE)
    assert await step(pool, LATE) == 1
    assert await step(pool, LATE) == 0
    contents = [row[0] for row in await owner.fetch("SELECT content FROM accountability_seals ORDER BY seq")]
    assert len(contents) == 2
    assert '"event":"end"' in contents[1]


async def test_committee_never_gets_a_breach_nor_a_file(pool: Pool, owner: Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with transaction(pool, scope=SYSTEM) as conn:
            await open_breach(conn, late("disclosure:9", unit="committee-tt"))
    async with transaction(pool, scope=SYSTEM) as conn:
        await open_breach(conn, late("disclosure:9"))
    with pytest.raises(asyncpg.CheckViolationError, match="committee"):
        await owner.execute(
            "INSERT INTO accountability_files"
            " (number, breach_id, type, ground, unit_organisation_id, area_path, opened_at,"
            " statement_due_at) SELECT 'AF-x', id, type, 'statutory_limit', 'committee-tt', area_path, happened_at,"
            " happened_at FROM breach_records"
        )
    with pytest.raises(EntryRefused):
        async with transaction(pool, scope=SYSTEM) as conn:
            await files.record_and_open(
                conn,
                type_=BreachType.FALSE_CLOSURE,
                unit_id="committee-tt",
                ticket_id=None,
                facts_said="x",
                user=SUPERVISOR,
                at=AT,
            )


async def test_supervisor_of_the_place_opens_what_opens_not_by_itself(pool: Pool, owner: Connection) -> None:
    ticket_id = await complaint(pool)
    await act(pool, ticket_id, SIGN, at=AT.replace(day=20))
    await step(pool, LATE)
    breach_id = await owner.fetchval("SELECT id FROM breach_records WHERE clock = 'c_sign' LIMIT 1")
    for who in (ELSEWHERE, FIRE_HEAD):
        with pytest.raises(SubjectNotFound):
            async with transaction(pool, scope=SYSTEM) as conn:
                await files.open_by_decision(conn, breach_id, "多次", who, LATE)
    async with transaction(pool, scope=SYSTEM) as conn:
        await files.open_by_decision(conn, breach_id, "多次", SUPERVISOR, LATE)
    with pytest.raises(FileStands):
        async with transaction(pool, scope=SYSTEM) as conn:
            await files.open_by_decision(conn, breach_id, "多次", SUPERVISOR, LATE)
    assert await owner.fetchval("SELECT ground::text FROM accountability_files") == "supervisor_decision"


async def test_judgement_is_never_taken_back(owner: Connection, pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        await open_breach(conn, late("disclosure:1"))
    await step(pool, LATE)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE breach_records SET judgement = 'internal_limit'")


async def test_transfer_is_a_breach_when_the_government_orders_correction(pool: Pool, owner: Connection) -> None:
    case_id = await owner.fetchval(
        "INSERT INTO correction_cases"
        " (number, unit_organisation_id, committee_id, matter, means, facts, state, opened_at, opened_by)"
        " VALUES ('CC-1', 't-urban', 'committee-tt', 'grid_round', 'assignment', 'x', 'heard', $1, 'user:1')"
        " RETURNING id",
        AT,
    )
    record = (
        "INSERT INTO admission_records"
        " (subject, subject_id, version, event, from_state, to_state, at, actor, actor_name, fields)"
        " VALUES ('correction_case', $1, $2, 'x', 'heard', $3, $4, 'user:1', 'x', '{}')"
    )
    await owner.execute(record, case_id, 2, "heard", AT)
    assert await breaches(owner) == []
    await owner.execute(record, case_id, 3, "correction_ordered", AT)
    await step(pool, LATE)
    # Art. 48 is its own path: a file takes a supervisor.
    assert await breaches(owner) == [("off_list_transfer", "off_list_transfer", "t-urban", "internal_limit")]
