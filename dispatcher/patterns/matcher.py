"""The matcher: events in any order go in, what each pattern finds comes out; state here, decisions in `kernels`.

Time is the events' own and the watermarks'; nothing reads a clock. An event without a position or a place code that its
pattern admits is not taken in: it can meet nothing. Not safe for two threads at once; calls release the GIL.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from dispatcher.correlation.columns import uid_bytes, uid_words
from dispatcher.patterns.columns import (
    ALWAYS,
    BLOCK,
    NO_WATERMARK,
    PATTERN,
    ROW,
    SLOTS,
    Batch,
    Int32,
    Int64,
    Journal,
    Records,
    State,
)
from dispatcher.patterns.kernels import index, matching
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


class Candidate(NamedTuple):
    """One event, in its newest revision, with the steps that it fills of each pattern, by row."""

    uid: bytes
    version: tuple[int, bytes]  # (revision, content hash): the greatest stands
    at_ms: int
    x_dm: int | None
    y_dm: int | None
    masks: tuple[tuple[int, int, int], ...]  # (pattern, mask, place code or 0)


@dataclass(slots=True)
class Outcome:
    """What a call changed: as a set it does not depend on the order of the events or on where batches were cut."""

    found: list[Match] = field(default_factory=list)  # began, or has other witnesses
    lost: list[tuple[int, bytes]] = field(default_factory=list)  # (pattern, uid of the anchor): holds no more
    links: list[tuple[int, bytes, bytes]] = field(default_factory=list)  # (pattern, anchor, an event around it)


@dataclass(slots=True)
class _Known:
    version: tuple[int, bytes]
    at_ms: int
    rows: list[int]  # none where it fills no step: an older revision must not come back


class Matcher:
    """The live events of all patterns. `rows_a_block_max` bounds memory and work in a storm."""

    def __init__(self, shapes: Sequence[Shape], rows_a_block_max: int = ROWS_A_BLOCK_MAX) -> None:
        self._shapes = tuple(shapes)
        self._steps = max((shape.steps for shape in shapes), default=1)
        self._cap = rows_a_block_max
        self._known: dict[bytes, _Known] = {}
        self._state = self._empty(ROWS_AT_FIRST)

    def apply(self, candidates: Iterable[Candidate], *, dropped: Iterable[bytes] = ()) -> Outcome:
        """Take in events and newer revisions of events. Older revisions and repetitions change nothing.

        `dropped` names events that count no more, in whatever revision is known.
        """
        newest: dict[bytes, Candidate] = {}
        for candidate in candidates:
            before = newest.get(candidate.uid)
            known = self._known.get(candidate.uid)
            standing = before.version if before is not None else known.version if known is not None else None
            if standing is None or candidate.version > standing:
                newest[candidate.uid] = candidate
        known_gone = [self._known[uid] for uid in dict.fromkeys([*newest, *dropped]) if uid in self._known]
        killed = [row for known in known_gone for row in known.rows]
        for known in known_gone:
            known.rows = []
        lines = [
            (uid, candidate, pattern, mask, place)
            for uid, candidate in newest.items()
            for pattern, mask, place in candidate.masks
            if mask and (candidate.x_dm is not None or place)
        ]
        self._make_room(len(lines))
        batch = _batch(lines, killed)
        journal = self._journal(len(lines), len(killed))
        with np.errstate(over="ignore"):  # hashes wrap; numpy warns of it where the kernel runs uncompiled
            matching.apply(self._state, journal, batch)
            self._judge(journal)
        for uid, candidate in newest.items():
            self._known[uid] = _Known(candidate.version, candidate.at_ms, [])
        for (uid, *_), row in zip(lines, journal.inserted.tolist(), strict=True):
            if row >= 0:
                self._known[uid].rows.append(row)
        return self._outcome(journal)

    def advance(self, watermarks_ms: Sequence[int | None]) -> Outcome:
        """Raise each pattern's watermark (None: it has none yet); a lower one than before is not taken."""
        self._raise(watermarks_ms)
        journal = self._journal(0, 0)
        with np.errstate(over="ignore"):
            spent = matching.close(self._state, journal)
            self._judge(journal)
        outcome = self._outcome(journal)
        if 2 * spent > self.rows:
            self._refill(self.rows - spent)
        if len(self._known) > 2 * self.rows + KNOWN_AT_LEAST:
            self._forget()
        return outcome

    def restore(self, candidates: Iterable[Candidate], watermarks_ms: Sequence[int | None]) -> None:
        """Be as after the same events and watermarks, of which everything was told already."""
        self._raise(watermarks_ms)
        self.apply(candidates)

    @property
    def rows(self) -> int:
        """Rows in use, those included that nothing needs any more."""
        return int(self._state.counters[index.ROWS])

    @property
    def refused(self) -> int:
        """Rows that were not kept because their block was full."""
        return int(self._state.counters[index.REFUSED])

    def __contains__(self, uid: bytes) -> bool:
        return uid in self._known

    def is_superseded_by(self, candidate: Candidate) -> bool:
        """Whether an older revision of the event is known."""
        known = self._known.get(candidate.uid)
        return known is not None and known.version < candidate.version

    def _raise(self, watermarks_ms: Sequence[int | None]) -> None:
        standing = self._state.patterns["watermark"]
        given = np.array([NO_WATERMARK if at is None else at for at in watermarks_ms], dtype=np.int64)
        np.maximum(standing, given, out=standing)

    def _make_room(self, more: int) -> None:
        rows = self.rows + more
        blocks = int(self._state.counters[index.BLOCKS]) + 2 * more
        if rows > self._state.rows.size or 2 * blocks > self._state.blocks.size:
            self._refill(rows)

    def _refill(self, rows: int) -> None:
        """Copy what is still needed into new arrays with room for this many rows, and for as many again."""
        old = self._state
        new = self._empty(max(ROWS_AT_FIRST, 2 * rows))
        new.counters[index.REFUSED] = old.counters[index.REFUSED]
        new.patterns["watermark"] = old.patterns["watermark"]
        moved, heirs = np.empty((2, self.rows), np.int32)
        with np.errstate(over="ignore"):
            matching.refill(old, new, moved, heirs)
        self._state = new
        to = moved.tolist()
        for known in self._known.values():
            known.rows = [to[row] for row in known.rows if to[row] >= 0]
        self._forget()

    def _forget(self) -> None:
        """Let the names go of what no pattern can reach any more."""
        patterns = self._state.patterns
        spent_ms = int((patterns["watermark"] - 2 * patterns["window"]).min(initial=ALWAYS))
        self._known = {uid: known for uid, known in self._known.items() if known.rows or known.at_ms >= spent_ms}

    def _empty(self, rows: int) -> State:
        blocks = np.zeros(1 << (4 * rows - 1).bit_length(), BLOCK)
        blocks["head"] = -1
        counters = np.zeros(index.COUNTERS, np.int64)
        counters[index.CAP] = self._cap
        before, after = np.zeros((2, len(self._shapes), self._steps), np.int64)
        for number, shape in enumerate(self._shapes):
            for earlier, later in shape.order:
                if not shape.absent >> later & 1:
                    before[number, later] |= 1 << earlier
                    after[number, earlier] |= 1 << later
        return State(
            rows=np.zeros(rows, ROW),
            blocks=blocks,
            patterns=_patterns(self._shapes),
            topological=np.array([_topological(shape, self._steps) for shape in self._shapes], np.int16).reshape(
                -1, self._steps
            ),
            before=before,
            after=after,
            counters=counters,
        )

    def _journal(self, lines: int, killed: int) -> Journal:
        rows = self.rows + lines
        told = rows + killed
        scratch = np.empty((4, self._steps), np.int64)
        return Journal(
            dirty=np.empty(rows, np.int32),
            slots=np.empty(SLOTS, np.int64),
            near=np.empty(rows, np.int32),
            near_d2=np.empty(rows, np.int64),
            least=np.full(rows, -1, np.int32),
            best=np.empty(self._steps, np.int32),
            earliest=scratch[0],
            latest=scratch[1],
            lower=scratch[2],
            upper=scratch[3],
            found=np.empty(told, np.int32),
            holds=np.empty(told, np.int8),
            witness=np.empty((told, self._steps), np.int32),
            witness_d2=np.empty((told, self._steps), np.int64),
            links=np.empty((rows, 2), np.int32),
            inserted=np.empty(lines, np.int32),
            counts=np.zeros(3, np.int64),
        )

    def _judge(self, journal: Journal) -> None:
        """In the order of uids: which links stand for the rest must not depend on where rows lie."""
        rows = self._state.rows
        dirty = journal.dirty[: journal.counts[index.DIRTIES]]
        dirty[:] = dirty[np.lexsort((rows["uid_lo"][dirty], rows["uid_hi"][dirty], rows["pattern"][dirty]))]
        matching.judge_dirty(self._state, journal)

    def _outcome(self, journal: Journal) -> Outcome:
        rows = self._state.rows
        outcome = Outcome()
        founds = int(journal.counts[index.FOUNDS])
        for n in range(founds):
            row = rows[journal.found[n]]
            if journal.holds[n]:
                outcome.found.append(self._match(row, journal.witness[n], journal.witness_d2[n]))
            else:
                outcome.lost.append((int(row["pattern"]), _uid(row)))
        for anchor, other in journal.links[: journal.counts[index.LINKS]].tolist():
            outcome.links.append((int(rows[anchor]["pattern"]), _uid(rows[anchor]), _uid(rows[other])))
        return outcome

    def _match(self, anchor: Records, witness: Int32, d2: Int64) -> Match:
        shape = self._shapes[int(anchor["pattern"])]
        at_ms = int(anchor["t"])
        witnesses = []
        for step in range(shape.steps):
            row, squared = int(witness[step]), int(d2[step])
            if row >= 0:
                event = self._state.rows[row]
                distance_dm = round(squared**0.5) if squared <= shape.radius_dm**2 else None
                witnesses.append(MatchWitness(step, _uid(event), distance_dm, int(event["t"]) - at_ms))
        return Match(int(anchor["pattern"]), _uid(anchor), at_ms, tuple(witnesses))


def _uid(row: Records) -> bytes:
    return uid_bytes(int(row["uid_hi"]), int(row["uid_lo"]))


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


def _batch(lines: Sequence[tuple[bytes, Candidate, int, int, int]], killed: Sequence[int]) -> Batch:
    hi, lo = uid_words([uid for uid, *_ in lines])
    events = [candidate for _, candidate, *_ in lines]
    return Batch(
        pattern=np.array([pattern for _, _, pattern, _, _ in lines], np.int16),
        mask=np.array([mask for _, _, _, mask, _ in lines], np.int64),
        t_ms=np.array([event.at_ms for event in events], np.int64),
        x_dm=np.array([event.x_dm or 0 for event in events], np.int32),
        y_dm=np.array([event.y_dm or 0 for event in events], np.int32),
        located=np.array([event.x_dm is not None for event in events], np.bool_),
        place=np.array([place for *_, place in lines], np.int64),
        uid_hi=hi,
        uid_lo=lo,
        killed=np.array(killed, np.int32),
    )
