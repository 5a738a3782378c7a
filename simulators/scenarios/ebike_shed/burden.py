"""Art. 45: door-to-door checks are no residents' committee's work; with support and by consent they may be assisted."""

from typing import Any, Final

from simulators.scenarios.drill import Drill
from simulators.scenarios.ebike_shed.night import KIND

COMMITTEE: Final = "committee-qs"
REQUEST: Final = "协助入户排查楼道充电，每户登记"
PACKAGE: Final[dict[str, Any]] = {
    "funds_yuan": 12_000,
    "conditions": "两名专职消防巡查员带队",
    "information_support": "住户台账由街道提供",
    "guidance_contact": "消防救援站 李站长",
    "period_from": "2026-12-01",
    "period_to": "2026-12-31",
}


async def pushed(drill: Drill) -> None:
    wish = {"committee": COMMITTEE, "origin": "jh-fire_rescue", "matter": KIND, "request": REQUEST, "package": {}}
    before = await drill.get("committee", "/committee-offers")
    refusal = await drill.refused(
        "art45_refused", drill.post("fire-district", "/committee-offers", wish | {"means": "inspection_round"})
    )
    receipts = await drill.get("committee", "/refusal-receipts")
    receipt = receipts["items"][0]
    drill.expect("receipt that the committee sees", receipt["number"], receipt["number"] in refusal.detail)
    offers = await drill.get("committee", "/committee-offers")
    reached = len(offers["items"]) - len(before["items"])
    drill.expect("what reached the committee", reached, reached == 0)


async def offered(drill: Drill) -> None:
    wish = {"committee": COMMITTEE, "origin": "jh-fire_rescue", "matter": KIND, "request": REQUEST, "package": PACKAGE}
    made = await drill.post("subdistrict", "/committee-offers", wish | {"means": "offer"})
    accepted = await drill.act_on("committee", f"/committee-offers/{made['id']}", "accept")
    drill.expect("answer of the committee, which no clock forced", accepted["state"], accepted["state"] == "accepted")
