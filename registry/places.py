"""Takes a city's areas and organisations in from files: GeoJSON and CSV, parents before children, all or nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg
from shapely.errors import ShapelyError
from shapely.geometry import shape

from registry.areas import AreaLevel, read_areas
from registry.local_areas import LocalAreaKind, LocalAreaRefused, import_local_area
from registry.organisations import DutyHours, OrganisationKind, UnitTrade
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class PlaceRefused(ValueError):
    """An area or organisation that cannot be taken in: which one, and why."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


async def import_areas(conn: Connection, features: Iterable[Mapping[str, Any]]) -> int:
    """Add the areas of GeoJSON features, parents first; those that exist stay as they are. Returns how many were given.

    A feature has an `id`, a `geometry` (or null) in WGS-84, and the properties `parent_id` (null for the city),
    `level`, `zh_name` and `en_name`. The levels `property_area` and `courtyard` are areas beside the tree: `parent_id`
    is where most of them lies, `organisation_id` may name who keeps them. Raises PlaceRefused; the caller's transaction
    must then end.
    """
    paths: dict[str | None, tuple[str, ...]] = {None: ()}
    paths |= {area.id: area.path for area in await read_areas(conn)}
    count = 0
    for feature in features:
        name = str(feature.get("id"))
        about = feature.get("properties") or {}
        parent = about.get("parent_id")
        if parent not in paths:
            raise PlaceRefused(name, f"its parent {parent!r} is neither known nor above it in the file")
        missing = [key for key in ("level", "zh_name", "en_name") if not about.get(key)]
        if missing:
            raise PlaceRefused(name, f"lacks {', '.join(missing)}")
        if about["level"] not in {*AreaLevel, *LocalAreaKind}:
            levels = ", ".join((*AreaLevel, *LocalAreaKind))
            raise PlaceRefused(name, f"{about['level']!r} is no level; levels are {levels}")
        boundary = feature.get("geometry")
        _refuse_bad_boundary(name, boundary)
        if about["level"] in set(LocalAreaKind):
            try:
                await import_local_area(conn, feature)
            except LocalAreaRefused as refused:
                raise PlaceRefused(name, refused.reason) from refused
            count += 1
            continue
        paths[name] = (*paths[parent], name)
        try:
            await conn.execute(
                QUERIES.insert_area,
                name,
                parent,
                about["level"],
                about["zh_name"],
                about["en_name"],
                list(paths[name]),
                boundary,
            )
        except asyncpg.CheckViolationError as error:
            raise PlaceRefused(name, "an id has 1 to 64 small letters, digits and hyphens") from error
        count += 1
    return count


async def import_organisations(conn: Connection, rows: Iterable[Mapping[str, str]]) -> int:
    """Add organisations of rows with id, kind, department_id (or empty), area_id, zh_name, en_name, duty, `trades`.

    Trades (semicolons, may be missing) are of external units. Organisations that exist stay as they are, but for trades
    that are given. Raises PlaceRefused; the caller's transaction must then end.
    """
    count = 0
    for row in rows:
        name = row.get("id") or f"row {count + 1}"
        missing = [key for key in ("id", "kind", "area_id", "zh_name", "en_name", "duty") if not row.get(key)]
        if missing:
            raise PlaceRefused(name, f"lacks {', '.join(missing)}")
        if row["kind"] not in set(OrganisationKind):
            raise PlaceRefused(name, f"{row['kind']!r} is no kind; kinds are {', '.join(OrganisationKind)}")
        if row["duty"] not in set(DutyHours):
            raise PlaceRefused(name, f"{row['duty']!r} are no duty hours; they are {', '.join(DutyHours)}")
        trades = [each for each in (row.get("trades") or "").split(";") if each]
        if not set(trades) <= set(UnitTrade):
            raise PlaceRefused(name, f"{trades} are no trades; they are {', '.join(UnitTrade)}")
        try:
            await conn.execute(
                QUERIES.insert_organisation,
                row["id"],
                row["kind"],
                row.get("department_id") or None,
                row["area_id"],
                row["zh_name"],
                row["en_name"],
                row["duty"],
            )
        except asyncpg.ForeignKeyViolationError as error:
            raise PlaceRefused(name, f"no such area or department: {error.detail}") from error
        except asyncpg.CheckViolationError as error:
            raise PlaceRefused(name, f"breaks the rule {error.constraint_name}") from error
        if trades:
            await conn.execute(QUERIES.set_trades, row["id"], trades)
        count += 1
    return count


def _refuse_bad_boundary(name: str, boundary: Any) -> None:
    if boundary is None:
        return
    try:
        found = shape(boundary)
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise PlaceRefused(name, "its geometry is no GeoJSON geometry") from error
    if found.geom_type not in {"Polygon", "MultiPolygon"} or not found.is_valid:
        raise PlaceRefused(name, "its geometry is no valid polygon")
