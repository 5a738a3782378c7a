"""Which incident each part of the clusters is: a cluster is cut by tiles (O6), by officers' splits and by flapping.

A cache like all of the memory: everything here follows from the events, the clusters and the overlays.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

from dispatcher.correlation.tiles import tile_of
from dispatcher.incidents.live import LiveIncident, Member
from registry.event_kinds import Taxonomy


class TilePart(NamedTuple):
    """What lies of one cluster in one tile."""

    component: int  # handle of the correlator
    tile: int


class SplitPart(NamedTuple):
    """What one overlay of an officer split off."""

    seq: int  # position of the overlay in its stream


class FlapPart(NamedTuple):
    """What a flapping device reported while it flapped."""

    subject: str
    kind: str


Part: TypeAlias = TilePart | SplitPart | FlapPart


class Parts:
    """The parts and their incidents. Several parts are one incident where an officer joined them."""

    def __init__(self) -> None:
        self._incident_of: dict[Part, LiveIncident] = {}
        self._tiles: dict[int, dict[int, LiveIncident]] = {}  # component -> tile -> its incident
        self._parts_of: dict[int, tuple[Part, ...]] = {}  # by identity of the incident; nearly all are one part
        self.splits: dict[bytes, SplitPart] = {}  # uid -> the last split that named it
        self.flaps: dict[bytes, FlapPart] = {}  # uid of a suppressed event -> whose it is
        self.joins: dict[int, frozenset[bytes]] = {}  # merge overlay -> events that it holds together
        self._joins_of: dict[bytes, set[int]] = defaultdict(set)
        self._pinned: set[bytes] = set()  # settled events of open incidents

    def get(self, part: Part) -> LiveIncident | None:
        return self._incident_of.get(part)

    def put(self, part: Part, incident: LiveIncident) -> None:
        self.remove(part)
        self._incident_of[part] = incident
        self._parts_of[id(incident)] = (*self._parts_of.get(id(incident), ()), part)
        if isinstance(part, TilePart):
            self._tiles.setdefault(part.component, {})[part.tile] = incident

    def fill(self, components: Sequence[int], tiles: Sequence[int], incidents: Sequence[LiveIncident]) -> None:
        """Put clusters of one tile each, none of them known yet, each an incident that is nothing else."""
        # As TilePart(component, tile) makes them, of which a restart makes hundreds of thousands.
        parts = list(map(partial(tuple.__new__, TilePart), zip(components, tiles, strict=True)))
        self._incident_of.update(zip(parts, incidents, strict=True))
        self._parts_of.update(zip(map(id, incidents), zip(parts), strict=True))
        self._tiles.update(zip(components, [{tile: i} for tile, i in zip(tiles, incidents, strict=True)], strict=True))

    def remove(self, part: Part) -> None:
        incident = self._incident_of.pop(part, None)
        if incident is None:
            return
        parts = tuple(other for other in self._parts_of.pop(id(incident)) if other != part)
        if parts:
            self._parts_of[id(incident)] = parts
        if isinstance(part, TilePart):
            tiles = self._tiles[part.component]
            del tiles[part.tile]
            if not tiles:
                del self._tiles[part.component]

    def drop(self, incident: LiveIncident) -> None:
        """No part is this incident any more."""
        for part in self._parts_of.get(id(incident), ()):
            self.remove(part)

    def plain_part(self, incident: LiveIncident) -> TilePart | None:
        """The part that an incident is, where it is one part of a cluster and nothing else decides."""
        parts = self._parts_of.get(id(incident), ())
        part = parts[0] if len(parts) == 1 else None
        return part if isinstance(part, TilePart) and (self.plain or self.is_plain(incident)) else None

    def tiles(self, component: int) -> Mapping[int, LiveIncident]:
        """The incidents of a cluster by tile."""
        return self._tiles.get(component, {})

    def take_tiles(self, component: int) -> list[tuple[int, LiveIncident]]:
        """The incidents of a cluster by tile, which are removed."""
        taken = sorted(self.tiles(component).items())
        for tile, _ in taken:
            self.remove(TilePart(component, tile))
        return taken

    def of(self, uid: bytes, component: int, tile: int) -> Part:
        """The part of an event: an officer decides on what happened, not on what a device that flaps said of it."""
        return self.flaps.get(uid) or self.splits.get(uid) or TilePart(component, tile)

    @property
    def plain(self) -> bool:
        """Whether clusters and tiles are all there is."""
        return not (self.splits or self.flaps or self.joins or self._pinned)

    def is_plain(self, incident: LiveIncident) -> bool:
        """Whether the incident is one part: nothing holds it together with others."""
        members = incident.members.keys()
        return members.isdisjoint(self._joins_of.keys()) and members.isdisjoint(self._pinned)

    def is_marked(self, uid: bytes) -> bool:
        """Whether more than cluster and tile decide where the event stands."""
        return uid in self.splits or uid in self.flaps or uid in self._joins_of

    def is_held(self, uid: bytes) -> bool:
        """Whether a merge of an officer names the event."""
        return uid in self._joins_of

    def split(self, seq: int, uids: Iterable[bytes]) -> None:
        """These events are a part of their own from now on."""
        self.splits.update(dict.fromkeys(uids, SplitPart(seq)))

    def join(self, seq: int, uids: Collection[bytes]) -> None:
        """These events are in one incident from now on, until a later split names some."""
        if uids:
            self.joins[seq] = frozenset(uids)
        for uid in uids:
            self._joins_of[uid].add(seq)

    def held_together(self, uid: bytes) -> list[tuple[int, list[bytes]]]:
        """The merges that hold this event, each with its position and the events that it still holds."""
        return [
            (seq, held)
            for seq in sorted(self._joins_of.get(uid, ()))
            if uid in (held := [other for other in self.joins[seq] if self._holds(seq, other)])
        ]

    def _holds(self, seq: int, uid: bytes) -> bool:
        split = self.splits.get(uid)
        return uid not in self.flaps and (split is None or split.seq < seq)

    def pin(self, uids: Iterable[bytes]) -> None:
        """The clusters of these events are final, but not their incident."""
        pinned = set(uids)
        self.forget(pinned)
        self._pinned |= pinned

    def forget(self, uids: Iterable[bytes]) -> None:
        """These events are settled: nothing is decided on them any more."""
        if self.plain:
            return
        for uid in uids:
            self._pinned.discard(uid)
            self.splits.pop(uid, None)
            self.flaps.pop(uid, None)
            for seq in self._joins_of.pop(uid, ()):
                self.joins[seq] -= {uid}
                if not self.joins[seq]:
                    del self.joins[seq]


def tile(member: Member, taxonomy: Taxonomy) -> int:
    """The absolute tile of an event, by its own time and the group of its kind."""
    return tile_of(member.witness.at_ms, taxonomy.group_of(member.witness.kind).tile_s)


def classes(parts: Mapping[bytes, Part], marks: Parts) -> dict[Part, set[Part]]:
    """Which parts are one incident because officers joined them: by one part of each class, those that are in it."""
    root: dict[Part, Part] = {part: part for part in parts.values()}

    def found(part: Part) -> Part:
        while root[part] != part:
            part = root[part]
        return part

    for uid, part in parts.items():
        for _, held in marks.held_together(uid):
            for other in held:
                if other in parts:
                    root[found(parts[other])] = found(part)
    grouped: dict[Part, set[Part]] = defaultdict(set)
    for part in root:
        grouped[found(part)].add(part)
    return grouped
