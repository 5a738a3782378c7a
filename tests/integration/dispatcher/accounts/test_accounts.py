"""Users and sessions on a real database."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispatcher.accounts import login, passwords, sessions, store
from dispatcher.accounts.errors import CredentialsWrong, UserRefused, UserUnknown
from dispatcher.accounts.model import User, UserRole
from runtime.pool import Connection, Pool

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"


@pytest.fixture
async def wang(owner: Connection) -> User:
    for area_id, parent_id, path in (("town", None, ["town"]), ("yard", "town", ["town", "yard"])):
        await owner.execute(
            "INSERT INTO areas (id, parent_id, level, zh_name, en_name, path) VALUES ($1, $2, 'city', $1, $1, $3)",
            area_id,
            parent_id,
            path,
        )
    await store.create_user(
        owner,
        login="wang.fang",
        zh_name="王芳",
        password=PASSWORD,
        roles=[UserRole.DUTY_OFFICER, UserRole.CALL_TAKER],
        area_id="yard",
        at=NOON,
    )
    found = await store.find_user(owner, "wang.fang")
    assert found is not None
    return found[0]


async def stored_hash(conn: Connection) -> str:
    hashed: str = await conn.fetchval("SELECT password_hash FROM users")
    return hashed


async def test_user_logs_in_with_the_right_password_alone(wang: User, pool: Pool) -> None:
    opened = await login.log_in(pool, login="wang.fang", password=PASSWORD, browser=False)
    assert opened.user == wang
    assert wang.scope == "yard"
    for name, password in (("wang.fang", PASSWORD + "!"), ("nobody", PASSWORD), ("WANG.FANG", PASSWORD)):
        with pytest.raises(CredentialsWrong):
            await login.log_in(pool, login=name, password=password, browser=False)


async def test_only_the_hash_of_the_token_is_stored(wang: User, pool: Pool, owner: Connection) -> None:
    opened = await login.log_in(pool, login="wang.fang", password=PASSWORD, browser=False)
    stored = await owner.fetchval("SELECT token_hash FROM sessions")
    assert stored == sessions.token_hash(opened.token)
    async with pool.acquire() as conn:
        caller = await sessions.authenticate(conn, opened.token)
        assert caller is not None
        assert caller.user == wang
        assert await sessions.authenticate(conn, opened.token[:-1]) is None
        assert await sessions.authenticate(conn, "") is None
        assert await sessions.authenticate(conn, "\x00" * 40) is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sessions SET expires_at = clock_timestamp()",
        "UPDATE sessions SET seen_at = clock_timestamp() - interval '16 minutes'",
        "UPDATE users SET enabled = false",
        "DELETE FROM sessions",
    ],
    ids=["expired", "idle", "disabled", "revoked"],
)
async def test_session_ends(wang: User, pool: Pool, owner: Connection, change: str) -> None:
    async with pool.acquire() as conn:
        opened = await sessions.open_session(conn, wang, await stored_hash(conn), browser=False)
        assert await sessions.authenticate(conn, opened.token) is not None
        await owner.execute(change)
        assert await sessions.authenticate(conn, opened.token) is None
        assert await sessions.read_watchers(conn, [sessions.token_hash(opened.token)]) == {}


async def test_use_and_watching_keep_a_session_from_idling(wang: User, pool: Pool, owner: Connection) -> None:
    async with pool.acquire() as conn:
        opened = await sessions.open_session(conn, wang, await stored_hash(conn), browser=False)
        hashed = sessions.token_hash(opened.token)
        for use in (sessions.authenticate(conn, opened.token), sessions.read_watchers(conn, [hashed])):
            await owner.execute("UPDATE sessions SET seen_at = clock_timestamp() - interval '14 minutes'")
            await use
            idle: timedelta = await owner.fetchval("SELECT clock_timestamp() - seen_at FROM sessions")
            assert idle < timedelta(minutes=1)


async def test_disabled_user_and_new_password_end_all_sessions(wang: User, pool: Pool, owner: Connection) -> None:
    await sessions.open_session(owner, wang, await stored_hash(owner), browser=False)
    await store.set_password(owner, "wang.fang", "another long password")
    assert await owner.fetchval("SELECT count(*) FROM sessions") == 0
    with pytest.raises(CredentialsWrong):
        await login.log_in(pool, login="wang.fang", password=PASSWORD, browser=False)
    await sessions.open_session(owner, wang, await stored_hash(owner), browser=False)
    await store.set_enabled(owner, "wang.fang", enabled=False)
    assert await owner.fetchval("SELECT count(*) FROM sessions") == 0
    with pytest.raises(CredentialsWrong):
        await login.log_in(pool, login="wang.fang", password="another long password", browser=False)
    with pytest.raises(CredentialsWrong):
        await sessions.open_session(owner, wang, await stored_hash(owner), browser=False)


async def test_hash_of_older_parameters_is_replaced_at_log_in(wang: User, pool: Pool, owner: Connection) -> None:
    from argon2 import PasswordHasher  # noqa: PLC0415

    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    await owner.execute("UPDATE users SET password_hash = $1", old)
    await login.log_in(pool, login="wang.fang", password=PASSWORD, browser=False)
    fresh = await owner.fetchval("SELECT password_hash FROM users")
    assert fresh.startswith("$argon2id$")
    assert fresh != old
    assert not passwords.is_outdated(fresh)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "x" * 20}, "password"),
        ({"password": "x" * 300}, "password"),
        ({"password": "li.lei is my name"}, "password"),
        ({"roles": []}, "roles"),
        ({"area_id": "nowhere"}, "area_id"),
        ({"organisation_id": "nobody"}, "organisation_id"),
        ({"login": "Li Lei"}, "login"),
        ({"login": "wang.fang"}, "login"),
    ],
)
async def test_user_that_cannot_be_is_refused(
    wang: User, owner: Connection, change: dict[str, object], field: str
) -> None:
    asked = {
        "login": "li.lei",
        "zh_name": "李雷",
        "password": PASSWORD,
        "roles": [UserRole.AUDITOR],
        "area_id": "town",
        "at": NOON,
    }
    with pytest.raises(UserRefused) as refused:
        await store.create_user(owner, **{**asked, **change})  # type: ignore[arg-type]
    assert refused.value.field == field
    assert [user.login for user in await store.list_users(owner)] == ["wang.fang"]


async def test_session_never_opens_on_a_password_that_was_changed_meanwhile(
    wang: User, pool: Pool, owner: Connection
) -> None:
    # A log-in thinks for long between reading the hash and opening the session.
    checked = await stored_hash(owner)
    await store.set_password(owner, "wang.fang", "another long password")
    async with pool.acquire() as conn:
        with pytest.raises(CredentialsWrong):
            await sessions.open_session(conn, wang, checked, browser=False)
    assert await owner.fetchval("SELECT count(*) FROM sessions") == 0


async def test_session_that_opens_while_its_user_is_disabled_does_not_outlive_it(
    wang: User, pool: Pool, owner: Connection
) -> None:
    async with pool.acquire() as conn:
        opening = conn.transaction()
        await opening.start()
        await sessions.open_session(conn, wang, await stored_hash(conn), browser=False)
        disabling = asyncio.create_task(store.set_enabled(owner, "wang.fang", enabled=False))
        done, _ = await asyncio.wait({disabling}, timeout=0.3)
        assert not done  # It waits for the row that the log-in holds, and then finds the session.
        await opening.commit()
        await disabling
    await store.set_enabled(owner, "wang.fang", enabled=True)
    assert await owner.fetchval("SELECT count(*) FROM sessions") == 0


async def test_people_of_a_committee_take_no_other_role(wang: User, owner: Connection) -> None:
    for name, kind in (("juwei", "committee"), ("wuye", "property_manager")):
        await owner.execute(
            "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
            " VALUES ($1, $2::text::organisation_kind, 'yard', $1, $1, 'office')",
            name,
            kind,
        )
    asked: dict[str, Any] = {"zh_name": "李雷", "password": PASSWORD, "area_id": "yard", "at": NOON}
    with pytest.raises(UserRefused) as refused:
        await store.create_user(owner, login="li.lei", roles=[UserRole.DEPT_HANDLER], organisation_id="juwei", **asked)
    assert refused.value.field == "roles"
    for login_name, role, unit in (("jw", UserRole.COMMITTEE, "juwei"), ("wy", UserRole.DEPT_HANDLER, "wuye")):
        await store.create_user(owner, login=login_name, roles=[role], organisation_id=unit, **asked)
        found = await store.find_user(owner, login_name)
        assert found is not None
        assert not found[0].may_know_reporters
    assert wang.may_know_reporters


async def test_unknown_user_is_said_to_be_unknown(owner: Connection) -> None:
    with pytest.raises(UserUnknown):
        await store.set_password(owner, "nobody", PASSWORD)
    with pytest.raises(UserUnknown):
        await store.set_enabled(owner, "nobody", enabled=False)


async def test_roles_equal_the_database_type(owner: Connection) -> None:
    rows = await owner.fetch("SELECT unnest(enum_range(NULL::user_role))::text AS role")
    assert [row["role"] for row in rows] == list(UserRole)
