"""Finals (O10): members in canonical order, and forgetting them."""

from dispatcher.correlation.columns import EventColumns, Flags, Int32, Int64, Words
from dispatcher.correlation.kernels.canonical import sort_canonically
from dispatcher.correlation.kernels.components import first_of, next_member
from dispatcher.correlation.kernels.index import delete_block, leave_block
from dispatcher.correlation.kernels.jit import compiled, i64, prefetch, u8
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
    SORTED_BY_HEAP,
    WAITINGS,
    WIPED_FROM,
    State,
)
from dispatcher.correlation.kernels.repeats import forget_run
from dispatcher.correlation.kernels.tables import delete_id, find_id, home, keep_uid, mixed, run_tag


@compiled
def remember(s: State, c: EventColumns) -> None:
    """Know the uids of events of final components, as far as their groups remember them."""
    for i in range(c.t_ms.size):
        g = s.groups[c.group[i]]
        if c.t_ms[i] + g["remember"] >= g["watermark"]:
            keep_uid(s, c.uid_hi[i], c.uid_lo[i], c.t_ms[i], c.group[i])


@compiled
def list_members(
    s: State, roots: Int32, members: Int32, ends: Int64, occurrences: Int64, cores: Int64, spare: Int32
) -> None:
    """The rows of the events of each component, in canonical order unless they are many, and where they end.

    Beside it the number of its occurrences and of those that are core; `spare` is overwritten.
    """
    n = i64(0)
    for k in range(roots.size):
        if k + AHEAD < roots.size:
            prefetch(s.nodes, i64(roots[k + AHEAD]))
            prefetch(s.events, i64(roots[k + AHEAD]))
        begin = n
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
                row = i64(s.nodes[row]["run_next"])
                if row == first:
                    break
            first = next_member(s, first, i64(roots[k]))
        if 1 < n - begin <= SORTED_BY_HEAP:
            for i in range(begin, n):
                spare[i - begin] = members[i]
            sort_canonically(s.events, spare, n - begin)
            for i in range(begin, n):
                members[i] = spare[i - begin]
        ends[k] = n


@compiled
def first_members(members: Int32, ends: Int64, heads: Int32) -> None:
    """The first of the rows of each component."""
    for k in range(ends.size):
        heads[k] = members[ends[k - 1]] if k else members[0]


@compiled
def in_order(s: State, members: Int32, ends: Int64, order: Int64, hi: Words, lo: Words, t: Int64) -> None:
    """Identity and time of the members, component by component in the given order."""
    n = 0
    for k in order:
        for i in range(ends[k - 1] if k else 0, ends[k]):
            if i + AHEAD < members.size:
                prefetch(s.events, i64(members[i + AHEAD]))
            e = s.events[members[i]]
            hi[n] = e["uid_hi"]
            lo[n] = e["uid_lo"]
            t[n] = e["t"]
            n += 1


@compiled
def cores_in_order(s: State, members: Int32, ends: Int64, order: Int64, core: Flags) -> None:
    """Whether the occurrence of each member is core, component by component in the given order."""
    n = 0
    for k in order:
        for i in range(ends[k - 1] if k else 0, ends[k]):
            first = first_of(s.events, s.nodes, i64(members[i]))
            core[n] = s.dense[first]["count"] >= s.groups[s.events[first]["group"]]["m"]
            n += 1


@compiled
def release(s: State, members: Int32) -> None:
    """Forget the events of final components, but for their uids while the group remembers them."""
    if members.size == s.counters[LIVE_ROWS] and WIPED_FROM * members.size > max(s.ids.size, s.due.size):
        wipe(s, members)
        return
    for k in range(members.size):
        row = i64(members[k])
        e = s.events[row]
        if k + 2 * AHEAD < members.size:
            prefetch(s.events, i64(members[k + 2 * AHEAD]))
            prefetch(s.nodes, i64(members[k + 2 * AHEAD]))
        if k + AHEAD < members.size:
            o = s.events[members[k + AHEAD]]
            prefetch(s.ids, home(mixed(o["uid_hi"], o["uid_lo"]), s.ids.size))
            bucket = o["t"] // s.groups[o["group"]]["run"]
            tag = run_tag(o["subject"], o["kind"], o["state"], o["group"], bucket)
            prefetch(s.runs, home(tag, s.runs.size))
            if s.nodes[members[k + AHEAD]]["block"] >= 0:
                prefetch(s.blocks, i64(s.nodes[members[k + AHEAD]]["block"]))
        g = s.groups[e["group"]]
        tag = mixed(e["uid_hi"], e["uid_lo"])
        delete_id(s.ids, find_id(s.events, s.ids, tag, e["uid_hi"], e["uid_lo"]))
        s.counters[IDS] -= 1
        forget_run(s, row)
        if e["flags"] & PLACED and s.nodes[row]["block"] >= 0 and s.blocks[s.nodes[row]["block"]]["head"] >= 0:
            if g["m"] == 1 or s.blocks[s.nodes[row]["block"]]["count"] >= g["m"]:
                delete_block(s, row)  # all of it is of this component
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
        s.runs[slot]["lo"] = -1
    for slot in range(s.cells.size):
        s.cells[slot]["head"] = -1
    for group in range(s.due.shape[0]):
        for bucket in range(s.due.shape[1]):
            s.due[group, bucket] = -1
    for counter in (ROWS, LIVE_ROWS, BLOCKS, CELLS, IDS, RUNS, WAITINGS):
        s.counters[counter] = 0
    for counter in (FREE_ROW, FREE_BLOCK, FREE_WAITING):
        s.counters[counter] = -1
