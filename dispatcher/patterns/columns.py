"""Layouts of the matcher: the columns of a batch and the flat records of the kernel's state.

Positions are integer decimetres, times integer milliseconds, a uid is two words in the order of its bytes; integers
everywhere, so no two machines can differ. A row is one event in one pattern.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Int8 = NDArray[np.int8]
Int16 = NDArray[np.int16]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Records = NDArray[Any]

NO_WATERMARK: Final = -(1 << 62)
ALWAYS: Final = 1 << 62
REACHED: Final = 32  # blocks that a row can reach: 27 of its cell's, 6 of its place's

ROW: Final = np.dtype(
    [
        ("t", "i8"), ("place", "i8"), ("uid_hi", "u8"), ("uid_lo", "u8"), ("mask", "i8"), ("signature", "u8"),
        ("x", "i4"), ("y", "i4"),
        ("next", "i4"),        # in the chain of its cell's block
        ("next_place", "i4"),  # in the chain of its place's block
        ("up", "i4"),          # towards the root of what matches have linked
        ("pattern", "i2"), ("flags", "i2"),
    ]
)  # fmt: skip

# One event that is known, in its newest revision: an older one must not come back.
KNOWN: Final = np.dtype(
    [
        ("uid_hi", "u8"), ("uid_lo", "u8"), ("revision", "i8"), ("content", "u8"), ("at", "i8"),
        ("first", "i4"),  # of its rows, which lie one behind the other
        ("count", "i4"),  # of its rows; none where it fills no step
    ]
)  # fmt: skip

# A slot of a hash table: a tag of the key, and where it stands among what is known, or among blocks; -1: free.
SLOT: Final = np.dtype([("tag", "u4"), ("row", "i4")])

# One block: a cell of side R_p, or a place, in a bucket of time, of one pattern.
BLOCK: Final = np.dtype(
    [
        ("k1", "i8"), ("k2", "i8"), ("bucket", "i8"),
        ("mask", "i8"),  # the steps that any of its rows fills
        ("head", "i4"),
        ("count", "i4"), ("pattern", "i2"), ("lane", "i2"),
    ]
)  # fmt: skip

PATTERN: Final = np.dtype(
    [
        ("radius2", "i8"), ("side", "i8"), ("window", "i8"), ("width", "i8"),
        ("begins", "i8"), ("ends", "i8"), ("watermark", "i8"),
        ("full", "i8"),     # steps that must be there
        ("anchors", "i8"),  # those among them from which the rest is measured
        ("absent", "i8"),   # the step that must not be there
        ("absent_after", "i2"),  # it counts behind the anchor only
        ("ordered", "i2"), ("steps", "i2"),
    ]
)  # fmt: skip


class State(NamedTuple):
    """Everything the kernel remembers, as flat arrays that grow between batches."""

    rows: Records
    known: Records
    names: Records  # slots of what is known, by uid
    blocks: Records
    slots: Records  # of blocks
    patterns: Records
    topological: Int16  # [pattern, n]: its steps, earlier ones first
    before: Int64  # [pattern, step]: the steps that must be earlier
    after: Int64  # [pattern, step]: the steps that must be later
    counters: Int64  # by the names in `kernels.index`


class Batch(NamedTuple):
    """Events in any revision, one array a column, and of each its lines: one a pattern of which it fills steps."""

    uid_hi: Words
    uid_lo: Words
    revision: Int64
    content: Words  # the content hash: with equal revisions the greater one stands
    t_ms: Int64
    x_dm: Int32
    y_dm: Int32
    located: Flags
    lines: Int64  # where the lines of each event begin, and the last ones end
    pattern: Int16  # by line
    mask: Int64  # by line
    place: Int64  # by line; 0: none, or the pattern does not ask for it


class Journal(NamedTuple):
    """Lists that one call fills, and scratch. Room for every row; made anew only when the rows are."""

    dirty: Int32  # anchors to be looked at again
    tags: Int64  # of the blocks that may lie within reach of one row,
    blocks: Int64  # and those that do
    near: Int32  # rows within reach of it,
    near_d2: Int64  # and their squared distances
    least: Int32  # by root: the position in `near` of the least uid to be linked; -1 between calls
    best: Int32  # positions in `near`, by step
    earliest: Int64
    latest: Int64
    lower: Int64
    upper: Int64
    found: Int32  # anchors whose match began, changed or ended
    holds: Int8  # whether it holds now
    witness: Int32  # [found, step]: rows
    witness_d2: Int64  # [found, step]
    links: Int32  # [n, 2]: rows that a match linked for the first time
    newest: Int32  # events of the batch that are new or newer than what is known,
    entry: Int32  # and where they stand among what is known
    counts: Int64  # of dirty, found, links, newest
