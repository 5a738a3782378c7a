"""The telephones of a simulated city: a gateway for text messages and calls, and people who read and answer.

It speaks the protocol of docs/reference/channels.md: signed requests come in, signed receipts go back.
"""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import orjson
from aiohttp import web

ANSWERED_TOPICS: Final = frozenset({"ticket.paged", "ticket.urged", "ticket.supervised", "contact.test"})
"""What people answer by a key or a word; the rest they only read."""
_TOLERANCE_S: Final = 300
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_RECEIPT_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Sent:
    """One text message or call, as the gateway was asked for it."""

    id: str
    channel: str
    to: str
    text: str
    topic: str


@dataclass(slots=True)
class PhoneTally:
    """What was brought and answered."""

    taken: int = 0
    refused: int = 0  # Not signed as agreed.
    answered: int = 0
    receipts_lost: int = 0  # The city did not take them.


def answers(sent: Sent) -> bool:
    """Three of four people answer what asks for an answer: whose number ends in 4 or 8 does not."""
    return sent.topic in ANSWERED_TOPICS and sent.to[-1:] not in ("4", "8")


@dataclass(slots=True)
class Phones:
    """Takes each message once, whatever is repeated, and tells the city what became of it."""

    api_url: str
    secret: str = field(repr=False)  # `whsec_` and base64
    reads_after_s: float = 1.0
    answers_after_s: float = 6.0
    now_s: Callable[[], float] = time.time
    tally: PhoneTally = field(default_factory=PhoneTally)
    _known: set[str] = field(default_factory=set)
    _people: set[asyncio.Task[None]] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None

    async def serve(self, host: str, port: int) -> None:
        """Listen until cancelled. Raises OSError where the port is taken."""
        app = web.Application()
        app.router.add_post("/{channel}", self._take)
        runner = web.AppRunner(app, shutdown_timeout=0, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            async with aiohttp.ClientSession(timeout=_TIMEOUT) as self._session:
                await asyncio.get_running_loop().create_future()  # until cancelled
        finally:
            for person in self._people:
                person.cancel()
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._is_signed(request.headers, body):
            self.tally.refused += 1
            return web.Response(status=401)
        asked = orjson.loads(body)
        sent = Sent(asked["id"], asked["channel"], asked["to"], asked["text"], asked["topic"])
        if sent.id in self._known:
            return web.Response(status=409)
        self._known.add(sent.id)
        self.tally.taken += 1
        person = asyncio.create_task(self._live(sent), name=f"phone {sent.id}")
        self._people.add(person)
        person.add_done_callback(self._people.discard)
        return web.Response(status=202)

    async def _live(self, sent: Sent) -> None:
        """The telephone rings or shows the text; its owner answers, or does not."""
        await asyncio.sleep(self.reads_after_s)
        await self._tell(sent, "delivered")
        if answers(sent):
            await asyncio.sleep(self.answers_after_s)
            await self._tell(sent, "answered")
            self.tally.answered += 1

    async def _tell(self, sent: Sent, state: str) -> None:
        body = orjson.dumps({"receipts": [{"id": sent.id, "state": state, "note": None}]})
        url = f"{self.api_url.rstrip('/')}/api/v1/message-receipts/{sent.channel}"
        for wait_s in (*range(1, _RECEIPT_TRIES), None):
            try:
                headers = self._signed(f"{sent.id}-{state}", body)
                if self._session is not None:
                    async with self._session.post(url, data=body, headers=headers) as answer:
                        if answer.ok:
                            return
            except (aiohttp.ClientError, TimeoutError):
                pass  # Told again below: the city knows a receipt by its id.
            if wait_s is not None:
                await asyncio.sleep(wait_s)
        self.tally.receipts_lost += 1

    def _signed(self, message_id: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(self.now_s()))
        return {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": self._signature(message_id, timestamp, body),
        }

    def _is_signed(self, given: Mapping[str, str], body: bytes) -> bool:
        timestamp = given.get("webhook-timestamp", "")
        if not timestamp.isdecimal() or abs(self.now_s() - int(timestamp)) > _TOLERANCE_S:
            return False
        expected = self._signature(given.get("webhook-id", ""), timestamp, body)
        return any(hmac.compare_digest(one, expected) for one in given.get("webhook-signature", "").split(" "))

    def _signature(self, message_id: str, timestamp: str, body: bytes) -> str:
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        content = f"{message_id}.{timestamp}.".encode() + body
        return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
