"""A call is taken once, becomes an event of the log, and shows nobody who called."""

import asyncio
from typing import Any

import pytest

from events.model import event_uid
from runtime.pool import Connection
from tests.integration.dispatcher.api.community import EAST, IN_EAST, IN_WEST, OUTSIDE, WEST
from tests.integration.dispatcher.api.running import Api

CALL = {
    "text": "三单元楼道有烟味，我电话 13812345678",
    "caller_name": "张三",
    "caller_phone": "+86 138 1234 5678",
    "demand": "help",
    "kind": "outdoor_fire",
    "address": "东门垃圾房",
    "lon": IN_EAST.lon,
    "lat": IN_EAST.lat,
}


async def stored(owner: Connection) -> tuple[int, int]:
    calls = await owner.fetchval("SELECT count(*) FROM hotline_calls")
    events = await owner.fetchval("SELECT count(*) FROM events WHERE stream = 'hotline'")
    return calls, events


async def test_call_becomes_one_event_of_the_hotline_stream(api: Api, owner: Connection) -> None:
    client = await api.as_user("call_taker")
    status, taken = await client.post("hotline/calls", CALL, Idempotency_Key="call-1")
    assert (status, taken["duplicate"], taken["kind"], taken["area_id"]) == (201, False, "outdoor_fire", EAST)
    row = await owner.fetchrow("SELECT * FROM events WHERE stream = 'hotline'")
    assert row is not None
    assert row["uid"] == event_uid("hotline", "call-1") == bytes.fromhex(taken["uid"])
    assert (row["source"], row["source_class"], row["subject"], row["severity"]) == (
        "hotline",
        "hotline",
        f"call:{taken['id']}",
        3,
    )
    assert row["area_path"] == ["city", "district", EAST]
    assert row["x_dm"] is not None
    assert row["time_quality"] == "received"
    assert "张" not in str(row["body"])


async def test_repeat_with_the_same_content_is_a_duplicate(api: Api, owner: Connection) -> None:
    client = await api.as_user("call_taker")
    _, first = await client.post("hotline/calls", CALL, Idempotency_Key="call-1")
    status, again = await client.post("hotline/calls", {**CALL, "idempotency_key": "call-1"})
    # The code is told once: only its hash is kept.
    assert (status, again) == (200, {**first, "duplicate": True, "code": None})
    assert await stored(owner) == (1, 1)


async def test_repeat_with_other_content_is_a_conflict(api: Api, owner: Connection) -> None:
    client = await api.as_user("call_taker")
    await client.post("hotline/calls", CALL, Idempotency_Key="call-1")
    status, told = await client.post("hotline/calls", {**CALL, "text": "不同"}, Idempotency_Key="call-1")
    assert (status, told["code"]) == (409, "idempotency_conflict")
    assert await stored(owner) == (1, 1)


async def test_twenty_at_once_with_one_key_are_one_call(api: Api, owner: Connection) -> None:
    client = await api.as_user("call_taker")
    answers = await asyncio.gather(*(client.post("hotline/calls", CALL, Idempotency_Key="call-1") for _ in range(20)))
    assert sorted(status for status, _ in answers) == [200] * 19 + [201]
    assert len({answer["id"] for _, answer in answers}) == 1
    assert await stored(owner) == (1, 1)


async def test_call_without_a_key_is_refused(api: Api) -> None:
    client = await api.as_user("call_taker")
    status, told = await client.post("hotline/calls", CALL)
    assert (status, told["errors"][0]["loc"]) == (422, ["header", "Idempotency-Key"])
    status, told = await client.post("hotline/calls", {**CALL, "idempotency_key": "a"}, Idempotency_Key="b")
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "idempotency_key"])


async def test_malformed_call_says_which_field(api: Api, owner: Connection) -> None:
    client = await api.as_user("call_taker")
    changes: tuple[tuple[dict[str, Any], str | None], ...] = (
        ({"text": "a\x00b"}, "text"),
        ({"text": ""}, "text"),
        ({"text": "x" * 8001}, "text"),
        ({"address": "a\x00b"}, "address"),
        ({"caller_phone": "call me"}, "caller_phone"),
        ({"kind": "no_such_kind"}, "kind"),
        ({"area_id": "nowhere"}, "area_id"),
        ({"lat": None}, None),
        ({"lon": 181.0}, "lon"),
        ({"lon": "104"}, "lon"),
        ({"demand": "everything"}, "demand"),
        ({"occurred_at": "2026-11-22T12:00:00"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00Z"}, "occurred_at"),
        ({"colour": "red"}, "colour"),
    )
    for change, loc in changes:
        status, told = await client.post("hotline/calls", {**CALL, **change}, Idempotency_Key="call-1")
        assert (status, told["code"]) == (422, "invalid_request"), change
        assert told["errors"][0]["loc"] == (["body"] if loc is None else ["body", loc])
    assert await stored(owner) == (0, 0)


async def test_call_gets_kind_and_area_from_what_it_says(api: Api) -> None:
    client = await api.as_user("call_taker")
    calls: tuple[tuple[dict[str, Any], str, str], ...] = (
        ({}, "outdoor_fire", EAST),
        ({"kind": None}, "unclassified", EAST),
        ({"lon": IN_WEST.lon, "area_id": EAST}, "outdoor_fire", WEST),
        ({"lon": None, "lat": None, "area_id": WEST}, "outdoor_fire", WEST),
        ({"lon": None, "lat": None, "address": None}, "unclassified", "city"),
        ({"lon": OUTSIDE.lon, "lat": OUTSIDE.lat}, "outdoor_fire", "city"),
    )
    for number, (change, kind, area_id) in enumerate(calls):
        status, taken = await client.post("hotline/calls", {**CALL, **change}, Idempotency_Key=f"call-{number}")
        assert (status, taken["kind"], taken["area_id"]) == (201, kind, area_id), change


@pytest.mark.parametrize(
    ("occurred_at", "quality"),
    [
        ("2026-11-22T11:00:00Z", "device"),
        ("2026-11-22T19:30:00+08:00", "device"),
        ("2016-11-22T11:00:00Z", "bad"),
        ("2026-11-22T13:00:00Z", "bad"),
    ],
)
async def test_time_of_a_call_is_believed_within_two_days(
    exercise_api: Api, owner: Connection, occurred_at: str, quality: str
) -> None:
    client = await exercise_api.as_user("call_taker")
    call = {**CALL, "occurred_at": occurred_at}
    assert (await client.post("hotline/calls", call, Idempotency_Key="call-1"))[0] == 201
    row = await owner.fetchrow("SELECT effective_at, observed_at, received_at, time_quality FROM events")
    assert row is not None
    assert row["time_quality"] == quality
    assert row["effective_at"] == (row["observed_at"] if quality == "device" else row["received_at"])


async def test_call_is_read_with_the_caller_masked_and_within_the_area(api: Api) -> None:
    taker = await api.as_user("call_taker")
    _, taken = await taker.post("hotline/calls", CALL, Idempotency_Key="call-1")
    _, hidden = await taker.post("hotline/calls", {**CALL, "confidential": True}, Idempotency_Key="call-2")
    status, call = await taker.get(f"hotline/calls/{taken['id']}")
    assert status == 200
    assert (call["caller_name"], call["caller_phone"]) == ("张**", "861******5678")
    assert "13812345678" not in str(call)
    _, secret = await taker.get(f"hotline/calls/{hidden['id']}")
    assert (secret["caller_name"], secret["caller_phone"]) == (None, None)
    assert (await (await api.as_user("east")).get(f"hotline/calls/{taken['id']}"))[0] == 200
    assert (await (await api.as_user("west")).get(f"hotline/calls/{taken['id']}"))[0] == 404
    assert (await (await api.as_user("committee")).get(f"hotline/calls/{taken['id']}"))[0] == 403


async def test_unit_complained_of_is_named_and_reads_no_call_about_itself(api: Api, owner: Connection) -> None:
    taker = await api.as_user("call_taker")
    status, told = await taker.post("hotline/calls", {**CALL, "complained_of": "nobody"}, Idempotency_Key="call-0")
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "complained_of"])
    await owner.execute(
        "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
        " VALUES ('accused', 'utility', $1, '被投诉单位', 'x', 'always')",
        EAST,
    )
    _, taken = await taker.post("hotline/calls", {**CALL, "complained_of": "accused"}, Idempotency_Key="call-1")
    path = f"hotline/calls/{taken['id']}"
    assert (await taker.get(path))[1]["complained_of"] == "accused"
    await owner.execute("UPDATE users SET organisation_id = 'accused' WHERE login = 'supervisor'")
    assert (await (await api.as_user("supervisor")).get(path))[0] == 404


async def test_call_taker_is_told_what_to_ask_and_notes_it_down(api: Api, owner: Connection) -> None:
    client = await api.as_user("call_taker")
    status, taken = await client.post("hotline/calls", {"text": "路灯不亮", "area_id": EAST}, Idempotency_Key="call-1")
    assert (status, taken["missing"]) == (201, ["who", "when", "where", "wanted"])
    assert [each["element"] for each in taken["ask"]] == taken["missing"]
    assert "地址" in taken["ask"][2]["zh_text"]
    path = f"hotline/calls/{taken['id']}"
    status, still = await client.post(f"{path}/supplements", {"element": "where", "text": "东一路3号"})
    assert (status, still["missing"]) == (200, ["who", "when", "wanted"])
    await client.post(f"{path}/supplements", {"element": "who", "text": "张三丰 13812345678"})
    status, shown = await client.get(path)
    assert (status, shown["missing"]) == (200, ["when", "wanted"])
    assert [each["text"] for each in shown["supplements"]] == ["东一路3号", "张**"]
    assert await owner.fetchval("SELECT missing::text[] FROM hotline_calls") == taken["missing"]  # never changed
    status, told = await client.post(f"{path}/supplements", {"element": "why", "text": "x"})
    assert (status, told["errors"][0]["loc"]) == (422, ["body", "element"])
    assert (await client.post("hotline/calls/987654/supplements", {"element": "who", "text": "x"}))[0] == 404


async def test_anonymous_caller_is_not_asked_who(api: Api) -> None:
    client = await api.as_user("call_taker")
    _, taken = await client.post(
        "hotline/calls", {"text": "x", "area_id": EAST, "anonymous": True}, Idempotency_Key="call-1"
    )
    assert "who" not in taken["missing"]


async def test_danger_to_life_stands_in_the_event_that_the_grade_follows(api: Api, owner: Connection) -> None:
    client = await api.as_user("call_taker")
    _, calm = await client.post("hotline/calls", CALL, Idempotency_Key="call-1")
    _, grave = await client.post("hotline/calls", {**CALL, "urgency": "life_danger"}, Idempotency_Key="call-2")
    assert (calm["urgency"], grave["urgency"]) == ("ordinary", "life_danger")
    rows = await owner.fetch("SELECT severity, body -> 'life_at_risk' AS life FROM events ORDER BY seq")
    assert [(row["severity"], row["life"]) for row in rows] == [(3, None), (4, True)]


async def test_key_of_a_call_taken_before_there_was_urgency_still_fits(api: Api) -> None:
    client = await api.as_user("call_taker")
    await client.post("hotline/calls", CALL, Idempotency_Key="call-1")
    status, _ = await client.post("hotline/calls", {**CALL, "urgency": "ordinary"}, Idempotency_Key="call-1")
    assert status == 200
    status, _ = await client.post("hotline/calls", {**CALL, "urgency": "urgent"}, Idempotency_Key="call-1")
    assert status == 409


async def test_caller_history_is_of_one_matter_and_the_look_is_recorded(api: Api, owner: Connection) -> None:
    client = await api.as_user("call_taker")
    calls: tuple[dict[str, Any], ...] = (
        CALL,
        {**CALL, "caller_phone": "13812345678"},
        {**CALL, "kind": "streetlight_out"},
        {**CALL, "confidential": True},
        {**CALL, "caller_phone": "13912345678"},
    )
    taken = [
        (await client.post("hotline/calls", call, Idempotency_Key=f"call-{number}"))[1]
        for number, call in enumerate(calls)
    ]
    await owner.execute(
        "UPDATE hotline_calls SET received_at = received_at - interval '91 days' WHERE id = $1", taken[0]["id"]
    )
    asked = {"caller_phone": "+86 138-1234-5678", "kind": "outdoor_fire"}
    status, told = await client.post("hotline/call-history", asked)
    assert (status, [each["id"] for each in told["items"]]) == (200, [taken[1]["id"]])
    assert "text" not in told["items"][0]
    look = await owner.fetchrow("SELECT purpose::text, found FROM caller_looks")
    assert look is not None
    assert tuple(look) == ("call_history", [taken[1]["id"]])
    verifier = await api.as_user("verifier")
    assert (await verifier.post("hotline/call-history", asked))[0] == 403
