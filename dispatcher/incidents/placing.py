"""Puts the events of a batch into incidents as the correlator found them: opens, joins, merges, splits, closes."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dispatcher.correlation.correlator import Applied, Status
from dispatcher.incidents.live import LiveIncident, Member
from dispatcher.incidents.memory import Dispute, Memory
from dispatcher.incidents.model import IncidentStatus, Standing
from dispatcher.rules.rulebook import Rulebook
from events.model import Event

_TAKEN_IN: Final = frozenset({Status.CLUSTERED, Status.REPEAT, Status.CORRECTED, Status.UNLOCATED})


@dataclass(slots=True)
class Touched:
    """What the step did to one incident so far."""

    incident: LiveIncident
    opened: bool = False
    # By uid: each event of the step stands in one place, wherever merges and corrections carried it meanwhile.
    new_events: dict[bytes, tuple[Event, Standing]] = field(default_factory=dict)  # they came in this step
    corrected: dict[bytes, tuple[Event, Standing]] = field(default_factory=dict)  # a newer revision came
    returned: dict[bytes, Event] = field(default_factory=dict)  # the condition went back to normal
    moved_uids: set[bytes] = field(default_factory=set)  # stored events that now belong here
    absorbed: list[tuple[LiveIncident, int, bytes]] = field(default_factory=list)  # with its case, the bridging uid

    def carry(self, uids: Iterable[bytes], other: "Touched") -> None:
        """These events of the other incident belong here from now on."""
        for uid in uids:
            if uid in other.new_events:
                self.new_events[uid] = other.new_events.pop(uid)
            elif uid in other.corrected:
                self.corrected[uid] = other.corrected.pop(uid)
            else:
                self.moved_uids.add(uid)
            other.moved_uids.discard(uid)


@dataclass(frozen=True, slots=True)
class _Claim:
    """An incident's say in a component: all of it, or the events named."""

    incident: LiveIncident
    handle: int
    uids: frozenset[bytes] | None

    def moving(self) -> dict[bytes, Member]:
        """What the incident gives away where another survives."""
        if self.uids is None:
            return dict(self.incident.members)
        return {uid: member for uid, member in self.incident.members.items() if uid in self.uids}


class Placing:
    """Collects the changes of one step; nothing is written here."""

    def __init__(self, memory: Memory, rulebook: Rulebook, at: datetime) -> None:
        self._memory = memory
        self._rulebook = rulebook
        self._at = at
        self.touched: dict[int, Touched] = {}  # by identity of the incident, in order of first touch
        self.settled_uids: set[bytes] = set()  # events of incidents that became final in this step

    def touch(self, incident: LiveIncident) -> Touched:
        return self.touched.setdefault(id(incident), Touched(incident))

    def regrouped(self, applied: Applied) -> set[int]:
        """The handles whose incidents merge or come apart."""
        handles = {handle for merge in applied.merges for handle in (merge.winner, merge.loser)}
        for split in applied.reclustered:
            handles |= {split.component, *split.parts}
        return handles

    def place(self, events: Sequence[Event], applied: Applied, ticketed_cases: AbstractSet[int]) -> None:
        """Put events where the correlator says, those that returned beside their subject's, in the order of the log.

        `applied` is the answer for the raised ones. In a merge a case with an accepted open ticket survives.
        """
        if applied.merges or applied.reclustered:
            self._regroup(applied, ticketed_cases)
        answers = zip(applied.status.tolist(), applied.component.tolist(), strict=True)
        for event in events:
            if not event.raised:
                self._note_return(event)
                continue
            status, component = next(answers)
            if status in _TAKEN_IN:
                incident = self._memory.by_component.get(component)
                if incident is None:
                    incident = self._open(event)
                    self._memory.by_component[component] = incident
                self._join(incident, event)

    def reconcile(self, disputed: Mapping[int, Sequence[Dispute]], ticketed_cases: AbstractSet[int]) -> None:
        """Follow changed rules: components that the incidents of the database no longer match merge and split them."""
        claims = {
            component: [_Claim(incident, component, uids) for incident, uids in disputes]
            for component, disputes in disputed.items()
        }
        self._settle_all(claims, {}, ticketed_cases)

    def open_late(self, event: Event) -> None:
        """An event that came after its watermark and must not be overlooked: an incident of its own, final at once."""
        incident = self._open(event, late=True)
        incident.put(Member.of(event))
        incident.status, incident.final_at = IncidentStatus.FINAL, self._at
        self.touch(incident).new_events[event.uid] = (event, Standing.LATE)
        self.settled_uids.add(event.uid)

    def note_returns(self, events: Iterable[Event]) -> None:
        """Back to normal: shown with the open incident of the same subject, if there is one; it closes nothing."""
        for event in events:
            self._note_return(event)

    def _note_return(self, event: Event) -> None:
        incident = self._memory.of_subject.get((event.subject, event.kind))
        if incident is None or incident.status is not IncidentStatus.OPEN or event.uid in self._memory.of_event:
            return
        self.touch(incident).returned[event.uid] = event

    def close(self, components: Iterable[int]) -> None:
        """The watermark passed: these incidents absorb nothing any more."""
        for component in components:
            incident = self._memory.by_component.pop(component, None)
            if incident is not None and incident.status is IncidentStatus.OPEN:
                incident.status, incident.final_at = IncidentStatus.FINAL, self._at
                self.touch(incident)
                self._memory.forget(incident)
                self.settled_uids |= incident.members.keys()

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
        touched = self.touch(incident)
        if before is None:
            touched.new_events[event.uid] = (event, standing)
        else:
            if before is not incident:
                self._move({event.uid: before.members[event.uid]}, before, incident)
                if not before.members:
                    self._absorb(before, incident, event.uid)
            if event.uid in touched.new_events:
                touched.new_events[event.uid] = (event, standing)
            else:
                touched.corrected[event.uid] = (event, standing)
        incident.put(Member.of(event))
        self._memory.of_event[event.uid] = incident
        self._memory.of_subject[event.subject, event.kind] = incident

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
        self._settle_all(claims, bridges, ticketed_cases)

    def _settle_all(
        self, claims: Mapping[int, Sequence[_Claim]], bridges: Mapping[int, bytes], ticketed_cases: AbstractSet[int]
    ) -> None:
        keeps = self._keepers(claims)
        absorbed: list[tuple[LiveIncident, LiveIncident, bytes]] = []
        for handle, claimed in claims.items():
            absorbed += self._settle(handle, claimed, keeps, bridges, ticketed_cases)
        # Only now: what is absorbed in one component may have given events to another.
        for loser, survivor, bridge_uid in absorbed:
            self._absorb(loser, survivor, bridge_uid)

    @staticmethod
    def _keepers(claims: Mapping[int, Sequence[_Claim]]) -> dict[int, int]:
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
        keeps: Mapping[int, int],
        bridges: Mapping[int, bytes],
        ticketed_cases: AbstractSet[int],
    ) -> list[tuple[LiveIncident, LiveIncident, bytes]]:
        """One component after the batch: what moves; returns who is absorbed by whom, and the bridging uid."""
        here = [claim for claim in claimed if keeps[id(claim.incident)] == handle]
        here.sort(key=lambda claim: _priority(claim.incident, ticketed_cases))
        if here:
            survivor = here[0].incident
        else:
            survivor = LiveIncident(0, "", 0, claimed[0].incident.kind_group, self._at, late=False)
            self.touch(survivor).opened = True
        self._memory.by_component[handle] = survivor
        for claim in claimed:
            if claim.incident is not survivor:
                self._move(claim.moving(), claim.incident, survivor)
        return [
            (claim.incident, survivor, bridges.get(claim.handle, survivor.canonical.witness.uid)) for claim in here[1:]
        ]

    def _move(self, moving: Mapping[bytes, Member], source: LiveIncident, target: LiveIncident) -> None:
        self.touch(target).carry(moving, self.touch(source))
        for uid, member in moving.items():
            source.remove(uid)
            target.put(member)
            self._memory.of_event[uid] = target
            self._memory.of_subject[member.subject, member.witness.kind] = target

    def _absorb(self, loser: LiveIncident, survivor: LiveIncident, bridge_uid: bytes) -> None:
        left, kept = self.touch(loser), self.touch(survivor)
        # What it had absorbed itself within this step, and returns noted with it, go on with the survivor.
        kept.absorbed += left.absorbed
        kept.returned |= left.returned
        left.absorbed, left.returned = [], {}
        if left.opened:
            # Opened and absorbed within one step: nobody ever saw it, so no alias is needed.
            self.touched.pop(id(loser))
            return
        kept.absorbed.append((loser, loser.case_id, bridge_uid))
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
