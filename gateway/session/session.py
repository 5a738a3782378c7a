"""The back door itself: one session at one broker, kept across connections, read until it is closed."""

import asyncio
import random
from collections.abc import Callable

import aiomqtt
import structlog

from gateway.auth.model import Devices
from gateway.intake.model import IntakePort
from gateway.session.backoff import full_jitter
from gateway.session.client import BrokerClient, SubscriptionRefused
from gateway.session.metrics import SessionCounts
from gateway.session.options import SessionOptions
from gateway.session.reader import Reader
from runtime.clock import Clock

log = structlog.get_logger(__name__)


class BrokerSession:
    """Messages from a broker to the intake; the broker has its PUBACK when they are committed, and not before.

    Behind a broker a device's own PUBACK promises nothing: only the receipt that `Source.publish` sends after the
    commit does. Stop in this order: `stop_reading`, drain the intake, `close`.
    """

    def __init__(
        self,
        *,
        intake: IntakePort,
        devices: Devices,
        clock: Clock,
        options: SessionOptions,
        uniform: Callable[[float, float], float] | None = None,
    ) -> None:
        self._intake = intake
        self._devices = devices
        self._clock = clock
        self._options = options
        self._uniform = uniform or random.SystemRandom().uniform
        self._stopping = False
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._reader: Reader | None = None
        self.counts = SessionCounts()
        intake.add_room_listener(self._offer_held)

    @property
    def connected(self) -> bool:
        return self.counts.connected == 1

    async def run(self) -> None:
        """Read until `close`; every failure of the broker is waited out with growing, jittered delays."""
        self._ended.clear()
        failures = 0
        try:
            while not (self._closing.is_set() or self._stopping):
                epoch = self.counts.epoch
                try:
                    await self._read_once()
                except (aiomqtt.MqttError, SubscriptionRefused, OSError) as error:
                    failures = 1 if self.counts.epoch > epoch else failures + 1
                    delay_s = full_jitter(
                        failures,
                        first_s=self._options.backoff_first_s,
                        max_s=self._options.backoff_max_s,
                        uniform=self._uniform,
                    )
                    self.counts.failures += 1
                    log.warning(
                        "broker_session_broken", error=str(error), attempt=failures, next_in_s=round(delay_s, 2)
                    )
                    await self._wait(delay_s)
        finally:
            self._ended.set()

    def stop_reading(self) -> None:
        """Take no further message; what still comes stays unacknowledged, so the broker keeps it."""
        self._stopping = True
        if self._reader is not None:
            self._reader.stop()

    async def close(self) -> None:
        """Wait until the broker has all acknowledgements, disconnect, and end `run`. The broker keeps the session."""
        self.stop_reading()
        self._closing.set()
        await self._ended.wait()

    async def _read_once(self) -> None:
        reader = Reader(
            intake=self._intake,
            devices=self._devices,
            clock=self._clock,
            options=self._options,
            counts=self.counts,
        )
        client = BrokerClient(self._options, reader.received)
        reader.attach(client)
        self._reader = reader
        try:
            async with client.connected():
                self.counts.epoch += 1
                self.counts.sessions_new += not client.session_present
                self.counts.connected = 1
                log.info(
                    "broker_session_opened",
                    broker=self._options.host,
                    epoch=self.counts.epoch,
                    session_present=client.session_present,
                )
                await self._until_closing_or_broken(client)
                await client.settle()
        finally:
            reader.detach()
            self._reader = None
            self.counts.connected = 0

    async def _until_closing_or_broken(self, client: BrokerClient) -> None:
        closing = asyncio.create_task(self._closing.wait(), name="broker-session-closing")
        broken = asyncio.create_task(client.broken(), name="broker-session-broken")
        try:
            await asyncio.wait((closing, broken), return_when=asyncio.FIRST_COMPLETED)
            if broken.done() and not self._closing.is_set():
                broken.result()
        finally:
            for task in (closing, broken):
                task.cancel()
            await asyncio.gather(closing, broken, return_exceptions=True)

    async def _wait(self, delay_s: float) -> None:
        try:
            async with asyncio.timeout(delay_s):
                await self._closing.wait()
        except TimeoutError:
            pass

    def _offer_held(self) -> None:
        if self._reader is not None:
            self._reader.offer_held()
