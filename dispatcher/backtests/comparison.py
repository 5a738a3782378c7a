"""What other rules make of the same events: incidents opened, merged, split, regraded, joined, and tickets. Pure.

Incidents of both sides that share an event belong to one place of the comparison; a place is judged by how many there
are on each side. So every incident is counted once, and the same two runs always give the same comparison.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from dispatcher.backtests.history import Found, FoundIncident

EXAMPLES_MAX: Final = 10
_SIDE_MAX: Final = 20


class Divergence(StrEnum):
    """What became of the incidents at one place of the comparison."""

    SAME = "same"  # The same events, the same grade.
    GRAVER = "graver"  # The same events, graded graver.
    MILDER = "milder"  # The same events, graded milder.
    JOINED = "joined"  # The same events and grade, in one case with more.
    PARTED = "parted"  # The same events and grade, in one case with less.
    CHANGED = "changed"  # One incident on either side, with other events or of another kind.
    MERGED = "merged"  # Several became one.
    SPLIT = "split"  # One became several.
    REGROUPED = "regrouped"  # Several became several others.
    OPENED = "opened"  # There was none.
    VANISHED = "vanished"  # There is none any more.


@dataclass(frozen=True, slots=True)
class Place:
    """Incidents of both sides that share events, in the order of their beginning."""

    before: tuple[FoundIncident, ...]
    after: tuple[FoundIncident, ...]
    outcome: Divergence

    @property
    def tickets(self) -> int:
        """How many more tickets there would be here."""
        return _tickets(self.after) - _tickets(self.before)


def places(before: Found, after: Found, since: datetime) -> list[Place]:
    """Every place of which something begins at `since` or later; what began before is only there to warm up."""
    neighbours: dict[tuple[bool, str], set[tuple[bool, str]]] = defaultdict(set)
    moved: dict[tuple[bool, str], bool] = defaultdict(bool)  # whether an event of it stands in no incident over there
    for uid, key in before.members.items():
        other = after.members.get(uid)
        _meet(neighbours, moved, (False, key), None if other is None else (True, other))
    for uid, key in after.members.items():
        other = before.members.get(uid)
        _meet(neighbours, moved, (True, key), None if other is None else (False, other))
    found = []
    for joined in _joined(neighbours):
        old = _side(before, (key for is_new, key in joined if not is_new))
        new = _side(after, (key for is_new, key in joined if is_new))
        if any(incident.first_at >= since for incident in (*old, *new)):
            found.append(Place(old, new, _outcome(old, new, any(moved[one] for one in joined))))
    return sorted(found, key=lambda place: _order((*place.before, *place.after)))


def summary(found: Collection[Place], numbers: Mapping[str, str]) -> dict[str, Any]:
    """The comparison as JSON values. `numbers` name incidents as the live system does, by their key."""
    counts = Counter(place.outcome for place in found)
    return {
        "before": _totals(incident for place in found for incident in place.before),
        "after": _totals(incident for place in found for incident in place.after),
        "outcomes": {outcome.value: counts[outcome] for outcome in Divergence},
        "is_empty": counts.keys() <= {Divergence.SAME},
        "by_kind": _by_kind(found),
        "tickets": {
            "added": sum(max(0, place.tickets) for place in found),
            "dropped": sum(max(0, -place.tickets) for place in found),
        },
        "examples": [
            _example(place, numbers)
            for outcome in Divergence
            if outcome is not Divergence.SAME
            for place in [place for place in found if place.outcome is outcome][:EXAMPLES_MAX]
        ],
        "ticket_examples": [_example(place, numbers) for place in found if place.tickets][:EXAMPLES_MAX],
    }


def _meet(
    neighbours: dict[tuple[bool, str], set[tuple[bool, str]]],
    moved: dict[tuple[bool, str], bool],
    one: tuple[bool, str],
    other: tuple[bool, str] | None,
) -> None:
    met = neighbours[one]
    if other is None:
        moved[one] = True
    else:
        met.add(other)


def _joined(neighbours: Mapping[tuple[bool, str], set[tuple[bool, str]]]) -> Iterable[list[tuple[bool, str]]]:
    seen: set[tuple[bool, str]] = set()
    for start in neighbours:
        if start in seen:
            continue
        seen.add(start)
        joined = [start]
        for one in joined:
            joined += (new := neighbours[one] - seen)
            seen |= new
        yield joined


def _side(found: Found, keys: Iterable[str]) -> tuple[FoundIncident, ...]:
    return tuple(sorted((found.incidents[key] for key in keys), key=lambda incident: (incident.first_at, incident.key)))


def _order(incidents: Iterable[FoundIncident]) -> tuple[datetime, str]:
    return min((incident.first_at, incident.key) for incident in incidents)


def _outcome(old: Collection[FoundIncident], new: Collection[FoundIncident], moved: bool) -> Divergence:
    if not old or not new:
        return Divergence.VANISHED if old else Divergence.OPENED
    if len(old) > 1 or len(new) > 1:
        return Divergence.MERGED if len(new) == 1 else Divergence.SPLIT if len(old) == 1 else Divergence.REGROUPED
    (before,), (after,) = old, new
    if moved or before.kind != after.kind:
        return Divergence.CHANGED
    if before.grade == after.grade:
        if before.case == after.case:
            return Divergence.SAME
        return Divergence.JOINED if after.case.events > before.case.events else Divergence.PARTED
    return Divergence.GRAVER if after.grade < before.grade else Divergence.MILDER


def _tickets(incidents: Iterable[FoundIncident]) -> int:
    return sum(incident.ticket_counted is not None for incident in incidents)


def _totals(incidents: Iterable[FoundIncident]) -> dict[str, Any]:
    every = list(incidents)
    grades = Counter(incident.grade for incident in every)
    reasons = Counter(reason for incident in every if (reason := incident.ticket_counted) is not None)
    return {
        "incidents": len(every),
        "events": sum(incident.events for incident in every),
        "largest": max((incident.events for incident in every), default=0),
        "cases": len({incident.case for incident in every}),
        "by_grade": {str(grade): grades[grade] for grade in range(1, 5)},
        "tickets": {reason.value: count for reason, count in sorted(reasons.items())},
    }


def _by_kind(found: Iterable[Place]) -> list[dict[str, Any]]:
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for place in found:
        for side, incidents in (("before", place.before), ("after", place.after)):
            for incident in incidents:
                rows[incident.kind][side] += 1
                rows[incident.kind][f"tickets_{side}"] += incident.ticket_counted is not None
        if place.outcome is not Divergence.SAME:
            for kind in {incident.kind for incident in (*place.before, *place.after)}:
                rows[kind][place.outcome] += 1
    columns = (
        "before",
        "after",
        "tickets_before",
        "tickets_after",
        *(o for o in Divergence if o is not Divergence.SAME),
    )
    return [{"kind": kind} | {str(column): row[column] for column in columns} for kind, row in sorted(rows.items())]


def _example(place: Place, numbers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "outcome": place.outcome.value,
        "tickets": place.tickets,
        "before": [_told(incident, numbers) for incident in place.before[:_SIDE_MAX]],
        "after": [_told(incident, numbers) for incident in place.after[:_SIDE_MAX]],
    }


def _told(incident: FoundIncident, numbers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "key": incident.key,
        "number": numbers.get(incident.key),
        "kind": incident.kind,
        "grade": incident.grade,
        "events": incident.events,
        "first_at": incident.first_at.isoformat().replace("+00:00", "Z"),
        "place": incident.place,
        "area_id": incident.area_id,
        "late": incident.late,
        "ticket": incident.ticket,
    }
