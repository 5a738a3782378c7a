"""Passwords of people: argon2id with a salt each; the work is bounded so that log-ins cannot exhaust the memory."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from dispatcher.accounts.errors import UserRefused

LENGTH_MIN: Final = 12
LENGTH_MAX: Final = 256
# Alphabet without letters that look alike; 20 of them hold 98 bits.
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_GENERATED_LENGTH: Final = 20

# OWASP asks for at least 19 MiB and two passes; 64 MiB and three take about 0.1 s here.
_HASHER: Final = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
# At most so many at once: 64 MiB each.
_WORKERS: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
# Checked against when the user is unknown, so that the answer takes as long.
_NOBODY: Final = _HASHER.hash(secrets.token_urlsafe(24))


def generate_password() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_GENERATED_LENGTH))


def refuse_weak(login: str, password: str) -> None:
    """Raise UserRefused for a password that is too short, too long, one letter repeated, or made of the login."""
    if len(password) < LENGTH_MIN:
        raise UserRefused("password", f"at least {LENGTH_MIN} characters")
    if len(password) > LENGTH_MAX:
        raise UserRefused("password", f"at most {LENGTH_MAX} characters")
    if len(set(password)) < 4 or (len(login) >= 4 and login in password.lower()):
        raise UserRefused("password", "too easy to guess")


async def hash_password(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, _HASHER.hash, password)


async def is_right(stored: str | None, password: str) -> bool:
    """Whether the password fits the stored hash; None (nobody of that name) takes as long and is never right."""
    fits = await asyncio.get_running_loop().run_in_executor(_WORKERS, _fits, stored or _NOBODY, password)
    return fits and stored is not None


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def _fits(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
