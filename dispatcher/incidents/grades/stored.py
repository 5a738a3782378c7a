"""Incidents as they are stored, read whole: for officers, for the explanation, and for the check that both agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatcher.incidents.grades.facts import Asked
from dispatcher.incidents.grades.finals import GroupLink, Reach
from dispatcher.incidents.grades.grading import GradeCause, GradeChange, grade, remember
from dispatcher.incidents.grades.rules import GradingRules
from dispatcher.incidents.live import LiveIncident, Member
from dispatcher.incidents.model import IncidentStatus, Standing
from dispatcher.risk.model import Facts
from events.model import Event
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its standing in its incident."""

    event: Event
    standing: Standing
    core: bool  # final, in a cluster of m > 1, and of an occurrence that is core


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept of a final incident: parameters, links (None: too many), located events."""

    rules: int
    reaches: dict[str, Reach]
    occurrences: int
    links: list[GroupLink] | None


@dataclass(frozen=True, slots=True)
class StoredIncident:
    """An incident with every event of it; `explanation` as it is stored."""

    incident: LiveIncident
    version: int
    grade: int
    kind: str
    explanation: dict[str, Any]
    events: tuple[StoredEvent, ...]
    kept: Kept | None

    @property
    def facts(self) -> Facts:
        return Facts.of_json(self.explanation["facts"])

    @property
    def graded_under(self) -> tuple[int, int]:
        """The versions of the rules and of the points that gave its grade."""
        return self.explanation["matrix_version"], self.explanation["points_version"]


async def read_incident(conn: Connection, incident_id: int) -> StoredIncident:
    """Raises LookupError where there is no such incident."""
    row = await conn.fetchrow(QUERIES.read_graded_incident, incident_id)
    if row is None:
        raise LookupError(f"incident {incident_id}")
    columns = dict(row)
    version, grade_, kind, explanation = (columns.pop(name) for name in ("version", "grade", "kind", "explanation"))
    columns["status"] = IncidentStatus(columns["status"])
    incident = LiveIncident(**columns)
    events = tuple(_stored(dict(each)) for each in await conn.fetch(QUERIES.read_incident_events, incident_id))
    for each in events:
        if each.standing is not Standing.RETURNED:
            incident.put(Member.of(each.event))
        if each.core:
            incident.cores.add(each.event.uid)
    incident.matches = Facts.of_json(explanation["facts"]).matches
    kept = await conn.fetchrow(QUERIES.read_final_explanation, incident_id)
    return StoredIncident(
        incident=incident,
        version=version,
        grade=grade_,
        kind=kind,
        explanation=explanation,
        events=events,
        kept=None if kept is None else _kept(dict(kept)),
    )


async def regrade(
    conn: Connection, rules: GradingRules, incident_id: int, cause: GradeCause, at: datetime
) -> StoredIncident:
    """Grade a stored incident again, because more is known of it; writes grade, explanation and history.

    The caller holds its row.
    """
    stored = await read_incident(conn, incident_id)
    incident = stored.incident
    await grade(conn, rules, [Asked(incident)])
    await conn.execute(QUERIES.put_grade, incident_id, incident.grade, incident.graded.kind, incident.explanation)
    if incident.grade != stored.grade:
        change = GradeChange(incident_id, at, stored.grade, incident.grade, cause, incident.graded, None)
        await remember(conn, [change])
    return stored


def _stored(columns: dict[str, Any]) -> StoredEvent:
    standing, core = Standing(columns.pop("standing")), bool(columns.pop("core"))
    return StoredEvent(Event.of_columns(columns), standing, core)


def _kept(columns: dict[str, Any]) -> Kept:
    links: Sequence[Sequence[Any]] | None = columns["links"]
    return Kept(
        rules=columns["rules"],
        reaches={name: Reach(**reach) for name, reach in columns["parameters"].items()},
        occurrences=columns["occurrences"],
        links=None if links is None else [GroupLink.of_json(link) for link in links],
    )
