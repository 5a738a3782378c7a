"""Threshold signals with hysteresis and hold time: one pure step per reading, and one for holds that just end."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sensors.model import Signal


class Side(StrEnum):
    """Where a signal stands."""

    LOW = "low"  # Normal, or never raised.
    PENDING = "pending"  # Beyond the threshold, hold time not over yet.
    HIGH = "high"  # Raised, not cleared yet.


class SignalState(NamedTuple):
    """What is remembered of one signal of one device."""

    side: Side
    since_at: datetime  # When this side began (PENDING: first reading beyond the threshold).
    read_at: datetime  # The newest reading that was looked at.
    key: str  # Key of the reading that led to this side.

    def to_json(self) -> list[str]:
        """The state as four texts for a JSON column."""
        return [self.side.value, self.since_at.isoformat(), self.read_at.isoformat(), self.key]

    @classmethod
    def from_json(cls, raw: list[str]) -> "SignalState":
        """The reverse of `to_json`."""
        side, since_at, read_at, key = raw
        return cls(Side(side), datetime.fromisoformat(since_at), datetime.fromisoformat(read_at), key)


class Crossing(NamedTuple):
    """A signal was raised or cleared; `key` names the reading that did it, whoever noticed that the hold was over."""

    raised: bool
    at: datetime  # Raised after a hold: the end of the hold. Never before the previous crossing.
    key: str
    value: float


def step(
    signal: Signal, state: SignalState | None, at: datetime, value: float, key: str
) -> tuple[SignalState, Crossing | None]:
    """Look at one reading. One that is older than `state.read_at` changes nothing.

    Call `expire(signal, state, at)` first where a hold may have ended before this reading: `follow` does both.
    """
    if state is None:
        state = SignalState(Side.LOW, at, at, key)
    elif at < state.read_at:
        return state, None
    if state.side is Side.HIGH:
        if not signal.normal(value):
            return state._replace(read_at=at), None
        cleared_at = max(at, state.since_at)
        return SignalState(Side.LOW, cleared_at, at, key), Crossing(raised=False, at=cleared_at, key=key, value=value)
    if not signal.beyond(value):
        if state.side is Side.PENDING:
            return SignalState(Side.LOW, at, at, key), None
        return state._replace(read_at=at), None
    if state.side is Side.LOW:
        state = SignalState(Side.PENDING, max(at, state.since_at), at, key)
    return _raise_when_held(signal, state._replace(read_at=at), at, value)


def expire(
    signal: Signal, state: SignalState, at: datetime, value: float | None = None
) -> tuple[SignalState, Crossing | None]:
    """Raise a pending signal whose hold ended by `at` without a new reading.

    `value` is the last reading's, if known; the threshold stands in for it otherwise.
    """
    if state.side is not Side.PENDING:
        return state, None
    return _raise_when_held(signal, state, at, signal.raise_at if value is None else value)


def follow(
    signal: Signal, state: SignalState | None, at: datetime, value: float, key: str
) -> tuple[SignalState, tuple[Crossing, ...]]:
    """`expire` up to the reading's time, then `step`: the same crossings whether or not a tick came in between."""
    crossings: list[Crossing] = []
    if state is not None and at >= state.read_at:
        state, raised = expire(signal, state, at)
        if raised is not None:
            crossings.append(raised)
    state, crossing = step(signal, state, at, value, key)
    if crossing is not None:
        crossings.append(crossing)
    return state, tuple(crossings)


def _raise_when_held(
    signal: Signal, state: SignalState, at: datetime, value: float
) -> tuple[SignalState, Crossing | None]:
    held_at = state.since_at + timedelta(seconds=signal.hold_s)
    if at < held_at:
        return state, None
    raised = state._replace(side=Side.HIGH, since_at=held_at)
    return raised, Crossing(raised=True, at=held_at, key=state.key, value=value)
