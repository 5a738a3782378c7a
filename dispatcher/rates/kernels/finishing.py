"""Finishing: what a watermark has passed is handed out and forgotten."""

from dispatcher.correlation.kernels.jit import compiled
from dispatcher.rates.columns import EARLIEST, FINISHED, HELD, NO_BUCKET, Ints, Records
from dispatcher.rates.kernels.counting import find_cell


@compiled
def due(cells: Records, before: int) -> int:
    """How many cells are of earlier buckets than `before`."""
    cells_due = 0
    for i in range(cells.size):
        if cells[i]["count"] > 0 and cells[i]["bucket"] < before:
            cells_due += 1
    return cells_due


@compiled
def finish(cells: Records, before: int, kept: Records, tally: Ints, series: Ints, bucket: Ints, counted: Ints) -> None:
    """Write the cells of earlier buckets than `before` to the last three, which have room for all that are due, in no
    order; move the others into `kept`, an empty table with more slots than they are.
    """
    written = 0
    tally[HELD] = 0
    tally[EARLIEST] = NO_BUCKET
    tally[FINISHED] = max(tally[FINISHED], before)
    for i in range(cells.size):
        cell = cells[i]
        if cell["count"] == 0:
            continue
        if cell["bucket"] < before:
            series[written] = cell["series"]
            bucket[written] = cell["bucket"]
            counted[written] = cell["count"]
            written += 1
        else:
            kept[find_cell(kept, cell["series"], cell["bucket"])] = cell
            tally[HELD] += 1
            tally[EARLIEST] = min(tally[EARLIEST], cell["bucket"])
