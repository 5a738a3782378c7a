"""Admission: identity (O1), lateness and corrections decide the fate of each row of a batch."""

from dispatcher.correlation.columns import EventColumns, Int8, Int32
from dispatcher.correlation.kernels.index import crowds, find_block, leave_block
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, prefetch, u8, u32
from dispatcher.correlation.kernels.records import (
    AHEAD,
    ALTERED,
    CAPPED,
    CAPPED_EVENT,
    CLOSED,
    CLOSED_EVENT,
    CLUSTERED,
    CORRECTED,
    CROWDED,
    CROWDED_EVENT,
    DUPLICATE,
    FREE_ROW,
    GUARDED,
    IDS,
    LATE,
    LEFT_OUT,
    LIVE,
    LIVE_MAX,
    LIVE_ROWS,
    LOCATED,
    PENDING,
    PLACED,
    REPEAT,
    ROWS,
    SLOTS_AHEAD,
    SUPERSEDED,
    TOLD,
    UNLOCATED,
    UNNAMED,
    Journal,
    State,
)
from dispatcher.correlation.kernels.repeats import join_runs, leave_run, tag_in_series
from dispatcher.correlation.kernels.tables import ask_for_slot, find_closed, find_id, home, mixed, run_tag
from dispatcher.correlation.kernels.withdrawing import withdraw


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
    old = s.groups[e["group"]]
    if c.t_ms[i] < s.groups[c.group[i]]["watermark"] or (old["m"] > 1 and e["t"] < old["watermark"]):
        return LATE
    leave_run(s, j, row)
    if e["flags"] & PLACED:
        if old["m"] > 1:
            withdraw(s, j, row)
        else:
            leave_block(s, row)
        e["flags"] |= u8(ALTERED)
    if e["group"] != c.group[i]:
        s.nodes[row]["due"] = -1
    write_event(s, c, i, row)
    if c.located[i]:
        e["flags"] |= u8(LOCATED)
    else:
        e["flags"] &= u8(255 - LOCATED)
    join_runs(s, j, row, row, tag_in_series(s, row))
    return CORRECTED


@inlined
def new_row(s: State) -> int:
    row = i64(s.counters[FREE_ROW])
    if row >= 0:
        following = i64(s.nodes[row]["due"])
        s.counters[FREE_ROW] = following
        if following >= 0:
            prefetch(s.nodes, following)
            prefetch(s.events, following)
            prefetch(s.run_next, following)
    else:
        row = i64(s.counters[ROWS])
        s.counters[ROWS] += 1
    s.counters[LIVE_ROWS] += 1
    return row


@inlined
def ask_for_slots(s: State, j: Journal, c: EventColumns, i: int) -> None:
    """Note the tags of a row's uid and series, and have their slots brought near."""
    tag = mixed(c.uid_hi[i], c.uid_lo[i])
    ask_for_slot(s.ids, home(tag, s.ids.size))
    bucket = c.t_ms[i] // s.groups[c.group[i]]["run"]
    tag_of_run = run_tag(c.subject[i], c.kind[i], c.state[i], c.group[i], bucket)
    ask_for_slot(s.runs, home(tag_of_run, s.runs.size))
    j.slot_tags[i % SLOTS_AHEAD, 0] = u32(tag)
    j.slot_tags[i % SLOTS_AHEAD, 1] = u32(tag_of_run)


@inlined
def is_remembered(s: State, hi: int, lo: int) -> bool:
    """Whether the uid belongs to a final component and its group remembers it."""
    if s.counters[CLOSED] == 0:
        return False
    k = s.closed[find_closed(s.closed, hi, lo)]
    if k["group"] < 0:
        return False
    g = s.groups[k["group"]]
    return bool(k["t"] + g["remember"] >= g["watermark"])


@compiled
def full_block(s: State, c: EventColumns, i: int) -> tuple[int, bool]:
    """The block that a new event would enter, or -1, and whether it is left out because the block is full."""
    g = s.groups[c.group[i]]
    x = i64(c.x_dm[i])
    y = i64(c.y_dm[i])
    t = i64(c.t_ms[i])
    sx = x // g["side"]
    sy = y // g["side"]
    tb = t // g["bucket"]
    block = i64(find_block(s, i64(c.group[i]), sx, sy, tb))
    if block < 0:
        return block, False
    qx = (x - sx * g["side"]) >> g["fine"]
    qy = (y - sy * g["side"]) >> g["fine"]
    return block, crowds(s, block, qx, qy, (t - tb * g["bucket"]) >> g["fine_t"])


@compiled
def admit(s: State, j: Journal, c: EventColumns, status: Int8, rows: Int32) -> None:
    """Decide the fate of each row of a batch; `rows` gets the state's row of the live event, or -1.

    Of what is left out of a full block it gets LEFT_OUT less the block: whom that holds in the end is not known yet.
    """
    for i in range(-AHEAD, c.t_ms.size):
        if i + AHEAD < c.t_ms.size:
            ask_for_slots(s, j, c, i + AHEAD)
        if i < 0:
            continue
        hi = c.uid_hi[i]
        lo = c.uid_lo[i]
        tag = i64(j.slot_tags[i % SLOTS_AHEAD, 0])
        slot = find_id(s.events, s.ids, tag, hi, lo)
        row = i64(s.ids[slot]["row"])
        if row >= 0:
            status[i] = correct(s, j, c, i, row)
            rows[i] = row
            continue
        rows[i] = -1
        if is_remembered(s, hi, lo):
            status[i] = CLOSED_EVENT
            continue
        if c.t_ms[i] < s.groups[c.group[i]]["watermark"]:
            status[i] = LATE
            continue
        if s.counters[LIVE_ROWS] >= s.counters[LIVE_MAX]:
            s.counters[CAPPED] += 1
            status[i] = CAPPED_EVENT
            continue
        block = i64(-1)
        if s.counters[GUARDED] and c.located[i]:
            block, crowded = full_block(s, c, i)
            if crowded:
                s.counters[CROWDED] += 1
                status[i] = CROWDED_EVENT
                rows[i] = LEFT_OUT - block
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
        if join_runs(s, j, row, row, i64(j.slot_tags[i % SLOTS_AHEAD, 1])):
            status[i] = REPEAT
        else:
            status[i] = CLUSTERED if c.located[i] else UNLOCATED
        if block >= 0 and s.events[row]["flags"] & PENDING:
            s.blocks[block]["tally"] += 1
