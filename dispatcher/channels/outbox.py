"""The transactional outbox: messages are rows of the transaction that caused them and leave after its commit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

# Waits before the attempts after the first, then the message is dead and an alarm is raised (reliability 2.6).
RETRY_AFTER_S: Final = (1, 5, 30, 120, 600)
LEASE_S: Final = 30


@dataclass(frozen=True, slots=True)
class Message:
    """One claimed message: to whom, what, and the lease that alone may finish it."""

    id: int
    idempotency_key: str
    endpoint_id: int
    url: str = field(repr=False)  # may hold a token
    secret: str = field(repr=False)
    topic: str
    body: dict[str, Any]
    created_at: datetime
    attempts: int
    lease_token: UUID


async def enqueue(
    conn: Connection,
    *,
    idempotency_key: str,
    organisation_id: str,
    ticket_id: int | None,
    topic: str,
    body: dict[str, Any],
    at: datetime,
) -> int:
    """Put a message for every enabled endpoint of an organisation; returns how many. The same key is put once."""
    status = await conn.execute(QUERIES.enqueue, idempotency_key, organisation_id, ticket_id, topic, body, at)
    return int(status.rsplit(" ", 1)[-1])


async def claim(conn: Connection, limit: int, *, each: int, room: Mapping[int, int]) -> list[Message]:
    """Lease due messages for 30 s: at most `limit`, and `each` of one endpoint, or what `room` leaves to it.

    Call outside any other transaction and commit before sending.
    """
    token = uuid4()
    rows = await conn.fetch(QUERIES.claim, token, LEASE_S, limit, each, list(room), list(room.values()))
    return [Message(**dict(row)) for row in rows]


async def finish(conn: Connection, message: Message) -> bool:
    """The receiver has it. False when the lease had passed to another worker."""
    return await conn.fetchval(QUERIES.finish, message.id, message.lease_token) is not None


async def postpone(conn: Connection, message: Message, error: str) -> bool:
    """The attempt failed: wait for the next, or give up after the last. True when the message is now dead."""
    wait_s = RETRY_AFTER_S[message.attempts - 1] if message.attempts <= len(RETRY_AFTER_S) else None
    dead: bool | None = await conn.fetchval(QUERIES.postpone, message.id, message.lease_token, wait_s, error[:500])
    return bool(dead)


async def add_endpoint(conn: Connection, *, organisation_id: str, url: str, secret: str) -> int:
    """From now on the organisation is told there. `secret` is `whsec_` and base64.

    Raises asyncpg.ForeignKeyViolationError and asyncpg.CheckViolationError for an unknown organisation or a wrong url.
    """
    endpoint_id: int = await conn.fetchval(QUERIES.insert_endpoint, organisation_id, url, secret)
    return endpoint_id


async def list_endpoints(conn: Connection) -> list[dict[str, Any]]:
    """Every endpoint, without its secret, with the count of its messages by state."""
    return [dict(row) for row in await conn.fetch(QUERIES.list_endpoints)]


async def disable_endpoint(conn: Connection, endpoint_id: int) -> bool:
    """Put nothing new for it. False for an unknown endpoint."""
    return await conn.fetchval(QUERIES.disable_endpoint, endpoint_id) is not None
