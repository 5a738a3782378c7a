"""Hides who called: who may read reports at all, names, numbers, and numbers that people write in their text."""

import re
from collections.abc import Mapping
from typing import Any, Final

from dispatcher.tickets.grammar import FieldType
from dispatcher.tickets.model import Actor, Role, Ticket
from dispatcher.tickets.transitions import TRANSITIONS

# Telephone, identity card and bank card numbers; house numbers and times are shorter, dates and tickets are no numbers.
_DATE: Final = r"(?:19|20)\d\d-\d\d?-\d\d?(?![\d-])"
_LONG_NUMBER: Final = re.compile(rf"(?<!\d)(?<!\d[ -])(?<!\bCR-)(?!{_DATE})\d(?:[ –—-]?\d){{6,}}(?!\d)")

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


def masked_phone(phone: str | None) -> str | None:
    """138****5678; a short number keeps its last two digits."""
    if phone is None:
        return None
    digits = re.sub(r"\D", "", phone)
    if len(digits) < 8:
        return "*" * max(0, len(digits) - 2) + digits[-2:]
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"


def masked_name(name: str | None) -> str | None:
    """The family name's first letter."""
    return None if not name else f"{name[0]}**"


def masked_text(text: str) -> str:
    """The text with every long number shortened to its first three digits."""
    return _LONG_NUMBER.sub(lambda found: f"{re.sub(r'[ -]', '', found.group())[:3]}****", text)


def masked_words(told: Mapping[str, Any]) -> dict[str, Any]:
    """Fields or body of a line of the timeline, with the free text that somebody wrote in them masked."""
    return {
        name: masked_text(value) if name in _FREE_TEXT and isinstance(value, str) else value
        for name, value in told.items()
    }


def reads_reports(ticket: Ticket, actor: Actor) -> bool:
    """Whether the actor may read what residents reported, the callers masked.

    The desk and those who check and call back need it, and the units that work on the ticket; neighbours never do.
    """
    if not actor.may_know_reporters:
        return False
    return bool(actor.roles & _READERS) or ticket.assignment_of(actor.organisation_id) is not None
