"""Looks up what grading must know beside the events of an incident; a function of time and sets, never of batches.

What lies in the past is read as of the incident's first event, so that it does not matter when it is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from dispatcher.incidents.flapping import FLAPPING_KIND
from dispatcher.incidents.grades.rules import GradingRules
from dispatcher.incidents.live import LiveIncident
from dispatcher.incidents.model import IncidentStatus
from dispatcher.risk.model import Earlier, Facts, Judgement, Verdict, WarningInForce
from dispatcher.risk.override import Override
from events.model import Event
from registry.grading import SensitivePlace
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

_EARLIER_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """An incident whose facts are wanted, with what the database does not know of it yet."""

    incident: LiveIncident
    absorbed: tuple[int, ...] = ()  # incidents that it took over in this step
    returned: tuple[Event, ...] = ()  # of this step
    risen: tuple[bytes, ...] = ()  # its events that were noise until this step


@dataclass(slots=True)
class Known:
    """What was found of one incident."""

    override: Override | None = None
    judgement: Judgement | None = None
    doubted: set[str] = field(default_factory=set)
    earlier: list[Earlier] = field(default_factory=list)
    warnings: list[WarningInForce] = field(default_factory=list)
    cleared: tuple[bytes, ...] = ()
    places: dict[str, SensitivePlace] = field(default_factory=dict)

    def facts_of(self, incident: LiveIncident) -> Facts:
        """In one order whatever was found first."""
        return Facts(
            final=incident.status is IncidentStatus.FINAL,
            judgement=self.judgement,
            doubted=frozenset(self.doubted),
            earlier=tuple(sorted(self.earlier, key=lambda each: (each.at, each.uid), reverse=True)[:_EARLIER_MAX]),
            warnings=tuple(sorted(self.warnings, key=lambda each: (each.colour, each.uid))[:_EARLIER_MAX]),
            matches=tuple(sorted(incident.matches)),
            cleared=self.cleared,
            places=tuple(self.places[name] for name in sorted(self.places)),
        )


async def look_up(conn: Connection, rules: GradingRules, asked: Sequence[Asked]) -> list[Known]:
    """What is known of each, in the order asked."""
    found = [Known() for _ in asked]
    await _words_of_officers(conn, asked, found)
    await _earlier(conn, rules, asked, found)
    await _warnings(conn, rules, asked, found)
    await _doubts(conn, rules, asked, found)
    await _returns(conn, asked, found)
    for each, known in zip(asked, found, strict=True):
        for cell in each.incident.tally.cells:
            known.places |= {place.id: place for place in rules.grading.reach.get(cell, ())}
    return found


async def _words_of_officers(conn: Connection, asked: Sequence[Asked], found: Sequence[Known]) -> None:
    members = [(id_, n) for n, each in enumerate(asked) for id_ in (each.incident.id, *each.absorbed) if id_]
    if not members:
        return
    columns = [id_ for id_, _ in members], [n for _, n in members]
    for row in await conn.fetch(QUERIES.newest_overrides, *columns):
        found[row["head"]].override = Override(
            row["grade"], row["computed_grade"], row["reason"], row["actor_name"], row["actor_role"], row["at"]
        )
    for row in await conn.fetch(QUERIES.newest_judgements, *columns):
        found[row["head"]].judgement = Judgement(Verdict(row["verdict"]), row["actor_name"], row["at"])


async def _earlier(conn: Connection, rules: GradingRules, asked: Sequence[Asked], found: Sequence[Known]) -> None:
    parameters, taxonomy = rules.grading.parameters, rules.taxonomy
    reach_dm = parameters["earlier_reach_m"] * 10
    longest, least = timedelta(days=parameters["earlier_days"]), timedelta(seconds=parameters["earlier_apart_s"])
    places = {
        n: (_gravest(rules, each.incident), placed.x_dm, placed.y_dm, each.incident.canonical.effective_at)
        for n, each in enumerate(asked)
        if (placed := each.incident.placed).x_dm is not None
        and placed.y_dm is not None
        and taxonomy.group_of(each.incident.canonical.witness.kind).clustered
    }
    if not places:
        return
    rows = await conn.fetch(
        QUERIES.earlier_incidents,
        list(places),
        *(list(column) for column in zip(*places.values(), strict=True)),
        reach_dm,
        longest.total_seconds(),
        least.total_seconds(),
        [id_ for each in asked for id_ in (each.incident.id, *each.absorbed) if id_],
    )
    for row in rows:
        found[row["n"]].earlier.append(Earlier(row["uid"], row["at"]))
    by_kind: dict[str, list[int]] = {}
    for n, (kind, *_) in places.items():
        by_kind.setdefault(kind, []).append(n)
    # Those of this step are not in the database as they are now.
    for same in by_kind.values():
        beginnings = sorted((places[n][3], n) for n in same)
        if beginnings[-1][0] - beginnings[0][0] < least:
            continue
        for at, n in beginnings:
            for earlier_at, other in beginnings:
                if earlier_at > at - least:
                    break
                if earlier_at >= at - longest and _near(places[n][1:3], places[other][1:3], reach_dm):
                    found[n].earlier.append(Earlier(asked[other].incident.canonical.witness.uid, earlier_at))


def _near(a: tuple[int, int], b: tuple[int, int], reach_dm: int) -> bool:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 <= reach_dm**2


def _gravest(rules: GradingRules, incident: LiveIncident) -> str:
    """The kind by which an incident is found again: the gravest by its own cell, the earliest among equals."""

    def gravity(kind_id: str) -> int:
        kind = rules.taxonomy.kind(kind_id)
        return rules.matrix.grade(consequence=kind.consequence, likelihood=kind.likelihood)

    return rules.taxonomy.kind(min(incident.tally.kinds, key=gravity)).id


async def _warnings(conn: Connection, rules: GradingRules, asked: Sequence[Asked], found: Sequence[Known]) -> None:
    table = rules.grading
    wanted = {
        n: {kind for own in each.incident.tally.kinds for kind, _ in table.risk_of(own).warned_by}
        for n, each in enumerate(asked)
    }
    kinds = sorted(set().union(*wanted.values()))
    if not kinds:
        return
    times = [asked[n].incident.canonical.effective_at for n, named in wanted.items() if named]
    hours = timedelta(hours=table.parameters["warning_hours"])
    here = [id_ for each in asked for id_ in (each.incident.id, *each.absorbed) if id_]
    rows = await conn.fetch(QUERIES.warnings_in_force, kinds, hours.total_seconds(), min(times), max(times), here)
    known = [(row["kind"], row["grade"], row["uid"], row["at"], row["area_id"]) for row in rows] + [
        (kind, min(colours), own.canonical.witness.uid, own.canonical.effective_at, own.placed.area_id)
        for own in (each.incident for each in asked)
        for kind in own.tally.kinds
        if kind in kinds and (colours := [colour for of, colour in own.tally.colours if of == kind])
    ]
    for n, named in wanted.items():
        incident = asked[n].incident
        for kind, colour, uid, at, area_id in known:
            here_too = area_id is None or area_id in incident.placed.area_path
            if kind in named and here_too and at <= incident.canonical.effective_at <= at + hours:
                found[n].warnings.append(WarningInForce(uid, kind, colour))


async def _doubts(conn: Connection, rules: GradingRules, asked: Sequence[Asked], found: Sequence[Known]) -> None:
    parameters = rules.grading.parameters
    rows = [
        (n, subject, each.incident.canonical.effective_at)
        for n, each in enumerate(asked)
        if len(each.incident.tally.subjects) <= parameters["doubt_subjects_max"]
        for subject in each.incident.tally.subjects
    ]
    if not rows:
        return
    columns = (list(column) for column in zip(*rows, strict=True))
    doubted = await conn.fetch(
        QUERIES.doubted_subjects, *columns, parameters["doubt_false_min"], parameters["doubt_days"]
    )
    for row in doubted:
        found[row["n"]].doubted.add(row["subject"])
    hours = timedelta(hours=parameters["doubt_flapping_hours"])
    here = [id_ for each in asked for id_ in (each.incident.id, *each.absorbed) if id_]
    columns = (list(column) for column in zip(*rows, strict=True))
    for row in await conn.fetch(QUERIES.flapping_subjects, *columns, hours.total_seconds(), here):
        found[row["n"]].doubted.add(row["subject"])
    flapped = _flapped(asked)
    for n, subject, at in rows:
        if any(at - hours <= reported_at < at for reported_at in flapped.get(subject, ())):
            found[n].doubted.add(subject)


def _flapped(asked: Sequence[Asked]) -> dict[str, list[datetime]]:
    """When the devices reported whose flapping is an incident of this step."""
    times: dict[str, list[datetime]] = {}
    for incident in (each.incident for each in asked):
        if FLAPPING_KIND in incident.tally.kinds:
            for member in incident.members.values():
                times.setdefault(member.subject, []).append(member.effective_at)
    return times


async def _returns(conn: Connection, asked: Sequence[Asked], found: Sequence[Known]) -> None:
    """Only of what is final: until then nothing that returned counts."""
    finals = {n: each for n, each in enumerate(asked) if each.incident.status is IncidentStatus.FINAL}
    family = [(id_, n) for n, each in finals.items() for id_ in (each.incident.id, *each.absorbed) if id_]
    said: dict[int, list[tuple[str, datetime, bytes]]] = {}
    for n, each in finals.items():
        said[n] = [(event.subject, event.effective_at, event.uid) for event in each.returned]
    if family:
        columns = [id_ for id_, _ in family], [n for _, n in family]
        for row in await conn.fetch(QUERIES.returned_events, *columns):
            said[row["head"]].append((row["subject"], row["effective_at"], row["uid"]))
    risen = [(uid, n) for n, each in finals.items() for uid in each.risen]
    if risen:
        uids, heads = [uid for uid, _ in risen], [n for _, n in risen]
        for row in await conn.fetch(QUERIES.returned_with_noise, uids, heads):
            said[row["head"]].append((row["subject"], row["effective_at"], row["uid"]))
    for n, returns in said.items():
        if returns:
            found[n].cleared = _cleared(asked[n].incident, returns)


def _cleared(incident: LiveIncident, returns: Iterable[tuple[str, datetime, bytes]]) -> tuple[bytes, ...]:
    """The last word of each subject, where it is that all is normal; by (time, uid)."""
    last: dict[str, tuple[datetime, bytes]] = {}
    for subject, at, uid in returns:
        last[subject] = max(last.get(subject, (at, uid)), (at, uid))
    raised = _last_raised(incident, last)
    words = sorted(word for subject, word in last.items() if subject in raised and raised[subject] < word[0])
    return tuple(uid for _, uid in words)


def _last_raised(incident: LiveIncident, subjects: Mapping[str, object]) -> dict[str, datetime]:
    last: dict[str, datetime] = {}
    for member in incident.members.values():
        if member.subject in subjects:
            last[member.subject] = max(last.get(member.subject, member.effective_at), member.effective_at)
    return last
