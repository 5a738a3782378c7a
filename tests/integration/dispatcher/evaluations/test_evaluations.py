"""Committees evaluate, authorities answer within working days, and who is assessed never learns who said what."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from dispatcher.accounts.model import User
from dispatcher.admission.errors import ActRefused, EntryRefused, SubjectNotFound
from dispatcher.admission.procedures import Refusal
from dispatcher.evaluations import evaluating
from dispatcher.evaluations.model import EvaluationSubject
from dispatcher.evaluations.reading import QUERIES, Sight, page, read
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.disclosure.openness import DAY, local
from tests.integration.dispatcher.evaluations.opinions import (
    AUTHORITY,
    CHAIR,
    NEIGHBOUR,
    OTHER_UNIT,
    SUPERVISOR,
    SUPERVISOR_OF_THE_UNIT,
    SUPERVISOR_OF_THE_WEST,
    THIRD,
    WATER,
    advance,
    delivered,
    done,
    drafted,
    row_of,
    wanted,
)
from tests.integration.dispatcher.tickets.town import AT

DUE = local("2026-03-20T18:00")  # Seven working days after a Wednesday.


async def clocks(owner: Connection) -> list[tuple[str, int, Any, Any]]:
    rows = await owner.fetch(
        "SELECT clock, run, breached_at, stopped_at FROM evaluation_clocks ORDER BY started_at, clock, run"
    )
    return [tuple(row) for row in rows]


async def breaches(owner: Connection) -> list[tuple[str, str, str, Any]]:
    rows = await owner.fetch(
        "SELECT type::text, clock, unit_organisation_id, actual_at FROM breach_records"
        " WHERE source_key LIKE 'evaluation:%' ORDER BY id"
    )
    return [tuple(row) for row in rows]


async def refused(pool: Pool, evaluation_id: int, event: str, who: User, **fields: Any) -> Refusal:
    with pytest.raises(ActRefused) as told:
        await done(pool, evaluation_id, event, who, **fields)
    return told.value.refused.reason


async def test_evaluation_is_delivered_answered_accepted_and_closed(pool: Pool, owner: Connection) -> None:
    evaluation_id = await delivered(pool)
    assert await advance(pool, AT) == 0
    due = await owner.fetchrow("SELECT organisation_id, due_at, remind_at FROM evaluation_clocks")
    assert due is not None
    assert (due["organisation_id"], due["due_at"]) == ("t-housing", DUE)
    assert AT < due["remind_at"] < DUE
    row = await done(pool, evaluation_id, "reply", AUTHORITY, DUE, reply="已更换水泵", measures="四月底前改造管网")
    assert (row["state"], row["measures"]) == ("replied", "四月底前改造管网")
    await done(pool, evaluation_id, "accept", CHAIR, DUE)
    # What was promised has to be reported as done before the committee closes it.
    assert await refused(pool, evaluation_id, "close", CHAIR) is Refusal.NOT_IN_THIS_STATE
    measures_due = await owner.fetchval("SELECT due_at FROM evaluation_clocks WHERE clock = 'e_measures'")
    assert measures_due == local("2026-04-13T18:00")  # Fifteen working days over the day of Qingming.
    await done(pool, evaluation_id, "report_measures", AUTHORITY, measures_due, result="已改造")
    row = await done(pool, evaluation_id, "close", CHAIR, measures_due)
    assert (row["state"], row["verdict"]) == ("closed", "accepted")
    await advance(pool, AT + 300 * DAY)
    assert await breaches(owner) == []


async def test_unanswered_is_reminded_once_overdue_and_recorded_once(pool: Pool, owner: Connection) -> None:
    evaluation_id = await delivered(pool)
    remind_at = await owner.fetchval("SELECT remind_at FROM evaluation_clocks")
    await owner.execute("DELETE FROM outbox")
    for at in (remind_at - timedelta(seconds=1), remind_at, remind_at, DUE - timedelta(seconds=1)):
        await advance(pool, at)
    assert (await row_of(pool, evaluation_id))["state"] == "delivered"
    for at in (DUE, DUE, DUE + 30 * DAY):
        await advance(pool, at)
    assert (await row_of(pool, evaluation_id))["state"] == "overdue"
    topics = [row["topic"] for row in await owner.fetch("SELECT topic FROM outbox ORDER BY id")]
    assert topics == ["evaluation.reminder", "evaluation.overdue"]
    assert await breaches(owner) == [("overdue_reply", "e_reply", "t-housing", None)]
    late = DUE + 31 * DAY
    assert (await done(pool, evaluation_id, "reply", AUTHORITY, late, reply="迟复"))["state"] == "replied"
    assert await breaches(owner) == [("overdue_reply", "e_reply", "t-housing", late)]


async def test_late_reply_between_two_steps_is_a_breach_too(pool: Pool, owner: Connection) -> None:
    evaluation_id = await delivered(pool)
    await done(pool, evaluation_id, "reply", AUTHORITY, DUE + timedelta(seconds=1), reply="x")
    await advance(pool, DUE + DAY)
    assert [each[:3] for each in await breaches(owner)] == [("overdue_reply", "e_reply", "t-housing")]


async def test_late_measures_are_a_breach_of_their_own(pool: Pool, owner: Connection) -> None:
    evaluation_id = await delivered(pool)
    await done(pool, evaluation_id, "reply", AUTHORITY, reply="x", measures="y")
    await done(pool, evaluation_id, "accept", CHAIR)
    await advance(pool, AT + 60 * DAY)
    await advance(pool, AT + 61 * DAY)
    assert [each[:2] for each in await breaches(owner)] == [("overdue_reply", "e_measures")]
    assert (await row_of(pool, evaluation_id))["state"] == "assessed"


async def test_not_enough_opens_once_and_escalates_then_the_supervisor_decides(pool: Pool, owner: Connection) -> None:
    evaluation_id = await delivered(pool)
    await done(pool, evaluation_id, "reply", AUTHORITY, reply="正在研究", measures="研究")
    assert await refused(pool, evaluation_id, "insist", CHAIR, reason="x") is Refusal.NOT_IN_THIS_STATE
    row = await done(pool, evaluation_id, "not_enough", CHAIR, reason="没有时间表")
    assert (row["state"], row["reopened"], row["escalated_at"]) == ("delivered", True, AT)
    told = await owner.fetchval(
        "SELECT e.organisation_id FROM outbox o JOIN webhook_endpoints e ON e.id = o.endpoint_id"
        " WHERE o.topic = 'evaluation.escalated'"
    )
    # The supervisor of the place, never the one who belongs to the assessed unit though he is nearer.
    assert told == "t-gov"
    assert [(clock, run, stopped is None) for clock, run, _, stopped in await clocks(owner)] == [
        ("e_measures", 1, False),
        ("e_reply", 1, False),
        ("e_reply", 2, True),
    ]
    await done(pool, evaluation_id, "reply", AUTHORITY, reply="仍在研究")
    assert await refused(pool, evaluation_id, "not_enough", CHAIR, reason="x") is Refusal.NOT_IN_THIS_STATE
    row = await done(pool, evaluation_id, "insist", CHAIR, reason="仍不满意")
    assert (row["state"], row["verdict"]) == ("assessed", "not_enough")
    assert await refused(pool, evaluation_id, "close", CHAIR) is Refusal.NOT_IN_THIS_STATE
    assert await refused(pool, evaluation_id, "decide", SUPERVISOR_OF_THE_UNIT, reason="x") is Refusal.NOT_THIS_PARTY
    row = await done(pool, evaluation_id, "decide", SUPERVISOR, reason="列入督办")
    assert (row["state"], row["verdict"]) == ("closed", "not_enough")


@pytest.mark.parametrize("who", [CHAIR, WATER, OTHER_UNIT, SUPERVISOR])
async def test_only_the_authority_replies(pool: Pool, who: User) -> None:
    evaluation_id = await delivered(pool)
    with pytest.raises((ActRefused, SubjectNotFound)):
        await done(pool, evaluation_id, "reply", who, reply="x")


async def test_a_draft_is_the_committees_alone_and_ends_its_opinions(pool: Pool) -> None:
    evaluation_id = await drafted(pool)
    async with pool.acquire() as conn:
        assert await read(conn, evaluation_id, Sight.of(CHAIR))
        for who in (NEIGHBOUR, AUTHORITY, WATER, SUPERVISOR, SUPERVISOR_OF_THE_WEST):
            with pytest.raises(SubjectNotFound):
                await read(conn, evaluation_id, Sight.of(who))
    await done(pool, evaluation_id, "submit", CHAIR)
    with pytest.raises(EntryRefused):
        async with transaction(pool, scope=SYSTEM) as conn:
            await evaluating.add_opinion(conn, evaluation_id, 1, None, CHAIR, AT)
    with pytest.raises(SubjectNotFound):
        async with transaction(pool, scope=SYSTEM) as conn:
            await evaluating.add_opinion(conn, evaluation_id, 1, None, NEIGHBOUR, AT)


async def test_delivered_is_seen_by_both_sides_and_overseers_of_the_area(pool: Pool) -> None:
    evaluation_id = await delivered(pool)
    async with pool.acquire() as conn:
        for who in (CHAIR, AUTHORITY, WATER, SUPERVISOR):
            assert await page(conn, Sight.of(who), state=None, unit=None, before_id=None, limit=5)
        for who in (NEIGHBOUR, OTHER_UNIT, SUPERVISOR_OF_THE_WEST):
            with pytest.raises(SubjectNotFound):
                await read(conn, evaluation_id, Sight.of(who))


async def test_residents_are_heard_or_no_supply_is_evaluated(pool: Pool) -> None:
    evaluation_id = await drafted(pool, scores=())
    with pytest.raises(EntryRefused):
        await done(pool, evaluation_id, "submit", CHAIR)
    of_an_organ = await drafted(
        pool, scores=(), subject=EvaluationSubject.ADMINISTRATIVE_ORGAN, unit_id="t-urban", authority_id="t-gov"
    )
    assert (await done(pool, of_an_organ, "submit", CHAIR))["state"] == "submitted"


@pytest.mark.parametrize(
    ("who", "more", "field"),
    [
        (AUTHORITY, {}, "committee"),
        (CHAIR, {"unit_id": "committee-b"}, "unit"),
        (CHAIR, {"unit_id": "nobody"}, "unit"),
        (CHAIR, {"authority_id": "t-water-co"}, "authority"),
        (CHAIR, {"authority_id": "committee-b"}, "authority"),
        (CHAIR, {"unit_id": "t-housing"}, "authority"),
    ],
)
async def test_evaluation_that_cannot_be(pool: Pool, who: User, more: dict[str, Any], field: str) -> None:
    with pytest.raises(EntryRefused) as told:
        async with transaction(pool, scope=SYSTEM) as conn:
            await evaluating.draft(conn, wanted(**more), who, AT)
    assert told.value.field == field


async def test_database_itself_keeps_clocks_from_committees_and_answers_from_the_assessed(
    pool: Pool, owner: Connection
) -> None:
    await delivered(pool)
    with pytest.raises(asyncpg.CheckViolationError, match="residents' committee"):
        await owner.execute("UPDATE evaluation_clocks SET organisation_id = 'committee-tt'")
    with pytest.raises(asyncpg.CheckViolationError, match="answered_by_another"):
        await owner.execute("UPDATE evaluations SET authority_organisation_id = subject_organisation_id")


async def test_sums_name_neither_committee_nor_resident(pool: Pool) -> None:
    for who in (CHAIR, NEIGHBOUR, THIRD):
        await delivered(pool, who, scores=(5, 1))
    async with pool.acquire() as conn:
        (row,) = await conn.fetch(QUERIES.list_sums, False, None, "t-water-co", None)
        assert await conn.fetch(QUERIES.list_sums, False, None, "t-fire", None) == []
    assert (row["committees"], row["opinions"], row["score_sum"], row["satisfied"]) == (3, 6, 18, 3)
    assert not any("committee-" in str(value) for value in row.values())
