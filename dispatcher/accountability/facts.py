"""What a file says, frozen: pure functions from what is stored to content that hashes to the same bytes for ever."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from dispatcher.accountability.words import LIMITS, BreachJudgement, Ground
from registry.calendar import WorkCalendar

FIRST_HASH: Final = "0" * 64


def canonical(content: Mapping[str, Any]) -> str:
    """Canonical JSON: keys sorted, no blanks, times in UTC, no number but integers."""
    return json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_text, allow_nan=False
    )


def sealed(previous_hash: str, content: str) -> str:
    """The hash of a seal; the migration computes the same."""
    return hashlib.sha256(f"{previous_hash}\n{content}".encode()).hexdigest()


def judge(
    ground: Ground | None, unit_id: str | None, explanation: Mapping[str, Any]
) -> tuple[BreachJudgement, Ground | None]:
    """Whether a file opens by itself, and on which ground (ruling A5).

    A limit that was halved, or that another system's promise shortened, is not the one that was published.
    """
    if ground is None:
        return BreachJudgement.INTERNAL_LIMIT, None
    if ground in LIMITS and (explanation.get("halved") or "external_due_at" in explanation):
        return BreachJudgement.INTERNAL_LIMIT, None
    if unit_id is None:
        return BreachJudgement.NO_UNIT, None
    return BreachJudgement.FILE_OPENED, ground


def over_pct(
    started_at: datetime | None, due_at: datetime | None, actual_at: datetime | None, calendar: WorkCalendar | None
) -> int | None:
    """By how many percent of the limit it was late, in working time with a calendar; None while it is open."""
    if started_at is None or due_at is None or actual_at is None:
        return None
    limit_s, late_s = _seconds(started_at, due_at, calendar), _seconds(due_at, actual_at, calendar)
    return round(100 * late_s / limit_s) if limit_s > 0 else None


def fact(
    *,
    number: str,
    ground: Ground,
    breach: Mapping[str, Any],
    statement_due_at: datetime,
    unit: Mapping[str, Any],
    ticket: Mapping[str, Any] | None,
    notices: Sequence[Mapping[str, Any]],
    log: Mapping[str, Any] | None,
    calendar: WorkCalendar,
) -> dict[str, Any]:
    """What is known at the opening. It names organisations, never a person."""
    explanation = breach["explanation"]
    counted = calendar if explanation.get("counted") == "working_time" else None
    return {
        "number": number,
        "type": breach["type"],
        "ground": ground.value,
        "ground_source": breach["ground_source"],
        "unit": dict(unit),
        "area_path": list(breach["area_path"]),
        "statement_due_at": statement_due_at,
        "ticket": dict(ticket) if ticket is not None else None,
        "breach": breach["source_key"],
        "clock": breach["clock"],
        "limit": explanation.get("limit"),
        "explanation": explanation,
        "started_at": breach["started_at"],
        "happened_at": breach["happened_at"],
        "due_at": breach["due_at"],
        "actual_at": breach["actual_at"],
        "over_pct": over_pct(breach["started_at"], breach["due_at"], breach["actual_at"], counted),
        "pauses": explanation.get("pauses", []),
        "grade": breach["grade"],
        "notices": [dict(notice) for notice in notices],
        "log": dict(log) if log is not None else None,
    }


def log_hash(lines: Sequence[Mapping[str, Any]]) -> str:
    """The hash of a ticket's transitions, in order: what was done until the file was opened."""
    return hashlib.sha256(canonical({"log": [dict(line) for line in lines]}).encode()).hexdigest()


def _seconds(begin: datetime, end: datetime, calendar: WorkCalendar | None) -> int:
    if calendar is not None:
        return calendar.working_seconds_between(begin, end)
    return max(0, int((end - begin).total_seconds()))


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical form")
