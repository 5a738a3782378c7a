"""Goes through final incidents, page by page, and tells which of them do not follow from their stored events."""

from collections.abc import AsyncIterator

from dispatcher.incidents.grades.checking import Difference, check
from dispatcher.incidents.grades.rules import StoredRules, read_grading_rules
from dispatcher.incidents.grades.stored import read_incident
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

PAGE = 200


async def count(conn: Connection, only_id: int | None = None) -> int:
    """How many incidents would be checked."""
    total: int = await conn.fetchval(QUERIES.count_final_incidents, only_id)
    return total


async def audit(conn: Connection, only_id: int | None = None) -> AsyncIterator[list[Difference]]:
    """The differences of each final incident in turn, empty where it follows; each graded under its own rules."""
    known: dict[tuple[int, int], StoredRules] = {}
    last_id = 0
    while True:
        page = [row["id"] for row in await conn.fetch(QUERIES.final_incidents, last_id, only_id, PAGE)]
        for incident_id in page:
            stored = await read_incident(conn, incident_id)
            version, points_version = versions = stored.graded_under
            if versions not in known:
                known[versions] = await read_grading_rules(conn, version=version, points_version=points_version)
            yield check(stored, known[versions])
        if len(page) < PAGE:
            return
        last_id = page[-1]
