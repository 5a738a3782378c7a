"""The transactional outbox: what leaves is a row of the transaction that caused it and leaves after its commit.

A row is an attempt: to an endpoint of an organisation's system, or to a contact point of somebody who is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from dispatcher.channels.model import AttemptState
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

# Waits before the tries after the first, then the attempt is dead and an alarm is raised (reliability 2.6).
RETRY_AFTER_S: Final = (1, 5, 30, 120, 600)
LEASE_S: Final = 30


@dataclass(frozen=True, slots=True)
class Parcel:
    """One claimed attempt: where to, what, and the lease that alone may finish it."""

    id: int
    idempotency_key: str
    channel: str
    lane: str  # Whose breaker and share of the sender it falls under.
    address: str = field(repr=False)  # may hold a token
    secret: str | None = field(repr=False)
    topic: str
    body: dict[str, Any] = field(repr=False)
    created_at: datetime
    attempts: int  # This try is counted.
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
    """Put it for every enabled endpoint of an organisation; returns how many. The same key is put once."""
    status = await conn.execute(QUERIES.enqueue, idempotency_key, organisation_id, ticket_id, topic, body, at)
    return int(status.rsplit(" ", 1)[-1])


async def claim(conn: Connection, limit: int, *, each: int, room: Mapping[str, int]) -> list[Parcel]:
    """Lease due attempts for 30 s, the gravest first: at most `limit`, and `each` of one lane, or what `room` leaves.

    Call outside any other transaction and commit before sending.
    """
    token = uuid4()
    rows = await conn.fetch(QUERIES.claim, token, LEASE_S, limit, each, list(room), list(room.values()))
    return [Parcel(**dict(row)) for row in rows]


async def finish(conn: Connection, parcel: Parcel, progress: AttemptState, at: datetime) -> bool:
    """The receiver's side has it. False when the lease had passed to another worker."""
    return await conn.fetchval(QUERIES.finish, parcel.id, parcel.lease_token, progress, at) is not None


async def postpone(
    conn: Connection, parcel: Parcel, error: str, at: datetime, *, wait_s: float = 0, for_good: bool = False
) -> bool:
    """The try failed: wait for the next, at least `wait_s`, or give up after the last. True when it is now dead."""
    planned = RETRY_AFTER_S[parcel.attempts - 1] if parcel.attempts <= len(RETRY_AFTER_S) and not for_good else None
    wait = None if planned is None else max(planned, round(wait_s))
    dead: bool | None = await conn.fetchval(QUERIES.postpone, parcel.id, parcel.lease_token, wait, error[:500], at)
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
