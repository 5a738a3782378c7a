"""Grades of incidents over the log: history, earlier incidents, doubt, contradictions, officers, the check."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from dispatcher.incidents import stage
from dispatcher.incidents.errors import IncidentOutpaced
from dispatcher.incidents.grades import officers
from dispatcher.incidents.grades.checking import Differs, check
from dispatcher.incidents.grades.rules import read_grading_rules
from dispatcher.incidents.grades.stored import read_incident
from dispatcher.risk.model import Verdict
from events.model import EventSource, SourceClass
from runtime.pool import Connection, Pool
from tests.harness.log import START, LogUnderTest, draft, incidents

BIN_7 = draft("bin 7", 0, 0)
CAMERA_3 = draft("camera 3", 130, 90, source_class=SourceClass.CAMERA)
BIN_9 = draft("bin 9", 180, 210)
CALL = draft("call", 240, 50, source=EventSource.HOTLINE, source_class=SourceClass.HOTLINE)
CLEAR = draft("bin 7 clear", 1200, 0, subject="bin 7", raised=False)
FIRE = (BIN_7, CAMERA_3, BIN_9, CALL)
DAY_S = 86_400
LEADER = officers.Officer("user:1", "陈班长", "shift_leader", "现场已看", may_lower=True)
OFFICER = officers.Officer("user:2", "李值班", "duty_officer", "现场已看", may_lower=False)


@pytest.fixture
def log(pool: Pool) -> Iterator[LogUnderTest]:
    with LogUnderTest(pool, stage.advance, stage.announce) as log:
        yield log


async def history(owner: Connection, incident_id: int) -> list[tuple[int | None, int, str]]:
    rows = await owner.fetch("SELECT * FROM grade_changes WHERE incident_id = $1 ORDER BY id", incident_id)
    return [(row["from_grade"], row["to_grade"], row["cause"]) for row in rows]


async def end(log: LogUnderTest, after_s: float) -> None:
    """The watermark passes everything that came by then."""
    await log.tick(after_s + 4 * 3600)
    await log.step()


async def final_fire(log: LogUnderTest, owner: Connection, *events: Any) -> dict[str, Any]:
    await log.write(*(events or FIRE))
    await log.step()
    await end(log, 1200)
    (fire,) = [row for row in await incidents(owner) if row["status"] == "final"]
    return fire


async def test_the_history_names_rules_points_witnesses_and_watermark(log: LogUnderTest, owner: Connection) -> None:
    for event in (*FIRE, CLEAR):
        await log.write(event)
        await log.step()
    await end(log, 1200)
    (fire,) = [row for row in await incidents(owner) if row["status"] == "final"]
    assert await history(owner, fire["id"]) == [(None, 2, "opened"), (2, 1, "evidence"), (1, 2, "final")]
    last = await owner.fetchrow("SELECT * FROM grade_changes ORDER BY id DESC LIMIT 1")
    assert last is not None
    assert last["watermark_at"] > START + timedelta(seconds=1200)
    (cleared,) = [found for found in last["rules"] if found["rule"] == "cleared"]
    assert cleared["witnesses"] == [CLEAR.uid.hex()]
    shipped = await owner.fetchval("SELECT max(version) FROM grade_points")
    assert (cleared["points"], cleared["rule_version"]) == (-1000, shipped)


@pytest.mark.parametrize(
    "order",
    [
        (BIN_7, CLEAR, CALL, CAMERA_3),
        (CAMERA_3, BIN_7, CLEAR, CALL),
        (CALL, BIN_7, CAMERA_3, CLEAR),
        (CLEAR, CAMERA_3, CALL, BIN_7),
    ],
    ids=["returns early", "camera first", "in time", "returned before"],
)
@pytest.mark.parametrize("batch", [1, 2, 4])
async def test_a_final_grade_is_the_same_in_every_order_and_batching(
    log: LogUnderTest, owner: Connection, order: tuple[Any, ...], batch: int
) -> None:
    await log.write(BIN_9)  # the clear needs an incident that is open
    for first in range(0, 4, batch):
        await log.write(*order[first : first + batch])
        await log.step()
    await end(log, 1200)
    (fire,) = [row for row in await incidents(owner) if row["status"] == "final"]
    # A return that came before anything of its device was raised belongs to no incident.
    cleared = [CLEAR.uid.hex()] if order.index(CLEAR) > order.index(BIN_7) else []
    assert (fire["grade"], fire["explanation"]["facts"]["cleared"]) == (2 if cleared else 1, cleared)


async def test_what_happened_here_before_counts_however_the_steps_are_cut(log: LogUnderTest, owner: Connection) -> None:
    await log.write(BIN_7, draft("bin 8", 3 * DAY_S, 30), draft("far", 3 * DAY_S, 900), draft("late", 45 * DAY_S, 0))
    await log.step()
    rows = {row["subject"]: row["explanation"]["facts"]["earlier"] for row in await incidents(owner)}
    assert [each["uid"] for each in rows["bin 8"]] == [BIN_7.uid.hex()]
    assert not rows["bin 7"]
    assert not rows["far"]
    assert not rows["late"]
    again = draft("bin 7 again", 5 * DAY_S, 0)
    await log.write(again)
    await log.step()
    (row,) = [row for row in await incidents(owner) if row["subject"] == "bin 7 again"]
    assert len(row["explanation"]["facts"]["earlier"]) == 2
    (evidence,) = row["explanation"]["evidence"]
    assert (evidence["rule"], evidence["points"]) == ("earlier_incidents", 1000)


async def test_devices_with_false_alarms_are_doubted_later(log: LogUnderTest, owner: Connection) -> None:
    for day in (0, 2):
        await log.write(
            draft(f"cam {day}", day * DAY_S, 900 * day, subject="camera 1", kind="street_vendor_occupation")
        )
        await log.step()
    for row in await incidents(owner):
        await officers.judge(owner, row["id"], 1, Verdict.FALSE, OFFICER, row["first_at"] + timedelta(minutes=5))
    await log.write(
        draft("cam 9", 9 * DAY_S, 9000, subject="camera 1", kind="traffic_accident"),
        draft("cam other", 9 * DAY_S, 20_000, subject="camera 2", kind="traffic_accident"),
        draft("sos", 9 * DAY_S, 30_000, subject="camera 1", kind="elderly_sos"),
    )
    await log.step()
    rows = {(row["kind"], row["subject"]): row for row in await incidents(owner)}
    assert rows["traffic_accident", "camera 1"]["explanation"]["likelihood"] == 2
    assert rows["traffic_accident", "camera 2"]["explanation"]["likelihood"] == 3
    sos = rows["elderly_sos", "camera 1"]["explanation"]
    assert (sos["grade"], sos["likelihood"], sos["decided_by"]) == (2, 3, "matrix")


async def test_a_device_that_flaps_is_doubted_for_a_day(log: LogUnderTest, owner: Connection) -> None:
    flips = [
        draft(f"flip {n}", 60 * n, 0, subject="lamp 1", kind="street_vendor_occupation", raised=n % 2 == 0)
        for n in range(12)
    ]
    after = draft("after", 6 * 3600, 0, subject="lamp 1", kind="traffic_accident")
    sound = draft("sound", 6 * 3600, 5000, subject="lamp 2", kind="traffic_accident")
    later = draft("later", 3 * DAY_S, 9000, subject="lamp 1", kind="traffic_accident")
    await log.write(*flips, after, sound, later)
    await log.step()
    rows = await incidents(owner)
    assert any(row["kind"] == "device_flapping" for row in rows)
    doubted = {
        row["canonical_uid"]: row["explanation"]["facts"]["doubted"]
        for row in rows
        if row["kind"] == "traffic_accident"
    }
    assert doubted == {after.uid: ["lamp 1"], sound.uid: [], later.uid: []}
    await log.write(draft("again", 7 * 3600, -5000, subject="lamp 1", kind="tree_fall_hazard"))
    await log.step()
    (again,) = [row for row in await incidents(owner) if row["kind"] == "tree_fall_hazard"]
    assert again["explanation"]["facts"]["doubted"] == ["lamp 1"]


async def test_a_sensitive_place_is_named_in_the_facts(log: LogUnderTest, owner: Connection) -> None:
    await owner.execute(
        "INSERT INTO sensitive_places VALUES ('school', 'school', '小学', 'a school', $1, $2, 100, NULL, NULL, 'test')",
        BIN_7.lon,
        BIN_7.lat,
    )
    await log.write(BIN_7, BIN_9)
    await log.step()
    near, far = sorted(await incidents(owner), key=lambda row: row["subject"])
    assert [place["id"] for place in near["explanation"]["facts"]["places"]] == ["school"]
    assert (near["explanation"]["consequence"], far["explanation"]["consequence"]) == (5, 4)


async def test_a_warning_raises_what_names_it_in_its_area(log: LogUnderTest, owner: Connection) -> None:
    here: dict[str, Any] = {"area_id": None, "area_path": ()}
    rain = draft("rain", 0, None, kind="heavy_rain_response", source_class=SourceClass.FEED, body={"colour": "red"})
    cellar = draft("cellar", 3600, 0, kind="basement_flooding", **here)
    await log.write(rain, cellar, draft("later", 3 * DAY_S, 500, kind="basement_flooding", **here))
    await log.step()
    rows = {row["subject"]: row["explanation"] for row in await incidents(owner)}
    assert (rows["rain"]["grade"], rows["rain"]["decided_by"]) == (1, "warning_colour")
    assert [found["rule"] for found in rows["cellar"]["evidence"]] == ["weather_warning"]
    assert not rows["later"]["evidence"]


async def test_an_officers_grade_lies_over_the_computed_one_and_is_kept(log: LogUnderTest, owner: Connection) -> None:
    await log.write(BIN_7)
    await log.step()
    (fire,) = await incidents(owner)
    await officers.set_grade(owner, fire["id"], 1, 4, LEADER, START)
    log.restart()
    await log.write(BIN_9, CAMERA_3)  # no graver: the officer's word stands
    await log.step()
    (fire,) = [row for row in await incidents(owner) if row["status"] == "open"]
    assert (fire["grade"], fire["explanation"]["grade"], fire["explanation"]["override"]["grade"]) == (4, 2, 4)
    await log.write(CALL)  # graver than when the officer decided
    await log.step()
    (fire,) = [row for row in await incidents(owner) if row["status"] == "open"]
    assert fire["grade"] == 1
    assert await history(owner, fire["id"]) == [(None, 2, "opened"), (2, 4, "override"), (4, 1, "evidence")]


async def test_an_officers_grade_goes_with_an_incident_that_is_merged(log: LogUnderTest, owner: Connection) -> None:
    for event in (BIN_7, BIN_9):
        await log.write(event)
        await log.step()
    _, second = await incidents(owner)
    await officers.set_grade(owner, second["id"], 1, 1, OFFICER, START)
    await log.write(CAMERA_3)
    await log.step()
    (fire,) = [row for row in await incidents(owner) if row["status"] == "open"]
    assert fire["id"] != second["id"]
    assert (fire["grade"], fire["explanation"]["grade"]) == (1, 2)


async def test_two_officers_never_both_win_and_a_milder_grade_takes_a_shift_leader(
    log: LogUnderTest, owner: Connection
) -> None:
    await log.write(BIN_7)
    await log.step()
    (fire,) = await incidents(owner)
    async with owner.transaction():
        with pytest.raises(officers.MilderNeedsShiftLeader):
            await officers.set_grade(owner, fire["id"], 1, 4, OFFICER, START)
        await owner.execute("UPDATE incidents SET version = 1")
    await officers.set_grade(owner, fire["id"], 1, 1, OFFICER, START)
    with pytest.raises(IncidentOutpaced):
        await officers.set_grade(owner, fire["id"], 1, 4, LEADER, START)
    await officers.set_grade(owner, fire["id"], 2, None, LEADER, START)
    assert (await incidents(owner))[0]["grade"] == 2
    assert await owner.fetchval("SELECT count(*) FROM grade_overrides") == 2


async def test_a_confirmation_counts_at_once_and_a_denial_at_the_watermark(
    log: LogUnderTest, owner: Connection
) -> None:
    await log.write(BIN_7, CAMERA_3)
    await log.step()
    (fire,) = await incidents(owner)
    await officers.judge(owner, fire["id"], 1, Verdict.CONFIRMED, OFFICER, START)
    assert (await incidents(owner))[0]["grade"] == 1
    await officers.judge(owner, fire["id"], 2, Verdict.FALSE, OFFICER, START)
    assert (await incidents(owner))[0]["grade"] == 2
    await end(log, 1200)
    (fire,) = await incidents(owner)
    assert (fire["status"], fire["grade"], fire["explanation"]["likelihood"]) == ("final", 3, 1)


async def differences(owner: Connection, incident_id: int) -> list[Differs]:
    stored = await read_incident(owner, incident_id)
    version, points_version = stored.graded_under
    rules = await read_grading_rules(owner, version=version, points_version=points_version)
    return [found.differs for found in check(stored, rules)]


@pytest.mark.parametrize("events", [FIRE, (*FIRE, CLEAR), (BIN_7,), (CALL, BIN_9, CAMERA_3, BIN_7)])
async def test_a_final_incident_follows_from_its_stored_events_alone(
    log: LogUnderTest, owner: Connection, events: tuple[Any, ...]
) -> None:
    fire = await final_fire(log, owner, *events)
    assert await differences(owner, fire["id"]) == []
    kept = (await read_incident(owner, fire["id"])).kept
    assert (kept is None) is (len(events) == 1)
    if kept is not None:
        assert [(link.distance_dm, link.dt_ms) for link in kept.links or ()]
        assert len(kept.links or ()) == 3
        assert kept.reaches["fire"].r_m == 150


@pytest.mark.parametrize(
    ("mutation", "found"),
    [
        pytest.param("UPDATE incidents SET grade = 3", Differs.GRADE, id="the grade that is shown"),
        pytest.param(
            "UPDATE incidents SET explanation = jsonb_set(explanation, '{evidence,0,points}', '3000')",
            Differs.EVIDENCE,
            id="points of a rule",
        ),
        pytest.param(
            "UPDATE incidents SET explanation = jsonb_set(explanation, '{facts,doubted}', '[\"bin 7\"]')",
            None,
            id="a fact that moves nothing is a fact",
        ),
        pytest.param(
            "UPDATE final_explanations SET links = jsonb_set(links, '{0,2}', '1')", Differs.LINKS, id="a distance"
        ),
        pytest.param("UPDATE final_explanations SET links = links - 0", Differs.LINKS, id="a link that is gone"),
        pytest.param(
            "UPDATE final_explanations SET parameters = jsonb_set(parameters, '{fire,r_m}', '80')",
            Differs.LINKS,
            id="a radius",
        ),
        pytest.param("DELETE FROM final_explanations", Differs.LINKS_MISSING, id="all links"),
        pytest.param("UPDATE events SET x_dm = x_dm + 400 WHERE subject = 'camera 3'", Differs.LINKS, id="a place"),
        pytest.param(
            "UPDATE events SET source_class = 'camera' WHERE subject = 'call'", Differs.GRADE, id="a class of source"
        ),
        pytest.param(
            "DELETE FROM incident_events USING events WHERE event_uid = uid AND subject = 'call'",
            Differs.EVENTS_MISSING,
            id="a witness",
        ),
    ],
)
async def test_the_check_finds_what_was_changed(
    log: LogUnderTest, owner: Connection, mutation: str, found: Differs | None
) -> None:
    fire = await final_fire(log, owner)
    await owner.execute(mutation)
    differs = await differences(owner, fire["id"])
    assert differs == [] if found is None else found in differs


@pytest.mark.parametrize("seed", range(3))
async def test_final_grades_do_not_depend_on_batches_or_restarts(
    log: LogUnderTest, owner: Connection, seed: int
) -> None:
    """The same log in steps of one event and in a single step: every final explanation is the same, to the byte."""
    chance = random.Random(seed)
    kinds = ("outdoor_fire", "traffic_accident", "basement_flooding", "heavy_rain_response", "street_vendor_occupation")
    days = [0, 1, 2]
    events = [
        draft(
            f"event {n}",
            chance.choice(days) * DAY_S + chance.randrange(4) * 200,
            chance.choice([0, 40, 120, 3000]),
            kind=chance.choice(kinds),
            subject=f"device {chance.randrange(5)}",
            source_class=chance.choice([SourceClass.SENSOR, SourceClass.CAMERA, SourceClass.HOTLINE]),
            raised=chance.random() > 0.2,
            body=chance.choice([{}, {"colour": "red"}]),
        )
        for n in range(24)
    ]
    events.sort(key=lambda event: event.effective_at)
    found = []
    for batch in (1, 24):
        await owner.execute(
            "TRUNCATE incidents, incident_events, events, grade_changes, final_explanations, watermarks, cases,"
            " flapping_series, incident_overlays, stream_log, log_heads CASCADE"
        )
        with LogUnderTest(log.pool, stage.advance) as again:
            for first in range(0, 24, batch):
                await again.write(*events[first : first + batch])
                await again.step()
                if batch == 1 and first % 5 == 0:
                    again.restart()
            await end(again, 4 * DAY_S)
        rows = await incidents(owner, "final")
        found.append({row["canonical_uid"]: (row["grade"], row["explanation"]) for row in rows})
    assert found[0] == found[1]
