"""Layouts of the correlation: the columns of a batch and the flat records of the kernel's state.

Positions are integer decimetres in a local plane, times integer milliseconds, a uid is 128 bits as two words whose
order is that of its 16 bytes. Integers everywhere: no two machines can differ.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatcher.correlation.errors import ColumnInvalid

POSITION_DM_MAX: Final = 1_000_000_000  # squared distances of any two such positions fit in an int64
TIME_MS_MAX: Final = 1 << 60
NO_WATERMARK: Final = -(1 << 62)  # before the first `advance` nothing is late

Int8 = NDArray[np.int8]
Int16 = NDArray[np.int16]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Records = NDArray[Any]


class EventColumns(NamedTuple):
    """A batch of events, one array a column, all of one length; make it with `event_columns`."""

    uid_hi: Words
    uid_lo: Words
    revision: Int64  # the source's own; with equal revisions the greater content hash wins
    content: Words  # 64-bit hash of the delivered content
    t_ms: Int64
    x_dm: Int32
    y_dm: Int32
    located: Flags
    group: Int16  # row of the GroupTable
    subject: Int64  # the device, or whatever else repeats
    kind: Int16
    state: Int16
    severity: NDArray[np.uint8]


COLUMN_TYPES: Final[dict[str, type[np.generic]]] = {
    "uid_hi": np.uint64,
    "uid_lo": np.uint64,
    "revision": np.int64,
    "content": np.uint64,
    "t_ms": np.int64,
    "x_dm": np.int32,
    "y_dm": np.int32,
    "located": np.bool_,
    "group": np.int16,
    "subject": np.int64,
    "kind": np.int16,
    "state": np.int16,
    "severity": np.uint8,
}


def event_columns(
    uids: Sequence[bytes] | tuple[Words, Words],
    *,
    t_ms: Any,
    x_dm: Any,
    y_dm: Any,
    subject: Any,
    located: Any = True,
    group: Any = 0,
    kind: Any = 0,
    state: Any = 0,
    severity: Any = 1,
    revision: Any = 0,
    content: Any = 0,
) -> EventColumns:
    """Columns of the right types and lengths; a scalar is repeated for every row. Raises ColumnInvalid."""
    hi, lo = uids if isinstance(uids, tuple) else uid_words(uids)
    given = {
        "uid_hi": hi, "uid_lo": lo, "revision": revision, "content": content, "t_ms": t_ms, "x_dm": x_dm, "y_dm": y_dm,
        "located": located, "group": group, "subject": subject, "kind": kind, "state": state, "severity": severity,
    }  # fmt: skip
    made = {name: _column(name, value, hi.size) for name, value in given.items()}
    columns = EventColumns(**made)
    if hi.size:
        _within("x_dm", columns.x_dm, POSITION_DM_MAX)
        _within("y_dm", columns.y_dm, POSITION_DM_MAX)
        _within("t_ms", columns.t_ms, TIME_MS_MAX)
    return columns


def uid_words(uids: Sequence[bytes]) -> tuple[Words, Words]:
    """16-byte uids as two words whose numerical order is the order of the bytes. Raises ColumnInvalid."""
    joined = b"".join(uids)
    if len(joined) != 16 * len(uids):
        raise ColumnInvalid("uid", "every uid has 16 bytes")
    words = np.frombuffer(joined, dtype=">u8").astype(np.uint64).reshape(-1, 2)
    return np.ascontiguousarray(words[:, 0]), np.ascontiguousarray(words[:, 1])


def uid_bytes(hi: int, lo: int) -> bytes:
    """The 16 bytes of a uid from its two words."""
    return int(hi).to_bytes(8, "big") + int(lo).to_bytes(8, "big")


def _column(name: str, value: Any, size: int) -> Any:
    dtype = np.dtype(COLUMN_TYPES[name])
    column = np.asarray(value)
    if column.dtype != dtype and column.size:
        converted = column.astype(dtype)
        if not np.array_equal(converted, column):
            raise ColumnInvalid(name, f"holds values that are no {dtype.name}")
        column = converted
    if column.ndim == 0:
        return np.full(size, column, dtype=dtype)
    if column.shape != (size,):
        raise ColumnInvalid(name, f"has shape {column.shape} where {size} rows are expected")
    return np.ascontiguousarray(column, dtype=dtype)


def _within(name: str, column: Int32 | Int64, limit: int) -> None:
    if int(column.max()) > limit or int(column.min()) < -limit:
        raise ColumnInvalid(name, f"holds a value beyond {limit}")


# One event: 64 bytes, a cache line.
EVENT: Final = np.dtype(
    [
        ("uid_hi", "u8"), ("uid_lo", "u8"), ("t", "i8"), ("subject", "i8"), ("revision", "i8"), ("content", "u8"),
        ("x", "i4"), ("y", "i4"), ("kind", "i2"), ("state", "i2"), ("group", "i2"), ("severity", "u1"), ("flags", "u1"),
    ],
    align=True,
)  # fmt: skip

# What links the event of the same row to others: its occurrence, its component, its block. 48 bytes.
NODE: Final = np.dtype(
    [
        ("first", "i4"),  # towards the first event of its occurrence
        ("run_next", "i4"),  # ring of the events of its occurrence
        ("tail", "i4"),  # of a first event: the last event of its occurrence
        ("up", "i4"),  # towards the root of its component (first events only, as everything below)
        ("ring", "i4"),  # ring of the occurrences of its component
        ("block", "i4"),
        ("block_next", "i4"),
        ("due", "i4"),  # of a root: the due bucket it waits in, or -1; of a free row: the next free row
        ("component", "i8"),  # of a root: the handle of the component
        ("deadline", "i8"),  # of a root: the component is final once the watermark is greater
    ],
    align=True,
)

# A block: located occurrences of one group within one (quadrant, time bucket), so all mutually linked. 36 bytes.
BLOCK: Final = np.dtype(
    [
        ("head", "i4"), ("next", "i4"), ("x0", "i4"), ("x1", "i4"), ("y0", "i4"), ("y1", "i4"),
        ("t0", "i4"), ("t1", "i4"),  # since the start of the bucket
        ("place", "u1"),  # which bit of its cell
        ("settled", "u1"),  # all adjacent blocks belong to its component
    ],
    align=True,
)  # fmt: skip

# A cell of 4 x 4 quadrants x 4 time buckets in the open-addressing table, with the chain of its blocks. 32 bytes.
CELL: Final = np.dtype(
    [("tz", "i8"), ("places", "u8"), ("gx", "i4"), ("gy", "i4"), ("group", "i4"), ("head", "i4")], align=True
)

ID_SLOT: Final = np.dtype([("tag", "u4"), ("row", "i4")], align=True)
RUN_SLOT: Final = np.dtype(
    [("tag", "u4"), ("lo", "i4"), ("hi", "i4")], align=True
)  # earliest, latest event in a G bucket
CLOSED_SLOT: Final = np.dtype([("uid_hi", "u8"), ("uid_lo", "u8"), ("t", "i8"), ("group", "i4")], align=True)

GROUP: Final = np.dtype(
    [
        ("radius2", "i8"), ("side", "i8"), ("window", "i8"), ("bucket", "i8"), ("gap", "i8"), ("run", "i8"),
        ("remember", "i8"), ("due_width", "i8"), ("due_base", "i8"), ("watermark", "i8"),
    ],
    align=True,
)  # fmt: skip

WAITING: Final = np.dtype([("row", "i4"), ("next", "i4")], align=True)  # an entry in the chain of a due bucket

DUE_BUCKETS: Final = 4096  # fixed: what is due later waits in the last bucket and is looked at again

COUNTERS: Final = (
    "free_row", "rows", "live", "free_block", "blocks", "cells", "ids", "runs", "closed", "next_component", "walked",
    "free_waiting", "waiting",
)  # fmt: skip


class State(NamedTuple):
    """Everything the kernel remembers, as flat arrays that grow between batches."""

    events: Records
    nodes: Records
    blocks: Records
    cells: Records
    ids: Records
    runs: Records
    closed: Records
    waiting: Records
    due: Int32  # [group, DUE_BUCKETS] heads of chains in `waiting`
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
    counts: Int64  # of pending, gone, told, merges


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
