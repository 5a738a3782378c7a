"""What a failed transaction means: the database is away (hold the batch) or it refused a row (bisect the batch)."""

from enum import StrEnum
from typing import Final

import asyncpg

from gateway.intake.store import OvertakenError


class Failure(StrEnum):
    """What to do after a failed transaction."""

    AGAIN = "again"  # Nothing is wrong with anybody: start again at once.
    HOLD = "hold"  # The database cannot take anything now: keep the batch, back off, acknowledge nothing.
    REFUSED = "refused"  # The database cannot take this content: bisect down to the row.


# Constraints that say that we are wrong, not the device: quarantining its message would hide our fault.
_OURS: Final = frozenset({"intake_counts_conserve", "log_heads_seq_check"})
_REFUSED_CLASSES: Final = ("22", "23")
_AGAIN_STATES: Final = frozenset({"40001", "40P01"})
_DATATYPE_MISMATCH: Final = "42804"


def judge_failure(fault: BaseException) -> Failure | None:
    """None for what is no failure of the database at all: a bug, which must end the process."""
    if isinstance(fault, OvertakenError):
        return Failure.AGAIN
    if isinstance(fault, asyncpg.PostgresError):
        return _judge_state(fault)
    if isinstance(fault, OSError | TimeoutError):
        return Failure.HOLD
    if isinstance(fault, OverflowError | UnicodeError):  # A value that cannot even be sent.
        return Failure.REFUSED
    if isinstance(fault, asyncpg.InterfaceError | asyncpg.InternalClientError):
        return Failure.HOLD
    return None


def _judge_state(fault: asyncpg.PostgresError) -> Failure:
    state = fault.sqlstate or ""
    if state in _AGAIN_STATES:
        return Failure.AGAIN
    if state.startswith(_REFUSED_CLASSES) or state == _DATATYPE_MISMATCH:
        return Failure.HOLD if getattr(fault, "constraint_name", None) in _OURS else Failure.REFUSED
    return Failure.HOLD  # 08, 53, 57, 58, 55P03, and whatever an operator must mend while we hold.
