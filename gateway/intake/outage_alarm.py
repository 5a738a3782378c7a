"""Sounds for events that must not wait for the database: an SOS during an outage still reaches somebody."""

import asyncio
from collections import deque
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

import aiohttp
import structlog

from gateway.intake.arrivals import Arrival
from gateway.intake.metrics import IntakeMetrics
from gateway.intake.state import signal_places
from runtime.addresses import AddressNotAllowed, PublicResolver, refuse_private_literal

log = structlog.get_logger(__name__)

UNACKNOWLEDGED_S: Final = 5.0
_POSTS_MAX: Final = 1000
_POST_TIMEOUT_S: Final = 5.0
_POST_ATTEMPTS: Final = 3


class OutageAlarm:
    """Log, metric and, where one is configured, a webhook; at most once a message.

    The webhook reaches no private address unless `private_allowed`, as a siren in the building needs; a redirect never.
    """

    def __init__(
        self, kinds: frozenset[str], metrics: IntakeMetrics, webhook: str | None, *, private_allowed: bool
    ) -> None:
        self._kinds = kinds
        self._metrics = metrics
        self._webhook = webhook
        self._private_allowed = private_allowed
        self._posts: deque[dict[str, Any]] = deque(maxlen=_POSTS_MAX)
        self._posted = asyncio.Event()

    def sound_for(self, arrivals: Iterable[Arrival], now_s: float) -> None:
        """Look at what waits for its commit; `now_s` is the loop's time."""
        for arrival in arrivals:
            age_s = now_s - arrival.taken_s
            if age_s < UNACKNOWLEDGED_S:
                return  # The younger ones follow.
            if not arrival.sounded:
                arrival.sounded = True
                for kind in self.kinds_of(arrival):
                    self._sound(arrival, kind, age_s)

    def kinds_of(self, arrival: Arrival) -> list[str]:
        """The kinds of this message that open a ticket by themselves: its events, and thresholds without a hold."""
        found = [event.kind for event in arrival.events if event.raised and event.kind in self._kinds]
        if arrival.readings and arrival.device is not None:
            for signal, place in signal_places(arrival.device.type):
                if signal.kind not in self._kinds or signal.hold_s:
                    continue
                values = (reading.values[place] for reading in arrival.readings)
                if any(value is not None and signal.beyond(value) for value in values):
                    found.append(signal.kind)
        return list(dict.fromkeys(found))

    async def run(self) -> None:
        """Post to the webhook until cancelled; what fails thrice is only logged, since log and metric have sounded."""
        if self._webhook is None:
            return
        if not self._private_allowed:
            try:
                refuse_private_literal(self._webhook)
            except AddressNotAllowed as refused:  # Said now: during an outage it would be too late.
                log.error("life_safety_webhook_not_allowed", fault=str(refused))  # noqa: TRY400
        while True:
            await self._posted.wait()
            self._posted.clear()
            await self._post_all(self._webhook)

    async def _post_all(self, url: str) -> None:
        connector = aiohttp.TCPConnector(resolver=None if self._private_allowed else PublicResolver())
        timeout = aiohttp.ClientTimeout(total=_POST_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            while self._posts:
                await self._post(session, url, self._posts.popleft())

    async def _post(self, session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> None:
        for attempt in range(1, _POST_ATTEMPTS + 1):
            try:
                if not self._private_allowed:
                    refuse_private_literal(url)
                async with session.post(url, json=body, allow_redirects=False) as response:
                    if response.status < HTTPStatus.MULTIPLE_CHOICES:
                        return
                log.warning("life_safety_webhook_failed", status=response.status, attempt=attempt)
            except (aiohttp.ClientError, OSError, ValueError) as fault:
                log.warning("life_safety_webhook_failed", fault=type(fault).__name__, attempt=attempt)

    def _sound(self, arrival: Arrival, kind: str, age_s: float) -> None:
        device = arrival.device
        area = None if device is None else device.area_id
        place = None if device is None else device.place
        name = None if device is None else device.name
        log.error(
            "life_safety_event_unacknowledged",
            kind=kind, product=arrival.product, device=name, area=area, place=place, age_s=round(age_s, 1),
        )  # fmt: skip
        self._metrics.life_safety.labels(kind).inc()
        self._posts.append(
            {
                "type": "rongan.life_safety_event_unacknowledged",
                "kind": kind,
                "product": arrival.product,
                "device": name,
                "area_id": area,
                "place": place,
                "received_at": arrival.delivery.received_at.isoformat(),
            }
        )
        self._posted.set()
