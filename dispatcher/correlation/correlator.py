"""The correlator: batches of events go in, occurrences, components and finals come out, exact for any order of arrival.

State lives here, decisions live in `kernel`. Time is the events' own and the watermarks'; nothing reads a clock. The
handle of a component is an int that one Correlator never gives twice; public ids are assigned by who keeps incidents.
"""

from collections.abc import Sequence
from typing import Final as Constant

import numpy as np

from dispatcher.correlation import arenas, kernel
from dispatcher.correlation.answers import Applied, Final, Finals, Merge, Merges, Reclustered, Status
from dispatcher.correlation.columns import (
    COLUMN_TYPES,
    NO_WATERMARK,
    EventColumns,
    Int32,
    Int64,
    Journal,
    uid_bytes,
    uid_words,
)
from dispatcher.correlation.errors import ColumnInvalid, ComponentUnknown, WatermarkMovedBackwards
from dispatcher.correlation.groups import GroupTable

__all__ = ["Applied", "Correlator", "Final", "Finals", "Merge", "Merges", "Reclustered", "Status"]

SORTED_FROM: Constant = 64  # smaller batches gain nothing from locality
TIES_BY_INSERTION: Constant = 64


class Correlator:
    """Live occurrences and components of all groups. Not safe for two threads at once; calls release the GIL."""

    def __init__(self, groups: GroupTable, expected_events: int = 0) -> None:
        """Make room for so many live events at once; it grows with more."""
        self.groups = groups
        state = arenas.room_for_events(arenas.empty_state(groups), expected_events)
        self._state = arenas.room_for_nodes(state, expected_events)

    @classmethod
    def rebuild(
        cls,
        groups: GroupTable,
        events: EventColumns,
        watermarks_ms: Sequence[int | None],
        closed: EventColumns | None = None,
    ) -> tuple["Correlator", Applied]:
        """A correlator as it was: from the live version of every event of every component that is not final.

        `watermarks_ms` holds each group's last one, None where there was none. `closed` may give events of final
        components that the groups still remember (`Group.remember_ms`); without them a correction of such an event is
        a new event.
        """
        made = cls(groups, expected_events=events.t_ms.size)
        applied = made.apply(events)
        for group, watermark_ms in enumerate(watermarks_ms):
            if watermark_ms is not None:
                made._start_at(group, watermark_ms)
        if closed is not None:
            made._remember(closed)
        return made, applied

    def apply(self, batch: EventColumns) -> Applied:
        """Take in a batch; the outcome does not depend on its order or on how events are cut into batches."""
        columns = _checked(batch, len(self.groups))
        with np.errstate(over="ignore"):  # hashes wrap; numpy warns of it where the kernel runs uncompiled
            return self._apply(columns)

    def _apply(self, batch: EventColumns) -> Applied:
        size = batch.t_ms.size
        self._state = s = arenas.room_for_events(self._state, size)
        journal = arenas.empty_journal(s, size)
        status = np.empty(size, np.int8)
        rows = np.empty(size, np.int32)
        kernel.admit(s, journal, batch, status, rows)
        component = np.empty(size, np.int64)
        firsts = np.empty(size, np.int32)
        self._cluster(journal, rows, component, firsts)
        s = self._state
        return Applied(
            status=status,
            component=component,
            occurrence_hi=np.where(firsts < 0, np.uint64(0), s.events["uid_hi"][firsts]),
            occurrence_lo=np.where(firsts < 0, np.uint64(0), s.events["uid_lo"][firsts]),
            merges=self._merges(journal),
            reclustered=self._reclustered(journal) if journal.counts[kernel.GONES] else [],
        )

    def _cluster(self, journal: Journal, rows: Int32, component: Int64, firsts: Int32) -> None:
        """Bring index and components up to what the journal notes, and look up those of the rows."""
        pendings, gones, tolds, _ = journal.counts
        self._state = s = arenas.room_for_nodes(self._state, int(pendings))
        if gones:
            kernel.take_apart(s, journal)
            tolds = journal.counts[kernel.TOLDS]
        kernel.enter_all(s, journal, self._by_place(journal.pending[:pendings]))
        self._state = s = arenas.room_for_waiting(s, rows.size + int(tolds))
        kernel.name_rows(s, rows, False, component, firsts)

    def _by_place(self, pending: Int32) -> Int32:
        if pending.size < SORTED_FROM:
            return pending
        keys = np.empty(pending.size, np.uint64)
        kernel.locality(self._state, pending, keys)
        return pending[np.argsort(keys)]

    def _merges(self, journal: Journal) -> Merges:
        merges = journal.merges[: journal.counts[kernel.MERGES]].copy()  # the journal is large, mostly untouched
        bridges = self._state.events[merges[:, 2]]
        return Merges(merges[:, 0], merges[:, 1], bridges["uid_hi"], bridges["uid_lo"])

    def _reclustered(self, journal: Journal) -> list[Reclustered]:
        told = journal.told[: journal.counts[kernel.TOLDS]]
        now = np.empty(told.size, np.int64)
        kernel.name_rows(self._state, told, True, now, np.empty(told.size, np.int32))
        moved: dict[int, dict[int, list[bytes]]] = {}
        for row, old, new in zip(told.tolist(), journal.told_of.tolist(), now.tolist(), strict=False):
            moved.setdefault(old, {}).setdefault(new, []).append(self._uid(row))
        went_to = {loser: winner for winner, loser, _ in journal.merges[: journal.counts[kernel.MERGES]].tolist()}
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
        live = int(self._state.counters[kernel.LIVE_ROWS])
        if int(self._state.groups["watermark"][group]) == NO_WATERMARK:
            self._state = arenas.room_for_waiting(self._state, live)
        roots = np.empty(live, np.int32)
        roots = roots[: kernel.collect(self._state, group, watermark_ms, roots)]
        members, finals = self._finals(roots)
        to_remember = int(np.count_nonzero(finals.t_ms + self.groups[group].memory_ms >= watermark_ms))
        self._state = arenas.room_for_closed(self._state, to_remember)
        kernel.release(self._state, members)
        return finals

    def _finals(self, roots: Int32) -> tuple[Int32, Finals]:
        s = self._state
        ends = np.empty(roots.size, np.int64)
        occurrences = np.empty(roots.size, np.int64)
        kernel.count_members(s, roots, ends, occurrences)
        total = int(ends[-1]) if roots.size else 0
        members, spare = np.empty((2, total), np.int32)
        kernel.list_members(s, roots, members, spare)
        heads = np.empty(roots.size, np.int32)
        for k in np.flatnonzero(np.diff(ends, prepend=0) > kernel.SORTED_BY_HEAP).tolist():
            large = members[ends[k - 1] if k else 0 : ends[k]]
            large[:] = large[self._canonical_order(large)]
        kernel.first_members(members, ends, heads)
        order = self._canonical_order(heads)
        hi, lo = np.empty((2, total), np.uint64)
        t_ms = np.empty(total, np.int64)
        kernel.in_order(s, members, ends, order, hi, lo, t_ms)
        starts = np.zeros(roots.size + 1, np.int64)
        np.cumsum(np.diff(ends, prepend=0)[order], out=starts[1:])
        component = s.nodes["component"][roots[order]]
        return members, Finals(hi, lo, t_ms, starts, component, occurrences[order])

    def _canonical_order(self, rows: Int32) -> Int64:
        """The order of rows by (t, uid)."""
        events = self._state.events
        t = events["t"][rows]
        order: Int64 = np.argsort(t, kind="stable")
        ties = np.diff(np.flatnonzero(np.diff(t[order], prepend=t[:1] - 1, append=t[-1:] - 1)))
        if ties.max(initial=0) > TIES_BY_INSERTION:
            return np.lexsort((events["uid_lo"][rows], events["uid_hi"][rows], t))
        kernel.order_ties(events, rows, order)
        return order

    def _start_at(self, group: int, watermark_ms: int) -> None:
        """Set the watermark of a group that had none; what is final by it is kept for the next advance."""
        self._state = s = arenas.room_for_waiting(self._state, int(self._state.counters[kernel.LIVE_ROWS]))
        with np.errstate(over="ignore"):
            kernel.start_at(s, group, watermark_ms)

    def _remember(self, closed: EventColumns) -> None:
        columns = _checked(closed, len(self.groups))
        self._state = s = arenas.room_for_closed(self._state, columns.t_ms.size)
        with np.errstate(over="ignore"):
            kernel.remember(s, columns)

    @property
    def live_events(self) -> int:
        """Events that are not final yet."""
        return int(self._state.counters[kernel.LIVE_ROWS])

    @property
    def state_bytes(self) -> int:
        """Bytes that the state holds, spare room included."""
        return arenas.nbytes(self._state)

    @property
    def walked(self) -> int:
        """Members of near blocks that were looked at in vain since the start: the cost of adversarial shapes."""
        return int(self._state.counters[kernel.WALKED])

    def watermark_ms(self, group: int) -> int | None:
        """The group's watermark, None before its first."""
        watermark_ms = int(self._state.groups["watermark"][group])
        return None if watermark_ms == NO_WATERMARK else watermark_ms

    def members(self, component: int) -> list[bytes]:
        """The uids of a live component by (t, uid). Reads every live row; raises ComponentUnknown."""
        s = self._state
        used = int(s.counters[kernel.ROWS])
        flags = s.events["flags"][:used]
        is_root = (flags & kernel.ROOT == kernel.ROOT) & (s.nodes["up"][:used] == np.arange(used))
        roots = np.flatnonzero(is_root & (s.nodes["component"][:used] == component)).astype(np.int32)
        if roots.size == 0:
            raise ComponentUnknown(component)
        return self._finals(roots)[1][0].uids

    def component_of(self, uid: bytes) -> int | None:
        """The handle of the live component that holds this uid."""
        hi, lo = uid_words([uid])
        with np.errstate(over="ignore"):
            component = int(kernel.component_of(self._state, hi[0], lo[0]))
        return None if component < 0 else component

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
    return EventColumns._make(np.require(c, COLUMN_TYPES[name], ["C", "A", "W"]) for name, c in given.items())


def _followed(went_to: dict[int, int], component: int) -> int:
    while component in went_to:
        component = went_to[component]
    return component
