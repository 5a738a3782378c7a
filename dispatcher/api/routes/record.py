"""What came in and what was made of it: events, incidents, quarantine."""

from typing import Final

from dispatcher.api.handlers import events, incidents, quarantine
from dispatcher.api.models import events as event_models
from dispatcher.api.models import incidents as incident_models
from dispatcher.api.models import quarantine as quarantine_models
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routing import API, AnyRoute, Refusal, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/events",
        Permission.READ_RECORD,
        events.list_events,
        "The log of events, newest first.",
        query=event_models.EventFilter,
        response=event_models.Events,
    ),
    Route(
        "GET",
        f"{API}/incidents",
        Permission.READ_RECORD,
        incidents.list_incidents,
        "Incidents, newest first.",
        query=incident_models.IncidentFilter,
        exports=True,
        response=incident_models.Incidents,
    ),
    Route(
        "GET",
        f"{API}/incidents/summary",
        Permission.READ_RECORD,
        incidents.summarise_incidents,
        "How many incidents there are, over the caller's whole area.",
        response=incident_models.IncidentSummary,
    ),
    Route(
        "GET",
        f"{API}/incidents/{{id}}",
        Permission.READ_RECORD,
        incidents.read_incident,
        "One incident with its events, what links them, and its aliases.",
        params=ById,
        response=incident_models.IncidentDetail,
    ),
    Route(
        "GET",
        f"{API}/quarantine",
        Permission.READ_QUARANTINE,
        quarantine.list_quarantine,
        "Refused messages, newest first.",
        query=quarantine_models.QuarantineFilter,
        response=quarantine_models.QuarantineItems,
    ),
    Route(
        "POST",
        f"{API}/quarantine/{{id}}/discard",
        Permission.DECIDE_QUARANTINE,
        quarantine.discard_quarantined,
        "Decide that a held message is worthless.",
        params=ById,
        body=quarantine_models.Discard,
        response=quarantine_models.QuarantineItem,
        refusals=(Refusal(409, "It was decided before."),),
    ),
    Route(
        "GET",
        f"{API}/conservation",
        Permission.READ_RECORD,
        quarantine.read_conservation,
        "Whether received = stored + duplicate + quarantined.",
        query=quarantine_models.ConservationFilter,
        response=quarantine_models.Conservation,
    ),
)
