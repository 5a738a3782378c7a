"""The door for whoever has something to tell somebody: rows in the caller's transaction, nothing is sent here.

What is grave gets its attempts at once, over all contact points; the rest finds its way in the messages stage.
"""

from collections.abc import Mapping
from datetime import datetime

from dispatcher.channels import planning
from dispatcher.channels.errors import MessageNotFound
from dispatcher.channels.model import (
    Addressee,
    Caller,
    Contact,
    MessageState,
    Organisation,
    Standing,
    User,
    columns_of,
)
from dispatcher.channels.outbox import QUERIES
from dispatcher.channels.wording import masked_fields, read_book
from registry.messages.templates import FieldValue
from runtime.pool import Connection

__all__ = ["Addressee", "Caller", "Contact", "Organisation", "User", "answer", "cancel", "send", "standing"]


async def send(
    conn: Connection,
    *,
    key: str,
    to: Addressee,
    ticket_id: int | None,
    topic: str,
    grade: int,
    fields: Mapping[str, FieldValue],
    at: datetime,
    only_contact_point_id: int | None = None,
) -> int:
    """Tell somebody something once; returns the message's id, for a key that stands already that of the first.

    `grade` 1 or 2: at once, over every contact point, whatever the hour. Raises TopicUnknown, and FieldsWrong unless
    exactly the fields are given that the topic's newest template declares.
    """
    template = (await read_book(conn, (topic,))).newest(topic)
    kept = masked_fields(template, fields)
    if isinstance(to, Caller):
        await conn.execute(QUERIES.insert_call_point, to.hotline_call_id, at)
    to_columns = columns_of(to)
    message_id: int | None = await conn.fetchval(
        QUERIES.insert_message,
        key,
        to_columns.user_id,
        to_columns.contact_id,
        to_columns.organisation_id,
        to_columns.hotline_call_id,
        only_contact_point_id,
        ticket_id,
        topic,
        template.version,
        grade,
        kept,
        at,
    )
    if message_id is None:
        known = await standing(conn, key)
        if known is None:
            raise MessageNotFound(0)
        return known.id
    await planning.plan_grave(conn, message_id, grade, at)
    return message_id


async def standing(conn: Connection, key: str) -> Standing | None:
    """What is known of a message; None for a key that was never used."""
    row = await conn.fetchrow(QUERIES.standing, key)
    return None if row is None else Standing(**{**dict(row), "state": MessageState(row["state"])})


async def answer(conn: Connection, message_id: int, *, by: int | None, at: datetime) -> bool:
    """Somebody says that they have it: what of it has not left yet never does. False when it was answered before."""
    answered = await conn.fetch(QUERIES.answer_messages, [message_id], at, by)
    await conn.execute(QUERIES.cancel_attempts, [message_id], at)
    return bool(answered)


async def cancel(conn: Connection, key: str, *, reason: str, at: datetime) -> bool:
    """It is not needed any more: what has not left yet never does. False when it was over already."""
    message_id: int | None = await conn.fetchval(QUERIES.cancel_message, key, reason)
    if message_id is None:
        return False
    await conn.execute(QUERIES.cancel_attempts, [message_id], at)
    return True
