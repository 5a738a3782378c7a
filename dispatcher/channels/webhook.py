"""The webhook channel: CloudEvents in a Standard-Webhooks envelope, at least once, always with the same key."""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import aiohttp
import orjson
import prometheus_client
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from dispatcher.channels import outbox
from runtime.pool import DATABASE_FAULTS, Pool

LOG = structlog.get_logger(__name__)

TIMEOUT_S: Final = 10
# Attempts at once: in all, and to one endpoint, so that receivers that hang leave room for the others.
IN_FLIGHT_MAX: Final = 64
EACH_MAX: Final = 4
# Without a NOTIFY of its own the outbox is looked at this often; a step that put a message wakes it at once.
POLL_S: Final = 0.5
EVENT_TYPE_PREFIX: Final = "cn.chengdu.community."

ATTEMPTS = prometheus_client.Counter("dispatcher_webhook_attempts_total", "Webhook attempts", ["outcome"])
DEAD = prometheus_client.Counter("dispatcher_webhook_dead_total", "Messages given up after the last attempt")

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


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
            if not _is_public(ip):
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
        self._in_flight: Counter[int] = Counter()  # by endpoint
        self._silent: set[int] = set()  # endpoints that did not answer last time: one attempt at once

    def wake(self) -> None:
        """Look at the outbox now: a step has just put a message."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled. A database that is away is waited for."""
        async with self.session() as http, asyncio.TaskGroup() as attempts:
            while True:
                self._wake.clear()
                messages = await self._claim()
                for message in messages:
                    self._in_flight[message.endpoint_id] += 1
                    attempts.create_task(self._deliver(http, message), name=f"webhook-{message.id}")
                if not messages:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_S):
                            await self._wake.wait()

    def session(self) -> aiohttp.ClientSession:
        """The connections to receivers: no cookie, no proxy of the environment, no address of the inside."""
        resolver = None if self._allow_private else PublicResolver()
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, limit=IN_FLIGHT_MAX),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    async def _claim(self) -> list[outbox.Message]:
        free = IN_FLIGHT_MAX - self._in_flight.total()
        if free <= 0:
            return []
        known = self._silent | self._in_flight.keys()
        room = {e: max(0, (1 if e in self._silent else EACH_MAX) - self._in_flight[e]) for e in known}
        try:
            async with self._pool.acquire() as conn:
                return await outbox.claim(conn, free, each=EACH_MAX, room=room)
        except DATABASE_FAULTS as error:
            LOG.warning("outbox_unreachable", error=type(error).__name__)
            return []

    async def _deliver(self, http: aiohttp.ClientSession, message: outbox.Message) -> None:
        try:
            outcome, error = await self._attempt(http, message)
            ATTEMPTS.labels(outcome.value).inc()
            if outcome is Outcome.UNREACHABLE:
                self._silent.add(message.endpoint_id)
            else:
                self._silent.discard(message.endpoint_id)
            await self._record(message, outcome, error)
        finally:
            self._in_flight[message.endpoint_id] -= 1
            self._in_flight += Counter()  # drops what is zero
            self._wake.set()

    async def _record(self, message: outbox.Message, outcome: Outcome, error: str) -> None:
        """Where the database is away the lease runs out and the message is sent again, with the same key."""
        try:
            async with self._pool.acquire() as conn:
                if outcome is Outcome.DELIVERED:
                    await outbox.finish(conn, message)
                elif await outbox.postpone(conn, message, error):
                    DEAD.inc()
                    LOG.error("message_dead", message_id=message.id, topic=message.topic, attempts=message.attempts)
        except DATABASE_FAULTS as fault:
            LOG.warning("outcome_not_recorded", message_id=message.id, error=type(fault).__name__)

    async def _attempt(self, http: aiohttp.ClientSession, message: outbox.Message) -> tuple[Outcome, str]:
        try:
            body = cloud_event(message)
            headers = self._headers(message, body)
            if not self._allow_private:
                _refuse_private_literal(message.url)
            # The status is the answer: whatever follows it is not waited for and not read.
            async with http.post(message.url, data=body, headers=headers, allow_redirects=False) as answer:
                # 409 says that the receiver has this Idempotency-Key already.
                if 200 <= answer.status < 300 or answer.status == HTTPStatus.CONFLICT:
                    return Outcome.DELIVERED, ""
                return Outcome.REFUSED, f"answered {answer.status}"
        except ValueError as error:
            # An address or a secret that is none; its text may hold either.
            return Outcome.UNREACHABLE, f"{type(error).__name__}: the address or the secret is not usable"
        except (aiohttp.ClientError, OSError) as error:
            cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
            return Outcome.UNREACHABLE, f"{type(cause).__name__}: {cause}"

    def _headers(self, message: outbox.Message, body: bytes) -> dict[str, str]:
        timestamp_s = int(self._real_now().timestamp())
        return {
            "Content-Type": "application/cloudevents+json",
            "Idempotency-Key": message.idempotency_key,
            "webhook-id": message.idempotency_key,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": sign(message.secret, message.idempotency_key, timestamp_s, body),
        }


def _refuse_private_literal(url: str) -> None:
    """A literal address is not resolved, so it is checked here."""
    host = URL(url).host or ""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return
    if not _is_public(ip):
        raise AddressNotAllowed(f"{ip} is not a public address")


def _is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    # Python counts group addresses, and IPv6 addresses that carry a private IPv4 one, as global.
    inner = None
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ipaddress.IPv4Address(ip.packed[-4:]) if ip in _NAT64 else None)
    return ip.is_global and not ip.is_multicast and (inner is None or inner.is_global)
