"""The rates stage on the real database: counts that no batch changes, findings, and proposals that come once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from dispatcher.incidents import stage as incidents_stage
from dispatcher.rates import stage
from events.model import EventDraft, EventSource, SourceClass
from runtime.pool import Connection, Pool
from tests.harness.log import START, LogUnderTest, draft
from tests.integration.dispatcher.rates.drive import put_incidents, rows

DAY_S = 86_400
KIND = "waste_overflow"


@pytest.fixture
def log(pool: Pool) -> Iterator[LogUnderTest]:
    with LogUnderTest(pool, incidents_stage.advance, stage.advance) as log:
        yield log


async def finished(conn: Connection) -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in await conn.fetch("SELECT kind, area_id, bucket_at, incidents FROM rate_counts ORDER BY 1, 2, 3")
    ]


async def test_hour_is_counted_when_it_is_finished_and_not_before(log: LogUnderTest, owner: Connection) -> None:
    await log.tick(0)
    await log.write(draft("first", 60, 0), draft("second", 120, 5000), draft("later", 3700, 9000))
    await log.step()
    await log.tick(3600)
    await log.step()
    assert await finished(owner) == []  # the watermark lies 15 minutes behind the tick
    await log.tick(3600 + 900)
    await log.step()
    assert await finished(owner) == [("outdoor_fire", "", START, 2)]
    await log.tick(7200 + 900)
    await log.step()
    assert [row[3] for row in await finished(owner)] == [2, 1]


async def test_open_incident_holds_its_hour_and_no_other(log: LogUnderTest, owner: Connection) -> None:
    await log.tick(0)
    await log.write(draft("closed", 60, 0), draft("open", 7000, 5000), draft("open too", 7400, 5010))
    await log.tick(7200 + 900)
    await log.step()
    assert await finished(owner) == [("outdoor_fire", "", START, 1)]
    await log.tick(7200 + 2000)
    await log.step()
    assert [row[2:] for row in await finished(owner)] == [(START, 1), (START + timedelta(hours=1), 1)]


async def test_late_events_are_in_no_rate(log: LogUnderTest, owner: Connection) -> None:
    await log.tick(0)
    await log.tick(7200)
    await log.step()
    await log.write(draft("late", 5000, 0))  # behind the watermark, in an hour that is not finished
    await log.tick(4 * 3600)
    await log.step()
    assert (await rows(owner, "incidents"))[0]["late"]
    assert await finished(owner) == []


EVENTS = [
    *(draft(f"a{n}", 300 * n, 3000 * n) for n in range(8)),
    *(draft(f"b{n}", 300 * n + 40, 3000 * n + 60) for n in range(0, 8, 2)),
    draft("c", 5000, None),
]


def orders() -> Iterator[tuple[str, list[EventDraft], int]]:
    """Admissible orders: all events come before any watermark passes them."""
    yield "as they came", EVENTS, 1
    yield "backwards", EVENTS[::-1], 3
    yield "odd ones first", EVENTS[1::2] + EVENTS[::2], 5
    yield "at once", EVENTS, len(EVENTS)


@pytest.mark.parametrize(("name", "order", "batch"), list(orders()), ids=[name for name, _, _ in orders()])
async def test_counts_are_those_of_the_oracle_in_any_order_and_batching(
    log: LogUnderTest, owner: Connection, name: str, order: list[EventDraft], batch: int
) -> None:
    await log.tick(0)
    for some in (order[first : first + batch] for first in range(0, len(order), batch)):
        await log.write(*some)
        if name == "backwards":
            log.restart()
        await log.step()
    for hour in range(1, 5):
        await log.tick(3600 * hour + 900)
        if name != "at once":
            await log.step()
    await log.step()
    assert await finished(owner) == await counted_by_hand(owner)
    assert sum(row[3] for row in await finished(owner)) == 9  # pairs of a and b are one incident


async def counted_by_hand(conn: Connection) -> list[tuple[Any, ...]]:
    """O8 in plain Python: incidents that are not merged, by kind, area and the hour of their first event."""
    counts: dict[tuple[str, str, datetime], int] = {}
    for row in await rows(conn, "incidents"):
        if row["status"] == "final" and not row["late"]:
            hour = row["canonical_at"].replace(minute=0, second=0, microsecond=0)
            key = row["kind"], row["area_id"] or "", hour
            counts[key] = counts.get(key, 0) + 1
    return [(*key, count) for key, count in sorted(counts.items())]


async def test_replay_counts_nothing(log: LogUnderTest, owner: Connection) -> None:
    await owner.execute("UPDATE deployment SET rule_set = 'replay'")
    await owner.execute(
        """INSERT INTO kind_groups (rule_set, id, zh_name, en_name, clustered, r_m, t_s, g_s, m, lateness_s)
        VALUES ('replay', 'all', '-', '-', true, 150, 600, 0, 1, 900) ON CONFLICT DO NOTHING"""
    )
    await log.tick(0)
    await log.write(draft("one", 60, 0))
    await log.tick(60 * 3600)  # two days behind it lies the watermark of a replay
    await log.step()
    assert await finished(owner) == []


async def settled(owner: Connection, until: datetime) -> datetime:
    """Nine quiet weeks that end at `until`: one bin every ninth hour."""
    begin = until - timedelta(weeks=9)
    await owner.execute("INSERT INTO rate_progress VALUES ('waste', $1, $2)", begin, until)
    await owner.executemany(
        "INSERT INTO rate_counts VALUES ($1, '', $2, 1)",
        [(KIND, begin + timedelta(hours=hour)) for hour in range(0, 9 * 168, 9)],
    )
    return begin


def bins(count: int, after_s: float, apart_m: float = 400) -> list[EventDraft]:
    return [draft(f"bin {n} at {after_s}", after_s + n, apart_m * n, kind=KIND) for n in range(count)]


async def test_rise_of_a_settled_series_is_found_and_proposed_once(log: LogUnderTest, owner: Connection) -> None:
    await settled(owner, START)
    await log.tick(0)
    await log.write(*bins(12, 60), *bins(12, 3700))
    await log.step()
    await log.tick(2 * 3600 + 2 * 3600 + 3600)
    await log.step()
    found = [row for row in await rows(owner, "rate_findings") if row["detector"] == "nb_cusum"]
    assert [(row["kind"], row["to_at"] - START) for row in found] == [(KIND, timedelta(hours=h)) for h in (1, 2)]
    assert found[0]["observed"] >= 12
    assert found[0]["expected"] < 3
    assert len(found[0]["witnesses"]) == 12
    (proposal,) = await rows(owner, "proposals")
    assert (proposal["source"], proposal["state"], proposal["kind"]) == ("rate", "proposed", KIND)
    assert proposal["proposed_at"] == START + timedelta(hours=1)
    assert {row["proposal_id"] for row in found} == {proposal["id"]}


async def test_findings_do_not_depend_on_how_many_hours_a_step_finds_finished(pool: Pool, owner: Connection) -> None:
    await settled(owner, START)
    with LogUnderTest(pool, incidents_stage.advance, stage.advance) as log:
        await log.tick(0)
        await log.write(*bins(12, 60), *bins(12, 3700), *bins(5, 20_000))
        for hour in range(1, 12):
            await log.tick(3600 * hour)
            log.restart()
            await log.step()
    one_by_one = [
        await without_ids(owner, table) for table in ("rate_findings", "proposals", "rate_counts", "rate_progress")
    ]
    assert len(one_by_one[0]) >= 2
    await owner.execute("TRUNCATE rate_findings, proposals, rate_counts, rate_progress")
    await settled(owner, START)
    with LogUnderTest(pool, stage.advance) as again:  # the incidents stand; many hours are finished at once
        while (await again.step()).events:
            pass
    at_once = [
        await without_ids(owner, table) for table in ("rate_findings", "proposals", "rate_counts", "rate_progress")
    ]
    assert at_once == one_by_one


async def without_ids(conn: Connection, table: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k not in {"id", "proposal_id"}} for row in await rows(conn, table)]


async def test_group_that_lies_days_behind_catches_up_with_each_tick(log: LogUnderTest, owner: Connection) -> None:
    await log.tick(0)
    await log.write(*bins(3, 60), *bins(3, 60 * 3600), *bins(3, 100 * 3600))
    await log.step()
    counted_to = []
    for n in range(4):
        await log.tick(5 * DAY_S + n)  # nobody ticked for five days
        log.restart()
        await log.step()
        counted_to.append(
            await owner.fetchval("SELECT counted_to FROM rate_progress WHERE kind_group = 'waste'") - START
        )
    hour = timedelta(hours=1)
    assert counted_to[:2] == [stage.HOURS_A_STEP * hour, 2 * stage.HOURS_A_STEP * hour]
    assert counted_to[2] == counted_to[3] <= 120 * hour
    assert await finished(owner) == await counted_by_hand(owner)
    assert [(row[2] - START, row[3]) for row in await finished(owner)] == [
        (0 * hour, 3),
        (60 * hour, 3),
        (100 * hour, 3),
    ]


async def test_witnesses_of_an_area_are_what_was_counted_there_and_not_in_its_communities(
    log: LogUnderTest, owner: Connection
) -> None:
    begin = await settled(owner, START)
    await owner.execute("UPDATE rate_counts SET area_id = 'street'")
    await owner.executemany(
        """INSERT INTO areas (id, parent_id, level, zh_name, en_name, path)
        VALUES ($1, $2, $3::text::area_level, '-', '-', $4)""",
        [
            ("town", None, "city", ["town"]),
            ("street", "town", "subdistrict", ["town", "street"]),
            ("yard", "street", "community", ["town", "street", "yard"]),
        ],
    )
    await put_incidents(owner, [(KIND, START + timedelta(minutes=n), 500.0 * n) for n in range(20)])
    for area_id, path, odd in (("street", ["town", "street"], 0), ("yard", ["town", "street", "yard"], 1)):
        await owner.execute("UPDATE incidents SET area_id = $1, area_path = $2 WHERE id % 2 = $3", area_id, path, odd)
    await log.tick(0)
    await log.tick(3 * 3600)
    await log.step()
    assert [(row[1], row[3]) for row in await finished(owner) if row[2] >= START] == [("street", 10), ("yard", 10)]
    (found,) = [row for row in await rows(owner, "rate_findings") if row["area_id"] == "street"]
    assert (found["detector"], found["from_at"] > begin) == ("nb_cusum", True)
    assert len(found["witnesses"]) == 10
    assert {number % 2 for number in found["witnesses"]} == {0}


async def test_young_series_is_judged_by_its_days(log: LogUnderTest, owner: Connection) -> None:
    await log.tick(0)
    for day in range(11):
        await log.write(*bins(1 if day < 10 else 9, day * DAY_S + 60))
        await log.tick(day * DAY_S + DAY_S / 2)
        await log.step()
    await log.tick(12 * DAY_S)
    await log.step()
    found = await rows(owner, "rate_findings")
    assert {row["detector"] for row in found} == {"ears_c1", "ears_c2"}
    assert all(row["observed"] == 9 and row["expected"] == 1 for row in found)
    assert len(await rows(owner, "proposals")) == 1


@pytest.mark.parametrize("bins_at_once", [10, 0])
async def test_living_hot_spot_is_found_and_a_placeholder_is_not(
    log: LogUnderTest, owner: Connection, bins_at_once: int
) -> None:
    past = [(KIND, START - timedelta(days=1 + n % 26, hours=n % 7), 4000.0 + 900 * (n % 30)) for n in range(90)]
    await put_incidents(owner, past)
    await log.tick(0)
    await log.write(
        *(
            draft(
                f"call {n}", 100 + n * 5000, 0, kind=KIND, source=EventSource.HOTLINE, source_class=SourceClass.HOTLINE
            )
            for n in range(12)
        ),
        *(draft(f"bin {n}", 60 + n * 3, 30_000 + 90 * n, kind=KIND) for n in range(bins_at_once)),
    )
    await log.step()
    await log.tick(30 * 3600)
    await log.step()
    spots = [row for row in await rows(owner, "rate_findings") if row["detector"] == "space_time_scan"]
    if not bins_at_once:
        assert spots == []
        return
    (spot,) = spots
    assert spot["observed"] >= 8
    assert spot["p_value"] < 0.001
    assert spot["lon"] > 104.3  # 30 km east: the bins, never the placeholder
    assert spot["radius_m"] < 3200


async def test_database_refuses_a_twin_within_90_days_and_a_decision_without_a_person(owner: Connection) -> None:
    async def propose(at: datetime) -> None:
        await owner.execute(
            """INSERT INTO proposals (source, kind, place_key, area_path, reason, witnesses, proposed_at)
            VALUES ('person', 'fire_lane_blocked', 'place::Lane 3', '{}', '{}', '{}', $1)""",
            at,
        )

    at = datetime(2026, 11, 22, tzinfo=UTC)
    await propose(at)
    for other in (at, at + timedelta(days=89), at - timedelta(days=89)):
        with pytest.raises(asyncpg.ExclusionViolationError):
            await propose(other)
    await propose(at + timedelta(days=90))
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE proposals SET state = 'declined', decided_at = $1", at)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE proposals SET state = 'admitted', decided_at = $1, decided_by = 1", at)
