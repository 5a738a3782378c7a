"""Incidents from the log: the fire case in every order and restart, merges, late events, finals, corrections."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from dispatcher.incidents import stage
from events.model import EventSource, SourceClass
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft, incidents

BIN_7 = draft("bin 7", 0, 0)
CAMERA_3 = draft("camera 3", 130, 90, source_class=SourceClass.CAMERA)
BIN_9 = draft("bin 9", 180, 210)
CALL = draft("call", 240, 50, source=EventSource.HOTLINE, source_class=SourceClass.HOTLINE, call_id=None)
FIRE = (BIN_7, CAMERA_3, BIN_9, CALL)
FAR = draft("far away", 60, 5000)
RULE = "UPDATE rule_versions SET content = jsonb_set(content, $1::text[], $2) WHERE rule_set = 'default'"


@pytest.fixture
def log(pool: Pool) -> Iterator[LogUnderTest]:
    with LogUnderTest(pool, stage.advance, stage.announce) as log:
        yield log


async def members(conn: Connection, incident_id: int) -> set[bytes]:
    rows = await conn.fetch("SELECT event_uid FROM incident_events WHERE incident_id = $1", incident_id)
    return {row["event_uid"] for row in rows}


async def live(conn: Connection) -> list[dict[str, Any]]:
    return [row for row in await incidents(conn) if row["status"] != "merged"]


@pytest.mark.parametrize("order", list(permutations(FIRE)), ids=lambda order: ", ".join(e.subject for e in order))
async def test_the_fire_case_is_one_incident_in_every_order(
    log: LogUnderTest, owner: Connection, order: tuple[Any, ...]
) -> None:
    for event in order:
        await log.write(event)
        await log.step()
    (fire,) = await live(owner)
    assert await members(owner, fire["id"]) == {event.uid for event in FIRE}
    assert fire["canonical_uid"] == BIN_7.uid
    assert fire["grade"] == 1
    assert fire["event_count"] == 4
    for alias in await incidents(owner, "merged"):
        assert alias["merged_into"] == fire["id"]
        assert alias["bridge_uid"] in {CAMERA_3.uid, CALL.uid}


@pytest.mark.parametrize("restart_after", range(5))
@pytest.mark.parametrize("batch", [1, 2, 4])
async def test_a_restart_anywhere_gives_the_same_incident(
    log: LogUnderTest, owner: Connection, restart_after: int, batch: int
) -> None:
    for first in range(0, 4, batch):
        if first <= restart_after < first + batch:
            log.restart()
        await log.write(*FIRE[first : first + batch])
        await log.step()
    log.restart()
    await log.step()
    (fire,) = await incidents(owner)
    assert await members(owner, fire["id"]) == {event.uid for event in FIRE}
    assert (fire["grade"], fire["event_count"], fire["status"]) == (1, 4, "open")


async def test_the_camera_joins_two_incidents_and_is_named_as_the_bridge(log: LogUnderTest, owner: Connection) -> None:
    for event in (BIN_7, BIN_9):
        await log.write(event)
        await log.step()
    first, second = await incidents(owner)
    await log.write(CAMERA_3)
    step = await log.step()
    survivor, alias = await incidents(owner)
    assert (survivor["id"], alias["id"]) == (first["id"], second["id"])
    assert alias["status"] == "merged"
    assert alias["merged_into"] == survivor["id"]
    assert alias["bridge_uid"] == CAMERA_3.uid
    assert alias["case_id"] == survivor["case_id"]
    (change,) = [change for change in step.incidents if change.incident_id == survivor["id"]]
    assert change.absorbed == ((second["id"], second["case_id"], CAMERA_3.uid),)
    assert await members(owner, survivor["id"]) == {BIN_7.uid, BIN_9.uid, CAMERA_3.uid}


async def test_what_lies_apart_stays_apart(log: LogUnderTest, owner: Connection) -> None:
    await log.write(BIN_7, FAR, draft("an hour later", 3600, 0, subject="another"))
    await log.step()
    assert len(await incidents(owner)) == 3


async def test_an_incident_is_final_when_the_watermark_passes_and_absorbs_nothing_more(
    log: LogUnderTest, owner: Connection
) -> None:
    await log.write(BIN_7)
    await log.step()
    await log.tick(600 + 900)  # t + T + lateness: not yet passed
    await log.step()
    assert [row["status"] for row in await incidents(owner)] == ["open"]
    await log.tick(600 + 900 + 1)
    await log.step()
    (fire,) = await incidents(owner)
    assert fire["status"] == "final"
    assert fire["final_at"] is not None
    await log.write(draft("bin 7 again", 700, 0))
    await log.step()
    assert len(await incidents(owner)) == 2


async def test_a_late_life_safety_event_opens_an_incident_of_its_own_and_others_only_stand_in_the_log(
    log: LogUnderTest, owner: Connection
) -> None:
    await log.tick(100_000)
    await log.step()
    await log.write(BIN_7, draft("a vendor", 0, 0, kind="street_vendor_occupation"))
    await log.step()
    (fire,) = await incidents(owner)
    assert fire["late"]
    assert fire["status"] == "final"
    assert fire["kind"] == "outdoor_fire"
    assert await owner.fetchval("SELECT standing FROM incident_events WHERE incident_id = $1", fire["id"]) == "late"
    await log.write(BIN_7, stream="gateway-1")  # a redelivery whose key was forgotten
    await log.step()
    assert len(await incidents(owner)) == 1


async def test_a_return_to_normal_is_shown_and_closes_nothing(log: LogUnderTest, owner: Connection) -> None:
    await log.write(BIN_7, draft("bin 7 normal", 300, 0, subject="bin 7", raised=False))
    await log.step()
    (fire,) = await incidents(owner)
    assert (fire["status"], fire["event_count"]) == ("open", 1)
    standings = await owner.fetch("SELECT standing FROM incident_events ORDER BY standing")
    assert [row["standing"] for row in standings] == ["clustered", "returned"]


async def test_a_correction_moves_an_event_out_of_its_incident(log: LogUnderTest, owner: Connection) -> None:
    await log.write(BIN_7, CAMERA_3)
    await log.step()
    assert len(await incidents(owner)) == 1
    await log.write(draft("camera 3", 130, 4000, source_class=SourceClass.CAMERA, revision=2))
    await log.step()
    first, second = await live(owner)
    assert await members(owner, first["id"]) == {BIN_7.uid}
    assert await members(owner, second["id"]) == {CAMERA_3.uid}
    assert first["grade"] == 2
    await log.write(draft("camera 3", 130, 90, source_class=SourceClass.CAMERA, revision=3))
    await log.step()
    (fire,) = await live(owner)
    assert await members(owner, fire["id"]) == {BIN_7.uid, CAMERA_3.uid}


async def test_an_unclassified_call_stands_alone_whatever_is_near(log: LogUnderTest, owner: Connection) -> None:
    calls = [
        draft(f"call {n}", n, 0, kind="unclassified", source=EventSource.HOTLINE, source_class=SourceClass.HOTLINE)
        for n in range(3)
    ]
    await log.write(*calls, stream="hotline")
    await log.step()
    assert [row["grade"] for row in await incidents(owner)] == [4, 4, 4]


async def test_unlocated_events_never_share_an_incident(log: LogUnderTest, owner: Connection) -> None:
    await log.write(draft("nowhere 1", 0, None), draft("nowhere 2", 1, None))
    await log.step()
    assert len(await incidents(owner)) == 2


async def test_numbers_are_gapless_within_the_city_day(log: LogUnderTest, owner: Connection) -> None:
    await log.write(*(draft(f"fire {n}", 0, 1000 * n) for n in range(5)))
    await log.step()
    assert [row["number"] for row in await incidents(owner)] == [f"IN-20261122-{n:05d}" for n in range(1, 6)]


async def test_the_stream_tells_what_was_opened_changed_and_merged(log: LogUnderTest, owner: Connection) -> None:
    for event in (BIN_7, BIN_9, CAMERA_3):
        await log.write(event)
        await log.step()
    rows = await owner.fetch("SELECT seq, topic FROM stream_log ORDER BY seq")
    assert [row["topic"] for row in rows] == [
        "incident.opened",
        "incident.opened",
        "incident.changed",
        "incident.merged",
    ]
    assert [row["seq"] for row in rows] == [1, 2, 3, 4]


async def test_merges_one_behind_the_other_within_a_step_leave_one_incident(
    log: LogUnderTest, owner: Connection
) -> None:
    """Three that were published, joined in two goes between ticks that one step takes together."""
    west, middle, east = draft("west", 0, 0), draft("middle", 0, 250), draft("east", 0, 500)
    for event in (east, middle, west):
        await log.write(event)
        await log.step()
    await log.write(draft("bridge 1", 60, 120))
    await log.tick(61)
    await log.write(draft("bridge 2", 62, 380))
    step = await log.step()
    (fire,) = await live(owner)
    assert fire["event_count"] == 5
    assert len(await members(owner, fire["id"])) == 5
    aliases = await incidents(owner, "merged")
    assert {alias["merged_into"] for alias in aliases} == {fire["id"]}
    assert {alias["case_id"] for alias in aliases} == {fire["case_id"]}
    absorbed = [incident_id for change in step.incidents for incident_id, _, _ in change.absorbed]
    assert sorted(absorbed) == sorted(alias["id"] for alias in aliases)
    log.restart()
    await log.tick(100_000)
    await log.step()
    assert await incidents(owner, "open") == []


async def test_a_correction_and_a_merge_within_a_step_keep_the_newest_version(
    log: LogUnderTest, owner: Connection
) -> None:
    for event in (draft("west", 0, 0), draft("east", 0, 250)):
        await log.write(event)
        await log.step()
    await log.write(draft("east", 30, 250, revision=7))
    await log.tick(31)
    await log.write(draft("bridge", 60, 120))
    await log.step()
    (fire,) = await live(owner)
    rows = await owner.fetch("SELECT revision FROM incident_events WHERE incident_id = $1", fire["id"])
    assert sorted(row["revision"] for row in rows) == [0, 0, 7]


async def test_the_same_late_event_twice_in_a_step_opens_one_incident(log: LogUnderTest, owner: Connection) -> None:
    await log.tick(100_000)
    await log.step()
    await log.write(BIN_7)
    await log.write(BIN_7, stream="gateway-1")
    await log.tick(100_001)
    await log.write(BIN_7, stream="gateway-2")
    await log.step()
    assert len(await incidents(owner)) == 1


async def test_a_late_version_of_a_live_event_changes_nothing(log: LogUnderTest, owner: Connection) -> None:
    await log.tick(5000)
    await log.write(draft("fire", 5000, 0))
    await log.write(draft("fire", 0, 0, revision=1))
    await log.step()
    (fire,) = await incidents(owner)
    assert (fire["late"], fire["event_count"]) == (False, 1)


@pytest.mark.parametrize("restarted", [False, True])
async def test_an_event_of_a_final_incident_is_never_taken_again(
    log: LogUnderTest, owner: Connection, restarted: bool
) -> None:
    await log.write(BIN_7)
    await log.step()
    await log.tick(600 + 900 + 1)
    await log.step()
    if restarted:
        log.restart()
    await log.write(draft("bin 7", 1500, 0, revision=1))  # its new time is not late
    await log.step()
    (fire,) = await incidents(owner)
    assert (fire["status"], fire["event_count"]) == ("final", 1)
    assert await members(owner, fire["id"]) == {BIN_7.uid}


async def test_a_late_call_opens_an_incident_of_its_own(log: LogUnderTest, owner: Connection) -> None:
    await log.tick(100_000)
    await log.write(draft("call", 0, 0, kind="street_vendor_occupation", source=EventSource.HOTLINE))
    await log.step()
    (call,) = await incidents(owner)
    assert call["late"]


async def test_a_return_before_its_beginning_is_only_in_the_log(log: LogUnderTest, owner: Connection) -> None:
    await log.write(draft("bin 7 normal", 0, 0, subject="bin 7", raised=False), BIN_7)
    step = await log.step()
    (change,) = step.incidents
    assert [event.uid for event in change.new_events] == [BIN_7.uid]
    await log.write(draft("bin 9 normal", 0, 0, subject="bin 9", raised=False))
    assert (await log.step()).incidents == []


@pytest.mark.parametrize("together", [True, False])
async def test_what_returned_and_is_raised_anew_stands_as_a_member(
    log: LogUnderTest, owner: Connection, together: bool
) -> None:
    normal = draft("bin 7 again", 60, 0, subject="bin 7", raised=False)
    await log.write(BIN_7)
    await log.step()
    await log.write(normal)
    if not together:
        await log.step()
    await log.write(draft("bin 7 again", 60, 0, subject="bin 7", revision=1))
    await log.step()
    standing = await owner.fetchval("SELECT standing FROM incident_events WHERE event_uid = $1", normal.uid)
    assert standing == "clustered"


async def test_rules_that_join_more_merge_the_open_incidents_at_the_next_step(
    log: LogUnderTest, owner: Connection
) -> None:
    for event in (draft("west", 0, 0), draft("middle", 0, 250), draft("far", 0, 9000)):
        await log.write(event)
        await log.step()
    await owner.execute(RULE, ["groups", "fire", "r_m"], 300)
    log.restart()
    await log.step()
    first, far = await live(owner)
    assert (first["event_count"], far["event_count"]) == (2, 1)
    await log.tick(100_000)
    await log.step()
    assert await incidents(owner, "open") == []


async def test_rules_that_join_less_split_the_open_incidents_at_the_next_step(
    log: LogUnderTest, owner: Connection
) -> None:
    await log.write(draft("west", 0, 0), draft("middle", 0, 120), draft("east", 0, 240))
    await log.step()
    (before,) = await live(owner)
    await owner.execute(RULE, ["groups", "fire", "r_m"], 100)
    log.restart()
    await log.step()
    after = await live(owner)
    assert [row["event_count"] for row in after] == [1, 1, 1]
    assert after[0]["id"] == before["id"]
    await log.write(draft("more", 10, 240))
    await log.step()
    await log.tick(100_000)
    await log.step()
    assert await incidents(owner, "open") == []


async def test_a_kind_that_moves_to_another_group_leaves_nothing_open_for_ever(
    log: LogUnderTest, owner: Connection
) -> None:
    await log.write(BIN_7, draft("a gas alarm", 10, 20, kind="gas_leak_alarm"))
    await log.step()
    assert len(await live(owner)) == 1
    await owner.execute(RULE, ["kinds", "gas_leak_alarm", "group"], "flood")
    log.restart()
    await log.write(draft("another gas alarm", 20, 30, kind="gas_leak_alarm"))
    await log.step()
    assert [row["event_count"] for row in await live(owner)] == [1, 2]
    await log.tick(100_000)
    await log.step()
    assert await incidents(owner, "open") == []
