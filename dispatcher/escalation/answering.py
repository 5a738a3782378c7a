"""What persons answer: a page that somebody takes on, a test of reachability that somebody heard."""

from dataclasses import dataclass
from datetime import datetime

from dispatcher.accounts.model import User
from dispatcher.channels import stream
from dispatcher.escalation.errors import NotOfThePage, PageNotFound, TestNotFound
from dispatcher.escalation.model import PageState
from dispatcher.escalation.paging import ACKNOWLEDGED, cancel_messages
from dispatcher.escalation.reaching import QUERIES
from dispatcher.tickets import store
from dispatcher.tickets.model import Actor, EntryKind
from dispatcher.tickets.records import read_ticket
from runtime.pool import Connection


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What became of an acknowledgement."""

    page_id: int
    by: str
    first: bool  # False: somebody had answered before.


async def acknowledge(conn: Connection, page_id: int, user: User, at: datetime) -> Acknowledged:
    """Take a page on; the timeline says so, and what of it has not left yet is not sent.

    Raises PageNotFound, and NotOfThePage for who is neither of the organisation nor of the desk that was told.
    """
    if await conn.fetchval(QUERIES.page_for_answer, page_id) is None:
        raise PageNotFound(page_id)
    page = await conn.fetchrow(QUERIES.read_page_parties, page_id)
    if page is None:
        raise PageNotFound(page_id)
    if user.organisation_id not in page["organisations"]:
        raise NotOfThePage(page_id)
    if page["state"] == PageState.ACKNOWLEDGED:
        return Acknowledged(page_id, page["acknowledged_by"], first=False)
    await conn.execute(QUERIES.acknowledge_page, page_id, at, user.actor)
    await cancel_messages(conn, page_id, PageState.ACKNOWLEDGED, at)
    ticket = await read_ticket(conn, page["ticket_id"])
    body = {"about": "page_acknowledged", "page_id": page_id, "organisation_id": user.organisation_id}
    await store.add_entry(conn, ticket, EntryKind.MESSAGE, body, at, actor=Actor.of_user(user))
    await stream.publish(
        conn,
        topic=ACKNOWLEDGED,
        area_path=ticket.area_path,
        organisation_ids=page["organisations"],
        body={"page": {"id": page_id, "ticket_id": ticket.id, "organisation_id": user.organisation_id}},
        at=at,
    )
    return Acknowledged(page_id, user.actor, first=True)


async def pass_test(conn: Connection, test_id: int, by: str, at: datetime) -> None:
    """The person was heard: by the message's own answer, or by somebody who rang. Raises TestNotFound."""
    test = await conn.fetchrow(QUERIES.read_test, test_id)
    if test is None:
        raise TestNotFound(test_id)
    await conn.execute(QUERIES.pass_test, test_id, at, by)
