"""The seed files of rosters, paging and external units: name, statement, arguments of a row."""

from collections.abc import Callable, Mapping
from typing import Final

from registry.rosters.store import QUERIES

FILES: Final[tuple[tuple[str, str, Callable[[int, int, Mapping[str, str]], tuple[object, ...]]], ...]] = (
    (
        "roster_parameters",
        QUERIES.upsert_roster_parameter,
        lambda v, _i, r: (v, r["name"], int(r["value"]), r["unit"], r["source"]),
    ),
    (
        "page_rules",
        QUERIES.upsert_page_rule,
        lambda v, i, r: (
            i,
            v,
            r["kind"] or None,
            int(r["grade"]) if r["grade"] else None,
            r["page"] == "true",
            r["everyone"] == "true",
            int(r["ack_s"]) if r["ack_s"] else None,
            r["source"],
        ),
    ),
    (
        "unit_calls",
        QUERIES.upsert_unit_call,
        lambda v, i, r: (
            i,
            v,
            r["kind"],
            r["trade"],
            r["area_id"] or None,
            int(r["grade_max"]),
            r["from_time"] or None,
            r["until_time"] or None,
            r["source"],
        ),
    ),
)
"""They refer to event kinds, which are seeded before."""
