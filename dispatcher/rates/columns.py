"""Layouts of the rate kernels: the cells of the counters and the columns that go in and out of them.

Integers everywhere: a series is a number that the caller gives to a place and kind, times are milliseconds since 1970.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Records = NDArray[Any]

# One count of one series in one bucket; a count of 0: free.
CELL: Final = np.dtype([("bucket", "i8"), ("count", "i8"), ("series", "i8")])

# Positions in a tally.
HELD: Final = 0  # cells in use
CELLS_MAX: Final = 1  # more than these are never in use
LATE: Final = 2  # what came for a bucket that was handed out
REFUSED: Final = 3  # what would have needed a cell beyond CELLS_MAX
FINISHED: Final = 4  # buckets before this one were handed out
EARLIEST: Final = 5  # no cell in use is of an earlier bucket
TALLIES: Final = 6

NO_BUCKET: Final = 1 << 62  # later than any; negative, earlier than any


class Counted(NamedTuple):
    """Counts that are not 0, by the beginning of their bucket and the number of their series."""

    series: Ints
    begin_ms: Ints
    counts: Ints


class ScanRoom(NamedTuple):
    """What `cylinders` works in."""

    recent: Ints  # cases by place and age, places first
    at_place: Ints
    in_periods: Ints
    inside: Ints
