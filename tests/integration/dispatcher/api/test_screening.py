"""Screening over HTTP: the register explains itself, committees get no rounds, rounds end in hazards and tickets."""

from typing import Any

import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.screening import stage
from runtime.pool import SYSTEM, Connection, transaction
from tests.harness.photos import upload
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import DISTRICT, EAST, IN_EAST, NOON, WEST
from tests.integration.dispatcher.api.running import Api, Client
from tests.integration.dispatcher.tickets.town import StepOfTown

USUAL = {"likelihood": 3, "exposure": 6, "consequence": 7}
GRAVE = {"likelihood": 6, "exposure": 6, "consequence": 15}


@pytest.fixture
async def east(api: Api, owner: Connection) -> Api:
    """Inspectors of two units, a subdistrict, a supervisor, and a residents' committee."""
    for name, kind in (("committee-east", "committee"), ("street", "subdistrict"), ("government", "government")):
        await owner.execute(
            "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
            " VALUES ($1, $2::text::organisation_kind, $3, $1, $1, 'office')",
            name,
            kind,
            EAST if kind == "committee" else DISTRICT,
        )
    for login, role, organisation in (
        ("inspector", UserRole.DEPT_HANDLER, "urban"),
        ("firefighter", UserRole.DEPT_HANDLER, "fire"),
        ("street", UserRole.SUBDISTRICT, "street"),
        ("governor", UserRole.SUPERVISOR, "government"),
    ):
        await community.add_user(owner, login, role, DISTRICT, organisation)
    await community.add_user(owner, "east-committee", UserRole.COMMITTEE, EAST, "committee-east")
    return api


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "tree_unsafe",
        "area": EAST,
        "place": "东一路3号",
        "lon": IN_EAST.lon,
        "lat": IN_EAST.lat,
        "description": "行道树倾斜",
        "factors": USUAL,
        "note": "现场查看",
    } | changes


async def made(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    status, found = await client.post(path, body)
    assert status == 201, found
    return dict(found)


async def test_register_explains_a_level_and_what_would_change_it(east: Api) -> None:
    inspector = await east.as_user("inspector")
    hazard = await made(inspector, "hazards", asked())
    assert (hazard["level"], hazard["state"], hazard["actions"]) == (3, "open", [])
    assert hazard["assessments"][0]["product"] == 126
    _, told = await inspector.get(f"hazards/{hazard['id']}/explanation")
    assert (told["reason"], told["lec_level"], told["mildest_level"]) == ("lec", 3, 4)
    changes = {(each["factor"], each["value"]): each["level"] for each in told["what_if"]}
    assert changes[("likelihood", 6)] == 2
    assert changes[("likelihood", 1)] == 4
    assert changes[("consequence", 15)] == 2
    status, told = await inspector.post("hazards", asked())
    assert (status, told["code"]) == (409, "already_exists")
    status, told = await inspector.post("hazards", asked(place="别处", factors=USUAL | {"likelihood": 4}))
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "factors", "likelihood"])
    _, kinds = await inspector.get("hazard-kinds")
    assert {"level": 1, "product_min": 320.0} in kinds["bounds"]


async def test_half_a_position_of_a_hazard_is_refused(east: Api) -> None:
    inspector = await east.as_user("inspector")
    status, told = await inspector.post("hazards", asked(lat=None))
    assert (status, told["errors"][0]["loc"]) == (422, ["body"])


async def test_who_may_do_what_with_a_hazard(east: Api) -> None:
    inspector, street = await east.as_user("inspector"), await east.as_user("street")
    committee, west = await east.as_user("east-committee"), await east.as_user("west")
    hazard = await made(inspector, "hazards", asked())
    path = f"hazards/{hazard['id']}"
    assert (await committee.get(path))[0] == 200
    assert (await committee.post("hazards", asked(place="别处")))[0] == 403
    assert (await west.get(path))[0] == 404
    milder = {"version": 1, "factors": USUAL | {"likelihood": 1}, "note": "再评估"}
    assert (await inspector.post(f"{path}/assessments", milder))[1]["code"] == "forbidden"
    status, told = await street.post(f"{path}/assessments", milder)
    assert (status, told["level"], told["version"]) == (200, 4, 2)
    settle = {"version": 2, "reason": "已扶正", "evidence": "照片"}
    assert (await inspector.post(f"{path}/actions/settle", settle))[0] == 403
    status, told = await street.post(f"{path}/actions/settle", settle | {"version": 1})
    assert (status, told["code"], told["version"]) == (409, "version_conflict", 2)
    status, told = await street.post(f"{path}/actions/settle", {"version": 2, "reason": "已扶正"})
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "evidence"])
    status, told = await street.post(f"{path}/actions/settle", settle)
    assert (status, told["state"], told["records"][-1]["event"]) == (200, "closed", "settle")
    status, told = await street.post(f"{path}/actions/settle", settle | {"version": 3})
    assert (status, told["code"]) == (409, "transition_not_allowed")


async def test_grave_hazard_opens_its_proposal_whose_ticket_has_no_incident(east: Api) -> None:
    inspector, governor = await east.as_user("inspector"), await east.as_user("governor")
    hazard = await made(inspector, "hazards", asked(factors=GRAVE))
    assert (hazard["level"], hazard["state"], hazard["ticket_state"]) == (1, "under_rectification", "proposed")
    status, ticket = await governor.get(f"tickets/{hazard['ticket_id']}")
    assert (status, ticket["incident_id"], ticket["explanation"], ticket["grade"]) == (200, None, None, 1)
    _, page = await governor.get("hazards", ticket=hazard["ticket_id"], level=1)
    assert [each["id"] for each in page["items"]] == [hazard["id"]]
    status, told = await governor.post(f"tickets/{ticket['id']}/actions/reject", {"version": 1, "reason": "重复"})
    assert (status, told["state"]) == (200, "rejected")
    async with transaction(east.pool, scope=SYSTEM) as conn:
        await stage.advance(await StepOfTown.begin(conn, NOON))
    _, hazard = await governor.get(f"hazards/{hazard['id']}")
    assert (hazard["state"], hazard["records"][-1]["event"]) == ("open", "ticket_refused")
    status, told = await governor.post(
        f"hazards/{hazard['id']}/actions/settle", {"version": hazard["version"], "reason": "好了", "evidence": "照片"}
    )
    assert (status, told["guard"]) == (422, "grave_needs_rectification")


async def test_round_is_kept_from_a_committee_with_a_receipt_that_stays(east: Api, owner: Connection) -> None:
    street = await east.as_user("street")
    plan = {"list": "street", "area": EAST, "place": "东一路", "organisation": "committee-east", "base_level": 3}
    status, told = await street.post("inspection-plans", plan)
    assert (status, told["code"]) == (422, "art45_refused")
    assert await owner.fetchval("SELECT number FROM refusal_receipts") == told["receipt"]
    assert (await (await east.as_user("inspector")).post("inspection-plans", plan))[0] == 403


async def test_photo_of_a_round_is_seen_by_its_area_and_its_unit(east: Api, owner: Connection) -> None:
    """The line of `inspection` in SEERS: photos of a hazard show what is wrong with somebody's house."""
    await community.add_user(owner, "far-inspector", UserRole.DEPT_HANDLER, WEST, "urban")
    await community.add_user(owner, "far-firefighter", UserRole.DEPT_HANDLER, WEST, "fire")
    street, inspector = await east.as_user("street"), await east.as_user("inspector")
    plan = {"list": "street", "area": EAST, "place": "东一路", "organisation": "urban", "base_level": 2}
    await made(street, "inspection-plans", plan)
    async with transaction(east.pool, scope=SYSTEM) as conn:
        at = await conn.fetchval("SELECT next_round_at FROM inspection_plans")
        await stage.advance(await StepOfTown.begin(conn, at))
    (due,) = (await inspector.get("inspections"))[1]["items"]
    status, told = await upload(inspector.session, inspector.headers())
    assert status == 201
    photo = f"attachments/{told['id']}"
    colleague = await east.as_user("far-inspector")
    # Until it serves something it is the business of whoever uploaded it and of their unit.
    assert await seen(east, photo, "inspector", "far-inspector", "east", "governor") == {"inspector", "far-inspector"}
    found = {"item": "covers", "outcome": "hazard", "evidence": "见图", "factors": USUAL, "attachments": [told["id"]]}
    assert (await inspector.post(f"inspections/{due['id']}/findings", found))[0] == 200
    assert (await colleague.get(photo))[0] == 200
    logins = ("inspector", "east", "west", "street", "governor", "firefighter", "far-firefighter", "auditor")
    within = set(logins) - {"west", "far-firefighter"}
    for path in ("", "/content", "/thumbnail"):
        assert await seen(east, photo + path, *logins) == within


async def seen(api: Api, path: str, *logins: str) -> set[str]:
    return {login for login in logins if (await downloaded(await api.as_user(login), path)) == 200}


async def downloaded(client: Client, path: str) -> int:
    async with client.session.get(f"/api/v1/{path}", headers=client.headers()) as answer:
        return answer.status


async def test_round_is_planned_carried_out_and_reported(east: Api, owner: Connection) -> None:
    street, inspector = await east.as_user("street"), await east.as_user("inspector")
    plan = {"list": "street", "area": EAST, "place": "东一路", "organisation": "urban", "base_level": 2}
    planned = await made(street, "inspection-plans", plan)
    assert (planned["level"], planned["list_zh"]) == (2, "道路及井盖检查表")
    async with transaction(east.pool, scope=SYSTEM) as conn:
        at = await conn.fetchval("SELECT next_round_at FROM inspection_plans")
        await stage.advance(await StepOfTown.begin(conn, at))
    _, page = await inspector.get("inspections", state="due")
    (due,) = page["items"]
    path = f"inspections/{due['id']}"
    assert (due["overdue"], due["level"], due["number"][:3]) == (False, 2, "IR-")
    found = {"item": "covers", "outcome": "hazard", "evidence": "井盖下沉", "factors": USUAL}
    other = await east.as_user("firefighter")
    assert (await other.post(f"{path}/findings", found))[1]["missing_organisation"] is True
    status, detail = await inspector.post(f"{path}/findings", found)
    assert status == 200, detail
    hazard_id = detail["findings"][0]["hazard_id"]
    status, told = await inspector.post(f"{path}/report", {"version": 1})
    assert (status, told["guard"]) == (422, "items_left")
    skipped = {"item": "surface", "outcome": "skipped"}
    assert (await inspector.post(f"{path}/findings", skipped))[1]["errors"][0]["loc"] == ["body", "reason"]
    for body in (skipped | {"reason": "封路施工"}, {"item": "trees", "outcome": "in_order"}):
        assert (await inspector.post(f"{path}/findings", body))[0] == 200
    status, detail = await inspector.post(f"{path}/report", {"version": 1})
    assert (status, detail["state"], detail["ended_by_name"]) == (200, "reported", "inspector")
    _, hazard = await inspector.get(f"hazards/{hazard_id}")
    assert (hazard["kind"], hazard["plan_id"], hazard["findings"][0]["round_number"]) == (
        "manhole_cover",
        planned["id"],
        due["number"],
    )
    status, told = await street.post(f"{path}/cancel", {"version": 2, "reason": "x"})
    assert (status, told["state"]) == (409, "reported")


async def test_incident_shows_hazards_beside_it_and_keeps_its_grade(east: Api, owner: Connection) -> None:
    incident_id, _ = await community.add_incident(owner, EAST)
    await owner.execute("UPDATE incidents SET lon = $2, lat = $3 WHERE id = $1", incident_id, IN_EAST.lon, IN_EAST.lat)
    officer = await east.as_user("duty_officer")
    _, before = await officer.get(f"incidents/{incident_id}")
    hazard = await made(await east.as_user("inspector"), "hazards", asked(factors=GRAVE))
    status, told = await officer.get(f"incidents/{incident_id}/hazards")
    assert status == 200
    assert [(each["id"], each["level"], round(each["distance_m"])) for each in told["items"]] == [(hazard["id"], 1, 0)]
    assert (await officer.get(f"incidents/{incident_id}"))[1]["grade"] == before["grade"]
    assert (await (await east.as_user("west")).get(f"incidents/{incident_id}/hazards"))[0] == 404
