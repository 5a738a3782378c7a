"""Connections to PostgreSQL: one pool a process, one transaction a unit of work, whose scope ends with it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg
import asyncpg.pool
import orjson

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
    Pool: TypeAlias = asyncpg.Pool

# What using a connection raises when the server refuses, or is lost at whatever moment.
DATABASE_FAULTS: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

_CONNECT_TIMEOUT_S: Final = 10.0
_JSONB_VERSION: Final = b"\x01"


@dataclass(frozen=True, slots=True)
class Scope:
    """On whose behalf a transaction runs: the actor for the record, the area that bounds it (None: all)."""

    actor: str
    area_id: str | None


SYSTEM: Final = Scope(actor="system", area_id=None)


async def open_pool(dsn: str, *, application_name: str, min_size: int = 1, max_size: int = 4) -> Pool:
    """Open a pool whose connections speak UTC and read and write `json` and `jsonb` as Python values.

    Raises OSError or asyncpg.PostgresError where the server cannot be reached within 10 s.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        timeout=_CONNECT_TIMEOUT_S,
        init=_set_codecs,
        server_settings={"application_name": application_name, "timezone": "UTC"},
    )


async def connect(dsn: str, *, application_name: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Open one connection set up as those of a pool; the caller closes it."""
    conn = await asyncpg.connect(
        dsn,
        timeout=_CONNECT_TIMEOUT_S,
        server_settings={"application_name": application_name, "timezone": "UTC"},
    )
    await _set_codecs(conn)
    return conn


@asynccontextmanager
async def transaction(pool: Pool, *, scope: Scope) -> AsyncIterator[Connection]:
    """Run one unit of work: one connection, one transaction, committed when the block ends and rolled back on an error.

    The scope is set for this transaction alone (`rongan.actor`, `rongan.areas`; the empty string means all areas),
    so a pooled connection never carries it to the next caller.
    """
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(
            "SELECT set_config('rongan.actor', $1, true), set_config('rongan.areas', $2, true)",
            scope.actor,
            scope.area_id or "",
        )
        yield conn


async def execute_each(conn: Connection, query: str, rows: Sequence[Sequence[object]]) -> None:
    """Run the statement for each row; without any the server is not asked, which even an empty batch would do."""
    if rows:
        await conn.executemany(query, rows)


async def _set_codecs(conn: Any) -> None:
    # Binary, because a binary COPY cannot use a text codec.
    await conn.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_encode_jsonb, decoder=_decode_jsonb, format="binary"
    )
    await conn.set_type_codec("json", schema="pg_catalog", encoder=orjson.dumps, decoder=orjson.loads, format="binary")


def _encode_jsonb(value: object) -> bytes:
    return _JSONB_VERSION + orjson.dumps(value)


def _decode_jsonb(value: bytes) -> object:
    return orjson.loads(value[1:])
