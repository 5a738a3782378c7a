"""Counting: rows are added to the cell of their series and bucket."""

from dispatcher.correlation.kernels.jit import compiled, i64, inlined
from dispatcher.correlation.kernels.tables import after, home, mixed
from dispatcher.rates.columns import CELLS_MAX, EARLIEST, FINISHED, HELD, LATE, REFUSED, Ints, Records


@inlined
def find_cell(cells: Records, series: int, bucket: int) -> int:
    """The slot that holds this cell, or the free one where it belongs: a table is never full."""
    slot = home(mixed(series, bucket), cells.size)
    while cells[slot]["count"] > 0 and not (cells[slot]["series"] == series and cells[slot]["bucket"] == bucket):
        slot = after(slot, cells.size)
    return slot


@compiled
def count(series: Ints, at_ms: Ints, weight: Ints, width_ms: int, origin_ms: int, cells: Records, tally: Ints) -> None:
    """Add rows to their cells; `weight` is empty where each row is one, else above 0.

    A bucket begins at a multiple of `width_ms` from `origin_ms`. The caller has made room: `cells` has more slots than
    min(HELD + rows, CELLS_MAX).
    """
    for i in range(series.size):
        added = weight[i] if weight.size else i64(1)
        bucket = (at_ms[i] - origin_ms) // width_ms
        if bucket < tally[FINISHED]:
            tally[LATE] += added
            continue
        slot = find_cell(cells, series[i], bucket)
        if cells[slot]["count"] == 0:
            if tally[HELD] >= tally[CELLS_MAX]:
                tally[REFUSED] += added
                continue
            tally[HELD] += 1
            cells[slot]["series"] = series[i]
            cells[slot]["bucket"] = bucket
            tally[EARLIEST] = min(tally[EARLIEST], bucket)
        cells[slot]["count"] += added


@compiled
def refill(old: Records, new: Records) -> None:
    """Move every cell into a larger, empty table."""
    for i in range(old.size):
        if old[i]["count"] > 0:
            new[find_cell(new, old[i]["series"], old[i]["bucket"])] = old[i]
