"""What an incident's matches say to its grade: kept on the incident as plain data, graded again where they changed."""

from collections.abc import Collection, Iterable

from dispatcher.incidents.stage import regrade
from dispatcher.incidents.step import Step
from dispatcher.risk.matches import PatternMatch
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


async def recall(step: Step) -> None:
    """Tell every open incident its matches, as a memory that was rebuilt needs it."""
    incidents = step.memory.incidents
    for incident_id, matches in (await _read(step.conn, incidents)).items():
        incidents[incident_id].matches = matches


async def refresh(step: Step, anchors: Collection[bytes]) -> None:
    """Grade again what has other matches than it was graded with: at these anchors, or by merges and splits."""
    live = step.memory.incidents | {incident.id: incident for incident in step.closed}
    touched = [live[change.incident_id] for change in step.incidents if change.incident_id in live]
    absorbed = any(change.absorbed for change in step.incidents)
    if not anchors and not absorbed and not any(incident.matches for incident in touched):
        return
    rows = await step.conn.fetch(QUERIES.incidents_of_events, list(anchors))
    concerned = {incident.id for incident in touched} | ({row["incident_id"] for row in rows} & live.keys())
    matches = await _read(step.conn, concerned)
    changed = [live[id_] for id_ in sorted(concerned) if live[id_].matches != matches.get(id_, ())]
    for incident in changed:
        incident.matches = matches.get(incident.id, ())
    await regrade(step, changed)


async def _read(conn: Connection, incident_ids: Iterable[int]) -> dict[int, tuple[PatternMatch, ...]]:
    found: dict[int, list[PatternMatch]] = {}
    for row in await conn.fetch(QUERIES.matches_of_incidents, list(incident_ids)):
        witnesses = tuple(bytes.fromhex(witness["uid"]) for witness in row["witnesses"])
        match = PatternMatch(row["pattern_id"], row["version"], row["zh"], row["en"], witnesses)
        found.setdefault(row["incident_id"], []).append(match)
    return {incident_id: tuple(sorted(matches)) for incident_id, matches in found.items()}
