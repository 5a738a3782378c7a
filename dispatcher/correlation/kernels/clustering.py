"""Clustering (O4, O5): pending occurrences enter the index and join what they link to."""

from dispatcher.correlation.columns import Int32, Int64
from dispatcher.correlation.kernels.components import first_of, holder, root_of, stand_alone, united
from dispatcher.correlation.kernels.density import count_in, no_border
from dispatcher.correlation.kernels.index import hit, place, reach, within
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, prefetch, u8, u64
from dispatcher.correlation.kernels.records import (
    AHEAD,
    ALTERED,
    FIRST,
    LOCATED,
    NEXT_COMPONENT,
    PENDING,
    PLACED,
    TOLD,
    UNNAMED,
    Journal,
    State,
)
from dispatcher.correlation.kernels.tables import cell_tag, find_cell
from dispatcher.correlation.kernels.waiting import queue


@inlined
def link(s: State, j: Journal, row: int, sx: int, sy: int, tb: int, fresh: bool) -> None:
    """Unite the row's component with those of all occurrences linked to it; `fresh` if its block has just been made."""
    e = s.events[row]
    group = i64(e["group"])
    bucket = s.groups[group]["bucket"]
    side = s.groups[group]["side"]
    own = i64(s.nodes[row]["block"])
    root = root_of(s.nodes, row)
    settled = True
    for gt in range((tb - 1) >> 2, ((tb + 1) >> 2) + 1):
        bits = reach(tb - 4 * gt, 1)
        buckets = (bits & 1) | (bits & 2) << 15 | (bits & 4) << 30 | (bits & 8) << 45
        for gy in range((sy - 2) >> 2, ((sy + 2) >> 2) + 1):
            bits = reach(sy - 4 * gy, 2)
            lines = ((bits & 1) | (bits & 2) << 3 | (bits & 4) << 6 | (bits & 8) << 9) * buckets
            for gx in range((sx - 2) >> 2, ((sx + 2) >> 2) + 1):
                cell = s.cells[find_cell(s.cells, cell_tag(gx, gy, gt, group), gx, gy, gt, group)]
                if cell["head"] < 0:
                    continue
                near = u64(reach(sx - 4 * gx, 2) * lines)
                if cell["places"] & near == u64(0):
                    continue
                at = i64(cell["head"])
                while at >= 0:
                    b = s.blocks[at]
                    if (near >> u64(b["place"])) & u64(1) and at != own:
                        p = i64(b["place"])
                        x0 = (4 * gx + (p & 3)) * side
                        inside = within(s, row, at, x0, (4 * gy + ((p >> 2) & 3)) * side, (4 * gt + (p >> 4)) * bucket)
                        joined_already = False
                        if inside or not fresh:
                            other = root_of(s.nodes, i64(b["head"]))
                            joined_already = other == root
                            if inside and not joined_already and hit(s, row, at):
                                root = united(s, j, root, other, row)
                                joined_already = True
                        if not joined_already:
                            # Perhaps no neighbour of one component any more: when unsure, both look again.
                            settled = False
                            b["settled"] = 0
                    at = i64(b["next"])
    s.blocks[own]["settled"] = 1 if settled else 0


@inlined
def enter(s: State, j: Journal, row: int) -> None:
    """Place a pending occurrence and join what it links to."""
    stand_alone(s, row)
    if s.dense.size:
        no_border(s, row)
        s.dense[row]["count"] = 1
    e = s.events[row]
    e["flags"] |= u8(PLACED)
    if not e["flags"] & LOCATED:
        s.nodes[row]["block"] = -1
        return
    g = s.groups[e["group"]]
    sx = i64(e["x"]) // g["side"]
    sy = i64(e["y"]) // g["side"]
    tb = e["t"] // g["bucket"]
    fresh = place(s, row, sx, sy, tb)
    if not fresh:
        united(s, j, row, root_of(s.nodes, i64(s.nodes[row]["block_next"])), row)
        if s.blocks[s.nodes[row]["block"]]["settled"]:
            return
    link(s, j, row, sx, sy, tb, fresh)


@compiled
def enter_all(s: State, j: Journal, pending: Int32) -> None:
    """Place occurrences that the batch made or changed; with m > 1 they are joined when all are placed."""
    for k in range(pending.size):
        row = i64(pending[k])
        if k + AHEAD < pending.size:
            prefetch(s.events, i64(pending[k + AHEAD]))
            prefetch(s.nodes, i64(pending[k + AHEAD]))
        flags = s.events[row]["flags"]
        s.events[row]["flags"] = flags & u8(255 - PENDING)
        if flags & FIRST and flags & PENDING:
            if s.groups[s.events[row]["group"]]["m"] > 1:
                count_in(s, j, row)
            else:
                enter(s, j, row)


@compiled
def name_rows(s: State, rows: Int32, shortened: bool, components: Int64, firsts: Int32) -> None:
    """The component's handle and the first event of each row's occurrence; new components get handles and are queued.

    `shortened` if the deadlines of these rows' components may have become earlier.
    """
    for i in range(rows.size):
        row = i64(rows[i])
        if row < 0:
            components[i] = UNNAMED
            firsts[i] = -1
            continue
        s.events[row]["flags"] &= u8(255 - TOLD - ALTERED)
        first = first_of(s.events, s.nodes, row)
        root = root_of(s.nodes, holder(s, first))
        if s.nodes[root]["component"] < 0:
            s.nodes[root]["component"] = s.counters[NEXT_COMPONENT]
            s.counters[NEXT_COMPONENT] += 1
        if shortened or s.nodes[root]["due"] < 0:
            queue(s, root)
        components[i] = s.nodes[root]["component"]
        firsts[i] = first
