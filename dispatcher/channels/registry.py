"""Every channel, a line each: how it is spoken, what its addresses look like, what is known of what it carried."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from dispatcher.channels import apprised, gateways, webhook
from dispatcher.channels.errors import ChannelUnknown, ContactPointRefused
from dispatcher.channels.outbox import Parcel
from dispatcher.channels.ways import Verdict, Ways

_URL: Final = r"https?://[^\s/?#]+[^\s]*"
_NUMBER: Final = r"\+?[0-9]{3,20}"
_MAIL: Final = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}"
_TOKEN: Final = r"[A-Za-z0-9_-]{8,128}"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Channel:
    """One way out."""

    name: str
    deliver: Callable[[Ways, Parcel], Awaitable[Verdict]]
    address: str  # A pattern.
    receipts: bool = False  # Says later what became of it; where it does not, `sent` is all that is ever known.
    short: bool = False  # Carries the short text.
    one_lane: bool = False  # All contact points are behind one gateway, and share its breaker.
    secret: bool = False  # Its contact points need a secret of their own.


CHANNELS: Final[Mapping[str, Channel]] = MappingProxyType(
    {
        channel.name: channel
        for channel in (
            Channel("webhook", webhook.deliver, _URL, secret=True),
            Channel("sms", gateways.deliver_sms, _NUMBER, receipts=True, short=True, one_lane=True),
            Channel("voice", gateways.deliver_voice, _NUMBER, receipts=True, short=True, one_lane=True),
            Channel("mail", apprised.deliver_mail, _MAIL, one_lane=True),
            Channel("wecom", apprised.deliver_wecom, _TOKEN),
            Channel("dingtalk", apprised.deliver_dingtalk, _TOKEN),
            Channel("feishu", apprised.deliver_feishu, _TOKEN),
        )
    }
)


def find_channel(name: str) -> Channel:
    """Raises ChannelUnknown."""
    channel = CHANNELS.get(name)
    if channel is None:
        raise ChannelUnknown(name)
    return channel


def check_address(channel: Channel, address: str, secret: str | None) -> None:
    """Raises ContactPointRefused for an address that the channel cannot use."""
    if not re.fullmatch(channel.address, address):
        raise ContactPointRefused("address", f"no address of {channel.name}")
    if channel.secret and not secret:
        raise ContactPointRefused("secret", f"{channel.name} signs what it sends")


def lane_of(channel: Channel, contact_point_id: int) -> str:
    """Whose breaker and share of the sender a contact point falls under."""
    return channel.name if channel.one_lane else f"point:{contact_point_id}"
