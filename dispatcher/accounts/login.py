"""Log-in: from a name and a password to a session, the same way and in the same time whoever asks."""

from dispatcher.accounts import passwords, sessions, store
from dispatcher.accounts.errors import CredentialsWrong
from dispatcher.accounts.model import OpenedSession
from runtime.pool import SYSTEM, Pool, transaction


async def log_in(pool: Pool, *, login: str, password: str, browser: bool) -> OpenedSession:
    """Open a session. Raises CredentialsWrong for an unknown or disabled user as for a wrong password.

    The slow hash is computed between two transactions: a log-in holds no connection while it thinks.
    """
    async with transaction(pool, scope=SYSTEM) as conn:
        found = await store.find_user(conn, login)
    user, stored = found if found is not None else (None, None)
    right = await passwords.is_right(stored, password)
    if user is None or stored is None or not right or not user.enabled:
        raise CredentialsWrong
    fresh = await passwords.hash_password(password) if passwords.is_outdated(stored) else None
    async with transaction(pool, scope=SYSTEM) as conn:
        opened = await sessions.open_session(conn, user, stored, browser=browser)
        if fresh is not None:
            await store.rehash(conn, user.id, stored, fresh)
        return opened
