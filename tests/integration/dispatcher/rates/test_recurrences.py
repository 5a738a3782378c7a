"""Call-responses that come again, through the rates stage: one proposal a cause and place, in any order and batches."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from dispatcher.incidents import stage as incidents_stage
from dispatcher.rates import stage
from runtime.pool import Connection, Pool
from tests.harness.log import START, LogUnderTest, place
from tests.integration.dispatcher.rates.drive import put_incidents, rows

DAY_S = 86_400


@pytest.fixture
def log(pool: Pool) -> Iterator[LogUnderTest]:
    with LogUnderTest(pool, incidents_stage.advance, stage.advance) as log:
        yield log


async def test_three_call_responses_at_one_place_are_a_proposal_and_two_are_not(
    log: LogUnderTest, owner: Connection
) -> None:
    await log.tick(0)
    await log.step()
    await put_incidents(owner, [("fire_lane_blocked", START, 0.0)], "parking")
    (incident,) = await rows(owner, "incidents")
    for n, day in enumerate((0.1, 10, 20)):
        await owner.execute(
            """INSERT INTO tickets (ticket_kind, case_id, incident_id, kind, state, grade, area_path, place, opened_at,
                incident_grade, closed_at)
            VALUES ('call_response', $1, $2, 'fire_lane_blocked', 'not_accepted', 3, '{}', 'Lane 3', $3, 3, $3)""",
            incident["case_id"],
            incident["id"],
            START + timedelta(days=day),
        )
        await log.tick((day + 0.1) * DAY_S)
        await log.step()
        assert len(await rows(owner, "proposals")) == (1 if n == 2 else 0)
    (proposal,) = await rows(owner, "proposals")
    assert (proposal["source"], proposal["place"], len(proposal["reason"]["tickets"])) == ("recurrence", "Lane 3", 3)
    assert proposal["proposed_at"] == START + timedelta(days=20)


@pytest.mark.parametrize("order", list(permutations((0.0, 80.0, 160.0))))
async def test_three_calls_on_one_cause_in_a_circle_propose_once_in_any_order_and_across_restarts(
    pool: Pool, owner: Connection, order: Sequence[float]
) -> None:
    """Smoke, heat and burning of one shed: kinds of one cause, the outer two farther apart than the radius."""
    kinds = ("outdoor_fire", "ebike_shed_overheat", "outdoor_fire", "ebike_shed_overheat")
    await put_incidents(owner, [("outdoor_fire", START, 0.0)], "fire")
    (incident,) = await rows(owner, "incidents")
    with LogUnderTest(pool, incidents_stage.advance, stage.advance) as log:
        await log.tick(0)
        await log.step()
    # A fourth call meets the proposal that stands, though its circle has another centre and it is of another kind.
    for n, east_m in enumerate((*order, 100.0)):
        where, at = place(east_m), START + timedelta(days=n, hours=1)
        await owner.execute(
            """INSERT INTO tickets (ticket_kind, case_id, incident_id, kind, state, grade, area_path, place, lon, lat,
                opened_at, incident_grade, closed_at)
            VALUES ('call_response', $1, $2, $3, 'not_accepted', 3, '{}', $4, $5, $6, $7, 3, $7)""",
            incident["case_id"],
            incident["id"],
            kinds[n],
            f"No. {9 - n}",
            where["lon"],
            where["lat"],
            at,
        )
        with LogUnderTest(pool, incidents_stage.advance, stage.advance) as log:  # Another life of the process.
            await log.tick(n * DAY_S + 7200)
            async with pool.acquire() as conn:
                before = await conn.fetchval("SELECT count(*) FROM proposals")
            await log.step()
        made = await rows(owner, "proposals")
        assert (before, len(made)) == ((0, 1) if n == 2 else (1, 1) if n == 3 else (0, 0))
    (proposal,) = made
    ids = [row["id"] for row in await rows(owner, "tickets")]
    assert (proposal["source"], proposal["reason"]["tickets"]) == ("recurrence", ids[:3])
    assert len(await rows(owner, "rate_findings")) == 2


async def call_response(conn: Connection, at: datetime, east_m: float = 0.0) -> None:
    where = place(east_m)
    await conn.execute(
        """INSERT INTO tickets (ticket_kind, case_id, incident_id, kind, state, grade, area_path, place, lon, lat,
            opened_at, incident_grade, closed_at)
        SELECT 'call_response', case_id, id, 'fire_lane_blocked', 'not_accepted', 3, '{}', $2, $3, $4, $1, 3, $1
        FROM incidents""",
        at,
        f"No. {east_m}",
        where["lon"],
        where["lat"],
    )


async def test_ticket_opened_at_the_very_instant_of_a_tick_is_seen_by_the_next_one(
    log: LogUnderTest, owner: Connection
) -> None:
    """As where the time is simulated and stands still: steps behind a tick are at its instant."""
    await put_incidents(owner, [("fire_lane_blocked", START, 0.0)], "parking")
    for hour in range(3):
        await log.tick(3600 * hour)
        await log.step()
        await call_response(owner, START + timedelta(hours=hour))
    await log.tick(3 * 3600)
    await log.step()
    (proposal,) = await rows(owner, "proposals")
    assert proposal["proposed_at"] == START + timedelta(hours=2)


async def test_hot_spot_near_by_takes_no_recurrence_however_soon_it_was_found(
    log: LogUnderTest, owner: Connection
) -> None:
    await put_incidents(owner, [("fire_lane_blocked", START, 0.0)], "parking")
    await log.tick(0)
    await log.step()
    where = place(0.0)
    await owner.execute(
        """INSERT INTO proposals (source, kind, place_key, area_path, lon, lat, reason, witnesses, proposed_at)
        VALUES ('hot_spot', 'fire_lane_blocked', 'area:', '{}', $1, $2, '{}', '{}', $3)""",
        where["lon"],
        where["lat"],
        START + timedelta(hours=1),
    )
    for n in range(3):
        await call_response(owner, START + timedelta(minutes=10 * n), 5.0 * n)
    await log.tick(3600)
    await log.step()
    assert sorted(row["source"] for row in await rows(owner, "proposals")) == ["hot_spot", "recurrence"]
