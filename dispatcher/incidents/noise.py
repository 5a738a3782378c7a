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
    return {
        id(incident)
        for (component, standing), role in zip(by_component.items(), roles, strict=True)
        if role is Role.NOISE and is_noise(memory.parts.tiles(component).values(), rulebook)
        for incident in standing
    }


def is_noise(standing: Collection[LiveIncident], rulebook: Rulebook) -> bool:
    """Whether an occurrence near no core, with all that stands at it, is of no concern by itself."""
    return not any(_is_grave(incident, rulebook) for incident in standing)


def _is_grave(incident: LiveIncident, rulebook: Rulebook) -> bool:
    """A person reported it, its kind opens a ticket at once, or its own events have the grade of a life at risk."""
    tally = incident.tally
    if _PERSONS in tally.classes:
        return True
    if any(rulebook.taxonomy.mode_of(kind) is KindMode.AUTO_TICKET for kind in tally.kinds):
        return True
    table = rulebook.grading
    places = {place.id: place for cell in tally.cells for place in table.reach.get(cell, ())}
    facts = Facts(places=tuple(places[name] for name in sorted(places)))
    graded = grading.grade(tally, facts, rulebook.taxonomy, rulebook.matrix, table)
    return graded.grade <= table.parameters["life_floor"]
