"""The live stream, the clock and how the system itself is."""

from typing import Final

from dispatcher.api.handlers import clock, health, stream
from dispatcher.api.models import clock as clock_models
from dispatcher.api.models import health as health_models
from dispatcher.api.models import stream as stream_models
from dispatcher.api.permissions import Permission
from dispatcher.api.routing import API, AnyRoute, Refusal, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/clock",
        Permission.READ_CLOCK,
        clock.read_clock,
        "What time the rules live in.",
        response=clock_models.ClockReading,
    ),
    Route(
        "POST",
        f"{API}/clock",
        Permission.MOVE_CLOCK,
        clock.advance_clock,
        "Move the simulated time of an exercise forwards; answers when every process has confirmed it.",
        body=clock_models.AdvanceClock,
        response=clock_models.ClockReading,
        refusals=(Refusal(409, "The clock moves only forwards."), Refusal(504, "Not confirmed within 30 s.")),
        opens_transaction=False,
    ),
    Route(
        "GET",
        f"{API}/stream",
        Permission.FOLLOW_STREAM,
        stream.follow_stream,
        "Server-sent events: what changes in the caller's area, replayed after Last-Event-ID.",
        query=stream_models.StreamFilter,
        response=stream_models.StreamItem,
        media_type="text/event-stream",
        opens_transaction=False,
    ),
    Route(
        "GET",
        f"{API}/openapi.json",
        Permission.PUBLIC,
        health.read_openapi,
        "This document.",
        opens_transaction=False,
    ),
    Route(
        "GET",
        "/healthz",
        Permission.PUBLIC,
        health.read_health,
        "Whether the process is alive.",
        response=health_models.Health,
        opens_transaction=False,
    ),
    Route(
        "GET",
        "/readyz",
        Permission.PUBLIC,
        health.read_readiness,
        "Whether the database is reachable and its migrations are current.",
        response=health_models.Readiness,
        also=(Refusal(503, "Not ready: requests would fail."),),
        opens_transaction=False,
    ),
    Route(
        "GET",
        "/metrics",
        Permission.PUBLIC,
        health.read_metrics,
        "Counters for Prometheus; no personal data.",
        media_type="text/plain",
        opens_transaction=False,
    ),
)
