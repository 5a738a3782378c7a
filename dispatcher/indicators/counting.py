"""Puts the SQL of figures together: the facts of indicators, their sums, their roll-up, and what stands behind.

Everything that is put into the text comes from the entries of `definitions` and from enums of ours; whatever a caller
says goes in as a parameter.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import Dimension, Facts, Indicator, Period

# The column that holds the members of a dimension.
_MEMBERS: Final = {
    Dimension.ORGANISATION: "organisation_id",
    Dimension.KIND: "kind",
    Dimension.GRADE: "grade::text",
    Dimension.PROPERTY_AREA: "property_area_id",
    Dimension.COURTYARD: "courtyard_id",
}
# Down to which place of an area's path a dimension is rolled up: 3 is the subdistrict. The area itself at every level.
ROLLED_DEPTH: Final = {
    Dimension.ORGANISATION: 3,
    Dimension.KIND: 2,
    Dimension.GRADE: 3,
    Dimension.PROPERTY_AREA: 3,
    Dimension.COURTYARD: 3,
}
_PERIODS: Final = {
    Period.DAY: "day",
    Period.WEEK: "date_trunc('week', day)::date",
    Period.MONTH: "date_trunc('month', day)::date",
    Period.WHOLE: "$3::date",
}
# What the supervisor found unreasonable is left out of the figures of units, and shown beside them.
_SUMS: Final = """sum({0}numerator{1})::bigint AS numerator, sum({0}denominator{1})::bigint AS denominator,
       sum({0}population{1})::bigint AS population, count(*) FILTER (WHERE excluded) AS excluded"""
_ALL: Final = _SUMS.format("", "")
_OF_UNITS: Final = _SUMS.format("CASE WHEN excluded THEN 0 ELSE ", " END")


def facts_sql(indicators: Iterable[Indicator]) -> str:
    """The facts of indicators from the time $1 to before the time $2, as one query."""
    return "\nUNION ALL\n".join(_facts(each, part) for each in indicators for part in each.facts)


def _facts(indicator: Indicator, part: Facts) -> str:
    return f"""SELECT '{indicator.id}' AS indicator, subject_id, {part.at} AS fact_at, china_day({part.at}) AS day,
       {part.answers} AS organisation_id, area_path, kind, grade, property_area_id, courtyard_id, excluded,
       ({part.numerator})::bigint AS numerator, ({part.denominator})::bigint AS denominator,
       ({part.population or part.denominator})::bigint AS population
FROM {part.view} WHERE {part.where} AND {part.at} >= $1::timestamptz AND {part.at} < $2::timestamptz"""  # noqa: S608


FORMULAS: Final = hashlib.sha256(facts_sql(INDICATORS.values()).encode()).hexdigest()
"""By what a day was rolled up: with other formulas it is counted again."""


def direct_sql(
    indicators: Iterable[Indicator], dimension: Dimension, period: Period, *, by_level: bool, of_units: bool
) -> str:
    """Figures counted from the facts; `by_level` makes the areas of a level the members.

    Parameters: span ($1, $2), first day ($3), area ($4), organisation ($5), kind ($6), grade ($7), level ($8).
    """
    member = "place.id" if by_level else _MEMBERS.get(dimension, "''")
    places = (
        "JOIN areas place ON place.id = ANY (fact.area_path) AND place.level = $8::text::area_level" if by_level else ""
    )
    return f"""SELECT indicator, {_PERIODS[period]} AS period_from, {member} AS member,
       {_OF_UNITS if of_units else _ALL}
FROM ({facts_sql(indicators)}) AS fact
{places}
WHERE ($4::text IS NULL OR area_path @> ARRAY[$4]) AND ($5::text IS NULL OR organisation_id = $5)
  AND ($6::text IS NULL OR kind = $6) AND ($7::smallint IS NULL OR grade = $7) AND {member} IS NOT NULL
  AND $3::date IS NOT NULL AND ($8::text IS NULL OR $8 <> '')
GROUP BY 1, 2, 3"""  # noqa: S608


def rolled_sql(period: Period, *, of_member: bool) -> str:
    """Figures from finished days; `of_member` sums one member of the dimension.

    Parameters: indicators ($1), areas ($2), first day ($3), the day behind the last one ($4), dimension ($5),
    member ($6; NULL: each of them), whether the area is the member ($7), days to leave out ($8).
    """
    member = "''" if of_member else "CASE WHEN $7::boolean THEN area_id ELSE member END"
    return f"""SELECT indicator, {_PERIODS[period]} AS period_from, {member} AS member,
       sum(numerator)::bigint AS numerator, sum(denominator)::bigint AS denominator,
       sum(population)::bigint AS population, sum(excluded)::bigint AS excluded
FROM indicator_cells
WHERE indicator = ANY ($1) AND area_id = ANY ($2) AND dimension = $5::text::indicator_dimension
  AND day >= $3 AND day < $4 AND NOT day = ANY ($8::date[]) AND ($6::text IS NULL OR member = $6)
  AND $7::boolean IS NOT NULL
GROUP BY 1, 2, 3"""  # noqa: S608


def roll_up_sql() -> str:
    """Count the days of the span ($1, $2) into cells."""
    members = "\nUNION ALL\n".join(
        f"""SELECT indicator, area_id, '{dimension}'::indicator_dimension, day, {_MEMBERS[dimension]},
       {_OF_UNITS if dimension is Dimension.ORGANISATION else _ALL}
FROM spread WHERE place <= {depth} AND {_MEMBERS[dimension]} IS NOT NULL GROUP BY 1, 2, 4, 5"""  # noqa: S608
        for dimension, depth in ROLLED_DEPTH.items()
    )
    return f"""INSERT INTO indicator_cells
    (indicator, area_id, dimension, day, member, numerator, denominator, population, excluded)
WITH spread AS MATERIALIZED (
    SELECT fact.*, area.id AS area_id, area.place
    FROM ({facts_sql(INDICATORS.values())}) AS fact,
         unnest(CASE WHEN area_path = '{{}}' THEN '{{""}}' ELSE area_path END) WITH ORDINALITY AS area (id, place)
)
SELECT indicator, area_id, 'area'::indicator_dimension, day, '', {_ALL} FROM spread GROUP BY 1, 2, 4
UNION ALL
{members}"""  # noqa: S608


def drill_sql(indicator: Indicator) -> str:
    """What stands behind a figure, newest first; what the supervisor left out of units' figures is marked.

    Parameters: span ($1, $2), area ($3), organisation ($4), kind ($5), grade ($6), property area ($7), courtyard ($8),
    whether only the numerator is wanted ($9), the key behind which to go on ($10, $11, $12), and how many ($13).
    """
    return f"""SELECT fact_at, subject_id, organisation_id, kind, grade, sum(numerator)::bigint AS numerator,
       sum(denominator)::bigint AS denominator, sum(population)::bigint AS population, bool_or(excluded) AS excluded
FROM ({facts_sql((indicator,))}) AS fact
WHERE ($3::text IS NULL OR area_path @> ARRAY[$3]) AND ($4::text IS NULL OR organisation_id = $4)
  AND ($5::text IS NULL OR kind = $5) AND ($6::smallint IS NULL OR grade = $6)
  AND ($7::text IS NULL OR property_area_id = $7) AND ($8::text IS NULL OR courtyard_id = $8)
  AND (numerator <> 0 OR NOT $9::boolean AND (denominator <> 0 OR population <> 0))
  AND ($10::timestamptz IS NULL OR (fact_at, subject_id, COALESCE(organisation_id, '')) < ($10, $11::bigint, $12::text))
GROUP BY fact_at, subject_id, organisation_id, kind, grade
ORDER BY fact_at DESC, subject_id DESC, COALESCE(organisation_id, '') DESC LIMIT $13"""  # noqa: S608
