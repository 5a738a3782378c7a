"""One device at the front door: its packets, our promises, and its end."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gateway.auth.model import Granted, Permissions, Refused, Violation, ViolationReason
from gateway.endpoint import ntp, uplink
from gateway.endpoint.door import OUR_DOING, Door, Pause
from gateway.endpoint.downlink import Downlink, Outcome
from gateway.endpoint.link import Link
from gateway.intake.model import Delivery, PresenceCause, PresenceChange
from gateway.mqtt import encoder
from gateway.mqtt.acks import AckOrder
from gateway.mqtt.decoder import Decoder, Limits
from gateway.mqtt.errors import ProtocolViolation
from gateway.mqtt.packets import (
    LEVEL_5,
    SUBSCRIPTION_REFUSED,
    ConnAck,
    Connect,
    ConnectCode,
    Disconnect,
    Packet,
    PingReq,
    PubAck,
    Publish,
    SubAck,
    Subscribe,
    UnsubAck,
    Unsubscribe,
    Will,
)
from registry.devices import Device

HELD_OVERHEAD_BYTES: Final = 300  # of a message that is kept, beside its payload
DETAIL_CHARACTERS: Final = 200

# A device's own DISCONNECT takes its will back; a revoked device has no say any more.
WILLESS_ENDS: Final = frozenset({PresenceCause.DISCONNECTED, PresenceCause.REVOKED})


class Connection(Link):
    """Messages from one device to the intake, and acknowledgements back when they are committed.

    While the intake is full, messages are held and everything else is still answered (PINGREQ above all), until the
    connection holds `held_connection_bytes` or all of them `held_bytes`; then it is not read and its keep-alive rests.
    Is a `gateway.intake.model.Source`.
    """

    __slots__ = (
        "_acks",
        "_decoder",
        "_downlink",
        "_held",
        "_held_bytes",
        "_ntp_request",
        "_own",
        "_permissions",
        "_received_at",
        "_silence_max_s",
        "_will",
        "device",
    )

    def __init__(self, door: Door) -> None:
        super().__init__(door)
        options = door.options
        self.device: Device | None = None
        self._permissions: Permissions | None = None
        self._own: tuple[str, ...] = ()
        self._ntp_request: frozenset[str] = frozenset()
        self._will: Will | None = None
        self._silence_max_s = 0.0
        self._received_at: datetime
        self._decoder = Decoder(Limits(options.connect_bytes_max, options.payload_bytes_max))
        self._acks = AckOrder()
        self._downlink = Downlink(
            self.write,
            window=options.downlink_window,
            queue_max=options.downlink_queue_max,
            subscriptions_max=options.subscriptions_max,
        )
        self._held: deque[Delivery] = deque()
        self._held_bytes = 0

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.open(transport)
        self._received_at = self._door.clock.now()
        if self._door.full:
            self._report(ViolationReason.CONNECTION_LIMIT)
            self.shut(at_once=True)
            return
        self._door.enter(self)
        self.after(self._door.options.connect_timeout_s, lambda: self._refuse(ViolationReason.CONNECT_TIMEOUT))

    def data_received(self, data: bytes) -> None:
        if self._closed:
            return
        self._received_at = self._door.clock.now()
        packet: Packet | None = None
        try:
            for packet in self._decoder.packets(data):
                if type(packet) is Publish:
                    self._take(packet)
                else:
                    self._control(packet)
                if self._closed:
                    return
        except ProtocolViolation as violation:
            self._refuse_bytes(violation)
            return
        if packet is not None:
            self.heard_at = self._door.timers.time()

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(PresenceCause.WILL)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        self._downlink.blocked = True
        super().pause_writing()

    def resume_writing(self) -> None:
        self._downlink.blocked = False
        if not self._closed:
            self._downlink.flush()
        super().resume_writing()

    def stalled(self) -> None:
        self._refuse(ViolationReason.SLOW_READER, at_once=True)

    # What the intake and the door ask.

    def committed(self, tokens: Sequence[int]) -> None:
        """Acknowledge what is committed now; PUBACKs keep the order of receipt whatever the order of the tokens."""
        due = self._acks.release(tokens)
        if self._closed or not due:
            return
        self.write(encoder.puback(due[0]) if len(due) == 1 else b"".join(map(encoder.puback, due)))
        self._door.counts.acknowledged += len(due)
        if self.pauses and len(self._acks) <= self._door.options.unacknowledged_max // 2:
            self.resume(Pause.UNACKNOWLEDGED)

    def publish(self, topic: str, payload: bytes) -> None:
        self.send(topic, payload)

    def send(self, topic: str, payload: bytes) -> Outcome:
        """Send a message to the device; one more than it keeps up with ends the connection."""
        outcome = Outcome.OFFLINE if self._closed else self._downlink.send(topic, payload)
        self._door.counts.downlinks[outcome] += 1
        if outcome is Outcome.OVERFLOW:
            self._refuse(ViolationReason.SLOW_READER, topic, at_once=True)
        return outcome

    def offer_held(self) -> bool:
        intake = self._door.intake
        while self._held:
            if intake.full:
                return False
            delivery = self._held.popleft()
            size = len(delivery.payload) + HELD_OVERHEAD_BYTES
            self._held_bytes -= size
            intake.offer(delivery)
            self._door.released(size)
        self.resume(Pause.INTAKE)
        return True

    def end(self, cause: PresenceCause | None, *, at_once: bool = False) -> None:
        """End once: speak the will where it is due, tell the presence, close. None (we stop) tells nothing."""
        if self._closed:
            return
        door = self._door
        door.counts.forgotten += len(self._held)
        self._held.clear()
        door.leave(self, held_bytes=self._held_bytes)
        self.shut(at_once=at_once)
        if self.device is None or cause is None:
            return
        door.counts.ends[cause] += 1
        at = door.clock.now()
        if self._will is not None and cause not in WILLESS_ENDS:
            door.counts.wills += 1
            will = self._will
            door.intake.offer(Delivery(will.topic, will.payload, 0, will.retain, False, self.device, self, 0, at))
        if cause is not PresenceCause.TAKEN_OVER:  # then the device is still there, on its new connection
            door.intake.offer_presence(
                PresenceChange(device=self.device, online=False, cause=cause, session_id=None, at=at)
            )

    # What the device says.

    def _take(self, message: Publish) -> None:
        """Refuse a message, or give it to the intake, or hold it while that is full."""
        topic, payload, qos, retain, dup, packet_id, properties = message
        door = self._door
        if retain or qos == 2 or not topic.startswith(self._own):
            refusal = uplink.refusal_of_message(message, self._permissions)
            if refusal is not None:
                self._refuse(refusal, topic)
                return
        token = 0
        if qos:
            token = self._acks.take(packet_id)
            door.counts.publishes_qos1 += 1
            if len(self._acks) > door.options.unacknowledged_max:
                self.pause(Pause.UNACKNOWLEDGED)
        else:
            door.counts.publishes_qos0 += 1
        if topic in self._ntp_request and self._tell_time(topic, payload, token):
            return
        delivery = Delivery(topic, payload, qos, retain, dup, self.device, self, token, self._received_at, properties)
        if not self._held and not door.intake.full:
            door.intake.offer(delivery)
            return
        size = len(payload) + HELD_OVERHEAD_BYTES
        self._held.append(delivery)
        self._held_bytes += size
        door.held(self, size)
        if self._held_bytes > door.options.held_connection_bytes:
            self.pause(Pause.INTAKE)

    def _control(self, packet: Packet) -> None:
        if self.device is None and not isinstance(packet, Connect):
            self._refuse(ViolationReason.UNEXPECTED_PACKET, type(packet).__name__)
            return
        match packet:
            case PingReq():
                self.write(encoder.PINGRESP)
            case PubAck(packet_id):
                self._downlink.acknowledged(packet_id)
            case Subscribe():
                self._subscribe(packet)
            case Unsubscribe(packet_id, filters):
                for topic_filter in filters:
                    self._downlink.unsubscribe(topic_filter)
                self.write(encoder.encode(UnsubAck(packet_id)))
            case Disconnect():
                self.end(PresenceCause.DISCONNECTED)
            case Connect() if self.device is None:
                self._connect(packet)
            case _:
                self._refuse(ViolationReason.UNEXPECTED_PACKET, type(packet).__name__)

    def _connect(self, packet: Connect) -> None:
        door = self._door
        verdict = door.authority.authenticate(packet.user_name, packet.password, packet.client_id)
        if isinstance(verdict, Refused):
            self._refuse_connect(verdict.reason, verdict.device, packet.user_name or "")
            return
        refusal = uplink.refusal_of_will(packet.will, verdict.permissions)
        if refusal is not None:
            self._refuse_connect(refusal, verdict.device, packet.will.topic if packet.will else "")
            return
        taken_over = door.seat(verdict.device, self)
        self._admit(packet, verdict)
        self.write(encoder.encode(ConnAck(ConnectCode.ACCEPTED)))
        cause = PresenceCause.TAKEN_OVER if taken_over else PresenceCause.CONNECTED
        door.intake.offer_presence(
            PresenceChange(device=verdict.device, online=True, cause=cause, session_id=None, at=self._received_at)
        )

    def _admit(self, packet: Connect, granted: Granted) -> None:
        options = self._door.options
        self.device = granted.device
        self._permissions = granted.permissions
        self._own = granted.permissions.own
        self._ntp_request = granted.permissions.ntp_request
        self._will = packet.will
        self._decoder.limits = Limits(options.packet_bytes_max, options.payload_bytes_max)
        self._silence_max_s = packet.keep_alive_s * options.keep_alive_factor
        self.cancel_timer()
        self.heard_at = self._door.timers.time()
        if packet.keep_alive_s:
            self.after(self._silence_max_s, self._check_keep_alive)

    def _check_keep_alive(self) -> None:
        now = self._door.timers.time()
        if self.pauses & OUR_DOING:
            self.heard_at = now
        due_in_s = self.heard_at + self._silence_max_s - now
        if due_in_s <= 0:
            self.end(PresenceCause.KEEP_ALIVE)
        else:
            self.after(due_in_s, self._check_keep_alive)

    def _subscribe(self, packet: Subscribe) -> None:
        codes: list[int] = []
        for topic_filter, qos in packet.filters:
            granted: int | None = None
            if self._permissions is None or not self._permissions.may_subscribe(topic_filter):
                self._report(ViolationReason.FOREIGN_SUBSCRIPTION, topic_filter)
            else:
                granted = self._downlink.subscribe(topic_filter, qos)
                if granted is None:
                    self._report(ViolationReason.SUBSCRIPTION_LIMIT, topic_filter)
            codes.append(SUBSCRIPTION_REFUSED if granted is None else granted)
        self.write(encoder.encode(SubAck(packet.packet_id, tuple(codes))))

    def _tell_time(self, topic: str, payload: bytes, token: int) -> bool:
        """Answer a request for the time; one that is malformed goes the way of every message, into quarantine."""
        answer = ntp.answer(payload, received_at=self._received_at, sent_at=self._door.clock.now())
        if answer is None:
            return False
        if token:
            self.committed((token,))  # nothing to commit, but its PUBACK waits for those before it
        self.send(ntp.response_topic(topic), answer)
        return True

    # What is refused.

    def _refuse_bytes(self, violation: ProtocolViolation) -> None:
        if violation.level is not None:  # a client of another version is told so in its own words
            refused = encoder.encode(ConnAck(ConnectCode.UNACCEPTABLE_PROTOCOL))
            self.write(encoder.CONNACK_5_UNSUPPORTED if violation.level == LEVEL_5 else refused)
        self._refuse(uplink.refusal_of_bytes(violation.malformation), violation.malformation.value)

    def _refuse_connect(self, reason: ViolationReason, device: Device | None, detail: str) -> None:
        self.write(encoder.encode(ConnAck(uplink.CONNECT_CODES[reason])))
        self._report(reason, detail, device)
        self.end(None)

    def _refuse(self, reason: ViolationReason, detail: str = "", *, at_once: bool = False) -> None:
        """Count a violation and close, acknowledging nothing of it; the device's will is spoken."""
        if not self._closed:
            self._report(reason, detail)
            self.end(PresenceCause.WILL, at_once=at_once)

    def _report(self, reason: ViolationReason, detail: str = "", device: Device | None = None) -> None:
        device = device or self.device
        client = f"{device.product}-{device.name}" if device is not None else None
        self._door.counts.violations[reason] += 1
        self._door.on_violation(
            Violation(reason, device, client, self._peer, detail[:DETAIL_CHARACTERS], self._received_at)
        )
