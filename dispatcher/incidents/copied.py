"""The events of the open incidents as one binary COPY gives them: columns for kernels, an Event where one is asked for.

A million live events are read in seconds because no row becomes an object here: the bytes stay as they came, numbers
are cut out of them as columns, and only the events of an incident that changes are decoded.
"""

import struct
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
import orjson
from numba import njit
from numpy.typing import NDArray

from dispatcher.correlation.tiles import ORIGIN_MS
from dispatcher.incidents.live import Member
from events.model import Event, EventSource, SourceClass, TimeQuality
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
    ("correlated", "?"), ("settled", "?"), ("noise", "?"), ("core", "?"), ("subject_number", ">i8"),
    ("kind_number", ">i4"),
)  # fmt: skip
# The others, NULL or not, behind them.
_TEXTS: Final = (
    "stream", "source", "source_class", "kind", "subject", "device_id", "call_id", "product", "area_id", "area_path",
    "place", "observed_at", "time_quality", "settled_with", "body",
)  # fmt: skip
_FIELDS: Final = len(_NUMBERS) - 2 + len(_TEXTS)  # the uid is one field of which there are three views
_AREA_SEPARATOR: Final = "\n"
_LENGTH: Final = struct.Struct(">i")
_WORD: Final = struct.Struct(">q")


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

    __slots__ = ("_copied", "_rows")

    def __init__(self, copied: "CopiedEvents", rows: NDArray[np.int64]) -> None:
        self._copied = copied
        self._rows = rows

    def __len__(self) -> int:
        return self._rows.size

    def __iter__(self) -> Iterator[Member]:
        return (Member.of(self._copied.event(row)) for row in self._rows.tolist())

    def __contains__(self, member: object) -> bool:
        return any(member == own for own in self)


class CopiedEvents:
    """The rows in the order in which the platform received them. Frozen."""

    def __init__(self, given: bytes) -> None:
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
        chunks: list[bytes] = []

        async def take(chunk: bytes) -> None:
            chunks.append(chunk)

        await conn.copy_from_query(QUERIES.copy_open_incident_events, output=take, format="binary")
        return cls(b"".join(chunks))

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

    def kinds(self, known: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
        """By row the place of its kind in the list that is given back: the known ones, and any others behind them."""
        names = list(known)
        kind = self.records["kind_number"].astype(np.int64)
        for row in np.flatnonzero(kind < 0).tolist():
            name = _text(self.texts(row)["kind"])
            if name not in names[len(known) :]:
                names.append(name)
            kind[row] = names.index(name, len(known))
        return kind, names

    def incident_places(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """By row the place of its incident in the ascending list of ids."""
        places: NDArray[np.int64] = np.searchsorted(
            np.array(ids, np.int64), self.records["incident_id"].astype(np.int64)
        )
        return places

    def settled_with(self, row: int) -> bytes:
        """The event with which a settled one stays."""
        return self.texts(row)["settled_with"] or b""

    def texts(self, row: int) -> dict[str, bytes | None]:
        """The columns of the row that are no numbers, as the server sent them."""
        at = int(self._starts[row]) + _FIXED_BYTES
        found: dict[str, bytes | None] = {}
        for name in _TEXTS:
            (length,) = _LENGTH.unpack_from(self._given, at)
            at += _LENGTH.size
            found[name] = None if length < 0 else self._given[at : at + length]
            at += max(0, length)
        return found

    def event(self, row: int) -> Event:
        """The event of a row as the log holds it."""
        record = self.records[row]
        texts = self.texts(row)
        located = bool(record["located"])
        return Event(
            stream=_text(texts["stream"]),
            seq=int(record["seq"]),
            uid=record["uid"].tobytes(),
            revision=int(record["revision"]),
            content_hash=int(record["content"]).to_bytes(8, "big"),
            source=EventSource(_text(texts["source"])),
            source_class=SourceClass(_text(texts["source_class"])),
            kind=_text(texts["kind"]),
            severity=int(record["severity"]),
            subject=_text(texts["subject"]),
            device_id=_number(texts["device_id"]),
            call_id=_number(texts["call_id"]),
            product=_text_or_none(texts["product"]),
            area_id=_text_or_none(texts["area_id"]),
            area_path=tuple(path.split(_AREA_SEPARATOR)) if (path := _text(texts["area_path"])) else (),
            place=_text_or_none(texts["place"]),
            lon=float(record["lon"]) if located else None,
            lat=float(record["lat"]) if located else None,
            x_dm=int(record["x_dm"]) if located else None,
            y_dm=int(record["y_dm"]) if located else None,
            observed_at=None if (us := _number(texts["observed_at"])) is None else _instant(us),
            received_at=_instant(int(record["received_us"])),
            effective_at=_instant(int(record["effective_us"])),
            time_quality=TimeQuality(_text(texts["time_quality"])),
            body=orjson.loads(texts["body"] or b"{}"),
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


def _instant(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode()


def _text_or_none(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode()


def _number(raw: bytes | None) -> int | None:
    return None if raw is None else int(_WORD.unpack(raw)[0])
