"""Patterns over HTTP: what is looked for, and what an incident shows of what was found."""

from collections.abc import Iterator
from typing import Any

import pytest

from dispatcher.incidents import stage as incidents_stage
from dispatcher.patterns import stage as patterns_stage
from dispatcher.tickets import stage as tickets_stage
from events.model import EventDraft
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft
from tests.integration.dispatcher.api.running import Api, Client


@pytest.fixture
def log(pool: Pool) -> Iterator[LogUnderTest]:
    stages = (
        patterns_stage.recall,
        incidents_stage.advance,
        patterns_stage.advance,
        tickets_stage.advance,
        incidents_stage.announce,
    )
    with LogUnderTest(pool, *stages) as log:
        yield log


@pytest.fixture
async def officer(api: Api) -> Client:
    return await api.as_user("duty_officer")


def seen(name: str, after_s: float, east_m: float, **changes: Any) -> EventDraft:
    return draft(name, after_s, east_m, area_id="east", area_path=("city", "district", "east"), **changes)


OUTAGE = seen("transformer", 0, 0, kind="power_outage_building")
LAMP = seen("lamp 12", 300, 400, kind="streetlight_out")


async def test_the_list_says_what_each_pattern_asks_for(officer: Client, owner: Connection) -> None:
    status, body = await officer.get("patterns")
    assert status == 200
    by_id = {item["id"]: item for item in body["items"]}
    assert len(by_id) == await owner.fetchval("SELECT count(*) FROM patterns")
    area = by_id["power_outage_area"]
    assert (area["mode"], area["r_m"], area["t_s"], area["incidents_day"]) == ("active", 500, 1800, 0)
    assert [(step["name"], step["role"]) for step in area["steps"]] == [("dark", "anchor"), ("effect", "support")]
    assert by_id["bin_fire"]["steps"][0]["predicate"] == "temperature_c>=55"
    assert by_id["unanswered_sos"]["mode"] == "monitor"


async def test_both_incidents_show_the_match_that_made_them_one_case(officer: Client, log: LogUnderTest) -> None:
    await log.write(OUTAGE, LAMP)
    await log.step()
    _, listed = await officer.get("incidents")
    details = [(await officer.get(f"incidents/{item['id']}"))[1] for item in listed["items"]]
    outage, lamp = sorted(details, key=lambda each: each["id"])
    assert outage["matches"] == lamp["matches"]
    for each in details:
        _, told = await officer.get(f"incidents/{each['id']}/explanation")
        assert told["matches"] == each["matches"]
    (match,) = outage["matches"]
    assert (match["incident_id"], match["pattern_id"], match["anchor_uid"]) == (
        outage["id"],
        "power_outage_area",
        OUTAGE.uid.hex(),
    )
    shown = [(w["step"], w["uid"], w["d_m"], w["dt_s"], w["incident_id"]) for w in match["witnesses"]]
    assert shown == [
        ("dark", OUTAGE.uid.hex(), 0.0, 0.0, outage["id"]),
        ("effect", LAMP.uid.hex(), 400.0, 300.0, lamp["id"]),
    ]
    assert match["witnesses"][0]["zh_name"] == "停电"
    assert outage["ticket_id"] == lamp["ticket_id"] is not None


async def test_incidents_are_counted_once_whatever_anchors_they_hold(
    officer: Client, log: LogUnderTest, owner: Connection
) -> None:
    await log.write(OUTAGE, LAMP, seen("transformer 2", 60, 50, kind="power_outage_building"))
    await log.step()
    assert await owner.fetchval("SELECT count(*) FROM pattern_matches") == 2
    await owner.execute("UPDATE pattern_matches SET matched_at = now() - interval '1 h'")
    _, body = await officer.get("patterns")
    (area,) = [item for item in body["items"] if item["id"] == "power_outage_area"]
    assert (area["incidents_day"], area["incidents_month"]) == (1, 1)
    assert area["last_matched_at"] is not None
