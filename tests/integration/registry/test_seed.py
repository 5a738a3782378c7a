"""Master data: seeding, the deployment's mode, the demo community."""

import asyncio
from datetime import UTC, datetime
from importlib import resources

import asyncpg
import pytest

from dispatcher.rules.rulebook import read_rulebook
from registry import demo
from registry.areas import AreaIndex, read_areas
from registry.credentials import secret_hmac
from registry.deployment import DeploymentMode
from registry.devices import DeviceDirectory, DeviceRefused, register_device, revoke_device
from registry.projection import CHENGDU
from registry.seed import seed
from runtime.migrations import migrate
from runtime.pool import Connection, connect
from tests.harness.postgres import Database

AT = datetime(2026, 11, 22, tzinfo=UTC)
KEY = b"k" * 32


async def test_seeding_again_changes_nothing(owner: Connection) -> None:
    before = await owner.fetch("SELECT * FROM data_versions ORDER BY name")
    counts = await seed(owner)
    assert await owner.fetch("SELECT * FROM data_versions ORDER BY name") == before
    assert counts["event_kinds"] == await owner.fetchval("SELECT count(*) FROM event_kinds")


async def test_every_kind_has_a_group_and_a_department_that_leads(owner: Connection) -> None:
    rulebook = await read_rulebook(owner)
    assert all(rulebook.taxonomy.group_of(kind) for kind in rulebook.taxonomy.kinds)
    assert "unclassified" in rulebook.taxonomy.kinds
    assert not rulebook.taxonomy.group_of("unclassified").clustered


async def test_a_replay_puts_every_kind_into_one_group_and_opens_no_ticket(owner: Connection) -> None:
    await owner.execute("UPDATE deployment SET rule_set = 'replay'")
    taxonomy = (await read_rulebook(owner)).taxonomy
    assert {taxonomy.group_of(kind).id for kind in taxonomy.kinds} == {"all"}
    assert {taxonomy.mode_of(kind).value for kind in taxonomy.kinds} == {"notice_only"}


async def test_a_database_keeps_its_mode(owner: Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="keeps the mode"):
        await owner.execute("UPDATE deployment SET mode = 'production'")


async def test_the_simulated_clock_moves_only_forwards(owner: Connection) -> None:
    await owner.execute("UPDATE deployment SET simulated_at = $1", AT)
    with pytest.raises(asyncpg.CheckViolationError, match="only forwards"):
        await owner.execute("UPDATE deployment SET simulated_at = $1::timestamptz - interval '1 s'", AT)
    with pytest.raises(asyncpg.CheckViolationError, match="only forwards"):
        await owner.execute("UPDATE deployment SET simulated_at = NULL")


async def test_production_refuses_a_simulated_clock_and_the_demo(empty_database: Database) -> None:
    await migrate(empty_database.owner_dsn, resources.files("deploy.migrations"))
    conn = await connect(empty_database.owner_dsn, application_name="test")
    try:
        await seed(conn, mode=DeploymentMode.PRODUCTION)
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute("UPDATE deployment SET simulated_at = $1", AT)
        with pytest.raises(demo.NotAnExercise):
            await demo.create_places(conn)
    finally:
        await conn.close()


async def test_the_demo_community_holds_its_devices(owner: Connection) -> None:
    await demo.create_places(owner)
    devices = await demo.create_devices(owner, KEY, AT)
    areas = AreaIndex(await read_areas(owner))
    assert len(devices) == await owner.fetchval("SELECT count(*) FROM devices")
    for device in devices:
        found = areas.at(device.lon, device.lat)
        assert found is not None
        assert found.id == device.area_id
    assert areas.at(0.0, 0.0) is None


async def test_the_directory_follows_registration_and_revocation(database: Database, owner: Connection) -> None:
    await demo.create_places(owner)
    await register_device(owner, KEY, product="waste_bin", name="bin-first", area_id="cd-jh-wp-qs-01", at=AT)
    directory = DeviceDirectory(CHENGDU)
    changed: asyncio.Queue[int] = asyncio.Queue()
    directory.on_change(lambda device_id, _device: changed.put_nowait(device_id))
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(20):
        following = tasks.create_task(directory.follow(database.app_dsn))
        await changed.get()  # it listens and has loaded
        device_id, credential = await register_device(
            owner, KEY, product="waste_bin", name="bin-x", area_id="cd-jh-wp-qs-01", at=AT, lon=104.08, lat=30.66
        )
        assert await changed.get() == device_id
        device = directory.get("waste_bin", "bin-x")
        assert device is not None
        assert device.holds(KEY, credential.password)
        assert not device.holds(KEY, credential.password + "x")
        assert device.secret_hmac == secret_hmac(KEY, credential.password)
        assert device.x_dm is not None
        await revoke_device(owner, device_id, AT)
        assert await changed.get() == device_id
        revoked = directory.by_id(device_id)
        assert revoked is not None
        assert not revoked.enabled
        following.cancel()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"product": "no_such"}, "product"),
        ({"area_id": "no-such"}, "area_id"),
        ({"name": "a/b"}, "name"),
        ({"lon": 104.0}, "position"),
        ({"lon": 104.0, "lat": 91.0}, "position"),
    ],
)
async def test_a_device_that_cannot_be_registered_names_the_field(
    owner: Connection, changes: dict[str, object], field: str
) -> None:
    await demo.create_places(owner)
    wanted = {"product": "waste_bin", "name": "bin-x", "area_id": "cd-jh-wp-qs-01", "at": AT} | changes
    with pytest.raises(DeviceRefused) as refused:
        await register_device(owner, KEY, **wanted)  # type: ignore[arg-type]
    assert refused.value.field == field


async def test_the_same_name_twice_in_a_product_is_refused(owner: Connection) -> None:
    await demo.create_places(owner)
    wanted = {"product": "waste_bin", "name": "bin-x", "area_id": "cd-jh-wp-qs-01", "at": AT}
    await register_device(owner, KEY, **wanted)  # type: ignore[arg-type]
    with pytest.raises(DeviceRefused, match="already has"):
        await register_device(owner, KEY, **wanted)  # type: ignore[arg-type]
