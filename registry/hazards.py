"""What hazards are measured by, as versioned rows: their kinds, the scales of LEC, the matrix, the bounds of levels."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

LEVELS: Final = (1, 2, 3, 4)
"""Hazard levels: 1 重大, 2 较大, 3 一般, 4 低风险. Not the response grade of an incident (design 1)."""


class LecFactor(StrEnum):
    """The three factors of D = L x E x C; equal to the CHECK of `lec_factors.factor`."""

    LIKELIHOOD = "likelihood"  # L 可能性: that it happens.
    EXPOSURE = "exposure"  # E 暴露频繁程度: how often somebody is there.
    CONSEQUENCE = "consequence"  # C 后果: how bad it would be.


@dataclass(frozen=True, slots=True)
class HazardKind:
    """A kind of hazard, and the kind of event that it leads to."""

    id: str
    category: str
    category_zh: str
    category_en: str
    zh_name: str
    en_name: str
    event_kind: str
    mildest_level: int  # life at risk: never milder
    reach_m: int  # incidents this near are shown with it
    source: str


@dataclass(frozen=True, slots=True)
class LecValue:
    """One value of a scale and what it means."""

    factor: LecFactor
    value: Decimal
    zh_name: str
    en_name: str
    source: str


@dataclass(frozen=True, slots=True)
class HazardScales:
    """One version of the scales, of the bounds of levels and of the matrix."""

    version: int
    values: Mapping[LecFactor, tuple[LecValue, ...]]  # the gravest first
    bounds: tuple[tuple[Decimal, int], ...]  # (from this product on, level), the gravest first
    matrix_version: int
    matrix: Mapping[tuple[int, int], int]  # (consequence, likelihood) 1..5 -> level

    def has(self, factor: LecFactor, value: Decimal) -> bool:
        return any(each.value == value for each in self.values[factor])


async def read_hazard_kinds(conn: Connection) -> dict[str, HazardKind]:
    """Every kind of hazard by its id."""
    return {row["id"]: HazardKind(**dict(row)) for row in await conn.fetch(QUERIES.list_hazard_kinds)}


async def read_hazard_scales(
    conn: Connection, version: int | None = None, matrix_version: int | None = None
) -> HazardScales:
    """The scales of a version, the newest by default. Raises LookupError for a database that was never seeded."""
    rows = await conn.fetch(QUERIES.list_lec_factors, version)
    cells = await conn.fetch(QUERIES.list_risk_matrix, matrix_version)
    if not rows or not cells:
        raise LookupError("the database holds no scales of hazards: run `rongan migrate`")
    found = [LecValue(LecFactor(row["factor"]), *row[2:6]) for row in rows]
    bounds = await conn.fetch(QUERIES.list_lec_levels, rows[0]["version"])
    return HazardScales(
        version=rows[0]["version"],
        values={factor: tuple(each for each in found if each.factor is factor) for factor in LecFactor},
        bounds=tuple((row["product_min"], row["level"]) for row in bounds),
        matrix_version=cells[0]["version"],
        matrix={(cell["consequence"], cell["likelihood"]): cell["grade"] for cell in cells},
    )
