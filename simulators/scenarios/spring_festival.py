"""A drill over weeks with the Spring Festival in the middle: working time stands still, danger does not wait.

The festival of 2026: 15 to 23 February are free, Saturday the 14th and Saturday the 28th are worked.
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

from simulators.scenarios.drill import CITY_ZONE, Drill, Scenario, Scene

PLACE: Final = {"lon": 104.0852, "lat": 30.6668, "area_id": "cd-jh-wp-qs-02", "address": "清水苑南门外"}
FIRST_FREE: Final = date(2026, 2, 15)
LAST_FREE: Final = date(2026, 2, 23)


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CITY_ZONE)


def day_of(instant: str) -> date:
    """The civil day of a time that the api told."""
    return datetime.fromisoformat(instant).astimezone(CITY_ZONE).date()


async def clocks(drill: Drill) -> dict[str, dict[str, Any]]:
    """The clocks of the ticket that run, by name."""
    ticket = await drill.get("officer", f"/tickets/{drill.made['ticket']}")
    return {clock["clock"]: clock for clock in ticket["clocks"] if clock["stopped_at"] is None}


async def fired(drill: Drill, clock: str) -> list[str]:
    """What the ladder did for a clock of the ticket, in order."""
    found = await drill.get("officer", f"/tickets/{drill.made['ticket']}/timeline")
    lines = sorted(found["items"], key=lambda line: line["at"])
    return [line["body"]["action"] for line in lines if (line.get("body") or {}).get("clock") == clock]


async def resident_calls(drill: Drill) -> None:
    call = {"text": "南门外占道摆摊，下班路都堵死了", "kind": "street_vendor_occupation", "demand": "help"}
    who = {"caller_name": "王女士", "caller_phone": "13800000003", "occurred_at": drill.clock.now().isoformat()}
    await drill.people["calltaker"].call("festival-stall", call | who | PLACE)
    (ticket,) = await drill.until("a ticket", drill.tickets, lambda found: len(found) == 1)
    drill.made["ticket"] = ticket["id"]
    await drill.act("officer", ticket["id"], "accept", demand="help")
    await drill.act("officer", ticket["id"], "dispatch", lead="jh-urban_management")
    running = await clocks(drill)
    due = day_of(running["c_resolve"]["due_at"])
    drill.expect(
        "seven working days from a Friday, over the festival and both worked Saturdays", due, due == date(2026, 3, 2)
    )
    due = day_of(running["c_sign"]["due_at"])
    drill.expect("four working hours end on the worked Saturday", due, due == date(2026, 2, 14))


async def unit_signs_on_a_worked_saturday(drill: Drill) -> None:
    await drill.forward_to(at(2, 14, 9, 30))
    await drill.act("urban", drill.made["ticket"], "acknowledge")
    await drill.act("urban", drill.made["ticket"], "contact", channel="phone", record="已联系来电人，节后集中整治")
    before = await fired(drill, "c_sign")
    drill.expect("signed before the limit, so nobody was urged", before, "urge" not in before)


async def nothing_fires_over_the_festival(drill: Drill) -> None:
    before = await fired(drill, "c_resolve")
    paused = await clocks(drill)
    for day in range(FIRST_FREE.day, LAST_FREE.day + 1):
        await drill.forward_to(at(2, day, 12))
    after = await fired(drill, "c_resolve")
    drill.expect("steps of the ladder in nine free days", len(after) - len(before), after == before)
    due = (await clocks(drill))["c_resolve"]["due_at"]
    drill.expect("due time, unmoved", day_of(due), due == paused["c_resolve"]["due_at"])


async def danger_does_not_wait(drill: Drill) -> None:
    """In the middle of it a shed overheats: minutes are minutes on a free day."""
    shed = drill.devices["shed-02"]
    shed.post_properties({"temperature_c": 81.0})
    await shed.drained()
    (found,) = await drill.until(
        "the alarm's ticket", lambda: drill.tickets(kind="ebike_shed_overheat"), lambda found: len(found) == 1
    )
    alarm = found["id"]
    ticket = await drill.get("officer", f"/tickets/{alarm}")
    sign = next(clock for clock in ticket["clocks"] if clock["clock"] == "c_sign")
    lasts = datetime.fromisoformat(sign["due_at"]) - datetime.fromisoformat(sign["started_at"])
    drill.expect("time to sign on a free day", lasts, lasts == timedelta(minutes=5))
    await drill.act("fire", alarm, "acknowledge")
    await drill.act("leader", alarm, "void", "探头旁烧烤，现场确认无火情", code="proven_false")


async def extension_is_granted(drill: Drill) -> None:
    await drill.forward_to(at(2, 24, 10))
    await drill.act("urban", drill.made["ticket"], "request_extension", "需与市场监管联合行动", days=2)
    await drill.act("leader", drill.made["ticket"], "grant_extension")
    due = day_of((await clocks(drill))["c_resolve"]["due_at"])
    drill.expect("two working days more", due, due == date(2026, 3, 4))


async def ladder_climbs_once(drill: Drill) -> None:
    """Nothing is done: reminder, urging with its breach record, supervision order, review; each once."""
    for day in (25, 26, 27, 28):
        await drill.forward_to(at(2, day, 18))
    for day in (2, 3, 4, 5, 6, 9, 10, 11, 12):
        await drill.forward_to(at(3, day, 18))
    taken = await drill.until(
        "all steps of the ladder", lambda: fired(drill, "c_resolve"), lambda steps: "review" in steps
    )
    drill.expect("steps, in order", ", ".join(taken), taken == ["remind", "urge", "supervise", "review"])


async def work_is_done_at_last(drill: Drill) -> None:
    ticket_id = drill.made["ticket"]
    await drill.act(
        "urban", ticket_id, "resolve", result="占道摊点已清理，固定岗值守", attachments=[await drill.photo("urban")]
    )
    await drill.act("verifier", ticket_id, "start_verification")
    reworked = await drill.act("verifier", ticket_id, "verify_fail", "晚高峰仍有三处摊点")
    drill.expect("state", reworked["state"], reworked["state"] == "rework")
    await drill.forward_to(at(3, 13, 17))
    await drill.act(
        "urban", ticket_id, "resolve", result="晚高峰固定值守，摊点入市", attachments=[await drill.photo("urban")]
    )
    await drill.act("verifier", ticket_id, "start_verification")
    verified = await drill.act("verifier", ticket_id, "verify_ok")
    drill.expect("state", verified["state"], verified["state"] == "awaiting_callback")


async def nobody_answers_the_phone(drill: Drill) -> None:
    ticket_id = drill.made["ticket"]
    ticket = await drill.get("officer", f"/tickets/{ticket_id}")
    (call_id,) = [each["call_id"] for each in ticket["reports"]]
    await drill.forward_to(at(3, 13, 21))
    night = drill.act("callback", ticket_id, "callback_attempt", result_of_try="no_answer", call_id=call_id)
    await drill.refused("guard_refused", night)
    for instant in (at(3, 14, 10), at(3, 14, 16), at(3, 15, 11)):
        await drill.forward_to(instant)
        await drill.act("callback", ticket_id, "callback_attempt", result_of_try="no_answer", call_id=call_id)
    closed = await drill.act("callback", ticket_id, "callback_done", "三次未接", outcome="unreachable", call_id=call_id)
    drill.expect("state", closed["state"], closed["state"] == "closed")


SCENARIO: Final = Scenario(
    name="spring_festival",
    zh="跨春节的四周：工作日时钟停走，险情不停",
    en="Four weeks over the Spring Festival: working time stands still, danger does not wait",
    begins_at=at(2, 13, 15, 30),
    scenes=(
        Scene("节前周五，市民来电", "The Friday before, a resident calls", resident_calls),
        Scene("调休的周六签收", "Signed on a worked Saturday", unit_signs_on_a_worked_saturday),
        Scene("九天假期，时钟不走", "Nine free days: nothing fires", nothing_fires_over_the_festival),
        Scene("假期中的险情", "Danger on a free day", danger_does_not_wait),
        Scene("节后申请延期", "An extension after the festival", extension_is_granted),
        Scene("仍未办理：催办、督办、复核", "Nothing is done: the ladder", ladder_climbs_once),
        Scene("办结、返工、再办结", "Done, rework, done", work_is_done_at_last),
        Scene("三次未接，两天", "Three tries on two days", nobody_answers_the_phone),
    ),
)
