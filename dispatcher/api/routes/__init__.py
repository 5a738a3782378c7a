"""Every route of the HTTP contract: one file a topic, one line here."""

from typing import Final

from dispatcher.api.routes import devices, hotline, record, registry, running, sessions, tickets
from dispatcher.api.routing import AnyRoute

ROUTES: Final[tuple[AnyRoute, ...]] = (
    *sessions.ROUTES,
    *registry.ROUTES,
    *devices.ROUTES,
    *record.ROUTES,
    *tickets.ROUTES,
    *hotline.ROUTES,
    *running.ROUTES,
)
