"""Components as a union-find with rings of members; each root knows handle and deadline (O5, O10)."""

from dispatcher.correlation.columns import Int32, Records, Words
from dispatcher.correlation.kernels.jit import compiled, i64, inlined
from dispatcher.correlation.kernels.records import FIRST, MERGES, PLACED, UNNAMED, Journal, State
from dispatcher.correlation.kernels.tables import find_id, mixed


@inlined
def first_of(events: Records, nodes: Records, row: int) -> int:
    """The first event of the row's occurrence, halving the path to it."""
    while not events[row]["flags"] & FIRST:
        above = i64(nodes[row]["end"])
        if not events[above]["flags"] & FIRST:
            nodes[row]["end"] = nodes[above]["end"]
        row = above
    return row


@inlined
def root_of(up: Int32, row: int) -> int:
    """The root of the row's component, halving the path to it; the row is a first event."""
    while True:
        above = i64(up[row])
        if above == row:
            return row
        up[row] = up[above]
        row = i64(up[row])


@inlined
def holder(s: State, first: int) -> int:
    """The first event that stands for the row in the union-find: for a border, the core it is attached to."""
    if s.dense.size and s.dense[first]["near"] >= 0:
        return i64(s.dense[first]["near"])
    return first


@inlined
def next_member(s: State, first: int, root: int) -> int:
    """The occurrence after this one: a core is followed by its borders; -1 at the end."""
    if s.dense.size:
        border = i64(s.dense[first]["next"])
        if border >= 0:
            return border
        first = holder(s, first)
    after = i64(s.ring[first])
    return i64(-1) if after == root else after


@inlined
def own_deadline(s: State, row: int) -> int:
    """The deadline of one occurrence: nothing later than it can link to or repeat it (O10)."""
    g = s.groups[s.events[row]["group"]]
    return max(i64(s.events[row]["t"] + g["hold"]), i64(s.events[s.nodes[row]["end"]]["t"] + g["gap"]))


@inlined
def prolong(s: State, first: int) -> None:
    """Raise the deadline of the component after its occurrence `first` got a later last event."""
    if s.events[first]["flags"] & PLACED:
        root = root_of(s.up, holder(s, first))
        s.nodes[root]["deadline"] = max(s.nodes[root]["deadline"], own_deadline(s, first))


@inlined
def stand_alone(s: State, row: int) -> None:
    """A component of one occurrence, without a handle."""
    s.up[row] = row
    s.ring[row] = row
    s.nodes[row]["deadline"] = own_deadline(s, row)


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
    s.up[b] = a
    rest = s.ring[a]
    s.ring[a] = s.ring[b]
    s.ring[b] = rest
    p = s.nodes[a]
    q = s.nodes[b]
    p["deadline"] = max(p["deadline"], q["deadline"])
    p["component"] = one_name(j, p["component"], q["component"], bridge)
    return a


@compiled
def component_of(s: State, hi: int, lo: int) -> int:
    """The handle of the component of a live uid, or -1."""
    row = i64(s.ids[find_id(s.events, s.ids, mixed(hi, lo), hi, lo)]["row"])
    if row < 0:
        return UNNAMED
    return i64(s.nodes[root_of(s.up, holder(s, first_of(s.events, s.nodes, row)))]["component"])


@compiled
def rows_of(s: State, hi: Words, lo: Words, rows: Int32) -> None:
    """The rows of live uids, -1 where there is none."""
    for i in range(hi.size):
        rows[i] = s.ids[find_id(s.events, s.ids, mixed(hi[i], lo[i]), hi[i], lo[i])]["row"]


@compiled
def firsts_of(s: State, rows: Int32) -> None:
    """Put the first event of its occurrence in the place of each row; -1 stays."""
    for i in range(rows.size):
        if rows[i] >= 0:
            rows[i] = first_of(s.events, s.nodes, i64(rows[i]))


@compiled
def uids_of(s: State, rows: Int32, hi: Words, lo: Words) -> None:
    """The uids of the rows, zero for -1."""
    for i in range(rows.size):
        if rows[i] < 0:
            hi[i] = 0
            lo[i] = 0
        else:
            hi[i] = s.events[rows[i]]["uid_hi"]
            lo[i] = s.events[rows[i]]["uid_lo"]
