"""Taking components apart: what loses a member is joined again from the others. Nothing else ever splits."""

from dispatcher.correlation.kernels.canonical import before
from dispatcher.correlation.kernels.clustering import link
from dispatcher.correlation.kernels.components import (
    first_of,
    holder,
    next_member,
    one_name,
    root_of,
    stand_alone,
    united,
)
from dispatcher.correlation.kernels.density import is_dense, no_border, note_loose
from dispatcher.correlation.kernels.index import leave_block
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, u8
from dispatcher.correlation.kernels.noting import tell
from dispatcher.correlation.kernels.records import (
    ALTERED,
    COREDS,
    END,
    FIRST,
    GONE,
    GONES,
    HEIR,
    NAME,
    PENDING,
    PLACED,
    UNNAMED,
    Journal,
    State,
)
from dispatcher.correlation.kernels.surroundings import find_slots, survey
from dispatcher.correlation.kernels.withdrawing import withdraw


@compiled
def take_apart(s: State, j: Journal) -> None:
    """Undo the components that lose an occurrence or a core, and join their other members again."""
    take_out(s, j)
    parts = list_broken(s, j)
    kept = i64(0)
    start = i64(0)
    for k in range(parts):
        name = i64(j.broken[k, NAME])
        heir = i64(-1)
        for m in range(start, j.broken[k, END]):
            row = i64(j.scratch[m])
            if s.events[row]["flags"] & GONE:
                leave_block(s, row)
                s.events[row]["flags"] &= u8(255 - PLACED - GONE)
            else:
                tell(s, j, row, name)
                j.scratch[kept] = row
                kept += 1
                if heir < 0 or goes_before(s, row, heir):
                    heir = row
            stand_alone(s, row)
            if s.dense.size:
                no_border(s, row)
            s.nodes[row]["component"] = UNNAMED
        if heir >= 0:
            s.nodes[heir]["component"] = name
        start = i64(j.broken[k, END])
        j.broken[k, HEIR] = heir
    for k in range(parts):
        if j.broken[k, HEIR] < 0:
            # Nobody is left: the handle goes to the occurrence that the events of a lost one belong to now.
            heir = first_of(s.events, s.nodes, i64(j.gone[k]))
            if s.events[heir]["flags"] & PLACED:
                heir = root_of(s.up, holder(s, heir))
            name = i64(j.broken[k, NAME])
            s.nodes[heir]["component"] = one_name(j, s.nodes[heir]["component"], name, i64(j.gone_by[k]))
    for k in range(kept):
        rejoin(s, j, i64(j.scratch[k]))


@compiled
def take_out(s: State, j: Journal) -> None:
    """Keep what is where it was after all; take the others out of the counts of their neighbours."""
    for k in range(j.counts[GONES]):
        row = i64(j.gone[k])
        flags = s.events[row]["flags"]
        if flags & GONE and flags & FIRST and flags & PENDING and not flags & ALTERED:
            s.events[row]["flags"] &= u8(255 - GONE - PENDING)
        elif flags & GONE and s.nodes[row]["block"] >= 0 and s.groups[s.events[row]["group"]]["m"] > 1:
            withdraw(s, j, row)


@inlined
def goes_before(s: State, row: int, heir: int) -> bool:
    """Who keeps the handle: a core before others, then the earlier."""
    if s.dense.size and is_dense(s, row) != is_dense(s, heir):
        return is_dense(s, row)
    return before(s.events, row, heir)


@compiled
def rejoin(s: State, j: Journal, row: int) -> None:
    """Join a kept member of a component that was taken apart, with m > 1 at the end of the batch."""
    block = i64(s.nodes[row]["block"])
    if block < 0:
        return
    e = s.events[row]
    g = s.groups[e["group"]]
    if g["m"] > 1:
        s.blocks[block]["settled"] = 0
        if is_dense(s, row):
            j.cored[j.counts[COREDS]] = row
            j.counts[COREDS] += 1
        else:
            note_loose(j, row)
        return
    other = root_of(s.up, i64(s.blocks[block]["head"]))
    root = root_of(s.up, row)
    if other != root:
        united(s, j, root, other, row)
    number = survey(s, j, row, 0)
    find_slots(s, j, number)
    link(s, j, row, number)


@compiled
def list_broken(s: State, j: Journal) -> int:
    """Note the components that lose an occurrence, their members, and one of the lost (in `gone`); how many."""
    parts = 0
    for k in range(j.counts[GONES]):
        root = root_of(s.up, holder(s, i64(j.gone[k])))
        if s.nodes[root]["component"] >= 0:
            j.broken[parts, NAME] = s.nodes[root]["component"]
            s.nodes[root]["component"] = UNNAMED
            j.gone[parts], j.gone[k] = j.gone[k], j.gone[parts]
            j.gone_by[parts], j.gone_by[k] = j.gone_by[k], j.gone_by[parts]
            parts += 1
    size = i64(0)
    for k in range(parts):
        root = root_of(s.up, holder(s, i64(j.gone[k])))
        at = root
        while at >= 0:
            j.scratch[size] = at
            size += 1
            at = next_member(s, at, root)
        j.broken[k, END] = size
    return parts
