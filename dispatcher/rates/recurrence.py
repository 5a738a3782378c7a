"""Call-responses that come again: so many on one cause at one place in a window propose a joint rectification.

One cause is a kind, or a whole group of kinds where the rule says so. One place is a circle about any of the
call-responses, or a place of one name where a position is missing. So what is found does not depend on which of them
came last. Pure; the rules are versioned data (registry/recurrence.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from dispatcher.rates.model import WITNESSES_MAX, Detector, Finding, Spot
from registry.event_kinds import UNCLASSIFIED, EventKind
from registry.projection import Origin, project
from registry.recurrence import EVERY_OTHER_GROUP, RecurrenceRule

_DM: Final = 10


@dataclass(frozen=True, slots=True)
class CallResponse:
    """A call-response ticket with a place."""

    id: int
    incident_id: int
    kind: str
    opened_at: datetime
    area_id: str | None
    area_path: tuple[str, ...]
    place: str | None
    lon: float | None
    lat: float | None
    at_dm: tuple[int, int] | None = None  # on the local plane: whole decimetres, the same on every machine

    @staticmethod
    def of(row: Mapping[str, Any], origin: Origin) -> "CallResponse":
        at_dm = None if row["lon"] is None else project(row["lon"], row["lat"], origin)
        return CallResponse(**{**dict(row), "area_path": tuple(row["area_path"]), "at_dm": at_dm})

    @property
    def spot(self) -> Spot:
        key = f"place:{self.area_id or ''}:{self.place}" if self.place else f"at:{self.at_dm}"
        return Spot(key, self.area_id, self.area_path, self.place, self.lon, self.lat)


@dataclass(frozen=True, slots=True)
class Causes:
    """Which kinds are one cause, and the rule of each."""

    rules: Mapping[str, RecurrenceRule]
    kinds: Mapping[str, EventKind]

    def of(self, kind: str) -> tuple[str, RecurrenceRule] | None:
        """The name of a kind's cause, and its rule; what is unclassified shares none."""
        known = self.kinds.get(kind)
        if known is None or kind == UNCLASSIFIED:
            return None
        rule = self.rules.get(known.kind_group) or self.rules[EVERY_OTHER_GROUP]
        return f"group:{known.kind_group}" if rule.by_group else f"kind:{kind}", rule

    def kinds_of(self, cause: str) -> tuple[str, ...]:
        """Every kind that is this cause."""
        return tuple(sorted(kind for kind in self.kinds if (found := self.of(kind)) is not None and found[0] == cause))

    @property
    def reach_m(self) -> int:
        """How far apart two can be that one circle holds, by the widest rule."""
        return 2 * max(rule.radius_m for rule in self.rules.values())

    @property
    def within(self) -> timedelta:
        return max(rule.within for rule in self.rules.values())


def recurring(tickets: Iterable[CallResponse], since: datetime, causes: Causes) -> list[Finding]:
    """A finding for each ticket opened after `since` that makes a circle full, the fullest circle that it is in."""
    by_cause: dict[str, list[CallResponse]] = {}
    for ticket in sorted(tickets, key=lambda t: (t.opened_at, t.id)):
        found = causes.of(ticket.kind)
        if found is not None:
            by_cause.setdefault(found[0], []).append(ticket)
    findings = []
    for cause, row in by_cause.items():
        kinds = causes.kinds_of(cause)
        for last, circle in _full(row, since, _rule(causes, row[0].kind)):
            findings.append(_finding(last, circle, _rule(causes, last.kind), kinds))
    return sorted(findings, key=lambda finding: (finding.to_at, finding.kind, finding.spot.key))


def _full(
    row: Sequence[CallResponse], since: datetime, rule: RecurrenceRule
) -> Iterator[tuple[CallResponse, "_Circle"]]:
    """Each ticket that came since and the fullest circle that it is in, where that is full."""
    grid = _Grid(row, rule.radius_m)
    for n, last in enumerate(row):
        if last.opened_at <= since:
            continue
        begin = last.opened_at - rule.within
        alive = [ticket for ticket in grid.near(last) if ticket.rank <= n and ticket.opened_at > begin]
        circles = [
            _Circle(
                centre.ticket,
                [each.ticket for each in grid.near(centre.ticket) if each.rank <= n and each.opened_at > begin],
            )
            for centre in alive
        ]
        best = min(circles, key=lambda circle: circle.order)
        if len(best.tickets) >= rule.times:
            yield last, best


@dataclass(frozen=True, slots=True)
class _Circle:
    centre: CallResponse
    tickets: list[CallResponse]

    @property
    def order(self) -> tuple[int, str, tuple[int, int], datetime, int]:
        """The fullest first; among equals one that does not depend on which came first."""
        at_dm = self.centre.at_dm or (0, 0)
        return (-len(self.tickets), self.centre.spot.key, at_dm, self.centre.opened_at, self.centre.id)


@dataclass(frozen=True, slots=True)
class _Ranked:
    rank: int
    ticket: CallResponse

    @property
    def opened_at(self) -> datetime:
        return self.ticket.opened_at


class _Grid:
    """The tickets of one cause by square and by name: whoever is near one is found without looking at all."""

    def __init__(self, row: Sequence[CallResponse], radius_m: int) -> None:
        self._side = radius_m * _DM
        self._squares: dict[tuple[int, int], list[_Ranked]] = {}
        self._names: dict[tuple[str | None, str], list[_Ranked]] = {}
        for rank, ticket in enumerate(row):
            entry = _Ranked(rank, ticket)
            if ticket.at_dm is not None:
                self._squares.setdefault(self._square(ticket.at_dm), []).append(entry)
            if ticket.place:
                self._names.setdefault((ticket.area_id, ticket.place), []).append(entry)

    def near(self, ticket: CallResponse) -> list[_Ranked]:
        """Within the radius, or at the place of the same name, itself included; in the order of time."""
        found: dict[int, _Ranked] = {}
        if ticket.place:
            found |= {each.rank: each for each in self._names.get((ticket.area_id, ticket.place), ())}
        if ticket.at_dm is not None:
            x, y = self._square(ticket.at_dm)
            for square in ((x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
                for each in self._squares.get(square, ()):
                    if self._reaches(ticket.at_dm, each.ticket.at_dm):
                        found[each.rank] = each
        return [found[rank] for rank in sorted(found)]

    def _square(self, at_dm: tuple[int, int]) -> tuple[int, int]:
        return (at_dm[0] // self._side, at_dm[1] // self._side)

    def _reaches(self, one: tuple[int, int], other: tuple[int, int] | None) -> bool:
        return other is not None and (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 <= self._side**2


def _rule(causes: Causes, kind: str) -> RecurrenceRule:
    found = causes.of(kind)
    assert found is not None  # noqa: S101 - only kinds with a cause come here
    return found[1]


def _finding(last: CallResponse, circle: _Circle, rule: RecurrenceRule, kinds: tuple[str, ...]) -> Finding:
    tickets, spot = circle.tickets, circle.centre.spot
    return Finding(
        detector=Detector.RECURRENCE,
        kind=last.kind,
        spot=Spot(spot.key, spot.area_id, spot.area_path, spot.place, spot.lon, spot.lat, rule.radius_m),
        from_at=min(tickets[0].opened_at, last.opened_at - timedelta(seconds=1)),
        to_at=last.opened_at,
        observed=len(tickets),
        expected=None,
        statistic=None,
        p_value=None,
        witnesses=tuple(sorted({ticket.incident_id for ticket in tickets})[:WITNESSES_MAX]),
        tickets=tuple(ticket.id for ticket in tickets),
        cause_kinds=kinds,
    )
