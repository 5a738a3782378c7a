"""What a decision may cite: legal bases of a refusal, and articles of the knowledge base in an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dispatcher.desk.errors import CitationUnknown
from dispatcher.desk.receipts import QUERIES
from dispatcher.tickets.model import TicketEvent
from registry.calendar import day_of
from runtime.pool import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalBasis:
    """A ground of the law on which a matter may be refused; `refusal` is the reason that it supports."""

    code: str
    refusal: str
    zh_text: str
    en_text: str
    source: str
    valid_from: date


async def refusal_bases(conn: Connection, at: datetime) -> list[RefusalBasis]:
    """The bases in force on the day of `at`."""
    rows = await conn.fetch(QUERIES.list_refusal_bases, day_of(at))
    return [RefusalBasis(**dict(row)) for row in rows]


async def check_citation(conn: Connection, event: TicketEvent, fields: Mapping[str, Any], at: datetime) -> None:
    """Refuse a refusal without a coded basis for its reason, and an answer by an article that is not in force.

    Looks only at fields that are there and of their type: what is missing or malformed the table refuses itself.
    Raises CitationUnknown.
    """
    if event in (TicketEvent.REFUSE_ACCEPT, TicketEvent.REQUEST_REFUSAL):
        await _check_basis(conn, fields.get("code"), fields.get("legal_basis"), at)
    elif event is TicketEvent.ANSWER:
        await _check_article(conn, fields.get("article"), fields.get("article_version"), at)


async def _check_basis(conn: Connection, refusal: object, basis: object, at: datetime) -> None:
    if not isinstance(refusal, str) or not isinstance(basis, str) or "\0" in basis:
        return
    row = await conn.fetchrow(QUERIES.refusal_basis, basis, day_of(at))
    if row is None:
        raise CitationUnknown("legal_basis", basis, "no legal basis in force has this code; see refusal-bases")
    if row["refusal"] != refusal:
        raise CitationUnknown("legal_basis", basis, f"is a basis of {row['refusal']}, not of {refusal}")


async def _check_article(conn: Connection, article: object, version: object, at: datetime) -> None:
    if not isinstance(article, str) or type(version) is not int or "\0" in article or not 0 < version < 2**31:
        return
    if await conn.fetchval(QUERIES.version_in_force, article, version, day_of(at)) is None:
        raise CitationUnknown("article", article, f"version {version} is not the one in force")
