"""What a step did to one incident so far, before anything is written."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from dispatcher.incidents.live import LiveIncident
from dispatcher.incidents.model import Standing
from events.model import Event


@dataclass(slots=True)
class Touched:
    """By uid: each event of the step stands in one place, wherever merges and corrections carried it meanwhile."""

    incident: LiveIncident
    opened: bool = False
    new_events: dict[bytes, tuple[Event, Standing]] = field(default_factory=dict)  # they came in this step
    corrected: dict[bytes, tuple[Event, Standing]] = field(default_factory=dict)  # a newer revision came
    returned: dict[bytes, Event] = field(default_factory=dict)  # the condition went back to normal
    moved_uids: set[bytes] = field(default_factory=set)  # stored events that now belong here
    settled_with: dict[bytes, bytes] = field(default_factory=dict)  # their cluster is final, the incident is not
    gave_away: bool = False  # stored events that belonged here now belong elsewhere
    absorbed: list[tuple[LiveIncident, int, bytes]] = field(default_factory=list)  # with its case, the bridging uid
    joined_cases: list[int] = field(default_factory=list)  # cases that became this incident's
    risen: set[bytes] = field(default_factory=set)  # events that were noise until this step
    standings: dict[bytes, Standing] = field(default_factory=dict)  # of the moved, those that stand otherwise now
    cores: set[bytes] = field(default_factory=set)  # final now, in a cluster of m > 1, and core

    def drop_returns(self, members: Container[bytes]) -> None:
        """What returned and was raised again within the step is a member, as it is after two steps."""
        self.returned = {uid: event for uid, event in self.returned.items() if uid not in members}

    def stand(self, uid: bytes, standing: Standing) -> None:
        """The event stands otherwise than it was put, or is stored."""
        for placed in (self.new_events, self.corrected):
            if uid in placed:
                placed[uid] = placed[uid][0], standing
        if uid in self.moved_uids:
            self.standings[uid] = standing

    def carry(self, uids: Iterable[bytes], other: "Touched") -> None:
        """These events of the other incident belong here from now on."""
        for uid in uids:
            if uid in other.new_events:
                self.new_events[uid] = other.new_events.pop(uid)
            elif uid in other.corrected:
                self.corrected[uid] = other.corrected.pop(uid)
            else:
                self.moved_uids.add(uid)
                other.gave_away = True
            other.moved_uids.discard(uid)
            if uid in other.cores:
                other.cores.remove(uid)
                self.cores.add(uid)
            if uid in other.settled_with:
                self.settled_with[uid] = other.settled_with.pop(uid)
