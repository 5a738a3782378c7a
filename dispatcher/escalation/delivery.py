"""What persons are told about a page, in the fields of the messages' templates; and the tests of reachability."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from dispatcher.channels import messages
from dispatcher.escalation.model import Page, PageLevel, Recipient
from dispatcher.tickets.model import ClockName, ClockRun, Ticket
from registry.limits import EscalationAction
from runtime.pool import Connection

FieldValue = str | int | datetime

PAGED: Final = "ticket.paged"
TEST: Final = "contact.test"
GAP: Final = "roster.gap"
GRADES: Final = {1: "I", 2: "II", 3: "III", 4: "IV"}
_TOPICS: Final = {
    EscalationAction.REMIND: "ticket.reminder",
    EscalationAction.URGE: "ticket.urged",
    EscalationAction.SUPERVISE: "ticket.supervised",
}
CLOCKS: Final[Mapping[ClockName, str]] = {
    ClockName.TRIAGE: "受理时限",
    ClockName.REFUSAL: "不予受理会签时限",
    ClockName.DISPATCH: "派遣时限",
    ClockName.SIGN: "签收时限",
    ClockName.CONTACT: "首次联系时限",
    ClockName.ARRIVE: "到场时限",
    ClockName.CONTROL: "控制时限",
    ClockName.RESOLVE: "办结时限",
    ClockName.VERIFY: "核查时限",
    ClockName.CALLBACK: "回访时限",
    ClockName.ARBITRATE: "裁定时限",
    ClockName.REVIEW: "挂账复核时限",
    ClockName.REPLY: "督办答复时限",
}
"""What a message calls a clock; those of joint rectification are all 整治时限 to whoever is told."""


def worded(
    ticket: Ticket, page: Page, kind_zh: str, run: ClockRun | None, reply_due_at: datetime | None, at: datetime
) -> tuple[str, dict[str, FieldValue]]:
    """The topic of a page and its fields; `run` is the clock whose step it is, None where somebody is asked to sign."""
    number = ticket.number or f"#{ticket.id}"
    place = ticket.place or ticket.area_id or ""
    topic = PAGED if run is None or page.action is None else _TOPICS.get(page.action, PAGED)
    if topic == PAGED:
        return topic, {
            "number": number,
            "kind": kind_zh,
            "place": place,
            "grade": GRADES[page.grade],
            "due_at": _due(ticket, page, at),
        }
    fields: dict[str, FieldValue] = {"number": number, "place": place}
    if run is not None:
        fields["clock"] = CLOCKS.get(run.clock, "整治时限")
        fields["due_at"] = run.due_at
    if topic == _TOPICS[EscalationAction.SUPERVISE]:
        del fields["due_at"]
        fields["reply_due_at"] = reply_due_at or at
    return topic, fields


def key_of(page_id: int, level: PageLevel, contact_id: int | None, user_id: int | None) -> str:
    """The key of one person's message: the same step taken again puts it once."""
    who = f"contact-{contact_id}" if contact_id is not None else f"user-{user_id}"
    return f"page-{page_id}-{level}-{who}"


async def tell_person(
    conn: Connection,
    recipient: Recipient,
    *,
    key: str,
    ticket_id: int | None,
    topic: str,
    grade: int,
    fields: Mapping[str, FieldValue],
    at: datetime,
) -> None:
    """Put a message for one person; the same key is put once."""
    to: messages.Addressee
    if recipient.contact_id is not None:
        to = messages.Contact(recipient.contact_id)
    else:
        to = messages.User(recipient.user_id or 0)
    await messages.send(conn, key=key, to=to, ticket_id=ticket_id, topic=topic, grade=grade, fields=fields, at=at)


def _due(ticket: Ticket, page: Page, at: datetime) -> datetime:
    """When the unit has to sign; else the ticket's next due time."""
    own = [
        run.due_at
        for run in ticket.running
        if run.organisation_id == page.organisation_id
        and run.clock in (ClockName.SIGN, ClockName.LEAD, ClockName.COSIGN)
    ]
    if own:
        return min(own)
    return ticket.due.due_at if ticket.due is not None else at
