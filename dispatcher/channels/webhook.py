"""The webhook channel: CloudEvents in a Standard-Webhooks envelope, at least once, always with the same key."""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import aiohttp
import asyncpg
import orjson
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from prometheus_client import Counter
from yarl import URL

from dispatcher.channels import outbox
from runtime.pool import Pool
from runtime.queries import load

QUERIES = load(__package__)
LOG = structlog.get_logger(__name__)

TIMEOUT_S: Final = 10
ANSWER_MAX_BYTES: Final = 64 * 1024
CLAIM_MAX: Final = 16
# Without a NOTIFY of its own the outbox is looked at this often; a step that put a message wakes it at once.
POLL_S: Final = 0.5
EVENT_TYPE_PREFIX: Final = "cn.chengdu.community."

ATTEMPTS = Counter("dispatcher_webhook_attempts_total", "Webhook attempts", ["outcome"])


class Outcome(StrEnum):
    """How one attempt ended."""

    DELIVERED = "delivered"
    REFUSED = "refused"  # the receiver answered other than 2xx or 409
    UNREACHABLE = "unreachable"  # no connection, no answer in time, or an address that is not allowed


class AddressNotAllowed(OSError):
    """The endpoint's name leads to an address inside the platform's own network."""


class PublicResolver(AbstractResolver):
    """Resolves names and refuses every address that is not public, so that a webhook cannot reach inwards."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        results: list[ResolveResult] = []
        for address_family, _type, proto, _name, address in found:
            ip = ipaddress.ip_address(address[0])
            if not ip.is_global:
                raise AddressNotAllowed(f"{host} leads to {ip}, which is not a public address")
            results.append(
                ResolveResult(
                    hostname=host,
                    host=str(ip),
                    port=port,
                    family=address_family,
                    proto=proto,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return results

    async def close(self) -> None:
        """Nothing is held."""


def sign(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Standard-Webhooks signature `v1,<base64>` over `id.timestamp.body`. The secret is `whsec_` and base64."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def cloud_event(message: outbox.Message) -> bytes:
    """The message as a structured CloudEvents 1.0 document."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": message.idempotency_key,
            "source": "/rongan",
            "type": f"{EVENT_TYPE_PREFIX}{message.topic}.v1",
            "time": message.created_at,
            "datacontenttype": "application/json",
            "data": message.body,
        }
    )


class WebhookSender:
    """Claims due messages, sends them outside any transaction and records what became of each."""

    def __init__(self, pool: Pool, *, allow_private: bool, real_now: Callable[[], datetime] | None = None) -> None:
        self._pool = pool
        self._allow_private = allow_private
        self._real_now = real_now or (lambda: datetime.now(UTC))
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look at the outbox now: a step has just put a message."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled. A database that is away is waited for."""
        connector = aiohttp.TCPConnector(resolver=None if self._allow_private else PublicResolver(), limit=CLAIM_MAX)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
            while True:
                try:
                    sent = await self.send_due(http)
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    LOG.warning("outbox_unreachable", error=type(error).__name__)
                    sent = 0
                if sent < CLAIM_MAX:
                    await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def send_due(self, http: aiohttp.ClientSession) -> int:
        """One round: claim, send each, finish or postpone. Returns how many were claimed."""
        async with self._pool.acquire() as conn:
            messages = await outbox.claim(conn, CLAIM_MAX)
        async with asyncio.TaskGroup() as tasks:
            for message in messages:
                tasks.create_task(self._deliver(http, message), name=f"webhook-{message.id}")
        return len(messages)

    async def _deliver(self, http: aiohttp.ClientSession, message: outbox.Message) -> None:
        outcome, error = await self._attempt(http, message)
        ATTEMPTS.labels(outcome.value).inc()
        async with self._pool.acquire() as conn:
            if outcome is Outcome.DELIVERED:
                await outbox.finish(conn, message)
            elif await outbox.postpone(conn, message, error):
                LOG.error("message_dead", message_id=message.id, topic=message.topic, attempts=message.attempts)

    async def _attempt(self, http: aiohttp.ClientSession, message: outbox.Message) -> tuple[Outcome, str]:
        body = cloud_event(message)
        timestamp_s = int(self._real_now().timestamp())
        headers = {
            "Content-Type": "application/cloudevents+json",
            "Idempotency-Key": message.idempotency_key,
            "webhook-id": message.idempotency_key,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": sign(message.secret, message.idempotency_key, timestamp_s, body),
        }
        try:
            if not self._allow_private:
                _refuse_private_literal(message.url)
            async with http.post(message.url, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.content.read(ANSWER_MAX_BYTES)
                # 409 says that the receiver has this Idempotency-Key already.
                if 200 <= answer.status < 300 or answer.status == 409:
                    return Outcome.DELIVERED, ""
                return Outcome.REFUSED, f"answered {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Outcome.UNREACHABLE, f"{type(error).__name__}: {error}"


def _refuse_private_literal(url: str) -> None:
    """A literal address is not resolved, so it is checked here."""
    host = URL(url).host or ""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return
    if not ip.is_global:
        raise AddressNotAllowed(f"{ip} is not a public address")
