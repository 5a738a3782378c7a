"""Migrations run once, in order, whole; a folder that contradicts the database is refused before anything changes."""

import asyncio
from importlib import resources
from pathlib import Path

import pytest

from runtime.migrations import (
    MigrationEdited,
    MigrationFailed,
    MigrationMisnamed,
    MigrationMissing,
    MigrationOutOfOrder,
    migrate,
    plan_for,
)
from runtime.pool import connect
from tests.harness.postgres import Database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_places.sql").write_text("CREATE TABLE places (id integer); CREATE TABLE streets (id integer);")
    (tmp_path / "0003_doors.sql").write_text("CREATE TABLE doors (id integer);")
    (tmp_path / "README.md").write_text("not SQL")
    return tmp_path


async def tables(database: Database) -> set[str]:
    conn = await connect(database.owner_dsn, application_name="rongan-test")
    try:
        rows = await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row["tablename"] for row in rows} - {"schema_migrations"}
    finally:
        await conn.close()


async def test_migrations_run_once_in_order(empty_database: Database, folder: Path) -> None:
    first = await migrate(empty_database.owner_dsn, folder)
    assert [(one.number, one.name) for one in first] == [(1, "places"), (3, "doors")]
    assert await migrate(empty_database.owner_dsn, folder) == []
    assert await tables(empty_database) == {"places", "streets", "doors"}
    (folder / "0004_keys.sql").write_text("CREATE TABLE keys (id integer);")
    assert [one.number for one in await migrate(empty_database.owner_dsn, folder)] == [4]


async def test_two_runners_apply_each_migration_once(empty_database: Database, folder: Path) -> None:
    runs = await asyncio.gather(*(migrate(empty_database.owner_dsn, folder) for _ in range(4)))
    assert sorted(len(run) for run in runs) == [0, 0, 0, 2]


async def test_edited_migration_is_refused(empty_database: Database, folder: Path) -> None:
    await migrate(empty_database.owner_dsn, folder)
    (folder / "0001_places.sql").write_text("CREATE TABLE places (id bigint);")
    (folder / "0004_keys.sql").write_text("CREATE TABLE keys (id integer);")
    with pytest.raises(MigrationEdited) as refusal:
        await migrate(empty_database.owner_dsn, folder)
    assert refusal.value.number == 1
    assert "keys" not in await tables(empty_database)


async def test_missing_migration_is_refused(empty_database: Database, folder: Path) -> None:
    await migrate(empty_database.owner_dsn, folder)
    (folder / "0003_doors.sql").unlink()
    with pytest.raises(MigrationMissing) as refusal:
        await migrate(empty_database.owner_dsn, folder)
    assert refusal.value.number == 3


async def test_migration_before_an_applied_one_is_refused(empty_database: Database, folder: Path) -> None:
    await migrate(empty_database.owner_dsn, folder)
    (folder / "0002_late.sql").write_text("CREATE TABLE late (id integer);")
    with pytest.raises(MigrationOutOfOrder) as refusal:
        await migrate(empty_database.owner_dsn, folder)
    assert refusal.value.number == 2
    assert "late" not in await tables(empty_database)


async def test_failed_migration_leaves_nothing_of_itself(empty_database: Database, folder: Path) -> None:
    (folder / "0004_wrong.sql").write_text("CREATE TABLE half (id integer); SELECT 1 / 0;")
    with pytest.raises(MigrationFailed) as refusal:
        await migrate(empty_database.owner_dsn, folder)
    assert refusal.value.number == 4
    assert await tables(empty_database) == {"places", "streets", "doors"}


@pytest.mark.parametrize("name", ["1_short.sql", "0001_twin.sql", "0005_Upper.sql"])
async def test_misnamed_migration_is_refused(empty_database: Database, folder: Path, name: str) -> None:
    (folder / name).write_text("SELECT 1;")
    with pytest.raises(MigrationMisnamed):
        await migrate(empty_database.owner_dsn, folder)
    assert await tables(empty_database) == set()


async def test_timescale_migration_is_left_out_without_the_extension(empty_database: Database, folder: Path) -> None:
    (folder / "0003_doors.timescale.sql").write_text("SELECT create_hypertable('doors', 'id');")
    conn = await connect(empty_database.owner_dsn, application_name="rongan-test")
    try:
        if await conn.fetchval("SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')"):
            pytest.skip("this server has TimescaleDB")
        assert [one.number for one in await migrate(empty_database.owner_dsn, folder)] == [1, 3]
        plan = await plan_for(conn, folder)
        assert (len(plan.applied), plan.pending, [one.number for one in plan.left_out]) == (2, (), [3])
    finally:
        await conn.close()


async def test_plan_of_an_empty_database_is_everything(empty_database: Database) -> None:
    conn = await connect(empty_database.owner_dsn, application_name="rongan-test")
    try:
        plan = await plan_for(conn, resources.files("deploy.migrations"))
    finally:
        await conn.close()
    assert plan.applied == ()
    assert len(plan.pending) >= 7
    assert await tables(empty_database) == set()
