"""Counts what grading looks at of many sets of events at once: their kinds by the earliest, classes and subjects."""

from dispatcher.correlation.kernels.jit import compiled, inlined
from dispatcher.correlation.kernels.tables import after, home, mixed
from dispatcher.risk.columns import Counted, Int64, Reports

FEW = 8
"""Of so many events each is held against all before it; of more the subjects go through a table."""


@inlined
def _is_before(r: Reports, a: int, b: int) -> bool:
    """By (time, uid)."""
    if r.t_ms[a] != r.t_ms[b]:
        return bool(r.t_ms[a] < r.t_ms[b])
    if r.uid_hi[a] != r.uid_hi[b]:
        return bool(r.uid_hi[a] < r.uid_hi[b])
    return bool(r.uid_lo[a] < r.uid_lo[b])


@inlined
def _subjects(r: Reports, order: Int64, begin: int, end: int, table: Int64) -> int:
    """Distinct subjects of a set; `table` has room for twice its events."""
    count = 0
    if end - begin <= FEW:
        for at in range(begin, end):
            earlier = begin
            while r.subject[order[earlier]] != r.subject[order[at]]:
                earlier += 1
            if earlier == at:
                count += 1
        return count
    size = 2 * (end - begin)
    for slot in range(size):
        table[slot] = -1
    for at in range(begin, end):
        subject = r.subject[order[at]]
        slot = home(mixed(subject, 0), size)
        while table[slot] >= 0 and r.subject[table[slot]] != subject:
            slot = after(slot, size)
        if table[slot] < 0:
            table[slot] = order[at]
            count += 1
    return count


@inlined
def _take(r: Reports, event: int, begin: int, rows: int, counted: Counted) -> int:
    """Take an event into its set, whose rows begin there; returns how many rows there are then."""
    row = begin
    while row < rows and counted.kind[row] != r.kind[event]:
        row += 1
    if row == rows:
        counted.kind[row] = r.kind[event]
        counted.first[row] = event
        counted.colour[row] = r.colour[event]
        return rows + 1
    if _is_before(r, event, counted.first[row]):
        counted.first[row] = event
    if r.colour[event] > 0 and (counted.colour[row] == 0 or r.colour[event] < counted.colour[row]):
        counted.colour[row] = r.colour[event]
    return rows


@inlined
def _sort(r: Reports, begin: int, end: int, counted: Counted) -> None:
    """Put the rows of a set in the order of their earliest events; there are few."""
    for row in range(begin + 1, end):
        kind, first, colour = counted.kind[row], counted.first[row], counted.colour[row]
        at = row
        while at > begin and _is_before(r, first, counted.first[at - 1]):
            counted.kind[at] = counted.kind[at - 1]
            counted.first[at] = counted.first[at - 1]
            counted.colour[at] = counted.colour[at - 1]
            at -= 1
        counted.kind[at] = kind
        counted.first[at] = first
        counted.colour[at] = colour


@inlined
def _group(set_of: Int64, ends: Int64, order: Int64) -> None:
    """The events of each set one behind the other: those of set k end before ends[k]."""
    for k in range(ends.size):
        ends[k] = 0
    for event in range(set_of.size):
        ends[set_of[event]] += 1
    total = 0
    for k in range(ends.size):  # for now where they begin
        total, ends[k] = total + ends[k], total
    for event in range(set_of.size):
        order[ends[set_of[event]]] = event
        ends[set_of[event]] += 1


@compiled
def tally(r: Reports, ends: Int64, order: Int64, table: Int64, counted: Counted) -> int:
    """Count every set; returns how many rows there are.

    `ends` has a place for each set, `order` for each event, `table` for twice as many.
    """
    _group(r.set_of, ends, order)
    rows = begin = 0
    for k in range(ends.size):
        counted.starts[k] = rows
        classes = 0
        counted.life[k] = False
        for at in range(begin, ends[k]):
            event = order[at]
            classes |= 1 << r.source_class[event]
            counted.life[k] |= r.life[event]
            rows = _take(r, event, counted.starts[k], rows, counted)
        _sort(r, counted.starts[k], rows, counted)
        counted.subjects[k] = _subjects(r, order, begin, ends[k], table)
        counted.classes[k] = 0
        while classes:
            counted.classes[k] += 1
            classes &= classes - 1
        begin = ends[k]
    counted.starts[ends.size] = rows
    return rows
