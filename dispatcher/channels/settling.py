"""What an attempt's end means for the messages in it. Everybody holds messages before attempts, in their order."""

from collections.abc import Sequence
from datetime import datetime

from dispatcher.channels import announcing
from dispatcher.channels.model import AttemptState
from dispatcher.channels.outbox import QUERIES
from dispatcher.channels.registry import CHANNELS
from runtime.pool import Connection


async def hold_messages(conn: Connection, outbox_ids: Sequence[int]) -> None:
    """Take the messages in these attempts before the attempts themselves are touched."""
    await conn.execute(QUERIES.hold_messages_of_attempts, list(outbox_ids))


async def settle(conn: Connection, outbox_id: int, at: datetime) -> None:
    """The attempt came to something: its messages arrived, were answered, or look for their next way."""
    row = await conn.fetchrow(QUERIES.read_attempt, outbox_id)
    if row is None:
        return
    changed: list[int] = []
    match AttemptState(row["progress"]):
        case AttemptState.ANSWERED:
            message_ids = [found["message_id"] for found in await conn.fetch(QUERIES.messages_of_attempt, outbox_id)]
            changed = [found["id"] for found in await conn.fetch(QUERIES.answer_messages, message_ids, at, None)]
            await conn.execute(QUERIES.cancel_attempts, message_ids, at)
        case AttemptState.DELIVERED:
            changed = [found["id"] for found in await conn.fetch(QUERIES.reach_messages, outbox_id, at)]
        case AttemptState.SENT if row["channel"] in CHANNELS and not CHANNELS[row["channel"]].receipts:
            # Nothing more will ever be known.
            changed = [found["id"] for found in await conn.fetch(QUERIES.reach_messages, outbox_id, at)]
        case AttemptState.FAILED | AttemptState.DEAD:
            await conn.execute(QUERIES.look_again, outbox_id, at)
        case _:
            return
    await announcing.announce(conn, changed, at)
