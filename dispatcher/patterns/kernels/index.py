"""Where the matcher's rows lie: blocks of cells and places, and what is within reach of a row."""

from typing import Final

from dispatcher.correlation.kernels.jit import compiled, i64, inlined, prefetch, u32
from dispatcher.correlation.kernels.tables import after, home, mixed
from dispatcher.patterns.columns import Batch, Journal, State

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
def block_tag(pattern: int, lane: int, k1: int, k2: int, bucket: int) -> int:
    return mixed(mixed(i64(k1), i64(k2)), mixed(i64(bucket), i64(4 * pattern + lane)))


@inlined
def find_block(s: State, tag: int, pattern: int, lane: int, k1: int, k2: int, bucket: int) -> int:
    """The slot that holds this block, or the free one where it belongs."""
    slot = home(tag, s.slots.size)
    while s.slots[slot]["row"] >= 0:
        if s.slots[slot]["tag"] == tag:
            b = s.blocks[s.slots[slot]["row"]]
            if (
                b["k1"] == k1
                and b["k2"] == k2
                and b["bucket"] == bucket
                and b["pattern"] == pattern
                and b["lane"] == lane
            ):
                return slot
        slot = after(slot, s.slots.size)
    return slot


@inlined
def lane_of(flags: int) -> int:
    return PLACED if flags & LOCATED else UNLOCATED


@inlined
def is_full(s: State, slot: int) -> bool:
    block = s.slots[slot]["row"]
    return bool(block >= 0 and s.blocks[block]["count"] >= s.counters[CAP])


@inlined
def occupy(s: State, row: int, lane: int, k1: int, k2: int, bucket: int) -> int:
    """Count a row in its block, which begins with it where there is none; what was the block's head before."""
    e = s.rows[row]
    tag = block_tag(e["pattern"], lane, k1, k2, bucket)
    slot = find_block(s, tag, e["pattern"], lane, k1, k2, bucket)
    block = i64(s.slots[slot]["row"])
    if block < 0:
        block = i64(s.counters[BLOCKS])
        s.counters[BLOCKS] = block + 1
        s.slots[slot]["tag"] = u32(tag)
        s.slots[slot]["row"] = block
        b = s.blocks[block]
        b["k1"] = k1
        b["k2"] = k2
        b["bucket"] = bucket
        b["pattern"] = e["pattern"]
        b["lane"] = lane
        b["mask"] = 0
        b["count"] = 0
        b["head"] = -1
    b = s.blocks[block]
    before = i64(b["head"])
    b["head"] = row
    b["mask"] |= e["mask"]
    b["count"] += 1
    return before


@compiled
def enter(s: State, row: int) -> bool:
    """Put a written row into its blocks; False where one is full."""
    e = s.rows[row]
    p = s.patterns[e["pattern"]]
    bucket = e["t"] // p["width"]
    gx = e["x"] // p["side"]
    gy = e["y"] // p["side"]
    lane = lane_of(e["flags"])
    if e["flags"] & LOCATED:
        tag = block_tag(e["pattern"], CELL, gx, gy, bucket)
        if is_full(s, find_block(s, tag, e["pattern"], CELL, gx, gy, bucket)):
            return False
    if e["place"] != 0:
        tag = block_tag(e["pattern"], lane, e["place"], 0, bucket)
        if is_full(s, find_block(s, tag, e["pattern"], lane, e["place"], 0, bucket)):
            return False
        e["next_place"] = occupy(s, row, lane, e["place"], 0, bucket)
    if e["flags"] & LOCATED:
        e["next"] = occupy(s, row, CELL, gx, gy, bucket)
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
def ask_for_block(s: State, j: Journal, pattern: int, lane: int, k1: int, k2: int, bucket: int, nth: int) -> int:
    """Have the slot of a block brought near."""
    j.tags[nth] = block_tag(pattern, lane, k1, k2, bucket)
    prefetch(s.slots, home(j.tags[nth], s.slots.size))
    return nth + 1


@inlined
def note_block(
    s: State, j: Journal, tag: int, pattern: int, lane: int, k1: int, k2: int, bucket: int, count: int
) -> int:
    slot = find_block(s, tag, pattern, lane, k1, k2, bucket)
    if s.slots[slot]["row"] < 0:
        return count
    j.blocks[count] = s.slots[slot]["row"]
    return count + 1


@compiled
def near_blocks(s: State, j: Journal, row: int) -> int:
    """How many blocks may hold rows within reach of this one; they are in `j.blocks`."""
    e = s.rows[row]
    p = s.patterns[e["pattern"]]
    x = e["x"] // p["side"]
    y = e["y"] // p["side"]
    t = e["t"] // p["width"]
    nth = i64(0)
    for bucket in range(t - 1, t + 2):
        if e["flags"] & LOCATED:
            for gx in range(x - 1, x + 2):
                for gy in range(y - 1, y + 2):
                    nth = ask_for_block(s, j, e["pattern"], CELL, gx, gy, bucket, nth)
        elif e["place"] != 0:
            nth = ask_for_block(s, j, e["pattern"], PLACED, e["place"], 0, bucket, nth)
        if e["place"] != 0:
            nth = ask_for_block(s, j, e["pattern"], UNLOCATED, e["place"], 0, bucket, nth)
    nth = i64(0)
    count = i64(0)
    for bucket in range(t - 1, t + 2):
        if e["flags"] & LOCATED:
            for gx in range(x - 1, x + 2):
                for gy in range(y - 1, y + 2):
                    count = note_block(s, j, j.tags[nth], e["pattern"], CELL, gx, gy, bucket, count)
                    nth += 1
        elif e["place"] != 0:
            count = note_block(s, j, j.tags[nth], e["pattern"], PLACED, e["place"], 0, bucket, count)
            nth += 1
        if e["place"] != 0:
            count = note_block(s, j, j.tags[nth], e["pattern"], UNLOCATED, e["place"], 0, bucket, count)
            nth += 1
    return count


@compiled
def rows_near(s: State, j: Journal, row: int, blocks: int, wanted: int) -> int:
    """How many live rows that fill a wanted step lie within reach, itself included; they are in `j.near`."""
    window = s.patterns[s.rows[row]["pattern"]]["window"]
    t = s.rows[row]["t"]
    count = 0
    for k in range(blocks):
        b = s.blocks[j.blocks[k]]
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
