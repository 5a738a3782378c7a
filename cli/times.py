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
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time such as 2026-11-22T08:00:00+08:00") from None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).astimezone(UTC)


def length(text: str) -> timedelta:
    """Parse `90s`, `30m`, `1h30m`, `2d`. Raises typer.BadParameter."""
    parts = list(_PART.finditer(text))
    if not parts or "".join(part.group() for part in parts) != text:
        raise typer.BadParameter(f"{text!r} is no length of time such as 30m or 1h30m")
    return timedelta(seconds=sum(int(part["count"]) * _SECONDS[part["unit"]] for part in parts))
