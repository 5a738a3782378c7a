"""Effects on the reports of a ticket: call-backs, tries, the one reply to many, withdrawals, merges. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from dispatcher.tickets import clocks
from dispatcher.tickets.deeds import Deed
from dispatcher.tickets.grammar import Effect
from dispatcher.tickets.model import Report, RequestKind, Ticket, TicketId
from dispatcher.tickets.questions import needs_call

NOTIFIED: Final = "notified"
WITHDRAWN: Final = "withdrawn"


def _changed(ticket: Ticket, call_id: object, change: Callable[[Report], Report]) -> Ticket:
    return replace(ticket, reports=tuple(change(each) if each.call_id == call_id else each for each in ticket.reports))


def left(ticket: Ticket, call_ids: frozenset[int]) -> Ticket:
    """The ticket without reports that went elsewhere."""
    return replace(ticket, reports=tuple(each for each in ticket.reports if each.call_id not in call_ids))


def as_record(report: Report) -> dict[str, Any]:
    """A report as the log keeps it when it changes its ticket."""
    return {
        "call_id": report.call_id,
        "joined_at": report.joined_at.isoformat(),
        "callback_wanted": report.callback_wanted,
        "called_back_at": report.called_back_at.isoformat() if report.called_back_at is not None else None,
        "outcome": report.outcome,
        "satisfaction": report.satisfaction,
        "must_call": report.must_call,
        "attempts": [each.isoformat() for each in report.attempts],
    }


def of_record(record: Mapping[str, Any]) -> Report:
    """The report that a line of the log tells of."""
    called_back_at = record.get("called_back_at")
    return Report(
        record["call_id"],
        datetime.fromisoformat(record["joined_at"]),
        record["callback_wanted"],
        None if called_back_at is None else datetime.fromisoformat(called_back_at),
        record.get("outcome"),
        record.get("satisfaction"),
        record.get("must_call", False),
        tuple(datetime.fromisoformat(each) for each in record.get("attempts", ())),
    )


def returned(ticket: Ticket, deed: Deed) -> Ticket:
    """The ticket with the reports that an unmerge brought back."""
    return replace(ticket, reports=tuple(of_record(each) for each in deed.fields.get("reports", ())))


def tried(ticket: Ticket, call_id: object, at: datetime) -> Ticket:
    """The ticket after a call-back that reached nobody."""
    return _changed(ticket, call_id, lambda each: replace(each, attempts=(*each.attempts, at)))


def _called_back(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    at, fields = deed.at, deed.fields
    return _changed(
        ticket,
        fields.get("call_id"),
        lambda each: replace(
            each, called_back_at=at, outcome=fields["outcome"], satisfaction=fields.get("satisfaction")
        ),
    )


def _attempts_forgotten(ticket: Ticket, _: Deed, __: clocks.Rules) -> Ticket:
    return replace(
        ticket,
        reports=tuple(replace(each, attempts=()) if each.waits_for_callback else each for each in ticket.reports),
    )


def _called_again(ticket: Ticket, _: Deed, __: clocks.Rules) -> Ticket:
    """Everybody who wanted a call is called anew, but for whoever withdrew; the one reply to many is approved anew."""
    return replace(
        ticket,
        reply_approved_at=None,
        reports=tuple(
            replace(each, called_back_at=None, outcome=None, satisfaction=None, attempts=())
            if each.outcome != WITHDRAWN
            else each
            for each in ticket.reports
        ),
    )


def _settled(ticket: Ticket, _: Deed, __: clocks.Rules) -> Ticket:
    if ticket.reply_approved_at is None or not ticket.mass:
        return ticket
    return replace(
        ticket,
        reports=tuple(
            replace(each, outcome=NOTIFIED)
            if each.waits_for_callback and not needs_call(ticket, each.call_id)
            else each
            for each in ticket.reports
        ),
    )


def _withdrawn(ticket: Ticket, _: Deed, __: clocks.Rules) -> Ticket:
    request = ticket.request(RequestKind.WITHDRAWAL)
    call_id = request.call_id if request is not None else None
    return _changed(ticket, call_id, lambda each: replace(each, outcome=each.outcome or WITHDRAWN))


def _pointed(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    return replace(
        ticket,
        merged_into=TicketId(deed.fields["survivor"]),
        merged_reports=tuple(report.call_id for report in ticket.reports),
        reports=(),
    )


EFFECTS: Final[Mapping[Effect, Callable[[Ticket, Deed, clocks.Rules], Ticket]]] = {
    Effect.CALL_BACK: _called_back,
    Effect.NOTE_ATTEMPT: lambda t, d, _: tried(t, d.fields.get("call_id"), d.at),
    Effect.FORGET_ATTEMPTS: _attempts_forgotten,
    Effect.CALL_AGAIN: _called_again,
    # Also who left no number at first: whoever asks for a call later is called.
    Effect.MUST_CALL: lambda t, d, _: _changed(
        t, d.fields.get("call_id"), lambda each: replace(each, must_call=True, callback_wanted=True)
    ),
    Effect.APPROVE_REPLY: lambda t, d, _: replace(t, reply_approved_at=d.at),
    Effect.SETTLE_BY_REPLY: _settled,
    Effect.WITHDRAW: _withdrawn,
    Effect.POINT_TO_SURVIVOR: _pointed,
    Effect.SPLIT: lambda t, d, _: left(t, frozenset({d.fields["call_id"]}) if "call_id" in d.fields else frozenset()),
}
