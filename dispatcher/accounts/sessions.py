"""Sessions: a random token, stored as its sha256, ended by idleness, age, log-out or the user's disabling."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from dispatcher.accounts.errors import CredentialsWrong
from dispatcher.accounts.model import Authenticated, OpenedSession, User, UserRole
from dispatcher.accounts.store import QUERIES, user_of
from runtime.pool import Connection

IDLE: Final = timedelta(minutes=15)
LIFETIME: Final = timedelta(hours=12)
_TOKEN_BYTES: Final = 32
_TOKEN_LENGTH_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Watcher:
    """What the holder of an open stream may see now."""

    roles: frozenset[UserRole]
    organisation_id: str | None
    scope: str | None


async def open_session(conn: Connection, user: User, password_hash: str, *, browser: bool) -> OpenedSession:
    """A new session with a token of its own; `password_hash` is the stored one that the password was checked against.

    Raises CredentialsWrong where the user was disabled or got another password meanwhile.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    expires_at = await conn.fetchval(
        QUERIES.insert_session, token_hash(token), user.id, password_hash, LIFETIME, browser
    )
    if expires_at is None:
        raise CredentialsWrong
    await conn.execute(QUERIES.drop_ended_sessions, IDLE)
    return OpenedSession(token=token, expires_at=expires_at, user=user)


async def authenticate(conn: Connection, token: str) -> Authenticated | None:
    """Whose token this is; None where it is unknown, ended, or its user disabled."""
    if not token or len(token) > _TOKEN_LENGTH_MAX:
        return None
    hashed = token_hash(token)
    row = await conn.fetchrow(QUERIES.authenticate, hashed, IDLE)
    if row is None:
        return None
    if row["touch_due"]:
        await conn.execute(QUERIES.touch, hashed)
    return Authenticated(user=user_of(row), token_hash=hashed, browser=row["browser"])


async def end_session(conn: Connection, hashed: bytes) -> None:
    await conn.execute(QUERIES.end_session, hashed)


async def read_watchers(conn: Connection, hashes: Sequence[bytes]) -> dict[bytes, Watcher]:
    """What the holders of these tokens may see; a token that is missing has ended. Watching counts as being there."""
    await conn.execute(QUERIES.keep_watching, hashes, IDLE)
    rows = await conn.fetch(QUERIES.list_watchers, hashes, IDLE)
    return {
        row["token_hash"]: Watcher(
            roles=frozenset(UserRole(role) for role in row["roles"]),
            organisation_id=row["organisation_id"],
            scope=None if row["sees_everything"] else row["area_id"],
        )
        for row in rows
    }


def token_hash(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
