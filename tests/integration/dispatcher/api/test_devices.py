"""Registering, revoking and reading devices, each within its area."""

import shlex

import orjson
import pytest

from dispatcher.api.examples import example_report
from dispatcher.api.keys import SETTINGS
from registry.credentials import secret_hmac
from runtime.pool import Connection
from runtime.settings import DEVICE_KEY
from sensors.registry import DEVICE_TYPES
from tests.integration.dispatcher.api.community import EAST, IN_EAST, NOON, WEST
from tests.integration.dispatcher.api.running import Api

BIN = {
    "product": "waste_bin",
    "name": "bin-1",
    "area_id": EAST,
    "lon": IN_EAST.lon,
    "lat": IN_EAST.lat,
    "place": "东门",
}


async def test_device_is_registered_with_a_credential_told_once(api: Api, owner: Connection) -> None:
    client = await api.as_user("engineer")
    status, made = await client.post("devices", BIN)
    assert status == 201
    credential, device = made["credential"], made["device"]
    assert (credential["user_name"], credential["client_id"]) == ("bin-1&waste_bin", "waste_bin-bin-1")
    key = api.app[SETTINGS].layout.key(DEVICE_KEY)
    kept = await owner.fetchval("SELECT secret_hmac FROM devices WHERE id = $1", device["id"])
    assert kept == secret_hmac(key, credential["password"])
    line = shlex.split(credential["example"])
    assert line[0] == "mosquitto_pub"
    assert line[line.index("-P") + 1] == credential["password"]
    assert orjson.loads(line[line.index("-m") + 1])["params"]
    assert (await client.get(f"devices/{device['id']}"))[1] == device
    assert credential["password"] not in str(await client.get("devices"))


async def test_device_of_a_taken_name_or_unknown_product_is_refused(api: Api) -> None:
    client = await api.as_user("engineer")
    await client.post("devices", BIN)
    status, told = await client.post("devices", BIN)
    assert (status, told["code"]) == (409, "already_exists")
    for change, field in (
        ({"product": "teapot"}, "product"),
        ({"area_id": "nowhere"}, "area_id"),
        ({"name": "a&b"}, "name"),
    ):
        status, told = await client.post("devices", {**BIN, "name": "other", **change})
        assert (status, told["errors"][0]["loc"]) == (422, ["body", field])


async def test_engineer_of_one_area_registers_and_sees_only_there(api: Api, owner: Connection) -> None:
    from dispatcher.accounts.model import UserRole  # noqa: PLC0415
    from tests.integration.dispatcher.api import community  # noqa: PLC0415

    await community.add_user(owner, "west-engineer", UserRole.ENGINEER, WEST)
    everywhere, west = await api.as_user("engineer"), await api.as_user("west-engineer")
    _, made = await everywhere.post("devices", BIN)
    status, told = await west.post("devices", {**BIN, "name": "bin-2"})
    assert (status, told["missing_area"]) == (403, EAST)
    assert (await west.get(f"devices/{made['device']['id']}"))[0] == 404
    assert (await west.get(f"devices/{made['device']['id']}/readings"))[0] == 404
    assert (await west.post(f"devices/{made['device']['id']}/revoke"))[0] == 404
    assert (await west.get("devices"))[1]["items"] == []
    assert (await everywhere.get("devices", area=WEST))[1]["items"] == []


async def test_revoked_device_stays_visible_and_disabled(api: Api) -> None:
    client = await api.as_user("engineer")
    _, made = await client.post("devices", BIN)
    status, device = await client.post(f"devices/{made['device']['id']}/revoke")
    assert (status, device["enabled"]) == (200, False)
    assert (await client.post(f"devices/{made['device']['id']}/revoke"))[0] == 200


async def test_devices_are_walked_page_by_page(api: Api) -> None:
    client = await api.as_user("engineer")
    for number in range(5):
        await client.post("devices", {**BIN, "name": f"bin-{number}"})
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        _, page = await client.get("devices", limit=2, **cursor)
        seen += [device["name"] for device in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [f"bin-{number}" for number in range(5)]


async def test_readings_are_named_by_the_type_and_newest_first(api: Api, owner: Connection) -> None:
    client = await api.as_user("engineer")
    _, made = await client.post("devices", BIN)
    device_id = made["device"]["id"]
    names = [prop.name for prop in DEVICE_TYPES["waste_bin"].properties]
    for minute, value in ((1, 10.0), (2, 20.0)):
        await owner.execute(
            "INSERT INTO readings (device_id, effective_at, received_at, type_version, v) VALUES ($1, $2, $2, 1, $3)",
            device_id,
            NOON.replace(minute=minute),
            [value] + [None] * (len(names) - 1),
        )
    status, page = await client.get(f"devices/{device_id}/readings")
    assert status == 200
    assert [reading["values"] for reading in page["items"]] == [{names[0]: 20.0}, {names[0]: 10.0}]
    assert page["items"][0]["effective_at"] == "2026-11-22T12:02:00Z"
    _, none = await client.get(f"devices/{device_id}/readings", until="2026-11-22T12:01:00Z")
    assert none["items"] == []


async def test_an_unusual_reading_is_marked_where_asked_for(api: Api, owner: Connection) -> None:
    client = await api.as_user("engineer")
    _, made = await client.post("devices", BIN)
    device_id = made["device"]["id"]
    name = DEVICE_TYPES["waste_bin"].properties[0].name
    await owner.execute(
        "INSERT INTO readings (device_id, effective_at, received_at, type_version, v)"
        " SELECT $1, at, at, 1, ARRAY[CASE i WHEN 250 THEN 95.0 ELSE 40 + i % 7 END]"
        " FROM generate_series(0, 299) i, LATERAL (SELECT $2::timestamptz + i * interval '1 second' AS at) t",
        device_id,
        NOON,
    )
    _, plain = await client.get(f"devices/{device_id}/readings")
    assert {reading.get("unusual") for reading in plain["items"]} == {None}
    status, page = await client.get(f"devices/{device_id}/readings", unusual="true")
    marked = [reading for reading in page["items"] if reading["unusual"]]
    assert (status, [reading["values"] for reading in marked]) == (200, [{name: 95.0}])
    assert 0.5 <= marked[0]["unusual"][name] < 1


@pytest.mark.parametrize("name", DEVICE_TYPES)
def test_example_report_is_what_the_type_accepts(name: str) -> None:
    of = DEVICE_TYPES[name]
    event, params = example_report(of, NOON)
    if event == "property":
        assert of.validate_properties(params)
    else:
        declared = of.event(event)
        assert declared is not None
        declared.payload.model_validate_json(orjson.dumps(params["value"]))
