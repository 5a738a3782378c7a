"""The files of Art. 50 and of emergency services, and how their rows come into a database."""

from collections.abc import Callable, Mapping
from typing import Final

from runtime.queries import load

QUERIES = load(__package__)

Row = Mapping[str, str]

FILES: Final[tuple[tuple[str, str, Callable[[int, int, Row], tuple[object, ...]]], ...]] = (
    (
        "breach_grounds",
        QUERIES.upsert_breach_ground,
        lambda v, _i, r: (
            v,
            r["clock"],
            r["condition"],
            r["type"],
            r["desk"] == "true",
            r["ground"] or None,
            r["source"],
        ),
    ),
    (
        "competent_organs",
        QUERIES.upsert_competent_organ,
        lambda v, _i, r: (v, r["id"], r["zh_name"], r["en_name"], r["source"]),
    ),
    (
        "emergency_services",
        QUERIES.upsert_emergency_number,
        lambda v, _i, r: (v, r["service"], r["department_id"], r["zh_name"], r["en_name"], r["source"]),
    ),
    (
        "emergency_needs",
        QUERIES.upsert_emergency_need,
        lambda v, _i, r: (v, r["kind"], r["service"], r["source"]),
    ),
    (
        "handover_steps",
        QUERIES.upsert_handover_step,
        lambda v, _i, r: (v, int(r["step"]), int(r["after_s"]), r["action"], r["source"]),
    ),
)
