"""Recomputes why a final incident is one and why it has its grade, from its stored events alone, and compares."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dispatcher.incidents.grades.finals import find_links, group_names
from dispatcher.incidents.grades.rules import GradingRules
from dispatcher.incidents.grades.stored import StoredIncident
from dispatcher.incidents.model import Standing
from dispatcher.risk import grading
from dispatcher.risk.override import Override, shown


class Differs(StrEnum):
    """What is stored otherwise than it follows from the events."""

    GRADE = "grade"  # The grade that is shown, or the one behind it.
    EVIDENCE = "evidence"  # Kind, rules, points or witnesses.
    LINKS = "links"  # Which events are linked, by how many metres and seconds.
    LINKS_MISSING = "links_missing"  # Two or more events have a place, and nothing was kept.
    EVENTS_MISSING = "events_missing"  # An event that is named is not in the incident.


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not follow; values as they are stored and as they come out."""

    incident_id: int
    number: str
    differs: Differs
    stored: Any
    recomputed: Any

    def as_json(self) -> dict[str, Any]:
        return {
            "incident_id": self.incident_id,
            "number": self.number,
            "differs": self.differs.value,
            "stored": self.stored,
            "recomputed": self.recomputed,
        }


def check(stored: StoredIncident, rules: GradingRules) -> list[Difference]:
    """The differences of one final incident; `rules` are those of the versions that its explanation names."""
    return [
        Difference(stored.incident.id, stored.incident.number, differs, was, comes_out)
        for differs, was, comes_out in (*_grade(stored, rules), *_links(stored, rules), *_named(stored))
    ]


def _grade(stored: StoredIncident, rules: GradingRules) -> Iterator[tuple[Differs, Any, Any]]:
    incident = stored.incident
    incident.grading = grading.grade(incident.tally, stored.facts, rules.taxonomy, rules.matrix, rules.grading)
    said = stored.explanation["override"]
    over = shown(incident.graded.grade, None if said is None else Override.of_json(said))
    if (stored.grade, stored.explanation["grade"]) != (over, incident.graded.grade):
        yield Differs.GRADE, [stored.grade, stored.explanation["grade"]], [over, incident.graded.grade]
    was = {name: said for name, said in stored.explanation.items() if name != "override"}
    comes_out = incident.graded.as_json()
    if was != comes_out:
        names = sorted(name for name in was.keys() | comes_out.keys() if was.get(name) != comes_out.get(name))
        if names != ["grade"]:
            yield (
                Differs.EVIDENCE,
                {name: was.get(name) for name in names},
                {name: comes_out.get(name) for name in names},
            )


def _links(stored: StoredIncident, rules: GradingRules) -> Iterator[tuple[Differs, Any, Any]]:
    located = [member for member in stored.incident.members.values() if member.x_dm is not None]
    kept = stored.kept
    if kept is None:
        if len(located) > 1:
            yield Differs.LINKS_MISSING, None, len(located)
        return
    if kept.links is None:
        return
    links = find_links(located, group_names(rules.taxonomy, located), kept.reaches, stored.incident.cores)
    if links != kept.links:
        found, said = set(links or ()), set(kept.links)
        yield (
            Differs.LINKS,
            [link.as_json() for link in sorted(said - found)],
            [link.as_json() for link in sorted(found - said)],
        )


def _named(stored: StoredIncident) -> Iterator[tuple[Differs, Any, Any]]:
    """Every witness of its own rules stands in it; those of matches and of what was here before stand elsewhere."""
    own = {each.event.uid.hex() for each in stored.events}
    returned = {each.event.uid.hex() for each in stored.events if each.standing is Standing.RETURNED}
    elsewhere = {"pattern", "earlier_incidents", "weather_warning"}
    named = {
        uid for found in stored.explanation["evidence"] if found["rule"] not in elsewhere for uid in found["witnesses"]
    }
    missing = sorted(named - own) + sorted(set(stored.explanation["facts"]["cleared"]) - returned)
    if missing:
        yield Differs.EVENTS_MISSING, missing, []
