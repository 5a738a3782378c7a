"""The events of the open incidents as one binary COPY gives them: columns for kernels, a Member where one is asked for.

A million live events are read in seconds because no row becomes an object here: the bytes stay as they came, numbers
are cut out of them as columns, and only the events of an incident that changes are decoded. What nothing in memory
looks at is not copied.
"""

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dispatcher.correlation.tiles import ORIGIN_MS
from dispatcher.incidents.live import Member
from dispatcher.risk.model import Witness
from events.model import SourceClass
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\x00"
_HEADER_BYTES: Final = len(_SIGNATURE) + 8  # flags and an empty extension
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_US: Final = int((_EPOCH - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
# The columns of fixed width, none of them NULL, in the order of the query; each stands behind its length.
_NUMBERS: Final = (
    ("incident_id", ">i8"), ("uid", "V16"), ("uid_hi", ">u8"), ("uid_lo", ">u8"), ("revision", ">i8"),
    ("content", ">u8"), ("effective_us", ">i8"), ("received_us", ">i8"), ("seq", ">i8"), ("x_dm", ">i4"),
    ("y_dm", ">i4"), ("located", "?"), ("lon", ">f8"), ("lat", ">f8"), ("severity", ">i2"),
    ("correlated", "?"), ("settled", "?"), ("noise", "?"), ("core", "?"), ("life", "?"),
    ("subject_number", ">i8"), ("kind_hash", ">i8"),
)  # fmt: skip
# The others, NULL or not, behind them.
_TEXTS: Final = ("source_class", "kind", "subject", "area_id", "area_path", "place", "settled_with", "colour")
_AREA_SEPARATOR: Final = "\n"
_LENGTH: Final = struct.Struct(">i")


def _layout() -> tuple[np.dtype[Any], int]:
    places: dict[str, tuple[str, int]] = {}
    at: int = 0
    for name, type_name in _NUMBERS:
        if name == "uid_hi":
            places[name] = (type_name, places["uid"][1])
        elif name == "uid_lo":
            places[name] = (type_name, places["uid"][1] + 8)
        else:
            places[name] = (type_name, at + _LENGTH.size)
            at += _LENGTH.size + np.dtype(type_name).itemsize
    names = list(places)
    formats, offsets = [places[name][0] for name in names], [places[name][1] for name in names]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": at}), at


_RECORD, _FIXED_BYTES = _layout()


@njit(cache=True, nogil=True, fastmath=False)
def _find_rows(given: NDArray[np.uint8], at: int, starts: NDArray[np.int64]) -> int:
    """Where each row's first length stands; returns how many rows there are."""
    rows = 0
    while at + 2 <= given.size:
        fields = (np.int64(given[at]) << 8) | np.int64(given[at + 1])
        if fields == 0xFFFF:  # the trailer
            break
        at += 2
        starts[rows] = at
        rows += 1
        for _ in range(fields):
            length = np.int64(0)
            for byte in range(4):
                length = (length << 8) | np.int64(given[at + byte])
            at += 4
            if length < 0x80000000:  # else NULL
                at += int(length)
    return rows


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

    def __init__(self, given: bytes | bytearray) -> None:
        self._given = given
        flat = np.frombuffer(given, np.uint8)
        room = np.empty(max(0, flat.size - _HEADER_BYTES) // (_FIXED_BYTES + 2), np.int64)
        starts = room[: _find_rows(flat, _HEADER_BYTES, room)]
        rows = np.empty((0, _FIXED_BYTES), np.uint8)
        if starts.size:
            rows = np.lib.stride_tricks.sliding_window_view(flat, _FIXED_BYTES)[starts]
        order = order_of(rows.view(_RECORD)[:, 0])
        self.records: NDArray[Any] = rows[order].view(_RECORD)[:, 0]  # moved as bytes, not field by field
        self._starts: NDArray[np.int64] = starts[order]

    @classmethod
    async def read(cls, conn: Connection) -> "CopiedEvents":
        """Every event of an open incident but those that returned to normal."""
        # A million rows are joined in memory, for this transaction alone.
        await conn.execute(QUERIES.allow_work_memory, "256MB")
        given = bytearray()

        async def take(chunk: bytes) -> None:
            given.extend(chunk)

        await conn.copy_from_query(QUERIES.copy_open_incident_events, output=take, format="binary")
        return cls(given)

    def __len__(self) -> int:
        return self.records.size

    @cached_property
    def uids(self) -> list[bytes]:
        uids: list[bytes] = self.records["uid"].tolist()
        return uids

    @cached_property
    def t_ms(self) -> NDArray[np.int64]:
        """Rounded exactly as a time is that is no column."""
        unix_us = self.records["effective_us"].astype(np.int64) + _EPOCH_US
        return np.rint(unix_us / 1e6 * 1000).astype(np.int64)

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
            name = _text(self.texts(row)["kind"])
            if name not in names[known.size :]:
                names.append(name)
            kind[row] = names.index(name, known.size)
        return kind, names

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
        at = int(self._starts[row]) + _FIXED_BYTES
        found: dict[str, bytes | bytearray | None] = {}
        for name in _TEXTS:
            (length,) = _LENGTH.unpack_from(self._given, at)
            at += _LENGTH.size
            found[name] = None if length < 0 else self._given[at : at + length]
            at += max(0, length)
        return found

    def member(self, row: int) -> Member:
        """What the incident knows of the row's event."""
        record = self.records[row]
        texts = self.texts(row)
        located = bool(record["located"])
        x_dm, y_dm = (int(record["x_dm"]), int(record["y_dm"])) if located else (None, None)
        effective_at = _EPOCH + timedelta(microseconds=int(record["effective_us"]))
        subject = _text(texts["subject"])
        return Member(
            witness=Witness.told(
                effective_at=effective_at,
                uid=record["uid"].tobytes(),
                kind=_text(texts["kind"]),
                source_class=SourceClass(_text(texts["source_class"])),
                subject=subject,
                x_dm=x_dm,
                y_dm=y_dm,
                colour=_text(texts["colour"]),
                life=bool(record["life"]),
            ),
            effective_at=effective_at,
            area_id=_text_or_none(texts["area_id"]),
            area_path=tuple(path.split(_AREA_SEPARATOR)) if (path := _text(texts["area_path"])) else (),
            place=_text_or_none(texts["place"]),
            lon=float(record["lon"]) if located else None,
            lat=float(record["lat"]) if located else None,
            subject=subject,
            x_dm=x_dm,
            y_dm=y_dm,
        )


def order_of(records: NDArray[Any]) -> NDArray[np.int64]:
    """By the time at which the platform received them, their numbers in the log, and their uids."""
    received_us, seq = records["received_us"].astype(np.int64), records["seq"].astype(np.int64)
    order: NDArray[np.int64] = np.lexsort((seq, received_us))
    received_us, seq = received_us[order], seq[order]
    if ((received_us[1:] == received_us[:-1]) & (seq[1:] == seq[:-1])).any():  # of two streams
        order = np.lexsort((records["uid_lo"], records["uid_hi"], records["seq"], records["received_us"]))
    return order


def tiles_of(t_ms: NDArray[np.int64], tile_s: NDArray[np.int64]) -> NDArray[np.int64]:
    """`tile_of` for columns."""
    return np.where(tile_s > 0, (t_ms - ORIGIN_MS) // np.maximum(tile_s * 1000, 1), 0)


def distinct(
    component: NDArray[np.int64], tile: NDArray[np.int64], place: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct triples, as columns."""
    order = np.lexsort((place, tile, component))
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
    """Which of the values stand once in the column."""
    _, of, counts = np.unique(values, return_inverse=True, return_counts=True)
    once: NDArray[np.bool_] = counts[of] == 1
    return once


def compile_copied() -> None:
    """Compile, or load from the cache, what reads a COPY."""
    CopiedEvents(_SIGNATURE + bytes(8) + b"\xff\xff")


def _text(raw: bytes | bytearray | None) -> str:
    return (raw or b"").decode()


def _text_or_none(raw: bytes | bytearray | None) -> str | None:
    return None if raw is None else raw.decode()
