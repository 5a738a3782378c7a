"""The rows of one binary COPY as columns: numbers are cut out of the bytes, texts decoded where somebody asks."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

AREA_SEPARATOR: Final = "\n"
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""From which the server counts the microseconds of a time."""

_EPOCH_US: Final = int((EPOCH - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\x00"
_HEADER_BYTES: Final = len(_SIGNATURE) + 8  # flags and an empty extension
_LENGTH: Final = struct.Struct(">i")
_UID: Final = "V16"


class Layout:
    """What a query gives: columns of fixed width, none of them NULL, and behind them texts, NULL or not."""

    def __init__(self, numbers: Sequence[tuple[str, str]], texts: Sequence[str]) -> None:
        """In the order of the query. A column of the type V16 has its two words beside it, as `_hi` and `_lo`."""
        places: dict[str, tuple[str, int]] = {}
        at: int = 0
        for name, type_name in numbers:
            begin = at + _LENGTH.size  # each column stands behind its length
            places[name] = (type_name, begin)
            if type_name == _UID:
                places |= {f"{name}_hi": (">u8", begin), f"{name}_lo": (">u8", begin + 8)}
            at = begin + np.dtype(type_name).itemsize
        formats, offsets = zip(*places.values(), strict=True)
        self.record: np.dtype[Any] = np.dtype(
            {"names": list(places), "formats": list(formats), "offsets": list(offsets), "itemsize": at}
        )
        self.offsets = dict(zip(places, offsets, strict=True))
        self.texts = tuple(texts)


class CopiedRows:
    """The bytes stay as they came; no row becomes an object. Frozen."""

    def __init__(self, layout: Layout, given: bytes | bytearray, starts: NDArray[np.int64]) -> None:
        """Of everything that the server sent, the rows whose first lengths stand there."""
        self._layout = layout
        self._given = given
        self._starts = starts

    @cached_property
    def records(self) -> NDArray[Any]:
        """The numbers of all rows, which are moved as bytes, not field by field."""
        return self._cut(0, self._layout.record)

    def column(self, name: str) -> NDArray[Any]:
        """One number of all rows, while their records are not needed."""
        cut = self._layout.record[name]
        return self._cut(self._layout.offsets[name], cut)

    def _cut(self, offset: int, what: np.dtype[Any]) -> NDArray[Any]:
        if not self._starts.size:
            return np.empty(0, what)
        windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(self._given, np.uint8), what.itemsize)
        return windows[self._starts + offset].view(what)[:, 0]

    @classmethod
    def of(cls, layout: Layout, given: bytes | bytearray) -> "CopiedRows":
        """All rows, as they came."""
        flat = np.frombuffer(given, np.uint8)
        room = np.empty(max(0, flat.size - _HEADER_BYTES) // (layout.record.itemsize + 2), np.int64)
        return cls(layout, given, room[: _find_rows(flat, _HEADER_BYTES, room)])

    @classmethod
    async def read(cls, conn: Connection, layout: Layout, query: str, *arguments: object) -> "CopiedRows":
        """What the query gives."""
        # A million rows are joined in memory, for this transaction alone.
        await conn.execute(QUERIES.allow_work_memory, "256MB")
        given = bytearray()

        async def take(chunk: bytes) -> None:
            given.extend(chunk)

        await conn.copy_from_query(query, *arguments, output=take, format="binary")
        return cls.of(layout, given)

    def ordered(self, order: NDArray[np.int64]) -> "CopiedRows":
        """The same rows in this order."""
        return CopiedRows(self._layout, self._given, self._starts[order])

    def texts(self, row: int) -> dict[str, bytes | bytearray | None]:
        """The columns of the row that are no numbers, as the server sent them."""
        at = int(self._starts[row]) + self._layout.record.itemsize
        found: dict[str, bytes | bytearray | None] = {}
        for name in self._layout.texts:
            (length,) = _LENGTH.unpack_from(self._given, at)
            at += _LENGTH.size
            found[name] = None if length < 0 else self._given[at : at + length]
            at += max(0, length)
        return found


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


def compile_copied_rows() -> None:
    """Compile, or load from the cache, what reads a COPY."""
    CopiedRows.of(Layout((("number", ">i8"),), ()), _SIGNATURE + bytes(8) + b"\xff\xff")


def milliseconds(us: NDArray[Any]) -> NDArray[np.int64]:
    """Times of the server since 1970, rounded exactly as a time is that is no column."""
    unix_us = us.astype(np.int64) + _EPOCH_US
    return np.rint(unix_us / 1e6 * 1000).astype(np.int64)


def text(raw: bytes | bytearray | None) -> str:
    return (raw or b"").decode()


def text_or_none(raw: bytes | bytearray | None) -> str | None:
    return None if raw is None else raw.decode()
