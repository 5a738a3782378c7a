"""Answers of the services' own systems: signed by the secret of the endpoint that was paged."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from dispatcher.channels import signing
from dispatcher.channels.errors import ReceiptUnsigned
from dispatcher.handovers import calls
from dispatcher.handovers.calls import QUERIES, Answer
from dispatcher.handovers.errors import SignatureWrong
from runtime.pool import Connection


async def take_return(
    conn: Connection, number: str, answer: Answer, headers: Mapping[str, str], body: bytes, at: datetime
) -> tuple[int, bool]:
    """Take in what a service's system says of a call: its id, and whether it is news. Raises SignatureWrong."""
    for row in await conn.fetch(QUERIES.signers_of, number):
        with suppress(ReceiptUnsigned):
            message_id = signing.verify(row["secret"], headers, body, row["real_at"])
            service = f"service:{row['service']}"
            key = f"{row['id']}:{message_id}"
            news = await calls.take_in(
                conn, row["id"], answer, actor=service, actor_name=row["service"], at=at, external_id=key
            )
            return row["id"], news
    raise SignatureWrong
