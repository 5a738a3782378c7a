"""Call-responses that come again: three on one cause at one place within 30 days propose a joint rectification."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from dispatcher.rates.model import WITNESSES_MAX, Detector, Finding, Spot
from registry.event_kinds import UNCLASSIFIED

TIMES: Final = 3
WITHIN: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CallResponse:
    """A call-response ticket with a place."""

    id: int
    incident_id: int
    kind: str
    opened_at: datetime
    area_id: str | None
    area_path: tuple[str, ...]
    place: str
    lon: float | None
    lat: float | None

    @staticmethod
    def of(row: Mapping[str, Any]) -> "CallResponse":
        return CallResponse(**{**dict(row), "area_path": tuple(row["area_path"])})

    @property
    def spot(self) -> Spot:
        key = f"place:{self.area_id or ''}:{self.place}"
        return Spot(key, self.area_id, self.area_path, self.place, self.lon, self.lat)


def recurring(tickets: Iterable[CallResponse], since: datetime) -> list[Finding]:
    """A finding for each ticket opened after `since` that is at least the third of its cause and place in 30 days."""
    by_cause: dict[tuple[str, str], list[CallResponse]] = {}
    for ticket in sorted(tickets, key=lambda t: (t.opened_at, t.id)):
        if ticket.kind != UNCLASSIFIED:
            by_cause.setdefault((ticket.kind, ticket.spot.key), []).append(ticket)
    found = []
    for row in by_cause.values():
        for n, last in enumerate(row):
            if last.opened_at <= since:
                continue
            near = [ticket for ticket in row[: n + 1] if ticket.opened_at > last.opened_at - WITHIN]
            if len(near) >= TIMES:
                found.append(_finding(near))
    return sorted(found, key=lambda finding: (finding.to_at, finding.kind, finding.spot.key))


def _finding(tickets: Sequence[CallResponse]) -> Finding:
    first, last = tickets[0], tickets[-1]
    return Finding(
        detector=Detector.RECURRENCE,
        kind=last.kind,
        spot=last.spot,
        from_at=min(first.opened_at, last.opened_at - timedelta(seconds=1)),
        to_at=last.opened_at,
        observed=len(tickets),
        expected=None,
        statistic=None,
        p_value=None,
        witnesses=tuple(sorted({ticket.incident_id for ticket in tickets})[:WITNESSES_MAX]),
        tickets=tuple(ticket.id for ticket in tickets),
    )
