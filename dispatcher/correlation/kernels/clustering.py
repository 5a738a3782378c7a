"""Clustering (O4, O5): pending occurrences enter the index and join what they link to."""

from dispatcher.correlation.columns import Int32, Int64
from dispatcher.correlation.kernels.components import first_of, holder, root_of, stand_alone, united
from dispatcher.correlation.kernels.density import count_in, no_border
from dispatcher.correlation.kernels.index import first_near, hit, nearness, place
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, prefetch, u8, u64
from dispatcher.correlation.kernels.records import (
    AHEAD,
    ALTERED,
    FIRST,
    LOCATED,
    NEXT_COMPONENT,
    PARTLY,
    PENDING,
    PLACED,
    STAGE,
    SURVEYS,
    TOLD,
    UNNAMED,
    WITHIN,
    Journal,
    State,
)
from dispatcher.correlation.kernels.surroundings import ask_ahead, own_corner
from dispatcher.correlation.kernels.waiting import queue


@inlined
def link(s: State, j: Journal, row: int, number: int) -> None:
    """Unite the row's component with those of all occurrences linked to it; `number` is that of its survey."""
    group = i64(s.events[row]["group"])
    side = s.groups[group]["side"]
    bucket = s.groups[group]["bucket"]
    own = i64(s.nodes[row]["block"])
    root = root_of(s.up, row)
    settled = True
    n = 0
    tb = j.spots[number, 2]
    for gt in range((tb - 1) >> 2, ((tb + 1) >> 2) + 1):
        for gy in range((j.spots[number, 1] - 2) >> 2, ((j.spots[number, 1] - 2) >> 2) + 2):
            for gx in range((j.spots[number, 0] - 2) >> 2, ((j.spots[number, 0] - 2) >> 2) + 2):
                near = j.nears[number, n]
                at = first_near(s, i64(j.slots[number, n]), j.tags[number, n], near, gx, gy, gt, group)
                n += 1
                while at >= 0:
                    b = s.blocks[at]
                    p = i64(b["place"])
                    if (near >> u64(p)) & u64(1) and at != own:
                        other = root_of(s.up, i64(b["head"]))
                        if other != root:
                            x0 = (4 * gx + (p & 3)) * side
                            y0 = (4 * gy + ((p >> 2) & 3)) * side
                            how = nearness(s, row, at, x0, y0, (4 * gt + (p >> 4)) * bucket)
                            if how == WITHIN or (how == PARTLY and hit(s, row, at)):
                                root = united(s, j, root, other, row)
                            else:
                                settled = False
                                b["settled"] = 0
                    at = i64(b["next"])
    s.blocks[own]["settled"] = 1 if settled else 0


@inlined
def enter(s: State, j: Journal, row: int, number: int) -> None:
    """Place a pending occurrence, surveyed if it has a place, and join what it links to."""
    stand_alone(s, row)
    if s.dense.size:
        no_border(s, row)
        s.dense[row]["count"] = 1
    e = s.events[row]
    e["flags"] |= u8(PLACED)
    if not e["flags"] & LOCATED:
        s.nodes[row]["block"] = -1
        return
    spot = j.spots[number]
    n = own_corner(j, number)
    fresh = place(s, row, spot[0], spot[1], spot[2], i64(j.slots[number, n]), i64(j.tags[number, n]))
    if not fresh:
        united(s, j, row, root_of(s.up, i64(s.nodes[row]["block_next"])), row)
        if s.blocks[s.nodes[row]["block"]]["settled"]:
            return
    link(s, j, row, number)


@compiled
def enter_all(s: State, j: Journal, pending: Int32) -> None:
    """Place occurrences that the batch made or changed; with m > 1 they are joined when all are placed."""
    last = i64(0)
    for k in range(-4 * STAGE, pending.size):
        last = ask_ahead(s, j, pending, k, last)
        if k < 0:
            continue
        row = i64(pending[k])
        flags = s.events[row]["flags"]
        if flags & FIRST and flags & PENDING:
            if s.groups[s.events[row]["group"]]["m"] > 1:
                count_in(s, j, row)
            else:
                enter(s, j, row, i64(j.survey_of[k % SURVEYS]))
        s.events[row]["flags"] &= u8(255 - PENDING)


@compiled
def name_rows(s: State, rows: Int32, shortened: bool, components: Int64, firsts: Int32) -> None:
    """The component's handle and the first event of each row's occurrence; new components get handles and are queued.

    `shortened` if the deadlines of these rows' components may have become earlier.
    """
    for i in range(rows.size):
        if i + 2 * AHEAD < rows.size and rows[i + 2 * AHEAD] >= 0:
            prefetch(s.events, i64(rows[i + 2 * AHEAD]))
            prefetch(s.up, i64(rows[i + 2 * AHEAD]))
        if i + AHEAD < rows.size and rows[i + AHEAD] >= 0:
            prefetch(s.nodes, i64(rows[i + AHEAD]))
            prefetch(s.nodes, i64(s.up[rows[i + AHEAD]]))
        row = i64(rows[i])
        if row < 0:
            components[i] = UNNAMED
            firsts[i] = -1
            continue
        s.events[row]["flags"] &= u8(255 - TOLD - ALTERED)
        first = first_of(s.events, s.nodes, row)
        root = root_of(s.up, holder(s, first))
        if s.nodes[root]["component"] < 0:
            s.nodes[root]["component"] = s.counters[NEXT_COMPONENT]
            s.counters[NEXT_COMPONENT] += 1
        if shortened or s.nodes[root]["due"] < 0:
            queue(s, root)
        components[i] = s.nodes[root]["component"]
        firsts[i] = first
