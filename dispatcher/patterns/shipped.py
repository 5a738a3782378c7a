"""The patterns as they are shipped, read from the seed files as a database holds them."""

import csv
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Any

from dispatcher.patterns.definitions import read_pattern
from dispatcher.patterns.model import Pattern


def shipped() -> dict[str, Pattern]:
    """By id, in the order of the file. Raises PatternInvalid."""
    kinds = {row["kind_id"] for row in seed_rows("event_kinds")}
    return {row["id"]: read_pattern(_pattern(row), _steps_of(row), kinds) for row in seed_rows("patterns")}


def seed_rows(name: str) -> list[dict[str, str]]:
    """The rows of a seed file."""
    text = resources.files("registry").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _pattern(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        **row,
        "version": int(row["version"]),
        "r_m": int(row["r_m"]),
        "t_s": int(row["t_s"]),
        "by_place": row["by_place"] == "true",
        "step_order": _parts(row["step_order"]),
        "effective_from": _time(row["effective_from"]),
        "effective_to": _time(row["effective_to"]),
    }


def _steps_of(pattern: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            **row,
            "kinds": _parts(row["kinds"]),
            "source_classes": _parts(row["source_classes"]),
            "severity_min": int(row["severity_min"]),
        }
        for row in seed_rows("pattern_steps")
        if (row["pattern"], row["version"]) == (pattern["id"], pattern["version"])
    ]


def _parts(text: str) -> list[str]:
    return [part for part in text.split(";") if part]


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
