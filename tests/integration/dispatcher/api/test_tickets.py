"""Tickets and incidents through the api: who sees them, and what a lost race, a missing role or a rule answers."""

import asyncio

import pytest

from dispatcher.accounts.model import UserRole
from dispatcher.tickets import store as tickets
from runtime.pool import Connection
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import EAST, WEST
from tests.integration.dispatcher.api.running import Api


@pytest.fixture
async def ticket(api: Api, owner: Connection) -> int:
    return await community.add_ticket(owner, EAST)


async def test_action_moves_the_ticket_and_shows_what_follows(api: Api, ticket: int) -> None:
    taker, officer = await api.as_user("call_taker"), await api.as_user("duty_officer")
    status, shown = await taker.get(f"tickets/{ticket}")
    assert (status, shown["state"], shown["version"]) == (200, "new", 1)
    assert "accept" in [action["event"] for action in shown["actions"]]
    status, shown = await taker.post(f"tickets/{ticket}/actions/accept", {"version": 1})
    assert (status, shown["state"], shown["version"]) == (200, "accepted", 2), shown
    assert shown["number"].startswith("CR-")
    body = {"version": 2, "fields": {"lead": "urban", "co": ["fire"]}}
    status, shown = await officer.post(f"tickets/{ticket}/actions/dispatch", body)
    assert (status, shown["state"], shown["lead"]["id"], shown["co_total"]) == (200, "dispatched", "urban", 1), shown
    _, line = await officer.get(f"tickets/{ticket}/timeline")
    assert [item["event"] for item in line["items"] if item["entry"] == "transition"] == [
        "submit",
        "accept",
        "dispatch",
    ]


async def test_action_on_an_old_version_names_the_winner(api: Api, ticket: int) -> None:
    taker = await api.as_user("call_taker")
    await taker.post(f"tickets/{ticket}/actions/accept", {"version": 1})
    status, told = await taker.post(f"tickets/{ticket}/actions/accept", {"version": 1})
    assert (status, told["code"], told["version"], told["state"]) == (409, "version_conflict", 2, "accepted")
    assert (told["winner"]["actor_name"], told["winner"]["event"]) == ("call_taker", "accept")


async def test_of_ten_at_once_one_wins(api: Api, ticket: int) -> None:
    taker = await api.as_user("call_taker")
    answers = await asyncio.gather(*(taker.post(f"tickets/{ticket}/actions/accept", {"version": 1}) for _ in range(10)))
    assert sorted(status for status, _ in answers) == [200] + [409] * 9


async def test_action_without_the_role_names_it(api: Api, ticket: int) -> None:
    verifier = await api.as_user("verifier")
    status, told = await verifier.post(f"tickets/{ticket}/actions/accept", {"version": 1})
    assert (status, told["code"]) == (403, "forbidden")
    assert "call_taker" in told["any_of"]
    assert told["missing_role"] in told["any_of"]


async def test_action_that_the_state_lacks_lists_what_it_has(api: Api, ticket: int) -> None:
    officer = await api.as_user("duty_officer")
    body = {"version": 1, "fields": {"lead": "urban", "co": []}}
    status, told = await officer.post(f"tickets/{ticket}/actions/dispatch", body)
    assert (status, told["code"], told["state"]) == (409, "transition_not_allowed", "new")
    assert "accept" in told["allowed"]


@pytest.mark.parametrize(
    ("event", "fields"), [("merge", {"survivor": 0}), ("link", {"ticket": 0, "relation": "neighbour"})]
)
async def test_action_touches_no_ticket_that_its_actor_cannot_see(
    api: Api, owner: Connection, ticket: int, event: str, fields: dict[str, object]
) -> None:
    hidden = await community.add_ticket(owner, WEST, number="I-2")
    for other in (hidden, 10**9):
        named = {name: other if value == 0 else value for name, value in fields.items()}
        body = {"version": 1, "reason": "同一处", "fields": named}
        status, told = await (await api.as_user("east")).post(f"tickets/{ticket}/actions/{event}", body)
        assert (status, told["code"]) == (404, "not_found"), told


async def test_malformed_action_says_which_field(api: Api, ticket: int) -> None:
    taker, officer = await api.as_user("call_taker"), await api.as_user("duty_officer")
    for body, loc in (
        ({}, ["body", "version"]),
        ({"version": "1"}, ["body", "version"]),
        ({"version": 1, "reason": "a\x00b"}, ["body", "reason"]),
        ({"version": 1, "fields": {"colour": "red"}}, ["body", "fields", "colour"]),
    ):
        status, told = await taker.post(f"tickets/{ticket}/actions/accept", body)
        assert (status, told["errors"][0]["loc"]) == (422, loc), told
    status, told = await taker.post(f"tickets/{ticket}/actions/explode", {"version": 1})
    assert (status, told["errors"][0]["loc"]) == (422, ["path", "event"])
    note = {"version": 1, "fields": {"text": "a\x00b"}}
    status, told = await officer.post(f"tickets/{ticket}/actions/note", note)
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "fields", "text"])


async def test_dispatch_to_nobody_that_exists_is_refused_by_a_rule(api: Api, ticket: int) -> None:
    taker, officer = await api.as_user("call_taker"), await api.as_user("duty_officer")
    await taker.post(f"tickets/{ticket}/actions/accept", {"version": 1})
    body = {"version": 2, "fields": {"lead": "nobody", "co": []}}
    status, told = await officer.post(f"tickets/{ticket}/actions/dispatch", body)
    assert (status, told["code"], told["guard"]) == (422, "guard_refused", "unknown_organisation")


async def test_ticket_of_another_area_does_not_exist(api: Api, ticket: int) -> None:
    west, east = await api.as_user("west"), await api.as_user("east")
    for path in (f"tickets/{ticket}", f"tickets/{ticket}/timeline"):
        assert (await west.get(path))[0] == 404
        assert (await east.get(path))[0] == 200
    assert (await west.post(f"tickets/{ticket}/actions/accept", {"version": 1}))[0] == 404
    assert (await west.get("tickets"))[1]["items"] == []
    assert [row["id"] for row in (await east.get("tickets"))[1]["items"]] == [ticket]
    assert (await west.get("incidents"))[1]["items"] == []
    assert len((await east.get("incidents"))[1]["items"]) == 1


async def test_unit_sees_and_signs_what_it_was_assigned_in_another_area(api: Api, ticket: int) -> None:
    taker, officer, unit = [await api.as_user(login) for login in ("call_taker", "duty_officer", "urban-handler")]
    assert (await unit.get(f"tickets/{ticket}"))[0] == 404
    await taker.post(f"tickets/{ticket}/actions/accept", {"version": 1})
    body = {"version": 2, "fields": {"lead": "urban", "co": []}}
    await officer.post(f"tickets/{ticket}/actions/dispatch", body)
    status, shown = await unit.get(f"tickets/{ticket}")
    assert status == 200
    assert (await unit.get(f"incidents/{shown['incident_id']}"))[0] == 200
    status, shown = await unit.post(f"tickets/{ticket}/actions/acknowledge", {"version": 3})
    assert (status, shown["state"]) == (200, "acknowledged"), shown


async def test_property_company_that_works_on_a_ticket_never_sees_who_reported(
    api: Api, owner: Connection, ticket: int
) -> None:
    await owner.execute(
        "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
        " VALUES ('wuye', 'property_manager', $1, 'wuye', 'wuye', 'office')",
        EAST,
    )
    # Whatever roles somebody gave it: neither handler nor call taker of a property manager learns who called.
    await community.add_user(owner, "wuye-handler", UserRole.DEPT_HANDLER, EAST, "wuye")
    await community.add_user(owner, "wuye-taker", UserRole.CALL_TAKER, EAST, "wuye")
    taker, officer = await api.as_user("call_taker"), await api.as_user("duty_officer")
    call = {
        "text": "我是三单元张三，楼下垃圾冒烟",
        "caller_name": "张三",
        "caller_phone": "13812345678",
        "area_id": EAST,
    }
    _, taken = await taker.post("hotline/calls", call, Idempotency_Key="call-1")
    async with owner.transaction():
        await tickets.join_report(owner, ticket, taken["id"], None, community.NOON)
    await taker.post(f"tickets/{ticket}/actions/accept", {"version": 1})
    await officer.post(f"tickets/{ticket}/actions/dispatch", {"version": 2, "fields": {"lead": "wuye", "co": []}})
    for login in ("wuye-handler", "wuye-taker", "committee"):
        client = await api.as_user(login)
        status, shown = await client.get(f"tickets/{ticket}")
        assert (status, shown["reports"], shown["report_count"]) == (200, [], 1)
        assert "张" not in str(shown) + str(await client.get(f"tickets/{ticket}/timeline"))
        assert (await client.get(f"hotline/calls/{taken['id']}"))[0] in (403, 404)
    (report,) = (await officer.get(f"tickets/{ticket}"))[1]["reports"]
    assert (report["caller_name"], report["caller_phone"]) == ("张**", "138****5678")


async def test_tickets_are_walked_page_by_page_in_both_orders(api: Api, owner: Connection) -> None:
    made = [await community.add_ticket(owner, EAST, number=f"I-{number}") for number in range(5)]
    client = await api.as_user("auditor")
    for order in ({}, {"open": "true"}):
        seen: list[int] = []
        cursor: dict[str, str] = {}
        while True:
            status, page = await client.get("tickets", limit=2, **order, **cursor)
            assert status == 200, page
            seen += [row["id"] for row in page["items"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert sorted(seen) == made
        assert len(seen) == 5


async def test_incident_shows_why_and_summary_counts_the_area(api: Api, owner: Connection) -> None:
    incident_id, _ = await community.add_incident(owner, EAST)
    await community.add_incident(owner, WEST, number="I-2")
    east, everywhere = await api.as_user("east"), await api.as_user("supervisor")
    status, shown = await east.get(f"incidents/{incident_id}")
    assert status == 200
    assert shown["explanation"]["base"] == {"likelihood": 3, "consequence": 3}
    assert (shown["links"], shown["aliases"], shown["ticket_id"]) == ([], [], None)
    assert (await east.get("incidents/summary"))[1]["open"] == 1
    counts = (await everywhere.get("incidents/summary"))[1]
    assert counts == {"open": 2, "final": 0, "merged": 0, "components": 2, "located": 0, "events": 2, "late": 0}
