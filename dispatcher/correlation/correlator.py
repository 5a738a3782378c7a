"""The correlator: batches of events go in, occurrences, components and finals come out, exact for any order of arrival.

State lives here, decisions live in `kernels`. Time is the events' own and the watermarks'; nothing reads a clock. The
handle of a component is an int that one Correlator never gives twice; public ids are assigned by who keeps incidents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from typing import Final as Constant

import numpy as np

from dispatcher.correlation import arenas, beside_live, gathering
from dispatcher.correlation.answers import (
    Applied,
    Beside,
    Final,
    Finals,
    Merge,
    Merges,
    Moved,
    Reclustered,
    Role,
    Status,
)
from dispatcher.correlation.columns import (
    COLUMN_TYPES,
    NO_WATERMARK,
    EventColumns,
    Int8,
    Int32,
    Int64,
    Words,
    uid_bytes,
    uid_words,
)
from dispatcher.correlation.errors import ColumnInvalid, ComponentUnknown, WatermarkMovedBackwards
from dispatcher.correlation.groups import GroupTable
from dispatcher.correlation.kernels import (
    admission,
    closing,
    clustering,
    components,
    density,
    index,
    records,
    splitting,
    waiting,
)
from dispatcher.correlation.kernels.records import Journal
from dispatcher.correlation.snapshot import Snapshot, pack, unpack

__all__ = [
    "Applied",
    "Beside",
    "Correlator",
    "Final",
    "Finals",
    "Merge",
    "Merges",
    "Moved",
    "Reclustered",
    "Role",
    "Status",
]

SORTED_FROM: Constant = 64  # smaller batches gain nothing from locality
ENTERED_AT_ONCE: Constant = 1_024  # room is made for a block and a cell each, which most do not need
LIVE_MAX: Constant = 20_000_000  # about 4 GB; a storm of 3 M events a minute reaches it in seven minutes
BLOCK_MAX: Constant = 32_768  # 5 MB; more events than any batch has, so that how they are cut does not matter


class Correlator:
    """Live occurrences and components of all groups. Not safe for two threads at once; calls release the GIL."""

    def __init__(
        self, groups: GroupTable, expected_events: int = 0, *, live_max: int = LIVE_MAX, block_max: int = BLOCK_MAX
    ) -> None:
        """Make room for so many live events at once; it grows with more, up to `live_max`.

        What comes then is answered with `Status.CAPPED` and counted. A block, occurrences within R/2 x R/2 x T, is full
        with `block_max` (at most 60,000): from then on only those that widen its limits, kept in 256 steps, are taken
        in, at most 1,530 more. The others are answered with `Status.CROWDED`, the component they are linked to, and
        counted. What is taken in is clustered exactly; what is not may have been a link to other blocks, from inside
        the limits of its own. These two answers are the only ones that depend on the order of arrival; how it is cut
        into batches matters only where one has more than `block_max` events, with which it can overfill a new block, or
        brings corrections or repeats into a nearly full one, which count there when the batch is through.
        Corrections of live events and what `rebuild` gives are always taken in.
        """
        self.groups = groups
        empty = arenas.empty_state(groups, live_max, min(block_max, records.BLOCK_COUNT_MAX))
        state = arenas.room_for_events(empty, expected_events)
        self._state = arenas.room_for_nodes(state, expected_events)

    @classmethod
    def rebuild(
        cls,
        groups: GroupTable,
        events: EventColumns,
        watermarks_ms: Sequence[int | None],
        closed: EventColumns | None = None,
        beside: Mapping[int, Beside] = MappingProxyType({}),
    ) -> tuple["Correlator", Applied]:
        """A correlator as it was: from the live version of every event of every component that is not final.

        `watermarks_ms` holds each group's last one, None where there was none. `closed` may give events of final
        components that the groups still remember (`Group.remember_ms`); without them a correction of such an event is
        a new event. `beside` holds, of groups with m > 1, what their finals told of neighbours that still count.
        """
        made = cls(groups, expected_events=events.t_ms.size)
        applied = made.apply(events)
        if beside:
            with np.errstate(over="ignore"):
                made._state = beside_live.count(made._state, beside)
            rows = made._rows(events.uid_hi, events.uid_lo)
            firsts = np.empty_like(rows)
            clustering.name_rows(made._state, rows, False, applied.component, firsts)
            applied = replace(applied, role=made._roles(firsts))
        for group, watermark_ms in enumerate(watermarks_ms):
            if watermark_ms is not None:
                made._start_at(group, watermark_ms)
        if closed is not None:
            made._remember(closed)
        return made, applied

    def snapshot(self) -> bytearray:
        """Everything that is known, as bytes: `restore` goes on with the same handles, answers and finals."""
        return pack(self.groups, self._state)

    @classmethod
    def restore(cls, groups: GroupTable, taken: Snapshot) -> "Correlator":
        """A correlator as it was when the snapshot was taken; raises a SnapshotRefused."""
        made = cls(groups)
        made._state = unpack(groups, made._state, taken)
        return made

    def apply(self, batch: EventColumns) -> Applied:
        """Take in a batch; the outcome does not depend on its order or on how events are cut into batches."""
        columns = _checked(batch, len(self.groups))
        with np.errstate(over="ignore"):  # hashes wrap; numpy warns of it where the kernel runs uncompiled
            return self._apply(columns)

    def _apply(self, batch: EventColumns) -> Applied:
        size = batch.t_ms.size
        self._state = s = arenas.room_for_events(self._state, size)
        arenas.guard_blocks(s, size)
        journal = arenas.empty_journal(s, size)
        status = np.empty(size, np.int8)
        rows = np.empty(size, np.int32)
        admission.admit(s, journal, batch, status, rows)
        component = np.empty(size, np.int64)
        firsts = np.empty(size, np.int32)
        self._cluster(journal, rows, component, firsts)
        occurrence_hi, occurrence_lo = np.empty((2, size), np.uint64)
        components.uids_of(self._state, firsts, occurrence_hi, occurrence_lo)
        return Applied(
            status=status,
            component=component,
            occurrence_hi=occurrence_hi,
            occurrence_lo=occurrence_lo,
            merges=self._merges(journal),
            reclustered=self._reclustered(journal) if journal.counts[records.GONES] else [],
            role=self._roles(firsts),
            clusters=self._clusters(journal),
            moved=self._moved(journal),
            rejoined=self._rejoined(journal),
        )

    def _cluster(self, journal: Journal, rows: Int32, component: Int64, firsts: Int32) -> None:
        """Bring index and components up to what the journal notes, and look up those of the rows."""
        pendings, gones, tolds = journal.counts[:3]
        s = self._state
        if gones:
            splitting.take_apart(s, journal)
            tolds = journal.counts[records.TOLDS]
        pending = self._by_place(journal.pending[:pendings])
        for start in range(0, pending.size, ENTERED_AT_ONCE):
            some = pending[start : start + ENTERED_AT_ONCE]
            self._state = s = arenas.room_for_nodes(self._state, some.size)
            clustering.enter_all(s, journal, some)
        if s.dense.size:
            density.settle_density(s, journal)
        moves = int(journal.counts[records.MOVES])
        self._state = s = arenas.room_for_waiting(s, rows.size + int(tolds) + 2 * moves)
        if moves:
            density.shorten_all(s, journal)
        left_out = np.flatnonzero(rows <= records.LEFT_OUT)
        rows[left_out] = s.blocks["head"][records.LEFT_OUT - rows[left_out]]
        clustering.name_rows(s, rows, False, component, firsts)

    def _roles(self, firsts: Int32) -> Int8:
        roles = np.where(firsts < 0, np.int8(-1), np.int8(records.CORE))
        if self._state.dense.size:
            density.role_of_rows(self._state, firsts, roles)
        return roles

    def _clusters(self, journal: Journal) -> frozenset[int]:
        cored = journal.cored[: journal.counts[records.COREDS]]
        return frozenset(self._named(cored).tolist()) if cored.size else frozenset()

    def _rejoined(self, journal: Journal) -> frozenset[int]:
        told = journal.told[: journal.counts[records.TOLDS]]
        return frozenset(self._named(told).tolist()) if told.size and self._state.dense.size else frozenset()

    def _moved(self, journal: Journal) -> list[Moved]:
        moved = journal.moved[: journal.counts[records.MOVES]]
        if not moved.size:
            return []
        events_of = (self._events_of(first) for first in moved.tolist())
        return [Moved(*pair) for pair in zip(events_of, self._named(moved).tolist(), strict=True)]

    def _named(self, rows: Int32) -> Int64:
        components = np.empty(rows.size, np.int64)
        clustering.name_rows(self._state, rows, False, components, np.empty(rows.size, np.int32))
        return components

    def _events_of(self, first: int) -> list[bytes]:
        """The uids of an occurrence."""
        rows = [first]
        while (row := int(self._state.run_next[rows[-1]])) != first:
            rows.append(row)
        return [self._uid(row) for row in rows]

    def _by_place(self, pending: Int32) -> Int32:
        if pending.size < SORTED_FROM:
            return pending
        at_once = 1 << records.SORTED_BITS
        keys = np.empty(min(pending.size, at_once), np.uint64)
        for start in range(0, pending.size, at_once):
            some = pending[start : start + at_once]
            index.locality(self._state, some, keys)
            ordered = keys[: some.size]
            ordered.sort()
            some[:] = some[(ordered & np.uint64(at_once - 1)).view(np.int64)]
        return pending

    def _merges(self, journal: Journal) -> Merges:
        merges = journal.merges[: journal.counts[records.MERGES]].copy()  # the journal is large, mostly untouched
        bridges = self._state.events[merges[:, 2]]
        return Merges(merges[:, 0], merges[:, 1], bridges["uid_hi"], bridges["uid_lo"])

    def _reclustered(self, journal: Journal) -> list[Reclustered]:
        told = journal.told[: journal.counts[records.TOLDS]]
        now = np.empty(told.size, np.int64)
        clustering.name_rows(self._state, told, True, now, np.empty(told.size, np.int32))
        moved: dict[int, dict[int, list[bytes]]] = {}
        for row, old, new in zip(told.tolist(), journal.told_of.tolist(), now.tolist(), strict=False):
            moved.setdefault(old, {}).setdefault(new, []).append(self._uid(row))
        went_to = {loser: winner for winner, loser, _ in journal.merges[: journal.counts[records.MERGES]].tolist()}
        return [Reclustered(old, parts) for old, parts in moved.items() if set(parts) != {_followed(went_to, old)}]

    def advance(self, group: int, watermark_ms: int) -> Finals:
        """Raise one group's watermark; its components that are final by it, which are then forgotten.

        The same watermark again is allowed, a lower one raises WatermarkMovedBackwards.
        """
        before = int(self._state.groups["watermark"][group])
        if watermark_ms < before:
            raise WatermarkMovedBackwards(group, before, watermark_ms)
        with np.errstate(over="ignore"):
            return self._advance(group, watermark_ms)

    def _advance(self, group: int, watermark_ms: int) -> Finals:
        live = int(self._state.counters[records.LIVE_ROWS])
        self._state = arenas.room_for_waiting(self._state, live)  # those who wait on spread over more links
        roots = np.empty(live, np.int32)
        roots = roots[: waiting.collect(self._state, group, watermark_ms, roots)]
        members, finals = gathering.finals_of(self._state, roots)
        if self.groups[group].m > 1:
            finals.beside = beside_live.find(self._state, group, members)
        to_remember = int(np.count_nonzero(finals.t_ms + self.groups[group].memory_ms >= watermark_ms))
        self._state = arenas.room_for_closed(self._state, to_remember)
        closing.release(self._state, members, np.empty((records.SLOTS_AHEAD, 3), np.uint32))
        return finals

    def counts_from_ms(self, group: int) -> int:
        """From which time on a final neighbour may count: T before the first live event."""
        return beside_live.counts_from_ms(self._state, group)

    def _start_at(self, group: int, watermark_ms: int) -> None:
        """Set the watermark of a group that had none; what is final by it is kept for the next advance."""
        self._state = s = arenas.room_for_waiting(self._state, int(self._state.counters[records.LIVE_ROWS]))
        with np.errstate(over="ignore"):
            waiting.start_at(s, group, watermark_ms)

    def _remember(self, closed: EventColumns) -> None:
        columns = _checked(closed, len(self.groups))
        self._state = s = arenas.room_for_closed(self._state, columns.t_ms.size)
        with np.errstate(over="ignore"):
            closing.remember(s, columns)

    @property
    def live_events(self) -> int:
        """Events that are not final yet."""
        return int(self._state.counters[records.LIVE_ROWS])

    @property
    def state_bytes(self) -> int:
        """Bytes that the state holds, spare room included."""
        return arenas.nbytes(self._state)

    @property
    def capped_events(self) -> int:
        """Events that were not taken in because too many were live, since the start."""
        return int(self._state.counters[records.CAPPED])

    @property
    def crowded_events(self) -> int:
        """Events that were not taken in because their block was full, since the start."""
        return int(self._state.counters[records.CROWDED])

    @property
    def walked(self) -> int:
        """Members of near blocks that were looked at in vain since the start: the cost of adversarial shapes."""
        return int(self._state.counters[records.WALKED])

    def watermark_ms(self, group: int) -> int | None:
        """The group's watermark, None before its first."""
        watermark_ms = int(self._state.groups["watermark"][group])
        return None if watermark_ms == NO_WATERMARK else watermark_ms

    def members(self, component: int) -> list[bytes]:
        """The uids of a live component by (t, uid). Reads every live row; raises ComponentUnknown."""
        s = self._state
        used = int(s.counters[records.ROWS])
        flags = s.events["flags"][:used]
        is_root = (flags & records.ROOT == records.ROOT) & (s.up[:used] == np.arange(used))
        if s.dense.size:
            is_root &= s.dense["near"][:used] < 0
        roots = np.flatnonzero(is_root & (s.nodes["component"][:used] == component)).astype(np.int32)
        if roots.size == 0:
            raise ComponentUnknown(component)
        return gathering.finals_of(self._state, roots)[1][0].uids

    def component_of(self, uid: bytes) -> int | None:
        """The handle of the live component that holds this uid."""
        hi, lo = uid_words([uid])
        with np.errstate(over="ignore"):
            component = int(components.component_of(self._state, hi[0], lo[0]))
        return None if component < 0 else component

    def roles_of(self, uids: Sequence[bytes]) -> list[Role | None]:
        """What the occurrence of each uid is in its component; None where it is not live."""
        rows = self._rows(*uid_words(uids))
        components.firsts_of(self._state, rows)
        return [None if role < 0 else Role(role) for role in self._roles(rows).tolist()]

    def _rows(self, hi: Words, lo: Words) -> Int32:
        rows = np.empty(hi.size, np.int32)
        with np.errstate(over="ignore"):
            components.rows_of(self._state, hi, lo, rows)
        return rows

    def _uid(self, row: int) -> bytes:
        e = self._state.events[row]
        return uid_bytes(e["uid_hi"], e["uid_lo"])


def _checked(batch: EventColumns, groups: int) -> EventColumns:
    """The batch as the kernel is compiled for; raises ColumnInvalid."""
    size = batch.t_ms.size
    given = batch._asdict()
    for name, column in given.items():
        if column.shape != (size,):
            raise ColumnInvalid(name, f"has shape {column.shape} where t_ms has {size} rows")
    if size and not 0 <= int(batch.group.min()) <= int(batch.group.max()) < groups:
        raise ColumnInvalid("group", f"holds a number outside [0, {groups})")
    return EventColumns._make(_plain(column, COLUMN_TYPES[name]) for name, column in given.items())


def _plain(column: Any, dtype: type[np.generic]) -> Any:
    """The column in the layout that the kernels are compiled for."""
    return column if column.dtype == dtype and column.flags.carray else np.require(column, dtype, ["C", "A", "W"])


def _followed(went_to: dict[int, int], component: int) -> int:
    while component in went_to:
        component = went_to[component]
    return component
