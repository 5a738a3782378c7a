"""The areas of the city, from the city itself down to the grid, and which of them a position lies in."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shapely import STRtree
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class AreaLevel(StrEnum):
    """Equal to the SQL enum `area_level`."""

    CITY = "city"
    DISTRICT = "district"
    SUBDISTRICT = "subdistrict"
    COMMUNITY = "community"
    GRID = "grid"


@dataclass(frozen=True, slots=True)
class Area:
    """One area; `path` runs from the city down to the area itself."""

    id: str
    parent_id: str | None
    level: AreaLevel
    zh_name: str
    en_name: str
    path: tuple[str, ...]
    boundary: dict[str, Any] | None


class AreaIndex:
    """Finds the smallest area that holds a position; built once from the rows, read only."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self.by_id: dict[str, Area] = {area.id: area for area in areas}
        bounded = [area for area in self.by_id.values() if area.boundary is not None]
        self._bounded = bounded
        self._shapes: list[BaseGeometry] = [shape(area.boundary) for area in bounded]
        self._tree = STRtree(self._shapes)

    def at(self, lon: float, lat: float) -> Area | None:
        """The deepest area whose boundary holds the position, borders included; None outside the city."""
        point = Point(lon, lat)
        hits = [self._bounded[i] for i in self._tree.query(point, predicate="intersects")]
        return max(hits, key=lambda area: (len(area.path), area.id), default=None)

    def path(self, area_id: str | None) -> tuple[str, ...]:
        """The path of an area; empty when there is no such area."""
        area = self.by_id.get(area_id) if area_id is not None else None
        return area.path if area else ()


async def read_areas(conn: Connection) -> list[Area]:
    rows = await conn.fetch(QUERIES.list_areas)
    return [
        Area(
            id=row["id"],
            parent_id=row["parent_id"],
            level=AreaLevel(row["level"]),
            zh_name=row["zh_name"],
            en_name=row["en_name"],
            path=tuple(row["path"]),
            boundary=row["boundary"],
        )
        for row in rows
    ]
