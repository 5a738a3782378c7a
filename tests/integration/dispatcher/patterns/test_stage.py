"""Matches from the log: what happened together becomes one case with one ticket, in any order, over any restart."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from events.model import EventDraft, SourceClass, event_uid
from runtime.pool import Connection
from tests.harness.log import START, LogUnderTest, draft, incidents
from tests.integration.dispatcher.patterns.seen import (
    BURST,
    DARK_STREET,
    DRY,
    FAR_STREET,
    OUTAGE,
    matches,
    open_tickets,
    rule_pattern,
    write_one_by_one,
)
from tests.integration.dispatcher.tickets.town import call


@pytest.mark.parametrize("order", list(permutations([OUTAGE, DARK_STREET])), ids=lambda o: o[0].subject)
async def test_two_incidents_of_different_groups_are_one_case_with_one_ticket(
    log: LogUnderTest, owner: Connection, order: tuple[EventDraft, ...]
) -> None:
    await write_one_by_one(log, *order)
    first, second = await incidents(owner)
    assert first["status"] == second["status"] == "open"
    assert first["case_id"] == second["case_id"]
    (match,) = await matches(owner)
    assert (match["pattern_id"], match["version"], match["mode"]) == ("power_outage_area", 1, "active")
    assert match["anchor_uid"] == OUTAGE.uid
    assert match["witnesses"] == [
        {"step": "dark", "uid": OUTAGE.uid.hex(), "d_m": 0.0, "dt_s": 0.0},
        {"step": "effect", "uid": DARK_STREET.uid.hex(), "d_m": 400.0, "dt_s": 300.0},
    ]
    (ticket,) = await open_tickets(owner)
    assert ticket["case_id"] == first["case_id"]


async def test_beyond_the_radius_nothing_is_joined(log: LogUnderTest, owner: Connection) -> None:
    await write_one_by_one(log, OUTAGE, FAR_STREET)
    first, second = await incidents(owner)
    assert first["case_id"] != second["case_id"]
    assert await matches(owner) == []
    assert len(await open_tickets(owner)) == 2


async def test_one_batch_gives_what_single_steps_give(log: LogUnderTest, owner: Connection) -> None:
    await log.write(DARK_STREET, OUTAGE)
    await log.step()
    first, second = await incidents(owner)
    assert first["case_id"] == second["case_id"]
    assert len(await matches(owner)) == 1
    # Joined before any ticket was opened: nobody saw two.
    assert await owner.fetchval("SELECT count(*) FROM tickets") == 1


@pytest.mark.parametrize("restart_after", range(3))
async def test_a_restart_anywhere_changes_nothing(log: LogUnderTest, owner: Connection, restart_after: int) -> None:
    for place, event in enumerate((DARK_STREET, OUTAGE, FAR_STREET)):
        if place == restart_after:
            log.restart()
        await log.write(event)
        await log.step()
    log.restart()
    await log.step()
    first, second, third = await incidents(owner)
    assert first["case_id"] == second["case_id"] != third["case_id"]
    (match,) = await matches(owner)
    assert match["matched_at"] == match["changed_at"]  # found once, and never written again
    assert await owner.fetchval("SELECT count(*) FROM case_joins") == 1


@pytest.mark.parametrize("restarted", [False, True])
async def test_noise_is_a_witness_and_is_joined_once_it_is_in_an_incident(
    log: LogUnderTest, owner: Connection, restarted: bool
) -> None:
    await owner.execute(
        "UPDATE rule_versions SET content = jsonb_set(jsonb_set(content, '{groups,facility,m}', '2'),"
        " '{kinds,streetlight_out,mode}', '\"review\"') WHERE rule_set = 'default'"
    )
    await write_one_by_one(log, DARK_STREET, OUTAGE)
    (outage,) = await incidents(owner)
    (match,) = await matches(owner)
    assert match["witness_uids"] == sorted([OUTAGE.uid, DARK_STREET.uid])
    assert await owner.fetchval("SELECT count(*) FROM case_joins") == 0
    if restarted:
        log.restart()
    await write_one_by_one(log, draft("lamp 13", 320, 420, kind="streetlight_out"))
    _, street = await incidents(owner)
    assert (street["event_count"], street["case_id"]) == (2, outage["case_id"])
    (ticket,) = await open_tickets(owner)
    assert ticket["case_id"] == outage["case_id"]


async def test_every_join_names_the_match_that_showed_it(log: LogUnderTest, owner: Connection) -> None:
    await write_one_by_one(log, OUTAGE, DARK_STREET)
    first, _ = await incidents(owner)
    join = await owner.fetchrow("SELECT * FROM case_joins")
    assert join is not None
    assert (join["case_id"], join["pattern_id"], join["anchor_uid"]) == (
        first["case_id"],
        "power_outage_area",
        OUTAGE.uid,
    )


async def test_accepted_work_goes_on_and_every_reporter_is_kept(log: LogUnderTest, owner: Connection) -> None:
    calls = [await call(owner, key=name) for name in ("dry", "burst")]
    dry, burst = replace(DRY, call_id=calls[0]), replace(BURST, call_id=calls[1])
    await write_one_by_one(log, dry)
    (reported,) = await open_tickets(owner)
    assert reported["accepted_at"] is None
    await write_one_by_one(log, burst)  # opens accepted work by itself, in the case that waits
    (ticket,) = await open_tickets(owner)
    assert ticket["accepted_at"] is not None
    reports = await owner.fetch("SELECT call_id, ticket_id FROM ticket_reports ORDER BY call_id")
    assert [(row["call_id"], row["ticket_id"]) for row in reports] == [(call_id, ticket["id"]) for call_id in calls]


async def test_two_open_tickets_become_the_one_that_was_accepted(log: LogUnderTest, owner: Connection) -> None:
    """Telephones fail west, a street goes dark east: the outage between them shows both to be one matter."""
    calls = [await call(owner, key=name) for name in ("phone", "light")]
    hotline = {"source_class": SourceClass.HOTLINE}
    phone = draft("no telephone", 100, -450, kind="communication_outage", call_id=calls[0], **hotline)
    light = draft("dark street", 200, 450, kind="streetlight_out", call_id=calls[1], **hotline)
    await write_one_by_one(log, phone, light)
    waiting, accepted = await open_tickets(owner)
    assert waiting["accepted_at"] is None
    assert accepted["accepted_at"] is not None
    await write_one_by_one(log, OUTAGE)
    (ticket,) = await open_tickets(owner)
    assert ticket["id"] == accepted["id"]
    assert await owner.fetchval("SELECT merged_into FROM tickets WHERE id = $1", waiting["id"]) == ticket["id"]
    assert await owner.fetchval("SELECT count(*) FROM ticket_reports WHERE ticket_id = $1", ticket["id"]) == 2
    assert {row["case_id"] for row in await incidents(owner)} == {ticket["case_id"]}
    # It stays with the incident that it was opened for.
    about = await owner.fetchval("SELECT kind FROM incidents WHERE id = $1", ticket["incident_id"])
    assert about == ticket["kind"] == "streetlight_out"


async def test_closed_work_is_not_joined_so_that_what_follows_gets_a_ticket(
    log: LogUnderTest, owner: Connection
) -> None:
    await write_one_by_one(log, OUTAGE)
    (ticket,) = await open_tickets(owner)
    await owner.execute(
        "UPDATE tickets SET state = 'voided', closed_at = opened_at, due_at = NULL, due_clock = NULL WHERE id = $1",
        ticket["id"],
    )
    await write_one_by_one(log, DARK_STREET)
    first, second = await incidents(owner)
    assert first["case_id"] != second["case_id"]
    (opened,) = await open_tickets(owner)
    assert opened["case_id"] == second["case_id"]
    assert len(await matches(owner)) == 1  # and yet it is on record


async def test_monitor_records_and_tells_and_joins_nothing(log: LogUnderTest, owner: Connection) -> None:
    await rule_pattern(owner, "power_outage_area", "monitor")
    await write_one_by_one(log, OUTAGE, DARK_STREET)
    first, second = await incidents(owner)
    assert first["case_id"] != second["case_id"]
    (match,) = await matches(owner)
    assert match["mode"] == "monitor"
    assert await owner.fetchval("SELECT count(*) FROM stream_log WHERE topic = 'incident.matched'") == 0


@pytest.mark.parametrize("mode", ["inactive", "expired", None])
async def test_what_is_not_in_force_does_nothing(log: LogUnderTest, owner: Connection, mode: str | None) -> None:
    await rule_pattern(owner, "power_outage_area", mode)
    await write_one_by_one(log, OUTAGE, DARK_STREET)
    first, second = await incidents(owner)
    assert first["case_id"] != second["case_id"]
    assert await matches(owner) == []


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ("effective_to = '2026-11-22 02:00Z'", 0),
        ("effective_to = '2026-11-22 02:00:01Z'", 1),
        ("effective_from = '2026-11-22 02:00:01Z'", 0),
        ("effective_from = '2026-11-22 02:00Z'", 1),
    ],
)
async def test_dates_bound_the_anchors_that_count_whenever_they_are_taken(
    log: LogUnderTest, owner: Connection, bounds: str, found: int
) -> None:
    await owner.execute(f"UPDATE patterns SET {bounds} WHERE id = 'power_outage_area'")  # noqa: S608
    await log.write(OUTAGE, DARK_STREET)
    await log.step(at=START + timedelta(days=40))
    assert len(await matches(owner)) == found


async def test_a_definition_that_cannot_be_read_stops_no_other(log: LogUnderTest, owner: Connection) -> None:
    await owner.execute("UPDATE pattern_steps SET role = 'support' WHERE pattern_id = 'gas_leak'")
    await write_one_by_one(log, OUTAGE, DARK_STREET)
    assert len(await matches(owner)) == 1


async def test_active_matches_are_told_on_the_stream(log: LogUnderTest, owner: Connection) -> None:
    await write_one_by_one(log, OUTAGE, DARK_STREET)
    first, second = await incidents(owner)
    body = await owner.fetchval("SELECT body FROM stream_log WHERE topic = 'incident.matched'")
    assert body["match"]["incident_id"] == first["id"]
    assert body["match"]["case_id"] == first["case_id"]
    assert [witness["step"] for witness in body["match"]["witnesses"]] == ["dark", "effect"]
    told = await owner.fetch(
        "SELECT body FROM stream_log WHERE topic LIKE 'incident.%' AND body ? 'incident' ORDER BY seq"
    )
    newest = {row["body"]["incident"]["id"]: row["body"]["incident"] for row in told}
    assert {newest[row["id"]]["case_id"] for row in (first, second)} == {first["case_id"]}
    assert len({newest[row["id"]]["ticket_id"] for row in (first, second)}) == 1


async def test_a_final_incident_is_still_joined_while_its_pattern_reaches_it(
    log: LogUnderTest, owner: Connection
) -> None:
    """The light's own group is done with it long before the pattern's half an hour is over."""
    accident = draft("accident", 3000, 0, kind="traffic_accident")
    await log.write(draft("cover", 0, 0, kind="manhole_cover_missing"))
    await log.step()
    await log.tick(3001)
    await log.step()
    assert [row["status"] for row in await incidents(owner)] == ["final"]
    await log.write(accident)
    await log.step()
    first, second = await incidents(owner)
    assert first["case_id"] == second["case_id"]
    (ticket,) = await open_tickets(owner)
    assert ticket["case_id"] == first["case_id"]


async def test_cases_grow_together_when_incidents_of_two_matches_merge(log: LogUnderTest, owner: Connection) -> None:
    """Gas clusters within 150 m, its pattern reaches 100 m: the alarm in the middle joins incidents, not matches."""
    smell = {"kind": "odour_nuisance", "source_class": SourceClass.HOTLINE}
    west, east = (draft(name, 0, at_m, kind="gas_leak_alarm") for name, at_m in (("west", 0), ("east", 290)))
    await write_one_by_one(
        log, west, draft("smell west", 60, -90, **smell), east, draft("smell east", 60, 380, **smell)
    )
    assert len({row["case_id"] for row in await incidents(owner)}) == 2
    assert len(await open_tickets(owner)) == 2
    await write_one_by_one(log, draft("middle", 30, 145, kind="gas_leak_alarm"))
    assert len({row["case_id"] for row in await incidents(owner)}) == 1
    assert len(await open_tickets(owner)) == 1
    # One match an incident and pattern: its least anchor.
    shown = await owner.fetch("SELECT anchor_uid FROM incident_matches")
    assert [row["anchor_uid"] for row in shown] == [min(west.uid, east.uid)]
    log.restart()
    await write_one_by_one(log, draft("smell later", 90, -80, **smell))
    assert len({row["case_id"] for row in await incidents(owner)}) == 1


async def test_a_call_without_a_position_stands_for_one_in_the_same_community(
    log: LogUnderTest, owner: Connection
) -> None:
    await owner.execute(
        "INSERT INTO areas (id, level, zh_name, en_name, path) VALUES ('t-city', 'city', 'x', 'x', ARRAY['t-city'])"
    )
    for name in ("t-one", "t-two"):
        await owner.execute(
            "INSERT INTO areas (id, parent_id, level, zh_name, en_name, path)"
            " VALUES ($1, 't-city', 'community', 'x', 'x', ARRAY['t-city', $1])",
            name,
        )
    gas = draft("detector", 0, 0, kind="gas_leak_alarm", area_path=("t-city", "t-one"), area_id="t-one")
    hotline = {"kind": "odour_nuisance", "source_class": SourceClass.HOTLINE}
    other = draft("other", 60, None, **hotline, area_path=("t-city", "t-two"), area_id="t-two")
    city = draft("city", 60, None, **hotline, area_path=("t-city",), area_id="t-city")
    await write_one_by_one(log, gas, other, city)
    assert await matches(owner) == []
    same = draft("same", 60, None, **hotline, area_path=("t-city", "t-one"), area_id="t-one")
    await write_one_by_one(log, same)
    (match,) = await matches(owner)
    assert match["witnesses"][1] == {"step": "smell", "uid": same.uid.hex(), "d_m": None, "dt_s": 60.0}


async def test_the_fire_case_is_one_incident_one_case_one_ticket_in_every_order(
    log: LogUnderTest, owner: Connection
) -> None:
    body = {"event": "x", "value": {"temperature_c": 58.0}}
    bin_7 = draft("bin 7", 0, 0, body=body, severity=2)
    camera_3 = draft("camera 3", 130, 90, source_class=SourceClass.CAMERA)
    bin_9 = draft("bin 9", 180, 210, body=body)
    smell = draft("smell", 240, 50, source_class=SourceClass.HOTLINE)
    for number, order in enumerate(permutations((bin_7, camera_3, bin_9, smell))):
        shift = number * 86_400  # another day each: nothing of the order before is within reach
        moved = [
            replace(
                event,
                uid=event_uid("test", event.subject, number),
                effective_at=event.effective_at + timedelta(seconds=shift),
                received_at=event.received_at,
            )
            for event in order
        ]
        uids = {event.subject: event.uid for event in moved}
        await write_one_by_one(log, *moved)
        rows = await owner.fetch(
            "SELECT DISTINCT i.id, i.case_id FROM incident_events ie JOIN incidents i ON i.id = ie.incident_id"
            " WHERE ie.event_uid = ANY($1)",
            list(uids.values()),
        )
        (fire,) = rows
        assert (
            await owner.fetchval(
                "SELECT count(*) FROM tickets WHERE case_id = $1 AND closed_at IS NULL", fire["case_id"]
            )
            == 1
        )
        shown = await owner.fetch(
            "SELECT pattern_id, anchor_uid, witnesses FROM incident_matches WHERE incident_id = $1 ORDER BY 1",
            fire["id"],
        )
        assert [(row["pattern_id"], row["anchor_uid"]) for row in shown] == [
            ("bin_fire", uids["bin 7"]),
            ("outdoor_fire", uids["camera 3"]),
        ]
        assert [(w["step"], w["uid"], w["d_m"]) for w in shown[1]["witnesses"]] == [
            ("smoke", uids["camera 3"].hex(), 0.0),
            ("heat", uids["bin 7"].hex(), 90.0),
            ("smell", uids["smell"].hex(), 40.0),
        ]
