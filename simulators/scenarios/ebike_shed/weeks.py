"""The weeks after: callers are called back, a photo that was used before is caught, residents object, it comes back."""

from typing import Final

from simulators.scenarios.drill import Drill
from simulators.scenarios.ebike_shed.night import CALLS, read_ticket
from simulators.scenarios.ebike_shed.rectification import read_joint

BURNT: Final = "the shed, burnt out"


async def callers_are_called_back(drill: Drill) -> None:
    """The call-response ends by its own rules while the other goes on: all who left a number are called."""
    ticket_id = drill.made["ticket"]
    await drill.act(
        "fire",
        ticket_id,
        "resolve",
        result="明火扑灭，隐患转协同整治",
        attachments=[await drill.photo("fire", of=BURNT)],
    )
    await drill.act("verifier", ticket_id, "start_verification")
    verified = await drill.act("verifier", ticket_id, "verify_ok")
    drill.expect("state before the call-backs", verified["state"], verified["state"] == "awaiting_callback")
    waiting = [each for each in verified["reports"] if each["callback_wanted"] and each["called_back_at"] is None]
    drill.expect("call-backs, one a report with a number", len(waiting), 0 < len(waiting) < len(CALLS) + 1)
    for report in waiting:
        await drill.act(
            "callback",
            ticket_id,
            "callback_done",
            outcome="resolved",
            satisfaction=5,
            call_id=report["call_id"],
        )
    closed = await read_ticket(drill)
    drill.expect("state of the call-response", closed["state"], closed["state"] == "closed")


async def photo_is_caught(drill: Drill) -> None:
    joint_id = drill.made["joint"]
    reused = drill.act(
        "fire-district",
        joint_id,
        "report_complete",
        result="已完成",
        attachments=[await drill.photo("fire-district", of=BURNT)],
    )
    refusal = await drill.refused("guard_refused", reused)
    drill.expect("why", refusal.detail, "photo" in refusal.detail)
    await drill.act(
        "fire-district", joint_id, "report_complete", result="已完成", attachments=[await drill.photo("fire-district")]
    )
    await drill.act("verifier", joint_id, "start_inspection")
    failed = await drill.act("verifier", joint_id, "inspect_fail", "断电装置未接通，现场与照片不符")
    drill.expect("state after the inspection", failed["state"], failed["state"] == "rework")
    drill.expect("rework is counted", failed["rework_count"], failed["rework_count"] == 1)


async def objection(drill: Drill) -> None:
    joint_id = drill.made["joint"]
    await inspected(drill)
    objected = await drill.act("committee", joint_id, "object", "夜间仍有飞线充电，居民拍了照")
    drill.expect("state after the objection", objected["state"], objected["state"] == "inspection")
    published = await drill.act(
        "verifier",
        joint_id,
        "inspect_ok",
        evidence="夜间复查三次",
        residual=4,
        attachments=[await drill.photo("verifier")],
    )
    drill.expect("state after the second look", published["state"], published["state"] == "publicity")


async def inspected(drill: Drill) -> None:
    joint_id = drill.made["joint"]
    await drill.forward(days=1)
    await drill.act(
        "fire-district",
        joint_id,
        "report_complete",
        result="断电装置已接通",
        attachments=[await drill.photo("fire-district")],
    )
    await drill.act("verifier", joint_id, "start_inspection")
    await drill.act(
        "verifier", joint_id, "inspect_ok", evidence="现场核查", residual=4, attachments=[await drill.photo("verifier")]
    )


async def closed_out(drill: Drill) -> None:
    joint_id = drill.made["joint"]
    await drill.refused("guard_refused", drill.act("supervisor", joint_id, "close_out"))
    await drill.forward(days=12)
    closed = await drill.act("supervisor", joint_id, "close_out")
    drill.expect("state", closed["state"], closed["state"] == "closed_out")


async def relapsed(drill: Drill) -> None:
    joint_id = drill.made["joint"]
    await drill.forward(days=31)
    looked = await drill.until("the look-back", lambda: read_joint(drill), lambda found: found["state"] == "look_back")
    drill.expect("state that the platform's rules gave it", looked["state"], looked["state"] == "look_back")
    back = await drill.act("verifier", joint_id, "relapse", "棚内又见飞线，喷淋被关")
    drill.expect("state", back["state"], back["state"] == "relapsed")
    again = await drill.act("supervisor", joint_id, "restart")
    drill.expect("state when it is taken up again", again["state"], again["state"] == "in_progress")
