"""What a message is: to whom, how urgent, where it stands; and what became of each attempt to tell it."""

from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum

from registry.messages.templates import Language


class MessageState(StrEnum):
    """Where a message stands; equal to the SQL enum `message_state`."""

    WAITING = "waiting"  # No attempt yet: due at once, bundled or held.
    UNDER_WAY = "under_way"  # At least one attempt, none known to have arrived.
    REACHED = "reached"  # One was delivered; where a channel knows no receipts, one was sent.
    ANSWERED = "answered"  # Somebody said that they have it.
    UNREACHED = "unreached"  # Nobody was told, or nothing arrived in time; an alarm was raised.
    CANCELLED = "cancelled"  # Not needed any more.


class AttemptState(StrEnum):
    """Where an attempt stands; equal to the SQL enum `attempt_state`."""

    QUEUED = "queued"  # Waits in the outbox.
    SENT = "sent"  # The receiver's side took it.
    DELIVERED = "delivered"  # It arrived: the receiver's system has it, or a receipt says so.
    ANSWERED = "answered"  # A person reacted to it.
    FAILED = "failed"  # A try failed and another follows, or the provider says that it did not arrive.
    DEAD = "dead"  # Given up.
    CANCELLED = "cancelled"  # Not needed any more before it left.


class Unreached(StrEnum):
    """Why nobody was reached."""

    NO_CONTACT_POINT = "no_contact_point"  # Nothing is known by which the addressee could be told.
    ALL_FAILED = "all_failed"  # Every attempt was given up.
    NO_RECEIPT = "no_receipt"  # Sent everywhere, and nothing says that it arrived.


@dataclass(frozen=True, slots=True)
class User:
    """A person with a log-in."""

    user_id: int


@dataclass(frozen=True, slots=True)
class Contact:
    """A person of a roster, with or without a log-in."""

    contact_id: int


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation itself: its own contact points, such as a group's robot or a mailbox."""

    organisation_id: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever called the hotline: the number of that call."""

    hotline_call_id: int


Addressee = User | Contact | Organisation | Caller


@dataclass(frozen=True, slots=True)
class Columns:
    """An addressee as four columns, of which one is set."""

    user_id: int | None = None
    contact_id: int | None = None
    organisation_id: str | None = None
    hotline_call_id: int | None = None


def columns_of(to: Addressee) -> Columns:
    match to:
        case User(user_id):
            return Columns(user_id=user_id)
        case Contact(contact_id):
            return Columns(contact_id=contact_id)
        case Organisation(organisation_id):
            return Columns(organisation_id=organisation_id)
        case Caller(hotline_call_id):
            return Columns(hotline_call_id=hotline_call_id)


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """One place where somebody can be told."""

    id: int
    channel: str
    address: str = field(repr=False)
    language: Language
    quiet_from: time | None
    quiet_to: time | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message that waits for its next step."""

    id: int
    key: str
    to: Columns
    ticket_id: int | None
    topic: str
    template_version: int
    grade: int
    fields: dict[str, str | int]
    created_at: datetime
    state: MessageState
    only_contact_point_id: int | None  # The test of one contact point.


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a message."""

    id: int
    state: MessageState
    reason: str | None
    reached_at: datetime | None
    answered_at: datetime | None
