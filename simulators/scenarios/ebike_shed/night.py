"""The night: shed, camera and callers are one incident; units sign or do not; the fire is put out."""

from typing import Any, Final

from simulators.alink import millis
from simulators.scenarios.drill import Drill

SHED: Final = (104.0857, 30.6662)
AREA: Final = "cd-jh-wp-qs-02"
KIND: Final = "ebike_shed_overheat"
PLACE: Final = "清水苑2号车棚"
CALLS: Final = (
    ("dialect", "罗婆婆", "13800000001", "哎呀遭了嘛，楼底下那个电瓶车棚棚在冒烟烟，黑黢黢的，搞快点来人嘛！"),
    ("anonymous", None, None, "清水苑二号车棚着火了，有爆炸声。不要问我是谁。"),
    ("twice-1", "张先生", "13800000002", "车棚起火，火苗窜到二楼窗户了！"),
    ("twice-2", "张先生", "13800000002", "我刚才打过，消防车怎么还没到？火更大了！"),
)


async def read_ticket(drill: Drill) -> dict[str, Any]:
    """The call-response ticket as the duty officer sees it."""
    ticket: dict[str, Any] = await drill.get("officer", f"/tickets/{drill.made['ticket']}")
    return ticket


async def timeline(drill: Drill, ticket_id: int) -> list[dict[str, Any]]:
    found = await drill.get("officer", f"/tickets/{ticket_id}/timeline")
    return list(found["items"])


async def shed_heats_up(drill: Drill) -> None:
    shed = drill.devices["shed-02"]
    shed.post_properties({"temperature_c": 74.5, "smoke_dbm": 0.03, "load_kw": 6.8, "bikes": 54})
    await shed.drained()
    (ticket,) = await drill.until("a ticket", lambda: drill.tickets(kind=KIND), lambda found: len(found) == 1)
    drill.made["ticket"] = ticket["id"]
    drill.expect("grade of the first alarm, II or graver", ticket["grade"], ticket["grade"] <= 2)


async def camera_sees_smoke(drill: Drill) -> None:
    await drill.forward(seconds=70)
    at = millis(drill.clock.now())
    scene = {"phase": "start", "eventId": f"smoke-{at}", "label": "smoke", "score": 0.91, "frameTime": at}
    camera, shed = drill.devices["cam-03"], drill.devices["shed-02"]
    camera.post_event("smoke", scene | {"startTime": at, "zones": ["2号车棚"]})
    shed.post_properties({"temperature_c": 143.0, "smoke_dbm": 1.9, "load_kw": 0.0, "bikes": 54, "supply": "cut"})
    await camera.drained()
    await shed.drained()


async def three_people_call(drill: Drill) -> None:
    await drill.forward(seconds=50)
    for n, (key, name, phone, text) in enumerate(CALLS):
        said = {
            "text": text,
            "anonymous": name is None,
            "kind": KIND,
            "demand": "help",
            "address": PLACE,
            "lon": SHED[0] + n * 0.00005,
            "lat": SHED[1],
            "area_id": AREA,
            "occurred_at": drill.clock.now().isoformat(),
        }
        who = {} if name is None else {"caller_name": name, "caller_phone": phone}
        await drill.people["calltaker"].call(f"night-{key}", said | who)
    ticket = await drill.until(
        "all reports on the one ticket", lambda: read_ticket(drill), lambda found: found["report_count"] == len(CALLS)
    )
    drill.expect("grade of the ticket", ticket["grade"], ticket["grade"] == 1)
    drill.expect("reporters kept", ticket["report_count"], ticket["report_count"] == len(CALLS))
    others = await drill.tickets(kind=KIND)
    drill.expect("tickets of the fire", len(others), len(others) == 1)
    incident = await drill.get("officer", f"/incidents/{ticket['incident_id']}")
    drill.expect("events in the one incident", incident["event_count"], incident["event_count"] >= 3 + len(CALLS))
    told = await drill.get("officer", f"/incidents/{incident['id']}/explanation")
    reasons = [evidence["rule"] for evidence in told["explanation"]["evidence"]]
    drill.expect("what explains its grade", ", ".join(reasons), "independent_sources" in reasons)
    drill.expect("links that join its events", len(told["links"]), len(told["links"]) >= len(CALLS))


async def brigade_takes_over(drill: Drill) -> None:
    """119 was called with the dispatch; what it says on the telephone carries its own number."""

    async def calls() -> list[dict[str, Any]]:
        found = await drill.get("officer", "/emergency-handovers", ticket=str(drill.made["ticket"]))
        return [each for each in found["items"] if each["service"] == "119"]

    (call,) = await drill.until("the call to 119", calls, lambda found: len(found) == 1)
    said = {"version": call["version"], "state": "acknowledged", "external_no": "119-20261128-0417"}
    answered = await drill.post("officer", f"/emergency-handovers/{call['id']}/answers", said)
    drill.expect("119 acknowledged with its number", answered["external_no"], answered["acked_at"] is not None)


async def desk_signs(drill: Drill) -> None:
    ticket = await read_ticket(drill)
    held = [each for each in ticket["assignments"] if each["reason"] == "office_closed"]
    shown = ", ".join(each["organisation"]["en_name"] for each in held)
    drill.expect("held by", shown, [each["organisation"]["id"] for each in held] == ["desk-jh"])
    await drill.act("officer", ticket["id"], "acknowledge")
    await drill.act("fire", ticket["id"], "acknowledge")
    await drill.act("fire", ticket["id"], "roll")


async def ladder_climbs(drill: Drill) -> None:
    """The police do not sign: reminder, urging, the deputy, the desk, a supervision order; each once."""
    ticket_id = drill.made["ticket"]
    for minutes in (3, 6, 6):
        await drill.forward(minutes=minutes)
    lines = await drill.until(
        "a supervision order to the police",
        lambda: timeline(drill, ticket_id),
        lambda found: any(action_of(line) == ("c_sign", "supervise", "jh-public_security") for line in found),
    )
    taken = [str(action_of(line)[1]) for line in lines if action_of(line)[::2] == ("c_sign", "jh-public_security")]
    drill.expect("steps of the ladder, each once", ", ".join(sorted(taken)), len(taken) == len(set(taken)) >= 3)
    await drill.act("police", ticket_id, "acknowledge")
    await drill.act("police", ticket_id, "reply_supervision", reply="已派员到场维持秩序，值守脱岗人员另行处理")


async def fire_is_controlled(drill: Drill) -> None:
    ticket_id = drill.made["ticket"]
    await drill.act("fire", ticket_id, "arrive", injured=1)
    await drill.forward(minutes=20)
    ticket = await drill.act("fire", ticket_id, "control", feedback="明火扑灭，疏散32户，1人轻微呛烟已送医")
    drill.expect("state of the call-response", ticket["state"], ticket["state"] == "controlled")


def action_of(line: dict[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Clock, action and unit of a line that the ladder wrote."""
    body = line.get("body") or {}
    return body.get("clock"), body.get("action"), body.get("organisation_id")
