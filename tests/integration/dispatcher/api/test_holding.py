"""Handing tickets on inside a unit, and the saved views of persons and subdistricts."""

from typing import Any

import pytest

from dispatcher.accounts.model import UserRole
from runtime.pool import Connection
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.running import Api, Client


async def act(client: Client, ticket_id: int, event: str, reason: str = "理由", **fields: Any) -> dict[str, Any]:
    _, ticket = await client.get(f"tickets/{ticket_id}")
    body = {"version": ticket["version"], "reason": reason, "fields": fields}
    status, told = await client.post(f"tickets/{ticket_id}/actions/{event}", body)
    assert status == 200, told
    found: dict[str, Any] = told
    return found


@pytest.fixture
async def dispatched(api: Api, owner: Connection) -> int:
    """A ticket that urban management leads, unsigned."""
    ticket_id = await community.add_ticket(owner, community.EAST)
    officer = await api.as_user("duty_officer")
    await act(officer, ticket_id, "accept")
    await act(officer, ticket_id, "dispatch", lead="urban")
    return ticket_id


async def listed(client: Client, **asked: str) -> list[int]:
    status, page = await client.get("tickets", **asked)
    assert status == 200, page
    return [row["id"] for row in page["items"]]


async def user_id(owner: Connection, login: str) -> int:
    found: int = await owner.fetchval("SELECT id FROM users WHERE login = $1", login)
    return found


async def test_unit_hands_a_ticket_on_and_nothing_but_the_holder_changes(
    api: Api, owner: Connection, dispatched: int
) -> None:
    colleague = await community.add_user(owner, "urban-crew", UserRole.FIELD_UNIT, community.WEST, "urban")
    handler, crew = await api.as_user("urban-handler"), await api.as_user("urban-crew")
    _, before = await handler.get(f"tickets/{dispatched}")
    status, after = await handler.post(f"tickets/{dispatched}/holder", {"user_id": colleague, "office": "三中队"})
    assert status == 200
    (held,) = after["holders"]
    assert (held["person"], held["office"], held["organisation"]["id"]) == ("urban-crew", "三中队", "urban")
    same = ("version", "state", "due_at", "clocks", "assignments")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    for open_only in ("true", "false"):
        asked = {"view": "mine", **({"open": "true"} if open_only == "true" else {})}
        assert await listed(crew, **asked) == [dispatched]
        assert await listed(handler, **asked) == []
    status, lines = await handler.get(f"tickets/{dispatched}/timeline")
    assert lines["items"][-1]["entry"] == "held"
    # On to somebody else: there is one holder a unit.
    handed = {"user_id": await user_id(owner, "urban-handler")}
    assert (await handler.post(f"tickets/{dispatched}/holder", handed))[0] == 200
    assert (await listed(crew, view="mine"), await listed(handler, view="mine")) == ([], [dispatched])


async def test_only_the_unit_of_a_ticket_hands_it_on_and_only_to_its_own(
    api: Api, owner: Connection, dispatched: int
) -> None:
    await community.add_user(owner, "fire-head", UserRole.DEPT_HEAD, community.CITY, "fire")
    foreign, handler = await api.as_user("fire-head"), await api.as_user("urban-handler")
    path = f"tickets/{dispatched}/holder"
    assert (await foreign.post(path, {"office": "一中队"}))[0] == 422
    assert (await handler.post(path, {"user_id": await user_id(owner, "fire-head")}))[0] == 422
    assert (await handler.post(path, {}))[0] == 422
    assert (await (await api.as_user("committee")).post(path, {"office": "网格"}))[0] == 403
    _, shown = await handler.get(f"tickets/{dispatched}")
    assert shown["holders"] == []


async def test_views_of_a_unit_show_its_inbox_what_it_leads_and_what_it_called(
    api: Api, owner: Connection, dispatched: int
) -> None:
    await owner.execute(
        "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
        " VALUES ('street', 'subdistrict', $1, 'street', 'street', 'always')",
        community.DISTRICT,
    )
    await community.add_user(owner, "street", UserRole.SUBDISTRICT, community.DISTRICT, "street")
    handler, street = await api.as_user("urban-handler"), await api.as_user("street")
    views = ("inbox", "led", "called")
    assert [await listed(handler, view=view) for view in views] == [[dispatched], [dispatched], []]
    assert [await listed(street, view=view) for view in views] == [[], [], []]
    await act(handler, dispatched, "acknowledge")
    assert [await listed(handler, view=view) for view in views] == [[], [dispatched], []]
    # 吹哨: the subdistrict calls a department; what it called stands in its view.
    converted = await act(street, dispatched, "convert", level=3, cause="反复发生")
    joint = await owner.fetchval("SELECT other_id FROM ticket_links WHERE ticket_id = $1", converted["id"])
    await act(street, joint, "admit", level=3)
    await act(street, joint, "assign_lead", lead="urban")
    assert set(await listed(street, view="called")) == {dispatched, joint}
    assert await listed(street, view="led") == []
