"""Which event makes steps fail for good: the batch is halved until one event fails alone where no event does not."""

from enum import StrEnum
from pathlib import Path
from traceback import extract_tb
from typing import Final

import asyncpg

# SQLSTATE classes that speak of the rows: cardinality, data, integrity, syntax and types, WITH CHECK, size, RAISE.
_OF_THE_ROWS: Final = frozenset({"21", "22", "23", "42", "44", "54", "P0"})
_PACKAGE: Final = __name__.partition(".")[0]


class Verdict(StrEnum):
    """What a failed step says of its events."""

    UNRELATED = "unrelated"  # It would fail without them too: no event is to blame.
    NARROWED = "narrowed"  # One of fewer events, or none of them: try again with fewer.
    GUILTY = "guilty"  # The one event of the step: without it the step succeeds.


class Suspicion:
    """Narrows a step that fails for good to the event that it fails for. Pure: it is told what happened.

    An event is guilty only where a step of it alone failed right after a step without any succeeded, both with a memory
    built anew. So an accident, a lost race or a fault of the whole process never costs an event.
    """

    def __init__(self) -> None:
        self._limit: int | None = None
        self._left = 0  # events that the failed step had taken and no later one has passed
        self._alibi = False  # a step without events has just succeeded

    @property
    def limit(self) -> int | None:
        """How many events the next step may take at most; None: as many as usual."""
        return self._limit

    def failed(self, taken: int) -> Verdict:
        """A step that had taken so many events failed, not for want of the database."""
        if taken == 0:
            return Verdict.UNRELATED
        self._left = max(self._left, taken)
        if taken > 1:
            self._limit, self._alibi = taken // 2, False
        elif not self._alibi:
            self._limit = 0
        else:
            return Verdict.GUILTY
        return Verdict.NARROWED

    def passed(self, taken: int) -> None:
        """A step that had taken so many events, or set so many aside, was committed."""
        if self._limit is None:
            return
        self._alibi = self._limit == 0
        self._left -= taken
        if self._alibi:
            self._limit = 1
        elif self._left <= 0 or taken == 0:
            self._limit, self._left = None, 0
        else:
            self._limit = max(1, self._left // 2)


def is_for_good(error: BaseException) -> bool:
    """Whether the same step would fail again: not where the database was away, busy or the transaction lost a race."""
    match error:
        case asyncpg.PostgresError():
            return (error.sqlstate or "")[:2] in _OF_THE_ROWS
        case OSError() | asyncpg.InterfaceError() | asyncpg.InternalClientError() | MemoryError():
            return False
        case _:
            return isinstance(error, Exception)


def told(error: BaseException) -> str:
    """The error's type, what the database calls it, and where it arose; never its text, which may quote a row."""
    named = [type(error).__name__]
    if isinstance(error, asyncpg.PostgresError):
        named += [str(part) for part in (error.sqlstate, getattr(error, "constraint_name", None)) if part]
    return " ".join([*named, *places(error)[-1:]])


def places(error: BaseException) -> list[str]:
    """The way through our own code to where the error arose, or the last place of all where none was ours."""
    frames = extract_tb(error.__traceback__)
    own = [frame for frame in frames if f"/{_PACKAGE}/" in Path(frame.filename).as_posix()] or frames[-1:]
    return [f"{Path(f.filename).parent.name}/{Path(f.filename).name}:{f.lineno} {f.name}" for f in own]
