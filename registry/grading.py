"""What moves a grade, as versioned rows: points of evidence, parameters, traits of kinds, sensitive places."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

import asyncpg

from registry.places import PlaceRefused
from registry.projection import Origin, project
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


CELL_DM: Final = 500
"""Side of the squares in which the extent of an incident is kept."""

Cell: TypeAlias = tuple[int, int]
"""A square of the local plane, by its column east and row north."""


class Moves(StrEnum):
    """Equal to the CHECK of `grade_points.axis`."""

    LIKELIHOOD = "likelihood"  # How likely the stated consequence is.
    CONSEQUENCE = "consequence"  # How bad it would be.


class PlaceCategory(StrEnum):
    """Equal to the SQL enum `place_category`."""

    SCHOOL = "school"  # Schools and kindergartens.
    CARE_HOME = "care_home"  # Homes of the old and the disabled.
    HOSPITAL = "hospital"  # Hospitals and clinics with beds.
    NIGHT_CROWD = "night_crowd"  # Crowded at night: markets, bars, squares.


@dataclass(frozen=True, slots=True)
class Points:
    """What a rule is worth from `level` on, in thousandths of a step."""

    rule: str
    level: int
    axis: Moves
    points: int
    waits: bool  # counts only once the incident is final
    zh_name: str
    en_name: str
    source: str


@dataclass(frozen=True, slots=True)
class KindRisk:
    """Traits of a kind that are no steps of the matrix."""

    life_at_risk: bool = False
    takes_colour: bool = False
    warned_by: tuple[tuple[str, int], ...] = ()  # (kind of the warning, the mildest colour that counts)


@dataclass(frozen=True, slots=True)
class SensitivePlace:
    """A place where the same event does more harm."""

    id: str
    category: PlaceCategory
    zh_name: str
    en_name: str
    x_dm: int
    y_dm: int
    reach_m: int
    hours: tuple[int, int] | None  # of the city's day, from the first until before the second; None: always

    @property
    def stored(self) -> dict[str, object]:
        """As it stands in the facts of a grade."""
        return {
            "id": self.id,
            "category": self.category.value,
            "zh_name": self.zh_name,
            "en_name": self.en_name,
            "x_dm": self.x_dm,
            "y_dm": self.y_dm,
            "reach_m": self.reach_m,
            "hours": None if self.hours is None else list(self.hours),
        }

    def reaches(self, cell: Cell) -> bool:
        """Whether the middle of the square lies within reach: whole numbers, the same on every machine."""
        dx = cell[0] * CELL_DM + CELL_DM // 2 - self.x_dm
        dy = cell[1] * CELL_DM + CELL_DM // 2 - self.y_dm
        return dx * dx + dy * dy <= (self.reach_m * 10) ** 2


NO_RISK: Final = KindRisk()


@dataclass(frozen=True, slots=True)
class GradeTable:
    """The newest version of everything above."""

    version: int
    points: Mapping[str, tuple[Points, ...]]  # by rule, levels rising
    parameters: Mapping[str, int]
    kinds: Mapping[str, KindRisk]
    reach: Mapping[Cell, tuple[SensitivePlace, ...]] = field(default_factory=dict)  # which places reach a square
    waiting: frozenset[str] = field(init=False, repr=False)  # the rules that count only once the incident is final

    def __post_init__(self) -> None:
        waiting = frozenset(rule for rule, rows in self.points.items() if any(row.waits for row in rows))
        object.__setattr__(self, "waiting", waiting)

    def worth(self, rule: str, level: int) -> Points | None:
        """The row of the highest level that is reached, if any is."""
        for row in reversed(self.points.get(rule, ())):
            if row.level <= level:
                return row
        return None

    def risk_of(self, kind: str) -> KindRisk:
        return self.kinds.get(kind, NO_RISK)


async def read_grade_table(conn: Connection, origin: Origin, version: int | None = None) -> GradeTable:
    """The rows of a version, the newest by default. Raises LookupError for a database that was never seeded."""
    rows = await conn.fetch(QUERIES.list_grade_points, version)
    if not rows:
        raise LookupError("the database holds no points of evidence: run `rongan migrate`")
    points: dict[str, tuple[Points, ...]] = {}
    for row in rows:
        known = dict(row) | {"axis": Moves(row["axis"])}
        number = known.pop("version")
        points[row["rule"]] = (*points.get(row["rule"], ()), Points(**known))
    return GradeTable(
        version=number,
        points=points,
        parameters={row["name"]: row["value"] for row in await conn.fetch(QUERIES.list_grade_parameters, number)},
        kinds={row["kind"]: _risk(row) for row in await conn.fetch(QUERIES.list_kind_risks, number)},
        reach=reach_of(_place(row, origin) for row in await conn.fetch(QUERIES.list_sensitive_places)),
    )


def reach_of(places: Iterable[SensitivePlace]) -> dict[Cell, tuple[SensitivePlace, ...]]:
    """The squares that each place reaches: looked up by square, however many places a city has."""
    reach: dict[Cell, tuple[SensitivePlace, ...]] = {}
    for place in places:
        most = place.reach_m * 10
        for x in range((place.x_dm - most) // CELL_DM, (place.x_dm + most) // CELL_DM + 1):
            for y in range((place.y_dm - most) // CELL_DM, (place.y_dm + most) // CELL_DM + 1):
                if place.reaches((x, y)):
                    reach[x, y] = (*reach.get((x, y), ()), place)
    return reach


def place_of(stored: Mapping[str, Any]) -> SensitivePlace:
    """The place as it stood in the facts of a grade."""
    hours = stored["hours"]
    return SensitivePlace(
        **(
            dict(stored)
            | {"category": PlaceCategory(stored["category"]), "hours": None if hours is None else (hours[0], hours[1])}
        )
    )


async def import_sensitive_places(conn: Connection, rows: Iterable[Mapping[str, str]]) -> int:
    """Add or replace places of rows with the columns of the table, hours empty for always. Returns how many were given.

    Raises PlaceRefused; the caller's transaction must then end.
    """
    count = 0
    for row in rows:
        try:
            await conn.execute(
                QUERIES.upsert_sensitive_place,
                row["id"],
                row["category"],
                row["zh_name"],
                row["en_name"],
                float(row["lon"]),
                float(row["lat"]),
                int(row["reach_m"]),
                _hour(row["from_hour"]),
                _hour(row["to_hour"]),
                row["source"],
            )
        except (asyncpg.CheckViolationError, asyncpg.DataError, KeyError, ValueError) as error:
            raise PlaceRefused(row.get("id") or f"row {count + 1}", f"cannot be taken in: {error}") from error
        count += 1
    return count


def _hour(text: str) -> int | None:
    return int(text) if text else None


def _risk(row: asyncpg.Record) -> KindRisk:
    warned_by = tuple((kind, int(colour)) for kind, colour in (entry.split(":") for entry in row["warned_by"]))
    return KindRisk(row["life_at_risk"], row["takes_colour"], warned_by)


def _place(row: asyncpg.Record, origin: Origin) -> SensitivePlace:
    x_dm, y_dm = project(row["lon"], row["lat"], origin)
    hours = None if row["from_hour"] is None else (row["from_hour"], row["to_hour"])
    return SensitivePlace(
        row["id"], PlaceCategory(row["category"]), row["zh_name"], row["en_name"], x_dm, y_dm, row["reach_m"], hours
    )
