"""Finals (O10): members in canonical order, and forgetting them."""

from dispatcher.correlation.columns import EventColumns, Flags, Int32, Int64, Tags, Words
from dispatcher.correlation.kernels.canonical import insert_canonically, sort_canonically
from dispatcher.correlation.kernels.components import first_of, next_member
from dispatcher.correlation.kernels.index import delete_block, leave_block, tag_of_cell
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, prefetch, u8, u32
from dispatcher.correlation.kernels.records import (
    AHEAD,
    BLOCKS,
    CELLS,
    FREE_BLOCK,
    FREE_ROW,
    FREE_WAITING,
    IDS,
    LIVE_ROWS,
    PLACED,
    ROWS,
    RUNS,
    SLOTS_AHEAD,
    SORTED_BY_HEAP,
    SORTED_BY_INSERTION,
    WAITINGS,
    WIPED_FROM,
    State,
)
from dispatcher.correlation.kernels.repeats import forget_run, tag_in_series
from dispatcher.correlation.kernels.tables import after, ask_for_slot, delete_row, find_id, home, keep_uid, mixed


@compiled
def remember(s: State, c: EventColumns) -> None:
    """Know the uids of events of final components, as far as their groups remember them."""
    for i in range(c.t_ms.size):
        g = s.groups[c.group[i]]
        if c.t_ms[i] + g["remember"] >= g["watermark"]:
            keep_uid(s, c.uid_hi[i], c.uid_lo[i], c.t_ms[i], c.group[i])


@compiled
def list_members(s: State, roots: Int32, members: Int32, ends: Int64, occurrences: Int64, cores: Int64) -> None:
    """The rows of the events of each component and where they end; the number of its occurrences and of its cores."""
    n = i64(0)
    for k in range(roots.size):
        if k + AHEAD < roots.size:
            prefetch(s.ring, i64(roots[k + AHEAD]))
            prefetch(s.run_next, i64(roots[k + AHEAD]))
        first = i64(roots[k])
        occurrences[k] = 0
        cores[k] = 0
        while first >= 0:
            occurrences[k] += 1
            if s.dense.size == 0 or s.dense[first]["count"] >= s.groups[s.events[first]["group"]]["m"]:
                cores[k] += 1
            row = first
            while True:
                members[n] = row
                n += 1
                row = i64(s.run_next[row])
                if row == first:
                    break
            first = next_member(s, first, i64(roots[k]))
        ends[k] = n


@compiled
def order_members(s: State, members: Int32, ends: Int64, heads: Int32, spare: Int32, times: Int64) -> None:
    """Put the members of each component into canonical order, unless they are many; and list the first of each.

    `spare` and `times` are overwritten.
    """
    asked = i64(0)
    begin = i64(0)
    for k in range(ends.size):
        count = ends[k] - begin
        while asked < members.size and asked < ends[k] + AHEAD:
            prefetch(s.events, i64(members[asked]))
            asked += 1
        if 1 < count <= SORTED_BY_HEAP:
            for i in range(count):
                spare[i] = members[begin + i]
            if count <= SORTED_BY_INSERTION:
                insert_canonically(s.events, spare, times, count)
            else:
                sort_canonically(s.events, spare, count)
            for i in range(count):
                members[begin + i] = spare[i]
        heads[k] = members[begin]
        begin = ends[k]


@compiled
def in_order(members: Int32, ends: Int64, order: Int64, ordered: Int32) -> None:
    """The rows of all members, component by component in the given order."""
    n = 0
    for k in order:
        for i in range(ends[k - 1] if k else 0, ends[k]):
            ordered[n] = members[i]
            n += 1


@compiled
def read_members(s: State, members: Int32, hi: Words, lo: Words, t: Int64) -> None:
    """Identity and time of each member."""
    for i in range(members.size):
        if i + AHEAD < members.size:
            prefetch(s.events, i64(members[i + AHEAD]))
        e = s.events[members[i]]
        hi[i] = e["uid_hi"]
        lo[i] = e["uid_lo"]
        t[i] = e["t"]


@compiled
def read_cores(s: State, members: Int32, core: Flags) -> None:
    """Whether the occurrence of each member is core."""
    for i in range(members.size):
        first = first_of(s.events, s.nodes, i64(members[i]))
        core[i] = s.dense[first]["count"] >= s.groups[s.events[first]["group"]]["m"]


@inlined
def ask_for_entries(s: State, tags: Tags, k: int, row: int) -> None:
    """Note the tags of what the tables hold of an event, and have it brought near."""
    e = s.events[row]
    tag = mixed(e["uid_hi"], e["uid_lo"])
    tag_of_run = tag_in_series(s, row)
    ask_for_slot(s.ids, home(tag, s.ids.size))
    ask_for_slot(s.runs, home(tag_of_run, s.runs.size))
    tags[k % SLOTS_AHEAD, 0] = u32(tag)
    tags[k % SLOTS_AHEAD, 1] = u32(tag_of_run)
    tags[k % SLOTS_AHEAD, 2] = u32(0)
    if e["flags"] & PLACED and s.nodes[row]["block"] >= 0:
        tag = tag_of_cell(s, row)
        ask_for_slot(s.cells, home(tag, s.cells.size))
        prefetch(s.blocks, i64(s.nodes[row]["block"]))
        tags[k % SLOTS_AHEAD, 2] = u32(tag)


@inlined
def ask_for_chain(s: State, tag: int) -> None:
    """Have the first block of a cell brought near: from it on the block to delete is looked for."""
    slot = home(tag, s.cells.size)
    while s.cells[slot]["head"] >= 0 and s.cells[slot]["tag"] != tag:
        slot = after(slot, s.cells.size)
    if s.cells[slot]["head"] >= 0:
        prefetch(s.blocks, i64(s.cells[slot]["head"]))


@compiled
def release(s: State, members: Int32, tags: Tags) -> None:
    """Forget the events of final components, but for their uids while the group remembers them.

    `tags`, three for each of SLOTS_AHEAD rows, are overwritten.
    """
    if members.size == s.counters[LIVE_ROWS] and WIPED_FROM * members.size > max(s.ids.size, s.due.size):
        wipe(s, members)
        return
    for k in range(-AHEAD, members.size):
        if k + 2 * AHEAD < members.size:
            prefetch(s.events, i64(members[k + 2 * AHEAD]))
            prefetch(s.nodes, i64(members[k + 2 * AHEAD]))
        if k + AHEAD < members.size:
            ask_for_entries(s, tags, k + AHEAD, i64(members[k + AHEAD]))
        if 0 <= k + AHEAD // 2 < members.size:
            ask_for_chain(s, i64(tags[(k + AHEAD // 2) % SLOTS_AHEAD, 2]))
        if k < 0:
            continue
        row = i64(members[k])
        e = s.events[row]
        g = s.groups[e["group"]]
        delete_row(s.ids, find_id(s.events, s.ids, i64(tags[k % SLOTS_AHEAD, 0]), e["uid_hi"], e["uid_lo"]))
        s.counters[IDS] -= 1
        forget_run(s, row, i64(tags[k % SLOTS_AHEAD, 1]))
        block = i64(s.nodes[row]["block"])
        if e["flags"] & PLACED and block >= 0 and s.blocks[block]["head"] >= 0:
            if g["m"] == 1 or s.blocks[block]["count"] >= g["m"]:
                delete_block(s, block, i64(tags[k % SLOTS_AHEAD, 2]))  # all of it is of this component
            else:
                leave_block(s, row)
        if e["t"] + g["remember"] >= g["watermark"]:
            keep_uid(s, e["uid_hi"], e["uid_lo"], e["t"], e["group"])
        s.counters[LIVE_ROWS] -= 1
        e["flags"] = u8(0)
        s.nodes[row]["due"] = s.counters[FREE_ROW]
        s.counters[FREE_ROW] = row


@compiled
def wipe(s: State, members: Int32) -> None:
    """Forget everything that is live at once: the tables are emptied instead of each entry deleted."""
    for k in range(members.size):
        e = s.events[members[k]]
        g = s.groups[e["group"]]
        if e["t"] + g["remember"] >= g["watermark"]:
            keep_uid(s, e["uid_hi"], e["uid_lo"], e["t"], e["group"])
        e["flags"] = u8(0)
    for slot in range(s.ids.size):
        s.ids[slot]["row"] = -1
    for slot in range(s.runs.size):
        s.runs[slot]["row"] = -1
    for slot in range(s.cells.size):
        s.cells[slot]["head"] = -1
    for group in range(s.due.shape[0]):
        for bucket in range(s.due.shape[1]):
            s.due[group, bucket] = -1
    for counter in (ROWS, LIVE_ROWS, BLOCKS, CELLS, IDS, RUNS, WAITINGS):
        s.counters[counter] = 0
    for counter in (FREE_ROW, FREE_BLOCK, FREE_WAITING):
        s.counters[counter] = -1
