"""One simulated device: connects as itself, leaves a will, repeats each message until its receipt says committed."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

import aiomqtt

from simulators.alink import Envelopes, Outgoing, receipt
from simulators.credentials import Credential
from simulators.reconnect import pause_s

COMMITTED: Final = 200
_RECEIPT_WAIT_S: Final = 10.0
_BACKLOG: Final = 1000


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the MQTT door is."""

    host: str
    port: int


@dataclass(slots=True)
class Tally:
    """What a fleet has said and what was confirmed."""

    posted: int = 0
    confirmed: int = 0
    refused: int = 0  # A receipt came and its code was not 200.
    repeated: int = 0  # No receipt in time: the same message again.
    connects: int = 0
    losses: int = 0
    dropped: int = 0  # The device's own backlog was full.


class SimulatedDevice:
    """Holds at most a thousand unsent messages, as a small device would; the oldest goes first."""

    def __init__(
        self,
        credential: Credential,
        broker: Broker,
        now: Callable[[], datetime],
        *,
        sid: int,
        rng: Random,
        tally: Tally,
    ) -> None:
        self.credential = credential
        self._broker = broker
        self._now = now
        self._rng = rng
        self._tally = tally
        self._envelopes = Envelopes(credential.product, credential.device, sid)
        self._outbox: asyncio.Queue[Outgoing] = asyncio.Queue(_BACKLOG)
        self._connected = False
        self._unconfirmed: Outgoing | None = None
        self._receipts: dict[str, asyncio.Future[int]] = {}

    def post_properties(self, values: Mapping[str, object], at: datetime | None = None) -> None:
        """Say what was measured; sent when the connection allows."""
        self._put(self._envelopes.properties(values, at or self._now()))

    def post_event(self, name: str, value: Mapping[str, object], at: datetime | None = None) -> None:
        """Say what was judged; sent when the connection allows."""
        self._put(self._envelopes.event(name, value, at or self._now()))

    async def drained(self) -> None:
        """Wait until everything said so far was confirmed or refused."""
        await self._outbox.join()

    async def run(self) -> None:
        """Stay connected and send until cancelled; says farewell when cancelled while connected."""
        failures = 0
        while True:
            self._connected = False
            try:
                await self._session()
            except (aiomqtt.MqttError, OSError):
                self._tally.losses += 1
            failures = 0 if self._connected else failures + 1
            await asyncio.sleep(pause_s(self._rng, failures))

    def _put(self, message: Outgoing) -> None:
        if self._outbox.full():
            self._outbox.get_nowait()
            self._outbox.task_done()
            self._tally.dropped += 1
        self._outbox.put_nowait(message)
        self._tally.posted += 1

    async def _session(self) -> None:
        will = self._envelopes.state("off", self._now())
        async with aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            identifier=self.credential.client_id,
            username=self.credential.user_name,
            password=self.credential.password,
            clean_session=True,
            keepalive=60,
            will=aiomqtt.Will(will.topic, will.payload, qos=1, retain=True),
        ) as client:
            self._connected = True
            self._tally.connects += 1
            await client.subscribe(self._envelopes.receipts, qos=1)
            birth = self._envelopes.state("on", self._now())
            await client.publish(birth.topic, birth.payload, qos=1, retain=True)
            listener = asyncio.create_task(self._listen(client), name=f"receipts of {self.credential.device}")
            try:
                await self._send(client, listener)
            except asyncio.CancelledError:
                farewell = self._envelopes.state("bye", self._now())
                with suppress(aiomqtt.MqttError):
                    await client.publish(farewell.topic, farewell.payload, qos=1, retain=True, timeout=2)
                raise
            finally:
                listener.cancel()
                with suppress(asyncio.CancelledError, aiomqtt.MqttError):
                    await listener

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            told = receipt(message.payload) if isinstance(message.payload, bytes) else None
            waiting = None if told is None else self._receipts.get(told[0])
            if told is not None and waiting is not None and not waiting.done():
                waiting.set_result(told[1])

    async def _send(self, client: aiomqtt.Client, listener: asyncio.Task[None]) -> None:
        while True:
            # A message that was in the air when the connection broke goes first, unchanged.
            message = self._unconfirmed or await self._next(listener)
            self._unconfirmed = message
            code = await self._confirmed(client, message)
            if code is None:
                self._tally.repeated += 1
                continue
            if code == COMMITTED:
                self._tally.confirmed += 1
            else:
                self._tally.refused += 1
            self._unconfirmed = None
            self._outbox.task_done()

    async def _next(self, listener: asyncio.Task[None]) -> Outgoing:
        """The next message, or the listener's error: an idle device must notice a lost connection too."""
        getting = asyncio.create_task(self._outbox.get(), name=f"outbox of {self.credential.device}")
        try:
            await asyncio.wait({getting, listener}, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
        finally:
            getting.cancel()
        await listener
        raise aiomqtt.MqttError("the stream of receipts ended")

    async def _confirmed(self, client: aiomqtt.Client, message: Outgoing) -> int | None:
        """The receipt's code, or None if none came in time."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._receipts[message.id] = future
        try:
            await client.publish(message.topic, message.payload, qos=1, timeout=_RECEIPT_WAIT_S)
            async with asyncio.timeout(_RECEIPT_WAIT_S):
                return await future
        except TimeoutError:
            return None
        finally:
            self._receipts.pop(message.id, None)
