"""Art. 45 over HTTP: the gate holds and leaves its receipt, lawful offers pass, committees answer, Art. 48 follows."""

import asyncio
from typing import Any

import asyncpg
import pytest

from dispatcher.accounts.model import UserRole
from runtime.pool import Connection
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.committees import ASSIST, PACKAGE, asked
from tests.integration.dispatcher.api.community import DISTRICT, EAST
from tests.integration.dispatcher.api.running import Api, Client


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


async def test_what_arbitration_found_holds_for_the_package_that_it_saw(east: Api) -> None:
    committee, street, governor = [await east.as_user(name) for name in ("east-committee", "street", "governor")]
    _, refused = await act(committee, await offered(east), "refuse", refusal="support_mismatch")
    _, argued = await act(street, refused, "request_arbitration", reason="经费足够")
    _, confirmed = await act(governor, argued, "confirm_support", reason="已核", heard=["community_governance"])
    _, countered = await act(committee, confirmed, "counter", reason="还需一名医生")
    status, amended = await act(street, countered, "amend", package=PACKAGE | {"funds_yuan": 1})
    assert (status, amended["state"], amended["support_confirmed"]) == (200, "offered", False)
    status, again = await act(committee, amended, "refuse", refusal="support_mismatch")
    assert (status, again["state"]) == (200, "refused")


@pytest.mark.parametrize("login", ["street", "east"])
async def test_an_offer_names_no_ticket_that_its_maker_cannot_see(east: Api, owner: Connection, login: str) -> None:
    hidden = await community.add_ticket(owner, community.WEST) if login == "east" else 10**9
    for means in ("offer", "inspection_round"):
        wish = asked(ticket_id=hidden, means=means)
        status, told = await (await east.as_user(login)).post("committee-offers", wish)
        assert (status, told["errors"][0]["loc"]) == (422, ["body", "ticket_id"])
    assert await owner.fetchval("SELECT count(*) FROM refusal_receipts") == 0


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
