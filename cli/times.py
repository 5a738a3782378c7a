"""Times and lengths of time as people type them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import typer

_PART: Final = re.compile(r"(?P<count>\d+)(?P<unit>[dhms])")
_SECONDS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def aware(text: str) -> datetime:
    """Parse ISO 8601; without an offset it is UTC. Raises typer.BadParameter."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time such as 2026-11-22T08:00:00+08:00") from None


def length(text: str) -> timedelta:
    """Parse `90s`, `30m`, `1h30m`, `2d`. Raises typer.BadParameter."""
    parts = list(_PART.finditer(text))
    if not parts or "".join(part.group() for part in parts) != text:
        raise typer.BadParameter(f"{text!r} is no length of time such as 30m or 1h30m")
    try:
        return timedelta(seconds=sum(int(part["count"]) * _SECONDS[part["unit"]] for part in parts))
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is longer than any calendar") from None
