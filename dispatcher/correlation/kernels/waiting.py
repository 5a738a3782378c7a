"""The due ring: which components the watermark may have made final (O10)."""

from dispatcher.correlation.columns import Int32
from dispatcher.correlation.kernels.jit import compiled, i64, inlined
from dispatcher.correlation.kernels.records import (
    DUE_MASK,
    FREE_WAITING,
    LIVE,
    ROOT,
    ROWS,
    UNSET,
    WAITINGS,
    State,
)


@inlined
def queue(s: State, root: int) -> None:
    """Have a component looked at when its group's watermark passes its deadline; not before the first watermark.

    A later deadline is found out when it is looked at; for an earlier one it waits twice, and the later entry is stale.
    """
    group = i64(s.events[root]["group"])
    g = s.groups[group]
    if g["watermark"] == UNSET:
        return
    base = i64(g["due_base"])
    bucket = min(max(s.nodes[root]["deadline"] // g["due_width"], base), base + s.due.shape[1] - 1)
    waits = i64(s.nodes[root]["due"])
    if waits >= 0 and ((waits - base) & DUE_MASK) <= bucket - base:
        return
    entry = i64(s.counters[FREE_WAITING])
    if entry >= 0:
        s.counters[FREE_WAITING] = s.waiting[entry]["next"]
    else:
        entry = i64(s.counters[WAITINGS])
        s.counters[WAITINGS] += 1
    s.nodes[root]["due"] = bucket & DUE_MASK
    s.waiting[entry]["row"] = root
    s.waiting[entry]["next"] = s.due[group, bucket & (s.due.shape[1] - 1)]
    s.due[group, bucket & (s.due.shape[1] - 1)] = entry


@inlined
def is_root(s: State, row: int, group: int) -> bool:
    e = s.events[row]
    return bool(
        e["flags"] & ROOT == ROOT
        and s.up[row] == row
        and e["group"] == group
        and (s.dense.size == 0 or s.dense[row]["near"] < 0)
    )


@compiled
def collect(s: State, group: int, watermark: int, roots: Int32) -> int:
    """Raise a group's watermark and gather the roots of its components that are final; how many.

    `roots` has room for every live row: those that must wait on are gathered from its end and queued at last, because a
    chain that is still to be looked at may share its head with the chain that they go to.
    """
    g = s.groups[group]
    initial = g["watermark"] == UNSET
    base = i64(g["due_base"])
    new_base = i64(watermark) // g["due_width"]
    g["watermark"] = watermark
    g["due_base"] = new_base
    found = 0
    if initial:
        for row in range(s.counters[ROWS]):
            if is_root(s, row, group):
                if s.nodes[row]["deadline"] < watermark:
                    roots[found] = row
                    found += 1
                else:
                    queue(s, row)
        return found
    kept = roots.size
    for bucket in range(base, min(new_base, base + s.due.shape[1] - 1) + 1):
        entry = i64(s.due[group, bucket & (s.due.shape[1] - 1)])
        s.due[group, bucket & (s.due.shape[1] - 1)] = -1
        while entry >= 0:
            w = s.waiting[entry]
            after = i64(w["next"])
            w["next"] = s.counters[FREE_WAITING]
            s.counters[FREE_WAITING] = entry
            row = i64(w["row"])
            if (
                s.nodes[row]["due"] == bucket & DUE_MASK
                and s.events[row]["flags"] & LIVE
                and s.events[row]["group"] == group
            ):
                s.nodes[row]["due"] = -1
                if is_root(s, row, group):
                    if s.nodes[row]["deadline"] < watermark:
                        roots[found] = row
                        found += 1
                    else:
                        kept -= 1
                        roots[kept] = row
            entry = after
    for k in range(kept, roots.size):
        queue(s, i64(roots[k]))
    return found


@compiled
def start_at(s: State, group: int, watermark: int) -> None:
    """Set the first watermark of a group without giving out finals: they wait in the first due bucket."""
    g = s.groups[group]
    g["watermark"] = watermark
    g["due_base"] = i64(watermark) // g["due_width"]
    for row in range(s.counters[ROWS]):
        if is_root(s, row, group):
            queue(s, row)
