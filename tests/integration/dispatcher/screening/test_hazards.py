"""Hazards in a real database: registered once a place, assessed by who may, rectified by one joint ticket, followed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.engine.stages import STAGES
from dispatcher.escalation import stage as escalation
from dispatcher.screening import hazards, records
from dispatcher.screening.errors import (
    HazardRefused,
    HazardStands,
    MilderNeedsDecider,
    ScreeningFieldRefused,
    ScreeningNotFound,
    ScreeningOutpaced,
)
from dispatcher.screening.lifecycle import Act, HazardEvent
from dispatcher.screening.model import Factors
from dispatcher.screening.nearby import hazards_near
from dispatcher.tickets.records import read_ticket
from registry.hazards import read_hazard_scales
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.screening.places import (
    BAD,
    BOSS,
    CHECKER,
    GRAVE,
    INSPECTOR,
    MILD,
    STREET,
    SUPERVISOR,
    USUAL,
    D,
    advance,
    close_out,
    decide,
    register,
    state_of,
    user,
)
from tests.integration.dispatcher.tickets.town import AT, E, StepOfTown, act, incident


async def ticket_of(pool: Pool, hazard_id: int) -> int:
    async with pool.acquire() as conn:
        found = await conn.fetchval("SELECT ticket_id FROM hazards WHERE id = $1", hazard_id)
    assert isinstance(found, int)
    return found


async def assess(pool: Pool, hazard_id: int, factors: Factors, by: Any = INSPECTOR, version: int | None = None) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        now = await conn.fetchval("SELECT version FROM hazards WHERE id = $1", hazard_id)
        await hazards.assess(conn, hazard_id, version or now, factors, "再评估", by, AT + D)


async def events_of(pool: Pool, hazard_id: int) -> list[str]:
    async with pool.acquire() as conn:
        return [row["event"] for row in await conn.fetch(records.QUERIES.list_hazard_records, hazard_id)]


async def test_hazard_keeps_its_three_factors_and_why(pool: Pool) -> None:
    hazard_id = await register(pool)
    async with pool.acquire() as conn:
        row = await conn.fetchrow(records.QUERIES.read_assessment, hazard_id, 1)
        scales = await read_hazard_scales(conn)
        shown = await records.read_row(conn, hazard_id, None)
    assert row is not None
    assert (row["product"], row["level"], row["reason"]) == (126, 3, "lec")
    assert row["rules_version"] == scales.version
    assert (shown["state"], shown["number"][:3], shown["version"]) == ("open", "HZ-", 1)
    assert await events_of(pool, hazard_id) == ["register"]


async def test_same_hazard_at_a_place_is_registered_once_and_another_subject_beside_it(pool: Pool) -> None:
    await register(pool)
    with pytest.raises(HazardStands) as told:
        await register(pool, by=STREET)
    assert told.value.number.startswith("HZ-")
    await register(pool, subject="第二棵")


@pytest.mark.parametrize(
    ("changes", "factors", "field"),
    [
        ({"kind": "volcano"}, USUAL, "kind"),
        ({"area_id": "tt-west"}, USUAL, "area"),
        ({"device_id": 4711}, USUAL, "device_id"),
        ({}, replace(USUAL, exposure=USUAL.consequence), "factors.exposure"),
    ],
)
async def test_what_does_not_exist_is_refused(
    pool: Pool, changes: dict[str, Any], factors: Factors, field: str
) -> None:
    with pytest.raises(ScreeningFieldRefused) as told:
        await register(pool, factors, **changes)
    assert told.value.field == field


async def test_inspector_makes_it_graver_and_a_decider_milder(pool: Pool) -> None:
    hazard_id = await register(pool)
    with pytest.raises(MilderNeedsDecider):
        await assess(pool, hazard_id, MILD)
    await assess(pool, hazard_id, MILD, STREET)
    assert await state_of(pool, hazard_id) == ("open", 4)
    await assess(pool, hazard_id, USUAL)
    assert await state_of(pool, hazard_id) == ("open", 3)
    with pytest.raises(ScreeningOutpaced):
        await assess(pool, hazard_id, USUAL, version=1)
    elsewhere = user(UserRole.SUBDISTRICT, area="tt-west")
    with pytest.raises(ScreeningNotFound):
        await assess(pool, hazard_id, USUAL, elsewhere)


@pytest.mark.parametrize(("factors", "level"), [(GRAVE, 1), (BAD, 2)])
async def test_grave_hazard_proposes_its_joint_ticket_at_once_at_its_level(
    pool: Pool, factors: Factors, level: int
) -> None:
    hazard_id = await register(pool, factors)
    assert await state_of(pool, hazard_id) == ("under_rectification", level)
    async with pool.acquire() as conn:
        ticket = await read_ticket(conn, await ticket_of(pool, hazard_id))
    assert (ticket.ticket_kind, ticket.state, ticket.grade) == ("joint_rectification", "proposed", level)
    assert (ticket.incident_id, ticket.kind, ticket.place) == (None, "tree_fall_hazard", "东一路3号")
    assert await events_of(pool, hazard_id) == ["register", "rectify"]


async def test_mild_hazard_waits_for_a_person(pool: Pool) -> None:
    hazard_id = await register(pool)
    await decide(pool, hazard_id, HazardEvent.RECTIFY, STREET)
    assert await state_of(pool, hazard_id) == ("under_rectification", 3)


async def test_of_ten_who_rectify_at_once_one_opens_the_ticket(pool: Pool) -> None:
    hazard_id = await register(pool)

    async def ask() -> None:
        async with transaction(pool, scope=SYSTEM) as conn:
            asked = Act(HazardEvent.RECTIFY, 1, "理由", {})
            await hazards.act(conn, hazard_id, asked, STREET, AT)

    results = await asyncio.gather(*(ask() for _ in range(10)), return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert all(result is None or isinstance(result, ScreeningOutpaced) for result in results)
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM tickets") == 1


async def test_database_holds_one_open_joint_ticket_a_hazard(pool: Pool, owner: Connection) -> None:
    hazard_id = await register(pool, BAD)
    case_id = await owner.fetchval("SELECT case_id FROM hazards WHERE id = $1", hazard_id)
    twin = """INSERT INTO tickets (ticket_kind, case_id, kind, state, grade, incident_grade, area_path, opened_at)
        SELECT $2::text::ticket_kind, $1, kind, $3::text::ticket_state, grade, incident_grade, area_path, opened_at
        FROM tickets"""
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(twin, case_id, "joint_rectification", "proposed")
    with pytest.raises(asyncpg.CheckViolationError):  # A call-response answers an incident.
        await owner.execute(twin, case_id, "call_response", "new")


async def test_hazard_follows_its_ticket_to_the_last_look_back(pool: Pool) -> None:
    hazard_id = await register(pool)
    await decide(pool, hazard_id, HazardEvent.RECTIFY, STREET)
    ticket_id = await ticket_of(pool, hazard_id)
    closed_at = await close_out(pool, ticket_id, AT)
    assert await state_of(pool, hazard_id) == ("under_rectification", 3)
    assert await advance(pool, closed_at) > 0
    assert await state_of(pool, hazard_id) == ("rectified", 3)
    assert await advance(pool, closed_at) == 0
    for days, expected in ((31, "rectified"), (91, "closed")):
        at = closed_at + days * D
        async with transaction(pool, scope=SYSTEM) as conn:
            await escalation.advance(await StepOfTown.begin(conn, at))
        await act(pool, ticket_id, (E.LOOK_BACK_OK, CHECKER, {"evidence": "回头看"}), at=at)
        await advance(pool, at)
        assert (await state_of(pool, hazard_id))[0] == expected
    assert await events_of(pool, hazard_id) == ["register", "rectify", "ticket_closed_out", "last_look_back"]


async def test_failed_look_back_brings_it_back_one_level_graver(pool: Pool) -> None:
    hazard_id = await register(pool)
    await decide(pool, hazard_id, HazardEvent.RECTIFY, STREET)
    ticket_id = await ticket_of(pool, hazard_id)
    at = await close_out(pool, ticket_id, AT) + 31 * D
    await act(pool, ticket_id, (E.START_LOOK_BACK, BOSS, {}), (E.RELAPSE, CHECKER, {}), at=at)
    await advance(pool, at)
    assert await state_of(pool, hazard_id) == ("relapsed", 2)
    async with pool.acquire() as conn:
        ticket = await read_ticket(conn, ticket_id)
        assert (ticket.grade, await conn.fetchval("SELECT count(*) FROM tickets")) == (2, 1)
    await act(pool, ticket_id, (E.RESTART, BOSS, {}), at=at)
    await advance(pool, at)
    assert await state_of(pool, hazard_id) == ("under_rectification", 2)
    followed = ["ticket_closed_out", "ticket_relapsed", "ticket_restarted"]  # Each move once.
    assert await events_of(pool, hazard_id) == ["register", "rectify", *followed]


async def test_residual_accepted_by_name_stays_with_its_level_and_what_was_refused_is_open(pool: Pool) -> None:
    kept = await register(pool)
    await decide(pool, kept, HazardEvent.RECTIFY, STREET)
    closed_at = await close_out(pool, await ticket_of(pool, kept), AT, residual=3)
    refused = await register(pool, BAD, subject="第二棵")
    await act(pool, await ticket_of(pool, refused), (E.REJECT, BOSS, {}))
    await advance(pool, closed_at)
    assert await state_of(pool, kept) == ("accepted_residual", 3)
    assert await state_of(pool, refused) == ("open", 2)
    await assess(pool, refused, BAD)  # Looked at again: a person's refusal is not overruled by the same level.
    assert await state_of(pool, refused) == ("open", 2)


async def test_acceptance_ends_on_its_day_or_when_it_grows_graver(pool: Pool) -> None:
    hazard_id = await register(pool)
    await decide(pool, hazard_id, HazardEvent.ACCEPT_RESIDUAL, STREET, accepted_by="王主任", days=90)
    await advance(pool, AT + 89 * D)
    assert (await state_of(pool, hazard_id))[0] == "accepted_residual"
    await advance(pool, AT + 90 * D)
    assert (await state_of(pool, hazard_id))[0] == "open"
    await decide(pool, hazard_id, HazardEvent.ACCEPT_RESIDUAL, STREET, accepted_by="王主任", days=90)
    await assess(pool, hazard_id, GRAVE)
    assert await state_of(pool, hazard_id) == ("under_rectification", 1)


async def test_grave_hazard_is_not_settled_on_the_spot(pool: Pool) -> None:
    hazard_id = await register(pool, BAD)
    await act(pool, await ticket_of(pool, hazard_id), (E.REJECT, BOSS, {}))
    await advance(pool, AT)
    with pytest.raises(HazardRefused):
        await decide(pool, hazard_id, HazardEvent.SETTLE, evidence="照片")
    mild = await register(pool, MILD, subject="第二棵")
    await decide(pool, mild, HazardEvent.SETTLE, STREET, evidence="照片")
    assert await state_of(pool, mild) == ("closed", 4)
    await decide(pool, mild, HazardEvent.RELAPSE, SUPERVISOR, evidence="照片")
    assert await state_of(pool, mild) == ("relapsed", 3)


async def test_what_was_registered_anew_stands_for_what_was_closed(pool: Pool) -> None:
    closed = await register(pool)
    await decide(pool, closed, HazardEvent.SETTLE, STREET, evidence="照片")
    await register(pool)
    with pytest.raises(HazardStands):
        await decide(pool, closed, HazardEvent.RELAPSE, SUPERVISOR, evidence="照片")


async def test_step_passes_over_a_relapse_of_what_another_hazard_stands_for(pool: Pool) -> None:
    closed = await register(pool)
    await decide(pool, closed, HazardEvent.RECTIFY, STREET)
    ticket_id = await ticket_of(pool, closed)
    at = await close_out(pool, ticket_id, AT) + 31 * D
    await advance(pool, at)
    await decide(pool, closed, HazardEvent.CLOSE, STREET, evidence="照片", at=at)
    await register(pool, at=at)
    await act(pool, ticket_id, (E.START_LOOK_BACK, BOSS, {}), (E.RELAPSE, CHECKER, {}), at=at)
    await advance(pool, at)
    assert (await state_of(pool, closed))[0] == "closed"


async def test_hazard_joins_an_open_joint_ticket_and_misses_none_of_its_moves(pool: Pool) -> None:
    first, second = await register(pool, BAD), await register(pool, subject="第二棵")
    ticket_id = await ticket_of(pool, first)
    with pytest.raises(ScreeningFieldRefused):
        await decide(pool, second, HazardEvent.RECTIFY, STREET, ticket_id=4711)
    await decide(pool, second, HazardEvent.RECTIFY, STREET, ticket_id=ticket_id)
    await act(pool, ticket_id, (E.VOID, BOSS, {}))
    await advance(pool, AT)
    assert [(await state_of(pool, each))[0] for each in (first, second)] == ["open", "open"]


async def test_merged_ticket_takes_its_hazard_along(pool: Pool) -> None:
    first, second = await register(pool, BAD), await register(pool, BAD, subject="第二棵")
    survivor = await ticket_of(pool, first)
    leader = replace(BOSS, roles=frozenset(UserRole))
    await act(pool, await ticket_of(pool, second), (E.MERGE, leader, {"survivor": survivor}))
    await advance(pool, AT)
    assert await ticket_of(pool, second) == survivor
    assert (await state_of(pool, second))[0] == "under_rectification"
    await act(pool, survivor, (E.VOID, BOSS, {}))
    await advance(pool, AT)
    assert (await state_of(pool, second))[0] == "open"


async def test_survivor_that_moved_before_the_step_saw_the_merge_takes_its_hazard_along(pool: Pool) -> None:
    first, second = await register(pool, BAD), await register(pool, BAD, subject="第二棵")
    survivor = await ticket_of(pool, first)
    leader = replace(BOSS, roles=frozenset(UserRole))
    await act(pool, await ticket_of(pool, second), (E.MERGE, leader, {"survivor": survivor}))
    await act(pool, survivor, (E.VOID, BOSS, {}))
    for _ in range(2):
        await advance(pool, AT)
    assert [(await state_of(pool, each))[0] for each in (first, second)] == ["open", "open"]
    assert (await events_of(pool, first)).count("ticket_refused") == 1


async def test_relapse_is_judged_by_scales_that_its_factors_no_longer_stand_on(pool: Pool, owner: Connection) -> None:
    hazard_id = await register(pool)
    await decide(pool, hazard_id, HazardEvent.RECTIFY, STREET)
    ticket_id = await ticket_of(pool, hazard_id)
    at = await close_out(pool, ticket_id, AT) + 31 * D
    await act(pool, ticket_id, (E.START_LOOK_BACK, BOSS, {}), (E.RELAPSE, CHECKER, {}), at=at)
    await owner.execute("UPDATE lec_factors SET value = value + 0.5 WHERE factor = 'exposure'")
    await advance(pool, at)
    assert await state_of(pool, hazard_id) == ("relapsed", 2)


async def test_rectified_hazard_that_is_found_graver_is_back_and_proposed_anew(pool: Pool) -> None:
    hazard_id = await register(pool)
    await decide(pool, hazard_id, HazardEvent.RECTIFY, STREET)
    done = await ticket_of(pool, hazard_id)
    await advance(pool, await close_out(pool, done, AT))
    assert (await state_of(pool, hazard_id))[0] == "rectified"
    await assess(pool, hazard_id, GRAVE)
    assert await state_of(pool, hazard_id) == ("under_rectification", 1)
    assert await ticket_of(pool, hazard_id) != done


async def test_step_that_dies_is_done_again_once(pool: Pool) -> None:
    hazard_id = await register(pool, BAD)
    await act(pool, await ticket_of(pool, hazard_id), (E.VOID, BOSS, {}))
    stage: Callable[[Any], Awaitable[Any]] = dict(STAGES)["screening"]
    async with pool.acquire() as conn:
        dying = conn.transaction()
        await dying.start()
        assert (await stage(await StepOfTown.begin(conn, AT))).written == 1
        await dying.rollback()
    assert (await state_of(pool, hazard_id))[0] == "under_rectification"
    for _ in range(2):
        await advance(pool, AT)
    assert (await events_of(pool, hazard_id)).count("ticket_refused") == 1


async def test_incident_shows_what_stands_within_reach_of_it(pool: Pool, owner: Connection) -> None:
    incident_id, _ = await incident(owner)
    await owner.execute(
        "UPDATE incidents SET lon = 104.06, lat = 30.66, place = '东一路3号' WHERE id = $1", incident_id
    )
    # A metre north is 1 / 111320 of a degree; the kind reaches 30 m.
    near = await register(pool, lat=30.66 + 29 / 111320, subject="近", factors=BAD)
    await register(pool, lat=30.66 + 31 / 111320, subject="远")
    placeless = await register(pool, lon=None, lat=None, subject="无坐标")
    settled = await register(pool, subject="已销号")
    await decide(pool, settled, HazardEvent.SETTLE, STREET, evidence="照片")
    async with pool.acquire() as conn:
        shown = await hazards_near(conn, incident_id, None)
        assert [row["id"] for row in shown] == [near, placeless]
        assert shown[0]["distance_m"] == pytest.approx(29, abs=0.1)
        assert await hazards_near(conn, incident_id, "tt-west") == []
        await owner.execute("SET enable_seqscan = off")
        plan = await owner.fetch(
            "EXPLAIN "
            + records.QUERIES.near_incident.replace("$1", str(incident_id))
            .replace("$2::text", "NULL::text")
            .replace("ARRAY[$2]", "ARRAY[NULL]")
            .replace("$3::float8", "2000::float8")
        )
    assert any("hazards_near" in row[0] for row in plan)
