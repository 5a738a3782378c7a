"""The code on a caller's receipt: how it is spelt, read out, typed in and compared. Pure but for the making of one.

Ten letters and digits that nobody mistakes for each other on the telephone: 50 bits, far beyond what the limits on
attempts leave time to guess. Stored is only an HMAC under a key of the installation, by which the report is also found.
"""

import hashlib
import hmac
import re
import secrets
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0 and O, 1 and I."""

LENGTH: Final = 10
_CONTEXT: Final = b"rongan call receipt\x00"
_SEPARATORS: Final = re.compile(r"[\s-]+")


def new_code() -> str:
    """A code that nobody can foresee, in the form that `spoken` breaks up."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def spoken(code: str) -> str:
    """As it is read out and printed: K7QM-2XWP-9R."""
    return "-".join(code[start : start + 4] for start in range(0, LENGTH, 4))


def typed(text: str) -> str | None:
    """The code behind what somebody typed: case, blanks and hyphens do not matter; None for what is no code."""
    code = _SEPARATORS.sub("", text).upper()
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None


def code_hash(key: bytes, code: str) -> bytes:
    """What is stored of a code: 32 bytes that say nothing without the key."""
    return hmac.new(key, _CONTEXT + code.encode(), hashlib.sha256).digest()
