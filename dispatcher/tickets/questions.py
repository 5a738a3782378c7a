"""One action as the rules see it: who asks what of which ticket, and everything that has been looked up for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from dispatcher.tickets import clocks
from dispatcher.tickets.evidence import NO_EVIDENCE, Evidence
from dispatcher.tickets.grammar import Row
from dispatcher.tickets.model import Actor, ClockName, Request, Ticket, TicketKind
from registry.organisations import Organisation

GRAVE: Final = 2
"""Grades I and II."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the rules look up: organisations and tickets that an action may name, and the data of the clocks."""

    organisations: Mapping[str, Organisation]
    rules: clocks.Rules
    others: Mapping[int, Ticket] = field(default_factory=dict)  # Tickets that the action names, and the survivor.
    open_kinds: frozenset[TicketKind] = frozenset()  # Kinds of open tickets of the same case, but for this one.
    strikable: frozenset[int] = frozenset()  # Lines that hold somebody's words and are not struck yet.
    fallback: str | None = None  # The desk that takes what nobody owns.
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class Question:
    """One action as a guard sees it. `fields` and `reason` are as asked; before anybody filled them they are empty."""

    ticket: Ticket
    row: Row
    actor: Actor
    at: datetime
    fields: Mapping[str, Any]
    reason: str | None
    context: Context

    @property
    def named(self) -> tuple[str, ...]:
        """The organisations that the action names, the lead first."""
        single = (self.fields.get(name) for name in NAMING)
        return (*(each for each in single if each is not None), *self.fields.get("co", ()))

    @property
    def request(self) -> Request | None:
        """The pending request that the action decides."""
        return self.ticket.request(self.row.decides) if self.row.decides is not None else None


NAMING: Final = ("lead", "suggested_unit", "asked", "assignee", "replacement")
"""Fields that name one organisation."""


def call_to_settle(question: Question) -> int | None:
    """The report that a call-back is about: the named one, else the first that waits; None where none does."""
    waiting = [report.call_id for report in question.ticket.reports if report.waits_for_callback]
    named = question.fields.get("call_id")
    if named is None:
        return waiting[0] if waiting else None
    return named if named in waiting else None


def needs_call(ticket: Ticket, call_id: int) -> bool:
    """Whether the one reply to many leaves this reporter to be called: harmed, asked for it, or in the sample."""
    report = next(each for each in ticket.reports if each.call_id == call_id)
    # Every tenth in the order of a hash that nobody chooses; the same on replay.
    return report.must_call or sha256(f"{ticket.id}:{call_id}".encode()).digest()[0] % 10 == 0


def is_open(question: Question, window: ClockName, since: datetime | None) -> bool:
    """Whether a window that began at `since` is still open; without a limit it never closes."""
    if since is None:
        return False
    ends = clocks.window_ends(question.ticket, window, since, question.context.rules)
    return ends is None or question.at <= ends
