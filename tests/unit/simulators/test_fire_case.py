"""The scripted fire case: its cast, distances and words are those of the worked acceptance case."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import registry
from sensors.registry import DEVICE_TYPES
from sensors.signal import step
from simulators.credentials import Credential, distance_m
from simulators.scenarios.fire import Cast, NoFireCast, call_body, choose_cast, play, smoke_scene

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def demo_devices() -> list[Credential]:
    path = Path(next(iter(registry.__path__))) / "data" / "demo_devices.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Credential(
                product=row["product"],
                device=row["name"],
                user_name="",
                password="",
                client_id=f"{row['product']}-{row['name']}",
                area_id=row["area_id"],
                lon=float(row["lon"]),
                lat=float(row["lat"]),
                device_type=row["product"],
            )
            for row in csv.DictReader(file)
        ]


class Recording:
    def __init__(self) -> None:
        self.told: list[tuple[str, timedelta]] = []
        self.calls: list[dict[str, object]] = []

    def heat(self, device: Credential, temperature_c: float, at: datetime) -> None:
        self.told.append((f"{device.device} {temperature_c}", at - START))

    def see_smoke(self, device: Credential, scene: dict[str, object], at: datetime) -> None:
        self.told.append((f"{device.device} {scene['label']}", at - START))

    async def call(self, body: dict[str, object]) -> None:
        self.calls.append(body)


def test_demo_community_holds_the_cast_at_its_distances() -> None:
    cast = choose_cast(demo_devices())
    assert (cast.first_bin.device, cast.camera.device, cast.second_bin.device) == ("bin-07", "cam-03", "bin-09")
    assert distance_m(cast.first_bin, cast.camera) == pytest.approx(90, abs=1)
    assert distance_m(cast.second_bin, cast.camera) == pytest.approx(120, abs=1)
    assert distance_m(cast.first_bin, cast.second_bin) == pytest.approx(210, abs=1)


def test_caller_stands_forty_metres_from_the_camera_towards_the_first_bin() -> None:
    cast = choose_cast(demo_devices())
    lon, lat = cast.caller
    caller = Credential("", "caller", "", "", "", "", lon, lat, "")
    assert distance_m(caller, cast.camera) == pytest.approx(40, abs=0.5)
    assert distance_m(caller, cast.first_bin) == pytest.approx(50, abs=0.5)
    assert distance_m(caller, cast.second_bin) == pytest.approx(160, abs=0.5)


async def test_case_is_told_in_order_with_its_own_times() -> None:
    stage = Recording()
    await play(choose_cast(demo_devices()), stage, started_at=START, pace=1e9)
    assert stage.told == [
        ("bin-07 58.0", timedelta(0)),
        ("cam-03 smoke", timedelta(seconds=130)),
        ("bin-09 61.0", timedelta(seconds=180)),
    ]
    assert [call["occurred_at"] for call in stage.calls] == [(START + timedelta(seconds=240)).isoformat()]


def test_bin_and_camera_of_the_case_speak_of_outdoor_fire() -> None:
    hot = next(signal for signal in DEVICE_TYPES["waste_bin"].signals if signal.name == "hot")
    burning = next(signal for signal in DEVICE_TYPES["waste_bin"].signals if signal.name == "burning")
    for temperature_c in (58.0, 61.0):
        assert step(hot, None, START, temperature_c, "k")[1] is not None
        assert step(burning, None, START, temperature_c, "k")[1] is None
    smoke = DEVICE_TYPES["smart_security_camera"].event("smoke")
    assert smoke is not None
    payload = smoke.payload.model_validate(smoke_scene(START))
    assert (hot.kind, hot.severity) == ("outdoor_fire", 2)
    assert (smoke.kind, smoke.severity(payload)) == ("outdoor_fire", 3)
    assert call_body(choose_cast(demo_devices()), START)["kind"] == "outdoor_fire"


def test_devices_too_far_apart_are_no_cast() -> None:
    devices = [device for device in demo_devices() if device.device != "bin-09"]
    near_camera = [d for d in devices if d.device in {"bin-07", "cam-03"}]
    with pytest.raises(NoFireCast):
        choose_cast(near_camera)
    assert isinstance(choose_cast(demo_devices()), Cast)
