"""The session of a trial: its own empty tables before the real ones, and no way to write to those."""

import asyncpg
import pytest

from dispatcher.backtests.shadow import INPUTS, shadow_session
from runtime.pool import Connection
from tests.harness.log import START
from tests.harness.postgres import Database


async def test_the_database_itself_refuses_to_write_for_a_trial(database: Database) -> None:
    async with shadow_session(database.app_dsn) as conn:
        await conn.execute("INSERT INTO cases (opened_at) VALUES ($1)", START)
        for statement in ("INSERT INTO public.cases (opened_at) VALUES (now())", "UPDATE events SET seq = 0"):
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await conn.execute(statement)


async def test_every_input_of_a_trial_is_a_table_and_no_output_is_one(database: Database, owner: Connection) -> None:
    tables = {row["relname"] for row in await owner.fetch("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')")}
    assert tables >= INPUTS
    await owner.execute("INSERT INTO cases (opened_at) VALUES ($1)", START)
    async with shadow_session(database.app_dsn) as shadow:
        for table in ("incidents", "incident_events", "cases", "tickets", "watermarks", "cursors", "log_heads"):
            assert await shadow.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608
