"""What the channels refuse."""

from dataclasses import dataclass


@dataclass(eq=False)
class TopicUnknown(LookupError):
    """No template words this topic."""

    topic: str


@dataclass(eq=False)
class ChannelUnknown(LookupError):
    """No line of the registry names this channel."""

    channel: str


@dataclass(eq=False)
class ContactPointRefused(ValueError):
    """A contact point cannot be as asked."""

    field: str
    reason: str


@dataclass(eq=False)
class ContactPointNotFound(LookupError):
    """No such contact point, or not one that the caller may see."""

    id: int


@dataclass(eq=False)
class MessageNotFound(LookupError):
    """No such message, or not one that the caller may see."""

    id: int


@dataclass(eq=False)
class ReceiptUnsigned(PermissionError):
    """A receipt whose signature, time or channel does not hold."""

    reason: str


@dataclass(eq=False)
class ReceiptUnknown(LookupError):
    """A receipt for what was never sent over this channel."""

    id: str
