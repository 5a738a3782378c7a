"""What the correlator answers: fates of rows, merges, components taken apart, finals. Columns where there are many."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, overload

from dispatcher.correlation.columns import Flags, Int8, Int32, Int64, Words, uid_bytes


class Status(IntEnum):
    """What became of one row of a batch."""

    CLUSTERED = 0  # began an occurrence
    REPEAT = 1  # joined an occurrence, or joined two
    DUPLICATE = 2  # the same uid, revision and content are live already
    SUPERSEDED = 3  # a greater (revision, content hash) of this uid is live already
    CORRECTED = 4  # replaced the live version of its uid
    LATE = 5  # before its group's watermark: not taken in (a live older version stays)
    UNLOCATED = 6  # began an occurrence that links to nothing
    CLOSED = 7  # its uid belongs to a final component: an annotation, not taken in
    CAPPED = 8  # as many events are live as may be: counted, not taken in
    CROWDED = 9  # its block is full and reaches as far without it: counted, not taken in; see `Applied.component`


class Role(IntEnum):
    """What an occurrence is in its component; with m = 1 always core."""

    CORE = 0  # has m neighbours or more, itself included
    BORDER = 1  # has not, and belongs to the cluster of its nearest core
    NOISE = 2  # has not, and is near no core: a component of its own


class Merge(NamedTuple):
    """Two components that the caller knew became one."""

    winner: int  # the older handle, which goes on
    loser: int
    bridge: bytes  # uid of the event that joined them


class Merges(Sequence[Merge]):
    """The merges of one batch in the order in which they happened; columns, and a `Merge` where one is asked for."""

    def __init__(self, winner: Int64, loser: Int64, bridge_hi: Words, bridge_lo: Words) -> None:
        self.winner = winner
        self.loser = loser
        self.bridge_hi = bridge_hi
        self.bridge_lo = bridge_lo

    def __len__(self) -> int:
        return self.winner.size

    @overload
    def __getitem__(self, index: int) -> Merge: ...
    @overload
    def __getitem__(self, index: slice) -> list[Merge]: ...
    def __getitem__(self, index: int | slice) -> Merge | list[Merge]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        k = range(len(self))[index]
        return Merge(int(self.winner[k]), int(self.loser[k]), uid_bytes(self.bridge_hi[k], self.bridge_lo[k]))


@dataclass(frozen=True, slots=True)
class Reclustered:
    """Where the events of a component went after a correction or a late first event took it apart.

    The old handle may be among the new ones (it then goes on), or be gone.
    """

    component: int
    parts: dict[int, list[bytes]]  # new handle -> uids that had been in `component`


class Moved(NamedTuple):
    """A border whose nearest core is of another cluster now; nothing else of its former component changed."""

    uids: list[bytes]  # every event of the occurrence
    component: int


@dataclass(frozen=True, slots=True)
class Applied:
    """The answer to one batch, by row; components are as of its end."""

    status: Int8
    # Handle, -1 where the row is not in the live state; of a CROWDED row that of an occurrence linked to it.
    component: Int64
    occurrence_hi: Words  # uid of the first event of the row's occurrence (0 where component is -1)
    occurrence_lo: Words
    merges: "Merges"
    reclustered: list[Reclustered]
    role: Int8  # of the row's occurrence, -1 where component is -1
    clusters: frozenset[int]  # where m > 1: components that gained cores or kept them in a reclustering
    moved: list[Moved]
    rejoined: frozenset[int] = frozenset()  # where m > 1: components that were taken apart, whole again or not

    def occurrence(self, row: int) -> bytes:
        """The uid of the first event of the row's occurrence."""
        return uid_bytes(self.occurrence_hi[row], self.occurrence_lo[row])


class Beside(NamedTuple):
    """Located occurrences that are final, by their first events: neighbours of what is live, and nothing else."""

    uid_hi: Words
    uid_lo: Words
    t_ms: Int64
    x_dm: Int32
    y_dm: Int32


class Final(NamedTuple):
    """A component that nothing admissible can change any more."""

    component: int
    key_t_ms: int  # canonical key: the least (t, uid)
    key_uid: bytes
    uids: list[bytes]  # every event, by (t, uid)
    first_ms: int
    last_ms: int
    occurrences: int
    cores: int  # of the occurrences; 0 is noise


class Finals(Sequence[Final]):
    """The finals of one advance by canonical key; columns, and a `Final` where one is asked for."""

    def __init__(
        self,
        hi: Words,
        lo: Words,
        t_ms: Int64,
        starts: Int64,
        component: Int64,
        occurrences: Int64,
        cores: Int64,
        core: Flags | None = None,
        beside: Beside | None = None,
    ) -> None:
        self.uid_hi = hi
        self.uid_lo = lo
        self.t_ms = t_ms
        self.starts = starts  # the events of final k are [starts[k], starts[k + 1])
        self.component = component
        self.occurrences = occurrences
        self.cores = cores
        self.core = core  # of each event whether its occurrence is core; None where m = 1: all are
        self.beside = beside  # where m > 1: those that something live may still count; None where m = 1

    def __len__(self) -> int:
        return self.component.size

    @overload
    def __getitem__(self, index: int) -> Final: ...
    @overload
    def __getitem__(self, index: slice) -> list[Final]: ...
    def __getitem__(self, index: int | slice) -> Final | list[Final]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        k = range(len(self))[index]
        lo, hi = int(self.starts[k]), int(self.starts[k + 1])
        uids = [uid_bytes(self.uid_hi[i], self.uid_lo[i]) for i in range(lo, hi)]
        first, last = int(self.t_ms[lo]), int(self.t_ms[hi - 1])
        counts = int(self.occurrences[k]), int(self.cores[k])
        return Final(int(self.component[k]), first, uids[0], uids, first, last, *counts)

    def __iter__(self) -> Iterator[Final]:
        return (self[k] for k in range(len(self)))
