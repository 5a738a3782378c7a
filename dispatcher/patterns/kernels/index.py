"""Where the matcher's rows lie: blocks of cells and places, and what is within reach of a row."""

from typing import Final

from dispatcher.correlation.kernels.jit import compiled, i64, inlined
from dispatcher.correlation.kernels.tables import mixed
from dispatcher.patterns.columns import Batch, Journal, Records, State

# Bits of ROW.flags.
LIVE: Final = 1
LOCATED: Final = 2
ANCHOR: Final = 4
DIRTY: Final = 8
HOLDS: Final = 16
CLOSED: Final = 32

# Positions in State.counters.
ROWS: Final = 0
BLOCKS: Final = 1
CAP: Final = 2
REFUSED: Final = 3
KNOWN: Final = 4
COUNTERS: Final = 5

# Positions in Journal.counts.
DIRTIES: Final = 0
FOUNDS: Final = 1
LINKS: Final = 2
NEWEST: Final = 3
COUNTS: Final = 4

# Lanes of blocks.
CELL: Final = 0
UNLOCATED: Final = 1  # rows without a position, by place
PLACED: Final = 2  # rows with one, by place

# Squared distances that are none.
FAR: Final = -1


@inlined
def find_block(blocks: Records, pattern: int, lane: int, k1: int, k2: int, bucket: int) -> int:
    """The slot of this block, or the free one where it belongs."""
    ends = blocks.size - 1
    slot = mixed(mixed(i64(k1), i64(k2)), mixed(i64(bucket), i64(4 * pattern + lane))) & ends
    while True:
        b = blocks[slot]
        if b["head"] < 0 or (
            b["k1"] == k1 and b["k2"] == k2 and b["bucket"] == bucket and b["pattern"] == pattern and b["lane"] == lane
        ):
            return slot
        slot = (slot + 1) & ends


@compiled
def cell_slot(s: State, row: int) -> int:
    e = s.rows[row]
    p = s.patterns[e["pattern"]]
    return find_block(s.blocks, e["pattern"], CELL, e["x"] // p["side"], e["y"] // p["side"], e["t"] // p["width"])


@compiled
def place_slot(s: State, row: int) -> int:
    e = s.rows[row]
    lane = PLACED if e["flags"] & LOCATED else UNLOCATED
    return find_block(s.blocks, e["pattern"], lane, e["place"], 0, e["t"] // s.patterns[e["pattern"]]["width"])


@inlined
def occupy(s: State, slot: int, row: int, lane: int, k1: int, k2: int) -> None:
    """Count a row in its block, which begins with it where the slot is free."""
    b = s.blocks[slot]
    e = s.rows[row]
    if b["head"] < 0:
        b["k1"] = k1
        b["k2"] = k2
        b["bucket"] = e["t"] // s.patterns[e["pattern"]]["width"]
        b["pattern"] = e["pattern"]
        b["lane"] = lane
        b["mask"] = 0
        b["count"] = 0
        s.counters[BLOCKS] += 1
    b["mask"] |= e["mask"]
    b["count"] += 1


@compiled
def enter(s: State, row: int) -> bool:
    """Put a written row into its blocks; False, and counted, where one is full."""
    e = s.rows[row]
    cap = s.counters[CAP]
    located = e["flags"] & LOCATED != 0
    cell = cell_slot(s, row) if located else 0
    if located and s.blocks[cell]["head"] >= 0 and s.blocks[cell]["count"] >= cap:
        return False
    if e["place"] != 0:
        slot = place_slot(s, row)
        if s.blocks[slot]["head"] >= 0 and s.blocks[slot]["count"] >= cap:
            return False
        e["next_place"] = s.blocks[slot]["head"]
        occupy(s, slot, row, PLACED if located else UNLOCATED, e["place"], 0)
        s.blocks[slot]["head"] = row
    if located:
        cell = cell_slot(s, row)  # the place's block may have taken the free slot
        p = s.patterns[e["pattern"]]
        e["next"] = s.blocks[cell]["head"]
        occupy(s, cell, row, CELL, e["x"] // p["side"], e["y"] // p["side"])
        s.blocks[cell]["head"] = row
    return True


@compiled
def insert(s: State, c: Batch, i: int, line: int) -> None:
    """Write one line of an event of a batch; counted and not kept where its block is full."""
    row = s.counters[ROWS]
    e = s.rows[row]
    p = s.patterns[c.pattern[line]]
    e["t"] = c.t_ms[i]
    e["place"] = c.place[line]
    e["uid_hi"] = c.uid_hi[i]
    e["uid_lo"] = c.uid_lo[i]
    e["mask"] = c.mask[line]
    e["signature"] = 0
    e["x"] = c.x_dm[i]
    e["y"] = c.y_dm[i]
    e["next"] = -1
    e["next_place"] = -1
    e["up"] = row
    e["pattern"] = c.pattern[line]
    flags = LIVE
    if c.located[i]:
        flags |= LOCATED
    if c.mask[line] & p["anchors"] and p["begins"] <= c.t_ms[i] < p["ends"]:
        flags |= ANCHOR
    if c.t_ms[i] + p["window"] < p["watermark"]:
        flags |= CLOSED
    e["flags"] = flags
    if enter(s, row):
        s.counters[ROWS] = row + 1
    else:
        s.counters[REFUSED] += 1


@inlined
def is_before(s: State, a: int, b: int) -> bool:
    """Whether row `a` has the lesser uid: the order of what nothing else tells apart."""
    p = s.rows[a]
    q = s.rows[b]
    if p["uid_hi"] != q["uid_hi"]:
        return bool(p["uid_hi"] < q["uid_hi"])
    return bool(p["uid_lo"] < q["uid_lo"])


@inlined
def distance2(s: State, a: int, b: int) -> int:
    """The squared distance within reach; one beyond the reach where only the place is shared; else FAR."""
    p = s.rows[a]
    q = s.rows[b]
    if a == b:
        return 0
    radius2 = s.patterns[p["pattern"]]["radius2"]
    if p["flags"] & q["flags"] & LOCATED:
        dx = i64(p["x"]) - i64(q["x"])
        dy = i64(p["y"]) - i64(q["y"])
        d2 = dx * dx + dy * dy
        return d2 if d2 <= radius2 else FAR
    return i64(radius2 + 1) if p["place"] != 0 and p["place"] == q["place"] else FAR


@inlined
def note_slot(s: State, j: Journal, slot: int, count: int) -> int:
    if s.blocks[slot]["head"] < 0:
        return count
    j.slots[count] = slot
    return count + 1


@compiled
def near_blocks(s: State, j: Journal, row: int) -> int:
    """How many blocks may hold rows within reach of this one; their slots are in `j.slots`."""
    e = s.rows[row]
    p = s.patterns[e["pattern"]]
    count = 0
    for bucket in range(e["t"] // p["width"] - 1, e["t"] // p["width"] + 2):
        if e["flags"] & LOCATED:
            for gx in range(e["x"] // p["side"] - 1, e["x"] // p["side"] + 2):
                for gy in range(e["y"] // p["side"] - 1, e["y"] // p["side"] + 2):
                    count = note_slot(s, j, find_block(s.blocks, e["pattern"], CELL, gx, gy, bucket), count)
        elif e["place"] != 0:
            count = note_slot(s, j, find_block(s.blocks, e["pattern"], PLACED, e["place"], 0, bucket), count)
        if e["place"] != 0:
            count = note_slot(s, j, find_block(s.blocks, e["pattern"], UNLOCATED, e["place"], 0, bucket), count)
    return count


@compiled
def rows_near(s: State, j: Journal, row: int, slots: int, wanted: int) -> int:
    """How many live rows that fill a wanted step lie within reach, itself included; they are in `j.near`."""
    window = s.patterns[s.rows[row]["pattern"]]["window"]
    t = s.rows[row]["t"]
    count = 0
    for k in range(slots):
        b = s.blocks[j.slots[k]]
        if b["mask"] & wanted == 0:
            continue
        other = b["head"]
        by_cell = b["lane"] == CELL
        while other >= 0:
            o = s.rows[other]
            if o["flags"] & LIVE and o["mask"] & wanted and abs(o["t"] - t) <= window:
                d2 = distance2(s, row, other)
                if d2 != FAR:
                    j.near[count] = other
                    j.near_d2[count] = d2
                    count += 1
            other = o["next"] if by_cell else o["next_place"]
    return count
