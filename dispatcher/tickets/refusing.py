"""Why an action is refused, and whether its fields are what its row asks for. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from dispatcher.tickets.grammar import Field, FieldType, Guard, Row
from dispatcher.tickets.model import Action, Role, Ticket, TicketEvent, TicketState

_TEXT_MAX: Final = 4000
_UNITS_MAX: Final = 20
_ID_MAX: Final = 64
_ATTACHMENTS_MAX: Final = 20


class RefusalReason(StrEnum):
    """Why an action was refused."""

    TRANSITION_NOT_ALLOWED = "transition_not_allowed"  # The state has no such action.
    MISSING_ROLE = "missing_role"  # None of the actor's roles may do it.
    MISSING_AREA = "missing_area"  # The ticket lies outside the actor's area.
    MISSING_ORGANISATION = "missing_organisation"  # Only a unit assigned in the right part may do it.
    REASON_MISSING = "reason_missing"  # The action needs a reason in words.
    FIELD_MISSING = "field_missing"
    FIELD_INVALID = "field_invalid"
    FIELD_UNKNOWN = "field_unknown"
    GUARD = "guard"  # A rule of the action; `guard` names it.


@dataclass(frozen=True, slots=True)
class Refused:
    """An action that is not allowed, and why; `allowed` are the actions that this state has."""

    reason: RefusalReason
    event: TicketEvent
    state: TicketState
    guard: Guard | None = None
    field: str | None = None
    roles: tuple[Role, ...] = ()
    elsewhere: tuple[str, ...] = ()  # Where a photo served before, as numbers that can be looked up.
    allowed: tuple[TicketEvent, ...] = ()


def check_fields(ticket: Ticket, row: Row, action: Action) -> Refused | None:
    """What is wrong with the reason or the fields; None where they are as the row asks."""
    if row.needs_reason and not (action.reason or "").strip():
        return Refused(RefusalReason.REASON_MISSING, action.event, ticket.state, field="reason")
    if action.reason is not None and not _is_text(action.reason):
        return Refused(RefusalReason.FIELD_INVALID, action.event, ticket.state, field="reason")
    known = {field.name for field in row.fields}
    for name in action.fields:
        if name not in known:
            return Refused(RefusalReason.FIELD_UNKNOWN, action.event, ticket.state, field=name)
    for field in row.fields:
        value = action.fields.get(field.name)
        if value is None:
            if field.required or field.name in action.fields:
                return Refused(RefusalReason.FIELD_MISSING, action.event, ticket.state, field=field.name)
        elif not _fits(field, value):
            return Refused(RefusalReason.FIELD_INVALID, action.event, ticket.state, field=field.name)
    return None


def _fits(field: Field, value: Any) -> bool:
    return _FITS[field.type](field, value)


def _are_ids(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and len(value) <= _UNITS_MAX
        and all(map(_is_id, value))
        and len(set(value)) == len(value)
    )


def _are_attachments(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) <= _ATTACHMENTS_MAX
        and all(type(each) is int and 0 < each < 2**63 for each in value)
        and len(set(value)) == len(value)
    )


def _is_text(value: str) -> bool:
    return len(value.strip()) > 0 and len(value) <= _TEXT_MAX and "\0" not in value


def _is_time(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _ID_MAX and "\0" not in value


_FITS: Final[Mapping[FieldType, Callable[[Field, Any], bool]]] = {
    FieldType.TEXT: lambda _, value: isinstance(value, str) and _is_text(value),
    FieldType.ORGANISATION: lambda _, value: _is_id(value),
    FieldType.ORGANISATIONS: lambda _, value: _are_ids(value),
    FieldType.CHOICE: lambda field, value: value in field.choices,
    FieldType.INTEGER: lambda field, value: type(value) is int and field.minimum <= value <= field.maximum,
    FieldType.DECIMAL: lambda field, value: type(value) in (int, float) and field.minimum <= value <= field.maximum,
    FieldType.TIME: lambda _, value: isinstance(value, str) and _is_time(value),
    FieldType.ATTACHMENTS: lambda _, value: _are_attachments(value),
}
