"""Hides who called: who may read reports at all, and what people write in the fields of an action."""

from collections.abc import Mapping
from typing import Any, Final

from dispatcher.channels.masking import masked_text
from dispatcher.tickets.grammar import FieldType
from dispatcher.tickets.model import Actor, Role, Ticket
from dispatcher.tickets.transitions import TRANSITIONS

_FREE_TEXT: Final = frozenset(
    {"reason", *(field.name for row in TRANSITIONS for field in row.fields if field.type is FieldType.TEXT)}
)
_READERS: Final = frozenset(
    {
        Role.CALL_TAKER,
        Role.DUTY_OFFICER,
        Role.SHIFT_LEADER,
        Role.VERIFIER,
        Role.CALLBACK_AGENT,
        Role.SUPERVISOR,
        Role.SUBDISTRICT,
        Role.AUDITOR,
    }
)


def masked_words(told: Mapping[str, Any]) -> dict[str, Any]:
    """Fields or body of a line of the timeline, with the free text that somebody wrote in them masked."""
    return {
        name: masked_text(value) if name in _FREE_TEXT and isinstance(value, str) else value
        for name, value in told.items()
    }


def reads_reports(ticket: Ticket, actor: Actor) -> bool:
    """Whether the actor may read what residents reported, the callers masked.

    The desk and those who check and call back need it, and the units that work on the ticket; neighbours never do,
    nor whoever the reporters complain of (ruling A11).
    """
    if not actor.may_know_reporters or actor.organisation_id in ticket.complained_of:
        return False
    return bool(actor.roles & _READERS) or ticket.assignment_of(actor.organisation_id) is not None
