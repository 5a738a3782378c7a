"""The embedded PostgreSQL keeps what it commits, comes back when it ends, and refuses what is not its own."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from runtime.pool import connect
from runtime.settings import OWNER_ROLE, Settings
from runtime.supervisor.cluster import ClusterForeign
from runtime.supervisor.home import Home
from runtime.supervisor.orphan import ClusterBusy
from runtime.supervisor.postgres import EmbeddedPostgres, PostgresNotDurable
from tests.harness.postgres import TEST_OPTIONS

SETTINGS = {
    "server_encoding": "UTF8",
    "lc_ctype": "C.UTF-8",
    "listen_addresses": "",
    "synchronous_commit": "on",
    "fsync": "on",
    "data_checksums": "on",
    "jit": "off",
    "password_encryption": "scram-sha-256",
}


async def ask(dsn: str, question: str, *arguments: object) -> object:
    conn = await connect(dsn, application_name="rongan-test")
    try:
        return await conn.fetchval(question, *arguments)
    finally:
        await conn.close()


async def test_server_has_the_settings_that_acknowledgements_rest_on(home: Path) -> None:
    async with EmbeddedPostgres(home, TEST_OPTIONS) as postgres:
        conn = await connect(postgres.dsn(role=OWNER_ROLE), application_name="rongan-test")
        try:
            rows = await conn.fetch("SELECT name, setting FROM pg_settings WHERE name = ANY($1)", list(SETTINGS))
            found = {row["name"]: row["setting"] for row in rows}
            found["lc_ctype"] = await conn.fetchval("SELECT datctype FROM pg_database WHERE datname = 'rongan'")
            assert found == SETTINGS
            await conn.execute("CREATE EXTENSION pg_trgm")
            assert await conn.fetchval("SELECT cardinality(show_trgm('火灾报警'))") > 0
        finally:
            await conn.close()


async def test_other_processes_find_the_server_through_the_home(home: Path) -> None:
    async with EmbeddedPostgres(home, TEST_OPTIONS) as postgres:
        settings = Settings(home=home)
        assert settings.app_dsn() == postgres.dsn()
        assert await ask(settings.app_dsn(), "SELECT current_user::text") == "rongan_app"
        assert await ask(settings.owner_dsn(), "SELECT current_user::text") == "rongan"


async def test_wrong_password_is_refused(home: Path) -> None:
    async with EmbeddedPostgres(home, TEST_OPTIONS) as postgres:
        password = Home(home).secret("rongan_app")
        with pytest.raises(Exception, match="password authentication failed"):
            await ask(postgres.dsn().replace(password, "wrong"), "SELECT 1")


async def test_killed_server_comes_back_on_the_same_socket(home: Path) -> None:
    async with EmbeddedPostgres(home, TEST_OPTIONS) as postgres:
        await ask(postgres.dsn(role=OWNER_ROLE), "CREATE TABLE kept AS SELECT 7 AS n")
        first, dsn = postgres.pid, postgres.dsn(role=OWNER_ROLE)
        keeper = asyncio.create_task(postgres.keep())
        assert first is not None
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(60):
            await postgres.wait_restarted(1)
        assert postgres.pid != first
        assert await ask(dsn, "SELECT n FROM kept") == 7
        keeper.cancel()
        await asyncio.wait({keeper})


async def test_setting_that_would_lose_rows_is_refused(home: Path) -> None:
    async with EmbeddedPostgres(home, TEST_OPTIONS) as postgres:
        await ask(postgres.dsn(role=OWNER_ROLE), "ALTER ROLE rongan_app SET synchronous_commit = off")
    with pytest.raises(PostgresNotDurable) as refusal:
        await EmbeddedPostgres(home, TEST_OPTIONS).start()
    assert refusal.value.setting == "synchronous_commit"


async def test_cluster_of_another_version_is_refused_with_the_dump_command(home: Path) -> None:
    older = home / "pg" / "15" / "data"
    older.mkdir(parents=True)
    (older / "PG_VERSION").write_text("15\n")
    with pytest.raises(ClusterForeign, match=r"pg_dumpall .* --username rongan > rongan\.sql"):
        await EmbeddedPostgres(home, TEST_OPTIONS).start()


async def test_home_with_a_long_path_gets_a_short_socket(home: Path) -> None:
    deep = home / ("很长的名字" * 8) / ("x" * 60)
    async with EmbeddedPostgres(deep, TEST_OPTIONS) as postgres:
        assert str(deep) not in postgres.dsn()
        assert await ask(postgres.dsn(), "SELECT 1") == 1


async def test_interrupted_creation_is_begun_anew(home: Path) -> None:
    half = home / "pg" / "18" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    async with EmbeddedPostgres(home, TEST_OPTIONS) as postgres:
        assert await ask(postgres.dsn(), "SELECT 1") == 1
    assert not half.exists()


async def test_running_server_is_never_ended_by_a_second_start(home: Path) -> None:
    async with EmbeddedPostgres(home, TEST_OPTIONS) as postgres:
        for note_is_kept in (True, False):
            if not note_is_kept:
                (home / "run" / "postgres-birth.json").unlink()
            with pytest.raises(ClusterBusy) as refusal:
                await EmbeddedPostgres(home, TEST_OPTIONS).start()
            assert refusal.value.pid == postgres.pid
        assert await ask(postgres.dsn(), "SELECT 1") == 1
