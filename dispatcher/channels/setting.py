"""Reads what an operator set for the channels."""

from dispatcher.channels.ways import ChannelSettings, Provider
from runtime.settings import Settings


def channel_settings(settings: Settings) -> ChannelSettings:
    """A gateway without its secret is none: nothing leaves unsigned."""
    robots = {"wecom": settings.wecom_url, "dingtalk": settings.dingtalk_url, "feishu": settings.feishu_url}
    return ChannelSettings(
        allow_private=settings.webhook_allow_private,
        sms=_provider(settings.sms_url, settings.sms_secret),
        voice=_provider(settings.voice_url, settings.voice_secret),
        mail_url=settings.mail_url,
        robots={channel: url for channel, url in robots.items() if url is not None},
    )


def _provider(url: str | None, secret: str | None) -> Provider | None:
    return Provider(url, secret) if url and secret else None
