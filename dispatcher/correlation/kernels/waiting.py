"""The due ring: which components the watermark may have made final (O10)."""

from dispatcher.correlation.columns import Int32
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, prefetch
from dispatcher.correlation.kernels.records import (
    DUE_MASK,
    FREE_WAITING,
    LINK,
    LIVE,
    ROOT,
    ROWS,
    UNSET,
    WAITERS,
    WAITERS_MAX,
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
    s.nodes[root]["due"] = bucket & DUE_MASK
    slot = bucket & (s.due.shape[1] - 1)
    at = i64(s.due[group, slot])
    if at < 0 or s.waiting[at + WAITERS] == WAITERS_MAX:
        at = new_link(s, at)
        s.due[group, slot] = at
    s.waiting[at + WAITERS] += 1
    s.waiting[at + WAITERS + s.waiting[at + WAITERS]] = root


@inlined
def new_link(s: State, following: int) -> int:
    """A link in which nobody waits, before another one or the end (-1)."""
    made = i64(s.counters[FREE_WAITING])
    if made >= 0:
        s.counters[FREE_WAITING] = s.waiting[made]
    else:
        made = i64(s.counters[WAITINGS])
        s.counters[WAITINGS] += LINK
    s.waiting[made] = following
    s.waiting[made + WAITERS] = 0
    return made


@inlined
def is_root(s: State, row: int, group: int) -> bool:
    e = s.events[row]
    return bool(
        e["flags"] & ROOT == ROOT
        and s.up[row] == row
        and e["group"] == group
        and (s.dense.size == 0 or s.dense[row]["near"] < 0)
    )


@inlined
def ask_for_link(s: State, at: int) -> None:
    """Have those who wait in a link brought near, and the link after it."""
    for k in range(at + WAITERS + 1, at + WAITERS + 1 + s.waiting[at + WAITERS]):
        row = i64(s.waiting[k])
        prefetch(s.nodes, row)
        prefetch(s.events, row)
        prefetch(s.up, row)
    if s.waiting[at] >= 0:
        prefetch(s.waiting, i64(s.waiting[at]))


@inlined
def waited(s: State, row: int, bucket: int, group: int) -> bool:
    """Whether a row that waited in a due bucket still stands for a component that did; it waits no more."""
    if s.nodes[row]["due"] != bucket & DUE_MASK:
        return False
    if not s.events[row]["flags"] & LIVE or s.events[row]["group"] != group:
        return False
    s.nodes[row]["due"] = -1
    return is_root(s, row, group)


@inlined
def collect_first(s: State, group: int, watermark: int, roots: Int32) -> int:
    """The same as `collect` at a group's first watermark, until which nobody waits."""
    found = 0
    for row in range(s.counters[ROWS]):
        if is_root(s, row, group):
            if s.nodes[row]["deadline"] < watermark:
                roots[found] = row
                found += 1
            else:
                queue(s, row)
    return found


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
    if initial:
        return collect_first(s, group, watermark, roots)
    found = 0
    kept = roots.size
    for bucket in range(base, min(new_base, base + s.due.shape[1] - 1) + 1):
        slot = bucket & (s.due.shape[1] - 1)
        at = i64(s.due[group, slot])
        s.due[group, slot] = -1
        while at >= 0:
            following = i64(s.waiting[at])
            if following >= 0:
                ask_for_link(s, following)
            for k in range(at + WAITERS + 1, at + WAITERS + 1 + s.waiting[at + WAITERS]):
                row = i64(s.waiting[k])
                if waited(s, row, bucket, group):
                    if s.nodes[row]["deadline"] < watermark:
                        roots[found] = row
                        found += 1
                    else:
                        kept -= 1
                        roots[kept] = row
            s.waiting[at] = s.counters[FREE_WAITING]
            s.counters[FREE_WAITING] = at
            at = following
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
