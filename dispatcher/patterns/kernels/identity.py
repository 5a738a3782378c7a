"""Who is known: the newest revision of each event, by uid, and where its rows lie."""

from typing import Final

from dispatcher.correlation.columns import Words
from dispatcher.correlation.kernels.jit import compiled, i64, inlined, u32
from dispatcher.correlation.kernels.tables import find_id, mixed
from dispatcher.patterns.columns import Batch, Flags, Int32, Records, State
from dispatcher.patterns.kernels.index import KNOWN

CHOSEN: Final = -2
"""KNOWN.first of what the batch at hand brings anew: this less its place among them. -1: no rows."""


@inlined
def find_known(known: Records, names: Records, hi: int, lo: int) -> int:
    """Where this uid stands among what is known, or -1."""
    return i64(names[find_id(known, names, mixed(hi, lo), hi, lo)]["row"])


@inlined
def is_newer(revision: int, content: int, k: Records) -> bool:
    """Whether (revision, content) is greater than that of what is known."""
    if revision != k["revision"]:
        return bool(revision > k["revision"])
    return bool(content > k["content"])


@compiled
def admit(s: State, c: Batch, i: int) -> int:
    """Know event `i` of a batch; where it stands, or -1 where as new a revision is known already."""
    hi = c.uid_hi[i]
    lo = c.uid_lo[i]
    tag = mixed(hi, lo)
    slot = find_id(s.known, s.names, tag, hi, lo)
    at = i64(s.names[slot]["row"])
    if at >= 0:
        if not is_newer(c.revision[i], c.content[i], s.known[at]):
            return -1
    else:
        at = i64(s.counters[KNOWN])
        s.counters[KNOWN] = at + 1
        s.names[slot]["tag"] = u32(tag)
        s.names[slot]["row"] = at
        s.known[at]["uid_hi"] = hi
        s.known[at]["uid_lo"] = lo
        s.known[at]["first"] = -1
        s.known[at]["count"] = 0
    k = s.known[at]
    k["revision"] = c.revision[i]
    k["content"] = c.content[i]
    k["at"] = c.t_ms[i]
    return at


@compiled
def look_up(known: Records, names: Records, hi: Words, lo: Words, found: Int32) -> None:
    """Where each uid stands among what is known, or -1."""
    for i in range(hi.size):
        found[i] = find_known(known, names, hi[i], lo[i])


@compiled
def keep_known(s: State, new: State, moved: Int32, spent_ms: int) -> None:
    """Copy into the empty tables of `new` what has rows or may still be reached; rows are where `moved` says."""
    for at in range(s.counters[KNOWN]):
        k = s.known[at]
        first = -1
        count = 0
        for row in range(k["first"], k["first"] + k["count"]):
            if moved[row] >= 0:
                if count == 0:
                    first = i64(moved[row])
                count += 1
        if count > 0 or k["at"] >= spent_ms:
            to = i64(new.counters[KNOWN])
            new.counters[KNOWN] = to + 1
            new.known[to] = k
            new.known[to]["first"] = first
            new.known[to]["count"] = count
            tag = mixed(k["uid_hi"], k["uid_lo"])
            slot = find_id(new.known, new.names, tag, k["uid_hi"], k["uid_lo"])
            new.names[slot]["tag"] = u32(tag)
            new.names[slot]["row"] = to


@compiled
def supersedes(s: State, c: Batch, found: Flags) -> None:
    """Of each event of a batch whether an older revision is known."""
    for i in range(c.t_ms.size):
        at = find_known(s.known, s.names, c.uid_hi[i], c.uid_lo[i])
        found[i] = at >= 0 and is_newer(c.revision[i], c.content[i], s.known[at])
