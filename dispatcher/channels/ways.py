"""What the channels share while they send: connections, settings, the process that speaks through apprise."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import aiohttp

from dispatcher.channels.relay import Relay
from runtime.addresses import PublicResolver

TIMEOUT_S: Final = 10
IN_FLIGHT_MAX: Final = 64


class Outcome(StrEnum):
    """How one try ended."""

    DELIVERED = "delivered"  # The receiver itself has it.
    SENT = "sent"  # Somebody took it who promises to bring it.
    REFUSED = "refused"  # The receiver answered, and not as it should.
    UNREACHABLE = "unreachable"  # No connection, no answer in time, or an address that is not allowed.
    IMPOSSIBLE = "impossible"  # Trying again changes nothing.


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one try ended, and what the receiver said of the next."""

    outcome: Outcome
    error: str = ""
    retry_after_s: float = 0
    overloaded: bool = False  # The receiver is ill or busy, whatever the message: it counts for the breaker.

    @property
    def taken(self) -> bool:
        return self.outcome in (Outcome.DELIVERED, Outcome.SENT)


@dataclass(frozen=True, slots=True)
class Provider:
    """A gateway for text messages or calls."""

    url: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What an operator set for the channels; what is not set cannot be used."""

    allow_private: bool = False
    sms: Provider | None = None
    voice: Provider | None = None
    mail_url: str | None = field(default=None, repr=False)
    robots: dict[str, str] = field(default_factory=dict)  # Where a channel's robots live, other than the vendor's.


def real_now() -> datetime:
    """What a signature says and is judged by: real time, whatever clock the domain runs on."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Ways:
    """Open while the sender runs."""

    settings: ChannelSettings
    outward: aiohttp.ClientSession  # To addresses that departments gave: no address of the inside.
    trusted: aiohttp.ClientSession  # To addresses that the operator set.
    relay: Relay
    real_now: Callable[[], datetime]


@asynccontextmanager
async def open_ways(settings: ChannelSettings, now: Callable[[], datetime] = real_now) -> AsyncIterator[Ways]:
    async with (
        session(guarded=not settings.allow_private) as outward,
        session(guarded=False) as trusted,
        Relay(settings.robots) as relay,
    ):
        yield Ways(settings, outward, trusted, relay, now)


def session(*, guarded: bool) -> aiohttp.ClientSession:
    """Connections to receivers: no cookie, no proxy of the environment; guarded: no address of the inside."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=PublicResolver() if guarded else None, limit=IN_FLIGHT_MAX),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


def verdict_of_fault(error: Exception) -> Verdict:
    """A fault of the network, told without addresses that may hold tokens."""
    if isinstance(error, ValueError):
        # An address or a secret that is none; its text may hold either.
        return Verdict(Outcome.UNREACHABLE, f"{type(error).__name__}: the address or the secret is not usable")
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return Verdict(Outcome.UNREACHABLE, f"{type(cause).__name__}: {cause}", overloaded=True)


def verdict_of_status(status: int, retry_after: str | None, good: Outcome) -> Verdict:
    """The status is the answer: whatever follows it is not waited for and not read. 409: it has this key already."""
    if 200 <= status < 300 or status == 409:
        return Verdict(good)
    wait_s = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0.0
    overloaded = status >= 500 or status == 429
    return Verdict(Outcome.REFUSED, f"answered {status}", min(wait_s, 3600.0), overloaded)


FAULTS: Final = (ValueError, aiohttp.ClientError, OSError, asyncio.IncompleteReadError)
