"""Takes an occurrence out of the index and, with m > 1, out of its neighbours' counts."""

from dispatcher.correlation.kernels.index import gather, leave_block, linked, near_within
from dispatcher.correlation.kernels.jit import compiled, i32, i64
from dispatcher.correlation.kernels.records import COREDS, GONES, Journal, State


@compiled
def withdraw(s: State, j: Journal, row: int) -> None:
    """Take an occurrence out of the index and out of its neighbours' counts; those that are core no more are noted."""
    own = i64(s.nodes[row]["block"])
    if own < 0:
        return
    m = i64(s.groups[s.events[row]["group"]]["m"])
    near = gather(s, j, row)
    only_one = s.nodes[row]["block_next"] < 0 and s.blocks[own]["head"] == row
    # The position is read below: the row's own record stands until the caller changes it.
    leave_block(s, row)
    for k in range(-1, near):
        at = own if k < 0 else i64(j.near[k])
        if k < 0 and (only_one or s.blocks[own]["count"] >= m):
            continue
        b = s.blocks[at]
        b["settled"] = 0
        if k >= 0 and (b["count"] >= m or not near_within(s, j, row, k)):
            continue
        other = i64(b["head"])
        while other >= 0:
            if linked(s, row, other):
                if s.dense[other]["count"] < m:
                    s.dense[other]["count"] -= 1
                else:
                    j.cored[j.counts[COREDS]] = other  # counted again below, since that gathers other blocks
                    j.counts[COREDS] += 1
            other = i64(s.nodes[other]["block_next"])
    recount_noted(s, j, row, m)


@compiled
def recount_noted(s: State, j: Journal, cause: int, m: int) -> None:
    """Count again those in `cored`, and note in `gone` which are core no more."""
    for k in range(j.counts[COREDS]):
        row = i64(j.cored[k])
        count = i64(1)
        own = i64(s.nodes[row]["block"])
        near = gather(s, j, row)
        for i in range(-1, near):
            at = own if i < 0 else i64(j.near[i])
            if i >= 0 and not near_within(s, j, row, i):
                continue
            other = i64(s.blocks[at]["head"])
            while other >= 0 and count < m:
                if other != row and linked(s, row, other):
                    count += 1
                other = i64(s.nodes[other]["block_next"])
        if count < m:
            s.dense[row]["count"] = i32(count)
            j.gone[j.counts[GONES]] = row
            j.gone_by[j.counts[GONES]] = cause
            j.counts[GONES] += 1
    j.counts[COREDS] = 0
