"""Inspection rounds: due by level, given through the gate of Art. 45, reminded, late, found on, reported."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.admission.model import Art45
from dispatcher.admission.offers import Held
from dispatcher.attachments.errors import AttachmentUnknown
from dispatcher.screening import plans, rounds, stage
from dispatcher.screening.errors import (
    NotOfTheUnit,
    PlanStands,
    RoundEnded,
    RoundUnfinished,
    ScreeningFieldRefused,
    ScreeningNotFound,
    ScreeningOutpaced,
)
from dispatcher.screening.lifecycle import HazardEvent
from dispatcher.screening.model import FindingOutcome
from dispatcher.screening.rounds import Found
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.harness.photos import photo
from tests.integration.dispatcher.screening.places import (
    BAD,
    INSPECTOR,
    STREET,
    SUPERVISOR,
    USUAL,
    D,
    advance,
    decide,
    plan,
    register,
    state_of,
    user,
)
from tests.integration.dispatcher.tickets.town import AT, StepOfTown

ITEMS = ("covers", "surface", "trees")
HAZARD, IN_ORDER, SKIPPED = FindingOutcome.HAZARD, FindingOutcome.IN_ORDER, FindingOutcome.SKIPPED


async def rows_of(pool: Pool) -> list[asyncpg.Record]:
    async with pool.acquire() as conn:
        return await conn.fetch("SELECT *, state::text AS word FROM inspection_rounds ORDER BY id")


async def due_round(pool: Pool, at: datetime = AT, **changes: Any) -> int:
    await plan(pool, at=at, **changes)
    await advance(pool, at)
    return int((await rows_of(pool))[-1]["id"])


async def find(pool: Pool, round_id: int, item: str, outcome: FindingOutcome, by: Any = INSPECTOR, **more: Any) -> Any:
    async with transaction(pool, scope=SYSTEM) as conn:
        return await rounds.record(conn, round_id, Found(item=item, outcome=outcome, **more), by, AT + D)


async def report(pool: Pool, round_id: int, by: Any = INSPECTOR, version: int = 1) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        await rounds.report(conn, round_id, version, by, AT + D)


async def test_committee_is_given_no_rounds_and_the_attempt_leaves_its_receipt(pool: Pool, owner: Connection) -> None:
    held = await plan(pool, organisation_id="committee-tt")
    assert isinstance(held, Held)
    assert Art45.DIRECT_ASSIGNMENT in held.codes
    receipt = await owner.fetchrow("SELECT *, means::text AS word FROM refusal_receipts")
    assert receipt is not None
    assert (receipt["number"], receipt["word"], receipt["committee_id"]) == (
        held.receipt,
        "inspection_round",
        "committee-tt",
    )
    assert await owner.fetchval("SELECT count(*) FROM inspection_plans") == 0
    plan_id = await plan(pool)
    await advance(pool, AT)
    async with transaction(pool, scope=SYSTEM) as conn:
        assert isinstance(await plans.assign(conn, plan_id, 1, "committee-tt", STREET, AT), Held)
    assert (await rows_of(pool))[0]["organisation_id"] == "t-urban"
    own = user(UserRole.SUBDISTRICT, "committee-tt")
    with pytest.raises(ScreeningFieldRefused):  # Not even by itself: no clock of ours runs against a committee.
        await plan(pool, by=own, organisation_id="committee-tt", list="residential_building", place="二号楼")
    for statement in (
        "UPDATE inspection_plans SET organisation_id = 'committee-tt'",
        "UPDATE inspection_rounds SET organisation_id = 'committee-tt'",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(statement)


async def test_place_is_planned_once_a_list(pool: Pool) -> None:
    plan_id = await plan(pool)
    with pytest.raises(PlanStands):
        await plan(pool)
    wrong: tuple[dict[str, Any], ...] = (
        {"list": "nothing"},
        {"area_id": "tt-west"},
        {"organisation_id": "nobody"},
    )
    for changes in wrong:
        with pytest.raises(ScreeningFieldRefused):
            await plan(pool, **{"place": "别处"} | changes)
    async with transaction(pool, scope=SYSTEM) as conn:
        with pytest.raises(ScreeningOutpaced):
            await plans.end(conn, plan_id, 7, STREET)
        await plans.end(conn, plan_id, 1, STREET)
    await plan(pool)
    assert await advance(pool, AT) == 1


async def test_gravest_hazard_of_the_place_says_how_often(pool: Pool) -> None:
    """Level 4: half-yearly; 3: quarterly; 2: monthly. A graver find brings the next round forward."""
    plan_id = await plan(pool)
    await advance(pool, AT)
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT next_round_at FROM inspection_plans") == AT + 180 * D
    await register(pool, USUAL, plan_id=plan_id)
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT next_round_at FROM inspection_plans") == AT + 90 * D
    await register(pool, BAD, plan_id=plan_id, subject="第二棵")
    async with transaction(pool, scope=SYSTEM) as conn:
        with pytest.raises(ScreeningFieldRefused):  # t-urban owes it
            await rounds.cancel(conn, 1, 1, "没空", user(UserRole.DEPT_HEAD, "t-urban"), AT)
        await rounds.cancel(conn, 1, 1, "暴雨", SUPERVISOR, AT)
    await advance(pool, AT + 30 * D)
    last = (await rows_of(pool))[-1]
    assert (last["level"], last["due_at"] - last["opened_at"]) == (2, 5 * D)
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT next_round_at FROM inspection_plans") == AT + 60 * D


async def test_round_is_reminded_of_once_and_late_once_whatever_restarts(pool: Pool, owner: Connection) -> None:
    await owner.execute(
        "INSERT INTO webhook_endpoints (organisation_id, url, secret)"
        " VALUES ('t-urban', 'https://u.example/', 'whsec_AAAA')"
    )
    await due_round(pool, base_level=2)
    for at in (AT, AT + 3 * D - timedelta(seconds=1), AT + 3 * D, AT + 3 * D, AT + 5 * D, AT + 5 * D, AT + 9 * D):
        async with pool.acquire() as conn:  # A process that dies before its commit.
            dying = conn.transaction()
            await dying.start()
            await stage.advance(await StepOfTown.begin(conn, at))
            await dying.rollback()
        await advance(pool, at)
    (row,) = await rows_of(pool)
    assert (row["reminded_at"], row["overdue_at"], row["next_at"]) == (AT + 3 * D, AT + 5 * D, None)
    topics = [each["topic"] for each in await owner.fetch("SELECT topic FROM outbox ORDER BY id")]
    assert topics == ["inspection.due", "inspection.reminder", "inspection.overdue"]
    written = await owner.fetch("SELECT topic, organisation_id FROM messages ORDER BY id")
    assert [tuple(each) for each in written] == [(topic, "t-urban") for topic in topics[1:]]
    async with pool.acquire() as conn:
        late = await rounds.list_rounds(conn, STREET, AT + 6 * D, overdue=True, limit=10)
    assert [each["id"] for each in late] == [row["id"]]


async def test_step_that_comes_late_says_late_alone_and_rounds_that_were_missed_are_counted(pool: Pool) -> None:
    await due_round(pool, base_level=2)
    await advance(pool, AT + 95 * D)  # Three further rounds fell due meanwhile.
    (row,) = await rows_of(pool)
    assert (row["reminded_at"], row["overdue_at"], row["missed"]) == (None, AT + 5 * D, 3)
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT next_round_at FROM inspection_plans") == AT + 120 * D


async def test_finding_becomes_a_hazard_and_the_next_one_meets_it_again(pool: Pool) -> None:
    round_id = await due_round(pool)
    for outcome, more in (
        (HAZARD, {"factors": USUAL}),  # without evidence
        (HAZARD, {"evidence": "井盖下沉"}),  # without factors
        (SKIPPED, {}),  # without a reason
        (IN_ORDER, {"reason": "没去"}),
    ):
        with pytest.raises(ScreeningFieldRefused):
            await find(pool, round_id, "covers", outcome, **more)
    with pytest.raises(ScreeningFieldRefused):
        await find(pool, round_id, "nothing", IN_ORDER)
    hazard_id = await find(pool, round_id, "covers", HAZARD, evidence="井盖下沉", factors=USUAL)
    assert await state_of(pool, hazard_id) == ("open", 3)
    assert await find(pool, round_id, "covers", HAZARD, evidence="仍在") == hazard_id
    await decide(pool, hazard_id, HazardEvent.SETTLE, STREET, evidence="已更换")
    assert await find(pool, round_id, "covers", HAZARD, evidence="又下沉") == hazard_id
    assert await state_of(pool, hazard_id) == ("under_rectification", 2)  # Back, graver: it proposes its ticket.
    async with pool.acquire() as conn:
        (shown,) = await rounds.list_findings(conn, round_id)
        assert await conn.fetchval("SELECT plan_id IS NOT NULL FROM hazards") is True
    assert (shown["number"], shown["evidence"], shown["hazard_id"]) == (3, "又下沉", hazard_id)


async def test_finding_shows_attachments_of_the_inspector_alone(pool: Pool) -> None:
    round_id = await due_round(pool)
    async with transaction(pool, scope=SYSTEM) as conn:
        own, foreign = await photo(conn, INSPECTOR.actor, AT), await photo(conn, "user:99", AT)
    await find(pool, round_id, "covers", IN_ORDER, attachments=(own,))
    with pytest.raises(AttachmentUnknown):
        await find(pool, round_id, "surface", IN_ORDER, attachments=(foreign,))


async def test_round_ends_when_every_item_was_seen_by_its_own_unit(pool: Pool) -> None:
    round_id = await due_round(pool)
    stranger = user(UserRole.DEPT_HANDLER, "t-fire", number=21)
    with pytest.raises(NotOfTheUnit):
        await find(pool, round_id, "covers", IN_ORDER, stranger)
    with pytest.raises(ScreeningNotFound):
        await find(pool, round_id, "covers", IN_ORDER, user(UserRole.DEPT_HANDLER, "t-fire", area="tt-west"))
    await find(pool, round_id, "covers", IN_ORDER)
    await find(pool, round_id, "surface", SKIPPED, reason="道路施工封闭")
    with pytest.raises(RoundUnfinished) as told:
        await report(pool, round_id)
    assert told.value.items == ["trees"]
    await find(pool, round_id, "trees", IN_ORDER)
    with pytest.raises(ScreeningOutpaced):
        await report(pool, round_id, version=2)
    await report(pool, round_id)
    (row,) = await rows_of(pool)
    assert (row["word"], row["version"], row["overdue_at"], row["next_at"]) == ("reported", 2, None, None)
    with pytest.raises(RoundEnded):
        await find(pool, round_id, "covers", IN_ORDER)
    assert await advance(pool, AT + 30 * D) == 0


async def test_unit_works_where_its_round_is_whatever_area_it_has(pool: Pool) -> None:
    round_id = await due_round(pool)
    roaming = user(UserRole.DEPT_HANDLER, "t-urban", area="tt-west")
    hazard_id = await find(pool, round_id, "trees", HAZARD, roaming, evidence="枯枝", factors=USUAL)
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT area_id FROM hazards WHERE id = $1", hazard_id) == "tt-east-1"
    other = await register(pool, place="别处", area_id="tt-east")
    with pytest.raises(ScreeningFieldRefused):
        await find(pool, round_id, "trees", HAZARD, roaming, evidence="枯枝", hazard_id=other)
