"""Hash tables of the correlation: open addressing, linear probing, deletion by shifting back."""

from dispatcher.correlation.columns import Records
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, prefetch, u64
from dispatcher.correlation.kernels.records import CLOSED, KEY_T, KEY_X, KEY_Y, PROBED_BYTES, State


@inlined
def mixed(a: int, b: int) -> int:
    """A 32-bit tag of two words."""
    h = u64(a) * u64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> u64(32)) ^ u64(b)) * u64(0xD6E8FEB86659FD93)
    h = (h ^ (h >> u64(32))) * u64(0xD6E8FEB86659FD93)
    return i64(h >> u64(32))


@inlined
def cell_key(gx: int, gy: int, tz: int, group: int) -> int:
    """A word of a cell; its neighbours' are an addition of KEY_X, KEY_Y or KEY_T away."""
    word = u64(i64(gx)) * u64(KEY_X) + u64(i64(gy)) * u64(KEY_Y) + u64(i64(tz)) * u64(KEY_T)
    return word + u64(i64(group)) * u64(0x27D4EB2F165667C5)


@inlined
def tag_of_key(key: int) -> int:
    """The 32-bit tag of a cell's key: a sum of products with odd words is nearly mixed already."""
    h = (key ^ (key >> u64(32))) * u64(0xD6E8FEB86659FD93)
    return i64(h >> u64(32))


@inlined
def cell_tag(gx: int, gy: int, tz: int, group: int) -> int:
    return tag_of_key(cell_key(gx, gy, tz, group))


@inlined
def home(tag: int, size: int) -> int:
    """Where a 32-bit tag belongs in a table of this size, whatever size: the order of slots is that of tags."""
    return (i64(tag) * i64(size)) >> 32


@inlined
def ask_for_slot(table: Records, slot: int) -> None:
    """Have a slot brought near, and those after it, which are looked at until one is free."""
    prefetch(table, slot)
    prefetch(table, min(slot + PROBED_BYTES // table.itemsize, table.size - 1))


@inlined
def after(slot: int, size: int) -> int:
    """The next slot, round the end."""
    return slot + 1 if slot + 1 < size else i64(0)


@inlined
def fills(tag: int, hole: int, at: int, size: int) -> bool:
    """Whether an entry at a slot may move back into a hole before it: its home does not lie between them."""
    from_home = at - home(tag, size)
    from_hole = at - hole
    return (from_home + size if from_home < 0 else from_home) >= (from_hole + size if from_hole < 0 else from_hole)


@inlined
def find_id(events: Records, ids: Records, tag: int, hi: int, lo: int) -> int:
    """The slot that holds this uid, or the free one where it belongs."""
    slot = home(tag, ids.size)
    while True:
        row = ids[slot]["row"]
        if row < 0:
            return slot
        if ids[slot]["tag"] == tag and events[row]["uid_lo"] == lo and events[row]["uid_hi"] == hi:
            return slot
        slot = after(slot, ids.size)


@inlined
def delete_row(slots: Records, slot: int) -> None:
    """Free the slot of a table of tags and rows."""
    hole = slot
    at = after(slot, slots.size)
    while slots[at]["row"] >= 0:
        if fills(slots[at]["tag"], hole, at, slots.size):
            slots[hole]["tag"] = slots[at]["tag"]
            slots[hole]["row"] = slots[at]["row"]
            hole = at
        at = after(at, slots.size)
    slots[hole]["row"] = -1


@inlined
def run_tag(subject: int, kind: int, state: int, group: int, bucket: int) -> int:
    series = (i64(kind) << i64(32)) ^ (i64(state) << i64(16)) ^ i64(group)
    return mixed(i64(subject), series * i64(0x2545F491) + i64(bucket))


@inlined
def find_run(events: Records, runs: Records, tag: int, like: int, run: int, bucket: int) -> int:
    """The slot of the series of row `like` in this G bucket, or the free one where it belongs."""
    slot = home(tag, runs.size)
    e = events[like]
    while True:
        row = runs[slot]["row"]
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
        slot = after(slot, runs.size)


@inlined
def is_cell(s: State, head: int, gx: int, gy: int, tz: int, group: int) -> bool:
    """Whether the cell whose first block is given is this one: where its events lie tells."""
    e = s.events[s.blocks[head]["head"]]
    g = s.groups[group]
    side = 4 * g["side"]
    bucket = 4 * g["bucket"]
    return bool(
        e["group"] == group
        and 0 <= i64(e["x"]) - gx * side < side
        and 0 <= i64(e["y"]) - gy * side < side
        and 0 <= i64(e["t"]) - tz * bucket < bucket
    )


@inlined
def find_cell(s: State, tag: int, gx: int, gy: int, tz: int, group: int) -> int:
    """The slot of this cell, or the free one where it belongs."""
    return find_cell_from(s, home(tag, s.cells.size), tag, gx, gy, tz, group)


@inlined
def find_cell_from(s: State, slot: int, tag: int, gx: int, gy: int, tz: int, group: int) -> int:
    """As `find_cell`, where the slots before the given one hold other tags."""
    cells = s.cells
    while cells[slot]["head"] >= 0:
        if cells[slot]["tag"] == tag and is_cell(s, i64(cells[slot]["head"]), gx, gy, tz, group):
            return slot
        slot = after(slot, cells.size)
    return slot


@inlined
def delete_cell(cells: Records, slot: int) -> None:
    hole = slot
    at = after(slot, cells.size)
    while cells[at]["head"] >= 0:
        if fills(cells[at]["tag"], hole, at, cells.size):
            cells[hole] = cells[at]
            hole = at
        at = after(at, cells.size)
    cells[hole]["head"] = -1


@inlined
def find_closed(closed: Records, hi: int, lo: int) -> int:
    slot = home(mixed(hi, lo), closed.size)
    while closed[slot]["group"] >= 0 and not (closed[slot]["uid_lo"] == lo and closed[slot]["uid_hi"] == hi):
        slot = after(slot, closed.size)
    return slot


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
def refill_rows(old: Records, new: Records) -> None:
    """Move every entry into a larger, empty table."""
    for i in range(old.size):
        if old[i]["row"] >= 0:
            slot = home(old[i]["tag"], new.size)
            while new[slot]["row"] >= 0:
                slot = after(slot, new.size)
            new[slot]["tag"] = old[i]["tag"]
            new[slot]["row"] = old[i]["row"]


@compiled
def refill_cells(old: Records, new: Records) -> None:
    """Move every entry into a larger, empty table."""
    for i in range(old.size):
        if old[i]["head"] >= 0:
            slot = home(old[i]["tag"], new.size)
            while new[slot]["head"] >= 0:
                slot = after(slot, new.size)
            new[slot] = old[i]


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
