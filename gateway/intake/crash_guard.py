"""Remembers across a crash which messages were being decoded: one that kills the gateway twice is not decoded again.

MQTT gives no delivery count, so fingerprints of the messages in hand lie in a mapped file, which outlives the process.
"""

import mmap
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gateway.intake.model import Delivery

IN_HAND_MAX: Final = 1024
"""How many messages may be decoded under one note."""

CRASHES_MAX: Final = 2
"""A message that was in hand at so many crashes is quarantined as it came."""

_HEADER: Final = struct.Struct("<I")
_ENTRY: Final = struct.Struct("<QI")  # fingerprint, crashes before this one
_SIZE: Final = _HEADER.size + IN_HAND_MAX * _ENTRY.size

Fingerprint = int


class CrashGuard:
    """The note of one gateway. `suspects` tells how many crashes each message of the last note has seen."""

    def __init__(self, path: Path) -> None:
        """Open or create the note. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.truncate(_SIZE)
            self._map = mmap.mmap(file.fileno(), _SIZE)
        self.suspects: dict[Fingerprint, int] = {}
        (count,) = _HEADER.unpack_from(self._map, 0)
        for place in range(min(count, IN_HAND_MAX)):
            fingerprint, crashes = _ENTRY.unpack_from(self._map, _HEADER.size + place * _ENTRY.size)
            self.suspects[fingerprint] = crashes + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def note(self, fingerprints: Sequence[Fingerprint]) -> None:
        """These are in hand now; at most `IN_HAND_MAX`."""
        if self.suspects:
            entries = [(fingerprint, self.suspects.get(fingerprint, 0)) for fingerprint in fingerprints]
        else:
            entries = [(fingerprint, 0) for fingerprint in fingerprints]
        flat = [number for entry in entries for number in entry]
        struct.pack_into("<" + "QI" * len(entries), self._map, _HEADER.size, *flat)
        _HEADER.pack_into(self._map, 0, len(entries))

    def clear(self) -> None:
        """Nothing is in hand any more."""
        _HEADER.pack_into(self._map, 0, 0)

    def close(self) -> None:
        self._map.close()


def fingerprint(delivery: Delivery) -> Fingerprint:
    """Cheap, the same after a restart, and distinct enough among the few messages that are in hand at once."""
    payload = delivery.payload
    return len(payload) << 32 | zlib.crc32(payload, zlib.crc32(delivery.topic.encode("utf-8", "surrogatepass")))
