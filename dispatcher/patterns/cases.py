"""Joins the cases of incidents that a match linked: one case, one open ticket, and nobody's report is lost.

Cases only grow: what a correction takes back later stays together, because people work on it. A case whose tickets have
all ended is never joined: closed is closed, and what comes after it must not be overlooked with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dispatcher.incidents.model import IncidentChange
from dispatcher.incidents.step import Step
from dispatcher.patterns.model import Pattern
from runtime.queries import load

QUERIES = load(__package__)


@dataclass(frozen=True, slots=True)
class Link:
    """A match says that the incidents of two events belong together."""

    pattern: Pattern
    anchor_uid: bytes
    other_uid: bytes

    @property
    def order(self) -> tuple[str, bytes, bytes]:
        return self.pattern.id, self.anchor_uid, self.other_uid


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """What decides whether a case may be joined, and which of several goes on."""

    id: int
    opened_at: datetime
    ticketed: bool
    open: bool
    accepted: bool

    @property
    def ended(self) -> bool:
        return self.ticketed and not self.open

    @property
    def seniority(self) -> tuple[bool, bool, datetime, int]:
        """Accepted work stays, then work, then what was first."""
        return not self.accepted, not self.open, self.opened_at, self.id


@dataclass(frozen=True, slots=True)
class Joined:
    """Cases that are one from now on."""

    case_id: int
    joined: Mapping[int, Link]  # the others, each with the link that showed it


def decide(links: Iterable[tuple[Link, int, int]], standings: Mapping[int, CaseStanding]) -> list[Joined]:
    """Which cases become one: the components of cases under the links, each with the survivor that seniority names."""
    parts: list[tuple[set[int], dict[int, Link]]] = []
    # Which link is told as the reason must not depend on how the matcher came upon them.
    for link, one, other in sorted(links, key=lambda each: each[0].order):
        if one == other or standings[one].ended or standings[other].ended:
            continue
        touched = [part for part in parts if part[0] & {one, other}]
        parts = [part for part in parts if not part[0] & {one, other}]
        cases = {one, other}.union(*(part[0] for part in touched))
        shown = {one: link, other: link}
        for part in touched:
            shown |= part[1]
        parts.append((cases, shown))
    found = []
    for cases, shown in parts:
        survivor = min(cases, key=lambda case_id: standings[case_id].seniority)
        found.append(Joined(survivor, {case_id: shown[case_id] for case_id in sorted(cases - {survivor})}))
    return sorted(found, key=lambda each: each.case_id)  # not by links, of which memory may tell more or fewer


async def join(step: Step, links: Sequence[Link]) -> int:
    """Join what the links say, in the database, the memory and the changes of the step; how many cases went."""
    uids = {uid for link in links for uid in (link.anchor_uid, link.other_uid)}
    if not uids:
        return 0
    case_of = {
        row["event_uid"]: row["case_id"] for row in await step.conn.fetch(QUERIES.incidents_of_events, list(uids))
    }
    pairs = [
        (link, case_of[link.anchor_uid], case_of[link.other_uid])
        for link in links
        if link.anchor_uid in case_of and link.other_uid in case_of
    ]
    concerned = {case_id for _, one, other in pairs if one != other for case_id in (one, other)}
    if not concerned:
        return 0
    rows = await step.conn.fetch(QUERIES.standing_of_cases, sorted(concerned))
    standings = {row["id"]: CaseStanding(**dict(row)) for row in rows}
    decided = decide([pair for pair in pairs if pair[1] != pair[2]], standings)
    for joined in decided:
        await _carry_out(step, joined)
    return sum(len(joined.joined) for joined in decided)


async def _carry_out(step: Step, joined: Joined) -> None:
    losers = list(joined.joined)
    moved = await step.conn.fetch(QUERIES.join_cases, joined.case_id, losers)
    await step.conn.executemany(
        QUERIES.insert_case_join,
        [
            (step.at, joined.case_id, case_id, link.pattern.id, link.pattern.version, link.anchor_uid)
            for case_id, link in joined.joined.items()
        ],
    )
    for incident in step.memory.incidents.values():
        if incident.case_id in joined.joined:
            incident.case_id = joined.case_id
    step.incidents = [_following(change, joined) for change in step.incidents]
    known = {change.incident_id for change in step.incidents}
    more = [row["id"] for row in moved if row["id"] not in known]
    step.incidents += await changes_of(step, more)
    # The first change of the case brings the tickets together, before any other can open one.
    for place, change in enumerate(step.incidents):
        if change.case_id == joined.case_id:
            step.incidents[place] = replace(change, joined_cases=(*change.joined_cases, *losers))
            break


def _following(change: IncidentChange, joined: Joined) -> IncidentChange:
    if change.case_id not in joined.joined:
        return change
    return replace(change, case_id=joined.case_id, row=change.row | {"case_id": joined.case_id})


async def changes_of(step: Step, incident_ids: Sequence[int]) -> list[IncidentChange]:
    """Changes of incidents that this step did not touch otherwise; aliases have none."""
    rows = await step.conn.fetch(QUERIES.incident_changes, list(incident_ids)) if incident_ids else []
    return [_change(step, dict(row)) for row in rows]


def _change(step: Step, row: dict[str, Any]) -> IncidentChange:
    area_path = tuple(row.pop("area_path"))
    return IncidentChange(
        incident_id=row["id"],
        number=row["number"],
        case_id=row["case_id"],
        kind=row["kind"],
        mode=step.rulebook.taxonomy.mode_of(row["kind"]),
        grade=row["grade"],
        opened=False,
        late=row["late"],
        area_id=row["area_id"],
        area_path=area_path,
        place=row["place"],
        lon=row["lon"],
        lat=row["lat"],
        opened_at=row["opened_at"],
        new_events=(),
        absorbed=(),
        row=row,
    )
