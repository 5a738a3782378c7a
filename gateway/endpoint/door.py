"""What all connections of one endpoint share: who is connected, and who waits for a full intake."""

from enum import IntFlag, auto
from typing import Final, Protocol

from gateway.auth.model import Authority, ViolationListener
from gateway.endpoint.downlink import Outcome
from gateway.endpoint.metrics import EndpointCounts
from gateway.endpoint.options import EndpointOptions, Timers
from gateway.intake.model import IntakePort, PresenceCause
from registry.devices import Device
from runtime.clock import Clock


class Pause(IntFlag):
    """Why a connection is not read just now; it is read again when no reason is left."""

    INTAKE = auto()  # the intake is full and this connection holds as much as it may
    ENDPOINT = auto()  # the intake is full and all connections together hold as much as they may
    UNACKNOWLEDGED = auto()  # too many of its messages wait for their commit
    WRITE = auto()  # the device does not read what it is sent
    STOPPING = auto()  # the endpoint stops


# Where the silence of a device is our own doing, its keep-alive does not run.
OUR_DOING: Final = Pause.INTAKE | Pause.ENDPOINT | Pause.UNACKNOWLEDGED | Pause.STOPPING


class Member(Protocol):
    """A connection, as the door sees it."""

    device: Device | None

    def offer_held(self) -> bool:
        """Offer what is held until the intake is full again; whether nothing is held any more."""
        ...

    def pause(self, reason: Pause) -> None: ...

    def resume(self, reason: Pause) -> None: ...

    def send(self, topic: str, payload: bytes) -> Outcome: ...

    def end(self, cause: PresenceCause | None) -> None: ...


class Door:
    """The shared state; a connection enters when it opens, is seated when its CONNECT is accepted, and leaves."""

    def __init__(
        self,
        *,
        intake: IntakePort,
        authority: Authority,
        clock: Clock,
        timers: Timers,
        options: EndpointOptions,
        on_violation: ViolationListener,
    ) -> None:
        self.intake = intake
        self.authority = authority
        self.clock = clock
        self.timers = timers
        self.options = options
        self.on_violation = on_violation
        self.counts = EndpointCounts()
        self.members: set[Member] = set()
        self.seats: dict[int, Member] = {}  # by device id
        self._waiting: dict[Member, None] = {}  # in the order in which they began to wait
        self._pauses = Pause(0)  # of every member, those to come as well
        intake.add_room_listener(self._offer_waiting)

    @property
    def full(self) -> bool:
        return len(self.members) >= self.options.connections_max

    def enter(self, member: Member) -> None:
        self.members.add(member)
        self.counts.connections += 1
        if self._pauses:
            member.pause(self._pauses)

    def seat(self, device: Device, member: Member) -> bool:
        """Give the device's place to a new connection; whether an older one had to leave it."""
        older = self.seats.get(device.id)
        if older is not None:
            older.end(PresenceCause.TAKEN_OVER)
        self.seats[device.id] = member
        self.counts.connects += 1
        self.counts.devices += 1
        return older is not None

    def leave(self, member: Member, *, held_bytes: int) -> None:
        self.members.discard(member)
        self.counts.connections -= 1
        if member.device is not None:
            self.counts.devices -= 1
            if self.seats.get(member.device.id) is member:
                del self.seats[member.device.id]
        self._waiting.pop(member, None)
        self.released(held_bytes)

    def held(self, member: Member, size: int) -> None:
        """A connection keeps a message of this size because the intake is full."""
        self._waiting[member] = None
        self.counts.held_bytes += size
        if self.counts.held_bytes > self.options.held_bytes and not self._pauses & Pause.ENDPOINT:
            self.pause_all(Pause.ENDPOINT)

    def released(self, size: int) -> None:
        self.counts.held_bytes -= size
        if self._pauses & Pause.ENDPOINT and self.counts.held_bytes <= self.options.held_bytes // 2:
            self._pauses &= ~Pause.ENDPOINT
            for member in self.members:
                member.resume(Pause.ENDPOINT)

    def pause_all(self, reason: Pause) -> None:
        self._pauses |= reason
        for member in self.members:
            member.pause(reason)

    def _offer_waiting(self) -> None:
        """The intake has room: those who waited longest come first, each with all it holds; none while we stop."""
        if self._pauses & Pause.STOPPING:
            return
        while self._waiting and not self.intake.full:
            member = next(iter(self._waiting))
            if not member.offer_held():
                return
            self._waiting.pop(member, None)
