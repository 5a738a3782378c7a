"""What is known of a device right now: latest values, signals and presence. Older readings never move any of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from gateway.dialects.model import StateReport
from gateway.intake.model import PresenceCause, PresenceChange
from sensors.model import DeviceType, Signal
from sensors.signal import Crossing, Side, SignalState, follow

_LOW: Final = Side.LOW.value
_HIGH: Final = Side.HIGH.value


class SignalCrossing(NamedTuple):
    """A signal of a device was raised or cleared by a reading."""

    signal: Signal
    crossing: Crossing


@dataclass(slots=True)
class DeviceState:
    """One row of `device_state`, changed in memory and written back in the same transaction as what changed it."""

    device_id: int
    online: bool = False
    presence_cause: str | None = None
    session_id: int | None = None
    gateway: str | None = None
    presence_at: datetime | None = None
    last_seen_at: datetime | None = None
    latest: dict[str, Any] = field(default_factory=dict)
    signals: dict[str, Any] = field(default_factory=dict)
    firmware: str | None = None
    version: int = 0  # Of the row as it was read or last written by us: the number of the writing transaction.
    told: bool = False  # Presence or firmware changed: the row needs more than its values written.

    def see(self, at: datetime) -> None:
        """The device spoke."""
        if self.last_seen_at is None or at > self.last_seen_at:
            self.last_seen_at = at

    def read(
        self, device_type: DeviceType, at: datetime, values: list[float | None], extra: dict[str, Any] | None, key: str
    ) -> list[SignalCrossing]:
        """Take one reading; gives the signals that it raised or cleared. Properties move one by one."""
        stamp = at.isoformat(timespec="microseconds")
        latest = self.latest
        for prop, value in zip(device_type.properties, values, strict=True):
            if value is not None:
                known = latest.get(prop.name)
                if known is None or known["at"] <= stamp:
                    latest[prop.name] = {"value": value, "at": stamp}
        if extra:
            for name, told in extra.items():
                known = latest.get(name)
                if known is None or known["at"] <= stamp:
                    latest[name] = {"value": told, "at": stamp}
        crossings: list[SignalCrossing] = []
        for signal, place in signal_places(device_type):
            value = values[place]
            if value is not None:
                crossings += self._follow(signal, at, stamp, value, key)
        return crossings

    def _follow(self, signal: Signal, at: datetime, stamp: str, value: float, key: str) -> list[SignalCrossing]:
        raw = self.signals.get(signal.name)
        if raw is not None and _stays(signal, raw[0], value):
            # The common case without building anything: only the newest reading moves.
            if at >= datetime.fromisoformat(raw[2]):
                raw[2] = stamp
            return []
        state = None if raw is None else SignalState.from_json(raw)
        state, crossings = follow(signal, state, at, value, key)
        self.signals[signal.name] = state.to_json()
        return [SignalCrossing(signal, crossing) for crossing in crossings]

    def tell(self, report: StateReport, at: datetime) -> None:
        """Take a state message. One of an older session than the last told never wins."""
        if report.firmware is not None:
            self.firmware, self.told = report.firmware, True
        if report.session_id is not None:
            if self.session_id is not None and report.session_id < self.session_id:
                return
            self.session_id = report.session_id
        self._set_presence(report.online, PresenceCause.STATE_TOPIC, at)

    def change_presence(self, change: PresenceChange, gateway: str) -> None:
        """Take what a door saw of the connection."""
        if change.session_id is not None:
            if self.session_id is not None and change.session_id < self.session_id:
                return
            self.session_id = change.session_id
        self.gateway = gateway if change.online else self.gateway
        self._set_presence(change.online, change.cause, change.at)

    def _set_presence(self, online: bool, cause: PresenceCause, at: datetime) -> None:
        self.online, self.presence_cause, self.told = online, cause.value, True
        self.presence_at = at if self.presence_at is None else max(at, self.presence_at)


_places: dict[str, tuple[tuple[Signal, int], ...]] = {}


def signal_places(device_type: DeviceType) -> tuple[tuple[Signal, int], ...]:
    """Each signal of a type with the place of its property in a reading's values."""
    found = _places.get(device_type.name)
    if found is None:
        names = [prop.name for prop in device_type.properties]
        found = tuple(
            (signal, names.index(signal.property)) for signal in device_type.signals if signal.property in names
        )
        _places[device_type.name] = found
    return found


def _stays(signal: Signal, side: str, value: float) -> bool:
    if side == _LOW:
        return not signal.beyond(value)
    return side == _HIGH and not signal.normal(value)


class StateCache:
    """The states of the devices seen last, so that a batch reads only strangers. Forget it when a transaction fails.

    What is kept here is a guess: writing checks that the row's version is still the one that was read.
    """

    def __init__(self, states_max: int = 20_000) -> None:
        self._max = states_max
        self._states: dict[int, DeviceState] = {}

    def find(self, device_ids: Iterable[int]) -> tuple[dict[int, DeviceState], list[int]]:
        """The states that are known, and the devices that must be read."""
        known: dict[int, DeviceState] = {}
        missing: list[int] = []
        for device_id in device_ids:
            state = self._states.get(device_id)
            if state is None:
                missing.append(device_id)
            else:
                known[device_id] = state
        return known, missing

    def keep(self, states: Iterable[DeviceState], version: int) -> None:
        """These were committed under this transaction number."""
        for state in states:
            state.version, state.told = version, False
            self._states[state.device_id] = state
        while len(self._states) > self._max:
            del self._states[next(iter(self._states))]

    def forget(self) -> None:
        self._states.clear()
