"""The whole state of a correlator as one run of bytes, and back: what it answers next is the same.

Layout: MAGIC, length of the header, the header (JSON: format, parameters, names, types, shapes), the arrays one after
the other, SHA-256 of everything before. Arenas are cut to what is used, so that a snapshot is about as large as the
live events. Who writes it to disk does so under another name and renames it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dispatcher.correlation.errors import SnapshotDamaged, SnapshotForeign, SnapshotOfOtherGroups
from dispatcher.correlation.groups import GroupTable
from dispatcher.correlation.kernels.records import COUNTERS, USED_OF, State

MAGIC: Final = b"rongan correlation snapshot\n"
FORMAT: Final = 1  # raise it when arrays of the same names and types come to mean something else
_CHECKSUM_BYTES: Final = hashlib.sha256().digest_size
_LENGTH_BYTES: Final = 8

Snapshot = bytes | bytearray | memoryview


def pack(groups: GroupTable, state: State) -> bytearray:
    """The state of the groups as bytes."""
    arrays = dict(_used(state))
    header = json.dumps(
        {
            "format": FORMAT,
            "parameters": parameters_digest(groups),
            "counters": COUNTERS,
            "arrays": {name: [_type_of(array), array.shape] for name, array in arrays.items()},
        }
    ).encode()
    packed = bytearray(MAGIC)
    packed += len(header).to_bytes(_LENGTH_BYTES, "little")
    packed += header
    for array in arrays.values():
        packed += array.reshape(-1).view(np.uint8).data
    packed += hashlib.sha256(packed).digest()
    return packed


def unpack(groups: GroupTable, empty: State, snapshot: Snapshot) -> State:
    """The state that was packed, in arrays of its own; `empty` says which arrays and types are expected.

    Raises SnapshotDamaged, SnapshotForeign (not ours, or of another version) or SnapshotOfOtherGroups.
    """
    given = memoryview(snapshot).cast("B")
    header, at = _header(given)
    if header["format"] != FORMAT or tuple(header["counters"]) != COUNTERS:
        raise SnapshotForeign(f"format {header['format']} where {FORMAT} is read")
    if header["parameters"] != parameters_digest(groups):
        raise SnapshotOfOtherGroups(header["parameters"], parameters_digest(groups))
    read: dict[str, NDArray[Any]] = {}
    for name, array in empty._asdict().items():
        type_name, shape = header["arrays"].get(name, (None, ()))
        if type_name != _type_of(array) or len(shape) != array.ndim:
            raise SnapshotForeign(f"array {name} of type {type_name} where {_type_of(array)} is read")
        size = array.itemsize * int(np.prod(shape, dtype=np.int64))
        room = tuple(np.maximum(shape, array.shape).tolist()) if name in USED_OF else tuple(shape)
        read[name] = np.zeros(room, array.dtype)
        if size:
            read[name].reshape(-1).view(np.uint8)[:size] = np.frombuffer(given[at : at + size], np.uint8)
        at += size
    return State(**read)


def parameters_digest(groups: GroupTable) -> str:
    """Names the parameters of all groups, in their order."""
    return hashlib.sha256(json.dumps([astuple(group) for group in groups]).encode()).hexdigest()


def _header(given: memoryview) -> tuple[dict[str, Any], int]:
    """The header, and where the arrays begin, of what is whole and ours."""
    if bytes(given[: len(MAGIC)]) != MAGIC:
        raise SnapshotForeign("it does not begin as a snapshot does")
    if hashlib.sha256(given[:-_CHECKSUM_BYTES]).digest() != given[-_CHECKSUM_BYTES:]:
        raise SnapshotDamaged(given.nbytes)
    begin = len(MAGIC) + _LENGTH_BYTES
    end = begin + int.from_bytes(given[len(MAGIC) : begin], "little")
    header: dict[str, Any] = json.loads(bytes(given[begin:end]))
    return header, end


def _used(state: State) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, array in state._asdict().items():
        yield name, array[: state.counters[USED_OF[name]]] if name in USED_OF else array


def _type_of(array: NDArray[Any]) -> str:
    return str(array.dtype.descr) + f" of {array.dtype.itemsize}"
