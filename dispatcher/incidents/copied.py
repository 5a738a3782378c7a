"""The events of the open incidents as one binary COPY gives them: columns for kernels, a Member where one is asked for.

A million live events are read in seconds because no row becomes an object here: the bytes stay as they came, numbers
are cut out of them as columns, and only the events of an incident that changes are decoded. What nothing in memory
looks at is not copied.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from enum import IntFlag
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dispatcher.correlation.tiles import ORIGIN_MS
from dispatcher.incidents.copied_rows import AREA_SEPARATOR, EPOCH, CopiedRows, Layout, milliseconds, text, text_or_none
from dispatcher.incidents.live import Member
from dispatcher.risk.model import Witness
from events.model import SourceClass
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

_LAYOUT: Final = Layout(
    numbers=(
        ("incident_id", ">i8"), ("uid", "V16"), ("revision", ">i8"), ("content", ">u8"), ("effective_us", ">i8"),
        ("received_us", ">i8"), ("seq", ">i8"), ("x_dm", ">i4"), ("y_dm", ">i4"), ("lon", ">f8"), ("lat", ">f8"),
        ("marks", ">i4"), ("subject_number", ">i8"), ("kind_hash", ">i8"),
    ),
    texts=("source_class", "kind", "subject", "area_id", "area_path", "place", "settled_with", "colour"),
)  # fmt: skip
_HIGHEST: Final = np.iinfo(np.int64).max


class Mark(IntFlag):
    """What holds of a row, in one number with its severity."""

    LOCATED = 1
    CORRELATED = 2  # the correlator holds it
    SETTLED = 4  # its cluster is final, its incident is not
    NOISE = 8
    CORE = 16  # where m > 1: its occurrence was core when its cluster became final
    LIFE = 32  # somebody's life is at risk


_SEVERITY_BIT: Final = 8


class CopiedMembers(Collection[Member]):
    """The members of one incident, not made before somebody looks at them."""

    __slots__ = ("_copied", "_end", "_rows", "_start")

    def __init__(self, copied: "CopiedEvents", rows: NDArray[np.int64], start: int, end: int) -> None:
        """They are these rows from `start` to `end`: cut only when they are asked for, since most never are."""
        self._copied = copied
        self._rows = rows
        self._start = start
        self._end = end

    def __len__(self) -> int:
        return self._end - self._start

    def __iter__(self) -> Iterator[Member]:
        return (self._copied.member(row) for row in self._rows[self._start : self._end].tolist())

    def __contains__(self, member: object) -> bool:
        return any(member == own for own in self)


class CopiedEvents:
    """The rows in the order in which the platform received them. Frozen."""

    def __init__(self, rows: CopiedRows) -> None:
        self._rows = rows.ordered(order_of(rows.column))
        self.records: NDArray[Any] = self._rows.records

    @classmethod
    async def read(cls, conn: Connection) -> "CopiedEvents":
        """Every event of an open incident but those that returned to normal."""
        return cls(await CopiedRows.read(conn, _LAYOUT, QUERIES.copy_open_incident_events))

    def __len__(self) -> int:
        return self.records.size

    @cached_property
    def uids(self) -> list[bytes]:
        uids: list[bytes] = self.records["uid"].tolist()
        return uids

    @cached_property
    def t_ms(self) -> NDArray[np.int64]:
        return milliseconds(self.records["effective_us"])

    def kinds(self, hashes: Mapping[str, int]) -> tuple[NDArray[np.int64], list[str]]:
        """By row the place of its kind in the list that is given back: the known ones, and any others behind them.

        `hashes` holds what the server calls each known kind.
        """
        names = list(hashes)
        known = np.array([hashes[name] for name in names], np.int64)
        order = np.argsort(known)
        asked = self.records["kind_hash"].astype(np.int64)
        found = np.minimum(np.searchsorted(known[order], asked), max(0, known.size - 1))
        kind = order[found] if known.size else found
        for row in np.flatnonzero(known[kind] != asked).tolist() if known.size else range(len(self)):
            name = text(self.texts(row)["kind"])
            if name not in names[known.size :]:
                names.append(name)
            kind[row] = names.index(name, known.size)
        return kind, names

    def marked(self, mark: Mark) -> NDArray[np.bool_]:
        """Of which rows this holds."""
        marked: NDArray[np.bool_] = self.records["marks"] & mark.value != 0
        return marked

    @property
    def severity(self) -> NDArray[np.int32]:
        severity: NDArray[np.int32] = self.records["marks"].astype(np.int32) >> _SEVERITY_BIT
        return severity

    def incident_places(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """By row the place of its incident in the ascending list of ids."""
        places: NDArray[np.int64] = np.searchsorted(
            np.array(ids, np.int64), self.records["incident_id"].astype(np.int64)
        )
        return places

    def settled_with(self, row: int) -> bytes:
        """The event with which a settled one stays."""
        return bytes(self.texts(row)["settled_with"] or b"")

    def texts(self, row: int) -> dict[str, bytes | bytearray | None]:
        """The columns of the row that are no numbers, as the server sent them."""
        return self._rows.texts(row)

    def member(self, row: int) -> Member:
        """What the incident knows of the row's event."""
        record = self.records[row]
        texts = self.texts(row)
        marks = int(record["marks"])
        located = bool(marks & Mark.LOCATED)
        x_dm, y_dm = (int(record["x_dm"]), int(record["y_dm"])) if located else (None, None)
        effective_at = EPOCH + timedelta(microseconds=int(record["effective_us"]))
        subject = text(texts["subject"])
        return Member(
            witness=Witness.told(
                effective_at=effective_at,
                uid=record["uid"].tobytes(),
                kind=text(texts["kind"]),
                source_class=SourceClass(text(texts["source_class"])),
                subject=subject,
                x_dm=x_dm,
                y_dm=y_dm,
                colour=text(texts["colour"]),
                life=bool(marks & Mark.LIFE),
            ),
            effective_at=effective_at,
            area_id=text_or_none(texts["area_id"]),
            area_path=tuple(path.split(AREA_SEPARATOR)) if (path := text(texts["area_path"])) else (),
            place=text_or_none(texts["place"]),
            lon=float(record["lon"]) if located else None,
            lat=float(record["lat"]) if located else None,
            subject=subject,
            x_dm=x_dm,
            y_dm=y_dm,
        )


def order_of(column: Callable[[str], NDArray[Any]]) -> NDArray[np.int64]:
    """By the time at which the platform received them, their numbers in the log, and their uids."""
    received_us, seq = column("received_us").astype(np.int64), column("seq").astype(np.int64)
    order = order_by(received_us, seq)
    alike = (np.diff(received_us[order]) == 0) & (np.diff(seq[order]) == 0)
    if alike.any():  # of two streams
        order = np.lexsort((column("uid_lo"), column("uid_hi"), seq, received_us))
    return order


def order_by(*columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order of the rows by these columns, those alike in any: as one number where it has room for all of them."""
    room = 1
    number = np.zeros(columns[0].size, np.int64)
    for column in columns:
        low = int(column.min(initial=_HIGHEST))
        span = max(1, int(column.max(initial=low)) - low + 1)
        room *= span
        if room > _HIGHEST:
            return np.lexsort(columns[::-1])
        number = number * span + (column - low)
    order: NDArray[np.int64] = np.argsort(number)
    return order


def tiles_of(t_ms: NDArray[np.int64], tile_s: NDArray[np.int64]) -> NDArray[np.int64]:
    """`tile_of` for columns."""
    return np.where(tile_s > 0, (t_ms - ORIGIN_MS) // np.maximum(tile_s * 1000, 1), 0)


def distinct(
    component: NDArray[np.int64], tile: NDArray[np.int64], place: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct triples, as columns."""
    order = order_by(component, tile, place)
    component, tile, place = component[order], tile[order], place[order]
    new = np.ones(order.size, np.bool_)
    new[1:] = (component[1:] != component[:-1]) | (tile[1:] != tile[:-1]) | (place[1:] != place[:-1])
    return component[new], tile[new], place[new]


def distinct_places(
    component: NDArray[np.int64], tile: NDArray[np.int64], first: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct pairs numbered from `first` in their order: by row its number, and of each the first row."""
    _, rows, numbers = np.unique(np.column_stack((component, tile)), axis=0, return_index=True, return_inverse=True)
    return first + numbers.reshape(-1).astype(np.int64), rows.astype(np.int64)


def only_once(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the values, all of one small range, stand once in the column."""
    above = values - values.min(initial=_HIGHEST)
    once: NDArray[np.bool_] = np.bincount(above)[above] == 1
    return once
