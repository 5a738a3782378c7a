"""Art. 45 over HTTP: the published lists and emergency orders, how a matter comes onto a list, and whose they are."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from dispatcher.accounts.model import UserRole
from registry.calendar import LOCAL
from runtime.pool import Connection
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.committees import ASSIST, asked
from tests.integration.dispatcher.api.community import CITY, DISTRICT, EAST
from tests.integration.dispatcher.api.running import Api, Client


async def test_an_emergency_order_opens_the_gate_until_it_ends(east: Api) -> None:
    governor, street = await east.as_user("governor"), await east.as_user("street")
    now = datetime.now(LOCAL)
    order = {
        "number": "成府发〔2026〕9号",
        "issuer": "government",
        "area": DISTRICT,
        "matters": ["gas_evacuation_help"],
        "scope": "燃气泄漏疏散",
        "from_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(days=2)).isoformat(),
    }
    wish = asked(matter="gas_evacuation_help", package={})
    assert (await street.post("committee-offers", wish))[0] == 422
    status, told = await governor.post("emergency-orders", order | {"issuer": "fire"})
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "issuer"])
    status, recorded = await governor.post("emergency-orders", order)
    assert status == 201, recorded
    status, offer = await street.post("committee-offers", wish | {"order_id": recorded["id"]})
    assert (status, offer["order_id"]) == (201, recorded["id"])
    assert (await governor.post("emergency-orders", order))[0] == 422


async def test_lists_are_public_and_change_only_for_the_future(east: Api, owner: Connection) -> None:
    today = datetime.now(LOCAL).date()
    status, listed = await east.nobody.get("admission-lists", list="negative", area=EAST)
    assert status == 200
    assert all(item["list"] == "negative" for item in listed["items"])
    assert listed["items"]
    governor = await east.as_user("governor")
    entry = {
        "list": "assist",
        "matter": "elderly_visits",
        "zh_text": "探访独居老人",
        "legal_basis": "市府办〔2026〕3号",
        "area": DISTRICT,
        "effective_from": today.isoformat(),
        "source": "区政府公告",
    }
    yesterday = (today - timedelta(days=1)).isoformat()
    status, told = await governor.post("admission-lists", entry | {"effective_from": yesterday})
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "effective_from"])
    status, made = await governor.post("admission-lists", entry)
    assert (status, made["published_on"]) == (201, today.isoformat())
    status, told = await governor.post("admission-lists", entry | {"list": "negative"})
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "matter"])
    status, ended = await governor.post(f"admission-lists/{made['id']}/end", {"last_day": today.isoformat()})
    assert (status, ended["effective_to"]) == (200, today.isoformat())
    status, _ = await governor.post(f"admission-lists/{made['id']}/end", {"last_day": today.isoformat()})
    assert status == 422
    with pytest.raises(asyncpg.CheckViolationError, match="ended once and never changed"):
        await owner.execute("UPDATE admission_items SET list = 'negative' WHERE id = $1", made["id"])


async def test_a_part_of_the_city_publishes_and_orders_for_itself_alone(east: Api, owner: Connection) -> None:
    await owner.execute(
        "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
        " VALUES ('government-west', 'government', $1, 'w', 'w', 'office')",
        community.WEST,
    )
    await community.add_user(owner, "west-governor", UserRole.SUPERVISOR, community.WEST, "government-west")
    western, governor = await east.as_user("west-governor"), await east.as_user("governor")
    today = datetime.now(LOCAL).date()
    entry = {
        "list": "assist",
        "matter": "elderly_visits",
        "zh_text": "探访独居老人",
        "legal_basis": "市府办〔2026〕3号",
        "effective_from": today.isoformat(),
        "source": "区政府公告",
    }
    status, told = await western.post("admission-lists", entry | {"area": EAST})
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "area"])
    status, made = await western.post("admission-lists", entry | {"area": community.WEST})
    assert status == 201, made
    yesterday = (today - timedelta(days=1)).isoformat()
    status, told = await western.post(f"admission-lists/{made['id']}/end", {"last_day": yesterday})
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "last_day"])
    # The default list is the city's.
    default = await owner.fetchval("SELECT min(id) FROM admission_items WHERE area_id IS NULL")
    status, told = await governor.post(f"admission-lists/{default}/end", {"last_day": today.isoformat()})
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "area"])
    city = await east.as_user("supervisor")
    assert (await city.post(f"admission-lists/{default}/end", {"last_day": today.isoformat()}))[0] == 200

    now = datetime.now(LOCAL)
    order = {
        "number": "W-1",
        "issuer": "government-west",
        "area": community.WEST,
        "matters": [ASSIST],
        "scope": "疏散",
        "from_at": now.isoformat(),
        "ends_at": (now + timedelta(days=2)).isoformat(),
    }
    for who, changes in ((western, {"area": EAST}), (governor, {"area": EAST}), (city, {"area": "nowhere"})):
        status, told = await who.post("emergency-orders", order | changes)
        assert (status, told["errors"][0]["loc"]) == (422, ["body", "area"])
    assert (await western.post("emergency-orders", order))[0] == 201
    wide = order | {"number": "D-1", "issuer": "government", "area": DISTRICT}
    assert (await governor.post("emergency-orders", wide))[0] == 201
    for login, seen in (("governor", ["D-1", "W-1"]), ("west-committee", ["D-1", "W-1"]), ("east-committee", ["D-1"])):
        _, orders = await (await east.as_user(login)).get("emergency-orders")
        assert [each["number"] for each in orders["items"]] == seen, login


async def test_the_nearest_government_decides_and_the_default_yields(east: Api, owner: Connection) -> None:
    governor, street = await east.as_user("governor"), await east.as_user("street")
    today = datetime.now(LOCAL).date().isoformat()
    entry = {
        "list": "negative",
        "matter": ASSIST,
        "zh_text": "楼宇火警处置",
        "legal_basis": "区府〔2026〕1号",
        "area": DISTRICT,
        "effective_from": today,
        "source": "区政府公告",
    }
    assert (await street.post("committee-offers", asked()))[0] == 201
    assert (await governor.post("admission-lists", entry))[0] == 201
    status, told = await street.post("committee-offers", asked())
    assert (status, told["art45"][0]) == (422, "ART45_NEGATIVE")
    # The city lists it for assistance: the district is nearer.
    await owner.execute(
        "INSERT INTO admission_items (list, matter, zh_text, legal_basis, area_id, effective_from, published_on,"
        " source, entered_by) VALUES ('assist', $1, 'x', 'x', $2, '2026-01-01', '2026-01-01', 'x', 'x')",
        ASSIST,
        CITY,
    )
    assert (await street.post("committee-offers", asked()))[0] == 422


async def test_an_application_goes_from_draft_to_the_list(east: Api) -> None:
    head, governor = await east.as_user("urban-head"), await east.as_user("governor")
    draft = {
        "area": DISTRICT,
        "matter": "bin_guides",
        "zh_text": "垃圾分类桶边引导",
        "legal_basis": "条例第四十五条",
        "support": "每桶每月二百元，培训与手册",
        "wanted_from": "2027-03-01",
    }
    status, made = await head.post("admission-applications", draft)
    assert (status, made["state"], made["actions"]) == (201, "draft", ["submit", "withdraw"])

    async def step(client: Client, event: str, reason: str | None = None, **fields: Any) -> dict[str, Any]:
        _, shown = await client.get(f"admission-applications/{made['id']}")
        body = {"version": shown["version"], "reason": reason, "fields": fields}
        status, told = await client.post(f"admission-applications/{made['id']}/actions/{event}", body)
        assert status == 200, told
        return dict(told)

    submitted = await step(head, "submit")
    assert submitted["decide_by"] > submitted["submitted_at"]
    await step(governor, "assess", "力量足够", heard=["committee-east"])
    await step(governor, "approve", "同意")
    tomorrow = (datetime.now(LOCAL) + timedelta(days=1)).date()
    listed = await step(governor, "list", effective_from=tomorrow.isoformat())
    assert (listed["state"], listed["item_id"] is not None) == ("listed", True)
    _, items = await east.nobody.get("admission-lists", matter="bin_guides", on=tomorrow.isoformat())
    assert [(item["list"], item["source"]) for item in items["items"]] == [("assist", made["number"])]
    assert (await step(governor, "delist", "群众意见"))["state"] == "withdrawn"
