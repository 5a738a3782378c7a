"""Puts the events of a batch into incidents: opens, joins, closes; what officers decided goes before the clusters."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np

from dispatcher.correlation.columns import uid_bytes
from dispatcher.correlation.correlator import Applied, Finals, Status
from dispatcher.incidents.counts import Counts, Fate
from dispatcher.incidents.flapping import FLAPPING_KIND
from dispatcher.incidents.live import LiveIncident, Member
from dispatcher.incidents.memory import Memory
from dispatcher.incidents.model import IncidentStatus, Standing
from dispatcher.incidents.noise import find_noise, is_noise
from dispatcher.incidents.overlays import Act, Overlay
from dispatcher.incidents.parts import FlapPart, SplitPart, TilePart
from dispatcher.incidents.regrouping import Regrouping
from dispatcher.incidents.touched import Touched
from dispatcher.rules.rulebook import Rulebook
from events.model import Event

_TAKEN_IN: Final = frozenset({Status.CLUSTERED, Status.REPEAT, Status.CORRECTED, Status.UNLOCATED})
# One more in a full block is of its cluster, though no member of the incident.
_BEYOND_A_CAP: Final = {Status.CAPPED: Fate.CAPPED, Status.CROWDED: Fate.CLUSTERED}
_NOT_TAKEN_IN: Final = {Status.CLOSED: Fate.SETTLED} | _BEYOND_A_CAP


def flapping(member: Member) -> Member:
    """The event as the flapping of its device, whatever it said."""
    return replace(member, witness=replace(member.witness, kind=FLAPPING_KIND))


class Placing(Regrouping):
    """Collects the changes of one step; nothing is written here."""

    def __init__(self, memory: Memory, rulebook: Rulebook, at: datetime) -> None:
        super().__init__(memory, rulebook, at)
        self.counts = Counts()
        self.settled_uids: set[bytes] = set()  # events that became final in this step
        self._again: AbstractSet[bytes] = frozenset()
        self._final_noise: set[int] = set()  # what became final as noise, by identity
        self._corrected_noise: set[bytes] = set()  # noise of which another version came
        self.applied: list[tuple[Overlay, tuple[bytes, ...]]] = []  # with the events that it concerned

    def place(
        self,
        events: Sequence[Event],
        applied: Applied,
        suppressed: Sequence[Event] = (),
        again: AbstractSet[bytes] = frozenset(),
    ) -> None:
        """Put events where the correlator says, those that returned beside their subject's, in the order of the log.

        `applied` is the answer for the raised ones, and behind them for others that nobody asks for. The suppressed
        ones go first: no cluster is followed with an event that does not belong to it any more. Those of `again` were
        delivered before.
        """
        self._again = again
        woven: list[LiveIncident] = []
        for event in suppressed:
            woven += self._suppress(event)
        if applied.merges or applied.reclustered or applied.moved:
            self.follow_clusters(applied)
        for component in sorted(applied.clusters | applied.rejoined, key=self._earliest_at):
            standing = self._standing(component)
            self._share_case(standing)
            for incident in standing:
                self.touch(incident)
        answers = zip(applied.status.tolist(), applied.component.tolist(), strict=True)
        for event in events:
            if not event.raised:
                self._note_return(event)
                continue
            status, component = next(answers)
            if status in _TAKEN_IN:
                woven += self._take_in(event, component)
            else:
                self._leave_out(event, Status(status))
        if woven:
            self.reweave(woven)

    def _leave_out(self, event: Event, status: Status) -> None:
        """It is in no cluster: counted, and left with the flapping of its device if it was to be freed of that."""
        if status in _BEYOND_A_CAP and event.uid in self._memory.of_event:
            self._parts.flaps[event.uid] = FlapPart(event.subject, event.kind)
        if event.uid not in self._again:
            self.counts.note(_NOT_TAKEN_IN.get(status, Fate.SUPERSEDED))

    def _suppress(self, event: Event) -> list[LiveIncident]:
        """Put one event beside the others that its device reported while it flapped."""
        member = flapping(Member.of(event))
        part = self._parts.flaps[event.uid]
        incident = self._parts.get(part)
        if incident is None:
            incident = self.new_incident(self._rulebook.taxonomy.group_of(FLAPPING_KIND).id)
            self._parts.put(part, incident)
        return self._put(incident, event, member, Standing.SUPPRESSED)

    def _take_in(self, event: Event, component: int) -> list[LiveIncident]:
        """Put one event into its part; returns incidents of which more than clusters and tiles now decide."""
        member = Member.of(event)
        part = self._parts.of(event.uid, component, self.tile(member))
        incident = self._parts.get(part)
        if incident is None:
            incident = self._open(event)
            if isinstance(part, TilePart):
                beside = next(iter(self._parts.tiles(component).values()), None)
                incident.case_of = beside and beside.case_holder()
            self._parts.put(part, incident)
        return self._put(
            incident, event, member, Standing.CLUSTERED if self._memory.is_located(event) else Standing.ALONE
        )

    def _put(self, incident: LiveIncident, event: Event, member: Member, standing: Standing) -> list[LiveIncident]:
        before = self._memory.of_event.get(event.uid)
        if before is None:
            self.counts.note(Fate(standing))
        else:
            fate = self._fate(before.members[event.uid])
            if event.uid in self._memory.noise:
                self._memory.noise.remove(event.uid)
                self._corrected_noise.add(event.uid)
                self.counts.move(Fate.NOISE, fate)
            self.counts.move(fate, Fate(standing))
            if event.uid not in self._again:
                self.counts.note(Fate.SUPERSEDED)
        self._join(incident, event, member, before, standing)
        concerned = [incident] if before is None else [incident, before]
        if self._parts.is_held(event.uid) or (
            before is not None and not all(self._parts.is_plain(each) for each in concerned)
        ):
            return concerned
        return []

    def reconcile(self) -> None:
        """Follow changed rules: clusters that the incidents of the database no longer match merge and split them."""
        self.reweave(self._memory.disputed)
        self._memory.disputed = []

    def overlay(self, overlay: Overlay, settled: Iterable[bytes]) -> None:
        """An officer splits or merges: from now on these events stand apart, or together, whatever else is found.

        `settled` are those that are final already: of them nothing can be decided any more.
        """
        gone = {*settled, *self.settled_uids}
        uids = [uid for uid in overlay.event_uids if uid not in gone]
        live = [
            uid for uid in uids if (holder := self._memory.of_event.get(uid)) is not None and uid not in holder.settled
        ]
        self.applied.append((overlay, tuple(live)))
        seeds = [self._memory.of_event[uid] for uid in live]
        match overlay.act:
            case Act.SPLIT:
                self._parts.split(overlay.seq, uids)
                self.reweave(seeds, apart=SplitPart(overlay.seq))
            case Act.MERGE:
                self._parts.join(overlay.seq, uids)
                self.reweave(seeds)

    def open_late(self, event: Event) -> None:
        """An event that came after its watermark and must not be overlooked: an incident of its own, final at once."""
        incident = self._open(event, late=True)
        incident.put(Member.of(event))
        incident.status, incident.final_at = IncidentStatus.FINAL, self._at
        self.touch(incident).new_events[event.uid] = (event, Standing.LATE)
        self.settled_uids.add(event.uid)
        self.counts.note(Fate.LATE)

    def note_returns(self, events: Iterable[Event]) -> None:
        """Back to normal: shown with the open incident of the same subject, if there is one; it closes nothing."""
        for event in events:
            self._note_return(event)

    def _fate(self, member: Member) -> Fate:
        if member.witness.kind == FLAPPING_KIND:
            return Fate.SUPPRESSED
        clustered = self._rulebook.taxonomy.group_of(member.witness.kind).clustered
        return Fate.CLUSTERED if clustered and member.x_dm is not None else Fate.ALONE

    def _note_return(self, event: Event) -> None:
        self.counts.note(Fate.RETURNED)
        incident = self._memory.subjects.holder(event.subject, event.kind)
        if incident is None or event.uid in self._memory.of_event:
            return
        self.touch(incident).returned[event.uid] = event

    def close(self, finals: Finals) -> None:
        """The watermark passed: the events of these clusters are settled, and so are incidents that hold no others."""
        self._note_cores(finals)
        if self._parts.plain:
            for component, cores in zip(finals.component.tolist(), finals.cores.tolist(), strict=True):
                taken = [incident for _, incident in self._parts.take_tiles(component)]
                self._note_noise(taken, cores)
                for incident in taken:
                    self._finish(incident)
            return
        for final in finals:
            concerned: dict[int, LiveIncident] = {}
            standing = self._standing(final.component)
            self._note_noise([each for each in standing if self._parts.plain_part(each) is not None], final.cores)
            for uid in final.uids:
                holder = self._memory.of_event.get(uid)
                if holder is not None:
                    holder.settled[uid] = uid
                    concerned[id(holder)] = holder
            self._parts.take_tiles(final.component)
            for incident in concerned.values():
                self._settle_events(incident)

    def _note_noise(self, standing: Sequence[LiveIncident], cores: int) -> None:
        """What stands at a component that is final: noise where it never was a cluster."""
        if cores == 0 and is_noise(standing, self._rulebook):
            self._final_noise |= {id(incident) for incident in standing}

    def _note_cores(self, finals: Finals) -> None:
        """Of clusters of m > 1 the events whose occurrence is core: by them they are explained."""
        if finals.core is None:
            return
        for k in np.flatnonzero(finals.core).tolist():
            uid = uid_bytes(finals.uid_hi[k], finals.uid_lo[k])
            holder = self._memory.of_event.get(uid)
            if holder is not None:
                holder.cores.add(uid)
                self.touch(holder).cores.add(uid)

    def sort_out_noise(self) -> None:
        """At the end of the step: what was noise and is not any more is opened or joined, and the other way round."""
        changes = [change for change in self.touched.values() if change.incident.members]
        live = [change.incident for change in changes if change.incident.status is IncidentStatus.OPEN]
        noise = find_noise(self._memory, self._rulebook, live) | self._final_noise
        for change in changes:
            incident = change.incident
            was, incident.noise = incident.noise, id(incident) in noise
            if not incident.id and not incident.noise:
                change.opened, incident.opened_at = True, self._at
            if was != incident.noise:
                # All that is stored of it stands otherwise now.
                change.moved_uids |= incident.members.keys() - change.new_events.keys() - change.corrected.keys()
            self._sort_out(change)
        for change in changes:
            part = None if change.incident.noise else self._parts.plain_part(change.incident)
            if change.opened and part is not None:
                self._share_case(self._standing(part.component))

    def _sort_out(self, change: Touched) -> None:
        """Count and mark those events of an incident that may stand otherwise than before the step."""
        incident, known = change.incident, self._memory.noise
        for uid in (*change.new_events, *change.corrected, *change.moved_uids):
            fate = self._fate(incident.members[uid])
            if incident.noise and uid not in known:
                known.add(uid)
                self.counts.move(fate, Fate.NOISE)
                change.stand(uid, Standing.NOISE)
            elif not incident.noise and (uid in known or uid in self._corrected_noise):
                if uid in known:
                    known.remove(uid)
                    self.counts.move(Fate.NOISE, fate)
                change.stand(uid, Standing(fate))
                change.risen.add(uid)
        if incident.noise and incident.status is IncidentStatus.FINAL:
            known -= incident.members.keys()
            change.settled_with |= {uid: uid for uid in incident.members}

    def settle(self, suppressed: Iterable[tuple[int, bytes]]) -> None:
        """The watermark passed these events, named with their time: nothing can be said of them any more."""
        concerned: dict[int, LiveIncident] = {}
        for t_ms, uid in suppressed:
            holder = self._memory.of_event.get(uid)
            if holder is not None and uid in self._parts.flaps and holder.members[uid].witness.at_ms == t_ms:
                holder.settled[uid] = uid
                concerned[id(holder)] = holder
        for incident in concerned.values():
            self._settle_events(incident)

    def _settle_events(self, incident: LiveIncident) -> None:
        """Some of its events are settled: all of it is, or they stay with the latest of those that are not."""
        left = [member.witness for uid, member in incident.members.items() if uid not in incident.settled]
        if not left:
            self._finish(incident)
            return
        latest = max(left).uid
        for uid, with_uid in incident.settled.items():
            if with_uid in incident.settled:
                incident.settled[uid] = self.touch(incident).settled_with[uid] = latest
                self.settled_uids.add(uid)
        self._parts.pin(incident.settled)

    def _finish(self, incident: LiveIncident) -> None:
        if incident.status is not IncidentStatus.OPEN:
            return
        incident.status, incident.final_at = IncidentStatus.FINAL, self._at
        self.touch(incident)
        self._memory.forget(incident)
        self.settled_uids |= incident.members.keys()

    def _open(self, event: Event, *, late: bool = False) -> LiveIncident:
        return self.new_incident(self._rulebook.taxonomy.group_of(event.kind).id, late=late)

    def _join(
        self, incident: LiveIncident, event: Event, member: Member, before: LiveIncident | None, standing: Standing
    ) -> None:
        touched = self.touch(incident)
        if before is None:
            touched.new_events[event.uid] = (event, standing)
        else:
            if before is not incident:
                self.move({event.uid: before.members[event.uid]}, before, incident)
                if not before.members:
                    self.absorb(before, incident, event.uid)
            if event.uid in touched.new_events:
                touched.new_events[event.uid] = (event, standing)
            else:
                touched.corrected[event.uid] = (event, standing)
        incident.put(member)
        self._memory.of_event[event.uid] = incident
        self._memory.subjects.note(event.subject, member.witness.kind, incident)
