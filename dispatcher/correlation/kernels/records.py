"""Layouts of the kernels' state: flat records that grow between batches, and what their bits and numbers mean."""

from typing import Final, NamedTuple

import numpy as np

from dispatcher.correlation.columns import NO_WATERMARK, Flags, Int32, Int64, Records, Tags, Words

# One event: 64 bytes, a cache line.
EVENT: Final = np.dtype(
    [
        ("uid_hi", "u8"), ("uid_lo", "u8"), ("t", "i8"), ("subject", "i8"), ("revision", "i8"), ("content", "u8"),
        ("x", "i4"), ("y", "i4"), ("kind", "i2"), ("state", "i2"), ("group", "i2"), ("severity", "u1"), ("flags", "u1"),
    ],
    align=True,
)  # fmt: skip

# What else is known of the event of the same row. 32 bytes: what is followed from row to row (State.up, ring, run_next)
# stands in arrays of its own, of which many rows fit a cache.
NODE: Final = np.dtype(
    [
        ("component", "i8"),  # of a root: the handle of the component
        ("deadline", "i8"),  # of a root: the component is final once the watermark is greater
        ("end", "i4"),  # of a first event: the last event of its occurrence; of another: towards the first
        ("block", "i4"),  # of first events
        ("block_next", "i4"),
        ("due", "i4"),  # of a root: the due bucket it waits in, or -1; of a free row: the next free row
    ],
    align=True,
)

# Of the occurrence of the same row, where a group has m > 1. 20 bytes, and none where all groups have m = 1.
DENSE: Final = np.dtype(
    [
        ("count", "i4"),  # neighbours, itself included; m where there are more: it is core
        ("near", "i4"),  # of a border: the core it is attached to, else -1
        ("best", "i4"),  # the nearest core that a batch has found so far; as `near` between batches
        ("next", "i4"),  # chain of a core and its borders, from the core on
        ("prev", "i4"),
    ],
    align=True,
)

# A block: located occurrences of one group within one (quadrant, time bucket), so all mutually linked. 20 bytes.
BLOCK: Final = np.dtype(
    [
        ("head", "i4"), ("next", "i4"),
        # Limits of the members since the corner of the quadrant and the start of the bucket, in steps of the group's
        # 2^fine: rounded outwards when they are read, so what they exclude is out of reach.
        ("x0", "u1"), ("x1", "u1"), ("y0", "u1"), ("y1", "u1"), ("t0", "u1"), ("t1", "u1"),
        ("place", "u1"),  # which bit of its cell
        ("settled", "u1"),  # all adjacent blocks belong to its component
        ("count", "u2"),  # of its members, BLOCK_COUNT_MAX if there are more
        ("tally", "u2"),  # of those that this batch has admitted and will place; counted while blocks are guarded
    ],
    align=True,
)  # fmt: skip

# A cell of 4 x 4 quadrants x 4 time buckets in the open-addressing table, with the chain of its blocks. 16 bytes: which
# cell it is is known from any event of it.
CELL: Final = np.dtype([("places", "u8"), ("tag", "u4"), ("head", "i4")], align=True)

# Of an event by its uid, and of the earliest event of a series in a G bucket.
ROW_SLOT: Final = np.dtype([("tag", "u4"), ("row", "i4")], align=True)
CLOSED_SLOT: Final = np.dtype([("uid_hi", "u8"), ("uid_lo", "u8"), ("t", "i8"), ("group", "i4")], align=True)

GROUP: Final = np.dtype(
    [
        ("radius2", "i8"), ("side", "i8"), ("window", "i8"), ("bucket", "i8"), ("gap", "i8"), ("run", "i8"),
        ("fine", "i8"), ("fine_t", "i8"),  # steps of 2^fine dm and 2^fine_t ms: a byte spans a quadrant, a time bucket
        ("m", "i8"), ("hold", "i8"),  # how long after its last occurrence a component can still change
        ("remember", "i8"), ("due_width", "i8"), ("due_base", "i8"), ("watermark", "i8"),
    ],
    align=True,
)  # fmt: skip

COUNTERS: Final = (
    "free_row", "rows", "live", "free_block", "blocks", "cells", "ids", "runs", "closed", "next_component", "walked",
    "free_waiting", "waiting", "live_max", "capped", "block_max", "fullest", "guarded", "crowded",
)  # fmt: skip


class State(NamedTuple):
    """Everything the kernel remembers, as flat arrays that grow between batches."""

    events: Records
    nodes: Records
    up: Int32  # of first events: towards the root of the component
    ring: Int32  # of first events: ring of the occurrences of the component
    run_next: Int32  # ring of the events of the occurrence
    dense: Records
    blocks: Records
    cells: Records
    ids: Records
    runs: Records
    closed: Records
    waiting: Int32  # links of 64 bytes: where the next one begins, how many rows wait in this one, and which
    due: Int32  # [group, due bucket] where the first link in `waiting` begins; of a power of two of buckets
    groups: Records
    counters: Int64  # by the position of the name in COUNTERS


class Journal(NamedTuple):
    """Lists that one batch fills: the rows to place, the rows to take out, what they belonged to, and merges."""

    pending: Int32
    gone: Int32
    gone_by: Int32  # the event that caused it
    told: Int32
    told_of: Int64
    merges: Int64  # [n, 3]: winning handle, losing handle, row of the bridging event
    scratch: Int32
    broken: Int64  # [n, 3]: components taken apart: handle, end of its members in scratch, heir of the handle
    cored: Int32  # rows that turned core, or are joined again
    loose: Int32  # rows that are no core and look for one
    dirty: Int32  # rows that found a nearer core
    moved: Int32  # borders that went to another component
    left: Int32  # the roots of what they left
    slot_tags: Tags  # [SLOTS_AHEAD, 2]: of the uid and the series of the rows that are to be admitted next
    spots: Int64  # [SURVEYS, 5]: quadrants, time bucket and group of where surveyed rows lie; how many cells are near
    tags: Tags  # [SURVEYS, CORNERS]: of those cells
    nears: Words  # [SURVEYS, CORNERS]: which places of each are within reach
    slots: Int32  # [SURVEYS, CORNERS]: from which slot on each of those cells is looked for
    survey_of: Int32  # [SURVEYS]: which survey a row ahead goes by
    near: Int32  # blocks around one occurrence
    near_at: Int64  # [n, 3]: their corner and the start of their bucket: x, y, t
    counts: Int64  # of pending, gone, told, merges, cored, loose, dirty, moved


class Links(NamedTuple):
    """Located occurrences of one group in canonical order, and the nearest link of each that a search finds."""

    x: Int64
    y: Int64
    t: Int64
    radius2: int
    window: int
    parent: Int32  # the earlier found end of the link; -1 starts a tree
    d2: Int64
    dt: Int64
    inside: Flags


# Bits of EVENT.flags; a row without LIVE is free.
LIVE: Final = 1
LOCATED: Final = 2
FIRST: Final = 4  # first event of its occurrence
PLACED: Final = 8  # in the index and in a component
PENDING: Final = 16  # to be placed at the end of this batch
GONE: Final = 32  # to be taken out at the end of this batch
TOLD: Final = 64  # new in this batch, or its former component is noted already
ALTERED: Final = 128  # corrected in this batch: it is not where the index has it
ROOT: Final = LIVE | FIRST | PLACED

# Positions in State.counters, as columns.COUNTERS names them.
FREE_ROW: Final = 0
ROWS: Final = 1
LIVE_ROWS: Final = 2
FREE_BLOCK: Final = 3
BLOCKS: Final = 4
CELLS: Final = 5
IDS: Final = 6
RUNS: Final = 7
CLOSED: Final = 8
NEXT_COMPONENT: Final = 9
WALKED: Final = 10
FREE_WAITING: Final = 11
WAITINGS: Final = 12
LIVE_MAX: Final = 13  # not a count: how many rows may live at once
CAPPED: Final = 14  # events that were not taken in for that
BLOCK_MAX: Final = 15  # not a count: how many members fill a block
FULLEST: Final = 16  # no block has more members than this
GUARDED: Final = 17  # not a count: whether this batch could fill a block
CROWDED: Final = 18  # events that were not taken in because their block was full

# Which counter says how many records of an arena were ever used; tables have no such end.
OF_ROWS: Final = ("events", "nodes", "up", "ring", "run_next", "dense")
USED_OF: Final = {**dict.fromkeys(OF_ROWS, ROWS), "blocks": BLOCKS, "waiting": WAITINGS}

# Positions in Journal.counts.
PENDINGS: Final = 0
GONES: Final = 1
TOLDS: Final = 2
MERGES: Final = 3
COREDS: Final = 4
LOOSES: Final = 5
DIRTIES: Final = 6
MOVES: Final = 7
COUNTS: Final = 8

# Of a link of the chain of a due bucket.
LINK: Final = 16
WAITERS: Final = 1  # where it says how many rows wait in it; before that the next link is given, after it the rows
WAITERS_MAX: Final = 14

# Columns of Journal.broken.
NAME: Final = 0  # the component's handle
END: Final = 1  # of its members in `scratch`
HEIR: Final = 2  # the member that keeps the handle

# Values of the status column, as answers.Status names them.
CLUSTERED: Final = 0
REPEAT: Final = 1
DUPLICATE: Final = 2
SUPERSEDED: Final = 3
CORRECTED: Final = 4
LATE: Final = 5
UNLOCATED: Final = 6
CLOSED_EVENT: Final = 7
CAPPED_EVENT: Final = 8
CROWDED_EVENT: Final = 9

# Values of the role column, as answers.Role names them.
CORE: Final = 0
BORDER: Final = 1
NOISE: Final = 2

# Odd words that the numbers of a cell are multiplied by.
KEY_X: Final = 0x9E3779B97F4A7C15
KEY_Y: Final = 0xC2B2AE3D27D4EB4F
KEY_T: Final = 0x165667B19E3779F9

# How a block lies to what an occurrence reaches.
BEYOND: Final = 0
PARTLY: Final = 1
WITHIN: Final = 2

PROBED_BYTES: Final = 64  # of a table are asked for beyond the line of a slot
BLOCK_COUNT_MAX: Final = 60_000
AROUND: Final = 74  # blocks within two quadrants and one time bucket of a block
WIPED_FROM: Final = 8  # a table is wiped for at least an eighth of its slots
SORTED_BITS: Final = 20  # so many pending rows are sorted at once by where they are
STAGE: Final = 6  # rows between the stages of asking for memory
SURVEYS: Final = 32  # more than the rows that are looked ahead
CACHED_BLOCKS: Final = 1 << 17  # fewer are found in a cache without being asked for
CORNERS: Final = 8  # cells that R and T reach into at most
AHEAD: Final = 8  # rows between asking for memory and using it
SLOTS_AHEAD: Final = 16  # more than AHEAD, and a power of two
UNNAMED: Final = -1  # a component without a handle yet
LEFT_OUT: Final = -2  # less a block: instead of a row, of an event that is not taken in because the block is full
UNSET: Final = NO_WATERMARK
SORTED_BY_INSERTION: Final = 32
SORTED_BY_HEAP: Final = 256  # members of a component; for more, numpy's sort is faster
DUE_MASK: Final = 0x7FFFFFFF  # what is kept of a due bucket's number
