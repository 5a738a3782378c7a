"""Every route of the HTTP contract, in one table."""

from typing import Final

from dispatcher.api.handlers import (
    clock,
    devices,
    events,
    health,
    hotline,
    incidents,
    quarantine,
    registry,
    sessions,
    stream,
    tickets,
)
from dispatcher.api.models import clock as clock_models
from dispatcher.api.models import devices as device_models
from dispatcher.api.models import events as event_models
from dispatcher.api.models import health as health_models
from dispatcher.api.models import hotline as hotline_models
from dispatcher.api.models import incidents as incident_models
from dispatcher.api.models import quarantine as quarantine_models
from dispatcher.api.models import registry as registry_models
from dispatcher.api.models import sessions as session_models
from dispatcher.api.models import stream as stream_models
from dispatcher.api.models import tickets as ticket_models
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routing import API, AnyRoute, Refusal, Route
from dispatcher.tickets.views import TicketDetail

_CONFLICT: Final = Refusal(409, "Somebody else was first, or the state has no such action.")
_FOUND_NONE: Final = Refusal(404, "No such thing, or none that the caller may see.")

SESSIONS: Final[tuple[AnyRoute, ...]] = (
    Route(
        "POST",
        f"{API}/sessions",
        Permission.PUBLIC,
        sessions.log_in,
        "Log in. The token is told once; a browser also gets it as the cookie `__Host-rongan`.",
        body=session_models.Login,
        response=session_models.Session,
        status=201,
        refusals=(
            Refusal(401, "Log-in or password is wrong."),
            Refusal(403, "A browser page of another site."),
            Refusal(429, "Too many attempts."),
        ),
        opens_transaction=False,
    ),
    Route(
        "DELETE",
        f"{API}/sessions/current",
        Permission.OWN_SESSION,
        sessions.log_out,
        "Log out: the token ends at once.",
        status=204,
    ),
    Route(
        "GET",
        f"{API}/me",
        Permission.OWN_SESSION,
        sessions.read_me,
        "Who is logged in.",
        response=session_models.User,
    ),
)

REGISTRY: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/areas",
        Permission.READ_REGISTRY,
        registry.list_areas,
        "All areas, the city first.",
        response=registry_models.Areas,
    ),
    Route(
        "GET",
        f"{API}/departments",
        Permission.READ_REGISTRY,
        registry.list_departments,
        "All departments.",
        response=registry_models.Departments,
    ),
    Route(
        "GET",
        f"{API}/organisations",
        Permission.READ_REGISTRY,
        registry.list_organisations,
        "All organisations.",
        response=registry_models.Organisations,
    ),
    Route(
        "GET",
        f"{API}/event-kinds",
        Permission.READ_REGISTRY,
        registry.list_event_kinds,
        "All event kinds with their risk and departments.",
        response=registry_models.EventKinds,
    ),
    Route(
        "GET",
        f"{API}/device-types",
        Permission.READ_REGISTRY,
        devices.list_device_types,
        "All device types with properties, events and signals.",
        response=device_models.DeviceTypes,
        opens_transaction=False,
    ),
)

DEVICES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/devices",
        Permission.READ_REGISTRY,
        devices.list_devices,
        "Devices with presence and latest values, by id.",
        query=device_models.DeviceFilter,
        response=device_models.Devices,
    ),
    Route(
        "POST",
        f"{API}/devices",
        Permission.REGISTER_DEVICES,
        devices.register_device,
        "Register a device. Its credential is told once.",
        body=device_models.NewDevice,
        response=device_models.RegisteredDevice,
        status=201,
        refusals=(Refusal(409, "The product has a device of this name."), _FOUND_NONE),
    ),
    Route(
        "GET",
        f"{API}/devices/{{id}}",
        Permission.READ_REGISTRY,
        devices.read_device,
        "One device.",
        params=ById,
        response=device_models.Device,
    ),
    Route(
        "GET",
        f"{API}/devices/{{id}}/readings",
        Permission.READ_RECORD,
        devices.list_readings,
        "Readings of a device, newest first.",
        params=ById,
        query=device_models.ReadingFilter,
        response=device_models.Readings,
    ),
    Route(
        "POST",
        f"{API}/devices/{{id}}/revoke",
        Permission.REGISTER_DEVICES,
        devices.revoke_device,
        "Revoke a device's credential for ever; its connection closes within 2 s.",
        params=ById,
        response=device_models.Device,
    ),
)

RECORD: Final[tuple[AnyRoute, ...]] = (
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

TICKETS: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/tickets",
        Permission.READ_TICKETS,
        tickets.list_tickets,
        "Tickets: with `open=true` the queue, gravest and soonest due first; else the newest first.",
        query=ticket_models.TicketFilter,
        response=ticket_models.Tickets,
    ),
    Route(
        "GET",
        f"{API}/tickets/{{id}}",
        Permission.READ_TICKETS,
        tickets.read_ticket,
        "One ticket, with the actions that the caller may take now.",
        params=ById,
        response=TicketDetail,
    ),
    Route(
        "GET",
        f"{API}/tickets/{{id}}/timeline",
        Permission.READ_TICKETS,
        tickets.read_timeline,
        "Everything that happened to a ticket, oldest first.",
        params=ById,
        response=ticket_models.Timeline,
    ),
    Route(
        "POST",
        f"{API}/tickets/{{id}}/actions/{{event}}",
        Permission.ACT_ON_TICKETS,
        tickets.act_on_ticket,
        "Take an action on a ticket at the version that the caller saw.",
        params=ticket_models.ActionPath,
        body=ticket_models.ActionAsk,
        response=TicketDetail,
        refusals=(_CONFLICT,),
    ),
)

HOTLINE: Final[tuple[AnyRoute, ...]] = (
    Route(
        "POST",
        f"{API}/hotline/calls",
        Permission.TAKE_CALLS,
        hotline.take_call,
        "Enter a call. The header Idempotency-Key (or the field) makes a repeat harmless.",
        body=hotline_models.NewCall,
        response=hotline_models.TakenCall,
        status=201,
        also=(Refusal(200, "The call was taken before."),),
        refusals=(Refusal(409, "The key was used with other content."),),
    ),
    Route(
        "GET",
        f"{API}/hotline/calls/{{id}}",
        Permission.READ_CALLS,
        hotline.read_call,
        "One call, the caller masked.",
        params=ById,
        response=hotline_models.Call,
    ),
)

RUNNING: Final[tuple[AnyRoute, ...]] = (
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

ROUTES: Final[tuple[AnyRoute, ...]] = (*SESSIONS, *REGISTRY, *DEVICES, *RECORD, *TICKETS, *HOTLINE, *RUNNING)
