"""What officers say of an incident: whether it is so, and which grade it has. Kept for ever, beside the evidence."""

from dataclasses import dataclass
from datetime import datetime

from dispatcher.incidents.errors import IncidentOutpaced, ReshapeRefusal, ReshapeRefused
from dispatcher.incidents.grades.grading import GradeCause
from dispatcher.incidents.grades.rules import read_grading_rules
from dispatcher.incidents.grades.stored import StoredIncident, regrade
from dispatcher.incidents.model import IncidentStatus
from dispatcher.risk.model import Verdict
from events.model import SourceClass
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class MilderNeedsShiftLeader(Exception):
    """Only a shift leader sets a grade that is milder than the evidence gives."""


@dataclass(frozen=True, slots=True)
class Officer:
    """Who says it, as which role, and why."""

    actor: str
    name: str
    role: str
    reason: str
    may_lower: bool


async def set_grade(
    conn: Connection, incident_id: int, version: int, wanted: int | None, officer: Officer, at: datetime
) -> StoredIncident:
    """Lay an officer's grade over the computed one, or give it back (None). Returns the incident as it was before.

    Raises LookupError, IncidentOutpaced where the incident is not at this version any more, ReshapeRefused for an
    alias, MilderNeedsShiftLeader.
    """
    computed = await _take(conn, incident_id, version)
    if wanted is not None and wanted > computed and not officer.may_lower:
        raise MilderNeedsShiftLeader
    await conn.execute(
        QUERIES.insert_override,
        incident_id,
        wanted,
        computed,
        officer.reason,
        officer.actor,
        officer.name,
        officer.role,
        at,
    )
    return await regrade(conn, await read_grading_rules(conn), incident_id, GradeCause.OVERRIDE, at)


async def judge(
    conn: Connection, incident_id: int, version: int, verdict: Verdict, officer: Officer, at: datetime
) -> StoredIncident:
    """A person has looked. What is found counts for the grade, and for the trust in the devices that reported.

    Returns the incident as it was before. Raises as `set_grade`.
    """
    await _take(conn, incident_id, version)
    await conn.execute(
        QUERIES.insert_judgement,
        incident_id,
        verdict,
        officer.reason,
        officer.actor,
        officer.name,
        officer.role,
        at,
    )
    before = await regrade(conn, await read_grading_rules(conn), incident_id, GradeCause.JUDGEMENT, at)
    subjects = {each.event.subject for each in before.events if each.event.source_class is not SourceClass.HOTLINE}
    await conn.executemany(
        QUERIES.put_subject_verdict, [(subject, incident_id, verdict, at) for subject in sorted(subjects)]
    )
    return before


async def _take(conn: Connection, incident_id: int, version: int) -> int:
    """Hold the incident at its next version until the transaction ends: of two officers one is told of the other.

    Returns its computed grade.
    """
    taken = await conn.fetchrow(QUERIES.take_incident, incident_id, version)
    if taken is None:
        standing = await conn.fetchrow(QUERIES.read_standing, incident_id)
        if standing is None:
            raise LookupError(f"incident {incident_id}")
        raise IncidentOutpaced(incident_id, standing["version"], standing["status"])
    if taken["status"] == IncidentStatus.MERGED:
        raise ReshapeRefused(ReshapeRefusal.SETTLED, incident_id, taken["status"])
    computed: int = taken["computed_grade"]
    return computed
