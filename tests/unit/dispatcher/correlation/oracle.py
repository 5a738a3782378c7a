"""The right answer in plain Python, straight from O1, O2, O4, O5 and O10: the specification of the kernel.

Rules of the definition that need saying where an occurrence lasts:
- O2: the place and time of an occurrence are those of its first event, the least (t, uid).
- O5: what is neither core nor border is a component of its own, noise. With m = 1 every occurrence is core.
- O10: a component is final at W iff W > max t + k T over its occurrences and W > last + G for each of them: before that
  an admissible event (t >= W) may still change it or repeat one of its occurrences. k = 1 for m = 1. For m > 1 it is 2:
  a contested border may turn core through events up to its t + T and bridge. Where occurrences last (G > 0) it is 3:
  one that begins at t >= W may get an earlier first event elsewhere, so that a core within T of it is core no more,
  and a border event of that core, another T away, is free to join this component.
- An unlocated occurrence (its first event has no position) links to nothing and is a component of its own.
- What is final stays: its events count as neighbours for ever, but nothing joins it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final as Constant
from typing import NamedTuple

UNBOUNDED: Constant = 1 << 60


class Group(NamedTuple):
    radius_dm: int
    window_ms: int
    gap_ms: int
    remember_ms: int = 0
    m: int = 1


@dataclass(frozen=True, order=True)
class Delivery:
    uid: int
    t: int
    x: int = 0
    y: int = 0
    located: bool = True
    group: int = 0
    subject: int = 0
    kind: int = 0
    state: int = 0
    severity: int = 1
    revision: int = 0
    content: int = 0

    @property
    def version(self) -> tuple[int, int]:
        return (self.revision, self.content)

    @property
    def key(self) -> tuple[int, int]:
        return (self.t, self.uid)

    @property
    def shape(self) -> tuple[int, int, int, bool, int, int, int, int]:
        return (self.t, self.x, self.y, self.located, self.group, self.subject, self.kind, self.state)


class Final(NamedTuple):
    key: tuple[int, int]
    uids: tuple[int, ...]
    first: int
    last: int
    cores: int  # 0: noise


Occurrence = tuple[Delivery, ...]  # in the order of (t, uid)


def identity(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """O1: one version a uid, that with the greatest (revision, content hash), whichever arrived first."""
    best: dict[int, Delivery] = {}
    for delivery in deliveries:
        held = best.get(delivery.uid)
        if held is None or delivery.version > held.version:
            best[delivery.uid] = delivery
    return sorted(best.values(), key=lambda e: e.key)


def occurrences(events: Iterable[Delivery], groups: Sequence[Group]) -> list[Occurrence]:
    """O2: per (subject, kind, state) and group, cut where the gap is greater than G."""
    series: dict[tuple[int, int, int, int], list[Delivery]] = defaultdict(list)
    for event in events:
        series[event.subject, event.kind, event.state, event.group].append(event)
    found: list[Occurrence] = []
    for (_, _, _, group), members in series.items():
        members.sort(key=lambda e: e.key)
        piece = [members[0]]
        for event in members[1:]:
            if event.t - piece[-1].t > groups[group].gap_ms:
                found.append(tuple(piece))
                piece = []
            piece.append(event)
        found.append(tuple(piece))
    return sorted(found, key=lambda o: o[0].key)


def linked(a: Occurrence, b: Occurrence, groups: Sequence[Group]) -> bool:
    """O4: same group, both located, |dt| <= T and distance <= R, in integers."""
    p, q = a[0], b[0]
    limits = groups[p.group]
    return (
        p.group == q.group
        and p.located
        and q.located
        and abs(p.t - q.t) <= limits.window_ms
        and (p.x - q.x) ** 2 + (p.y - q.y) ** 2 <= limits.radius_dm**2
    )


class Component(NamedTuple):
    cores: list[Occurrence]
    borders: list[Occurrence]  # or one noise, where there is no core

    @property
    def occurrences(self) -> list[Occurrence]:
        return self.cores + self.borders


def components(events: Iterable[Delivery], groups: Sequence[Group], closed: Iterable[Delivery] = ()) -> list[Component]:
    """O5: the connected components of the links between cores, with their borders; and each noise by itself.

    `closed` are events of final components: they count as neighbours and are no part of the result.
    """
    all_occurrences = occurrences(events, groups)
    neighbours = all_occurrences + occurrences(closed, groups)
    cores = [
        o
        for o in all_occurrences
        if 1 + sum(linked(o, n, groups) for n in neighbours if n != o) >= groups[o[0].group].m
    ]
    unseen = list(cores)
    found: list[Component] = []
    while unseen:
        component = [unseen.pop(0)]
        for member in component:
            near = [o for o in unseen if linked(member, o, groups)]
            unseen = [o for o in unseen if o not in near]
            component.extend(near)
        found.append(Component(component, []))
    for o in all_occurrences:
        if o not in cores:
            nearest = min((c for c in cores if linked(o, c, groups)), key=lambda c: distance(o, c), default=None)
            if nearest is None:
                found.append(Component([], [o]))
            else:
                next(c for c in found if nearest in c.cores).borders.append(o)
    return found


def distance(border: Occurrence, core: Occurrence) -> tuple[int, int, int, int]:
    """O5: which core a border event belongs to is the least (d^2, |dt|, t, uid)."""
    p, q = border[0], core[0]
    return ((p.x - q.x) ** 2 + (p.y - q.y) ** 2, abs(p.t - q.t), q.t, q.uid)


def uids_of(component: Component) -> tuple[int, ...]:
    """The uids of a component in the order of (t, uid)."""
    return tuple(e.uid for e in sorted((e for o in component.occurrences for e in o), key=lambda e: e.key))


def windows_to_wait(group: Group) -> int:
    """How many T after its last occurrence nothing can change a component any more."""
    if group.m == 1:
        return 1
    return 2 if group.gap_ms == 0 else 3


def is_final(component: Component, watermark: int, groups: Sequence[Group]) -> bool:
    """O10: nothing that may still arrive (t >= W) can change it or repeat one of its occurrences."""
    members = component.occurrences
    limits = groups[members[0][0].group]
    last_link = max(o[0].t for o in members) + windows_to_wait(limits) * limits.window_ms
    last_repeat = max(o[-1].t for o in members) + limits.gap_ms
    return watermark > last_link and watermark > last_repeat


def finals(
    events: Iterable[Delivery], watermarks: Sequence[int], groups: Sequence[Group], closed: Iterable[Delivery] = ()
) -> list[Final]:
    """O10: the final components at these watermarks (one a group), by canonical key."""
    found = []
    for component in components(events, groups, closed):
        every = sorted((e for o in component.occurrences for e in o), key=lambda e: e.key)
        if is_final(component, watermarks[every[0].group], groups):
            last = max(e.t for e in every)
            found.append(Final(every[0].key, uids_of(component), every[0].t, last, len(component.cores)))
    return sorted(found)


def block_of(e: Delivery, groups: Sequence[Group]) -> tuple[int, int, int, int]:
    """2.2: the quadrant of side R/2 and the bucket of T that an event lies in; all that share one are linked."""
    side = max(1, (groups[e.group].radius_dm + 1) // 2)
    return (e.group, e.x // side, e.y // side, e.t // (groups[e.group].window_ms + 1))


def reaches(e: Delivery, entered: Sequence[Delivery]) -> bool:
    """Whether what entered a block reaches as far without this event. (R and T are small: in steps of 1.)"""
    return all(
        min(places) <= place <= max(places)
        for place, places in (
            (e.x, [m.x for m in entered]),
            (e.y, [m.y for m in entered]),
            (e.t, [m.t for m in entered]),
        )
    )


class Sequential:
    """The definition applied delivery by delivery: which are admitted (2.5), and what is final after each advance."""

    def __init__(self, groups: Sequence[Group], block_max: int = UNBOUNDED) -> None:
        self.groups = groups
        self.block_max = block_max
        self.entered: dict[tuple[int, int, int, int], list[Delivery]] = {}  # by block, those that left it too
        self.watermarks = [-(1 << 62)] * len(groups)
        self.admitted: list[Delivery] = []
        self.closed: dict[int, Delivery] = {}
        self.final: list[Delivery] = []
        self.cores: set[int] = set()  # by uid, as of the last advance of their group

    def deliver(self, e: Delivery) -> str:
        """Admit or refuse one delivery; the answer is the status, `clustered` also where it repeats."""
        held = next((d for d in self.live() if d.uid == e.uid), None)
        if held is not None:
            if e.version == held.version:
                return "duplicate"
            if e.version < held.version:
                return "superseded"
            fixed = self.groups[held.group].m > 1 and held.t < self.watermarks[held.group]
            if e.shape != held.shape and (fixed or e.t < self.watermarks[e.group]):
                return "late"
            self.admitted.append(e)
            if e.located and e.shape != held.shape:
                self.note_entry(e)
            return "corrected"
        if refused := self.refusal(e):
            return refused
        self.admitted.append(e)
        if e.located:
            self.note_entry(e)
        return "clustered" if e.located else "unlocated"

    def note_entry(self, e: Delivery) -> None:
        """Of a block that stands only because of this event nothing older is known."""
        if self.block_max < UNBOUNDED:
            block = block_of(e, self.groups)
            if len(self.mates(e)) == 1:
                self.entered.pop(block, None)
            self.entered.setdefault(block, []).append(e)

    def refusal(self, e: Delivery) -> str | None:
        """Why a new event is not taken in."""
        if self.remembers(e.uid):
            return "closed"
        if e.t < self.watermarks[e.group]:
            return "late"
        return "crowded" if e.located and self.crowds(e) else None

    def crowds(self, e: Delivery) -> bool:
        """2.12: the block of an event has members enough and reaches as far without it."""
        if self.block_max == UNBOUNDED:
            return False
        return len(self.mates(e)) >= self.block_max and reaches(e, self.entered[block_of(e, self.groups)])

    def mates(self, e: Delivery) -> list[Delivery]:
        """The first events of the occurrences in the block where an event lies."""
        firsts = [o[0] for o in occurrences(self.live(), self.groups)]
        return [f for f in firsts if f.located and block_of(f, self.groups) == block_of(e, self.groups)]

    def was_core(self, uid: int) -> bool:
        """Whether the occurrence of an event was core when its group advanced last."""
        return uid in self.cores

    def remembers(self, uid: int) -> bool:
        """Whether the uid belongs to a final component and is not older than the memory of its group."""
        e = self.closed.get(uid)
        return e is not None and e.t + self.groups[e.group].remember_ms >= self.watermarks[e.group]

    def live(self) -> list[Delivery]:
        return identity(self.admitted)

    def advance(self, group: int, watermark: int) -> list[Final]:
        """Raise one group's watermark; the components that became final, by canonical key."""
        self.watermarks[group] = watermark
        every = components([e for e in self.live() if e.group == group], self.groups, self.final)
        self.cores |= {e.uid for component in every for o in component.cores for e in o}
        self.cores -= {e.uid for component in every for o in component.borders for e in o}
        new = finals([e for e in self.live() if e.group == group], self.watermarks, self.groups, self.final)
        gone = {uid for final in new for uid in final.uids}
        self.final += [e for e in self.live() if e.uid in gone]
        self.closed.update({e.uid: e for e in self.live() if e.uid in gone})
        self.admitted = [e for e in self.admitted if e.uid not in gone]
        return new

    def partition(self) -> set[frozenset[int]]:
        return {frozenset(uids_of(c)) for c in components(self.live(), self.groups, self.final)}

    def roles(self) -> dict[int, str]:
        """Whether the occurrence of each live event is core, border or noise."""
        found = {}
        for component in components(self.live(), self.groups, self.final):
            rest = "border" if component.cores else "noise"
            found.update({e.uid: "core" for o in component.cores for e in o})
            found.update({e.uid: rest for o in component.borders for e in o})
        return found
