"""Property-management areas and courtyards (Arts. 26, 27): areas of their own beside the administrative tree."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import asyncpg

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class LocalAreaKind(StrEnum):
    """Equal to the SQL enum `local_area_kind`."""

    PROPERTY_AREA = "property_area"  # 物业管理区域 (Art. 26)
    COURTYARD = "courtyard"  # 院落 (Art. 27)


@dataclass(frozen=True, slots=True)
class LocalArea:
    """One of them; `area_id` is the administrative area in which most of it lies."""

    id: str
    kind: LocalAreaKind
    area_id: str
    organisation_id: str | None  # The property manager, or the body of its self-governance.
    zh_name: str
    en_name: str


class LocalAreaRefused(ValueError):
    """It cannot be taken in: which one, and why."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


async def read_local_areas(conn: Connection, scope: str | None = None) -> list[LocalArea]:
    """Those within an area; None: all."""
    rows = await conn.fetch(QUERIES.list_local_areas, scope)
    return [LocalArea(**{**dict(row), "kind": LocalAreaKind(row["kind"])}) for row in rows]


async def import_local_area(conn: Connection, feature: Mapping[str, Any]) -> bool:
    """Add one of a GeoJSON feature with `id`, `geometry`, and the properties `level` (its kind), `parent_id` (the
    administrative area), `zh_name`, `en_name` and perhaps `organisation_id`; False where it exists and stays as it is.

    The geometry has been checked. What lies in it already, devices and tickets, is found. Raises LocalAreaRefused; the
    caller's transaction must then end.
    """
    name, about, boundary = str(feature.get("id")), feature["properties"], feature.get("geometry")
    if boundary is None:
        raise LocalAreaRefused(name, "a property area or courtyard needs a boundary")
    try:
        added = await conn.fetchval(
            QUERIES.insert_local_area,
            name,
            about["level"],
            about.get("parent_id"),
            about.get("organisation_id"),
            about["zh_name"],
            about["en_name"],
            boundary,
        )
    except (asyncpg.ForeignKeyViolationError, asyncpg.NotNullViolationError) as error:
        raise LocalAreaRefused(name, "no such administrative area or organisation") from error
    except asyncpg.CheckViolationError as error:
        raise LocalAreaRefused(name, f"breaks the rule {error.constraint_name}") from error
    if added is None:
        return False
    polygons = boundary["coordinates"] if boundary["type"] == "MultiPolygon" else [boundary["coordinates"]]
    rings = [(ring, number > 0) for polygon in polygons for number, ring in enumerate(polygon)]
    for number, (ring, hole) in enumerate(rings, start=1):
        corners = [(float(corner[0]), float(corner[1])) for corner in ring]
        await conn.execute(QUERIES.insert_local_area_ring, name, number, asyncpg.Polygon(*corners), hole)
    for query in (QUERIES.place_devices, QUERIES.place_tickets):
        await conn.execute(query)
    return True
