"""The shipped points, parameters and traits as a table of grading, read from the files; and a small taxonomy."""

import csv
from importlib import resources
from typing import Final

from dispatcher.rules.rulebook import RiskMatrix
from registry.event_kinds import EventKind, KindMode, Taxonomy
from registry.grading import GradeTable, KindRisk, Moves, PlaceCategory, Points, SensitivePlace, reach_of


def rows(name: str) -> list[dict[str, str]]:
    text = resources.files("registry").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _points() -> dict[str, tuple[Points, ...]]:
    points: dict[str, tuple[Points, ...]] = {}
    for row in rows("grade_points"):
        worth = Points(
            row["rule"],
            int(row["level"]),
            Moves(row["axis"]),
            int(row["points"]),
            row["waits"] == "true",
            row["zh_name"],
            row["en_name"],
            row["source"],
        )
        points[worth.rule] = (*points.get(worth.rule, ()), worth)
    return points


SCHOOL: Final = SensitivePlace("school", PlaceCategory.SCHOOL, "小学", "a school", 100_000, 0, 100, None)
MARKET: Final = SensitivePlace("market", PlaceCategory.NIGHT_CROWD, "夜市", "a night market", -100_000, 0, 100, (18, 2))
PLACES: Final = (MARKET, SCHOOL)
TABLE: Final = GradeTable(
    version=1,
    points=_points(),
    parameters={row["name"]: int(row["value"]) for row in rows("grade_parameters")},
    kinds={
        "life": KindRisk(life_at_risk=True),
        "rain": KindRisk(takes_colour=True),
        "cellar": KindRisk(warned_by=(("rain", 2),)),
    },
    reach=reach_of([SCHOOL, MARKET]),
)

# The published matrix: rows consequence 5..1, columns likelihood 1..5.
ROWS: Final = {5: (3, 2, 2, 1, 1), 4: (3, 3, 2, 2, 1), 3: (4, 3, 3, 2, 2), 2: (4, 4, 3, 3, 3), 1: (4, 4, 4, 4, 4)}
MATRIX: Final = RiskMatrix(1, {(c, lk): g for c, row in ROWS.items() for lk, g in enumerate(row, start=1)})


def kind(kind_id: str, likelihood: int, consequence: int) -> EventKind:
    return EventKind(
        id=kind_id,
        version=1,
        zh_name=kind_id,
        en_name=kind_id,
        scenario="security",
        likelihood=likelihood,
        consequence=consequence,
        lead_department="fire_rescue",
        co_departments=(),
        ticket_kind="call_response",
        disclosure_category="other",
        committee_list="none",
        kind_group="fire",
        mode=KindMode.AUTO_TICKET,
        time_critical=False,
        run_card=None,
        notes="",
    )


TAXONOMY: Final = Taxonomy(
    "default",
    {
        each.id: each
        for each in (
            kind("fire", 3, 4),
            kind("blaze", 4, 4),
            kind("collapse", 2, 5),
            kind("life", 3, 4),
            kind("rain", 3, 3),
            kind("cellar", 2, 4),
            kind("waste", 5, 1),
            kind("unclassified", 1, 1),
        )
    },
    {},
)
