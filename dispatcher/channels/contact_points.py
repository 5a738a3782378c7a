"""Where people and organisations can be told: added, tested by a code that only the receiver reads, switched off."""

import secrets
from datetime import datetime, time
from typing import Any, Final

import asyncpg

from dispatcher.channels import messages
from dispatcher.channels.errors import ChannelUnknown, ContactPointNotFound, ContactPointRefused
from dispatcher.channels.masking import masked_phone
from dispatcher.channels.model import Addressee, Contact, Organisation, User, columns_of
from dispatcher.channels.outbox import QUERIES
from dispatcher.channels.registry import check_address, find_channel
from registry.messages.templates import Language
from runtime.pool import Connection

TEST_TOPIC: Final = "contact_point.test"


async def add(
    conn: Connection,
    *,
    owner: User | Contact | Organisation,
    channel: str,
    address: str,
    secret: str | None = None,
    language: Language = Language.ZH_CN,
    position: int = 1,
    quiet: tuple[time, time] | None = None,
    verified: bool = False,
    at: datetime,
) -> int:
    """From now on the owner can be told there, once it is verified. Raises ContactPointRefused."""
    try:
        check_address(find_channel(channel), address, secret)
    except ChannelUnknown as error:
        raise ContactPointRefused("channel", f"no channel {channel}") from error
    if quiet is not None and quiet[0] == quiet[1]:
        raise ContactPointRefused("quiet_to", "quiet hours that never end")
    to = columns_of(owner)
    begin, end = quiet or (None, None)
    try:
        async with conn.transaction():
            point_id: int = await conn.fetchval(
                QUERIES.insert_point,
                to.user_id,
                to.contact_id,
                to.organisation_id,
                channel,
                address,
                secret,
                language,
                position,
                begin,
                end,
                at if verified else None,
                at,
            )
    except asyncpg.UniqueViolationError as error:
        raise ContactPointRefused("address", "stands already") from error
    except asyncpg.ForeignKeyViolationError as error:
        raise ContactPointRefused("owner", "nobody of this id") from error
    return point_id


async def test(conn: Connection, point_id: int, *, code: str, at: datetime) -> int:
    """Send the test message there, whose code proves that somebody reads it; returns the message's id.

    Raises ContactPointNotFound.
    """
    nth = await conn.fetchval(QUERIES.set_code, point_id, code)
    if nth is None:
        raise ContactPointNotFound(point_id)
    point = await read(conn, point_id)
    owner = _owner_of(point)
    return await messages.send(
        conn,
        key=f"contact-point-{point_id}-{nth}",
        to=owner,
        ticket_id=None,
        topic=TEST_TOPIC,
        grade=3,
        fields={"code": code},
        only_contact_point_id=point_id,
        at=at,
    )


def new_code() -> str:
    """Six digits that nobody can guess."""
    return f"{secrets.randbelow(10**6):06}"


async def verify(conn: Connection, point_id: int, code: str, *, at: datetime) -> bool:
    """Whether the code is that of the last test message; then the contact point may be used. Five misses end it."""
    if await conn.fetchval(QUERIES.verify_point, point_id, code, at) is not None:
        return True
    await conn.execute(QUERIES.miss_code, point_id)
    return False


async def disable(conn: Connection, point_id: int) -> None:
    """Nothing new goes there. Raises ContactPointNotFound."""
    if await conn.fetchval(QUERIES.disable_point, point_id) is None:
        raise ContactPointNotFound(point_id)


async def read(conn: Connection, point_id: int) -> dict[str, Any]:
    """One contact point, its address masked. Raises ContactPointNotFound."""
    row = await conn.fetchrow(QUERIES.read_point, point_id)
    if row is None:
        raise ContactPointNotFound(point_id)
    return told(dict(row))


async def page(
    conn: Connection, *, user_id: int | None, organisation_id: str | None, after_id: int, limit: int
) -> list[dict[str, Any]]:
    """Contact points by their id, addresses masked; None in both: everybody's."""
    rows = await conn.fetch(QUERIES.list_points, user_id, organisation_id, after_id, limit)
    return [told(dict(row)) for row in rows]


def told(row: dict[str, Any]) -> dict[str, Any]:
    """The row with as much of the address as its owner needs to know it again."""
    return {**row, "address": masked_address(row["channel"], row["address"])}


def masked_address(channel: str, address: str) -> str:
    """138****5678, w***@example.org; of tokens and urls, which are secrets, only the end or the host."""
    match channel:
        case "sms" | "voice":
            return masked_phone(address) or ""
        case "mail":
            name, _, host = address.partition("@")
            return f"{name[:1]}***@{host}"
        case "webhook":
            return "/".join(address.split("/", 3)[:3])
        case _:
            return f"***{address[-4:]}"


def _owner_of(point: dict[str, Any]) -> Addressee:
    if point["user_id"] is not None:
        return User(point["user_id"])
    if point["contact_id"] is not None:
        return Contact(point["contact_id"])
    return Organisation(point["organisation_id"])
