"""Reads disclosures: who sees which, one with what its preview needs, and what residents read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.errors import SubjectNotFound
from dispatcher.disclosure.model import DisclosureState, MatterOutcome, Stretch
from dispatcher.disclosure.periods import month_span
from dispatcher.disclosure.personal import black_out, find_personal
from dispatcher.disclosure.procedures import Standing, Subject
from dispatcher.disclosure.redaction import Redacted, redact
from dispatcher.disclosure.report import Count, Draft, Names, Returned, TicketFacts, public_body
from registry.disclosures import DisclosureItem, DisclosureLevel, DisclosureMoment
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

LAST_ID: Final = 2**63 - 1
_MOBILE, _LOCAL = 11, 8
"""Digits of a number in the country, and in a city."""
# Who looks after what others publish in an area; drafts hold what residents must not read.
_OVERSEERS: Final = frozenset(
    {UserRole.DISCLOSURE_EDITOR, UserRole.DISCLOSURE_APPROVER, UserRole.SUPERVISOR, UserRole.AUDITOR}
)


class Sight(NamedTuple):
    """What a viewer sees: all of an area (None: everywhere) if he oversees it, and what his own unit publishes."""

    oversees: bool
    area_id: str | None
    organisation_id: str | None

    @classmethod
    def of(cls, user: User) -> "Sight":
        overseeing = bool(user.roles & _OVERSEERS) and UserRole.COMMITTEE not in user.roles
        return cls(overseeing, user.scope, user.organisation_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which disclosures to list; None does not narrow."""

    state: DisclosureState | None = None
    item: DisclosureItem | None = None
    ticket_id: int | None = None
    late: bool | None = None
    withdrawal_proposed: bool | None = None  # Residents still read it.


async def page(
    conn: Connection, sight: Sight, wanted: Wanted, *, before_id: int | None, limit: int
) -> list[dict[str, Any]]:
    """Rows that the viewer sees, newest first."""
    return await _rows(conn, sight, wanted, before_id or LAST_ID, None, limit)


async def read(conn: Connection, disclosure_id: int, sight: Sight) -> dict[str, Any]:
    """One row. Raises SubjectNotFound, also for what the viewer may not see."""
    rows = await _rows(conn, sight, Wanted(), LAST_ID, disclosure_id, 1)
    if not rows:
        raise SubjectNotFound(Subject.DISCLOSURE, disclosure_id)
    return rows[0]


async def history(conn: Connection, disclosure_id: int) -> list[dict[str, Any]]:
    """Everything that was done with it, in order."""
    return [dict(row) for row in await conn.fetch(QUERIES.list_records, disclosure_id)]


def standing_of(row: Mapping[str, Any]) -> Standing:
    return Standing(
        area_path=tuple(row["area_path"]),
        publisher_id=row["publisher_organisation_id"],
        by_committee=row["by_committee"],
        editors=row["editors"],
    )


async def read_known(conn: Connection, ticket_id: int | None) -> list[str]:
    """What the reporters of a ticket are known by. Only ever looked for in a text, never shown."""
    if ticket_id is None:
        return []
    rows = await conn.fetch(QUERIES.list_known, ticket_id)
    said = {datum for row in rows for datum in row.values() if datum}
    return sorted(said | {end for row in rows for end in _ends(row["caller_phone"] or "")})


def _ends(phone: str) -> set[str]:
    """A number as people write it without the country's or the city's prefix."""
    digits = "".join(each for each in phone if each.isdecimal())
    return {digits[-_MOBILE:], digits[-_LOCAL:]} if len(digits) >= _LOCAL else set()


async def redacted_text(conn: Connection, row: Mapping[str, Any]) -> Redacted:
    """The draft of a row as residents would read it, and what was found in it."""
    return redact(
        row["text"],
        added=[Stretch.of(each) for each in row["redactions"]],
        waived=[Stretch.of(each) for each in row["waivers"]],
        known=await read_known(conn, row["ticket_id"]),
    )


async def preview(conn: Connection, row: Mapping[str, Any]) -> tuple[dict[str, Any], Redacted]:
    """What would be published of a row now, and what was found in its draft."""
    redacted = await redacted_text(conn, row)
    known = await read_known(conn, row["ticket_id"])
    month = row["month"]
    draft = Draft(
        item=DisclosureItem(row["item"]),
        moment=DisclosureMoment(row["moment"]),
        level=DisclosureLevel(row["level"]),
        publisher=Names(row["publisher_zh"], row["publisher_en"]),
        street=await _street(conn, row["area_id"]),
        title=black_out(row["title"], find_personal(row["title"], known)),
        text=redacted.text,
        outcome=MatterOutcome(row["outcome"]) if row["outcome"] is not None else None,
        month=month,
        facts=await read_facts(conn, row["ticket_id"], known) if row["ticket_id"] is not None else None,
        counts=[] if month is None else await count_month(conn, row["area_id"], *month_span(month)),
    )
    return public_body(draft), redacted


async def read_facts(conn: Connection, ticket_id: int, known: list[str]) -> TicketFacts | None:
    """What is told of a ticket; the basis that a unit named is its own words, so nobody stands in it."""
    row = await conn.fetchrow(QUERIES.read_subject, ticket_id)
    if row is None:
        return None
    group = await conn.fetchrow(QUERIES.name_of_group, row["kind_group"])
    return TicketFacts(
        kind=Names(row["kind_zh"], row["kind_en"]),
        kind_group=Names(group["zh"], group["en"]) if group is not None else Names("其他", "Other"),
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        lead=None if row["lead_zh"] is None else Names(row["lead_zh"], row["lead_en"]),
        co_units=tuple(Names(each["zh"], each["en"]) for each in await conn.fetch(QUERIES.list_co_units, ticket_id)),
        returned=tuple(
            Returned(
                Names(each["zh"], each["en"]),
                None if each["basis"] is None else black_out(each["basis"], find_personal(each["basis"], known)),
            )
            for each in await conn.fetch(QUERIES.list_returned_units, ticket_id)
        ),
    )


async def count_month(conn: Connection, area_id: str, begin: datetime, end: datetime) -> list[Count]:
    rows = await conn.fetch(QUERIES.count_month, area_id, begin, end)
    return [Count(DisclosureItem(row["item"]), Names(row["zh"], row["en"]), row["tickets"]) for row in rows]


async def _street(conn: Connection, area_id: str) -> Names:
    row = await conn.fetchrow(QUERIES.name_of_street, area_id)
    return Names("", "") if row is None else Names(row["zh"], row["en"])


async def _rows(
    conn: Connection, sight: Sight, wanted: Wanted, before_id: int, only_id: int | None, limit: int
) -> list[dict[str, Any]]:
    rows = await conn.fetch(
        QUERIES.list_disclosures,
        *sight,
        wanted.state,
        wanted.item,
        wanted.ticket_id,
        wanted.late,
        before_id,
        only_id,
        limit,
        wanted.withdrawal_proposed,
    )
    return [dict(row) for row in rows]
