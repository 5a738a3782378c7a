"""The sender alone as a process, to be killed while it sends: `sender_program DSN SMS_URL SMS_SECRET`."""

import asyncio
import sys
from datetime import UTC, datetime

from dispatcher.channels.sender import Sender
from dispatcher.channels.ways import ChannelSettings, Provider
from runtime.pool import open_pool


async def main(dsn: str, url: str, secret: str) -> None:
    pool = await open_pool(dsn, application_name="rongan-test-sender", max_size=4)
    settings = ChannelSettings(allow_private=True, sms=Provider(url, secret))
    await Sender(pool, settings, now=lambda: datetime(2026, 11, 22, 4, 0, tzinfo=UTC), open_s=0.0).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
