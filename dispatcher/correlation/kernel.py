"""The clustering kernel: identity, occurrences, index, components and finals over flat arrays, compiled by numba.

It answers exactly what O1, O2, O4, O5 (m = 1) and O10 define, whatever the order of arrival. The shape:

- A batch is *admitted* in the order of its rows: identity, lateness, repeats. What must enter the index is noted as
  pending, what must leave it (a correction, or a late event that gave an occurrence an earlier first event) as gone.
- Components that lose a member are taken apart and joined again from their other members; nothing else ever splits.
- Pending occurrences enter a *block*, one (quadrant of side R/2, time bucket, group): all its members are mutually
  linked, so a block is one component by construction and a storm costs one union an event. A *cell* of 4 x 4 quadrants
  x 4 buckets is one record of a hash table with a bit for each of its blocks; R and T reach into 4 or 8 cells. A block
  whose adjacent blocks all belong to its own component is *settled*: its next event need not look around.
- A block dies with its component: members of a final component are beyond the reach of whatever may still arrive.

This is one module, longer than others, because numba's cache does not notice a change in another file. The caller owns
every array and grows it before a call (`arenas`), so that no insertion can fail half-way. Squares are int64.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import njit

from dispatcher.correlation.columns import (
    DUE_BUCKETS,
    NO_WATERMARK,
    EventColumns,
    Int8,
    Int32,
    Int64,
    Journal,
    Links,
    Records,
    State,
    Words,
)

F = TypeVar("F", bound=Callable[..., Any])
JIT: Final[Any] = njit  # its annotations do not name `_nrt`

# Numba knows these as types; here they are functions to int.
i64: Final[Callable[[Any], int]] = cast("Any", np.int64)
u64: Final[Callable[[Any], int]] = cast("Any", np.uint64)
i32: Final[Callable[[Any], int]] = cast("Any", np.int32)
u32: Final[Callable[[Any], int]] = cast("Any", np.uint32)
u8: Final[Callable[[Any], int]] = cast("Any", np.uint8)


def compiled(function: F) -> F:
    """Compile once and keep it on disk; exact (no fastmath), and other threads run meanwhile.

    Without numba's reference counts (`_nrt`): nothing here allocates or returns an array, and counting at each inner
    call made an event cost twice as much.
    """
    return cast("F", JIT(cache=True, nogil=True, fastmath=False, _nrt=False)(function))


def inlined(function: F) -> F:
    """As `compiled`, and part of its callers: a call passes every array of the state on the stack, 100 ns or more."""
    return cast("F", JIT(cache=True, nogil=True, fastmath=False, _nrt=False, forceinline=True)(function))


# Bits of EVENT.flags; a row without LIVE is free.
LIVE: Final = 1
LOCATED: Final = 2
FIRST: Final = 4  # first event of its occurrence
NODE: Final = 8  # in the index and in a component
PENDING: Final = 16  # to be placed at the end of this batch
GONE: Final = 32  # to be taken out at the end of this batch
TOLD: Final = 64  # new in this batch, or its former component is noted already
ROOT: Final = LIVE | FIRST | NODE

# Positions in State.counters, as columns.COUNTERS names them.
FREE_ROW: Final = 0
ROWS: Final = 1
LIVE_ROWS: Final = 2
FREE_BLOCK: Final = 3
BLOCKS: Final = 4
CELLS: Final = 5
IDS: Final = 6
RUNS: Final = 7
CLOSED: Final = 8
NEXT_COMPONENT: Final = 9
WALKED: Final = 10
FREE_WAITING: Final = 11
WAITINGS: Final = 12

# Positions in Journal.counts.
PENDINGS: Final = 0
GONES: Final = 1
TOLDS: Final = 2
MERGES: Final = 3

# Columns of Journal.broken.
NAME: Final = 0  # the component's handle
END: Final = 1  # of its members in `scratch`
HEIR: Final = 2  # the member that keeps the handle

# Values of the status column, as correlator.Status names them.
CLUSTERED: Final = 0
REPEAT: Final = 1
DUPLICATE: Final = 2
SUPERSEDED: Final = 3
CORRECTED: Final = 4
LATE: Final = 5
UNLOCATED: Final = 6
CLOSED_EVENT: Final = 7

UNNAMED: Final = -1  # a component without a handle yet
UNSET: Final = NO_WATERMARK
SORTED_BY_HEAP: Final = 256  # members of a component; for more, numpy's sort is faster
DUE_MASK: Final = 0x7FFFFFFF  # what is kept of a due bucket's number


# ---- hash tables: open addressing, linear probing, deletion by shifting back ---------------------------------------


@inlined
def mixed(a: int, b: int) -> int:
    """A 32-bit tag of two words; its low bits are a slot's home."""
    h = u64(a) * u64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> u64(32)) ^ u64(b)) * u64(0xD6E8FEB86659FD93)
    h = (h ^ (h >> u64(32))) * u64(0xD6E8FEB86659FD93)
    return i64(h >> u64(32))


@inlined
def mixed_sum(sum_of_products: int) -> int:
    """A 32-bit tag of a sum of keys, each multiplied by its own odd word: neighbours differ by one addition."""
    h = sum_of_products
    h = (h ^ (h >> u64(32))) * u64(0xD6E8FEB86659FD93)
    h = (h ^ (h >> u64(32))) * u64(0xD6E8FEB86659FD93)
    return i64(h >> u64(32))


@inlined
def cell_tag(gx: int, gy: int, tz: int, group: int) -> int:
    return mixed_sum(
        u64(i64(gx)) * u64(0x9E3779B97F4A7C15)
        + u64(i64(gy)) * u64(0xC2B2AE3D27D4EB4F)
        + u64(i64(tz)) * u64(0x165667B19E3779F9)
        + u64(i64(group)) * u64(0x27D4EB2F165667C5)
    )


@inlined
def find_id(events: Records, ids: Records, tag: int, hi: int, lo: int) -> int:
    """The slot that holds this uid, or the free one where it belongs."""
    mask = ids.size - 1
    slot = tag & mask
    while True:
        row = ids[slot]["row"]
        if row < 0:
            return slot
        if ids[slot]["tag"] == tag and events[row]["uid_lo"] == lo and events[row]["uid_hi"] == hi:
            return slot
        slot = (slot + 1) & mask


@inlined
def delete_id(ids: Records, slot: int) -> None:
    mask = ids.size - 1
    hole = slot
    at = (slot + 1) & mask
    while ids[at]["row"] >= 0:
        home = i64(ids[at]["tag"]) & mask
        if ((at - home) & mask) >= ((at - hole) & mask):
            ids[hole]["tag"] = ids[at]["tag"]
            ids[hole]["row"] = ids[at]["row"]
            hole = at
        at = (at + 1) & mask
    ids[hole]["row"] = -1


@inlined
def run_tag(subject: int, kind: int, state: int, group: int, bucket: int) -> int:
    series = (i64(kind) << i64(32)) ^ (i64(state) << i64(16)) ^ i64(group)
    return mixed(i64(subject), series * i64(0x2545F491) + i64(bucket))


@inlined
def find_run(events: Records, runs: Records, tag: int, like: int, run: int, bucket: int) -> int:
    """The slot of the series of row `like` in this G bucket, or the free one where it belongs."""
    mask = runs.size - 1
    slot = tag & mask
    e = events[like]
    while True:
        row = runs[slot]["lo"]
        if row < 0:
            return slot
        if runs[slot]["tag"] == tag:
            o = events[row]
            if (
                o["subject"] == e["subject"]
                and o["kind"] == e["kind"]
                and o["state"] == e["state"]
                and o["group"] == e["group"]
                and o["t"] // run == bucket
            ):
                return slot
        slot = (slot + 1) & mask


@inlined
def delete_run(runs: Records, slot: int) -> None:
    mask = runs.size - 1
    hole = slot
    at = (slot + 1) & mask
    while runs[at]["lo"] >= 0:
        home = i64(runs[at]["tag"]) & mask
        if ((at - home) & mask) >= ((at - hole) & mask):
            runs[hole]["tag"] = runs[at]["tag"]
            runs[hole]["lo"] = runs[at]["lo"]
            runs[hole]["hi"] = runs[at]["hi"]
            hole = at
        at = (at + 1) & mask
    runs[hole]["lo"] = -1


@inlined
def find_cell(cells: Records, tag: int, gx: int, gy: int, tz: int, group: int) -> int:
    """The slot of this cell, or the free one where it belongs."""
    mask = cells.size - 1
    slot = tag & mask
    while cells[slot]["head"] >= 0:
        c = cells[slot]
        if c["gx"] == gx and c["gy"] == gy and c["tz"] == tz and c["group"] == group:
            return slot
        slot = (slot + 1) & mask
    return slot


@inlined
def delete_cell(cells: Records, slot: int) -> None:
    mask = cells.size - 1
    hole = slot
    at = (slot + 1) & mask
    while cells[at]["head"] >= 0:
        c = cells[at]
        home = cell_tag(c["gx"], c["gy"], c["tz"], c["group"]) & mask
        if ((at - home) & mask) >= ((at - hole) & mask):
            cells[hole] = cells[at]
            hole = at
        at = (at + 1) & mask
    cells[hole]["head"] = -1


@inlined
def find_closed(closed: Records, hi: int, lo: int) -> int:
    mask = closed.size - 1
    slot = mixed(hi, lo) & mask
    while closed[slot]["group"] >= 0 and not (closed[slot]["uid_lo"] == lo and closed[slot]["uid_hi"] == hi):
        slot = (slot + 1) & mask
    return slot


@compiled
def refill_ids(old: Records, new: Records) -> None:
    """Move every entry into a larger, empty table."""
    mask = new.size - 1
    for i in range(old.size):
        if old[i]["row"] >= 0:
            slot = i64(old[i]["tag"]) & mask
            while new[slot]["row"] >= 0:
                slot = (slot + 1) & mask
            new[slot]["tag"] = old[i]["tag"]
            new[slot]["row"] = old[i]["row"]


@compiled
def refill_runs(old: Records, new: Records) -> None:
    """Move every entry into a larger, empty table."""
    mask = new.size - 1
    for i in range(old.size):
        if old[i]["lo"] >= 0:
            slot = i64(old[i]["tag"]) & mask
            while new[slot]["lo"] >= 0:
                slot = (slot + 1) & mask
            new[slot]["tag"] = old[i]["tag"]
            new[slot]["lo"] = old[i]["lo"]
            new[slot]["hi"] = old[i]["hi"]


@compiled
def refill_cells(old: Records, new: Records) -> None:
    """Move every entry into a larger, empty table."""
    for i in range(old.size):
        if old[i]["head"] >= 0:
            c = old[i]
            tag = cell_tag(c["gx"], c["gy"], c["tz"], c["group"])
            new[find_cell(new, tag, c["gx"], c["gy"], c["tz"], c["group"])] = old[i]


@compiled
def refill_closed(groups: Records, old: Records, new: Records) -> int:
    """Move what is still remembered into another, empty table; how many that was."""
    kept = 0
    for i in range(old.size):
        c = old[i]
        if c["group"] >= 0 and c["t"] + groups[c["group"]]["remember"] >= groups[c["group"]]["watermark"]:
            new[find_closed(new, c["uid_hi"], c["uid_lo"])] = old[i]
            kept += 1
    return kept


# ---- occurrences (O2) ----------------------------------------------------------------------------------------------


@inlined
def first_of(events: Records, nodes: Records, row: int) -> int:
    """The first event of the row's occurrence, halving the path to it."""
    while not events[row]["flags"] & FIRST:
        above = nodes[row]["first"]
        nodes[row]["first"] = nodes[above]["first"]
        row = i64(above)
    return row


@inlined
def root_of(nodes: Records, row: int) -> int:
    """The root of the row's component, halving the path to it; the row is a first event."""
    while True:
        above = i64(nodes[row]["up"])
        if above == row:
            return row
        nodes[row]["up"] = nodes[above]["up"]
        row = i64(nodes[row]["up"])


@inlined
def before(events: Records, a: int, b: int) -> bool:
    """Canonical order: (t, uid)."""
    p = events[a]
    q = events[b]
    if p["t"] != q["t"]:
        return bool(p["t"] < q["t"])
    if p["uid_hi"] != q["uid_hi"]:
        return bool(p["uid_hi"] < q["uid_hi"])
    return bool(p["uid_lo"] < q["uid_lo"])


@inlined
def own_deadline(s: State, row: int) -> int:
    """The deadline of one occurrence: nothing later than it can link to or repeat it (O10)."""
    g = s.groups[s.events[row]["group"]]
    return max(i64(s.events[row]["t"] + g["window"]), i64(s.events[s.nodes[row]["tail"]]["t"] + g["gap"]))


@inlined
def prolong(s: State, first: int) -> None:
    """Raise the deadline of the component after its occurrence `first` got a later last event."""
    if s.events[first]["flags"] & NODE:
        root = root_of(s.nodes, first)
        s.nodes[root]["deadline"] = max(s.nodes[root]["deadline"], own_deadline(s, first))


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
    if not flags & NODE or flags & GONE:
        return
    s.events[first]["flags"] |= u8(GONE)
    j.gone[j.counts[GONES]] = first
    j.gone_by[j.counts[GONES]] = cause
    j.counts[GONES] += 1
    tell(s, j, first, s.nodes[root_of(s.nodes, first)]["component"])


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
        row = i64(s.nodes[row]["run_next"])
        if row == first:
            return


@compiled
def joined(s: State, j: Journal, a: int, b: int, cause: int) -> int:
    """Make one occurrence of two (both rows are first events); the first event of the result."""
    if before(s.events, b, a):
        a, b = b, a
    note_gone(s, j, b, cause)
    s.events[b]["flags"] &= u8(255 - FIRST)
    s.nodes[b]["first"] = a
    rest = s.nodes[a]["run_next"]
    s.nodes[a]["run_next"] = s.nodes[b]["run_next"]
    s.nodes[b]["run_next"] = rest
    if s.events[s.nodes[b]["tail"]]["t"] > s.events[s.nodes[a]["tail"]]["t"]:
        s.nodes[a]["tail"] = s.nodes[b]["tail"]
        prolong(s, a)
    return a


@inlined
def join_runs(s: State, j: Journal, row: int, cause: int) -> bool:
    """Put an event into its series: alone, or into the occurrence it repeats or bridges; whether it repeats."""
    e = s.events[row]
    e["flags"] |= u8(FIRST)
    s.nodes[row]["first"] = row
    s.nodes[row]["run_next"] = row
    s.nodes[row]["tail"] = row
    t = i64(e["t"])
    g = s.groups[e["group"]]
    run = i64(g["run"])
    bucket = t // run
    tag = run_tag(e["subject"], e["kind"], e["state"], e["group"], bucket)
    slot = find_run(s.events, s.runs, tag, row, run, bucket)
    first = row
    earliest = True
    latest = True
    lo = i64(s.runs[slot]["lo"])
    if lo < 0:
        s.runs[slot]["tag"] = u32(tag)
        s.runs[slot]["lo"] = row
        s.runs[slot]["hi"] = row
        s.counters[RUNS] += 1
    else:
        earliest = t < s.events[lo]["t"]
        latest = t > s.events[s.runs[slot]["hi"]]["t"]
        if earliest:
            s.runs[slot]["lo"] = row
        if latest:
            s.runs[slot]["hi"] = row
        first = joined(s, j, row, first_of(s.events, s.nodes, lo), cause)
    if run > 1:
        if earliest:
            tag = run_tag(e["subject"], e["kind"], e["state"], e["group"], bucket - 1)
            slot = find_run(s.events, s.runs, tag, row, run, bucket - 1)
            if s.runs[slot]["lo"] >= 0 and t - s.events[s.runs[slot]["hi"]]["t"] <= g["gap"]:
                other = first_of(s.events, s.nodes, i64(s.runs[slot]["hi"]))
                if other != first:
                    first = joined(s, j, first, other, cause)
        if latest:
            tag = run_tag(e["subject"], e["kind"], e["state"], e["group"], bucket + 1)
            slot = find_run(s.events, s.runs, tag, row, run, bucket + 1)
            if s.runs[slot]["lo"] >= 0 and s.events[s.runs[slot]["lo"]]["t"] - t <= g["gap"]:
                other = first_of(s.events, s.nodes, i64(s.runs[slot]["lo"]))
                if other != first:
                    first = joined(s, j, first, other, cause)
    if first == row:
        note_pending(s, j, row)
    return bool(s.nodes[row]["run_next"] != row)


@compiled
def leave_run(s: State, j: Journal, row: int) -> None:
    """Take an event out of its occurrence; the events left form one, two or no occurrences again."""
    first = first_of(s.events, s.nodes, row)
    note_gone(s, j, first, row)
    at = first
    while True:
        forget_run(s, at)
        at = i64(s.nodes[at]["run_next"])
        if at == first:
            break
    count = 0
    at = first
    while True:
        if at != row:
            j.scratch[count] = at
            count += 1
        at = i64(s.nodes[at]["run_next"])
        if at == first:
            break
    sort_canonically(s.events, j.scratch, count)
    for k in range(count):
        join_runs(s, j, i64(j.scratch[k]), row)


@compiled
def sort_canonically(events: Records, rows: Int32, count: int) -> None:
    """Heap sort of the first `count` rows by (t, uid)."""
    for start in range(count // 2 - 1, -1, -1):
        sift(events, rows, start, count)
    for end in range(count - 1, 0, -1):
        rows[0], rows[end] = rows[end], rows[0]
        sift(events, rows, 0, end)


@compiled
def sift(events: Records, rows: Int32, at: int, end: int) -> None:
    while True:
        child = 2 * at + 1
        if child >= end:
            return
        if child + 1 < end and before(events, rows[child], rows[child + 1]):
            child += 1
        if not before(events, rows[at], rows[child]):
            return
        rows[at], rows[child] = rows[child], rows[at]
        at = child


@inlined
def forget_run(s: State, row: int) -> None:
    """Delete the G bucket of a row's series, if it is there."""
    e = s.events[row]
    run = i64(s.groups[e["group"]]["run"])
    bucket = e["t"] // run
    tag = run_tag(e["subject"], e["kind"], e["state"], e["group"], bucket)
    slot = find_run(s.events, s.runs, tag, row, run, bucket)
    if s.runs[slot]["lo"] >= 0:
        delete_run(s.runs, slot)
        s.counters[RUNS] -= 1


# ---- the index and the components (O4, O5) -------------------------------------------------------------------------


@inlined
def one_name(j: Journal, a: int, b: int, bridge: int) -> int:
    """The handle of two components that became one: the older; the merge is noted if both had one."""
    if a < 0:
        return b
    if b < 0:
        return a
    n = j.counts[MERGES]
    j.merges[n, 0] = min(a, b)
    j.merges[n, 1] = max(a, b)
    j.merges[n, 2] = bridge
    j.counts[MERGES] = n + 1
    return min(a, b)


@inlined
def united(s: State, j: Journal, a: int, b: int, bridge: int) -> int:
    """Unite two different components given by their roots; the root of the result."""
    if b < a:
        a, b = b, a
    p = s.nodes[a]
    q = s.nodes[b]
    q["up"] = a
    rest = p["ring"]
    p["ring"] = q["ring"]
    q["ring"] = rest
    p["deadline"] = max(p["deadline"], q["deadline"])
    p["component"] = one_name(j, p["component"], q["component"], bridge)
    return a


@inlined
def place(s: State, row: int, sx: int, sy: int, tb: int) -> bool:
    """Enter a located occurrence into its block, whose quadrant and time bucket are given; whether the block is new."""
    e = s.events[row]
    at = i32(e["t"] - tb * s.groups[e["group"]]["bucket"])
    bit = ((tb & 3) << 4) | ((sy & 3) << 2) | (sx & 3)
    tag = cell_tag(sx >> 2, sy >> 2, tb >> 2, e["group"])
    cell = s.cells[find_cell(s.cells, tag, sx >> 2, sy >> 2, tb >> 2, e["group"])]
    found = i64(-1)
    if cell["head"] < 0:
        cell["gx"] = sx >> 2
        cell["gy"] = sy >> 2
        cell["tz"] = tb >> 2
        cell["group"] = e["group"]
        cell["places"] = u64(0)
        s.counters[CELLS] += 1
    elif (cell["places"] >> u64(bit)) & u64(1):
        found = i64(cell["head"])
        while s.blocks[found]["place"] != bit:
            found = i64(s.blocks[found]["next"])
    if found >= 0:
        b = s.blocks[found]
        s.nodes[row]["block"] = found
        s.nodes[row]["block_next"] = b["head"]
        b["head"] = row
        b["x0"] = min(b["x0"], e["x"])
        b["x1"] = max(b["x1"], e["x"])
        b["y0"] = min(b["y0"], e["y"])
        b["y1"] = max(b["y1"], e["y"])
        b["t0"] = min(b["t0"], at)
        b["t1"] = max(b["t1"], at)
        return False
    made = i64(s.counters[FREE_BLOCK])
    if made >= 0:
        s.counters[FREE_BLOCK] = s.blocks[made]["next"]
    else:
        made = i64(s.counters[BLOCKS])
        s.counters[BLOCKS] += 1
    b = s.blocks[made]
    b["next"] = cell["head"]
    cell["head"] = made
    cell["places"] |= u64(1) << u64(bit)
    b["head"] = row
    b["x0"] = e["x"]
    b["x1"] = e["x"]
    b["y0"] = e["y"]
    b["y1"] = e["y"]
    b["t0"] = at
    b["t1"] = at
    b["place"] = bit
    b["settled"] = 0
    s.nodes[row]["block"] = made
    s.nodes[row]["block_next"] = -1
    return True


@inlined
def within(s: State, row: int, block: int, start: int) -> bool:
    """Whether the limits of a block, whose bucket starts at `start`, come within R and T of the row's occurrence."""
    e = s.events[row]
    g = s.groups[e["group"]]
    b = s.blocks[block]
    x = i64(e["x"])
    y = i64(e["y"])
    t = i64(e["t"])
    if start + b["t0"] - t > g["window"] or t - (start + b["t1"]) > g["window"]:
        return False
    dx = max(i64(b["x0"]) - x, x - i64(b["x1"]), i64(0))
    dy = max(i64(b["y0"]) - y, y - i64(b["y1"]), i64(0))
    return bool(dx * dx + dy * dy <= g["radius2"])


@inlined
def hit(s: State, row: int, block: int) -> bool:
    """Whether any member of a block is linked to the row's occurrence."""
    e = s.events[row]
    g = s.groups[e["group"]]
    x = i64(e["x"])
    y = i64(e["y"])
    t = i64(e["t"])
    at = i64(s.blocks[block]["head"])
    while at >= 0:
        o = s.events[at]
        dx = i64(o["x"]) - x
        dy = i64(o["y"]) - y
        if dx * dx + dy * dy <= g["radius2"] and abs(i64(o["t"]) - t) <= g["window"]:
            return True
        s.counters[WALKED] += 1
        at = i64(s.nodes[at]["block_next"])
    return False


@inlined
def link(s: State, j: Journal, row: int, sx: int, sy: int, tb: int, fresh: bool) -> None:
    """Unite the row's component with those of all occurrences linked to it; `fresh` if its block has just been made."""
    e = s.events[row]
    group = i64(e["group"])
    bucket = s.groups[group]["bucket"]
    own = i64(s.nodes[row]["block"])
    root = root_of(s.nodes, row)
    settled = True
    for gt in range((tb - 1) >> 2, ((tb + 1) >> 2) + 1):
        bits = reach(tb - 4 * gt, 1)
        buckets = (bits & 1) | (bits & 2) << 15 | (bits & 4) << 30 | (bits & 8) << 45
        for gy in range((sy - 2) >> 2, ((sy + 2) >> 2) + 1):
            bits = reach(sy - 4 * gy, 2)
            lines = ((bits & 1) | (bits & 2) << 3 | (bits & 4) << 6 | (bits & 8) << 9) * buckets
            for gx in range((sx - 2) >> 2, ((sx + 2) >> 2) + 1):
                cell = s.cells[find_cell(s.cells, cell_tag(gx, gy, gt, group), gx, gy, gt, group)]
                if cell["head"] < 0:
                    continue
                near = u64(reach(sx - 4 * gx, 2) * lines)
                if cell["places"] & near == u64(0):
                    continue
                at = i64(cell["head"])
                while at >= 0:
                    b = s.blocks[at]
                    if (near >> u64(b["place"])) & u64(1) and at != own:
                        inside = within(s, row, at, (4 * gt + (i64(b["place"]) >> 4)) * bucket)
                        joined_already = False
                        if inside or not fresh:
                            other = root_of(s.nodes, i64(b["head"]))
                            joined_already = other == root
                            if inside and not joined_already and hit(s, row, at):
                                root = united(s, j, root, other, row)
                                joined_already = True
                        if not joined_already:
                            # Perhaps no neighbour of one component any more: when unsure, both look again.
                            settled = False
                            b["settled"] = 0
                    at = i64(b["next"])
    s.blocks[own]["settled"] = 1 if settled else 0


@inlined
def reach(middle: int, steps: int) -> int:
    """One bit for each of the positions 0..3 that is at most `steps` from the middle."""
    return (((1 << (2 * steps + 1)) - 1) << (middle + 8 - steps) >> 8) & 15


@inlined
def stand_alone(s: State, row: int) -> None:
    """A component of one occurrence, without a handle."""
    n = s.nodes[row]
    n["up"] = row
    n["ring"] = row
    n["deadline"] = own_deadline(s, row)


@inlined
def enter(s: State, j: Journal, row: int) -> None:
    """Place a pending occurrence and join what it links to."""
    stand_alone(s, row)
    e = s.events[row]
    e["flags"] |= u8(NODE)
    if not e["flags"] & LOCATED:
        s.nodes[row]["block"] = -1
        return
    g = s.groups[e["group"]]
    sx = i64(e["x"]) // g["side"]
    sy = i64(e["y"]) // g["side"]
    tb = e["t"] // g["bucket"]
    fresh = place(s, row, sx, sy, tb)
    if not fresh:
        united(s, j, row, root_of(s.nodes, i64(s.nodes[row]["block_next"])), row)
        if s.blocks[s.nodes[row]["block"]]["settled"]:
            return
    link(s, j, row, sx, sy, tb, fresh)


@inlined
def delete_block(s: State, row: int) -> None:
    """Take the block of a row out of its cell, with all its members."""
    block = i64(s.nodes[row]["block"])
    b = s.blocks[block]
    e = s.events[row]
    g = s.groups[e["group"]]
    sx = i64(e["x"]) // g["side"]
    sy = i64(e["y"]) // g["side"]
    tz = (e["t"] // g["bucket"]) >> 2
    slot = find_cell(s.cells, cell_tag(sx >> 2, sy >> 2, tz, e["group"]), sx >> 2, sy >> 2, tz, e["group"])
    cell = s.cells[slot]
    if cell["head"] == block:
        cell["head"] = b["next"]
    else:
        at = i64(cell["head"])
        while s.blocks[at]["next"] != block:
            at = i64(s.blocks[at]["next"])
        s.blocks[at]["next"] = b["next"]
    cell["places"] &= ~(u64(1) << u64(b["place"]))
    if cell["head"] < 0:
        delete_cell(s.cells, slot)
        s.counters[CELLS] -= 1
    b["head"] = -1
    b["next"] = s.counters[FREE_BLOCK]
    s.counters[FREE_BLOCK] = block


@compiled
def leave_block(s: State, row: int) -> None:
    """Remove an occurrence from the index; its component stays as it is until it is taken apart."""
    block = i64(s.nodes[row]["block"])
    if block < 0:
        return
    at = i64(s.blocks[block]["head"])
    if at == row and s.nodes[row]["block_next"] < 0:
        delete_block(s, row)
    elif at == row:
        s.blocks[block]["head"] = s.nodes[row]["block_next"]
    else:
        while s.nodes[at]["block_next"] != row:
            at = i64(s.nodes[at]["block_next"])
        s.nodes[at]["block_next"] = s.nodes[row]["block_next"]
    s.nodes[row]["block"] = -1


@compiled
def take_apart(s: State, j: Journal) -> None:
    """Undo the components that lose an occurrence and join their other members again."""
    parts = list_broken(s, j)
    kept = i64(0)
    start = i64(0)
    for k in range(parts):
        name = i64(j.broken[k, NAME])
        heir = i64(-1)
        for m in range(start, j.broken[k, END]):
            row = i64(j.scratch[m])
            if s.events[row]["flags"] & GONE:
                leave_block(s, row)
                s.events[row]["flags"] &= u8(255 - NODE - GONE)
            else:
                tell(s, j, row, name)
                j.scratch[kept] = row
                kept += 1
                if heir < 0 or before(s.events, row, heir):
                    heir = row
            stand_alone(s, row)
            s.nodes[row]["component"] = UNNAMED
        if heir >= 0:
            s.nodes[heir]["component"] = name
        start = i64(j.broken[k, END])
        j.broken[k, HEIR] = heir
    for k in range(parts):
        if j.broken[k, HEIR] < 0:
            # Nobody is left: the handle goes to the occurrence that the events of a lost one belong to now.
            heir = first_of(s.events, s.nodes, i64(j.gone[k]))
            if s.events[heir]["flags"] & NODE:
                heir = root_of(s.nodes, heir)
            name = i64(j.broken[k, NAME])
            s.nodes[heir]["component"] = one_name(j, s.nodes[heir]["component"], name, i64(j.gone_by[k]))
    for k in range(kept):
        row = i64(j.scratch[k])
        if s.nodes[row]["block"] >= 0:
            other = root_of(s.nodes, i64(s.blocks[s.nodes[row]["block"]]["head"]))
            root = root_of(s.nodes, row)
            if other != root:
                united(s, j, root, other, row)
            e = s.events[row]
            g = s.groups[e["group"]]
            link(s, j, row, i64(e["x"]) // g["side"], i64(e["y"]) // g["side"], e["t"] // g["bucket"], False)


@compiled
def list_broken(s: State, j: Journal) -> int:
    """Note the components that lose an occurrence, their members, and one of the lost (in `gone`); how many."""
    parts = 0
    for k in range(j.counts[GONES]):
        root = root_of(s.nodes, i64(j.gone[k]))
        if s.nodes[root]["component"] >= 0:
            j.broken[parts, NAME] = s.nodes[root]["component"]
            s.nodes[root]["component"] = UNNAMED
            j.gone[parts], j.gone[k] = j.gone[k], j.gone[parts]
            j.gone_by[parts], j.gone_by[k] = j.gone_by[k], j.gone_by[parts]
            parts += 1
    size = i64(0)
    for k in range(parts):
        at = i64(j.gone[k])
        while True:
            j.scratch[size] = at
            size += 1
            at = i64(s.nodes[at]["ring"])
            if at == j.gone[k]:
                break
        j.broken[k, END] = size
    return parts


@compiled
def locality(s: State, pending: Int32, keys: Words) -> None:
    """A sort key a pending row that puts neighbours in space beside each other; the result does not depend on it."""
    for k in range(pending.size):
        e = s.events[pending[k]]
        side = s.groups[e["group"]]["side"]
        gx = (i64(e["x"]) // side) >> 2
        gy = (i64(e["y"]) // side) >> 2
        keys[k] = (u64(e["group"]) << u64(56)) ^ (u64(gy) << u64(28)) ^ u64(gx)


@compiled
def enter_all(s: State, j: Journal, pending: Int32) -> None:
    """Place every occurrence that the batch made or changed."""
    for k in range(pending.size):
        row = i64(pending[k])
        flags = s.events[row]["flags"]
        s.events[row]["flags"] = flags & u8(255 - PENDING)
        if flags & FIRST:
            enter(s, j, row)


@compiled
def name_rows(s: State, rows: Int32, shortened: bool, components: Int64, firsts: Int32) -> None:
    """The component's handle and the first event of each row's occurrence; new components get handles and are queued.

    `shortened` if the deadlines of these rows' components may have become earlier.
    """
    for i in range(rows.size):
        row = i64(rows[i])
        if row < 0:
            components[i] = UNNAMED
            firsts[i] = -1
            continue
        s.events[row]["flags"] &= u8(255 - TOLD)
        first = first_of(s.events, s.nodes, row)
        root = root_of(s.nodes, first)
        if s.nodes[root]["component"] < 0:
            s.nodes[root]["component"] = s.counters[NEXT_COMPONENT]
            s.counters[NEXT_COMPONENT] += 1
        if shortened or s.nodes[root]["due"] < 0:
            queue(s, root)
        components[i] = s.nodes[root]["component"]
        firsts[i] = first


# ---- admission: identity (O1), lateness, repeats (O2) --------------------------------------------------------------


@inlined
def write_event(s: State, c: EventColumns, i: int, row: int) -> None:
    e = s.events[row]
    e["uid_hi"] = c.uid_hi[i]
    e["uid_lo"] = c.uid_lo[i]
    e["t"] = c.t_ms[i]
    e["subject"] = c.subject[i]
    e["revision"] = c.revision[i]
    e["content"] = c.content[i]
    e["x"] = c.x_dm[i]
    e["y"] = c.y_dm[i]
    e["kind"] = c.kind[i]
    e["state"] = c.state[i]
    e["group"] = c.group[i]
    e["severity"] = c.severity[i]


@compiled
def same_shape(s: State, c: EventColumns, i: int, row: int) -> bool:
    """Whether a correction leaves everything that the partition depends on."""
    e = s.events[row]
    return bool(
        e["t"] == c.t_ms[i]
        and e["x"] == c.x_dm[i]
        and e["y"] == c.y_dm[i]
        and (e["flags"] & LOCATED != 0) == c.located[i]
        and e["group"] == c.group[i]
        and e["subject"] == c.subject[i]
        and e["kind"] == c.kind[i]
        and e["state"] == c.state[i]
    )


@compiled
def correct(s: State, j: Journal, c: EventColumns, i: int, row: int) -> int:
    """Another version of a live event: the greater (revision, content hash) wins."""
    e = s.events[row]
    if c.revision[i] == e["revision"] and c.content[i] == e["content"]:
        return DUPLICATE
    if c.revision[i] < e["revision"] or (c.revision[i] == e["revision"] and c.content[i] < e["content"]):
        return SUPERSEDED
    if same_shape(s, c, i, row):
        write_event(s, c, i, row)
        return CORRECTED
    if c.t_ms[i] < s.groups[c.group[i]]["watermark"]:
        return LATE
    leave_run(s, j, row)
    if e["flags"] & NODE:
        leave_block(s, row)
    if e["group"] != c.group[i]:
        s.nodes[row]["due"] = -1
    write_event(s, c, i, row)
    if c.located[i]:
        e["flags"] |= u8(LOCATED)
    else:
        e["flags"] &= u8(255 - LOCATED)
    join_runs(s, j, row, row)
    return CORRECTED


@inlined
def new_row(s: State) -> int:
    row = i64(s.counters[FREE_ROW])
    if row >= 0:
        s.counters[FREE_ROW] = s.nodes[row]["due"]
    else:
        row = i64(s.counters[ROWS])
        s.counters[ROWS] += 1
    s.counters[LIVE_ROWS] += 1
    return row


@compiled
def admit(s: State, j: Journal, c: EventColumns, status: Int8, rows: Int32) -> None:
    """Decide the fate of each row of a batch; `rows` gets the state's row of the live event, or -1."""
    for i in range(c.t_ms.size):
        hi = c.uid_hi[i]
        lo = c.uid_lo[i]
        tag = mixed(hi, lo)
        slot = find_id(s.events, s.ids, tag, hi, lo)
        row = i64(s.ids[slot]["row"])
        if row >= 0:
            status[i] = correct(s, j, c, i, row)
            rows[i] = row
            continue
        rows[i] = -1
        if s.counters[CLOSED] > 0:
            k = s.closed[find_closed(s.closed, hi, lo)]
            if k["group"] >= 0:
                g = s.groups[k["group"]]
                if k["t"] + g["remember"] >= g["watermark"]:
                    status[i] = CLOSED_EVENT
                    continue
        if c.t_ms[i] < s.groups[c.group[i]]["watermark"]:
            status[i] = LATE
            continue
        row = new_row(s)
        s.ids[slot]["tag"] = u32(tag)
        s.ids[slot]["row"] = row
        s.counters[IDS] += 1
        write_event(s, c, i, row)
        s.events[row]["flags"] = u8(LIVE | TOLD | LOCATED) if c.located[i] else u8(LIVE | TOLD)
        s.nodes[row]["component"] = UNNAMED
        s.nodes[row]["due"] = -1
        rows[i] = row
        if join_runs(s, j, row, row):
            status[i] = REPEAT
        else:
            status[i] = CLUSTERED if c.located[i] else UNLOCATED


# ---- finals (O10) --------------------------------------------------------------------------------------------------


@inlined
def queue(s: State, root: int) -> None:
    """Have a component looked at when its group's watermark passes its deadline; not before the first watermark.

    A later deadline is found out when it is looked at; for an earlier one it waits twice, and the later entry is stale.
    """
    group = i64(s.events[root]["group"])
    g = s.groups[group]
    if g["watermark"] == UNSET:
        return
    base = i64(g["due_base"])
    bucket = min(max(s.nodes[root]["deadline"] // g["due_width"], base), base + DUE_BUCKETS - 1)
    waits = i64(s.nodes[root]["due"])
    if waits >= 0 and ((waits - base) & DUE_MASK) <= bucket - base:
        return
    entry = i64(s.counters[FREE_WAITING])
    if entry >= 0:
        s.counters[FREE_WAITING] = s.waiting[entry]["next"]
    else:
        entry = i64(s.counters[WAITINGS])
        s.counters[WAITINGS] += 1
    s.nodes[root]["due"] = bucket & DUE_MASK
    s.waiting[entry]["row"] = root
    s.waiting[entry]["next"] = s.due[group, bucket % DUE_BUCKETS]
    s.due[group, bucket % DUE_BUCKETS] = entry


@inlined
def is_root(s: State, row: int, group: int) -> bool:
    e = s.events[row]
    return bool(e["flags"] & ROOT == ROOT and s.nodes[row]["up"] == row and e["group"] == group)


@compiled
def collect(s: State, group: int, watermark: int, roots: Int32) -> int:
    """Raise a group's watermark and gather the roots of its components that are final; how many.

    `roots` has room for every live row: those that must wait on are gathered from its end and queued at last, because a
    chain that is still to be looked at may share its head with the chain that they go to.
    """
    g = s.groups[group]
    initial = g["watermark"] == UNSET
    base = i64(g["due_base"])
    new_base = i64(watermark) // g["due_width"]
    g["watermark"] = watermark
    g["due_base"] = new_base
    found = 0
    if initial:
        for row in range(s.counters[ROWS]):
            if is_root(s, row, group):
                if s.nodes[row]["deadline"] < watermark:
                    roots[found] = row
                    found += 1
                else:
                    queue(s, row)
        return found
    kept = roots.size
    for bucket in range(base, min(new_base, base + DUE_BUCKETS - 1) + 1):
        entry = i64(s.due[group, bucket % DUE_BUCKETS])
        s.due[group, bucket % DUE_BUCKETS] = -1
        while entry >= 0:
            w = s.waiting[entry]
            after = i64(w["next"])
            w["next"] = s.counters[FREE_WAITING]
            s.counters[FREE_WAITING] = entry
            row = i64(w["row"])
            if (
                s.nodes[row]["due"] == bucket & DUE_MASK
                and s.events[row]["flags"] & LIVE
                and s.events[row]["group"] == group
            ):
                s.nodes[row]["due"] = -1
                if is_root(s, row, group):
                    if s.nodes[row]["deadline"] < watermark:
                        roots[found] = row
                        found += 1
                    else:
                        kept -= 1
                        roots[kept] = row
            entry = after
    for k in range(kept, roots.size):
        queue(s, i64(roots[k]))
    return found


@compiled
def start_at(s: State, group: int, watermark: int) -> None:
    """Set the first watermark of a group without giving out finals: they wait in the first due bucket."""
    g = s.groups[group]
    g["watermark"] = watermark
    g["due_base"] = i64(watermark) // g["due_width"]
    for row in range(s.counters[ROWS]):
        if is_root(s, row, group):
            queue(s, row)


@compiled
def remember(s: State, c: EventColumns) -> None:
    """Know the uids of events of final components, as far as their groups remember them."""
    for i in range(c.t_ms.size):
        g = s.groups[c.group[i]]
        if c.t_ms[i] + g["remember"] >= g["watermark"]:
            keep_uid(s, c.uid_hi[i], c.uid_lo[i], c.t_ms[i], c.group[i])


@inlined
def keep_uid(s: State, hi: int, lo: int, t: int, group: int) -> None:
    closed = s.closed[find_closed(s.closed, hi, lo)]
    if closed["group"] < 0:
        s.counters[CLOSED] += 1
    closed["uid_hi"] = hi
    closed["uid_lo"] = lo
    closed["t"] = t
    closed["group"] = group


@compiled
def component_of(s: State, hi: int, lo: int) -> int:
    """The handle of the component of a live uid, or -1."""
    row = i64(s.ids[find_id(s.events, s.ids, mixed(hi, lo), hi, lo)]["row"])
    if row < 0:
        return UNNAMED
    return i64(s.nodes[root_of(s.nodes, first_of(s.events, s.nodes, row))]["component"])


@compiled
def count_members(s: State, roots: Int32, ends: Int64, occurrences: Int64) -> None:
    """Running total of the events of each component, and the number of its occurrences."""
    total = i64(0)
    for k in range(roots.size):
        first = i64(roots[k])
        occurrences[k] = 0
        while True:
            occurrences[k] += 1
            row = first
            while True:
                total += 1
                row = i64(s.nodes[row]["run_next"])
                if row == first:
                    break
            first = i64(s.nodes[first]["ring"])
            if first == roots[k]:
                break
        ends[k] = total


@compiled
def list_members(s: State, roots: Int32, members: Int32, spare: Int32) -> None:
    """The rows of the events of each component, in canonical order unless they are many; `spare` is overwritten."""
    n = 0
    for k in range(roots.size):
        size = 0
        first = i64(roots[k])
        while True:
            row = first
            while True:
                spare[size] = row
                size += 1
                row = i64(s.nodes[row]["run_next"])
                if row == first:
                    break
            first = i64(s.nodes[first]["ring"])
            if first == roots[k]:
                break
        if 1 < size <= SORTED_BY_HEAP:
            sort_canonically(s.events, spare, size)
        for i in range(size):
            members[n + i] = spare[i]
        n += size


@compiled
def first_members(members: Int32, ends: Int64, heads: Int32) -> None:
    """The first of the rows of each component."""
    for k in range(ends.size):
        heads[k] = members[ends[k - 1]] if k else members[0]


@compiled
def order_ties(events: Records, heads: Int32, order: Int64) -> None:
    """Put rows that are in order of time into canonical order: insertion within equal times."""
    for k in range(1, order.size):
        moved = order[k]
        i = k
        while i > 0 and before(events, i64(heads[moved]), i64(heads[order[i - 1]])):
            order[i] = order[i - 1]
            i -= 1
        order[i] = moved


@compiled
def in_order(s: State, members: Int32, ends: Int64, order: Int64, hi: Words, lo: Words, t: Int64) -> None:
    """Identity and time of the members, component by component in the given order."""
    n = 0
    for k in order:
        for i in range(ends[k - 1] if k else 0, ends[k]):
            e = s.events[members[i]]
            hi[n] = e["uid_hi"]
            lo[n] = e["uid_lo"]
            t[n] = e["t"]
            n += 1


@compiled
def release(s: State, members: Int32) -> None:
    """Forget the events of final components, but for their uids while the group remembers them."""
    for k in range(members.size):
        row = i64(members[k])
        e = s.events[row]
        tag = mixed(e["uid_hi"], e["uid_lo"])
        delete_id(s.ids, find_id(s.events, s.ids, tag, e["uid_hi"], e["uid_lo"]))
        s.counters[IDS] -= 1
        forget_run(s, row)
        if e["flags"] & NODE and s.nodes[row]["block"] >= 0 and s.blocks[s.nodes[row]["block"]]["head"] >= 0:
            delete_block(s, row)
        g = s.groups[e["group"]]
        if e["t"] + g["remember"] >= g["watermark"]:
            keep_uid(s, e["uid_hi"], e["uid_lo"], e["t"], e["group"])
        s.counters[LIVE_ROWS] -= 1
        e["flags"] = u8(0)
        s.nodes[row]["due"] = s.counters[FREE_ROW]
        s.counters[FREE_ROW] = row


# ---- explanation ---------------------------------------------------------------------------------------------------


@compiled
def nearest_links(s: Links) -> None:
    """A minimal spanning forest of the links by (squared distance, time, order): parent[i] < 0 starts a tree.

    The rows are in canonical order and all located. Prim's algorithm over the dense graph: O(n^2) time, O(n) space.
    """
    n = s.x.size
    for i in range(n):
        s.inside[i] = False
        s.parent[i] = -1
        s.d2[i] = s.radius2 + 1
        s.dt[i] = s.window + 1
    at = i64(0)
    for _ in range(n):
        s.inside[at] = True
        chosen = i64(-1)
        for i in range(n):
            if s.inside[i]:
                continue
            d2 = (s.x[i] - s.x[at]) ** 2 + (s.y[i] - s.y[at]) ** 2
            dt = abs(s.t[i] - s.t[at])
            if d2 <= s.radius2 and dt <= s.window and (d2 < s.d2[i] or (d2 == s.d2[i] and dt < s.dt[i])):
                s.d2[i] = d2
                s.dt[i] = dt
                s.parent[i] = at
            if chosen < 0 or s.d2[i] < s.d2[chosen] or (s.d2[i] == s.d2[chosen] and s.dt[i] < s.dt[chosen]):
                chosen = i
        at = chosen
