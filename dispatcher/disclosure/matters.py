"""Disclosures that a person opens: matters without a ticket, of self-governance too, and decided warnings."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.errors import EntryRefused
from dispatcher.disclosure.drafting import Opened, open_disclosure, read_clockwork
from dispatcher.disclosure.duties import DutyState
from dispatcher.disclosure.model import MatterOutcome, levels_allowed
from dispatcher.disclosure.reading import QUERIES
from registry.disclosures import DisclosureItem, DisclosureLevel, DisclosureMoment, read_disclosure_book
from registry.organisations import Organisation, OrganisationKind, read_organisations_named
from runtime.pool import Connection

# Who answers for openness under Art. 44; property managers and utilities publish through the authority in charge.
_PUBLISHERS: Final = frozenset(
    {
        OrganisationKind.DEPARTMENT,
        OrganisationKind.SUBDISTRICT,
        OrganisationKind.GOVERNMENT,
        OrganisationKind.DUTY_DESK,
        OrganisationKind.COMMITTEE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What somebody wants to make public."""

    item: DisclosureItem
    title: str
    text: str
    publisher_id: str
    ticket_id: int | None = None
    warning: bool = False  # Decided by the competent body: told at once, also while the ticket is open.
    outcome: MatterOutcome | None = None
    both_consent: bool = False
    minutes: str | None = None  # Where the minutes of a resolution are.
    duty_id: int | None = None


async def open_matter(conn: Connection, matter: Matter, user: User, at: datetime) -> int:
    """The id of the draft. Raises EntryRefused."""
    publisher = await _publisher(conn, matter.publisher_id, user)
    _refuse_unfounded_outcome(matter)
    moment = DisclosureMoment.WARNING if matter.warning else DisclosureMoment.MATTER
    book = await read_disclosure_book(conn)
    level, area_id, item = DisclosureLevel.FULL, publisher.area_id, matter.item
    if matter.ticket_id is not None:
        subject = await conn.fetchrow(QUERIES.read_subject, matter.ticket_id)
        if subject is None or not (user.scope is None or user.scope in subject["area_path"]) or not subject["area_id"]:
            raise EntryRefused("ticket_id", "no such ticket")
        if publisher.kind is OrganisationKind.COMMITTEE:
            raise EntryRefused("ticket_id", "a committee publishes its own matters: a ticket is none of them")
        if subject["kind"] in book.undisclosed:
            raise EntryRefused("ticket_id", "a kind that is never told one by one")
        area_id, item = subject["area_id"], DisclosureItem(subject["item"])
        allowed = levels_allowed(item, moment, undisclosed=False, ticket_open=subject["closed_at"] is None)
        level = DisclosureLevel.FULL if DisclosureLevel.FULL in allowed else DisclosureLevel.PRESENCE_ONLY
    rule = book.rules.get((item, moment)) if matter.warning else None
    by_committee = publisher.kind is OrganisationKind.COMMITTEE
    clocks = None
    if rule is not None and not by_committee:
        clocks = (await read_clockwork(conn, book, at)).clocks(rule, at)
    opened = Opened(
        item=item,
        moment=moment,
        level=level,
        publisher_id=publisher.id,
        area_id=area_id,
        title=matter.title,
        text=matter.text,
        ticket_id=matter.ticket_id,
        outcome=matter.outcome,
        clocks=clocks,
    )
    fields = {"both_consent": matter.both_consent, "minutes": matter.minutes} if matter.outcome is not None else {}
    disclosure_id = await open_disclosure(conn, opened, at=at, by=user, **fields)
    if disclosure_id is None:
        raise LookupError("a matter collides with nothing")
    if matter.duty_id is not None:
        await _promise(conn, matter.duty_id, publisher, disclosure_id)
    return disclosure_id


async def _publisher(conn: Connection, publisher_id: str, user: User) -> Organisation:
    publisher = (await read_organisations_named(conn, [publisher_id])).get(publisher_id)
    if publisher is None or publisher.kind not in _PUBLISHERS:
        raise EntryRefused("publisher", "is no body that answers for openness (Art. 44)")
    if publisher.kind is OrganisationKind.COMMITTEE:
        if UserRole.COMMITTEE not in user.roles or user.organisation_id != publisher.id:
            raise EntryRefused("publisher", "a committee speaks for itself")
    elif UserRole.DISCLOSURE_EDITOR not in user.roles or not _lies_within(publisher, user):
        raise EntryRefused("publisher", "lies outside your area")
    return publisher


def _lies_within(publisher: Organisation, user: User) -> bool:
    return user.scope is None or user.scope in publisher.area_path or user.organisation_id == publisher.id


def _refuse_unfounded_outcome(matter: Matter) -> None:
    """What is published of a mediation rests on both parties' consent, a resolution on its minutes (ruling A15)."""
    if matter.outcome is MatterOutcome.MEDIATED and not matter.both_consent:
        raise EntryRefused("both_consent", "both parties consent, or nothing of a mediation is published")
    if matter.outcome is MatterOutcome.RESOLUTION and not (matter.minutes or "").strip():
        raise EntryRefused("minutes", "a resolution names its minutes")


async def _promise(conn: Connection, duty_id: int, publisher: Organisation, disclosure_id: int) -> None:
    row = await conn.fetchrow(QUERIES.hold_duty, duty_id)
    if row is None or row["committee_id"] != publisher.id or row["state"] == DutyState.FULFILLED:
        raise EntryRefused("duty_id", "no open duty of this committee")
    await conn.execute(QUERIES.promise_duty, duty_id, disclosure_id)
