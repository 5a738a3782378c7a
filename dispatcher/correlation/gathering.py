"""Gathers components out of the arrays: members by (t, uid), components by their first members (O10)."""

from typing import Final

import numpy as np

from dispatcher.correlation.answers import Finals
from dispatcher.correlation.columns import TIME_MS_MAX, Int32, Int64
from dispatcher.correlation.kernels import canonical, closing, records
from dispatcher.correlation.kernels.records import State

_TIES_BY_INSERTION: Final = 64


def finals_of(s: State, roots: Int32) -> tuple[Int32, Finals]:
    """The components of these roots in the order of their first members, and the rows of all their members."""
    ends = np.empty(roots.size, np.int64)
    occurrences = np.empty(roots.size, np.int64)
    cores = np.empty(roots.size, np.int64)
    members = np.empty(int(s.counters[records.LIVE_ROWS]) if roots.size else 0, np.int32)
    closing.list_members(s, roots, members, ends, occurrences, cores)
    total = int(ends[-1]) if roots.size else 0
    members = members[:total]
    heads = np.empty(roots.size, np.int32)
    spare = np.empty(records.SORTED_BY_HEAP, np.int32)
    closing.order_members(s, members, ends, heads, spare, np.empty(records.SORTED_BY_INSERTION, np.int64))
    for k in np.flatnonzero(np.diff(ends, prepend=0) > records.SORTED_BY_HEAP).tolist():
        large = members[ends[k - 1] if k else 0 : ends[k]]
        large[:] = large[_canonical_order(s, large)]
        heads[k] = large[0]
    order = _canonical_order(s, heads)
    hi, lo = np.empty((2, total), np.uint64)
    t_ms = np.empty(total, np.int64)
    ordered = np.empty(total, np.int32)
    closing.in_order(members, ends, order, ordered)
    closing.read_members(s, ordered, hi, lo, t_ms)
    starts = np.zeros(roots.size + 1, np.int64)
    np.cumsum(np.diff(ends, prepend=0)[order], out=starts[1:])
    component = s.nodes["component"][roots[order]]
    if not s.dense.size:
        return ordered, Finals(hi, lo, t_ms, starts, component, occurrences[order], cores[order])
    core = np.empty(total, np.bool_)
    closing.read_cores(s, ordered, core)
    return ordered, Finals(hi, lo, t_ms, starts, component, occurrences[order], cores[order], core)


def _canonical_order(s: State, rows: Int32) -> Int64:
    """The order of rows by (t, uid)."""
    events = s.events
    t = events["t"][rows]
    order = _stable_order(t)
    ties = np.diff(np.flatnonzero(np.diff(t[order], prepend=t[order[:1]] - 1, append=t[-1:] - 1)))
    if ties.max(initial=0) > _TIES_BY_INSERTION:
        return np.lexsort((events["uid_lo"][rows], events["uid_hi"][rows], t))
    canonical.order_ties(events, rows, order)
    return order


def _stable_order(t: Int64) -> Int64:
    """The order of times, that of the rows among equal ones: sorted as words that hold both, where they have room."""
    bits = t.size.bit_length()
    low = int(t.min(initial=TIME_MS_MAX))
    if int(t.max(initial=low)) - low >= 1 << (63 - bits):
        return np.argsort(t, kind="stable")
    words = (t - low) << bits | np.arange(t.size)
    words.sort()
    ordered: Int64 = words & ((1 << bits) - 1)
    return ordered
