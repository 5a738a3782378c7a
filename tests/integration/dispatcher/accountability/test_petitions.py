"""Petitions have two clocks of their own; who is complained of never sees one; refusing without basis is a fact."""

from datetime import datetime

import pytest

from dispatcher.accountability import petitions
from dispatcher.accountability.petitions import Petition
from dispatcher.accountability.words import PetitionKind
from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.errors import ActRefused, EntryRefused, SubjectNotFound
from dispatcher.admission.procedures import Act
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.accountability.bench import (
    AUDITOR,
    DAY,
    FIRE_HEAD,
    SUPERVISOR,
    breaches,
    step,
    user,
)
from tests.integration.dispatcher.tickets.town import AT

CHECK_HEAD = user(UserRole.DEPT_HEAD, "t-civil", number=9)
WATCH = user(UserRole.SUPERVISOR, None, number=10)


def said(*, kind: PetitionKind = PetitionKind.COMPLAINT, about: str = "t-fire", receiver: str = "t-civil") -> Petition:
    return Petition(
        kind=kind, about_id=about, receiver_id=receiver, matter="不作为", petitioner="李四", contact="13812345678"
    )


async def receive(pool: Pool, petition: Petition | None = None) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return await petitions.receive(conn, petition or said(), SUPERVISOR, AT)


async def carry_out(
    pool: Pool, petition_id: int, event: str, by: User, at: datetime, reason: str | None = None, **fields: str
) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        version = await conn.fetchval("SELECT version FROM petitions WHERE id = $1", petition_id)
        await petitions.act(conn, petition_id, Act(event, version, reason, fields), by, at)


async def test_two_clocks_run_from_the_day_it_came_in(pool: Pool, owner: Connection) -> None:
    petition_id = await receive(pool)
    row = await owner.fetchrow(
        "SELECT accept_due_at, handle_due_at, next_due_at FROM petitions WHERE id = $1", petition_id
    )
    assert row is not None
    assert tuple(row) == (AT + 15 * DAY, AT + 60 * DAY, AT + 15 * DAY)


async def test_each_clock_that_is_missed_opens_one_file_on_who_had_to_decide(pool: Pool, owner: Connection) -> None:
    petition_id = await receive(pool)
    assert await step(pool, AT + 14 * DAY) == 0
    await step(pool, AT + 15 * DAY)
    await step(pool, AT + 16 * DAY)
    assert await breaches(owner) == [("overdue_accept", "p_accept", "t-civil", "file_opened")]
    await carry_out(pool, petition_id, "accept", CHECK_HEAD, AT + 17 * DAY)
    assert await owner.fetchval("SELECT actual_at FROM breach_records") == AT + 17 * DAY
    await step(pool, AT + 61 * DAY)
    await carry_out(pool, petition_id, "conclude", CHECK_HEAD, AT + 62 * DAY, result="已查处")
    await step(pool, AT + 63 * DAY)
    assert [each[1] for each in await breaches(owner)] == ["p_accept", "p_handle"]
    assert await owner.fetchval("SELECT count(*) FROM accountability_files") == 2


async def test_late_decision_is_a_breach_though_no_step_noticed_it(pool: Pool, owner: Connection) -> None:
    petition_id = await receive(pool)
    await carry_out(pool, petition_id, "accept", CHECK_HEAD, AT + 16 * DAY)
    assert [each[1] for each in await breaches(owner)] == ["p_accept"]


async def test_handling_is_lengthened_once_by_a_supervisor(pool: Pool, owner: Connection) -> None:
    petition_id = await receive(pool)
    await carry_out(pool, petition_id, "accept", CHECK_HEAD, AT + DAY)
    with pytest.raises(ActRefused):
        await carry_out(pool, petition_id, "extend", CHECK_HEAD, AT + 2 * DAY, "复杂")
    await carry_out(pool, petition_id, "extend", WATCH, AT + 2 * DAY, "复杂")
    with pytest.raises(EntryRefused):
        await carry_out(pool, petition_id, "extend", WATCH, AT + 3 * DAY, "复杂")
    await step(pool, AT + 61 * DAY)
    assert await breaches(owner) == []
    await step(pool, AT + 91 * DAY)
    assert [each[1] for each in await breaches(owner)] == ["p_handle"]


async def test_refusal_needs_a_basis_and_one_without_is_a_fact(pool: Pool, owner: Connection) -> None:
    petition_id = await receive(pool)
    with pytest.raises(ActRefused):
        await carry_out(pool, petition_id, "refuse", CHECK_HEAD, AT + DAY, code="repeated")
    await carry_out(pool, petition_id, "refuse", CHECK_HEAD, AT + DAY, code="repeated", legal_basis="第二十二条")
    await step(pool, AT + 20 * DAY)
    assert await breaches(owner) == []
    await carry_out(pool, petition_id, "overturn_refusal", WATCH, AT + 20 * DAY, "并非重复")
    await step(pool, AT + 20 * DAY)
    assert ("not_accepted", "not_accepted", "t-civil", "file_opened") in await breaches(owner)
    assert await owner.fetchval("SELECT state::text FROM petitions") == "received"


async def test_refusal_that_is_overturned_is_decided_anew_within_a_limit_of_its_own(
    pool: Pool, owner: Connection
) -> None:
    petition_id = await receive(pool)
    await carry_out(pool, petition_id, "refuse", CHECK_HEAD, AT + DAY, code="repeated", legal_basis="第二十二条")
    anew = AT + 50 * DAY
    await carry_out(pool, petition_id, "overturn_refusal", WATCH, anew, "并非重复")
    await step(pool, anew + 14 * DAY)
    # The handling is counted from the day it came in.
    assert [each[1] for each in await breaches(owner)] == ["not_accepted", "p_handle"]
    await step(pool, anew + 15 * DAY)
    assert [each[1] for each in await breaches(owner)] == ["not_accepted", "p_handle", "p_accept"]
    started_at = await owner.fetchval("SELECT started_at FROM breach_records WHERE clock = 'p_accept'")
    assert started_at == anew


async def test_clock_that_passed_unnoticed_is_a_breach_whatever_was_done_meanwhile(
    pool: Pool, owner: Connection
) -> None:
    petition_id = await receive(pool)
    await carry_out(pool, petition_id, "accept", CHECK_HEAD, AT + 61 * DAY)
    with pytest.raises(EntryRefused):
        await carry_out(pool, petition_id, "extend", WATCH, AT + 61 * DAY, "复杂")
    await step(pool, AT + 61 * DAY)
    assert {each[1] for each in await breaches(owner)} == {"p_accept", "p_handle"}


async def test_who_has_to_decide_does_not_end_its_own_clocks_by_a_withdrawal(pool: Pool, owner: Connection) -> None:
    petition_id = await receive(pool)
    with pytest.raises(ActRefused):
        await carry_out(pool, petition_id, "withdraw", CHECK_HEAD, AT + DAY, "来信人撤回")
    await carry_out(pool, petition_id, "withdraw", WATCH, AT + DAY, "已向来信人核实")
    await step(pool, AT + 90 * DAY)
    assert await breaches(owner) == []


async def test_who_is_complained_of_never_sees_it_and_only_who_handles_it_reads_the_name(pool: Pool) -> None:
    petition_id = await receive(pool)
    async with pool.acquire() as conn:
        with pytest.raises(SubjectNotFound):
            await petitions.read(conn, petition_id, FIRE_HEAD)
        # Not as a supervisor either, where the supervisor belongs to it.
        with pytest.raises(SubjectNotFound):
            await petitions.read(conn, petition_id, user(UserRole.SUPERVISOR, "t-fire", number=11))
        rows = [(who, await petitions.read(conn, petition_id, who)) for who in (CHECK_HEAD, SUPERVISOR, AUDITOR)]
    assert [petitions.reads_petitioner(row, who) for who, row in rows] == [True, False, False]


@pytest.mark.parametrize(
    ("about", "receiver"),
    [("committee-tt", "t-civil"), ("t-fire", "committee-tt"), ("t-fire", "t-fire"), ("nobody", "t-civil")],
)
async def test_petition_is_about_an_organ_and_before_another(pool: Pool, about: str, receiver: str) -> None:
    with pytest.raises(EntryRefused):
        await receive(pool, said(about=about, receiver=receiver))
