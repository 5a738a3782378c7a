"""Messages over HTTP: who sees which, who may answer, contact points that prove themselves, receipts of gateways."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from dispatcher.api.keys import CLOCK
from dispatcher.channels import contact_points, messages, planning, signing
from dispatcher.channels.model import Addressee, Caller, Organisation, User
from dispatcher.channels.ways import real_now
from runtime.pool import Connection
from tests.harness.postgres import Database
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import EAST, NOON, WEST
from tests.integration.dispatcher.api.running import Api, running_api

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()
REMINDER: dict[str, Any] = {"number": "CR-20261122-00001", "place": "3-1", "clock": "签收时限", "due_at": NOON}


async def user(owner: Connection, login: str) -> User:
    return User(await owner.fetchval("SELECT id FROM users WHERE login = $1", login))


async def tell(
    api: Api, to: Addressee, key: str, *, ticket_id: int | None = None, topic: str = "ticket.reminder"
) -> int:
    fields: dict[str, Any] = REMINDER if topic == "ticket.reminder" else {"number": "CR-20261122-00001"}
    async with api.pool.acquire() as conn, conn.transaction():
        return await messages.send(
            conn, key=key, to=to, ticket_id=ticket_id, topic=topic, grade=2, fields=fields, at=NOON
        )


async def point(api: Api, to: User | Organisation, channel: str = "sms", address: str = "13800138000") -> int:
    async with api.pool.acquire() as conn:
        return await contact_points.add(conn, owner=to, channel=channel, address=address, verified=True, at=NOON)


async def seen(api: Api, login: str, **filters: Any) -> set[int]:
    status, page = await (await api.as_user(login)).get("messages", **filters)
    assert status == 200, page
    return {item["id"] for item in page["items"]}


async def test_one_sees_one_s_own_and_the_desk_its_area(api: Api, owner: Connection) -> None:
    handler, head = await user(owner, "urban-handler"), await user(owner, "dept_head")
    in_east, in_west = await community.add_ticket(owner, EAST), await community.add_ticket(owner, WEST, number="I-2")
    own = await tell(api, handler, "own", ticket_id=in_east)
    unit = await tell(api, Organisation("urban"), "unit", ticket_id=in_east)
    other = await tell(api, head, "other", ticket_id=in_west)
    assert await seen(api, "urban-handler") == {own, unit}
    assert await seen(api, "dept_head") == {other}
    assert await seen(api, "east") == {own, unit}
    assert await seen(api, "west") == {other}
    assert await seen(api, "shift_leader") == {own, unit, other}
    assert await seen(api, "committee") == set()
    assert await seen(api, "shift_leader", ticket=in_east) == {own, unit}
    assert await seen(api, "shift_leader", user=handler.user_id) == {own}
    assert await seen(api, "shift_leader", organisation="urban") == {unit}
    assert await seen(api, "shift_leader", state="reached") == set()
    assert await seen(api, "shift_leader", state="unreached") == {own, unit, other}


async def test_pages_of_messages_follow_each_other(api: Api, owner: Connection) -> None:
    handler = await user(owner, "urban-handler")
    told = [await tell(api, handler, f"k{n}") for n in range(5)]
    client, found, cursor = await api.as_user("urban-handler"), [], None
    while True:
        _, page = await client.get("messages", limit=2, **({"cursor": cursor} if cursor else {}))
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == told[::-1]


async def test_what_callers_are_told_is_seen_by_no_neighbour_and_shows_no_number(api: Api, owner: Connection) -> None:
    call_id = await owner.fetchval(
        "INSERT INTO hotline_calls (idempotency_key, content_hash, received_at, text, caller_phone, anonymous,"
        " confidential) VALUES ('a', $1, $2, 'x', '13800138000', false, false) RETURNING id",
        bytes(8),
        NOON,
    )
    ticket_id = await community.add_ticket(owner, EAST)
    message_id = await tell(api, Caller(call_id), "call", ticket_id=ticket_id, topic="callback.text")
    await owner.execute("UPDATE users SET roles = '{committee,duty_officer}' WHERE login = 'committee'")
    assert await seen(api, "committee") == set()
    assert await seen(api, "duty_officer") == {message_id}
    _, told = await (await api.as_user("duty_officer")).get(f"messages/{message_id}")
    assert told["to_caller"] is True
    assert told["attempts"][0]["address"] == "138****8000"
    assert "13800138000" not in str(told)


async def test_a_message_tells_every_step_of_every_attempt_and_why_it_waited(api: Api, owner: Connection) -> None:
    handler = await user(owner, "urban-handler")
    await point(api, handler)
    await point(api, handler, "mail", "wang@example.org")
    message_id = await tell(api, handler, "k")
    await owner.execute(
        "INSERT INTO message_holds SELECT $1, $2, $3, 'quiet_hours', min(id) FROM contact_points",
        message_id,
        NOON,
        NOON + timedelta(hours=1),
    )
    client = await api.as_user("urban-handler")
    status, told = await client.get(f"messages/{message_id}")
    assert status == 200
    assert [(each["channel"], each["address"]) for each in told["attempts"]] == [
        ("sms", "138****8000"),
        ("mail", "w***@example.org"),
    ]
    assert [step["state"] for step in told["attempts"][0]["states"]] == ["queued"]
    assert told["holds"][0]["reason"] == "quiet_hours"
    assert (await (await api.as_user("shift_leader")).get(f"messages/{message_id}"))[0] == 200
    # The unit answers for the district: it does not lie in the community.
    assert (await (await api.as_user("west")).get(f"messages/{message_id}"))[0] == 404
    assert (await (await api.as_user("committee")).get(f"messages/{message_id}"))[0] == 404


async def test_only_whom_it_is_for_can_answer(api: Api, owner: Connection) -> None:
    handler = await user(owner, "urban-handler")
    message_id = await tell(api, handler, "k")
    assert (await (await api.as_user("shift_leader")).post(f"messages/{message_id}/answer"))[0] == 403
    assert (await (await api.as_user("dept_head")).post(f"messages/{message_id}/answer"))[0] == 404
    status, told = await (await api.as_user("urban-handler")).post(f"messages/{message_id}/answer")
    assert (status, told["state"], told["answered_by"]) == (200, "answered", handler.user_id)
    assert (await (await api.as_user("urban-handler")).post(f"messages/{message_id}/answer"))[0] == 200


async def test_a_contact_point_is_used_once_its_code_came_back(api: Api, owner: Connection) -> None:
    client = await api.as_user("urban-handler")
    handler = await user(owner, "urban-handler")
    status, made = await client.post("contact-points", {"channel": "sms", "address": "13800138000"})
    assert (status, made["address"], made["verified_at"]) == (201, "138****8000", None)
    path = f"contact-points/{made['id']}"
    assert (await client.post(f"{path}/test"))[0] == 202
    at = api.app[CLOCK].now() + timedelta(seconds=1)
    async with api.pool.acquire() as conn, conn.transaction():
        assert (await planning.plan_due(conn, at))[1] == 1
    code = await owner.fetchval("SELECT code FROM contact_points")
    assert code in await owner.fetchval("SELECT body->>'text' FROM outbox")
    # Whoever entered a number that is not his own does not read here what was sent to it.
    message_id = await owner.fetchval("SELECT id FROM messages")
    _, told = await client.get(f"messages/{message_id}")
    assert "******" in told["attempts"][0]["text"]
    assert code not in json.dumps(told)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert await client.post(f"{path}/verify", {"code": wrong}) == (200, {"verified": False})
    assert await client.post(f"{path}/verify", {"code": code}) == (200, {"verified": True})
    await tell(api, handler, "k")
    assert await owner.fetchval("SELECT count(*) FROM outbox") == 2
    status, gone = await client.post(f"{path}/disable")
    assert (status, gone["enabled"]) == (200, False)
    await tell(api, handler, "k2")
    assert await owner.fetchval("SELECT count(*) FROM outbox") == 2


async def test_a_code_is_worth_five_guesses(api: Api, owner: Connection) -> None:
    client = await api.as_user("urban-handler")
    _, made = await client.post("contact-points", {"channel": "sms", "address": "13800138000"})
    await client.post(f"contact-points/{made['id']}/test")
    code = await owner.fetchval("SELECT code FROM contact_points")
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        await client.post(f"contact-points/{made['id']}/verify", {"code": wrong})
    assert await client.post(f"contact-points/{made['id']}/verify", {"code": code}) == (200, {"verified": False})


async def test_contact_points_are_kept_by_their_owner_the_head_and_the_engineer(api: Api, owner: Connection) -> None:
    await owner.execute("UPDATE users SET organisation_id = 'urban' WHERE login = 'dept_head'")
    handler, head = await api.as_user("urban-handler"), await api.as_user("dept_head")
    engineer, other = await api.as_user("engineer"), await api.as_user("east")
    robot = {"organisation": "urban", "channel": "dingtalk", "address": "a" * 64}
    assert (await handler.post("contact-points", robot))[0] == 403
    assert (await other.post("contact-points", robot))[0] == 403
    status, made = await head.post("contact-points", robot)
    assert (status, made["address"]) == (201, "***aaaa")
    assert (await engineer.post("contact-points", robot))[0] == 422  # stands already
    for client, expected in ((handler, 404), (other, 404), (head, 200), (engineer, 200)):
        assert (await client.post(f"contact-points/{made['id']}/disable"))[0] == expected
    assert (await head.get("contact-points", organisation="urban"))[1]["items"][0]["id"] == made["id"]
    assert (await handler.get("contact-points"))[1]["items"] == []
    assert (await other.get("contact-points", organisation="urban"))[0] == 403
    assert (await other.get("contact-points", user=1))[0] == 403


@pytest.mark.parametrize(
    "asked",
    [
        {"channel": "pigeon", "address": "x"},
        {"channel": "sms", "address": "not a number"},
        {"channel": "mail", "address": "nobody"},
        {"channel": "webhook", "address": "ftp://example.org/", "secret": SECRET},
        {"channel": "webhook", "address": "https://example.org/"},
        {"channel": "sms", "address": "13800138000", "quiet_from": "22:00"},
        {"channel": "sms", "address": "13800138000", "quiet_from": "22:00", "quiet_to": "22:00"},
        {"channel": "sms", "address": "13800138000", "organisation": "nowhere"},
    ],
    ids=str,
)
async def test_a_contact_point_that_cannot_be_is_refused(api: Api, asked: dict[str, Any]) -> None:
    status, _ = await (await api.as_user("engineer")).post("contact-points", asked)
    assert status == 422


@pytest.fixture
async def gateway_api(database: Database, owner: Connection, tmp_path: Path) -> AsyncIterator[Api]:
    """As `api`, with a gateway for text messages."""
    await community.build(owner)
    async with running_api(database, tmp_path / "home", sms_url="http://127.0.0.1:9/", sms_secret=SECRET) as api:
        yield api


async def test_a_gateway_tells_what_became_of_a_message(gateway_api: Api, owner: Connection) -> None:
    api = gateway_api
    handler = await user(owner, "urban-handler")
    point_id = await point(api, handler)
    message_id = await tell(api, handler, "k")
    told = {"receipts": [{"id": f"message-{message_id}-{point_id}", "state": "delivered"}]}

    async def post(body: dict[str, Any], secret: str = SECRET, channel: str = "sms") -> tuple[int, Any]:
        raw = orjson.dumps(body)
        headers = {**signing.headers(secret, "call-1", real_now(), raw), "Content-Type": "application/json"}
        async with api.http.post(f"/api/v1/message-receipts/{channel}", data=raw, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    assert await post(told) == (200, {"new": 1})
    assert await post(told) == (200, {"new": 0})
    assert await owner.fetchval("SELECT state::text FROM messages") == "reached"
    assert (await post({"receipts": [{"id": "message-9-9", "state": "delivered"}]}))[0] == 404
    other = "whsec_" + base64.b64encode(b"another secret of 32 bytes .....").decode()
    assert (await post(told, secret=other))[0] == 401
    assert (await post(told, channel="voice"))[0] == 401
    assert (await api.nobody.post("message-receipts/sms", told))[0] == 401
