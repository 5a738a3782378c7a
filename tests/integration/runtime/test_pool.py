"""The scope of a transaction ends with it, and JSON goes in and out as Python values."""

import asyncpg
import pytest

from runtime.pool import SYSTEM, Pool, Scope, open_pool, transaction
from tests.harness.postgres import Database

_SCOPE = "SELECT current_setting('rongan.actor', true) AS actor, current_setting('rongan.areas', true) AS areas"


async def test_scope_is_set_for_the_transaction(pool: Pool) -> None:
    async with transaction(pool, scope=Scope(actor="user:7", area_id="510107")) as conn:
        assert tuple(await conn.fetchrow(_SCOPE) or ()) == ("user:7", "510107")
    async with transaction(pool, scope=SYSTEM) as conn:
        assert tuple(await conn.fetchrow(_SCOPE) or ()) == ("system", "")


@pytest.mark.parametrize("ends", ["commit", "error"])
async def test_scope_does_not_leak_on_a_pooled_connection(database: Database, ends: str) -> None:
    pool = await open_pool(database.app_dsn, application_name="rongan-test", max_size=1)
    try:
        try:
            async with transaction(pool, scope=Scope(actor="user:7", area_id="510107")) as conn:
                backend = await conn.fetchval("SELECT pg_backend_pid()")
                if ends == "error":
                    await conn.execute("SELECT 1 / 0")
        except asyncpg.DivisionByZeroError:
            pass
        async with pool.acquire() as conn:
            assert await conn.fetchval("SELECT pg_backend_pid()") == backend
            row = await conn.fetchrow(_SCOPE)
            assert row is not None
            assert (row["actor"] or "", row["areas"] or "") == ("", "")
    finally:
        await pool.close()


async def test_transaction_is_rolled_back_on_an_error(pool: Pool) -> None:
    async def change_my_mind() -> None:
        async with transaction(pool, scope=SYSTEM) as conn:
            await conn.execute("INSERT INTO log_heads (stream, seq) VALUES ('undone', 1)")
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_my_mind()
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM log_heads WHERE stream = 'undone'") == 0


async def test_json_survives_a_statement_and_a_copy(pool: Pool) -> None:
    value = {"楼": [1, 2.5, None, "火灾"], "ok": True}
    async with pool.acquire() as conn:
        await conn.execute("CREATE TEMPORARY TABLE bodies (b jsonb, j json)")
        await conn.execute("INSERT INTO bodies VALUES ($1, $2)", value, value)
        await conn.copy_records_to_table("bodies", records=[(value, value)])
        assert [tuple(row) for row in await conn.fetch("SELECT b, j FROM bodies")] == [(value, value)] * 2


async def test_sessions_speak_utc_and_own_nothing(pool: Pool) -> None:
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT current_setting('timezone')") == "UTC"
        owned = "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
        assert await conn.fetchval(owned) == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute("CREATE TABLE mine (n integer)")
