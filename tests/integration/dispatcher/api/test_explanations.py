"""The explanation of an incident over HTTP, and what officers may say about it."""

from collections.abc import Iterator
from typing import Any

import pytest

from dispatcher.incidents import stage as incidents_stage
from dispatcher.tickets import stage as tickets_stage
from events.model import EventDraft, EventSource, SourceClass
from runtime.pool import Connection, Pool
from tests.harness.log import START, LogUnderTest, draft
from tests.integration.dispatcher.api.running import Api, Client


@pytest.fixture
def log(pool: Pool) -> Iterator[LogUnderTest]:
    with LogUnderTest(pool, incidents_stage.advance, tickets_stage.advance, incidents_stage.announce) as log:
        yield log


@pytest.fixture
async def leader(api: Api) -> Client:
    return await api.as_user("shift_leader")


def seen(name: str, after_s: float, east_m: float, **changes: Any) -> EventDraft:
    return draft(name, after_s, east_m, area_id="east", area_path=("city", "district", "east"), **changes)


BIN_7 = seen("bin 7", 0, 0)
CAMERA_3 = seen("camera 3", 130, 90, source_class=SourceClass.CAMERA)
BIN_9 = seen("bin 9", 180, 210)
CALL = seen("call", 240, 50, source=EventSource.HOTLINE, source_class=SourceClass.HOTLINE)


async def the_fire(log: LogUnderTest, *events: EventDraft) -> int:
    for event in events:
        await log.write(event)
        await log.step()
    assert log.memory is not None
    (incident,) = log.memory.incidents.values()
    return incident.id


async def explain(client: Client, incident_id: int) -> dict[str, Any]:
    status, body = await client.get(f"incidents/{incident_id}/explanation")
    assert status == 200, body
    return dict(body)


async def test_the_explanation_answers_why_together_why_this_grade_and_what_would_change_it(
    log: LogUnderTest, leader: Client
) -> None:
    told = await explain(leader, await the_fire(log, BIN_7, BIN_9, CAMERA_3))
    assert (told["grade"], told["members_total"], told["links_complete"]) == (2, 3, True)
    links = {(link["uid_a"], link["uid_b"]): (link["distance_m"], link["dt_s"]) for link in told["links"]}
    assert links == {
        (BIN_7.uid.hex(), CAMERA_3.uid.hex()): (90.0, 130.0),
        (CAMERA_3.uid.hex(), BIN_9.uid.hex()): (120.0, 50.0),
    }
    (group,) = told["groups"]
    assert (group["group"], group["r_m"], group["t_s"]) == ("fire", 150, 600)
    (alias,) = told["aliases"]
    assert alias["bridge_uid"] == CAMERA_3.uid.hex()
    evidence = {found["rule"]: found for found in told["explanation"]["evidence"]}
    assert evidence["independent_sources"]["points"] == 1000
    assert told["rule_names"]["independent_sources"] == ["独立来源印证", "Independent sources agree"]
    changes = {change["what"]: change["grade"] for change in told["what_if"]}
    assert changes == {"another_source": 1, "confirmed": 1, "found_false": 3}
    assert [(each["from_grade"], each["to_grade"], each["cause"]) for each in told["history"]] == [(None, 2, "opened")]
    at = {member["subject"]: (member["east_m"], member["north_m"]) for member in told["members"]}
    assert at["camera 3"] == (90.0, 0.0)


async def test_the_withdrawn_source_is_what_would_lower_a_grade_one(log: LogUnderTest, leader: Client) -> None:
    told = await explain(leader, await the_fire(log, BIN_7, CAMERA_3, CALL))
    assert told["grade"] == 1
    withdrawn = [change for change in told["what_if"] if change["what"] == "source_withdrawn"]
    assert [change["grade"] for change in withdrawn] == [2, 2, 2]
    assert withdrawn[0]["zh"].endswith("→ II 级")


async def test_a_final_incident_shows_the_links_that_were_kept(
    log: LogUnderTest, leader: Client, owner: Connection
) -> None:
    incident_id = await the_fire(log, BIN_7, CAMERA_3)
    await log.tick(6 * 3600)
    await log.step()
    await owner.execute("UPDATE kind_groups SET r_m = 10")
    told = await explain(leader, incident_id)
    assert (told["status"], len(told["links"]), told["groups"][0]["r_m"]) == ("final", 1, 150)


async def test_what_would_change_it_is_asked_of_the_rules_that_graded_it(
    log: LogUnderTest, leader: Client, api: Api, owner: Connection
) -> None:
    incident_id = await the_fire(log, BIN_7, CAMERA_3)
    await log.tick(6 * 3600)
    await log.step()
    before = await explain(leader, incident_id)
    assert before["what_if"]
    engineer = await api.as_user("engineer")
    _, rules = await engineer.get("rules/1")
    milder = rules["content"] | {"matrix": {row: [4] * 5 for row in rules["content"]["matrix"]}}
    status, added = await engineer.post("rules", {"content": milder, "note": "milder"})
    assert status == 201, added
    await owner.execute(
        "INSERT INTO rule_activations (rule_set, version, requested_at, requested_by, reason, seq, effective_at)"
        " VALUES ('default', $1, $2, 'test', '', 1000, $2)",
        added["id"],
        START,
    )
    assert await explain(leader, incident_id) == before


async def test_an_officers_grade_reaches_the_ticket_and_the_record(log: LogUnderTest, leader: Client, api: Api) -> None:
    incident_id = await the_fire(log, BIN_7)
    officer = await api.as_user("duty_officer")
    asked = {"version": 1, "grade": 1, "reason": "旁边是加油站"}
    status, told = await officer.post(f"incidents/{incident_id}/grade", asked)
    assert (status, told["grade"], told["explanation"]["grade"]) == (200, 1, 2)
    (word,) = told["overrides"]
    assert (word["grade"], word["computed_grade"], word["role"], word["reason"]) == (
        1,
        2,
        "duty_officer",
        "旁边是加油站",
    )
    _, found = await leader.get("incidents")
    ticket_id = found["items"][0]["ticket_id"]
    _, ticket = await leader.get(f"tickets/{ticket_id}")
    assert ticket["grade"] == 1
    _, timeline = await leader.get(f"tickets/{ticket_id}/timeline")
    assert any(item.get("event") == "grade" and item["reason"] == "旁边是加油站" for item in timeline["items"])
    status, problem = await officer.post(f"incidents/{incident_id}/grade", asked)
    assert (status, problem["code"], problem["version"]) == (409, "version_conflict", 2)
    status, problem = await officer.post(f"incidents/{incident_id}/grade", {"version": 2, "grade": 4, "reason": "轻"})
    assert (status, problem["missing_role"]) == (403, "shift_leader")
    status, told = await leader.post(f"incidents/{incident_id}/grade", {"version": 2, "grade": None, "reason": "核对"})
    assert (status, told["grade"]) == (200, 2)
    _, ticket = await leader.get(f"tickets/{ticket_id}")
    assert ticket["grade"] == 1  # a ticket follows an incident only upwards


async def test_a_confirmation_raises_the_grade_and_the_ticket(log: LogUnderTest, leader: Client) -> None:
    incident_id = await the_fire(log, BIN_7, CAMERA_3)
    asked = {"version": 1, "verdict": "confirmed", "reason": "视频已看"}
    status, told = await leader.post(f"incidents/{incident_id}/judgements", asked)
    assert (status, told["grade"], told["judgements"][0]["verdict"]) == (200, 1, "confirmed")
    _, found = await leader.get("incidents")
    _, ticket = await leader.get(f"tickets/{found['items'][0]['ticket_id']}")
    assert ticket["grade"] == 1


@pytest.mark.parametrize("login", ["call_taker", "dept_handler", "auditor", "engineer", "supervisor"])
async def test_others_read_it_and_do_not_grade(log: LogUnderTest, api: Api, login: str) -> None:
    incident_id = await the_fire(log, BIN_7)
    client = await api.as_user(login)
    status, _ = await client.post(f"incidents/{incident_id}/grade", {"version": 1, "grade": 1, "reason": "x"})
    assert status == 403
    status, _ = await client.post(
        f"incidents/{incident_id}/judgements", {"version": 1, "verdict": "false", "reason": "x"}
    )
    assert status == 403


async def test_an_incident_outside_the_area_does_not_exist(log: LogUnderTest, api: Api) -> None:
    incident_id = await the_fire(log, BIN_7)
    west = await api.as_user("west")
    assert (await west.get(f"incidents/{incident_id}/explanation"))[0] == 404
    status, _ = await west.post(f"incidents/{incident_id}/grade", {"version": 1, "grade": 1, "reason": "x"})
    assert status == 404
