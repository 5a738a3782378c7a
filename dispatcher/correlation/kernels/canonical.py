"""Canonical order, (t, uid), of rows of the state."""

from dispatcher.correlation.columns import Int32, Int64, Records
from dispatcher.correlation.kernels.jit import compiled, i64, inlined


@inlined
def before(events: Records, a: int, b: int) -> bool:
    """Canonical order: (t, uid)."""
    p = events[a]
    q = events[b]
    if p["t"] != q["t"]:
        return bool(p["t"] < q["t"])
    if p["uid_hi"] != q["uid_hi"]:
        return bool(p["uid_hi"] < q["uid_hi"])
    return bool(p["uid_lo"] < q["uid_lo"])


@inlined
def insert_canonically(events: Records, rows: Int32, times: Int64, count: int) -> None:
    """Insertion sort of a few rows by (t, uid); `times` is overwritten."""
    for k in range(count):
        row = rows[k]
        t = events[row]["t"]
        i = k
        while i > 0 and (t < times[i - 1] or (t == times[i - 1] and before(events, i64(row), i64(rows[i - 1])))):
            times[i] = times[i - 1]
            rows[i] = rows[i - 1]
            i -= 1
        times[i] = t
        rows[i] = row


@compiled
def sort_canonically(events: Records, rows: Int32, count: int) -> None:
    """Heap sort of the first `count` rows by (t, uid)."""
    for start in range(count // 2 - 1, -1, -1):
        sift(events, rows, start, count)
    for end in range(count - 1, 0, -1):
        rows[0], rows[end] = rows[end], rows[0]
        sift(events, rows, 0, end)


@compiled
def sift(events: Records, rows: Int32, at: int, end: int) -> None:
    while True:
        child = 2 * at + 1
        if child >= end:
            return
        if child + 1 < end and before(events, rows[child], rows[child + 1]):
            child += 1
        if not before(events, rows[at], rows[child]):
            return
        rows[at], rows[child] = rows[child], rows[at]
        at = child


@compiled
def order_ties(events: Records, heads: Int32, order: Int64) -> None:
    """Put rows that are in order of time into canonical order: insertion within equal times."""
    for k in range(1, order.size):
        moved = order[k]
        i = k
        while i > 0 and before(events, i64(heads[moved]), i64(heads[order[i - 1]])):
            order[i] = order[i - 1]
            i -= 1
        order[i] = moved
