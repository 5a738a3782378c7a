"""Events as the matcher takes them: one by one as the stage meets them, or as columns of many of few sorts."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from dispatcher.correlation.columns import uid_words
from dispatcher.patterns.columns import Batch, Int16, Int64


class Candidate(NamedTuple):
    """One event with the steps that it fills of each pattern, by row."""

    uid: bytes
    version: tuple[int, bytes]  # (revision, content hash of 8 bytes): the greatest stands
    at_ms: int
    x_dm: int | None
    y_dm: int | None
    masks: tuple[tuple[int, int, int], ...]  # (pattern, mask, place code or 0)


Sort = tuple[tuple[int, int, bool], ...]
"""The lines of all events of one sort: (pattern, mask, whether the pattern asks for the place)."""


class Lines(NamedTuple):
    """The last columns of a Batch: which steps of which pattern each of its events fills."""

    lines: Int64
    pattern: Int16
    mask: Int64
    place: Int64


def batch_of(candidates: Sequence[Candidate]) -> Batch:
    """The candidates as columns. Raises ColumnInvalid or ValueError for a uid or content hash of another length."""
    hi, lo = uid_words([each.uid for each in candidates])
    content = np.frombuffer(b"".join(each.version[1] for each in candidates), ">u8").astype(np.uint64)
    if content.size != len(candidates):
        raise ValueError("every content hash has 8 bytes")
    masks = [line for each in candidates for line in each.masks]
    return Batch(
        uid_hi=hi,
        uid_lo=lo,
        revision=np.array([each.version[0] for each in candidates], np.int64),
        content=content,
        t_ms=np.array([each.at_ms for each in candidates], np.int64),
        x_dm=np.array([each.x_dm or 0 for each in candidates], np.int32),
        y_dm=np.array([each.y_dm or 0 for each in candidates], np.int32),
        located=np.array([each.x_dm is not None for each in candidates], np.bool_),
        lines=np.array([0, *accumulate(len(each.masks) for each in candidates)], np.int64),
        pattern=np.array([pattern for pattern, _, _ in masks], np.int16),
        mask=np.array([mask for _, mask, _ in masks], np.int64),
        place=np.array([place for _, _, place in masks], np.int64),
    )


def lines_of(sorts: Sequence[Sort], sort: Int64, place: Int64) -> Lines:
    """The lines of many events of few sorts; `sort`, a number of `sorts`, and `place`, a code or 0, are by event."""
    counts = np.array([len(lines) for lines in sorts], np.int64)
    flat = np.array([line for lines in sorts for line in lines], np.int64).reshape(-1, 3)
    lines = np.zeros(sort.size + 1, np.int64)
    np.cumsum(counts[sort], out=lines[1:])
    event = np.repeat(np.arange(sort.size), counts[sort])
    # The first line of its sort, and how far behind the first of its event.
    at = (np.cumsum(counts) - counts)[sort[event]] + np.arange(event.size) - lines[event]
    return Lines(lines, flat[at, 0].astype(np.int16), flat[at, 1], np.where(flat[at, 2] != 0, place[event], 0))
