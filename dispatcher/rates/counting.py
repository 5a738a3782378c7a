"""Counts of what happened, by series and bucket of time: exact, in any order and any batches (O8).

A series is whatever the caller numbers: in this product a kind in a community. The kernels are `kernels.counting` and
`kernels.finishing`; here are the arrays that they work in.
"""

from typing import Any, Final

import numpy as np

from dispatcher.correlation.columns import TIME_MS_MAX
from dispatcher.correlation.errors import ColumnInvalid
from dispatcher.rates.columns import (
    CELL,
    CELLS_MAX,
    EARLIEST,
    FINISHED,
    HELD,
    LATE,
    NO_BUCKET,
    REFUSED,
    TALLIES,
    Counted,
    Ints,
    Records,
)
from dispatcher.rates.kernels.counting import count, refill
from dispatcher.rates.kernels.finishing import due, finish

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
# Days of the city, UTC+8, begin eight hours before those of the universal time.
CITY_DAY_ORIGIN_MS: Final = -8 * HOUR_MS
# So many rows are counted between two looks at the room that is left.
ROWS_A_CALL: Final = 8_192
WEIGHT_MAX: Final = (1 << 31) - 1  # a sum of them stays in an int64
_SLOTS_MIN: Final = 64
_NONE: Final = np.zeros(0, np.int64)


class Counters:
    """Counts that grow row by row until a watermark passes the end of their bucket.

    Rows for a bucket that was handed out are `late`; rows that would need one cell more than `cells_max` are
    `refused`. Neither is ever lost unseen: what was counted = what was handed out + what is held + late + refused.
    Which rows the cap refuses depends on their order; nothing else does.
    """

    def __init__(self, width_ms: int, origin_ms: int = 0, *, cells_max: int = 1 << 22) -> None:
        if width_ms < 1 or cells_max < 1 or abs(origin_ms) > TIME_MS_MAX:
            raise ValueError(f"no buckets: {width_ms} ms from {origin_ms}, at most {cells_max}")
        self._width_ms = width_ms
        self._origin_ms = origin_ms
        self._cells: Records = np.zeros(_SLOTS_MIN, CELL)
        self._tally = np.zeros(TALLIES, np.int64)
        self._tally[CELLS_MAX] = cells_max
        self._tally[FINISHED] = -NO_BUCKET
        self._tally[EARLIEST] = NO_BUCKET

    @property
    def held(self) -> int:
        """How many counts are not handed out yet."""
        return int(self._tally[HELD])

    @property
    def late(self) -> int:
        return int(self._tally[LATE])

    @property
    def refused(self) -> int:
        return int(self._tally[REFUSED])

    def count(self, series: Any, at_ms: Any, weight: Any = None) -> None:
        """Add rows: the number of a series, a time, and how much it counts (1). Raises ColumnInvalid; then none is."""
        numbers, times = _column("series", series), _column("at_ms", at_ms)
        weights = _NONE if weight is None else _column("weight", weight)
        _check(numbers, times, weights if weight is not None else None)
        for first in range(0, numbers.size, ROWS_A_CALL):
            rows = slice(first, first + ROWS_A_CALL)
            some = numbers[rows]
            self._make_room(some.size)
            with np.errstate(over="ignore"):  # hashes wrap; numpy warns of it where the kernel runs uncompiled
                count(some, times[rows], weights[rows], self._width_ms, self._origin_ms, self._cells, self._tally)

    def finish(self, watermark_ms: int) -> Counted:
        """Hand out the counts of the buckets that end at the watermark or before, by bucket and series; forget them.

        A watermark that does not rise hands out nothing.
        """
        before = (watermark_ms - self._origin_ms) // self._width_ms
        if before <= self._tally[EARLIEST]:
            self._tally[FINISHED] = max(int(self._tally[FINISHED]), before)
            return Counted(_NONE, _NONE, _NONE)
        cells_due = due(self._cells, before)
        series, bucket, counted = (np.empty(cells_due, np.int64) for _ in range(3))
        kept: Records = np.zeros(_slots(self.held - cells_due), CELL)
        with np.errstate(over="ignore"):
            finish(self._cells, before, kept, self._tally, series, bucket, counted)
        self._cells = kept
        order = np.lexsort((series, bucket))
        return Counted(series[order], bucket[order] * self._width_ms + self._origin_ms, counted[order])

    def _make_room(self, rows: int) -> None:
        needed = _slots(min(self.held + rows, int(self._tally[CELLS_MAX])))
        if needed > self._cells.size:
            grown: Records = np.zeros(max(needed, 2 * self._cells.size), CELL)
            with np.errstate(over="ignore"):
                refill(self._cells, grown)
            self._cells = grown


def count_by_bucket(
    series: Any, at_ms: Any, weight: Any = None, *, width_ms: int = HOUR_MS, origin_ms: int = 0
) -> Counted:
    """The counts of all these rows, by bucket and series. Raises ColumnInvalid."""
    counters = Counters(width_ms, origin_ms, cells_max=max(1, len(series)))  # no more cells than rows: none is refused
    counters.count(series, at_ms, weight)
    return counters.finish(2 * TIME_MS_MAX)


def _slots(cells: int) -> int:
    return max(_SLOTS_MIN, 2 * cells)


def _column(name: str, given: Any) -> Ints:
    column = np.asarray(given)
    if column.size and not np.can_cast(column.dtype, np.int64):
        raise ColumnInvalid(name, f"holds {column.dtype} where whole numbers are expected")
    return np.require(column, np.int64, ["C", "W"])  # one layout: another would be compiled anew


def _check(series: Ints, at_ms: Ints, weight: Ints | None) -> None:
    for name, column in (("series", series), ("at_ms", at_ms), ("weight", weight)):
        if column is not None and column.shape != (series.size,):
            raise ColumnInvalid(name, f"has shape {column.shape} where {series.size} rows are expected")
    if not series.size:
        return
    if max(-int(at_ms.min()), int(at_ms.max())) > TIME_MS_MAX:
        raise ColumnInvalid("at_ms", f"holds a value beyond {TIME_MS_MAX}")
    if weight is not None and not 1 <= int(weight.min()) <= int(weight.max()) <= WEIGHT_MAX:
        raise ColumnInvalid("weight", f"holds a value outside [1, {WEIGHT_MAX}]")
