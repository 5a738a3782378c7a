"""One action of a person on a disclosure, in the caller's transaction: held, decided, done, recorded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dispatcher.accounts.model import User
from dispatcher.admission.errors import ActRefused, EntryRefused, Outpaced
from dispatcher.admission.procedures import Act, Refusal, Refused
from dispatcher.disclosure.drafting import Opened, open_disclosure, read_clockwork
from dispatcher.disclosure.entries import Edited, edited
from dispatcher.disclosure.model import MatterOutcome, Withdrawal, levels_allowed
from dispatcher.disclosure.overdue import break_law, break_target
from dispatcher.disclosure.personal import black_out, find_personal
from dispatcher.disclosure.procedures import Subject, decide
from dispatcher.disclosure.reading import QUERIES, Sight, preview, read, read_known, standing_of
from dispatcher.tickets.breaches import record_end
from registry.calendar import read_calendar
from registry.disclosures import (
    DisclosureBook,
    DisclosureItem,
    DisclosureLevel,
    DisclosureMoment,
    read_disclosure_book,
)
from runtime.pool import Connection

CORRECTION_WD: Final = 5
"""Working days that a committee has for what it took back, before its residents' meeting hears of it: a default."""
_GOES_ON: Final = frozenset({"check", "approve", "publish"})
_WEIGHT: Final = {DisclosureLevel.NEVER: 0, DisclosureLevel.PRESENCE_ONLY: 1, DisclosureLevel.FULL: 2}


async def act(conn: Connection, disclosure_id: int, asked: Act, user: User, at: datetime) -> None:
    """Do it. Raises SubjectNotFound, Outpaced, ActRefused, EntryRefused; then nothing may be committed."""
    claimed = await conn.fetchval(QUERIES.claim_disclosure, disclosure_id, asked.version)
    row = await read(conn, disclosure_id, Sight.of(user))
    if claimed is None:
        raise Outpaced(Subject.DISCLOSURE, row["version"], row["state"])
    hop = decide(row["state"], asked, user, standing_of(row))
    if isinstance(hop, Refused):
        raise ActRefused(Subject.DISCLOSURE, row["state"], asked.event, hop)
    if asked.event in _GOES_ON:
        await _refuse_level(conn, row)
    match asked.event:
        case "edit":
            await _edit(conn, row, asked, user)
        case "check":
            await _check(conn, row, asked, user)
        case "drop":
            await _drop(conn, row, asked, at)
        case "send_back":
            await conn.execute(QUERIES.send_back_disclosure, disclosure_id)
        case "approve":
            await _approve(conn, row, user, at)
        case "withhold":
            await _withhold(conn, row, user, at)
        case "publish":
            await _publish(conn, row, at)
        case "withdraw":
            await _withdraw(conn, row, asked, user, at)
    await conn.execute(
        QUERIES.insert_record,
        disclosure_id,
        row["version"],
        asked.event,
        row["state"],
        hop.to_state,
        at,
        user.actor,
        user.zh_name,
        user.organisation_id,
        asked.reason,
        # The draft itself stands in the row; the log says what was touched, not the words.
        {name: value for name, value in asked.fields.items() if name not in ("text", "title")},
    )


async def _edit(conn: Connection, row: Mapping[str, Any], asked: Act, user: User) -> None:
    book = await read_disclosure_book(conn)
    undisclosed, ticket_open = await _ticket(conn, book, row)
    change = edited(row, asked.fields, undisclosed=undisclosed, ticket_open=ticket_open)
    _refuse_unexplained(row, change, asked, book)
    await conn.execute(
        QUERIES.edit_disclosure,
        row["id"],
        change.title,
        change.text,
        [each.as_json() for each in change.redactions],
        [each.as_json() for each in change.waivers],
        change.level,
        change.never_reason,
        user.actor,
    )
    _, redacted = await preview(conn, await read(conn, row["id"], Sight.of(user)))
    if redacted.wrong:
        raise EntryRefused("waivers", f"{len(redacted.wrong)} stretches fit nothing that may be taken back or added")


def _refuse_unexplained(row: Mapping[str, Any], change: Edited, asked: Act, book: DisclosureBook) -> None:
    """Less than the rule wants is told with a reason."""
    rule = book.rule_of(DisclosureItem(row["item"]), DisclosureMoment(row["moment"]))
    usual = DisclosureLevel.FULL if rule is None else rule.level
    if usual in _WEIGHT and _WEIGHT.get(change.level, 2) < _WEIGHT[usual] and not asked.reason:
        raise ActRefused(Subject.DISCLOSURE, row["state"], asked.event, Refused(Refusal.FIELD_MISSING, field="reason"))


async def _check(conn: Connection, row: Mapping[str, Any], asked: Act, user: User) -> None:
    for box in ("secret", "commercial", "privacy"):
        if asked.fields[box] is not True:
            raise EntryRefused(box, "was not looked at: only a checked draft goes on")
    if row["level"] == DisclosureLevel.FULL and not row["text"].strip():
        raise EntryRefused("text", "is empty: a disclosure in full says something")
    if find_personal(row["title"], await read_known(conn, row["ticket_id"])):
        raise EntryRefused("title", "holds what looks like a personal datum")
    await conn.execute(QUERIES.check_disclosure, row["id"], user.actor)


async def _drop(conn: Connection, row: Mapping[str, Any], asked: Act, at: datetime) -> None:
    if row["due_at"] is not None:
        raise EntryRefused("event", "is due: two persons may withhold it, nobody drops it")
    await conn.execute(QUERIES.withdraw_disclosure, row["id"], at, await _told_reason(conn, row, asked))


async def _approve(conn: Connection, row: Mapping[str, Any], user: User, at: datetime) -> None:
    if row["level"] == DisclosureLevel.NEVER:
        raise EntryRefused("level", "never: it is withheld, not approved")
    body, _ = await preview(conn, row)
    await conn.execute(QUERIES.approve_disclosure, row["id"], user.actor, at, body)


async def _withhold(conn: Connection, row: Mapping[str, Any], user: User, at: datetime) -> None:
    if row["level"] != DisclosureLevel.NEVER:
        raise EntryRefused("level", "only what is never public is withheld")
    await _break_late(conn, row, at)
    await conn.execute(QUERIES.withhold_disclosure, row["id"], user.actor, at)
    for clock in ("d_publish", "d_publish_law"):
        await record_end(conn, f"disclosure:{row['id']}:{clock}", at)


async def _publish(conn: Connection, row: Mapping[str, Any], at: datetime) -> None:
    # A month is counted at its approval; later corrections of kinds change the next month, not what was approved.
    if row["month"] is None:
        body, _ = await preview(conn, row)
        if body != row["public_body"]:
            raise EntryRefused("public_body", "is no longer what was approved: send it back")
    await _break_late(conn, row, at)
    await conn.execute(QUERIES.publish_disclosure, row["id"], at)
    if row["law_breached_at"] is not None or (row["law_due_at"] is not None and row["law_due_at"] < at):
        await record_end(conn, f"disclosure:{row['id']}:d_publish_law", at)
    await conn.execute(QUERIES.fulfil_duty_of, row["id"], at)


async def _break_late(conn: Connection, row: Mapping[str, Any], at: datetime) -> None:
    """A late end between two steps of the dispatcher is a breach too."""
    if row["due_at"] is not None and row["due_at"] < at:
        await break_target(conn, row["id"])
    if row["law_due_at"] is not None and row["law_due_at"] < at:
        await break_law(conn, row["id"])


async def _withdraw(conn: Connection, row: Mapping[str, Any], asked: Act, user: User, at: datetime) -> None:
    try:
        code = Withdrawal(asked.fields["code"])
    except ValueError:
        code = Withdrawal.REOPENED
    if code is Withdrawal.REOPENED:
        choices = ", ".join(each for each in Withdrawal if each is not Withdrawal.REOPENED)
        raise EntryRefused("code", f"is none of {choices}")
    await conn.execute(QUERIES.withdraw_disclosure, row["id"], at, await _told_reason(conn, row, asked))
    again = await _open_again(conn, row, user, at) if code.is_due_again else None
    # What fulfilled a duty stands no more.
    until = (await read_calendar(conn, at)).after_working_days(at, CORRECTION_WD).at
    await conn.execute(QUERIES.open_duty_again, row["id"], until, again, at)


async def _told_reason(conn: Connection, row: Mapping[str, Any], asked: Act) -> str:
    """Why it is gone, as residents read it: the record keeps the words, the page no personal datum."""
    reason = asked.reason or ""
    return black_out(reason, find_personal(reason, await read_known(conn, row["ticket_id"])))


async def _open_again(conn: Connection, row: Mapping[str, Any], user: User, at: datetime) -> int | None:
    """What was published wrongly is due again, from now on."""
    book = await read_disclosure_book(conn)
    item, moment = DisclosureItem(row["item"]), DisclosureMoment(row["moment"])
    rule = book.rule_of(item, moment)
    clocks = None
    if rule is not None and row["due_at"] is not None:
        clocks = (await read_clockwork(conn, book, at)).clocks(rule, at)
    again = Opened(
        item=item,
        moment=moment,
        level=DisclosureLevel(row["level"]),
        publisher_id=row["publisher_organisation_id"],
        area_id=row["area_id"],
        title=row["title"],
        text=row["text"],
        ticket_id=row["ticket_id"],
        ticket_version=row["ticket_version"],
        month=row["month"],
        outcome=MatterOutcome(row["outcome"]) if row["outcome"] is not None else None,
        clocks=clocks,
        replaces=row["id"],
        # Whose words they are does not approve them; what was blacked out stays so.
        editors=tuple(row["editors"]),
        redactions=tuple(row["redactions"]),
        waivers=tuple(row["waivers"]),
    )
    return await open_disclosure(conn, again, at=at, by=user)


async def _refuse_level(conn: Connection, row: Mapping[str, Any]) -> None:
    """A kind that was corrected since, or a ticket that was taken up again, allows less than the draft says."""
    undisclosed, ticket_open = await _ticket(conn, await read_disclosure_book(conn), row)
    item, moment = DisclosureItem(row["item"]), DisclosureMoment(row["moment"])
    allowed = levels_allowed(item, moment, undisclosed=undisclosed, ticket_open=ticket_open)
    if DisclosureLevel(row["level"]) not in allowed:
        raise EntryRefused("level", f"may be {' or '.join(sorted(allowed))} by now")


async def _ticket(conn: Connection, book: DisclosureBook, row: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether the ticket's kind is never told one by one, and whether it is open, as it stands now."""
    if row["ticket_id"] is None:
        return False, False
    subject = await conn.fetchrow(QUERIES.read_subject, row["ticket_id"])
    if subject is None:
        return False, False
    return subject["kind"] in book.undisclosed, subject["closed_at"] is None
