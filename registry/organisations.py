"""The organisations that act: departments at their level, subdistricts, committees, property managers, duty desks."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from asyncpg import Record

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class OrganisationKind(StrEnum):
    """Equal to the SQL enum `organisation_kind`."""

    DEPARTMENT = "department"
    SUBDISTRICT = "subdistrict"
    COMMITTEE = "committee"  # 村(居)民委员会: never under an order or a clock
    PROPERTY_MANAGER = "property_manager"
    UTILITY = "utility"
    EXTERNAL_UNIT = "external_unit"
    OWNERS_COMMITTEE = "owners_committee"
    COURTYARD_BODY = "courtyard_body"
    GOVERNMENT = "government"  # 市和区(市)县人民政府: publishes the lists, issues orders, corrects its departments
    DUTY_DESK = "duty_desk"  # the district's desk that signs when nobody else can


class DutyHours(StrEnum):
    """Equal to the SQL enum `duty_hours`."""

    ALWAYS = "always"
    ON_CALL = "on_call"
    OFFICE = "office"


class UnitTrade(StrEnum):
    """What an external unit is called for; equal to the SQL enum `unit_trade`."""

    GAS = "gas"
    WATER = "water"
    POWER = "power"
    LIFT = "lift"  # 电梯维保单位
    PROPERTY = "property"  # 物业服务企业


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation; `area_path` runs from the city down to the area that it answers for."""

    id: str
    kind: OrganisationKind
    department_id: str | None
    area_id: str
    area_path: tuple[str, ...]
    zh_name: str
    en_name: str
    duty: DutyHours
    trades: frozenset[UnitTrade] = frozenset()


async def read_organisations(conn: Connection) -> list[Organisation]:
    return [organisation_of_row(row) for row in await conn.fetch(QUERIES.list_organisations)]


async def read_organisations_named(conn: Connection, ids: Collection[str]) -> dict[str, Organisation]:
    """Those of the named organisations that exist, by id."""
    rows = await conn.fetch(QUERIES.read_organisations_named, list(ids))
    return {row["id"]: organisation_of_row(row) for row in rows}


def organisation_of_row(row: Record) -> Organisation:
    return Organisation(
        id=row["id"],
        kind=OrganisationKind(row["kind"]),
        department_id=row["department_id"],
        area_id=row["area_id"],
        area_path=tuple(row["area_path"]),
        zh_name=row["zh_name"],
        en_name=row["en_name"],
        duty=DutyHours(row["duty"]),
        trades=frozenset(UnitTrade(each) for each in row.get("trades") or ()),
    )
