"""Every route of the HTTP contract: one file a topic, one line here."""

from typing import Final

from dispatcher.api.routes import (
    admission,
    devices,
    explanations,
    hotline,
    patterns,
    rates,
    record,
    registry,
    rules,
    running,
    sessions,
    shapes,
    tickets,
)
from dispatcher.api.routing import AnyRoute

ROUTES: Final[tuple[AnyRoute, ...]] = (
    *sessions.ROUTES,
    *registry.ROUTES,
    *patterns.ROUTES,
    *devices.ROUTES,
    *record.ROUTES,
    *explanations.ROUTES,
    *shapes.ROUTES,
    *tickets.ROUTES,
    *hotline.ROUTES,
    *admission.ROUTES,
    *rules.ROUTES,
    *rates.ROUTES,
    *running.ROUTES,
)
