"""Receipts: the number and the code by which a caller finds the report again, and nobody else."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dispatcher.accounts.model import User
from dispatcher.desk import codes
from registry.numbering import take_number
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

PREFIX: Final = "HR"
_NOBODYS: Final = "0" * codes.LENGTH  # No letter of the alphabet: no receipt has it.


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a caller is told once."""

    number: str
    code: str = field(repr=False)


async def issue(conn: Connection, call_id: int, key: bytes, at: datetime) -> Receipt:
    """A receipt for a call that has none; `key` is that of the installation."""
    number = await take_number(conn, PREFIX, at)
    code = codes.new_code()
    await conn.execute(QUERIES.insert_receipt, call_id, number, codes.code_hash(key, code), at)
    return Receipt(number, codes.spoken(code))


async def number_of(conn: Connection, call_id: int) -> str | None:
    """The number of a call's receipt; None for calls that were taken before there were receipts."""
    number: str | None = await conn.fetchval(QUERIES.receipt_number, call_id)
    return number


async def renew(conn: Connection, call_id: int, key: bytes, user: User, at: datetime) -> Receipt:
    """A new code for a caller who lost the old one, which is worth nothing from now on; who gave it out is recorded."""
    await conn.execute(QUERIES.insert_look, at, user.id, "new_code", call_id, [])
    code = codes.new_code()
    number = await conn.fetchval(QUERIES.renew_code, call_id, codes.code_hash(key, code), at)
    if number is None:
        return await issue(conn, call_id, key, at)
    return Receipt(number, codes.spoken(code))


async def find(conn: Connection, key: bytes, *, number: str, code: str) -> int | None:
    """The call behind a number and a code; None where either is wrong, and never said which.

    The code is looked up by its HMAC, so the time that the index takes says nothing about it; numbers are compared in
    constant time, and the same work is done whatever was wrong.
    """
    row = await conn.fetchrow(QUERIES.find_by_code, codes.code_hash(key, codes.typed(code) or _NOBODYS))
    known = [_NOBODYS] if row is None else row["numbers"]
    asked = number.strip().upper().encode()
    matches = [hmac.compare_digest(each.encode(), asked) for each in known]
    return row["call_id"] if row is not None and any(matches) else None
