"""Joint rectification: five units under one lead, one of which argues; plan, sub-tasks, work."""

from collections.abc import Mapping
from typing import Any, Final

from simulators.scenarios.drill import Drill
from simulators.scenarios.ebike_shed.night import read_ticket

LEAD: Final = "jh-fire_rescue"
CO_UNITS: Final = {
    "emergency": "jh-emergency_management",
    "housing": "jh-housing_construction",
    "police": "jh-public_security",
    "urban": "jh-urban_management",
}


async def read_joint(drill: Drill) -> dict[str, Any]:
    ticket: dict[str, Any] = await drill.get("supervisor", f"/tickets/{drill.made['joint']}")
    return ticket


async def five_units(drill: Drill) -> None:
    await drill.act(
        "officer", drill.made["ticket"], "convert", "车棚线路老化，需多部门整治", level=2, cause="私拉乱接、无喷淋"
    )
    await drill.forward(hours=7, minutes=10)
    case_id = (await read_ticket(drill))["case_id"]
    (joint_id,) = [each["id"] for each in await drill.tickets(ticket_kind="joint_rectification", case_id=case_id)]
    drill.made["joint"] = joint_id
    await drill.act("supervisor", joint_id, "admit", level=2)
    await drill.act("supervisor", joint_id, "assign_lead", lead=LEAD)
    await drill.act("fire-district", joint_id, "acknowledge")
    await drill.act(
        "fire-district", joint_id, "invite_co", co=list(CO_UNITS.values()), matter="车棚电气、消防、占道、住宅防火"
    )
    ticket = await read_joint(drill)
    units = {each["organisation"]["id"] for each in ticket["assignments"] if each["ended_at"] is None}
    drill.expect("units that act jointly", len(units), units == {LEAD, *CO_UNITS.values()})
    for login in ("emergency", "housing", "police"):
        await drill.act(login, joint_id, "cosign")


async def one_unit_declines(drill: Drill) -> None:
    joint_id = drill.made["joint"]
    before = {
        clock["clock"]: clock["due_at"] for clock in (await read_joint(drill))["clocks"] if not clock["stopped_at"]
    }
    argued = await drill.act(
        "urban",
        joint_id,
        "decline",
        "车棚在小区红线内，非占道",
        basis="《成都市城市管理条例》权责清单",
        suggested_unit="jh-housing_construction",
    )
    drill.expect("state while it is argued", argued["state"], argued["state"] == "arbitration")
    await drill.forward(hours=3)
    awarded = await drill.act("supervisor", joint_id, "deny_return", "车棚外侧占道搭建属城管职责")
    drill.expect("state after the award", awarded["state"], awarded["state"] == "planning")
    after = {clock["clock"]: clock["due_at"] for clock in awarded["clocks"] if not clock["stopped_at"]}
    drill.expect("due time of the plan, as before", after["j_plan"], after["j_plan"] == before["j_plan"])


async def work_is_done(drill: Drill) -> None:
    joint_id = drill.made["joint"]
    await drill.forward(days=2)
    await drill.act(
        "fire-district",
        joint_id,
        "plan_submit",
        responsibility="区消防救援牵头，住建负责线路，城管拆除占道搭建",
        measures="拆除私拉线路，加装喷淋和断电装置，移出单元出口",
        funds="老旧院落改造专项 18 万元",
        days=10,
        contingency="整改期夜间值守，临时充电点移至东门",
    )
    approved = await drill.act("supervisor", joint_id, "plan_approve")
    drill.expect("state after the plan", approved["state"], approved["state"] == "in_progress")
    for login, title in (("housing", "更换充电线路"), ("urban", "拆除占道棚体"), ("emergency", "补设灭火器材")):
        await drill.act(
            "fire-district", joint_id, "add_subtask", assignee=CO_UNITS[login], title=title, weight="mandatory"
        )
    early = drill.act(
        "fire-district", joint_id, "report_complete", result="已完成", attachments=[await drill.photo("fire-district")]
    )
    await drill.refused("guard_refused", early)
    await drill.forward(days=9)
    await drill.act("fire-district", joint_id, "progress", text="线路更换过半", done_pct=60)
    parts = await drill.get("supervisor", f"/tickets/{joint_id}/subtasks")
    for part in parts["items"]:
        await finish_part(drill, joint_id, part)
    drill.expect(
        "parts finished, one of each unit and three of the plan", len(parts["items"]), len(parts["items"]) == 7
    )


async def finish_part(drill: Drill, joint_id: int, part: Mapping[str, Any]) -> None:
    """A unit signs its sub-task, works and shows it; somebody else checks."""
    login = next(login for login, unit in CO_UNITS.items() if unit == part["organisation"]["id"])
    number = part["number"]
    await drill.act(login, joint_id, "subtask_sign", subtask=number)
    await drill.act(login, joint_id, "subtask_start", subtask=number)
    shown = [await drill.photo(login)]
    await drill.act(login, joint_id, "subtask_done", subtask=number, result="完成", attachments=shown)
    await drill.act("supervisor", joint_id, "subtask_check", subtask=number)
