"""The columns in which events come to the correlation.

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
Tags = NDArray[np.uint32]
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
