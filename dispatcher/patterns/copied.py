"""The live events that patterns look for, as one binary COPY gives them: columns for the matcher, no event is made.

Which steps events fill is asked once of each sort of them (kind, class of source, severity), and of single events only
where a step looks at what they measured. Places are asked once of each path of areas.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from dispatcher.incidents.copied_rows import AREA_SEPARATOR, CopiedRows, Layout, milliseconds, text
from dispatcher.patterns.book import PatternBook, place_code
from dispatcher.patterns.candidates import Sort, lines_of
from dispatcher.patterns.columns import Batch, Int64
from events.model import EventSource, SourceClass
from registry.areas import AreaIndex
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

_LAYOUT: Final = Layout(
    numbers=(
        ("uid", "V16"), ("revision", ">i8"), ("content", ">u8"), ("effective_us", ">i8"), ("x_dm", ">i4"),
        ("y_dm", ">i4"), ("located", "?"), ("severity", ">i2"), ("sort_hash", ">i8"), ("path_hash", ">i8"),
    ),
    texts=("source_class", "kind", "area_path", "source", "body"),
)  # fmt: skip


class CopiedSighting(NamedTuple):
    """A Sighting of one copied row."""

    kind: str
    source_class: SourceClass
    severity: int
    source: EventSource
    body: Mapping[str, Any]


async def read_live(conn: Connection, beginning: datetime, book: PatternBook) -> CopiedRows:
    """The standing version of every event from `beginning` on that a pattern looks for."""
    return await CopiedRows.read(
        conn, _LAYOUT, QUERIES.copy_live_events, beginning, list(book.by_kind), book.kinds_measured
    )


def batch_of_rows(rows: CopiedRows, book: PatternBook, areas: AreaIndex) -> Batch:
    """The rows as the matcher takes them, exactly as `PatternBook.candidate` makes them of events."""
    records = rows.records
    sorts, sort = _sorted(rows, book)
    return Batch(
        uid_hi=records["uid_hi"].astype(np.uint64),
        uid_lo=records["uid_lo"].astype(np.uint64),
        revision=records["revision"].astype(np.int64),
        content=records["content"].astype(np.uint64),
        t_ms=milliseconds(records["effective_us"]),
        x_dm=records["x_dm"].astype(np.int32),
        y_dm=records["y_dm"].astype(np.int32),
        located=records["located"].astype(np.bool_),
        **lines_of(sorts, sort, _places(rows, areas))._asdict(),
    )


def _sorted(rows: CopiedRows, book: PatternBook) -> tuple[list[Sort], Int64]:
    """The sorts that occur, and the one of each row."""
    firsts, of = _distinct(rows.records["sort_hash"])
    sorts: list[Sort] = []
    measured = []
    for row in firsts:
        sighting = _sighting(rows, row)
        sorts.append(book.fills(sighting))
        measured.append(book.asks_more(sighting))
    numbers = {sort: number for number, sort in enumerate(sorts)}
    for row in np.flatnonzero(np.array(measured, np.bool_)[of]).tolist():
        fills = book.fills(_sighting(rows, row))
        of[row] = numbers.setdefault(fills, len(sorts))
        if of[row] == len(sorts):
            sorts.append(fills)
    return sorts, of


def _sighting(rows: CopiedRows, row: int) -> CopiedSighting:
    texts = rows.texts(row)
    return CopiedSighting(
        kind=text(texts["kind"]),
        source_class=SourceClass(text(texts["source_class"])),
        severity=int(rows.records[row]["severity"]),
        source=EventSource(text(texts["source"])),
        body=orjson.loads(texts["body"]) if texts["body"] is not None else {},
    )


def _places(rows: CopiedRows, areas: AreaIndex) -> Int64:
    """The place code of each row."""
    firsts, of = _distinct(rows.records["path_hash"])
    paths = [text(rows.texts(row)["area_path"]) for row in firsts]
    codes = [place_code(path.split(AREA_SEPARATOR), areas) for path in paths]
    return np.array(codes, np.int64)[of]


def _distinct(hashes: NDArray[Any]) -> tuple[list[int], Int64]:
    """The first row of each value, and the number of each row's value."""
    _, firsts, of = np.unique(hashes.astype(np.int64), return_index=True, return_inverse=True)
    return firsts.tolist(), of.reshape(-1).astype(np.int64)
