"""The files of messages and how their rows come into a database; a template that cannot be rendered is refused here."""

from collections.abc import Callable, Mapping
from datetime import time
from typing import Final

from registry.messages.templates import parse_template
from runtime.queries import load

QUERIES = load(__package__)

Row = Mapping[str, str]


def _template(row: Row) -> tuple[object, ...]:
    template = parse_template(row)
    return (
        template.topic,
        template.version,
        template.language,
        template.subject,
        template.short,
        template.long,
        row["fields"].split(";") if row["fields"] else [],
        row["source"],
    )


def _time(text: str) -> time | None:
    return time.fromisoformat(text) if text else None


FILES: Final[tuple[tuple[str, str, Callable[[int, int, Row], tuple[object, ...]]], ...]] = (
    ("message_templates", QUERIES.insert_template, lambda _v, _i, r: _template(r)),
    (
        "message_limits",
        QUERIES.upsert_limit,
        lambda v, _i, r: (v, r["channel"], int(r["count"]), int(r["per_s"]), r["smooth"] == "true", r["source"]),
    ),
    (
        "message_rules",
        QUERIES.upsert_rule,
        lambda v, _i, r: (
            v,
            r["channel"] or None,
            int(r["grade"]),
            int(r["bundle_s"]),
            _time(r["quiet_from"]),
            _time(r["quiet_to"]),
            int(r["next_after_s"]),
            r["source"],
        ),
    ),
)
