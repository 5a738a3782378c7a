"""The index: blocks of mutually linked occurrences in cells of a hash table."""

from typing import Any

from dispatcher.correlation.columns import Int32, Words
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, prefetch, u32, u64
from dispatcher.correlation.kernels.records import (
    BEYOND,
    BLOCK_COUNT_MAX,
    BLOCK_MAX,
    BLOCKS,
    CELLS,
    FREE_BLOCK,
    FULLEST,
    PARTLY,
    SORTED_BITS,
    WALKED,
    WITHIN,
    Journal,
    State,
)
from dispatcher.correlation.kernels.tables import after, cell_tag, delete_cell, find_cell, find_cell_from, home, is_cell


@inlined
def place(s: State, row: int, sx: int, sy: int, tb: int, slot: int, tag: int) -> bool:
    """Enter a located occurrence into its block; whether the block is new.

    Given are the quadrant and the time bucket that it lies in, and the tag of the cell and from where it is looked for.
    """
    e = s.events[row]
    g = s.groups[e["group"]]
    qx = (e["x"] - sx * g["side"]) >> g["fine"]
    qy = (e["y"] - sy * g["side"]) >> g["fine"]
    qt = (e["t"] - tb * g["bucket"]) >> g["fine_t"]
    bit = ((tb & 3) << 4) | ((sy & 3) << 2) | (sx & 3)
    cell = s.cells[find_cell_from(s, slot, tag, sx >> 2, sy >> 2, tb >> 2, e["group"])]
    found = i64(-1)
    if cell["head"] < 0:
        cell["tag"] = u32(tag)
        cell["places"] = u64(0)
        s.counters[CELLS] += 1
    elif (cell["places"] >> u64(bit)) & u64(1):
        found = i64(cell["head"])
        while s.blocks[found]["place"] != bit:
            found = i64(s.blocks[found]["next"])
    if found >= 0:
        widen(s, row, found, qx, qy, qt)
        return False
    add_block(s, row, cell, bit, qx, qy, qt)
    return True


@inlined
def widen(s: State, row: int, block: int, qx: int, qy: int, qt: int) -> None:
    """Add an occurrence to a block, within which it lies at (qx, qy, qt)."""
    b = s.blocks[block]
    s.nodes[row]["block"] = block
    s.nodes[row]["block_next"] = b["head"]
    b["head"] = row
    b["x0"] = min(i64(b["x0"]), qx)
    b["x1"] = max(i64(b["x1"]), qx)
    b["y0"] = min(i64(b["y0"]), qy)
    b["y1"] = max(i64(b["y1"]), qy)
    b["t0"] = min(i64(b["t0"]), qt)
    b["t1"] = max(i64(b["t1"]), qt)
    if b["count"] < BLOCK_COUNT_MAX:
        b["count"] += 1
        s.counters[FULLEST] = max(s.counters[FULLEST], i64(b["count"]))


@compiled
def find_block(s: State, group: int, sx: int, sy: int, tb: int) -> int:
    """The block of a quadrant and time bucket, or -1."""
    cell = s.cells[find_cell(s, cell_tag(sx >> 2, sy >> 2, tb >> 2, group), sx >> 2, sy >> 2, tb >> 2, group)]
    bit = ((tb & 3) << 4) | ((sy & 3) << 2) | (sx & 3)
    if cell["head"] < 0 or not (cell["places"] >> u64(bit)) & u64(1):
        return -1
    found = i64(cell["head"])
    while s.blocks[found]["place"] != bit:
        found = i64(s.blocks[found]["next"])
    return found


@compiled
def crowds(s: State, block: int, qx: int, qy: int, qt: int) -> bool:
    """Whether a block is full and reaches as far without an event at (qx, qy, qt) in it; else it is made to reach."""
    b = s.blocks[block]
    if b["x0"] <= qx <= b["x1"] and b["y0"] <= qy <= b["y1"] and b["t0"] <= qt <= b["t1"]:
        return bool(i64(b["count"]) + i64(b["tally"]) >= s.counters[BLOCK_MAX])
    # At once: whatever of the same batch lies as far out does not widen it again.
    b["x0"] = min(i64(b["x0"]), qx)
    b["x1"] = max(i64(b["x1"]), qx)
    b["y0"] = min(i64(b["y0"]), qy)
    b["y1"] = max(i64(b["y1"]), qy)
    b["t0"] = min(i64(b["t0"]), qt)
    b["t1"] = max(i64(b["t1"]), qt)
    return False


@inlined
def add_block(s: State, row: int, cell: Any, bit: int, qx: int, qy: int, qt: int) -> None:
    """A block of one occurrence."""
    made = i64(s.counters[FREE_BLOCK])
    if made >= 0:
        following = i64(s.blocks[made]["next"])
        s.counters[FREE_BLOCK] = following
        if following >= 0:
            prefetch(s.blocks, following)
    else:
        made = i64(s.counters[BLOCKS])
        s.counters[BLOCKS] += 1
    b = s.blocks[made]
    b["next"] = cell["head"]
    cell["head"] = made
    cell["places"] |= u64(1) << u64(bit)
    b["head"] = row
    b["x0"] = qx
    b["x1"] = qx
    b["y0"] = qy
    b["y1"] = qy
    b["t0"] = qt
    b["t1"] = qt
    b["place"] = bit
    b["settled"] = 0
    b["count"] = 1
    b["tally"] = 0
    s.nodes[row]["block"] = made
    s.nodes[row]["block_next"] = -1


@inlined
def first_near(s: State, slot: int, tag: int, near: int, gx: int, gy: int, tz: int, group: int) -> int:
    """The first block of a cell that has blocks at the places `near`, or -1; no slot before the given one holds it."""
    while s.cells[slot]["head"] >= 0:
        c = s.cells[slot]
        if c["tag"] == tag and c["places"] & near != u64(0) and is_cell(s, i64(c["head"]), gx, gy, tz, group):
            return i64(c["head"])
        slot = after(slot, s.cells.size)
    return i64(-1)


@inlined
def nearness(s: State, row: int, block: int, x0: int, y0: int, t0: int) -> int:
    """How the limits of a block, whose corner and start are given, lie to R and T around the row's occurrence."""
    e = s.events[row]
    g = s.groups[e["group"]]
    b = s.blocks[block]
    x = i64(e["x"]) - x0
    y = i64(e["y"]) - y0
    t = i64(e["t"]) - t0
    fine = i64(g["fine"])
    fine_t = i64(g["fine_t"])
    before = t - (i64(b["t0"]) << fine_t)
    beyond = (((i64(b["t1"]) + 1) << fine_t) - 1) - t
    if -before > g["window"] or -beyond > g["window"]:
        return BEYOND
    left = x - (i64(b["x0"]) << fine)
    right = (((i64(b["x1"]) + 1) << fine) - 1) - x
    down = y - (i64(b["y0"]) << fine)
    above = (((i64(b["y1"]) + 1) << fine) - 1) - y
    dx = max(-left, -right, i64(0))
    dy = max(-down, -above, i64(0))
    if dx * dx + dy * dy > g["radius2"]:
        return BEYOND
    dx = max(left, right)
    dy = max(down, above)
    all_within = dx * dx + dy * dy <= g["radius2"] and before <= g["window"] and beyond <= g["window"]
    return WITHIN if all_within else PARTLY


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
def tag_of_cell(s: State, row: int) -> int:
    """The tag of the cell that a located row lies in."""
    e = s.events[row]
    g = s.groups[e["group"]]
    sx = i64(e["x"]) // g["side"]
    sy = i64(e["y"]) // g["side"]
    return cell_tag(sx >> 2, sy >> 2, (i64(e["t"]) // g["bucket"]) >> 2, e["group"])


@inlined
def delete_block(s: State, block: int, tag: int) -> None:
    """Take a block out of its cell, whose tag is given, with all its members.

    The cell is known by its holding the block: no event is looked at for it.
    """
    b = s.blocks[block]
    slot = home(tag, s.cells.size)
    last = i64(-1)
    while True:
        at = i64(s.cells[slot]["head"]) if s.cells[slot]["tag"] == tag else i64(-1)
        last = i64(-1)
        while at >= 0 and at != block:
            last = at
            at = i64(s.blocks[at]["next"])
        if at == block:
            break
        slot = after(slot, s.cells.size)
    cell = s.cells[slot]
    if last < 0:
        cell["head"] = b["next"]
    else:
        s.blocks[last]["next"] = b["next"]
    cell["places"] &= ~(u64(1) << u64(b["place"]))
    if cell["head"] < 0:
        delete_cell(s.cells, slot)
        s.counters[CELLS] -= 1
    b["head"] = -1
    b["count"] = 0
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
        delete_block(s, block, tag_of_cell(s, row))
        s.nodes[row]["block"] = -1
        return
    if at == row:
        s.blocks[block]["head"] = s.nodes[row]["block_next"]
    else:
        while s.nodes[at]["block_next"] != row:
            at = i64(s.nodes[at]["block_next"])
        s.nodes[at]["block_next"] = s.nodes[row]["block_next"]
    b = s.blocks[block]
    if b["count"] < BLOCK_COUNT_MAX:
        b["count"] -= 1
    else:
        count = 0
        at = i64(b["head"])
        while at >= 0 and count < BLOCK_COUNT_MAX:
            count += 1
            at = i64(s.nodes[at]["block_next"])
        b["count"] = count
    s.nodes[row]["block"] = -1


@compiled
def gather(s: State, j: Journal, row: int) -> int:
    """List in the journal the blocks around a row's own, and when their buckets begin; how many."""
    e = s.events[row]
    group = i64(e["group"])
    g = s.groups[group]
    sx = i64(e["x"]) // g["side"]
    sy = i64(e["y"]) // g["side"]
    tb = e["t"] // g["bucket"]
    own = i64(s.nodes[row]["block"])
    found = 0
    for gt in range((tb - 1) >> 2, ((tb + 1) >> 2) + 1):
        for gy in range((sy - 2) >> 2, ((sy + 2) >> 2) + 1):
            for gx in range((sx - 2) >> 2, ((sx + 2) >> 2) + 1):
                cell = s.cells[find_cell(s, cell_tag(gx, gy, gt, group), gx, gy, gt, group)]
                at = i64(cell["head"])
                while at >= 0:
                    place = i64(s.blocks[at]["place"])
                    bt = 4 * gt + (place >> 4)
                    by = 4 * gy + ((place >> 2) & 3)
                    bx = 4 * gx + (place & 3)
                    if at != own and abs(bt - tb) <= 1 and abs(by - sy) <= 2 and abs(bx - sx) <= 2:
                        j.near[found] = at
                        j.near_at[found, 0] = bx * g["side"]
                        j.near_at[found, 1] = by * g["side"]
                        j.near_at[found, 2] = bt * g["bucket"]
                        found += 1
                    at = i64(s.blocks[at]["next"])
    return found


@inlined
def near_within(s: State, j: Journal, row: int, k: int) -> bool:
    """Whether the k-th gathered block comes within R and T of the row's occurrence."""
    return nearness(s, row, i64(j.near[k]), j.near_at[k, 0], j.near_at[k, 1], j.near_at[k, 2]) != BEYOND


@inlined
def linked(s: State, row: int, other: int) -> bool:
    """Whether two occurrences of one group are within R and T of each other."""
    e = s.events[row]
    o = s.events[other]
    g = s.groups[e["group"]]
    dx = i64(o["x"]) - i64(e["x"])
    dy = i64(o["y"]) - i64(e["y"])
    return bool(dx * dx + dy * dy <= g["radius2"] and abs(i64(o["t"]) - i64(e["t"])) <= g["window"])


@compiled
def locality(s: State, pending: Int32, keys: Words) -> None:
    """A sort key a pending row that puts neighbours in space beside each other, and below it the row's number."""
    for k in range(pending.size):
        e = s.events[pending[k]]
        side = s.groups[e["group"]]["side"]
        gx = (i64(e["x"]) // side) >> 2
        gy = (i64(e["y"]) // side) >> 2
        place = (u64(e["group"]) & u64(255)) << u64(36) | (u64(gy) & u64(0x3FFFF)) << u64(18) | u64(gx) & u64(0x3FFFF)
        keys[k] = place << u64(SORTED_BITS) | u64(k)
