"""What a batch notes in its journal while it is admitted: rows to place, to take out, and whom to tell."""

from dispatcher.correlation.kernels.components import holder, root_of
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, u8
from dispatcher.correlation.kernels.records import GONE, GONES, PENDING, PENDINGS, PLACED, TOLD, TOLDS, Journal, State


@inlined
def note_pending(s: State, j: Journal, row: int) -> None:
    if not s.events[row]["flags"] & PENDING:
        s.events[row]["flags"] |= u8(PENDING)
        j.pending[j.counts[PENDINGS]] = row
        j.counts[PENDINGS] += 1


@compiled
def note_gone(s: State, j: Journal, first: int, cause: int) -> None:
    """An occurrence in the index no longer starts with this event: it leaves, and its events' component is noted."""
    flags = s.events[first]["flags"]
    if not flags & PLACED or flags & GONE:
        return
    s.events[first]["flags"] |= u8(GONE)
    j.gone[j.counts[GONES]] = first
    j.gone_by[j.counts[GONES]] = cause
    j.counts[GONES] += 1
    tell(s, j, first, s.nodes[root_of(s.up, holder(s, first))]["component"])


@compiled
def tell(s: State, j: Journal, first: int, component: int) -> None:
    """Note for every event of an occurrence which component it belonged to before this batch."""
    row = first
    while True:
        if not s.events[row]["flags"] & TOLD:
            s.events[row]["flags"] |= u8(TOLD)
            j.told[j.counts[TOLDS]] = row
            j.told_of[j.counts[TOLDS]] = component
            j.counts[TOLDS] += 1
        row = i64(s.run_next[row])
        if row == first:
            return
