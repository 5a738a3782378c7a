"""Orders of another 12345 system: signed, taken once, with the limit that it promised."""

import base64
import hashlib
import hmac
from typing import Any

import orjson
import pytest

from runtime.pool import Connection
from tests.integration.dispatcher.api.community import CITY, EAST, IN_EAST
from tests.integration.dispatcher.api.running import Api

KEY = b"s" * 32
ORDERS = "/api/v1/exchange/city-12345/orders"
ORDER: dict[str, Any] = {
    "number": "2026-000123",
    "text": "路灯不亮",
    "wanted": "修好",
    "caller_phone": "13812345678",
    "address": "东一路3号",
    "lon": IN_EAST.lon,
    "lat": IN_EAST.lat,
    "kind": "streetlight_out",
    "demand": "help",
    "due_at": "2026-12-01T10:00:00+08:00",
}


@pytest.fixture(autouse=True)
async def _partner(api: Api, owner: Connection) -> None:
    del api  # The community stands before its partner.
    for partner in ("city-12345", "other"):
        await owner.execute(
            "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
            " VALUES ($1, 'external_unit', $2, $1, $1, 'always')",
            partner,
            CITY,
        )
        await owner.execute(
            "INSERT INTO exchange_partners (id, organisation_id, area_id, secret) VALUES ($1, $1, $2, $3)",
            partner,
            CITY,
            "whsec_" + base64.b64encode(KEY if partner == "city-12345" else b"o" * 32).decode(),
        )


async def headers(owner: Connection, content: bytes, *, key: bytes = KEY, age_s: int = 0) -> dict[str, str]:
    now: int = await owner.fetchval("SELECT extract(epoch FROM clock_timestamp())::bigint")
    timestamp = str(now - age_s)
    signed = hmac.new(key, f"m1.{timestamp}.".encode() + content, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": "m1",
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


async def post(api: Api, owner: Connection, order: dict[str, Any], path: str = ORDERS, **how: Any) -> tuple[int, Any]:
    body = orjson.dumps(order)
    async with api.http.post(path, data=body, headers=await headers(owner, body, **how)) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_order_becomes_a_call_once(api: Api, owner: Connection) -> None:
    status, taken = await post(api, owner, ORDER)
    assert (status, taken["area_id"], taken["kind"], taken["missing"]) == (201, EAST, "streetlight_out", ["when"])
    assert taken["number"].startswith("HR-")
    status, again = await post(api, owner, ORDER)
    assert (status, again) == (200, {**taken, "duplicate": True, "code": None})
    assert await owner.fetchval("SELECT count(*) FROM hotline_calls") == 1
    row = await owner.fetchrow("SELECT taken_by, external_due_at FROM hotline_calls")
    assert row is not None
    assert (row["taken_by"], row["external_due_at"].isoformat()) == (None, "2026-12-01T02:00:00+00:00")
    status, told = await post(api, owner, {**ORDER, "text": "另一件事"})
    assert (status, told["code"]) == (409, "idempotency_conflict")


async def test_same_number_of_two_partners_is_two_orders(api: Api, owner: Connection) -> None:
    await post(api, owner, ORDER)
    status, _ = await post(api, owner, ORDER, "/api/v1/exchange/other/orders", key=b"o" * 32)
    assert status == 201
    assert await owner.fetchval("SELECT count(*) FROM exchange_orders") == 2


async def test_unsigned_forged_old_and_foreign_messages_change_nothing(api: Api, owner: Connection) -> None:
    tries: tuple[tuple[str, dict[str, Any]], ...] = (
        (ORDERS, {"key": b"wrong"}),
        (ORDERS, {"age_s": 400}),
        (ORDERS, {"age_s": -400}),
        ("/api/v1/exchange/other/orders", {}),
        ("/api/v1/exchange/nobody/orders", {}),
    )
    for path, how in tries:
        status, told = await post(api, owner, ORDER, path, **how)
        assert (status, told["code"]) == (401, "unauthenticated"), (path, how)
    assert (await api.nobody.post(ORDERS, ORDER))[0] == 401
    good = await headers(owner, orjson.dumps(ORDER))
    async with api.http.post(ORDERS, data=orjson.dumps({**ORDER, "text": "x"}), headers=good) as answer:
        assert answer.status == 401
    await owner.execute("UPDATE exchange_partners SET enabled = false WHERE id = 'city-12345'")
    assert (await post(api, owner, ORDER))[0] == 401
    assert await owner.fetchval("SELECT count(*) FROM hotline_calls") == 0


async def test_partner_asks_how_its_own_order_stands(api: Api, owner: Connection) -> None:
    _, taken = await post(api, owner, ORDER)
    path = f"{ORDERS}/{ORDER['number']}"
    async with api.http.get(path, headers=await headers(owner, path.encode())) as answer:
        shown = await answer.json()
        assert (answer.status, shown["number"], shown["state"]) == (200, taken["number"], "received")
        assert shown["external_due_at"] == "2026-12-01T02:00:00Z"
        assert "138" not in str(shown)
    foreign = f"/api/v1/exchange/other/orders/{ORDER['number']}"
    async with api.http.get(foreign, headers=await headers(owner, foreign.encode(), key=b"o" * 32)) as answer:
        assert answer.status == 404
    async with api.http.get(path, headers=await headers(owner, b"")) as answer:
        assert answer.status == 401


async def test_malformed_order_says_which_field(api: Api, owner: Connection) -> None:
    for change, loc in (
        ({"number": "a b"}, ["body", "number"]),
        ({"text": ""}, ["body", "text"]),
        ({"due_at": "2026-12-01T10:00:00"}, ["body", "due_at"]),
        ({"lat": None}, ["body"]),
        ({"kind": "no_such_kind"}, ["body", "kind"]),
    ):
        status, told = await post(api, owner, {**ORDER, **change})
        assert (status, told["errors"][0]["loc"]) == (422, loc), told
