"""Puts the events of a batch into incidents as the correlator found them: opens, joins, merges, splits, closes."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dispatcher.correlation.correlator import Applied, Status
from dispatcher.incidents.live import LiveIncident, Member
from dispatcher.incidents.memory import Memory
from dispatcher.incidents.model import IncidentStatus, Standing
from dispatcher.rules.rulebook import Rulebook
from events.model import Event

_TAKEN_IN: Final = frozenset({Status.CLUSTERED, Status.REPEAT, Status.CORRECTED, Status.UNLOCATED})


@dataclass(slots=True)
class Touched:
    """What the step did to one incident so far."""

    incident: LiveIncident
    opened: bool = False
    new_events: list[tuple[Event, Standing]] = field(default_factory=list)  # they came in this step
    corrected: list[tuple[Event, Standing]] = field(default_factory=list)  # a newer revision came
    returned: list[Event] = field(default_factory=list)  # the condition went back to normal
    moved_uids: set[bytes] = field(default_factory=set)  # stored events that now belong here
    absorbed: list[tuple[LiveIncident, int, bytes]] = field(default_factory=list)  # with its case, the bridging uid


@dataclass(frozen=True, slots=True)
class _Claim:
    """An incident's say in a component: all of it, or the events named."""

    incident: LiveIncident
    handle: int
    uids: frozenset[bytes] | None


class Placing:
    """Collects the changes of one step; nothing is written here."""

    def __init__(self, memory: Memory, rulebook: Rulebook, at: datetime) -> None:
        self._memory = memory
        self._rulebook = rulebook
        self._at = at
        self.touched: dict[int, Touched] = {}  # by identity of the incident, in order of first touch

    def touch(self, incident: LiveIncident) -> Touched:
        return self.touched.setdefault(id(incident), Touched(incident))

    def regrouped(self, applied: Applied) -> set[int]:
        """The handles whose incidents merge or come apart."""
        handles = {handle for merge in applied.merges for handle in (merge.winner, merge.loser)}
        for split in applied.reclustered:
            handles |= {split.component, *split.parts}
        return handles

    def place(self, events: Sequence[Event], applied: Applied, ticketed_cases: AbstractSet[int]) -> None:
        """Put raised events where the correlator says. In a merge a case with an accepted open ticket survives."""
        if applied.merges or applied.reclustered:
            self._regroup(applied, ticketed_cases)
        for event, status, component in zip(events, applied.status.tolist(), applied.component.tolist(), strict=True):
            if status in _TAKEN_IN:
                incident = self._memory.by_component.get(component)
                if incident is None:
                    incident = self._open(event)
                    self._memory.by_component[component] = incident
                self._join(incident, event)

    def open_late(self, event: Event) -> None:
        """An event that came after its watermark and must not be overlooked: an incident of its own, final at once."""
        incident = self._open(event, late=True)
        incident.members[event.uid] = Member.of(event)
        incident.status, incident.final_at = IncidentStatus.FINAL, self._at
        self.touch(incident).new_events.append((event, Standing.LATE))

    def note_return(self, event: Event) -> None:
        """Back to normal: shown with the open incident of the same subject, if there is one; it closes nothing."""
        incident = self._memory.of_subject.get((event.subject, event.kind))
        if incident is not None and incident.status is IncidentStatus.OPEN:
            self.touch(incident).returned.append(event)

    def close(self, components: Iterable[int]) -> None:
        """The watermark passed: these incidents absorb nothing any more."""
        for component in components:
            incident = self._memory.by_component.pop(component, None)
            if incident is not None and incident.status is IncidentStatus.OPEN:
                incident.status, incident.final_at = IncidentStatus.FINAL, self._at
                self.touch(incident)
                self._memory.forget(incident)

    def _open(self, event: Event, *, late: bool = False) -> LiveIncident:
        incident = LiveIncident(
            id=0,
            number="",
            case_id=0,
            kind_group=self._rulebook.taxonomy.group_of(event.kind).id,
            opened_at=self._at,
            late=late,
        )
        self.touch(incident).opened = True
        return incident

    def _join(self, incident: LiveIncident, event: Event) -> None:
        standing = Standing.CLUSTERED if self._memory.is_located(event) else Standing.ALONE
        before = self._memory.of_event.get(event.uid)
        incident.members[event.uid] = Member.of(event)
        self._memory.of_event[event.uid] = incident
        self._memory.of_subject[event.subject, event.kind] = incident
        touched = self.touch(incident)
        if before is None:
            touched.new_events.append((event, standing))
            return
        if before is not incident:
            before.members.pop(event.uid, None)
            self.touch(before)
            if not before.members:
                self._absorb(before, incident, event.uid)
        touched.corrected.append((event, standing))

    def _regroup(self, applied: Applied, ticketed_cases: AbstractSet[int]) -> None:
        """Follow the merges and splits of components with the incidents that were known before the batch."""
        went_to = {merge.loser: merge.winner for merge in applied.merges}
        bridges: dict[int, bytes] = {}
        for merge in applied.merges:
            bridges.setdefault(merge.loser, merge.bridge)
            bridges.setdefault(merge.winner, merge.bridge)
        parts = {split.component: split.parts for split in applied.reclustered}
        claims: dict[int, list[_Claim]] = {}
        for handle in sorted(self.regrouped(applied)):
            incident = self._memory.by_component.pop(handle, None)
            if incident is None:
                continue
            if handle not in parts:
                claims.setdefault(_followed(went_to, handle), []).append(_Claim(incident, handle, None))
                continue
            for new_handle, uids in parts[handle].items():
                own = frozenset(uid for uid in uids if uid in incident.members)
                if own:
                    claims.setdefault(new_handle, []).append(_Claim(incident, handle, own))
        keeps = self._keepers(claims)
        for handle, claimed in claims.items():
            self._settle(handle, claimed, keeps, bridges, ticketed_cases)

    @staticmethod
    def _keepers(claims: dict[int, list[_Claim]]) -> dict[int, int]:
        """Which component goes on as an incident that came apart: the one that holds its earliest event."""
        keeps: dict[int, int] = {}
        for handle, claimed in claims.items():
            for claim in claimed:
                if claim.uids is None or claim.incident.canonical.witness.uid in claim.uids:
                    keeps[id(claim.incident)] = handle
        for handle, claimed in claims.items():
            for claim in claimed:
                keeps.setdefault(id(claim.incident), handle)
        return keeps

    def _settle(
        self,
        handle: int,
        claimed: Sequence[_Claim],
        keeps: dict[int, int],
        bridges: dict[int, bytes],
        ticketed_cases: AbstractSet[int],
    ) -> None:
        """One component after the batch: who survives in it, who is absorbed, what moves."""
        here = [claim for claim in claimed if keeps[id(claim.incident)] == handle]
        here.sort(key=lambda claim: _priority(claim.incident, ticketed_cases))
        if here:
            survivor = here[0].incident
        else:
            survivor = LiveIncident(0, "", 0, claimed[0].incident.kind_group, self._at, late=False)
            self.touch(survivor).opened = True
        self._memory.by_component[handle] = survivor
        for claim in claimed:
            if claim.incident is survivor:
                continue
            moving = dict(claim.incident.members)
            if claim.uids is not None:
                moving = {uid: member for uid, member in moving.items() if uid in claim.uids}
            self._move(moving, claim.incident, survivor)
            if claim in here:
                self._absorb(claim.incident, survivor, bridges.get(claim.handle, survivor.canonical.witness.uid))

    def _move(self, moving: dict[bytes, Member], source: LiveIncident, target: LiveIncident) -> None:
        touched, left = self.touch(target), self.touch(source)
        for uid, member in moving.items():
            source.members.pop(uid, None)
            target.members[uid] = member
            self._memory.of_event[uid] = target
            self._memory.of_subject[member.subject, member.witness.kind] = target
        touched.moved_uids |= moving.keys()
        left.moved_uids -= moving.keys()
        touched.new_events += [pair for pair in left.new_events if pair[0].uid in moving]
        left.new_events = [pair for pair in left.new_events if pair[0].uid not in moving]

    def _absorb(self, loser: LiveIncident, survivor: LiveIncident, bridge_uid: bytes) -> None:
        if self.touch(loser).opened:
            # Opened and absorbed within one step: nobody ever saw it, so no alias is needed.
            self.touched.pop(id(loser))
            return
        self.touch(survivor).absorbed.append((loser, loser.case_id, bridge_uid))
        loser.status, loser.merged_at, loser.bridge_uid = IncidentStatus.MERGED, self._at, bridge_uid
        loser.final_at = self._at
        self._memory.incidents.pop(loser.id, None)


def _priority(incident: LiveIncident, ticketed_cases: AbstractSet[int]) -> tuple[bool, bool, datetime, int]:
    """Who survives a merge: a case with accepted work, then what was published first, then the smaller id."""
    return incident.case_id not in ticketed_cases, incident.id == 0, incident.opened_at, incident.id


def _followed(went_to: dict[int, int], handle: int) -> int:
    while handle in went_to:
        handle = went_to[handle]
    return handle
