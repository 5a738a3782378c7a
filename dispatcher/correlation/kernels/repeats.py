"""Occurrences (O2): events of one series that follow each other within G are one, whatever order they come in."""

from dispatcher.correlation.kernels.canonical import before, sort_canonically
from dispatcher.correlation.kernels.components import first_of, prolong
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, u8, u32
from dispatcher.correlation.kernels.noting import note_gone, note_pending
from dispatcher.correlation.kernels.records import FIRST, RUNS, Journal, State
from dispatcher.correlation.kernels.tables import delete_row, find_run, run_tag


@compiled
def joined(s: State, j: Journal, a: int, b: int, cause: int) -> int:
    """Make one occurrence of two (both rows are first events); the first event of the result."""
    if before(s.events, b, a):
        a, b = b, a
    note_gone(s, j, b, cause)
    s.events[b]["flags"] &= u8(255 - FIRST)
    last = i64(s.nodes[b]["end"])
    s.nodes[b]["end"] = a
    rest = s.run_next[a]
    s.run_next[a] = s.run_next[b]
    s.run_next[b] = rest
    if s.events[last]["t"] > s.events[s.nodes[a]["end"]]["t"]:
        s.nodes[a]["end"] = last
        prolong(s, a)
    return a


@inlined
def tag_in_series(s: State, row: int) -> int:
    """The tag of an event's G bucket in its series."""
    e = s.events[row]
    bucket = e["t"] // s.groups[e["group"]]["run"]
    return run_tag(e["subject"], e["kind"], e["state"], e["group"], bucket)


@inlined
def join_runs(s: State, j: Journal, row: int, cause: int, tag: int) -> bool:
    """Put an event into its series: alone, or into the occurrence it repeats or bridges; whether it repeats.

    `tag` is that of its G bucket.
    """
    e = s.events[row]
    e["flags"] |= u8(FIRST)
    s.run_next[row] = row
    s.nodes[row]["end"] = row
    t = i64(e["t"])
    g = s.groups[e["group"]]
    run = i64(g["run"])
    bucket = t // run
    slot = find_run(s.events, s.runs, tag, row, run, bucket)
    first = row
    earliest = True
    latest = True
    other = i64(s.runs[slot]["row"])
    if other < 0:
        s.runs[slot]["tag"] = u32(tag)
        s.runs[slot]["row"] = row
        s.counters[RUNS] += 1
    else:
        earliest = t < s.events[other]["t"]
        if earliest:
            s.runs[slot]["row"] = row
        other = first_of(s.events, s.nodes, other)
        # What goes on into the next bucket is joined with it already.
        latest = t > s.events[s.nodes[other]["end"]]["t"]
        first = joined(s, j, row, other, cause)
    if run > 1:
        if earliest:
            tag = run_tag(e["subject"], e["kind"], e["state"], e["group"], bucket - 1)
            slot = find_run(s.events, s.runs, tag, row, run, bucket - 1)
            other = i64(s.runs[slot]["row"])
            if other >= 0:
                # Either it reaches into this bucket and is joined already, or its last event lies in the one before.
                other = first_of(s.events, s.nodes, other)
                if other != first and t - s.events[s.nodes[other]["end"]]["t"] <= g["gap"]:
                    first = joined(s, j, first, other, cause)
        if latest:
            tag = run_tag(e["subject"], e["kind"], e["state"], e["group"], bucket + 1)
            slot = find_run(s.events, s.runs, tag, row, run, bucket + 1)
            other = i64(s.runs[slot]["row"])
            if other >= 0 and s.events[other]["t"] - t <= g["gap"]:
                other = first_of(s.events, s.nodes, other)
                if other != first:
                    first = joined(s, j, first, other, cause)
    if first == row:
        note_pending(s, j, row)
    return bool(s.run_next[row] != row)


@compiled
def leave_run(s: State, j: Journal, row: int) -> None:
    """Take an event out of its occurrence; the events left form one, two or no occurrences again."""
    first = first_of(s.events, s.nodes, row)
    note_gone(s, j, first, row)
    at = first
    while True:
        forget_run(s, at, tag_in_series(s, at))
        at = i64(s.run_next[at])
        if at == first:
            break
    count = 0
    at = first
    while True:
        if at != row:
            j.scratch[count] = at
            count += 1
        at = i64(s.run_next[at])
        if at == first:
            break
    sort_canonically(s.events, j.scratch, count)
    for k in range(count):
        again = i64(j.scratch[k])
        join_runs(s, j, again, row, tag_in_series(s, again))


@inlined
def forget_run(s: State, row: int, tag: int) -> None:
    """Delete the G bucket of a row's series, whose tag is given, if it is there."""
    e = s.events[row]
    run = i64(s.groups[e["group"]]["run"])
    slot = find_run(s.events, s.runs, tag, row, run, e["t"] // run)
    if s.runs[slot]["row"] >= 0:
        delete_row(s.runs, slot)
        s.counters[RUNS] -= 1
