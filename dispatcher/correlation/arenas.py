"""The kernel's memory: made empty, and grown before a call so that no insertion can fail half-way."""

import mmap
from typing import Any, Final

import numpy as np

from dispatcher.correlation.columns import NO_WATERMARK, Records
from dispatcher.correlation.groups import Group, GroupTable
from dispatcher.correlation.kernels import records, tables
from dispatcher.correlation.kernels.records import (
    BLOCK,
    CELL,
    CLOSED_SLOT,
    COUNTERS,
    DENSE,
    EVENT,
    GROUP,
    NODE,
    ROW_SLOT,
    Journal,
    State,
)

ROWS_AT_FIRST: Final = 64
MAPPED_ROWS: Final = 4_096  # larger arenas lie in address space of their own
ADDRESS_ROWS: Final = 1 << 25  # above LIVE_MAX
SMALL_PAGES_BYTES: Final = 4 << 20  # what a small arena never fills is not worth a huge page
DUE_BUCKETS_MAX: Final = 8_192  # what is due later waits in the last one and is looked at again
# A table that would be fuller than this is made larger: four or eight slots share a cache line, a long probe is cheap.
FULL_PCT: Final = 78
ROOMY_PCT: Final = 92  # of it, in one just made larger


def empty_state(groups: GroupTable, live_max: int, block_max: int) -> State:
    """A state without events that takes in so many at once, and so many into one block."""
    counters = np.zeros(len(COUNTERS), np.int64)
    counters[[records.FREE_ROW, records.FREE_BLOCK, records.FREE_WAITING]] = -1
    counters[records.LIVE_MAX] = live_max
    counters[records.BLOCK_MAX] = block_max
    counters[records.FULLEST] = 1
    return State(
        events=np.zeros(ROWS_AT_FIRST, EVENT),
        nodes=np.zeros(ROWS_AT_FIRST, NODE),
        up=np.zeros(ROWS_AT_FIRST, np.int32),
        ring=np.zeros(ROWS_AT_FIRST, np.int32),
        run_next=np.zeros(ROWS_AT_FIRST, np.int32),
        dense=np.zeros(ROWS_AT_FIRST if any(group.m > 1 for group in groups) else 0, DENSE),
        blocks=np.zeros(ROWS_AT_FIRST, BLOCK),
        cells=_empty_table(CELL, "head", ROWS_AT_FIRST),
        ids=_empty_table(ROW_SLOT, "row", ROWS_AT_FIRST),
        runs=_empty_table(ROW_SLOT, "row", ROWS_AT_FIRST),
        closed=_empty_table(CLOSED_SLOT, "group", ROWS_AT_FIRST),
        waiting=np.zeros(ROWS_AT_FIRST, np.int32),
        due=np.full((len(groups), _due_buckets(groups)), -1, np.int32),
        groups=_group_records(groups),
        counters=counters,
    )


def _group_records(groups: GroupTable) -> Records:
    made = np.zeros(len(groups), GROUP)
    for record, group in zip(made, groups, strict=True):
        record["radius2"] = group.radius_dm**2
        record["side"] = max(1, (group.radius_dm + 1) // 2)
        record["window"] = group.window_ms
        record["bucket"] = group.window_ms + 1
        record["gap"] = group.gap_ms
        record["run"] = group.gap_ms + 1
        record["fine"] = max(0, (int(record["side"]) - 1).bit_length() - 8)
        record["fine_t"] = max(0, (int(record["bucket"]) - 1).bit_length() - 8)
        record["m"] = group.m
        record["hold"] = group.hold_ms
        record["remember"] = group.memory_ms
        record["due_width"] = _due_width_ms(group)
        record["watermark"] = NO_WATERMARK
    return made


def _due_width_ms(group: Group) -> int:
    return max(1, group.window_ms // 64)


def _due_buckets(groups: GroupTable) -> int:
    """How many due buckets reach from the watermark of each group to what is due last, a power of two."""
    spans = ((group.lateness_ms + group.hold_ms) // _due_width_ms(group) + 2 for group in groups)
    return int(min(max(1 << (span - 1).bit_length() for span in spans), DUE_BUCKETS_MAX))


def _empty_table(dtype: np.dtype[Any], empty_field: str, size: int) -> Records:
    table = np.zeros(size, dtype)
    table[empty_field] = -1
    return table


def room_for_events(s: State, more: int) -> State:
    """Room for this many more events, their ids and series, whatever they are."""
    c = s.counters
    rows = int(c[records.LIVE_ROWS]) + more
    arrays = {name: getattr(s, name) for name in records.OF_ROWS}
    s = s._replace(**{name: _grown(array, rows) for name, array in arrays.items() if array.size})
    ids = _roomy(s.ids, int(c[records.IDS]) + more)
    return s._replace(ids=ids, runs=_roomy(s.runs, int(c[records.RUNS]) + more))


def _roomy(slots: Records, count: int) -> Records:
    """The table of rows, or a larger one with its entries where so many would not fit."""
    if not (size := _larger(slots, count)):
        return slots
    larger = _empty_table(ROW_SLOT, "row", size)
    tables.refill_rows(slots, larger)
    return larger


def room_for_nodes(s: State, more: int) -> State:
    """Room for this many more occurrences in the index."""
    c = s.counters
    s = s._replace(blocks=_grown(s.blocks, int(c[records.BLOCKS]) + more))
    if size := _larger(s.cells, int(c[records.CELLS]) + more):
        cells = _empty_table(CELL, "head", size)
        tables.refill_cells(s.cells, cells)
        s = s._replace(cells=cells)
    return s


def guard_blocks(s: State, more: int) -> None:
    """Have this many more events counted by block as they are admitted, if so many could fill one."""
    c = s.counters
    if c[records.FULLEST] + more > c[records.BLOCK_MAX]:
        blocks = s.blocks[: c[records.BLOCKS]]
        c[records.FULLEST] = blocks["count"].max(initial=1)  # those that were the fullest may be gone
        blocks["tally"] = 0
    c[records.GUARDED] = c[records.FULLEST] + more > c[records.BLOCK_MAX]


def room_for_waiting(s: State, more: int) -> State:
    """Room for this many more rows in the due ring: of each chain only the first link is not full."""
    links = min(more, s.due.size + more // records.WAITERS_MAX + 1)
    return s._replace(waiting=_grown(s.waiting, int(s.counters[records.WAITINGS]) + links * records.LINK))


def room_for_closed(s: State, more: int) -> State:
    """Room to remember this many more uids; forgets those that are too old first."""
    if not _larger(s.closed, int(s.counters[records.CLOSED]) + more):
        return s
    closed = _empty_table(CLOSED_SLOT, "group", s.closed.size)
    kept = tables.refill_closed(s.groups, s.closed, closed)
    # Half full at most, or it would soon be filtered again.
    if 2 * (kept + more) > closed.size:
        closed = _empty_table(CLOSED_SLOT, "group", _table_size(2 * (kept + more)))
        tables.refill_closed(s.groups, s.closed, closed)
    s.counters[records.CLOSED] = kept
    return s._replace(closed=closed)


def empty_journal(s: State, pending: int) -> Journal:
    """Lists with room for whatever one batch can note: each live row at most once in each."""
    rows = int(s.counters[records.LIVE_ROWS]) + pending
    dense = rows if s.dense.size else 0
    return Journal(
        pending=np.empty(rows, np.int32),
        gone=np.empty(rows + dense, np.int32),  # a row that is core no more may be taken out as well
        gone_by=np.empty(rows + dense, np.int32),
        told=np.empty(rows, np.int32),
        told_of=np.empty(rows, np.int64),
        merges=np.empty((rows, 3), np.int64),
        scratch=np.empty(rows, np.int32),
        broken=np.empty((rows, 3), np.int64),
        cored=np.empty(2 * dense, np.int32),  # once as it turns core, once as its block turns solid
        loose=np.empty(dense, np.int32),
        dirty=np.empty(dense, np.int32),
        moved=np.empty(dense, np.int32),
        left=np.empty(dense, np.int32),
        slot_tags=np.empty((records.SLOTS_AHEAD, 2), np.uint32),
        spots=np.full((records.SURVEYS, 5), -1, np.int64),
        tags=np.empty((records.SURVEYS, records.CORNERS), np.uint32),
        nears=np.empty((records.SURVEYS, records.CORNERS), np.uint64),
        slots=np.zeros((records.SURVEYS, records.CORNERS), np.int32),
        survey_of=np.empty(records.SURVEYS, np.int32),
        near=np.empty(records.AROUND, np.int32),
        near_at=np.empty((records.AROUND, 3), np.int64),
        counts=np.zeros(records.COUNTS, np.int64),
    )


def nbytes(s: State) -> int:
    """Bytes that the state takes: tables whole, of arenas what was ever used, the rest being addresses only."""
    used = {name: int(s.counters[counter]) for name, counter in records.USED_OF.items()}
    arrays = s._asdict()
    return sum(array.itemsize * min(array.size, used.get(name, array.size)) for name, array in arrays.items())


def _larger(table: Records, count: int) -> int:
    """The size that a table must get for so many entries, or 0 where it has room."""
    if 100 * count <= FULL_PCT * table.size:
        return 0
    return _table_size(count)


def _table_size(count: int) -> int:
    return max(ROWS_AT_FIRST, 10_000 * count // (FULL_PCT * ROOMY_PCT) + 1)


def _grown(arena: Records, rows: int) -> Records:
    if rows <= arena.size:
        return arena
    if isinstance(arena.base, np.ndarray) and rows <= arena.base.size:
        return arena.base[:rows]
    small = rows <= MAPPED_ROWS
    larger = np.zeros(max(rows, 2 * arena.size), arena.dtype) if small else _addresses(arena.dtype, rows)
    larger[: arena.size] = arena
    return larger


def _addresses(dtype: np.dtype[Any], rows: int) -> Records:
    """Zeroes of which a page takes memory when it is first written: such an arena grows without being copied."""
    length = max(2 * rows, ADDRESS_ROWS) * dtype.itemsize
    try:
        mapped = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError:  # where the system promises no more than it has
        return np.zeros(rows + rows // 8, dtype)
    mapped.madvise(mmap.MADV_HUGEPAGE, SMALL_PAGES_BYTES, length - SMALL_PAGES_BYTES)
    return np.frombuffer(mapped, dtype)[:rows]
