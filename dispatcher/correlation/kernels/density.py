"""Clusters of density m > 1 (O5): counts of neighbours, cores, and border events attached to their nearest core.

Counts only grow as events enter, so an occurrence that turned core stays it until something is taken out. A block of m
or more is *solid*: all its members are core by construction and nobody counts them, so a storm costs no more than with
m = 1. Only in blocks that are not solid, of fewer than m members, are there others. A border is no member of the
union-find but of a chain that hangs on the core it is attached to, so it can move.
"""

from dispatcher.correlation.columns import Int8, Int32, Int64
from dispatcher.correlation.kernels.canonical import before
from dispatcher.correlation.kernels.components import one_name, own_deadline, root_of, stand_alone, united
from dispatcher.correlation.kernels.index import gather, hit, linked, near_within, place
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, u8
from dispatcher.correlation.kernels.records import (
    BORDER,
    CORE,
    COREDS,
    DIRTIES,
    LOCATED,
    LOOSES,
    MOVES,
    NOISE,
    PLACED,
    ROOT,
    ROWS,
    UNNAMED,
    Journal,
    State,
)
from dispatcher.correlation.kernels.tables import cell_tag, home
from dispatcher.correlation.kernels.waiting import queue


@inlined
def no_border(s: State, row: int) -> None:
    """A row without core or borders."""
    d = s.dense[row]
    d["near"] = -1
    d["best"] = -1
    d["next"] = -1
    d["prev"] = -1


@compiled
def role_of_rows(s: State, firsts: Int32, roles: Int8) -> None:
    """What each occurrence is in its component; -1 for rows that are not live."""
    for k in range(firsts.size):
        row = i64(firsts[k])
        if row < 0:
            roles[k] = -1
        elif is_dense(s, row):
            roles[k] = CORE
        else:
            roles[k] = BORDER if s.dense[row]["near"] >= 0 else NOISE


@inlined
def is_dense(s: State, row: int) -> bool:
    return bool(s.dense[row]["count"] >= s.groups[s.events[row]["group"]]["m"])


@inlined
def note_dense(s: State, j: Journal, row: int, m: int) -> None:
    s.dense[row]["count"] = m
    j.cored[j.counts[COREDS]] = row
    j.counts[COREDS] += 1


@inlined
def count_one_more(s: State, j: Journal, row: int, m: int) -> None:
    """One more neighbour of an occurrence; what it takes to be core is all that is counted."""
    if s.dense[row]["count"] < m:
        s.dense[row]["count"] += 1
        if s.dense[row]["count"] == m:
            note_dense(s, j, row, m)


@compiled
def count_in(s: State, j: Journal, row: int) -> None:
    """Place a pending occurrence and count it with its neighbours."""
    stand_alone(s, row)
    e = s.events[row]
    e["flags"] |= u8(PLACED)
    d = s.dense[row]
    d["count"] = 1
    no_border(s, row)
    if not e["flags"] & LOCATED:
        s.nodes[row]["block"] = -1
        return
    g = s.groups[e["group"]]
    m = i64(g["m"])
    sx = i64(e["x"]) // g["side"]
    sy = i64(e["y"]) // g["side"]
    tb = e["t"] // g["bucket"]
    tag = cell_tag(sx >> 2, sy >> 2, tb >> 2, e["group"])
    fresh = place(s, row, sx, sy, tb, home(tag, s.cells.size), tag)
    own = i64(s.nodes[row]["block"])
    if s.blocks[own]["count"] >= m:
        # With the last one that it took, all members have to be joined, those too that were core before.
        at = row
        while at >= 0:
            note_dense(s, j, at, m)
            at = i64(s.nodes[at]["block_next"]) if s.blocks[own]["count"] == m else i64(-1)
        if s.blocks[own]["settled"]:
            return
    else:
        at = i64(s.nodes[row]["block_next"])
        while at >= 0:
            count_one_more(s, j, at, m)
            d["count"] += 1
            at = i64(s.nodes[at]["block_next"])
    count_around(s, j, row, m, fresh)
    if d["count"] < m:
        note_loose(j, row)


@inlined
def count_around(s: State, j: Journal, row: int, m: int, fresh: bool) -> None:
    """Count a row and its neighbours in the blocks around its own."""
    d = s.dense[row]
    for k in range(gather(s, j, row)):
        b = s.blocks[j.near[k]]
        if fresh:
            b["settled"] = 0
        if not near_within(s, j, row, k):
            continue
        solid = b["count"] >= m
        at = i64(b["head"])
        while at >= 0 and not (solid and d["count"] >= m):
            if linked(s, row, at):
                if not solid:
                    count_one_more(s, j, at, m)
                count_one_more(s, j, row, m)
            at = i64(s.nodes[at]["block_next"])


@inlined
def note_loose(j: Journal, row: int) -> None:
    j.loose[j.counts[LOOSES]] = row
    j.counts[LOOSES] += 1


@compiled
def join_cores(s: State, j: Journal, row: int) -> None:
    """Unite a new core with the cores linked to it, and offer itself to the others."""
    d = s.dense[row]
    if d["near"] >= 0:
        let_go(s, row)
    d["best"] = -1
    own = i64(s.nodes[row]["block"])
    if own < 0:
        return
    m = i64(s.groups[s.events[row]["group"]]["m"])
    root = root_of(s.up, row)
    if s.blocks[own]["count"] < m:
        root = join_each(s, j, row, root, own)
    else:
        # Each with the one that entered before it: whatever part of the block is new, all of it is joined.
        mate = i64(s.nodes[row]["block_next"])
        if mate >= 0:
            other = root_of(s.up, mate)
            if other != root:
                root = united(s, j, root, other, row)
        if s.blocks[own]["settled"]:
            return
    join_around(s, j, row, root, m)


@inlined
def join_around(s: State, j: Journal, row: int, root: int, m: int) -> None:
    """Unite a core with the cores in the blocks around its own."""
    own = i64(s.nodes[row]["block"])
    settled = s.blocks[own]["count"] >= m
    for k in range(gather(s, j, row)):
        at = i64(j.near[k])
        b = s.blocks[at]
        inside = near_within(s, j, row, k)
        if b["count"] >= m:
            other = root_of(s.up, i64(b["head"]))
            if other != root:
                if inside and hit(s, row, at):
                    root = united(s, j, root, other, row)
                else:
                    settled = False
                    b["settled"] = 0
        else:
            settled = False
            b["settled"] = 0
            if inside:
                root = join_each(s, j, row, root, at)
    s.blocks[own]["settled"] = 1 if settled else 0


@inlined
def join_each(s: State, j: Journal, row: int, root: int, block: int) -> int:
    """Unite a core with each core of a block that is linked to it, offer it to the others; its root afterwards."""
    at = i64(s.blocks[block]["head"])
    while at >= 0:
        if at != row and linked(s, row, at):
            if is_dense(s, at):
                other = root_of(s.up, at)
                if other != root:
                    root = united(s, j, root, other, row)
            else:
                offer(s, j, at, row)
        at = i64(s.nodes[at]["block_next"])
    return root


@inlined
def offer(s: State, j: Journal, row: int, core: int) -> None:
    """A core near a row that is none: the nearest by (d^2, |dt|, t, uid) is kept."""
    best = i64(s.dense[row]["best"])
    if best == core or (best >= 0 and not nearer(s, row, core, best)):
        return
    if best == s.dense[row]["near"]:
        j.dirty[j.counts[DIRTIES]] = row
        j.counts[DIRTIES] += 1
    s.dense[row]["best"] = core


@compiled
def nearer(s: State, row: int, a: int, b: int) -> bool:
    """Whether core a goes before core b for this row."""
    e = s.events[row]
    p = s.events[a]
    q = s.events[b]
    a2 = (i64(p["x"]) - i64(e["x"])) ** 2 + (i64(p["y"]) - i64(e["y"])) ** 2
    b2 = (i64(q["x"]) - i64(e["x"])) ** 2 + (i64(q["y"]) - i64(e["y"])) ** 2
    if a2 != b2:
        return bool(a2 < b2)
    at = abs(i64(p["t"]) - i64(e["t"]))
    bt = abs(i64(q["t"]) - i64(e["t"]))
    if at != bt:
        return bool(at < bt)
    return bool(before(s.events, a, b))


@compiled
def look_for_cores(s: State, j: Journal, row: int) -> None:
    """Offer a row that is no core every core linked to it."""
    own = i64(s.nodes[row]["block"])
    if own < 0 or is_dense(s, row):
        return
    offer_cores(s, j, row, own)
    for k in range(gather(s, j, row)):
        if near_within(s, j, row, k):
            offer_cores(s, j, row, i64(j.near[k]))


@inlined
def offer_cores(s: State, j: Journal, row: int, block: int) -> None:
    at = i64(s.blocks[block]["head"])
    while at >= 0:
        if at != row and is_dense(s, at) and linked(s, row, at):
            offer(s, j, row, at)
        at = i64(s.nodes[at]["block_next"])


@inlined
def let_go(s: State, row: int) -> None:
    """Take a border out of the chain of its core."""
    d = s.dense[row]
    s.dense[d["prev"]]["next"] = d["next"]
    if d["next"] >= 0:
        s.dense[d["next"]]["prev"] = d["prev"]
    d["near"] = -1
    d["next"] = -1


@compiled
def attach(s: State, j: Journal, row: int) -> None:
    """Hang a row that is no core on the nearest one; noted as a move if it leaves another component."""
    d = s.dense[row]
    core = i64(d["best"])
    if core < 0 or is_dense(s, row):
        return
    root = root_of(s.up, core)
    old = i64(d["near"])
    if old >= 0:
        let_go(s, row)
        left = root_of(s.up, old)
        if left != root:
            j.left[j.counts[MOVES]] = left
            j.moved[j.counts[MOVES]] = row
            j.counts[MOVES] += 1
    c = s.dense[core]
    if c["next"] >= 0:
        s.dense[c["next"]]["prev"] = row
    d["next"] = c["next"]
    d["prev"] = core
    d["near"] = core
    c["next"] = row
    s.nodes[root]["deadline"] = max(s.nodes[root]["deadline"], own_deadline(s, row))
    s.nodes[root]["component"] = one_name(j, s.nodes[root]["component"], s.nodes[row]["component"], core)
    s.nodes[row]["component"] = UNNAMED


@compiled
def count_beside(s: State, j: Journal, starts: Int64, t: Int64, x: Int64, y: Int64) -> None:
    """Count the final neighbours of what is live and no core: by group from `starts`, there in the order of x."""
    for row in range(s.counters[ROWS]):
        e = s.events[row]
        g = s.groups[e["group"]]
        m = i64(g["m"])
        if e["flags"] & (ROOT | LOCATED) != ROOT | LOCATED or s.dense[row]["count"] >= m:
            continue
        low = i64(starts[e["group"]])
        end = i64(starts[e["group"] + 1])
        high = end
        reach = 2 * g["side"]  # the radius at least
        while low < high:
            middle = (low + high) // 2
            if x[middle] < e["x"] - reach:
                low = middle + 1
            else:
                high = middle
        while low < end and x[low] <= e["x"] + reach and s.dense[row]["count"] < m:
            dx = x[low] - e["x"]
            dy = y[low] - e["y"]
            if abs(t[low] - e["t"]) <= g["window"] and dx * dx + dy * dy <= g["radius2"]:
                count_one_more(s, j, row, m)
            low += 1


@compiled
def settle_density(s: State, j: Journal) -> None:
    """After all pending are counted in: join the new cores, then attach what is none."""
    for k in range(j.counts[COREDS]):
        join_cores(s, j, i64(j.cored[k]))
    for k in range(j.counts[LOOSES]):
        look_for_cores(s, j, i64(j.loose[k]))
    for k in range(j.counts[DIRTIES]):
        attach(s, j, i64(j.dirty[k]))


@compiled
def shorten_all(s: State, j: Journal) -> None:
    for k in range(j.counts[MOVES]):
        shorten(s, i64(j.left[k]))


@compiled
def shorten(s: State, root: int) -> None:
    """Find the deadline of a component that lost a border, and have it looked at by then."""
    s.nodes[root]["deadline"] = own_deadline(s, root)
    row = root
    while True:
        s.nodes[root]["deadline"] = max(s.nodes[root]["deadline"], own_deadline(s, row))
        border = i64(s.dense[row]["next"])
        while border >= 0:
            s.nodes[root]["deadline"] = max(s.nodes[root]["deadline"], own_deadline(s, border))
            border = i64(s.dense[border]["next"])
        row = i64(s.ring[row])
        if row == root:
            break
    queue(s, root)
