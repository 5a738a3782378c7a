"""Decodes deliveries: who sent it, what it says, when it counts, or why it goes to quarantine.

Pure but for the identity of messages that carry no key, which is random.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson

from events.model import (
    EventDraft,
    EventSource,
    QuarantineReason,
    SourceClass,
    TimeQuality,
    content_hash,
    event_uid,
)
from events.quarantine import QuarantineDraft
from events.signals import subject_of
from gateway.dialects.model import EventReport, Message, RefusedError, Route, StateReport, without_revision
from gateway.dialects.personal import without_personal
from gateway.dialects.registry import find_route
from gateway.dialects.strict_json import parse
from gateway.intake.model import Delivery
from gateway.intake.times import LIVE_BELIEF, JudgedTime, judge_time
from registry.devices import Device, DeviceDirectory
from registry.projection import Origin, project
from sensors.model import Origin as OriginOfEvent
from sensors.personal import PERSONAL_FIELDS

UNKNOWN_PRODUCT: Final = "unknown"
"""Under which the counts of messages stand whose topic names no product of ours."""


class Outcome(StrEnum):
    """What became of a message; each has exactly one."""

    STORED = "stored"  # Its rows stand in the record.
    DUPLICATE = "duplicate"  # Its key was taken in before, with this content or a later revision.
    QUARANTINED = "quarantined"  # It stands in quarantine with its reason.


class TimedReading(NamedTuple):
    """A reading whose time was judged."""

    effective_at: datetime
    observed_at: datetime | None
    quality: TimeQuality
    values: list[float | None]
    extra: dict[str, Any] | None


@dataclass(slots=True)
class Arrival:
    """One delivery on its way through a batch. `outcome` and `superseded` are settled by the writing transaction."""

    delivery: Delivery
    product: str  # For the counts.
    device: Device | None = None
    key: bytes | None = None  # 16 bytes; None: nothing tells a redelivery of it.
    content_hash: bytes = b""  # 8 bytes
    revision: int = 0
    identity: str = ""  # Names the message within its device, for the uids of its events.
    readings: list[TimedReading] | tuple[()] = ()
    events: list[EventDraft] | tuple[()] = ()
    state: StateReport | None = None
    message_id: str | None = None
    receipt_topic: str | None = None
    quarantine: QuarantineDraft | None = None
    outcome: Outcome = Outcome.STORED
    superseded: bool = False  # Another content of its key and revision stands: it moves no state.
    taken_s: float = 0.0  # Loop time at which the intake took it.
    sounded: bool = False  # It was looked at by the alarm of an outage.

    def refuse(self, reason: QuarantineReason, detail: str, payload: bytes | None = None) -> "Arrival":
        """Turn into a quarantine row that keeps `payload`, or the message as it came."""
        delivery, device = self.delivery, self.device
        self.quarantine = QuarantineDraft(
            received_at=delivery.received_at,
            topic=delivery.topic,
            product=device.product if device is not None else None if self.product == UNKNOWN_PRODUCT else self.product,
            device_id=None if device is None else device.id,
            reason=reason,
            detail=detail,
            payload=delivery.payload if payload is None else payload,
        )
        self.outcome = Outcome.QUARANTINED
        self.key, self.readings, self.events, self.state = None, (), (), None
        return self


class Decoder:
    """Turns deliveries into arrivals with the directory of devices and the deployment's origin.

    `retention` is how far back times on `history/post` are believed, `live_belief` those on every other topic.
    """

    def __init__(
        self,
        directory: DeviceDirectory,
        origin: Origin,
        retention: timedelta,
        live_belief: timedelta = LIVE_BELIEF,
    ) -> None:
        self._directory = directory
        self._origin = origin
        self._retention = retention
        self._live_belief = live_belief

    def decode(self, delivery: Delivery) -> Arrival:
        """Never raises for what a device sent."""
        route = find_route(delivery.topic)
        if route is None:
            return self._refuse_topic(delivery)
        device = delivery.device
        if device is None:
            device = self._directory.get(route.product, route.device)
        if device is None:
            return self._refuse_stranger(delivery, route)
        arrival = Arrival(delivery, device.product, device)
        if device.name != route.device or device.product != route.product:
            return arrival.refuse(QuarantineReason.ID_MISMATCH, "the topic names another device than the connection")
        if not device.enabled:
            return arrival.refuse(
                QuarantineReason.DISABLED_DEVICE, "its credential was withdrawn", self._kept(delivery)
            )
        kept = delivery.payload
        try:
            value, had_personal = without_personal(parse(kept), device.type.dropped_fields)
            if had_personal:
                kept = orjson.dumps(value)
            message = route.decode(route, value, device.type)
        except RefusedError as refused:
            self._ask_receipt(arrival, route, refused.message_id, refused.wants_receipt)
            return arrival.refuse(refused.reason, refused.detail, kept)
        self._fill(arrival, device, route, message)
        return arrival

    def suspect(self, delivery: Delivery, detail: str) -> Arrival:
        """Quarantine a message that is not decoded at all, because decoding it killed the process before."""
        route = find_route(delivery.topic)
        device = delivery.device
        if device is None and route is not None:
            device = self._directory.get(route.product, route.device)
        arrival = Arrival(delivery, UNKNOWN_PRODUCT if device is None else device.product, device)
        return arrival.refuse(QuarantineReason.CRASH_SUSPECT, detail)

    def _fill(self, arrival: Arrival, device: Device, route: Route, message: Message) -> None:
        delivery = arrival.delivery
        received_at = delivery.received_at
        self._ask_receipt(arrival, route, message.message_id, message.wants_receipt)
        arrival.state = message.state
        arrival.revision = message.revision or _revision_of(message.events)
        arrival.key = delivery_key(message)
        arrival.content_hash = content_hash(message.content)
        arrival.identity = (arrival.key or secrets.token_bytes(16)).hex()
        believed_for = self._retention if message.history else self._live_belief
        if message.readings:
            timed = []
            for observed_ms, values, extra in message.readings:
                judged = judge_time(observed_ms, received_at, believed_for)
                timed.append(TimedReading(judged.effective_at, judged.observed_at, judged.quality, values, extra))
            arrival.readings = timed
        if message.events:
            arrival.events = [
                self._draft(arrival, device, report, place, message.revision, believed_for)
                for place, report in enumerate(message.events)
            ]

    def _draft(
        self, arrival: Arrival, device: Device, report: EventReport, place: int, revision: int, believed_for: timedelta
    ) -> EventDraft:
        received_at = arrival.delivery.received_at
        origin = report.event.origin_of(report.payload)
        judged = judge_time(_millis_of(origin.occurred_at, report.observed_ms, origin.ended), received_at, believed_for)
        lon, lat, x_dm, y_dm = device.lon, device.lat, device.x_dm, device.y_dm
        if origin.lon is not None and origin.lat is not None:
            lon, lat = origin.lon, origin.lat
            x_dm, y_dm = project(lon, lat, self._origin)
        return EventDraft(
            uid=_uid_of_report(device, report.event.name, origin, f"{arrival.identity}:{place}", judged),
            revision=revision if origin.revision is None else origin.revision,
            content_hash=content_hash([report.event.name, without_revision(report.body), device.id]),
            source=EventSource.DEVICE_EVENT,
            source_class=SourceClass(device.type.source_class),
            kind=report.event.kind,
            severity=report.event.severity(report.payload),
            raised=not origin.ended,
            subject=subject_of(device) if origin.subject is None else origin.subject,
            device_id=device.id,
            product=device.product,
            area_id=device.area_id,
            area_path=device.area_path,
            place=device.place if origin.place is None else origin.place,
            lon=lon,
            lat=lat,
            x_dm=x_dm,
            y_dm=y_dm,
            observed_at=judged.observed_at,
            received_at=received_at,
            effective_at=judged.effective_at,
            time_quality=judged.quality,
            body={"event": report.event.name, "value": report.body},
        )

    def _refuse_topic(self, delivery: Delivery) -> Arrival:
        device = delivery.device
        arrival = Arrival(delivery, UNKNOWN_PRODUCT if device is None else device.product, device)
        return arrival.refuse(QuarantineReason.UNKNOWN_TOPIC, "no dialect speaks it", self._kept(delivery))

    def _refuse_stranger(self, delivery: Delivery, route: Route) -> Arrival:
        if not self._directory.knows_product(route.product):
            arrival = Arrival(delivery, UNKNOWN_PRODUCT)
            return arrival.refuse(QuarantineReason.UNKNOWN_PRODUCT, "no product of this key", self._kept(delivery))
        arrival = Arrival(delivery, route.product)
        return arrival.refuse(QuarantineReason.UNKNOWN_DEVICE, "nobody registered it", self._kept(delivery))

    @staticmethod
    def _kept(delivery: Delivery) -> bytes:
        """The payload as quarantine may keep it: without personal fields where it can be read."""
        dropped = PERSONAL_FIELDS if delivery.device is None else delivery.device.type.dropped_fields
        try:
            value, had_personal = without_personal(parse(delivery.payload), dropped)
        except RefusedError:
            return delivery.payload
        return orjson.dumps(value) if had_personal else delivery.payload

    @staticmethod
    def _ask_receipt(arrival: Arrival, route: Route, message_id: str | None, wants_receipt: bool) -> None:
        arrival.message_id = message_id
        if wants_receipt:
            arrival.receipt_topic = route.reply_topic


Decode = Callable[[Delivery], Arrival]


def delivery_key(message: Message) -> bytes | None:
    """16 bytes: session and sequence number where the device counts, else its message id, else nothing.

    The top bit keeps the two apart; the day of receipt is the partition of the key table.
    """
    if message.session_id is not None and message.seq is not None:
        return message.session_id.to_bytes(8, "big") + message.seq.to_bytes(8, "big")
    if message.message_id is None:
        return None
    digest = sha256(message.message_id.encode("utf-8")).digest()
    return bytes((digest[0] | 0x80,)) + digest[1:16]


def _revision_of(events: list[EventReport]) -> int:
    """A message that says no revision of its own takes that of its only event."""
    if len(events) != 1:
        return 0
    return events[0].event.origin_of(events[0].payload).revision or 0


def _millis_of(occurred_at: datetime | None, observed_ms: int | None, ended: bool) -> int | None:
    """When it happened. The end of a scene happened when it was reported, not when the scene began."""
    if occurred_at is None or (ended and observed_ms is not None):
        return observed_ms
    return round(occurred_at.timestamp() * 1000)


def _uid_of_report(device: Device, event: str, origin: OriginOfEvent, identity: str, judged: JudgedTime) -> bytes:
    """Versions of one event share a uid; its end is an event of its own, so it never rewrites its beginning."""
    phase = "ended" if origin.ended else "raised"
    if origin.event_id is not None:
        return event_uid("device", device.product, device.name, event, origin.event_id, phase)
    return event_uid("delivery", device.product, device.name, identity, judged.effective_at.isoformat(), phase)
