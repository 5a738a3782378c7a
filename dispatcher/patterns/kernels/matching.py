"""Judges anchors, tells what changed, links what belongs together, and lets go what nothing needs any more."""

from dispatcher.correlation.columns import Words
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, u64
from dispatcher.patterns.columns import Batch, Int32, Journal, Records, State
from dispatcher.patterns.kernels.identity import CHOSEN, admit, find_known
from dispatcher.patterns.kernels.index import (
    ANCHOR,
    CLOSED,
    DIRTIES,
    DIRTY,
    FOUNDS,
    HOLDS,
    LINKS,
    LIVE,
    NEWEST,
    ROWS,
    enter,
    insert,
    is_before,
    near_blocks,
    rows_near,
)
from dispatcher.patterns.kernels.witnesses import bound, choose, choose_in_order, is_contradicted


@compiled
def touch(s: State, j: Journal, row: int) -> None:
    """The open anchors within reach of a row that came or went are to be looked at again; absence waits for the end."""
    p = s.patterns[s.rows[row]["pattern"]]
    if p["absent"] != 0:
        return
    count = rows_near(s, j, row, near_blocks(s, j, row), p["anchors"])
    for k in range(count):
        o = s.rows[j.near[k]]
        if o["flags"] & (ANCHOR | DIRTY | CLOSED) == ANCHOR:
            o["flags"] |= DIRTY
            j.dirty[j.counts[DIRTIES]] = j.near[k]
            j.counts[DIRTIES] += 1


@compiled
def root_of(rows: Records, row: int) -> int:
    while rows[row]["up"] != row:
        rows[row]["up"] = rows[rows[row]["up"]]["up"]
        row = i64(rows[row]["up"])
    return row


@inlined
def belongs(s: State, j: Journal, pattern: int, k: int) -> bool:
    """Whether position `k` of `near` fills a step that must be there, in the pattern's order where it has one."""
    p = s.patterns[pattern]
    o = s.rows[j.near[k]]
    fills = o["mask"] & p["full"]
    if p["ordered"]:
        for step in range(p["steps"]):
            if not j.lower[step] < o["t"] < j.upper[step]:
                fills &= ~(i64(1) << step)
    return bool(fills != 0)


@compiled
def link(s: State, j: Journal, anchor: int, count: int) -> None:
    """Every row that fills a step around the anchor belongs with it; of each part that is new the least row is told."""
    pattern = i64(s.rows[anchor]["pattern"])
    p = s.patterns[pattern]
    if p["ordered"]:
        for step in range(p["steps"]):
            j.best[step] = -1
        bound(s, j, pattern, count)
    a = root_of(s.rows, anchor)
    for k in range(count):
        b = root_of(s.rows, j.near[k])
        if a != b and belongs(s, j, pattern, k) and (j.least[b] < 0 or is_before(s, j.near[k], j.near[j.least[b]])):
            j.least[b] = k
    for k in range(count):
        b = root_of(s.rows, j.near[k])
        if j.least[b] == k:
            j.least[b] = -1
            s.rows[b]["up"] = a
            j.links[j.counts[LINKS], 0] = anchor
            j.links[j.counts[LINKS], 1] = j.near[k]
            j.counts[LINKS] += 1


@compiled
def signature(s: State, j: Journal, anchor: int) -> int:
    """64 bits over who the witnesses are and where they stand."""
    h = u64(0x9E3779B97F4A7C15)
    for step in range(s.patterns[s.rows[anchor]["pattern"]]["steps"]):
        k = j.best[step]
        if k >= 0:
            o = s.rows[j.near[k]]
            h = (h ^ o["uid_hi"]) * u64(0xD6E8FEB86659FD93)
            h = (h ^ (h >> u64(32)) ^ o["uid_lo"]) * u64(0xD6E8FEB86659FD93)
            h = (h ^ (h >> u64(32)) ^ u64(j.near_d2[k])) * u64(0xD6E8FEB86659FD93)
            h = (h ^ (h >> u64(32)) ^ u64(o["t"])) * u64(0xD6E8FEB86659FD93)
    return h


@compiled
def tell(s: State, j: Journal, row: int, holds: int) -> None:
    n = j.counts[FOUNDS]
    j.found[n] = row
    j.holds[n] = holds
    steps = s.patterns[s.rows[row]["pattern"]]["steps"]
    for step in range(j.best.size):
        k = j.best[step] if holds and step < steps else -1
        j.witness[n, step] = j.near[k] if k >= 0 else -1
        j.witness_d2[n, step] = j.near_d2[k] if k >= 0 else 0
    j.counts[FOUNDS] = n + 1


@compiled
def judge(s: State, j: Journal, row: int) -> None:
    """Look at an anchor from scratch; tell when its match began, changed or ended."""
    e = s.rows[row]
    p = s.patterns[e["pattern"]]
    blocks = near_blocks(s, j, row)
    there = i64(0)
    for k in range(blocks):
        there |= s.blocks[j.blocks[k]]["mask"]
    holds = False
    count = 0
    if there & p["full"] == p["full"]:
        count = rows_near(s, j, row, blocks, p["full"] | p["absent"])
        holds = choose_in_order(s, j, row, count) if p["ordered"] else choose(s, j, row, count)
        if holds and p["absent"] != 0 and is_contradicted(s, j, row, count):
            holds = False
    if holds:
        now = signature(s, j, row)
        if e["flags"] & HOLDS == 0 or now != e["signature"]:
            tell(s, j, row, 1)
        e["flags"] |= HOLDS
        e["signature"] = now
        link(s, j, row, count)
    elif e["flags"] & HOLDS:
        e["flags"] &= ~HOLDS
        tell(s, j, row, 0)


@compiled
def remove(s: State, j: Journal, at: int) -> None:
    """Take the rows away of what is known."""
    k = s.known[at]
    for row in range(k["first"], k["first"] + k["count"]):
        e = s.rows[row]
        e["flags"] &= ~LIVE
        if e["flags"] & HOLDS:
            tell(s, j, row, 0)
        touch(s, j, row)
    k["count"] = 0


@compiled
def choose_newest(s: State, j: Journal, c: Batch) -> None:
    """Of each uid the greatest revision, in the order in which the uids come; what it replaces goes."""
    for i in range(c.t_ms.size):
        at = admit(s, c, i)
        if at < 0:
            continue
        k = s.known[at]
        if k["first"] <= CHOSEN:
            j.newest[CHOSEN - k["first"]] = i
        else:
            remove(s, j, at)
            k["first"] = CHOSEN - j.counts[NEWEST]
            j.newest[j.counts[NEWEST]] = i
            j.entry[j.counts[NEWEST]] = at
            j.counts[NEWEST] += 1


@compiled
def apply(s: State, j: Journal, c: Batch, dropped_hi: Words, dropped_lo: Words) -> None:
    """Take in a batch: first what newer revisions replace goes, then everything comes; `judge_dirty` looks at it."""
    begins = s.counters[ROWS]
    choose_newest(s, j, c)
    for i in range(dropped_hi.size):
        at = find_known(s.known, s.names, dropped_hi[i], dropped_lo[i])
        if at >= 0:
            remove(s, j, at)
    for n in range(j.counts[NEWEST]):
        i = j.newest[n]
        k = s.known[j.entry[n]]
        first = s.counters[ROWS]
        for line in range(c.lines[i], c.lines[i + 1]):
            if c.mask[line] != 0 and (c.located[i] or c.place[line] != 0):
                insert(s, c, i, line)
        k["first"] = first
        k["count"] = s.counters[ROWS] - first
    for row in range(begins, s.counters[ROWS]):
        if begins > 0:
            touch(s, j, row)
        elif s.rows[row]["flags"] & (ANCHOR | CLOSED) == ANCHOR and s.patterns[s.rows[row]["pattern"]]["absent"] == 0:
            # Where nothing was before, what is near it is here too, and each anchor is near itself.
            s.rows[row]["flags"] |= DIRTY
            j.dirty[j.counts[DIRTIES]] = row
            j.counts[DIRTIES] += 1


@compiled
def judge_dirty(s: State, j: Journal) -> None:
    """Look at the dirty anchors, in the order in which they stand."""
    for k in range(j.counts[DIRTIES]):
        e = s.rows[j.dirty[k]]
        e["flags"] &= ~DIRTY
        if e["flags"] & LIVE:
            judge(s, j, j.dirty[k])


@compiled
def close(s: State, j: Journal) -> int:
    """Close the anchors that the watermarks passed, dirty where absence is to be judged; how many rows are spent."""
    spent = 0
    for row in range(s.counters[ROWS]):
        e = s.rows[row]
        p = s.patterns[e["pattern"]]
        if e["flags"] & LIVE == 0 or is_spent(e["t"], p["window"], p["watermark"]):
            spent += 1
        if e["flags"] & (LIVE | CLOSED) == LIVE and e["t"] + p["window"] < p["watermark"]:
            e["flags"] |= CLOSED
            if e["flags"] & ANCHOR and p["absent"] != 0:
                e["flags"] |= DIRTY
                j.dirty[j.counts[DIRTIES]] = row
                j.counts[DIRTIES] += 1
    return spent


@inlined
def is_spent(t: int, window: int, watermark: int) -> bool:
    return bool(t + 2 * window < watermark)


@compiled
def refill(old: State, new: State, moved: Int32, heirs: Int32) -> None:
    """Copy what is still needed into an empty state with room for it; `moved` tells each row's new number, or -1."""
    for row in range(old.counters[ROWS]):
        e = old.rows[row]
        p = old.patterns[e["pattern"]]
        heirs[row] = -1
        moved[row] = -1
        if e["flags"] & LIVE and not is_spent(e["t"], p["window"], p["watermark"]):
            to = new.counters[ROWS]
            new.rows[to] = e
            new.rows[to]["next"] = -1
            new.rows[to]["next_place"] = -1
            enter(new, to)
            new.counters[ROWS] = to + 1
            moved[row] = to
    for row in range(old.counters[ROWS]):
        if moved[row] >= 0:
            root = root_of(old.rows, row)
            if heirs[root] < 0:
                heirs[root] = moved[row]
            new.rows[moved[row]]["up"] = heirs[root]
