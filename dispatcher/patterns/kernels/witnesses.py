"""Which rows fill the steps around an anchor: the nearest of each, in the pattern's order where it has one."""

from dispatcher.correlation.kernels.jit import compiled, i64, inlined
from dispatcher.patterns.columns import ALWAYS, NO_WATERMARK, Journal, State
from dispatcher.patterns.kernels.index import is_before


@inlined
def nearer(s: State, j: Journal, anchor: int, a: int, b: int) -> bool:
    """Whether position `a` of `near` is the better witness: (d^2, |dt|, t, uid)."""
    if j.near_d2[a] != j.near_d2[b]:
        return bool(j.near_d2[a] < j.near_d2[b])
    p = s.rows[j.near[a]]
    q = s.rows[j.near[b]]
    t = s.rows[anchor]["t"]
    if abs(p["t"] - t) != abs(q["t"] - t):
        return bool(abs(p["t"] - t) < abs(q["t"] - t))
    if p["t"] != q["t"]:
        return bool(p["t"] < q["t"])
    return is_before(s, j.near[a], j.near[b])


@compiled
def choose(s: State, j: Journal, row: int, count: int) -> bool:
    """Whether every step that must be there has a row; the nearest of each is in `j.best`."""
    p = s.patterns[s.rows[row]["pattern"]]
    for step in range(p["steps"]):
        j.best[step] = -1
        if (p["full"] >> step) & 1 == 0:
            continue
        for k in range(count):
            if (s.rows[j.near[k]]["mask"] >> step) & 1 and (j.best[step] < 0 or nearer(s, j, row, k, j.best[step])):
                j.best[step] = k
        if j.best[step] < 0:
            return False
    return True


@compiled
def set_earliest(s: State, j: Journal, pattern: int, step: int, count: int) -> bool:
    """The earliest row of a step behind the earliest of those before it; False where there is none."""
    j.lower[step] = NO_WATERMARK
    for other in range(s.patterns[pattern]["steps"]):
        if (s.before[pattern, step] >> other) & 1:
            j.lower[step] = max(j.lower[step], j.earliest[other])
    j.earliest[step] = ALWAYS
    for k in range(count):
        o = s.rows[j.near[k]]
        if (o["mask"] >> step) & 1 and o["t"] > j.lower[step] and (j.best[step] < 0 or j.best[step] == k):
            j.earliest[step] = min(j.earliest[step], o["t"])
    return bool(j.earliest[step] != ALWAYS)


@compiled
def set_latest(s: State, j: Journal, pattern: int, step: int, count: int) -> None:
    """The latest row of a step before the latest of those behind it."""
    j.upper[step] = ALWAYS
    for other in range(s.patterns[pattern]["steps"]):
        if (s.after[pattern, step] >> other) & 1:
            j.upper[step] = min(j.upper[step], j.latest[other])
    j.latest[step] = NO_WATERMARK
    for k in range(count):
        o = s.rows[j.near[k]]
        if (o["mask"] >> step) & 1 and o["t"] < j.upper[step] and (j.best[step] < 0 or j.best[step] == k):
            j.latest[step] = max(j.latest[step], o["t"])


@compiled
def bound(s: State, j: Journal, pattern: int, count: int) -> bool:
    """Set the times, bounds excluded, between which each step leaves the rest possible; False where nothing is.

    Steps whose `j.best` is set stay as they are. A row of a step is possible iff the steps before it can take their
    earliest rows and all others their latest.
    """
    p = s.patterns[pattern]
    for n in range(p["steps"]):
        step = i64(s.topological[pattern, n])
        if (p["full"] >> step) & 1 and not set_earliest(s, j, pattern, step, count):
            return False
    for n in range(p["steps"] - 1, -1, -1):
        step = i64(s.topological[pattern, n])
        if (p["full"] >> step) & 1:
            set_latest(s, j, pattern, step, count)
    return True


@compiled
def choose_in_order(s: State, j: Journal, row: int, count: int) -> bool:
    """As `choose`, and in the pattern's order: step by step the nearest row that leaves the rest possible."""
    pattern = i64(s.rows[row]["pattern"])
    p = s.patterns[pattern]
    for step in range(p["steps"]):
        j.best[step] = -1
    if not bound(s, j, pattern, count):
        return False
    for step in range(p["steps"]):
        if (p["full"] >> step) & 1 == 0:
            continue
        best = -1
        for k in range(count):
            o = s.rows[j.near[k]]
            possible = (o["mask"] >> step) & 1 and j.lower[step] < o["t"] < j.upper[step]
            if possible and (best < 0 or nearer(s, j, row, k, best)):
                best = k
        j.best[step] = best
        bound(s, j, pattern, count)
    return True


@compiled
def is_contradicted(s: State, j: Journal, row: int, count: int) -> bool:
    """Whether the step that must be absent is there."""
    e = s.rows[row]
    p = s.patterns[e["pattern"]]
    for k in range(count):
        o = s.rows[j.near[k]]
        if o["mask"] & p["absent"] and (p["absent_after"] == 0 or o["t"] > e["t"]):
            return True
    return False
