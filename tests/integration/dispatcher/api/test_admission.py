"""Art. 45 over HTTP: the gate holds and leaves its receipt, lawful offers pass, committees answer, Art. 48 follows."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from dispatcher.accounts.model import UserRole
from registry.calendar import LOCAL
from runtime.pool import Connection
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import CITY, DISTRICT, EAST
from tests.integration.dispatcher.api.running import Api, Client

# A kind that the default list names for assistance; its lead is the fire brigade, the others are no part of it.
ASSIST = "fire_alarm_building"
PACKAGE = {
    "funds_yuan": 20_000,
    "conditions": "两名网格员",
    "information_support": "住户台账",
    "guidance_contact": "张科长",
    "period_from": "2027-01-01",
    "period_to": "2027-01-31",
}


@pytest.fixture
async def east(api: Api, owner: Connection) -> Api:
    """The community `east` with its committee, subdistrict, government and somebody in each."""
    for name, kind, area in (
        ("committee-east", "committee", EAST),
        ("committee-west", "committee", community.WEST),
        ("street", "subdistrict", DISTRICT),
        ("government", "government", DISTRICT),
    ):
        await owner.execute(
            "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
            " VALUES ($1, $2::text::organisation_kind, $3, $1, $1, 'office')",
            name,
            kind,
            area,
        )
    for login, role, area, organisation in (
        ("east-committee", UserRole.COMMITTEE, EAST, "committee-east"),
        ("west-committee", UserRole.COMMITTEE, community.WEST, "committee-west"),
        ("street", UserRole.SUBDISTRICT, DISTRICT, "street"),
        ("governor", UserRole.SUPERVISOR, DISTRICT, "government"),
        ("fire-head", UserRole.DEPT_HEAD, DISTRICT, "fire"),
        ("urban-head", UserRole.DEPT_HEAD, DISTRICT, "urban"),
    ):
        await community.add_user(owner, login, role, area, organisation)
    return api


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "committee": "committee-east",
        "origin": "fire",
        "means": "offer",
        "matter": ASSIST,
        "request": "入户排查电动自行车",
        "package": PACKAGE,
    } | changes


async def act(client: Client, offer: dict[str, Any], event: str, **fields: Any) -> tuple[int, Any]:
    reason = fields.pop("reason", None)
    body = {"version": offer["version"], "reason": reason, "fields": fields}
    return await client.post(f"committee-offers/{offer['id']}/actions/{event}", body)


async def offered(api: Api) -> dict[str, Any]:
    status, offer = await (await api.as_user("street")).post("committee-offers", asked())
    assert status == 201, offer
    return dict(offer)


async def test_a_bureaus_order_is_refused_with_a_receipt_that_stays(east: Api, owner: Connection) -> None:
    bureau, committee = await east.as_user("fire-head"), await east.as_user("east-committee")
    status, told = await bureau.post("committee-offers", asked(means="inspection_round", package={}))
    assert (status, told["code"]) == (422, "art45_refused")
    assert told["art45"] == ["ART45_TRANSFER_FORBIDDEN", "ART45_SUPPORT_MISSING", "ART45_DIRECT_ASSIGNMENT"]
    assert set(told["missing"]) == {"funds", "conditions", "information_support", "guidance_contact", "period"}
    _, receipts = await committee.get("refusal-receipts")
    assert [(r["number"], r["origin_organisation_id"]) for r in receipts["items"]] == [(told["receipt"], "fire")]
    assert await owner.fetchval("SELECT count(*) FROM committee_offers") == 0
    _, loads = await (await east.as_user("governor")).get("committee-loads")
    assert [(one["origin_organisation_id"], one["off_list_attempts"]) for one in loads["items"]] == [("fire", 1)]


async def test_a_ticket_is_never_dispatched_to_a_committee_and_the_attempt_stays(east: Api, owner: Connection) -> None:
    await community.add_user(owner, "desk-officer", UserRole.DUTY_OFFICER, DISTRICT, "desk")
    ticket = await community.add_ticket(owner, EAST)
    officer = await east.as_user("desk-officer")
    status, accepted = await officer.post(f"tickets/{ticket}/actions/accept", {"version": 1})
    assert status == 200, accepted
    order = {"version": 2, "fields": {"lead": "committee-east"}, "reason": "就近处置"}
    status, told = await officer.post(f"tickets/{ticket}/actions/dispatch", order)
    assert (status, told["code"]) == (422, "art45_refused"), told
    assert "ART45_DIRECT_ASSIGNMENT" in told["art45"]
    _, receipts = await (await east.as_user("east-committee")).get("refusal-receipts")
    assert [(r["number"], r["ticket_id"], r["issuer_organisation_id"]) for r in receipts["items"]] == [
        (told["receipt"], ticket, "desk")
    ]
    _, shown = await officer.get(f"tickets/{ticket}")
    assert (shown["state"], shown["version"]) == ("accepted", 2)


async def test_asking_beforehand_leaves_no_receipt(east: Api, owner: Connection) -> None:
    bureau = await east.as_user("fire-head")
    status, told = await bureau.post("admission-judgements", asked())
    assert (status, told["allowed"], told["form"]) == (200, False, None)
    assert told["codes"] == ["ART45_TRANSFER_FORBIDDEN", "ART45_DIRECT_ASSIGNMENT"]
    assert told["item"]["list"] == "assist"
    assert await owner.fetchval("SELECT count(*) FROM refusal_receipts") == 0


async def test_a_lawful_offer_is_answered_by_its_committee_alone(east: Api) -> None:
    offer = await offered(east)
    assert (offer["state"], offer["issuer_organisation_id"]) == ("offered", "street")
    for login in ("west-committee", "street", "governor", "fire-head"):
        status, _ = await act(await east.as_user(login), offer, "accept")
        assert status in {403, 404}, login
    committee = await east.as_user("east-committee")
    _, seen = await committee.get(f"committee-offers/{offer['id']}")
    assert set(seen["actions"]) == {"accept", "refuse", "counter"}
    status, taken = await act(committee, offer, "accept")
    assert (status, taken["state"], taken["version"]) == (200, "accepted", 2)
    _, loads = await committee.get("committee-loads")
    assert [(one["running"], one["unpaid"], one["unpaid_yuan"]) for one in loads["items"]] == [(1, 1, 20_000)]
    status, paid = await act(await east.as_user("fire-head"), taken, "pay_support", payment_ref="2026-88")
    assert (status, paid["paid_at"] is not None) == (200, True)
    status, done = await act(committee, paid, "complete")
    assert (status, done["state"], [line["event"] for line in done["records"]]) == (
        200,
        "completed",
        ["offer", "accept", "pay_support", "complete"],
    )


async def test_refusing_is_one_tap_and_may_be_argued_but_never_forced(east: Api) -> None:
    committee, street, governor = [await east.as_user(name) for name in ("east-committee", "street", "governor")]
    offer = await offered(east)
    status, refused = await act(committee, offer, "refuse", refusal="support_mismatch")
    assert (status, refused["state"], refused["refusal"]) == (200, "refused", "support_mismatch")
    _, argued = await act(street, refused, "request_arbitration", reason="经费足够")
    status, confirmed = await act(governor, argued, "confirm_support", reason="已核", heard=["community_governance"])
    assert (status, confirmed["state"], confirmed["support_confirmed"]) == (200, "offered", True)
    status, told = await act(committee, confirmed, "refuse", refusal="support_mismatch")
    assert (status, told["code"], told["guard"]) == (422, "guard_refused", "support_confirmed")
    status, again = await act(committee, confirmed, "refuse", refusal="no_capacity")
    assert (status, again["state"]) == (200, "refused")


async def test_silence_answers_nothing_and_no_clock_runs(east: Api, owner: Connection) -> None:
    offer = await offered(east)
    assert "due" not in " ".join(offer)
    assert await owner.fetchval("SELECT count(*) FROM ticket_clocks") == 0


async def test_an_amended_offer_passes_the_gate_again(east: Api) -> None:
    committee, street = await east.as_user("east-committee"), await east.as_user("street")
    _, countered = await act(committee, await offered(east), "counter", reason="还需一名医生")
    status, told = await act(street, countered, "amend", package={"funds_yuan": 1})
    assert (status, told["code"]) == (422, "invalid_request")
    assert "ART45_SUPPORT_MISSING" in told["errors"][0]["msg"]
    status, amended = await act(street, countered, "amend", package=PACKAGE | {"conditions": "一名医生"})
    assert (status, amended["state"], amended["conditions"]) == (200, "offered", "一名医生")


@pytest.mark.parametrize(
    ("package", "named"),
    [
        (7, "not an object"),
        ({"gold": 1}, "gold"),
        (PACKAGE | {"funds_yuan": True}, "funds_yuan"),
        (PACKAGE | {"funds_yuan": -1}, "funds_yuan"),
        (PACKAGE | {"period_to": "soon"}, "period_to"),
        (PACKAGE | {"conditions": 5}, "conditions"),
    ],
)
async def test_a_package_that_is_none_is_told_so(east: Api, package: Any, named: str) -> None:
    committee, street = await east.as_user("east-committee"), await east.as_user("street")
    _, countered = await act(committee, await offered(east), "counter", reason="x")
    status, told = await act(street, countered, "amend", package=package)
    assert (status, told["code"]) == (422, "invalid_request")
    assert named in told["errors"][0]["msg"]


async def test_of_ten_answers_at_once_one_counts(east: Api) -> None:
    offer, committee = await offered(east), await east.as_user("east-committee")
    answers = await asyncio.gather(*(act(committee, offer, "accept") for _ in range(10)))
    assert sorted(status for status, _ in answers) == [200] + [409] * 9


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


async def test_work_that_reached_a_committee_becomes_a_case_that_the_unit_cannot_decide(east: Api) -> None:
    committee, governor, head = [await east.as_user(name) for name in ("east-committee", "governor", "fire-head")]
    said = {
        "unit": "fire",
        "committee": "committee-east",
        "matter": ASSIST,
        "means": "data_import",
        "facts": "每周填报灭火器台账",
    }
    status, told = await committee.post("correction-cases", said | {"committee": "committee-west"})
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "committee"])
    status, case = await committee.post("correction-cases", said)
    assert (status, case["state"]) == (201, "alleged")
    path = f"correction-cases/{case['id']}"
    body = {"version": 1, "fields": {"statement": "已听取"}}
    assert (await head.post(f"{path}/actions/hear", body))[0] == 403
    assert (await (await east.as_user("urban-head")).get(path))[0] == 404
    assert (await head.get(path))[0] == 200
    status, heard = await governor.post(f"{path}/actions/hear", body)
    assert (status, heard["state"]) == (200, "heard")
    status, told = await governor.post(f"{path}/actions/circulate", {"version": 2, "reason": "x"})
    assert (status, told["code"], told["allowed"]) == (
        409,
        "transition_not_allowed",
        ["find_unfounded", "order_correction"],
    )
    status, ordered = await governor.post(f"{path}/actions/order_correction", {"version": 2, "reason": "停止填报"})
    assert (status, ordered["state"]) == (200, "correction_ordered")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE refusal_receipts SET codes = '{ART45_NEGATIVE}'",
        "DELETE FROM refusal_receipts",
        "UPDATE admission_records SET event = 'x'",
        "DELETE FROM committee_offers",
        "UPDATE emergency_orders SET ends_at = 'infinity'",
    ],
)
async def test_processes_cannot_rewrite_what_was_recorded(east: Api, statement: str) -> None:
    async with east.pool.acquire() as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)


async def test_the_database_itself_stores_no_offer_without_support_and_none_of_a_bureau(
    east: Api, owner: Connection
) -> None:
    offer = await offered(east)
    copy = (
        "INSERT INTO committee_offers (number, committee_id, issuer_organisation_id, origin_organisation_id, matter,"
        " item_id, request, funds_yuan, conditions, information_support, guidance_contact, period_from, period_to,"
        " state, offered_at)"
        " SELECT 'x', committee_id, {issuer}, origin_organisation_id, matter, item_id, request, {funds}, conditions,"
        " information_support, guidance_contact, period_from, period_to, 'offered', offered_at"
        " FROM committee_offers WHERE id = $1"
    )
    for issuer, funds in (("'fire'", "funds_yuan"), ("issuer_organisation_id", "NULL")):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(copy.format(issuer=issuer, funds=funds), offer["id"])
