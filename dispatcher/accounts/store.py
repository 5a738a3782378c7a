"""Users in the database: made and changed by an engineer's command, read at every log-in."""

from collections.abc import Iterable
from datetime import datetime

import asyncpg

from dispatcher.accounts import passwords
from dispatcher.accounts.errors import UserRefused, UserUnknown
from dispatcher.accounts.model import User, UserId, UserRole
from registry.organisations import OrganisationKind
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


async def create_user(
    conn: Connection,
    *,
    login: str,
    zh_name: str,
    password: str,
    roles: Iterable[UserRole],
    area_id: str,
    organisation_id: str | None = None,
    at: datetime,
) -> UserId:
    """Make a user who may log in at once. Raises UserRefused naming the field."""
    passwords.refuse_weak(login, password)
    ordered = sorted(UserRole(role) for role in roles)
    if not ordered:
        raise UserRefused("roles", "at least one")
    if await conn.fetchval(QUERIES.area_exists, area_id) is None:
        raise UserRefused("area_id", f"no area {area_id!r}")
    if organisation_id is not None:
        kind = await conn.fetchval(QUERIES.organisation_kind, organisation_id)
        if kind is None:
            raise UserRefused("organisation_id", f"no organisation {organisation_id!r}")
        if kind == OrganisationKind.COMMITTEE and ordered != [UserRole.COMMITTEE]:
            raise UserRefused("roles", "people of a residents' committee are `committee` and nothing else (Art. 45)")
    hashed = await passwords.hash_password(password)
    try:
        async with conn.transaction():
            user_id = await conn.fetchval(
                QUERIES.insert_user, login, zh_name, hashed, ordered, organisation_id, area_id, at
            )
    except asyncpg.UniqueViolationError as error:
        raise UserRefused("login", f"{login!r} is taken") from error
    except asyncpg.CheckViolationError as error:
        raise UserRefused("login", "2 to 64 of a-z, 0-9, dot, underscore, hyphen") from error
    return UserId(user_id)


async def set_password(conn: Connection, login: str, password: str) -> None:
    """Change a password and end all sessions of the user. Raises UserRefused or UserUnknown."""
    passwords.refuse_weak(login, password)
    hashed = await passwords.hash_password(password)
    if await conn.fetchval(QUERIES.set_password, login, hashed) is None:
        raise UserUnknown(login)
    await conn.execute(QUERIES.end_sessions_of_login, login)


async def set_enabled(conn: Connection, login: str, *, enabled: bool) -> None:
    """Let a user in or keep it out; disabling ends its sessions. Raises UserUnknown."""
    if await conn.fetchval(QUERIES.set_enabled, login, enabled) is None:
        raise UserUnknown(login)
    if not enabled:
        await conn.execute(QUERIES.end_sessions_of_login, login)


async def list_users(conn: Connection) -> list[User]:
    return [user_of(row) for row in await conn.fetch(QUERIES.list_users)]


async def find_user(conn: Connection, login: str) -> tuple[User, str] | None:
    """The user of this login with the stored hash of its password."""
    row = await conn.fetchrow(QUERIES.find_user, login)
    return None if row is None else (user_of(row), row["password_hash"])


async def rehash(conn: Connection, user_id: UserId, old_hash: str, new_hash: str) -> None:
    """Replace a hash made with older parameters."""
    await conn.execute(QUERIES.rehash, user_id, old_hash, new_hash)


def user_of(row: asyncpg.Record) -> User:
    """A user of the columns that every query here selects."""
    return User(
        id=UserId(row["id"]),
        login=row["login"],
        zh_name=row["zh_name"],
        roles=frozenset(UserRole(role) for role in row["roles"]),
        organisation_id=row["organisation_id"],
        area_id=row["area_id"],
        sees_everything=row["sees_everything"],
        enabled=row["enabled"],
        organisation_kind=None if row["organisation_kind"] is None else OrganisationKind(row["organisation_kind"]),
    )
