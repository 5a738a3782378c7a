"""Occurrences (O2): events of one series that follow each other within G are one, whatever order they come in."""

from dispatcher.correlation.kernels.canonical import before, sort_canonically
from dispatcher.correlation.kernels.components import first_of, prolong
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, u8, u32
from dispatcher.correlation.kernels.noting import note_gone, note_pending
from dispatcher.correlation.kernels.records import FIRST, RUNS, Journal, State
from dispatcher.correlation.kernels.tables import delete_run, find_run, run_tag


@compiled
def joined(s: State, j: Journal, a: int, b: int, cause: int) -> int:
    """Make one occurrence of two (both rows are first events); the first event of the result."""
    if before(s.events, b, a):
        a, b = b, a
    note_gone(s, j, b, cause)
    s.events[b]["flags"] &= u8(255 - FIRST)
    s.nodes[b]["first"] = a
    rest = s.nodes[a]["run_next"]
    s.nodes[a]["run_next"] = s.nodes[b]["run_next"]
    s.nodes[b]["run_next"] = rest
    if s.events[s.nodes[b]["tail"]]["t"] > s.events[s.nodes[a]["tail"]]["t"]:
        s.nodes[a]["tail"] = s.nodes[b]["tail"]
        prolong(s, a)
    return a


@inlined
def join_runs(s: State, j: Journal, row: int, cause: int) -> bool:
    """Put an event into its series: alone, or into the occurrence it repeats or bridges; whether it repeats."""
    e = s.events[row]
    e["flags"] |= u8(FIRST)
    s.nodes[row]["first"] = row
    s.nodes[row]["run_next"] = row
    s.nodes[row]["tail"] = row
    t = i64(e["t"])
    g = s.groups[e["group"]]
    run = i64(g["run"])
    bucket = t // run
    tag = run_tag(e["subject"], e["kind"], e["state"], e["group"], bucket)
    slot = find_run(s.events, s.runs, tag, row, run, bucket)
    first = row
    earliest = True
    latest = True
    lo = i64(s.runs[slot]["lo"])
    if lo < 0:
        s.runs[slot]["tag"] = u32(tag)
        s.runs[slot]["lo"] = row
        s.runs[slot]["hi"] = row
        s.counters[RUNS] += 1
    else:
        earliest = t < s.events[lo]["t"]
        latest = t > s.events[s.runs[slot]["hi"]]["t"]
        if earliest:
            s.runs[slot]["lo"] = row
        if latest:
            s.runs[slot]["hi"] = row
        first = joined(s, j, row, first_of(s.events, s.nodes, lo), cause)
    if run > 1:
        if earliest:
            tag = run_tag(e["subject"], e["kind"], e["state"], e["group"], bucket - 1)
            slot = find_run(s.events, s.runs, tag, row, run, bucket - 1)
            if s.runs[slot]["lo"] >= 0 and t - s.events[s.runs[slot]["hi"]]["t"] <= g["gap"]:
                other = first_of(s.events, s.nodes, i64(s.runs[slot]["hi"]))
                if other != first:
                    first = joined(s, j, first, other, cause)
        if latest:
            tag = run_tag(e["subject"], e["kind"], e["state"], e["group"], bucket + 1)
            slot = find_run(s.events, s.runs, tag, row, run, bucket + 1)
            if s.runs[slot]["lo"] >= 0 and s.events[s.runs[slot]["lo"]]["t"] - t <= g["gap"]:
                other = first_of(s.events, s.nodes, i64(s.runs[slot]["lo"]))
                if other != first:
                    first = joined(s, j, first, other, cause)
    if first == row:
        note_pending(s, j, row)
    return bool(s.nodes[row]["run_next"] != row)


@compiled
def leave_run(s: State, j: Journal, row: int) -> None:
    """Take an event out of its occurrence; the events left form one, two or no occurrences again."""
    first = first_of(s.events, s.nodes, row)
    note_gone(s, j, first, row)
    at = first
    while True:
        forget_run(s, at)
        at = i64(s.nodes[at]["run_next"])
        if at == first:
            break
    count = 0
    at = first
    while True:
        if at != row:
            j.scratch[count] = at
            count += 1
        at = i64(s.nodes[at]["run_next"])
        if at == first:
            break
    sort_canonically(s.events, j.scratch, count)
    for k in range(count):
        join_runs(s, j, i64(j.scratch[k]), row)


@inlined
def forget_run(s: State, row: int) -> None:
    """Delete the G bucket of a row's series, if it is there."""
    e = s.events[row]
    run = i64(s.groups[e["group"]]["run"])
    bucket = e["t"] // run
    tag = run_tag(e["subject"], e["kind"], e["state"], e["group"], bucket)
    slot = find_run(s.events, s.runs, tag, row, run, bucket)
    if s.runs[slot]["lo"] >= 0:
        delete_run(s.runs, slot)
        s.counters[RUNS] -= 1
