"""Follows clusters that merge or come apart with the incidents that were known before: who survives, what moves.

Two ways give the same. Where clusters and tiles are all there is, whole incidents go where their cluster went. Where an
officer's overlay or a flapping device has a say, the parts of all events concerned are found anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatcher.correlation.correlator import Applied, Moved
from dispatcher.incidents.live import LiveIncident, Member
from dispatcher.incidents.memory import Memory
from dispatcher.incidents.model import IncidentStatus
from dispatcher.incidents.parts import Part, SplitPart, TilePart, classes, tile
from dispatcher.incidents.touched import Touched
from dispatcher.rules.rulebook import Rulebook

_NOBODY: Final[frozenset[int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Claim:
    """An incident's say in a part: all of it, or the events named."""

    incident: LiveIncident
    uids: frozenset[bytes] | None = None
    bridge_uid: bytes | None = None  # what joined it to the others

    def moving(self) -> dict[bytes, Member]:
        """What the incident gives away where another survives."""
        if self.uids is None:
            return dict(self.incident.members)
        return {uid: member for uid, member in self.incident.members.items() if uid in self.uids}


class Regrouping:
    """The incidents of one step as they merge and come apart; nothing is written here."""

    def __init__(self, memory: Memory, rulebook: Rulebook, at: datetime) -> None:
        self._memory = memory
        self._parts = memory.parts
        self._rulebook = rulebook
        self._at = at
        # Cases with an accepted open ticket, of all incidents that may merge next: such a case survives.
        self.ticketed: AbstractSet[int] = _NOBODY
        self.touched: dict[int, Touched] = {}  # by identity of the incident, in order of first touch

    def touch(self, incident: LiveIncident) -> Touched:
        return self.touched.setdefault(id(incident), Touched(incident))

    def tile(self, member: Member) -> int:
        return tile(member, self._rulebook.taxonomy)

    def new_incident(self, kind_group: str, *, late: bool = False) -> LiveIncident:
        incident = LiveIncident(id=0, number="", case_id=0, kind_group=kind_group, opened_at=self._at, late=late)
        self.touch(incident)
        return incident

    def follow_clusters(self, applied: Applied) -> None:
        """Merges and splits of clusters, as the correlator told them for this batch."""
        handles = regrouped(applied)
        held = {id(i): i for handle in handles for i in self._parts.tiles(handle).values()}
        for moved in applied.moved:
            for incident in (*(self._memory.of_event[uid] for uid in moved.uids), *self._standing(moved.component)):
                held[id(incident)] = incident
        bridges: dict[int, bytes] = {}
        for merge in applied.merges:
            bridges.setdefault(merge.loser, merge.bridge)
            bridges.setdefault(merge.winner, merge.bridge)
        if all(self._parts.is_plain(incident) for incident in held.values()):
            transit = self._take_borders(applied.moved)
            self._follow_plainly(applied, handles, bridges)
            self._land_borders(transit)
        else:
            self.reweave(held.values(), {id(i): b for handle, b in bridges.items() for i in self._standing(handle)})

    def _standing(self, handle: int) -> list[LiveIncident]:
        """What stands at a component."""
        return list(self._parts.tiles(handle).values())

    def _take_borders(self, moved: Sequence[Moved]) -> dict[TilePart, tuple[LiveIncident, list[LiveIncident]]]:
        """Take borders that go to another cluster out of their incidents: by where they go, with whom they emptied."""
        transit: dict[TilePart, tuple[LiveIncident, list[LiveIncident]]] = {}
        where = {uid: component for uids, component in moved for uid in uids}  # the last word on each
        for uid, component in where.items():
            source = self._memory.of_event[uid]
            member = source.members[uid]
            part = TilePart(component, self.tile(member))
            if part not in transit:
                transit[part] = self.new_incident(source.kind_group), []
            shuttle, emptied = transit[part]
            self.move({uid: member}, source, shuttle)
            if not source.members:
                self._parts.drop(source)
                emptied.append(source)
        return transit

    def _land_borders(self, transit: Mapping[TilePart, tuple[LiveIncident, list[LiveIncident]]]) -> None:
        """Put them where they belong now; an incident that had nothing else goes with them, or goes on as their own."""
        for part, (shuttle, emptied) in transit.items():
            there = self._parts.get(part)
            landed = there or min(emptied, key=self._priority, default=shuttle)
            bridge_uid = shuttle.canonical.witness.uid
            if landed is not shuttle:
                self.move(dict(shuttle.members), shuttle, landed)
                self.absorb(shuttle, landed, bridge_uid)
            if there is None:
                self._parts.put(part, landed)
            for each in emptied:
                if each is not landed:
                    self.absorb(each, landed, bridge_uid)
            self._share_case(self._standing(part.component))

    def _earliest_at(self, handle: int) -> tuple[int, bytes]:
        """The canonical key of what stands at a component: the same whatever its number."""
        earliest = [incident.canonical.witness for incident in self._parts.tiles(handle).values()]
        return min(((first.at_ms, first.uid) for first in earliest), default=(0, b""))

    def _follow_plainly(self, applied: Applied, handles: AbstractSet[int], bridges: Mapping[int, bytes]) -> None:
        went_to = {merge.loser: merge.winner for merge in applied.merges}
        pieces = {split.component: split.parts for split in applied.reclustered}
        claims: dict[Part, list[Claim]] = defaultdict(list)
        for handle in sorted(handles, key=self._earliest_at):  # a restart numbers components anew
            bridge_uid = bridges.get(handle)
            for number, incident in self._parts.take_tiles(handle):
                if handle not in pieces:
                    claims[TilePart(_followed(went_to, handle), number)].append(Claim(incident, None, bridge_uid))
                    continue
                for new_handle, uids in sorted(pieces[handle].items(), key=lambda piece: min(piece[1])):
                    own = frozenset(uid for uid in uids if uid in incident.members)
                    if own:
                        claims[TilePart(new_handle, number)].append(Claim(incident, own, bridge_uid))
        self._settle_all(claims, {part: {part} for part in claims})

    def reweave(
        self,
        seeds: Iterable[LiveIncident],
        bridges: Mapping[int, bytes] | None = None,
        *,
        apart: SplitPart | None = None,
    ) -> None:
        """Find anew which events are one incident, among those of the seeds and whatever they are joined with.

        `apart` was just split off: the incident that it came from goes on without it.
        """
        incidents, parts = self._concerned(seeds)
        for incident in incidents:
            self._parts.drop(incident)
        grouped = classes(parts, self._parts)
        root = {part: of for of, those in grouped.items() for part in those}
        claims: dict[Part, list[Claim]] = defaultdict(list)
        for incident in incidents:
            own: dict[Part, set[bytes]] = defaultdict(set)
            for uid in incident.members:
                own[root[parts[incident.settled.get(uid, uid)]]].add(uid)
            bridge_uid = (bridges or {}).get(id(incident))
            for part in sorted(own, key=lambda p: min(incident.members[uid].witness for uid in own[p])):
                claims[part].append(Claim(incident, frozenset(own[part]), bridge_uid))
        self._settle_all(claims, grouped, avoided=None if apart is None else root.get(apart))

    def _concerned(self, seeds: Iterable[LiveIncident]) -> tuple[list[LiveIncident], dict[bytes, Part]]:
        """The incidents that may change with the seeds, and the part of each of their events that is not settled."""
        parts: dict[bytes, Part] = {}
        queue = list(seeds)
        found: dict[int, LiveIncident] = {}
        while queue:
            incident = queue.pop()
            if id(incident) in found or not incident.members or incident.status is not IncidentStatus.OPEN:
                continue
            found[id(incident)] = incident
            for uid in incident.members.keys() - incident.settled.keys():
                part = parts[uid] = self._part_now(incident.members[uid])
                standing = self._parts.get(part)
                if standing is not None:
                    queue.append(standing)
                for _, held in self._parts.held_together(uid):
                    queue += [self._memory.of_event[other] for other in held if other in self._memory.of_event]
            queue += [self._memory.of_event[uid] for uid in incident.settled.values()]
        incidents = sorted(found.values(), key=lambda i: (i.id == 0, i.id, i.canonical.witness))
        return incidents, parts

    def _part_now(self, member: Member) -> Part:
        uid = member.witness.uid
        component = self._memory.correlator.component_of(uid)
        if component is None:
            raise LookupError(f"event {uid.hex()} is in an open incident and in no cluster")
        return self._parts.of(uid, component, self.tile(member))

    def _settle_all(
        self,
        claims: Mapping[Part, Sequence[Claim]],
        grouped: Mapping[Part, Iterable[Part]],
        *,
        avoided: Part | None = None,
    ) -> None:
        keeps = _keepers(claims, avoided)
        absorbed: list[tuple[LiveIncident, LiveIncident, bytes]] = []
        for part, claimed in claims.items():
            absorbed += self._settle(part, claimed, keeps, grouped[part])
        # Only now: what is absorbed in one part may have given events to another.
        for loser, survivor, bridge_uid in absorbed:
            self.absorb(loser, survivor, bridge_uid)
        tiled = dict.fromkeys(p.component for of in claims for p in grouped[of] if isinstance(p, TilePart))
        for component in tiled:
            self._share_case(list(self._parts.tiles(component).values()))

    def _settle(
        self, part: Part, claimed: Sequence[Claim], keeps: Mapping[int, Part], parts: Iterable[Part]
    ) -> list[tuple[LiveIncident, LiveIncident, bytes]]:
        """One part after the batch: what moves; returns who is absorbed by whom, and the bridging uid."""
        here = sorted((c for c in claimed if keeps[id(c.incident)] == part), key=lambda c: self._priority(c.incident))
        survivor = here[0].incident if here else self.new_incident(claimed[0].incident.kind_group)
        for each in parts:
            self._parts.put(each, survivor)
        for claim in claimed:
            if claim.incident is not survivor:
                self.move(claim.moving(), claim.incident, survivor)
        return [(c.incident, survivor, c.bridge_uid or survivor.canonical.witness.uid) for c in here[1:]]

    def move(self, moving: Mapping[bytes, Member], source: LiveIncident, target: LiveIncident) -> None:
        self.touch(target).carry(moving, self.touch(source))
        for uid, member in moving.items():
            source.remove(uid)
            target.put(member)
            if uid in source.settled:
                target.settled[uid] = source.settled.pop(uid)
            if uid in source.cores:
                source.cores.remove(uid)
                target.cores.add(uid)
            self._memory.of_event[uid] = target
            self._memory.subjects.note(member.subject, member.witness.kind, target)

    def absorb(self, loser: LiveIncident, survivor: LiveIncident, bridge_uid: bytes) -> None:
        """The loser has no events any more: it becomes an alias, if anybody ever saw it."""
        self._parts.drop(loser)
        case_id = loser.case_id
        self._join_cases(loser, survivor)
        left, kept = self.touch(loser), self.touch(survivor)
        # What it had absorbed itself within this step, and returns noted with it, go on with the survivor.
        kept.absorbed += left.absorbed
        kept.returned |= left.returned
        kept.joined_cases += left.joined_cases
        left.absorbed, left.returned, left.joined_cases = [], {}, []
        if not loser.id:
            # Opened and absorbed within one step, or noise until now: nobody ever saw it, so no alias is needed.
            self.touched.pop(id(loser))
            return
        kept.absorbed.append((loser, case_id, bridge_uid))
        loser.status, loser.merged_at, loser.bridge_uid = IncidentStatus.MERGED, self._at, bridge_uid
        loser.final_at = self._at
        self._memory.incidents.pop(loser.id, None)

    def _share_case(self, incidents: Sequence[LiveIncident]) -> None:
        """A tile divides statistics, never a case: the incidents of one cluster have one."""
        if len(incidents) > 1:
            survivor, *others = sorted(incidents, key=self._priority)
            for other in others:
                self._join_cases(other, survivor)

    def _join_cases(self, loser: LiveIncident, survivor: LiveIncident) -> None:
        """The loser's case, with all that is in it, becomes the survivor's."""
        first, second = survivor.case_holder(), loser.case_holder()
        if first is second or (first.case_id and first.case_id == second.case_id):
            return
        if first.case_id == 0 or second.case_id == 0:
            new, known = (first, second) if first.case_id == 0 else (second, first)
            new.case_of = known
            return
        joined = second.case_id
        for incident in [second, *self._memory.incidents.values()]:
            if incident.case_id == joined:
                incident.case_id = first.case_id
                self.touch(incident)
        self.touch(survivor).joined_cases.append(joined)

    def _priority(self, incident: LiveIncident) -> tuple[bool, bool, datetime, int]:
        """Who survives a merge: a case with accepted work, then what was published first, then the smaller id."""
        published_at = incident.opened_at if incident.id else self._at
        return incident.case_id not in self.ticketed, incident.id == 0, published_at, incident.id


def regrouped(applied: Applied) -> set[int]:
    """The handles whose incidents merge or come apart."""
    handles = {handle for merge in applied.merges for handle in (merge.winner, merge.loser)}
    for split in applied.reclustered:
        handles |= {split.component, *split.parts}
    return handles


def _keepers(claims: Mapping[Part, Sequence[Claim]], avoided: Part | None) -> dict[int, Part]:
    """Which part goes on as an incident that came apart: the one that holds its earliest event."""
    keeps: dict[int, Part] = {}
    for part, claimed in claims.items():
        for claim in claimed:
            earliest = claim.uids is None or claim.incident.canonical.witness.uid in claim.uids
            if earliest and part != avoided:
                keeps[id(claim.incident)] = part
    for part, claimed in sorted(claims.items(), key=lambda each: each[0] == avoided):
        for claim in claimed:
            keeps.setdefault(id(claim.incident), part)
    return keeps


def _followed(went_to: Mapping[int, int], handle: int) -> int:
    while handle in went_to:
        handle = went_to[handle]
    return handle
