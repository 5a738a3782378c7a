"""Property areas and courtyards: beside the administrative tree, found by the database from a position."""

from datetime import UTC, datetime
from typing import Any

import pytest

from registry.devices import register_device
from registry.local_areas import LocalAreaKind, read_local_areas
from registry.places import PlaceRefused, import_areas, import_organisations
from runtime.pool import Connection, Pool

AT = datetime(2026, 11, 23, tzinfo=UTC)


def box(west: float, east: float, *holes: list[list[float]]) -> dict[str, Any]:
    ring = [[west, 30], [east, 30], [east, 31], [west, 31], [west, 30]]
    return {"type": "Polygon", "coordinates": [ring, *holes]}


def feature(name: str, level: str, boundary: dict[str, Any] | None, parent: str | None = "c", **more: str) -> Any:
    about = {"parent_id": parent, "level": level, "zh_name": "甲", "en_name": "A"} | more
    return {"id": name, "properties": about, "geometry": boundary}


HOLE = [[104.4, 30.4], [104.6, 30.4], [104.6, 30.6], [104.4, 30.6], [104.4, 30.4]]
CITY = feature("c", "city", box(104, 106), None)
KEPT = feature("p-1", "property_area", box(104, 105, HOLE), organisation_id="pm")
YARD = feature("y-1", "courtyard", {"type": "MultiPolygon", "coordinates": [box(104.5, 105.5)["coordinates"]]})


async def taken_in(pool: Pool, *features: Any) -> None:
    row = {"id": "pm", "kind": "property_manager", "department_id": "", "area_id": "c", "zh_name": "物", "en_name": "P"}
    async with pool.acquire() as conn, conn.transaction():
        await import_areas(conn, [CITY])
        await import_organisations(
            conn, [row | {"duty": "always"}, row | {"id": "qs", "kind": "committee", "duty": "office"}]
        )
        await import_areas(conn, features)


async def device_at(conn: Connection, name: str, lon: float) -> int:
    device_id, _ = await register_device(
        conn, bytes(32), product="waste_bin", name=name, area_id="c", at=AT, lon=lon, lat=30.5
    )
    return device_id


async def places(pool: Pool) -> dict[str, tuple[str | None, str | None]]:
    async with pool.acquire() as conn:
        rows = await conn.fetch("SELECT name, property_area_id, courtyard_id FROM devices")
    return {row["name"]: (row["property_area_id"], row["courtyard_id"]) for row in rows}


async def test_position_lies_in_a_property_area_and_a_courtyard_that_overlap(pool: Pool) -> None:
    await taken_in(pool, KEPT, YARD)
    async with pool.acquire() as conn, conn.transaction():
        for name, lon in (("both", 104.8), ("yard", 105.2), ("hole", 104.45), ("none", 105.9)):
            await device_at(conn, name, lon)
        known = {area.id: (area.kind, area.organisation_id) for area in await read_local_areas(conn)}
    assert known == {"p-1": (LocalAreaKind.PROPERTY_AREA, "pm"), "y-1": (LocalAreaKind.COURTYARD, None)}
    assert await places(pool) == {
        "both": ("p-1", "y-1"),
        "yard": (None, "y-1"),
        "hole": (None, None),
        "none": (None, None),
    }


async def test_what_stands_there_already_is_found_and_a_second_import_changes_nothing(pool: Pool) -> None:
    await taken_in(pool)
    async with pool.acquire() as conn, conn.transaction():
        await device_at(conn, "old", 104.2)
    for _ in range(2):
        await taken_in(pool, KEPT)
    assert await places(pool) == {"old": ("p-1", None)}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        pytest.param(feature("p", "property_area", None), "boundary", id="no boundary"),
        pytest.param(feature("p", "courtyard", box(104, 105), organisation_id="qs"), "organisation_id", id="committee"),
        pytest.param(feature("p", "courtyard", box(104, 105), organisation_id="x"), "organisation", id="unknown"),
    ],
)
async def test_local_area_that_does_not_fit_is_refused(pool: Pool, wrong: Any, reason: str) -> None:
    with pytest.raises(PlaceRefused, match=reason):
        await taken_in(pool, wrong)
