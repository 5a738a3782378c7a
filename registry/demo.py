"""The demo community: fictional areas, organisations and devices around a point of Chengdu, for exercises only."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

from registry.credentials import Credential
from registry.deployment import DeploymentMode, read_deployment
from registry.devices import register_device
from registry.grading import import_sensitive_places
from registry.places import import_areas, import_organisations
from registry.rosters.importing import import_rosters
from runtime.pool import Connection


class NotAnExercise(RuntimeError):
    """The demo community was asked for in a production database."""


@dataclass(frozen=True, slots=True)
class DemoDevice:
    """A device of the demo community with the credential that was made for it."""

    credential: Credential
    device_type: str
    area_id: str
    lon: float
    lat: float

    def as_json(self) -> dict[str, Any]:
        """The row of `credentials.json` that the simulators read."""
        return {
            "product": self.credential.product,
            "device": self.credential.device,
            "user_name": self.credential.user_name,
            "password": self.credential.password,
            "client_id": self.credential.client_id,
            "area_id": self.area_id,
            "lon": self.lon,
            "lat": self.lat,
            "device_type": self.device_type,
        }


async def create_places(conn: Connection) -> None:
    """Areas and organisations; those that exist stay as they are. Raises NotAnExercise."""
    if (await read_deployment(conn)).mode is not DeploymentMode.EXERCISE:
        raise NotAnExercise
    await import_areas(conn, json.loads(_text("demo_areas.geojson"))["features"])
    await import_organisations(conn, _rows("demo_organisations.csv"))
    await import_sensitive_places(conn, _rows("demo_sensitive_places.csv"))


async def create_rosters(conn: Connection, at: datetime) -> int:
    """Who is on duty, once the people are there."""
    return await import_rosters(conn, _rows("demo_rosters.csv"), "command:demo", at)


async def create_devices(conn: Connection, key: bytes, at: datetime) -> list[DemoDevice]:
    """Register the devices of the demo community. Raises DeviceRefused where one exists already."""
    devices = []
    for row in _rows("demo_devices.csv"):
        lon, lat = float(row["lon"]), float(row["lat"])
        _, credential = await register_device(
            conn,
            key,
            product=row["product"],
            name=row["name"],
            area_id=row["area_id"],
            at=at,
            lon=lon,
            lat=lat,
            place=row["place"],
        )
        devices.append(DemoDevice(credential, row["product"], row["area_id"], lon, lat))
    return devices


def screening_rows() -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The inspection plans and the hazards of the demo community."""
    return list(_rows("demo_inspection_plans.csv")), list(_rows("demo_hazards.csv"))


def _rows(name: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(_text(name).splitlines())


def _text(name: str) -> str:
    return resources.files("registry").joinpath("data", name).read_text(encoding="utf-8")
