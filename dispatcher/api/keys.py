"""What the application holds for its handlers, each under a typed key."""

import asyncio
from typing import Final

from aiohttp import web

from dispatcher.accounts.attempts import AttemptLimiter
from dispatcher.accounts.model import Authenticated
from dispatcher.api.live.broadcast import Broadcast
from dispatcher.api.metrics import Metrics
from dispatcher.api.places import Places
from dispatcher.attachments.receiving import Reception
from runtime.clock import Clock
from runtime.pool import Pool
from runtime.settings import Settings

SETTINGS: Final = web.AppKey("settings", Settings)
DSN: Final = web.AppKey("dsn", str)
POOL: Final = web.AppKey("pool", Pool)
CLOCK: Final = web.AppKey("clock", Clock)
PUBLIC_ATTEMPTS: Final = web.AppKey("public_attempts", AttemptLimiter)
PUBLIC_READS: Final = web.AppKey("public_reads", AttemptLimiter)
METRICS: Final = web.AppKey("metrics", Metrics)
ATTEMPTS: Final = web.AppKey("attempts", AttemptLimiter)
BROADCAST: Final = web.AppKey("broadcast", Broadcast)
PLACES: Final = web.AppKey("places", Places)
RECEPTION: Final = web.AppKey("reception", Reception)
EXPORTS: Final = web.AppKey("exports", asyncio.Semaphore)

REQUEST_ID: Final = web.RequestKey("request_id", str)
ROUTE_NAME: Final = web.RequestKey("route_name", str)
CALLER: Final = web.RequestKey("caller", Authenticated)
