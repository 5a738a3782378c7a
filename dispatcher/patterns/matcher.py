"""The matcher: events in any order go in, what each pattern finds comes out; state here, decisions in `kernels`.

Time is the events' own and the watermarks'; nothing reads a clock. An event without a position or a place code that its
pattern admits is not taken in: it can meet nothing. Not safe for two threads at once; calls release the GIL.
Bytes: a row, one event in one pattern, takes 72, 44 a block (a row begins two at most), 32 to 64 of their slots; an
event that is known takes 48, and 16 to 32 of its slots. There is room for twice as many as when the arrays were made.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from dispatcher.correlation.columns import uid_words
from dispatcher.patterns.columns import (
    ALWAYS,
    BLOCK,
    KNOWN,
    NO_WATERMARK,
    PATTERN,
    REACHED,
    ROW,
    SLOT,
    Batch,
    Flags,
    Int32,
    Int64,
    Journal,
    Records,
    State,
)
from dispatcher.patterns.kernels import identity, index, matching
from dispatcher.patterns.model import Match, MatchWitness

ROWS_AT_FIRST: Final = 256
ROWS_A_BLOCK_MAX: Final = 256
"""Events of one pattern in a square of its radius within its time; more are counted and not kept."""
KNOWN_AT_LEAST: Final = 1024


class Shape(NamedTuple):
    """What the kernel needs of a pattern; masks have a bit a step."""

    radius_dm: int
    window_ms: int
    steps: int
    full: int
    anchors: int
    absent: int = 0
    order: tuple[tuple[int, int], ...] = ()  # (earlier step, later step)
    begins_ms: int = -ALWAYS
    ends_ms: int = ALWAYS


@dataclass(slots=True)
class Outcome:
    """What a call changed: as a set it does not depend on the order of the events or on where batches were cut."""

    found: list[Match] = field(default_factory=list)  # began, or has other witnesses
    lost: list[tuple[int, bytes]] = field(default_factory=list)  # (pattern, uid of the anchor): holds no more
    links: list[tuple[int, bytes, bytes]] = field(default_factory=list)  # (pattern, anchor, an event around it)


class Matcher:
    """The live events of all patterns. `rows_a_block_max` bounds memory and work in a storm."""

    def __init__(self, shapes: Sequence[Shape], rows_a_block_max: int = ROWS_A_BLOCK_MAX) -> None:
        self._shapes = tuple(shapes)
        self._steps = max((shape.steps for shape in shapes), default=1)
        self._cap = rows_a_block_max
        self._state = self._empty(ROWS_AT_FIRST, KNOWN_AT_LEAST)
        self._journal = self._room(ROWS_AT_FIRST)

    def apply(self, batch: Batch, *, dropped: Sequence[bytes] = ()) -> Outcome:
        """Take in events and newer revisions of events. Older revisions and repetitions change nothing.

        The newer one is remembered as long as a pattern could reach it, so the caller gives versions that stand.

        `dropped` names events that count no more, in whatever revision is known.
        """
        journal = self._take(batch, dropped)
        self._judge(journal)
        return self._outcome(journal)

    def advance(self, watermarks_ms: Sequence[int | None]) -> Outcome:
        """Raise each pattern's watermark (None: it has none yet); a lower one than before is not taken."""
        self._raise(watermarks_ms)
        journal = self._cleared(0)
        spent = matching.close(self._state, journal)
        self._judge(journal)
        outcome = self._outcome(journal)
        if 2 * spent > self.rows:
            self._refill(self.rows - spent)
        if self.known > 2 * self.rows + KNOWN_AT_LEAST:
            self._forget(self.known)
        return outcome

    def restore(self, batch: Batch, watermarks_ms: Sequence[int | None]) -> None:
        """Be as after the same events and watermarks, of which everything was told already."""
        self._raise(watermarks_ms)
        self._judge(self._take(batch, ()), is_told=True)

    def begin(self, batch: Batch, watermarks_ms: Sequence[int | None]) -> Outcome:
        """The same where nothing was told: what holds at the anchors that the watermarks have not passed."""
        self._raise(watermarks_ms)
        return self.apply(batch)

    @property
    def rows(self) -> int:
        """Rows in use, those included that nothing needs any more."""
        return int(self._state.counters[index.ROWS])

    @property
    def refused(self) -> int:
        """Rows that were not kept because their block was full."""
        return int(self._state.counters[index.REFUSED])

    @property
    def known(self) -> int:
        """Events of which the newest revision is known, those included that fill no step."""
        return int(self._state.counters[index.KNOWN])

    def knows(self, uids: Sequence[bytes]) -> list[bool]:
        """Of each event whether any revision is known."""
        hi, lo = uid_words(uids)
        found = np.empty(hi.size, np.int32)
        with np.errstate(over="ignore"):
            identity.look_up(self._state.known, self._state.names, hi, lo, found)
        known: list[bool] = (found >= 0).tolist()
        return known

    def superseded_by(self, batch: Batch) -> list[bool]:
        """Of each event of the batch whether an older revision is known."""
        found: Flags = np.empty(batch.t_ms.size, np.bool_)
        with np.errstate(over="ignore"):
            identity.supersedes(self._state, batch, found)
        superseded: list[bool] = found.tolist()
        return superseded

    def _raise(self, watermarks_ms: Sequence[int | None]) -> None:
        standing = self._state.patterns["watermark"]
        given = np.array([NO_WATERMARK if at is None else at for at in watermarks_ms], dtype=np.int64)
        np.maximum(standing, given, out=standing)

    def _take(self, batch: Batch, dropped: Sequence[bytes]) -> Journal:
        """Write what is new; which anchors it concerns is in the journal."""
        self._make_room(batch.pattern.size, batch.t_ms.size)
        journal = self._cleared(batch.t_ms.size)
        with np.errstate(over="ignore"):  # hashes wrap; numpy warns of it where the kernel runs uncompiled
            matching.apply(self._state, journal, batch, *uid_words(dropped))
        return journal

    def _make_room(self, lines: int, events: int) -> None:
        if self.rows + lines > self._state.rows.size:
            self._refill(self.rows + lines)
        if self.known + events > self._state.known.size:
            self._forget(self.known + events)

    def _refill(self, rows: int) -> None:
        """Copy what is still needed into new arrays with room for this many rows, and for as many again."""
        old = self._state
        new = self._empty(max(ROWS_AT_FIRST, 2 * rows), old.known.size)
        new.counters[index.REFUSED] = old.counters[index.REFUSED]
        new.patterns["watermark"] = old.patterns["watermark"]
        moved, heirs = np.empty((2, self.rows), np.int32)
        with np.errstate(over="ignore"):
            matching.refill(old, new, moved, heirs)
            identity.keep_known(old, new, moved, self._spent_ms())
        self._state = new
        self._journal = self._room(new.rows.size)

    def _forget(self, room: int) -> None:
        """Let the names go of what no pattern can reach any more; room for so many, and for as many again."""
        old = self._state
        known, names = _no_names(2 * max(room, KNOWN_AT_LEAST))
        new = old._replace(known=known, names=names, counters=old.counters.copy())
        new.counters[index.KNOWN] = 0
        with np.errstate(over="ignore"):
            identity.keep_known(old, new, np.arange(self.rows, dtype=np.int32), self._spent_ms())
        self._state = new

    def _spent_ms(self) -> int:
        """Before it no pattern reaches anything any more."""
        patterns = self._state.patterns
        return int((patterns["watermark"] - 2 * patterns["window"]).min(initial=ALWAYS))

    def _empty(self, rows: int, events: int) -> State:
        counters = np.zeros(index.COUNTERS, np.int64)
        counters[index.CAP] = self._cap
        before, after = np.zeros((2, len(self._shapes), self._steps), np.int64)
        for number, shape in enumerate(self._shapes):
            for earlier, later in shape.order:
                if not shape.absent >> later & 1:
                    before[number, later] |= 1 << earlier
                    after[number, earlier] |= 1 << later
        known, names = _no_names(events)
        return State(
            rows=np.zeros(rows, ROW),
            known=known,
            names=names,
            blocks=np.zeros(2 * rows, BLOCK),  # of its cell and of its place; what is never written takes no memory
            slots=_slots(4 * rows),
            patterns=_patterns(self._shapes),
            topological=np.array([_topological(shape, self._steps) for shape in self._shapes], np.int16).reshape(
                -1, self._steps
            ),
            before=before,
            after=after,
            counters=counters,
        )

    def _room(self, rows: int) -> Journal:
        scratch = np.empty((4, self._steps), np.int64)
        return Journal(
            dirty=np.empty(rows, np.int32),
            tags=np.empty(REACHED, np.int64),
            blocks=np.empty(REACHED, np.int64),
            near=np.empty(rows, np.int32),
            near_d2=np.empty(rows, np.int64),
            least=np.full(rows, -1, np.int32),
            best=np.empty(self._steps, np.int32),
            earliest=scratch[0],
            latest=scratch[1],
            lower=scratch[2],
            upper=scratch[3],
            found=np.empty(rows, np.int32),
            holds=np.empty(rows, np.int8),
            witness=np.empty((rows, self._steps), np.int32),
            witness_d2=np.empty((rows, self._steps), np.int64),
            links=np.empty((rows, 2), np.int32),
            newest=np.empty(0, np.int32),
            entry=np.empty(0, np.int32),
            counts=np.zeros(index.COUNTS, np.int64),
        )

    def _cleared(self, events: int) -> Journal:
        self._journal.counts[:] = 0
        newest, entry = np.empty((2, events), np.int32)
        return self._journal._replace(newest=newest, entry=entry)

    def _judge(self, journal: Journal, *, is_told: bool = False) -> None:
        """In the order of uids: which links stand for the rest must not depend on where rows lie, if they are told."""
        rows = self._state.rows
        dirty = journal.dirty[: journal.counts[index.DIRTIES]]
        if not is_told:
            dirty[:] = dirty[np.lexsort((rows["uid_lo"][dirty], rows["uid_hi"][dirty], rows["pattern"][dirty]))]
        with np.errstate(over="ignore"):
            matching.judge_dirty(self._state, journal)

    def _outcome(self, journal: Journal) -> Outcome:
        """What the journal holds, column by column: an access to a record costs as much as a tuple of all."""
        rows = self._state.rows
        found = journal.found[: journal.counts[index.FOUNDS]]
        holds = journal.holds[: found.size] != 0
        gone, begun = rows[found[~holds]], rows[found[holds]]
        links = journal.links[: journal.counts[index.LINKS]]
        anchors = rows[links[:, 0]]
        return Outcome(
            found=self._matches(begun, journal.witness[: found.size][holds], journal.witness_d2[: found.size][holds]),
            lost=list(zip(gone["pattern"].tolist(), _uids(gone), strict=True)),
            links=list(zip(anchors["pattern"].tolist(), _uids(anchors), _uids(rows[links[:, 1]]), strict=True)),
        )

    def _matches(self, anchors: Records, witness: Int32, d2: Int64) -> list[Match]:
        match, step = np.nonzero(witness >= 0)
        events, squared = self._state.rows[witness[match, step]], d2[match, step]
        distance_dm = np.rint(np.sqrt(squared)).astype(np.int64)
        measured = squared <= self._state.patterns["radius2"][anchors["pattern"]][match]
        columns = (step, distance_dm, measured, events["t"] - anchors["t"][match])
        told = [
            MatchWitness(step, uid, distance if measured else None, dt_ms)
            for uid, step, distance, measured, dt_ms in zip(_uids(events), *(c.tolist() for c in columns), strict=True)
        ]
        ends = np.cumsum(np.bincount(match, minlength=anchors.size)).tolist()
        return [
            Match(pattern, uid, at_ms, tuple(told[begin:end]))
            for pattern, uid, at_ms, begin, end in zip(
                anchors["pattern"].tolist(), _uids(anchors), anchors["t"].tolist(), [0, *ends], ends, strict=False
            )
        ]


def _uids(rows: Records) -> list[bytes]:
    words = np.column_stack((rows["uid_hi"], rows["uid_lo"])).astype(">u8")
    uids: list[bytes] = words.view("V16")[:, 0].tolist()
    return uids


def _patterns(shapes: Sequence[Shape]) -> Records:
    records = np.zeros(len(shapes), PATTERN)
    for record, shape in zip(records, shapes, strict=True):
        record["radius2"] = shape.radius_dm**2
        record["side"] = max(1, shape.radius_dm)
        record["window"] = shape.window_ms
        record["width"] = shape.window_ms + 1
        record["begins"] = shape.begins_ms
        record["ends"] = shape.ends_ms
        record["watermark"] = NO_WATERMARK
        record["full"] = shape.full
        record["anchors"] = shape.anchors
        record["absent"] = shape.absent
        record["absent_after"] = any(shape.absent >> later & 1 for _, later in shape.order)
        record["ordered"] = any(not shape.absent >> later & 1 for _, later in shape.order)
        record["steps"] = shape.steps
    return records


def _topological(shape: Shape, width: int) -> list[int]:
    """The steps, each behind those that must be earlier; padded to the width of the widest pattern."""
    placed: list[int] = []
    while len(placed) < shape.steps:
        placed += [
            step
            for step in range(shape.steps)
            if step not in placed and all(earlier in placed for earlier, later in shape.order if later == step)
        ]
    return placed + [0] * (width - shape.steps)


def _no_names(events: int) -> tuple[Records, Records]:
    """Room for what is known of so many events, and the table of their names, at most half full."""
    return np.zeros(events, KNOWN), _slots(2 * events)


def _slots(size: int) -> Records:
    slots = np.zeros(size, SLOT)
    slots["row"] = -1
    return slots
