"""The scripted fire case against the whole system, with every process killed in the middle of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.harness.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

BIN_7 = (104.083495, 30.666667)
CALLER = (104.0840177, 30.666667)  # 50 m east of bin 7, 40 m west of the camera


def millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def hot(temperature_c: float, at: datetime) -> dict[str, Any]:
    return {"temperature_c": {"value": temperature_c, "time": millis(at)}}


def smoke(at: datetime) -> dict[str, Any]:
    value = {"phase": "start", "eventId": "c3-1", "label": "smoke", "score": 0.93, "frameTime": millis(at)}
    return {"time": millis(at), "value": value}


async def test_a_fire_is_one_incident_with_one_ticket_although_every_process_dies(stack: Stack) -> None:
    started_at = datetime.now(UTC) - timedelta(seconds=300)

    def after(seconds: float) -> datetime:
        return started_at + timedelta(seconds=seconds)

    officer = await stack.user("officer")
    async with officer.stream() as stream:
        await stack.publish("bin-07", "thing/event/property/post", hot(58, started_at))
        opened = await stream.until("ticket.opened")
        await stack.kill("gateway")
        await stack.publish("cam-03", "thing/event/smoke/post", smoke(after(130)))
        await stream.until("incident.changed", lambda body: body["incident"]["event_count"] == 2)
        await stack.kill("dispatcher")
        stack.kill_postgres()
        await stack.publish("bin-09", "thing/event/property/post", hot(61, after(180)))
        await stack.kill("api")
        taker = await stack.user("calltaker")
        call = {"text": "闻到烧焦味", "kind": "outdoor_fire", "lon": CALLER[0], "lat": CALLER[1]}
        call |= {"occurred_at": after(240).isoformat(), "anonymous": True}
        await taker.post("/hotline/calls", call, idempotency_key="fire-call")
        await stack.kill("dispatcher")
        complete = await stream.until("incident.changed", lambda body: body["incident"]["event_count"] == 4)
        reported = await stream.until("ticket.changed", lambda body: body["ticket"]["report_count"] == 1)
    incident = complete.body["incident"]
    assert incident["grade"] == 1
    assert incident["source_classes"] == ["camera", "hotline", "sensor"]
    assert reported.body["ticket"]["id"] == opened.body["ticket"]["id"]

    incidents = (await officer.get("/incidents"))["items"]
    assert [(row["number"], row["event_count"]) for row in incidents] == [(incident["number"], 4)]
    tickets = (await officer.get("/tickets"))["items"]
    assert [row["id"] for row in tickets] == [opened.body["ticket"]["id"]]
    detail = await officer.get(f"/incidents/{incident['id']}")
    points = {evidence["rule"]: evidence["points"] for evidence in detail["explanation"]["evidence"]}
    assert points["independent_sources"] > 0, points
    assert len(detail["events"]) == 4
    distances = sorted(link["distance_dm"] for link in detail["links"])
    assert distances == [400, 500, 900, 1200]  # bin 9 only through the camera
    ticket = await officer.get(f"/tickets/{tickets[0]['id']}")
    assert ticket["grade"] == 1
    assert ticket["state"] == "dispatched"
    assert ticket["lead"]["id"] == "wp-fire"
    assert {clock["clock"] for clock in ticket["clocks"]} >= {"c_sign", "c_control", "c_resolve"}
    conservation = await officer.get("/conservation")
    assert conservation["holds"]
    assert conservation["received"] == conservation["stored"] + conservation["duplicate"]


async def test_a_ticket_goes_from_dispatch_to_close_through_the_roles(stack: Stack) -> None:
    officer, station = await stack.user("officer"), await stack.user("fire")
    async with officer.stream() as stream:
        await stack.publish("bin-07", "thing/event/property/post", hot(72, datetime.now(UTC)))
        ticket_id = (await stream.until("ticket.opened")).body["ticket"]["id"]
        await station.act(ticket_id, "acknowledge")
        await station.act(ticket_id, "roll")
        await station.act(ticket_id, "arrive")
        await station.act(ticket_id, "control", feedback="明火已扑灭")
        await station.act(ticket_id, "resolve", result="垃圾桶余火清理完毕，无人受伤")
        verifier = await stack.user("verifier")
        await verifier.act(ticket_id, "start_verification")
        closed = await verifier.act(ticket_id, "verify_ok")
        assert closed["state"] == "closed"
        await stream.until("ticket.changed", lambda body: body["ticket"]["state"] == "closed")
    timeline = (await officer.get(f"/tickets/{ticket_id}/timeline"))["items"]
    states = [item["to_state"] for item in timeline if item["entry"] == "transition"]
    assert states[0] == "new"
    assert states[-1] == "closed"
    assert all(clock["stopped_at"] for clock in (await officer.get(f"/tickets/{ticket_id}"))["clocks"])


async def test_a_stale_version_loses_and_names_the_winner(stack: Stack) -> None:
    officer, station = await stack.user("officer"), await stack.user("fire")
    async with officer.stream() as stream:
        await stack.publish("bin-07", "thing/event/property/post", hot(72, datetime.now(UTC)))
        ticket = (await stream.until("ticket.opened")).body["ticket"]
    await station.act(ticket["id"], "acknowledge")
    body = {"version": ticket["version"], "reason": None, "fields": {}}
    lost = await station.post(f"/tickets/{ticket['id']}/actions/acknowledge", body, status=409)
    assert lost["code"] == "version_conflict"
    assert lost["winner"]["event"] == "acknowledge"
    now = await officer.get(f"/tickets/{ticket['id']}")
    body = {"version": now["version"], "reason": None, "fields": {"result": "done"}}
    refused = await officer.post(f"/tickets/{ticket['id']}/actions/resolve", body, status=403)
    assert refused["code"] == "forbidden"
