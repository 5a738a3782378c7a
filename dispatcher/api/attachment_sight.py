"""Who sees an attachment: its uploader and their unit, and whoever sees one of the things that it served."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from dispatcher.accounts.model import User
from dispatcher.attachments import store
from dispatcher.attachments.store import Attachment
from dispatcher.screening import rounds
from dispatcher.tickets import evidence, reading
from runtime.pool import Connection

Seer = Callable[[Connection, int, User], Awaitable[bool]]


async def _sees_ticket(conn: Connection, ticket_id: int, viewer: User) -> bool:
    sight = reading.Sight(area_id=viewer.scope, organisation_id=viewer.organisation_id)
    return await reading.sees_ticket(conn, ticket_id, sight)


async def _sees_round(conn: Connection, round_id: int, viewer: User) -> bool:
    return await rounds.sees(conn, round_id, viewer)


SEERS: Final[Mapping[str, Seer]] = {
    evidence.TOPIC: _sees_ticket,
    rounds.TOPIC: _sees_round,
}
"""Each topic that attachments serve, and who sees one of its subjects; a topic that is not here shows nothing."""


async def sees_attachment(conn: Connection, attachment: Attachment, viewer: User) -> bool:
    """Whether a user may look at an attachment."""
    if attachment.uploaded_by == viewer.actor:
        return True
    if viewer.organisation_id is not None and attachment.organisation_id == viewer.organisation_id:
        return True
    for topic, subject_id in await store.subjects_of(conn, attachment.id):
        seer = SEERS.get(topic)
        if seer is not None and await seer(conn, subject_id, viewer):
            return True
    return False
