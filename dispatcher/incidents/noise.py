"""Which of what stands at no cluster is noise (O5): too few around it, and nothing that asks for an incident by itself.

A function of the events, the clusters and what officers decided. With m = 1 nothing is noise.
"""

from collections.abc import Collection, Iterable
from typing import Final

from dispatcher.correlation.correlator import Role
from dispatcher.incidents.live import LiveIncident
from dispatcher.incidents.memory import Memory
from dispatcher.risk import grading
from dispatcher.risk.model import Facts
from dispatcher.rules.rulebook import Rulebook
from events.model import SourceClass
from registry.event_kinds import KindMode
from registry.grading import GradeTable

_PERSONS: Final = SourceClass.HOTLINE


def find_noise(memory: Memory, rulebook: Rulebook, incidents: Iterable[LiveIncident]) -> set[int]:
    """Which of these are noise, by identity."""
    by_component: dict[int, list[LiveIncident]] = {}
    for incident in incidents:
        group = rulebook.taxonomy.group_of(incident.canonical.witness.kind)
        if group.clustered and group.m > 1 and (part := memory.parts.plain_part(incident)) is not None:
            by_component.setdefault(part.component, []).append(incident)
    named = [standing[0].canonical.witness.uid for standing in by_component.values()]
    roles = memory.correlator.roles_of(named)
    near_none = [component for component, role in zip(by_component, roles, strict=True) if role is Role.NOISE]
    standing = {component: memory.parts.tiles(component).values() for component in near_none}
    grave = _grave([incident for those in standing.values() for incident in those], rulebook)
    return {
        id(incident)
        for component, those in standing.items()
        if not any(id(each) in grave for each in those)
        for incident in by_component[component]
    }


def is_noise(standing: Collection[LiveIncident], rulebook: Rulebook) -> bool:
    """Whether an occurrence near no core, with all that stands at it, is of no concern by itself."""
    return not _grave(standing, rulebook)


def _grave(incidents: Collection[LiveIncident], rulebook: Rulebook) -> set[int]:
    """Those, by identity, that a person reported, whose kind opens a ticket at once, or whose own events have the
    grade of a life at risk.
    """
    grave = {id(incident) for incident in incidents if _asks_for_itself(incident, rulebook)}
    others = [incident for incident in incidents if id(incident) not in grave]
    table = rulebook.grading
    cases = [(incident.tally, _places(incident, table)) for incident in others]
    grades = grading.grades_of(cases, rulebook.taxonomy, rulebook.matrix, table)
    floor = table.parameters["life_floor"]
    return grave | {id(incident) for incident, grade in zip(others, grades, strict=True) if grade <= floor}


def _asks_for_itself(incident: LiveIncident, rulebook: Rulebook) -> bool:
    tally = incident.tally
    if _PERSONS in tally.classes:
        return True
    return any(rulebook.taxonomy.mode_of(kind) is KindMode.AUTO_TICKET for kind in tally.kinds)


def _places(incident: LiveIncident, table: GradeTable) -> Facts:
    """All that is known of it without asking the database."""
    places = {place.id: place for cell in incident.tally.cells for place in table.reach.get(cell, ())}
    return Facts(places=tuple(places[name] for name in sorted(places)))
