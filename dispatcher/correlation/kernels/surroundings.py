"""Surveys which cells an occurrence looks into, and asks for their memory some rows before its turn.

In sparse traffic nearly every cell, block and event that is looked at lies beyond the caches. One row waits for each of
them in turn; asked for in stages, a few rows apart, they come together while other rows are worked on.
"""

from dispatcher.correlation.columns import Int32
from dispatcher.correlation.kernels.jit import i64, inlined, prefetch, u32, u64
from dispatcher.correlation.kernels.records import (
    BLOCKS,
    CACHED_BLOCKS,
    FIRST,
    KEY_X,
    KEY_Y,
    LOCATED,
    PENDING,
    STAGE,
    SURVEYS,
    Journal,
    State,
)
from dispatcher.correlation.kernels.tables import after, ask_for_slot, cell_key, home, tag_of_key


@inlined
def reach(middle: int, steps: int) -> int:
    """One bit for each of the positions 0..3 that is at most `steps` from the middle."""
    return (((1 << (2 * steps + 1)) - 1) << (middle + 8 - steps) >> 8) & 15


@inlined
def survey(s: State, j: Journal, row: int, last: int) -> int:
    """Survey where a located row lies, unless the last survey was made there; the number of its survey."""
    e = s.events[row]
    group = i64(e["group"])
    g = s.groups[group]
    sx = i64(e["x"]) // g["side"]
    sy = i64(e["y"]) // g["side"]
    tb = i64(e["t"]) // g["bucket"]
    before = j.spots[last]
    if before[0] == sx and before[1] == sy and before[2] == tb and before[3] == group:
        return last
    number = (last + 1) % SURVEYS
    spot = j.spots[number]
    spot[0] = sx
    spot[1] = sy
    spot[2] = tb
    spot[3] = group
    spot[4] = list_cells(j, number, sx, sy, tb, group)
    return number


@inlined
def list_cells(j: Journal, number: int, sx: int, sy: int, tb: int, group: int) -> int:
    """Write down the tags of the 4 or 8 cells that R and T reach into, and the places of each; how many."""
    # Two cells each way, wherever among its cell's four quadrants a place lies.
    gx = (sx - 2) >> 2
    gy = (sy - 2) >> 2
    left = reach(sx - 4 * gx, 2)
    right = reach(sx - 4 * gx - 4, 2)
    low = reach(sy - 4 * gy, 2)
    high = reach(sy - 4 * gy - 4, 2)
    low = (low & 1) | (low & 2) << 3 | (low & 4) << 6 | (low & 8) << 9
    high = (high & 1) | (high & 2) << 3 | (high & 4) << 6 | (high & 8) << 9
    n = 0
    for gt in range((tb - 1) >> 2, ((tb + 1) >> 2) + 1):
        bits = reach(tb - 4 * gt, 1)
        buckets = (bits & 1) | (bits & 2) << 15 | (bits & 4) << 30 | (bits & 8) << 45
        key = cell_key(gx, gy, gt, group)
        j.tags[number, n] = u32(tag_of_key(key))
        j.tags[number, n + 1] = u32(tag_of_key(key + u64(KEY_X)))
        j.tags[number, n + 2] = u32(tag_of_key(key + u64(KEY_Y)))
        j.tags[number, n + 3] = u32(tag_of_key(key + u64(KEY_X) + u64(KEY_Y)))
        j.nears[number, n] = u64(left * low * buckets)
        j.nears[number, n + 1] = u64(right * low * buckets)
        j.nears[number, n + 2] = u64(left * high * buckets)
        j.nears[number, n + 3] = u64(right * high * buckets)
        n += 4
    return n


@inlined
def own_corner(j: Journal, number: int) -> int:
    """Which of the surveyed cells the place lies in itself."""
    spot = j.spots[number]
    later = (spot[2] >> 2) - ((spot[2] - 1) >> 2)
    above = (spot[1] >> 2) - ((spot[1] - 2) >> 2)
    right = (spot[0] >> 2) - ((spot[0] - 2) >> 2)
    return i64(4 * later + 2 * above + right)


@inlined
def survey_ahead(s: State, j: Journal, pending: Int32, k: int, last: int) -> int:
    """Survey the k-th pending row if it is to be placed, and ask for the cells around it; the last survey's number."""
    row = i64(pending[k])
    number = last
    wanted = FIRST | PENDING | LOCATED
    if s.events[row]["flags"] & wanted == wanted and s.groups[s.events[row]["group"]]["m"] == 1:
        number = survey(s, j, row, last)
        if number != last:
            for n in range(j.spots[number, 4]):
                ask_for_slot(s.cells, home(j.tags[number, n], s.cells.size))
    j.survey_of[k % SURVEYS] = number
    return number


@inlined
def find_slots(s: State, j: Journal, number: int) -> None:
    """Note from which slot on each surveyed cell is to be looked for, and have their first blocks brought near."""
    for n in range(j.spots[number, 4]):
        tag = j.tags[number, n]
        slot = home(tag, s.cells.size)
        while s.cells[slot]["head"] >= 0 and s.cells[slot]["tag"] != tag:
            slot = after(slot, s.cells.size)
        j.slots[number, n] = slot
        if s.cells[slot]["head"] >= 0:
            prefetch(s.blocks, i64(s.cells[slot]["head"]))


@inlined
def ask_for_members(s: State, j: Journal, number: int) -> None:
    """Have the newest member of the first block of each surveyed cell brought near, and the cell's next block."""
    for n in range(j.spots[number, 4]):
        first = i64(s.cells[j.slots[number, n]]["head"])
        if first >= 0:
            b = s.blocks[first]
            if b["head"] >= 0:
                prefetch(s.events, i64(b["head"]))
                prefetch(s.up, i64(b["head"]))
            if b["next"] >= 0:
                prefetch(s.blocks, i64(b["next"]))


@inlined
def ask_ahead(s: State, j: Journal, pending: Int32, k: int, last: int) -> int:
    """Before the k-th row's turn, ask for what those after it will look at; the number of the last survey."""
    if 0 <= k + 4 * STAGE < pending.size:
        prefetch(s.events, i64(pending[k + 4 * STAGE]))
        prefetch(s.nodes, i64(pending[k + 4 * STAGE]))
    if 0 <= k + 3 * STAGE < pending.size:
        last = survey_ahead(s, j, pending, k + 3 * STAGE, last)
    if 0 <= k + 2 * STAGE < pending.size:
        find_slots(s, j, i64(j.survey_of[(k + 2 * STAGE) % SURVEYS]))
    if s.counters[BLOCKS] > CACHED_BLOCKS and 0 <= k + STAGE < pending.size:
        ask_for_members(s, j, i64(j.survey_of[(k + STAGE) % SURVEYS]))
    return last
