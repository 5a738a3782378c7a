"""Runs deliveries through the correlator beside the sequential oracle and compares all that both can see."""

import os
from collections.abc import Sequence

import numpy as np

from dispatcher.correlation.columns import EventColumns, event_columns, uid_bytes
from dispatcher.correlation.correlator import BLOCK_MAX, Applied, Beside, Correlator, Finals, Role, Status
from dispatcher.correlation.groups import Group, GroupTable
from tests.unit.dispatcher.correlation import oracle
from tests.unit.dispatcher.correlation.oracle import Delivery


def random_cases(compiled: int, uncompiled: int) -> int:
    """How many random cases a property is tried with; `RONGAN_CASES` says it for all of them (`make exact`)."""
    return int(os.environ.get("RONGAN_CASES", uncompiled if os.environ.get("NUMBA_DISABLE_JIT") == "1" else compiled))


def table(groups: Sequence[oracle.Group]) -> GroupTable:
    return GroupTable([Group(g.radius_dm, g.window_ms, g.gap_ms, g.m, remember_ms=g.remember_ms) for g in groups])


def uid_of(number: int) -> bytes:
    """Spread over both words, in the order of the numbers."""
    return uid_bytes(number // 3, number % 3)


def number_of(uid: bytes) -> int:
    return 3 * int.from_bytes(uid[:8], "big") + int.from_bytes(uid[8:], "big")


def columns(deliveries: Sequence[Delivery]) -> EventColumns:
    names = ("x", "y", "located", "group", "subject", "kind", "state", "severity", "revision", "content")
    c = {name: [getattr(d, name) for d in deliveries] for name in names}
    return event_columns(
        [uid_of(d.uid) for d in deliveries],
        t_ms=[d.t for d in deliveries], x_dm=c["x"], y_dm=c["y"], located=c["located"], group=c["group"],
        subject=c["subject"], kind=c["kind"], state=c["state"], severity=c["severity"],
        revision=c["revision"], content=c["content"],
    )  # fmt: skip


def finals_of(finals: Finals) -> list[oracle.Final]:
    return [
        oracle.Final((f.key_t_ms, number_of(f.key_uid)), tuple(map(number_of, f.uids)), f.first_ms, f.last_ms, f.cores)
        for f in finals
    ]


class Pair:
    """A correlator and its oracle, always given the same; every call compares."""

    def __init__(self, groups: Sequence[oracle.Group], block_max: int = oracle.UNBOUNDED) -> None:
        self.groups = groups
        self.made = Correlator(table(groups), block_max=min(block_max, BLOCK_MAX))
        self.oracle = oracle.Sequential(groups, block_max)
        self.known: dict[int, frozenset[int]] = {}  # what a caller knows by following merges and reclusterings
        self.noise: dict[int, bool] = {}  # and which of the handles are no clusters
        self.beside: dict[int, Beside] = {}  # what a store would hold of final neighbours

    def apply(self, deliveries: Sequence[Delivery]) -> Applied:
        applied = self.made.apply(columns(deliveries))
        expected = [self.oracle.deliver(d) for d in deliveries]
        statuses = [_compared(status) for status in applied.status]
        assert statuses == [status if status != "unlocated" else "clustered" for status in expected]
        self.compare_components(deliveries, applied)
        return applied

    def compare_components(self, deliveries: Sequence[Delivery], applied: Applied) -> None:
        component_of = {uid: part for part in self.oracle.partition() for uid in part}
        first_of = {e.uid: o[0].uid for o in oracle.occurrences(self.oracle.live(), self.groups) for e in o}
        roles = self.oracle.roles()
        handles: dict[int, frozenset[int]] = {}
        placed = {
            delivery.uid
            for row, delivery in enumerate(deliveries)
            if applied.component[row] >= 0 and applied.status[row] != Status.CROWDED
        }
        assert placed == {delivery.uid for delivery in deliveries if delivery.uid in component_of}
        for row, delivery in enumerate(deliveries):
            handle = int(applied.component[row])
            if applied.status[row] == Status.CROWDED:
                beside = number_of(applied.occurrence(row))
                assert handles.setdefault(handle, component_of[beside]) == component_of[beside]
                assert beside in (mate.uid for mate in self.oracle.mates(delivery))
            elif handle >= 0:
                part = component_of[delivery.uid]
                assert handles.setdefault(handle, part) == part
                assert number_of(applied.occurrence(row)) == first_of[delivery.uid]
                role = Role(int(applied.role[row])).name.lower()
                assert role == roles[delivery.uid]
        told = self.follow(deliveries, applied)
        noise = {handle: roles[min(part)] == "noise" for handle, part in self.known.items()}
        assert all(noise[handle] == self.noise[handle] for handle in noise.keys() - told)
        self.noise = noise
        assert {frozenset(part) for part in self.known.values()} == self.oracle.partition()

    def follow(self, deliveries: Sequence[Delivery], applied: Applied) -> set[int]:
        """What a caller does who only reads the answers: handles to uids. Returns the handles that were told of."""
        where = {uid: handle for handle, part in self.known.items() for uid in part}
        for merge in applied.merges:
            assert merge.winner < merge.loser
            where = {uid: merge.winner if handle == merge.loser else handle for uid, handle in where.items()}
        for change in applied.reclustered:
            for handle, uids in change.parts.items():
                where.update({number_of(uid): handle for uid in uids})
        for uids, component in applied.moved:
            where.update({number_of(uid): component for uid in uids})
        for row, delivery in enumerate(deliveries):
            if applied.component[row] >= 0 and applied.status[row] != Status.CROWDED:
                where[delivery.uid] = int(applied.component[row])
        self.known = {}
        for uid, handle in where.items():
            self.known[handle] = self.known.get(handle, frozenset()) | {uid}
        told = {int(handle) for handle in applied.component} | applied.clusters | applied.rejoined
        told |= {handle for change in applied.reclustered for handle in change.parts}
        return told | {merge.winner for merge in applied.merges} | {moved.component for moved in applied.moved}

    def advance(self, group: int, watermark: int) -> list[oracle.Final]:
        expected = self.oracle.advance(group, watermark)
        finals = self.made.advance(group, watermark)
        assert finals_of(finals) == expected
        if finals.core is not None:
            uids = [number_of(uid) for final in finals for uid in final.uids]
            assert {uid for uid, core in zip(uids, finals.core.tolist(), strict=True) if core} == {
                uid for uid in uids if self.oracle.was_core(uid)
            }
        if finals.beside is not None:
            self._keep(group, finals.beside)
        for final in finals:
            assert self.known.pop(final.component) == frozenset(map(number_of, final.uids))
        return expected

    def rebuild(self) -> None:
        """Start again from what a store would hold; handles are new."""
        watermarks = [None if w == -(1 << 62) else w for w in self.oracle.watermarks]
        live = self.oracle.live()
        self.made, applied = Correlator.rebuild(
            self.made.groups,
            columns(live),
            watermarks,
            closed=columns(list(self.oracle.closed.values())),
            beside=self.beside,
        )
        self.known = {}
        self.noise = {}
        self.compare_components(live, applied)
        assert self.made.roles_of([uid_of(delivery.uid) for delivery in live]) == list(applied.role)

    def _keep(self, group: int, beside: Beside) -> None:
        """Beside what was kept before, as far as it may still count."""
        if group in self.beside:
            kept = self.beside[group].t_ms >= self.made.counts_from_ms(group)
            pairs = zip(self.beside[group], beside, strict=True)
            beside = Beside(*(np.concatenate((np.asarray(old)[kept], np.asarray(new))) for old, new in pairs))
        self.beside[group] = beside

    def restore(self) -> None:
        """Go on from a snapshot; handles stay."""
        before = self.made
        self.made = Correlator.restore(before.groups, bytes(before.snapshot()))
        assert self.made.live_events == before.live_events

    def everything_final(self) -> None:
        for group in range(len(self.groups)):
            self.advance(group, 1 << 50)
        assert self.made.live_events == 0
        assert self.oracle.live() == []


def _compared(status: int) -> str:
    same = {Status.REPEAT: Status.CLUSTERED, Status.UNLOCATED: Status.CLUSTERED}
    return same.get(Status(status), Status(status)).name.lower()
