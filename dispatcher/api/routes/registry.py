"""Master data: areas, organisations, event kinds, device types."""

from typing import Final

from dispatcher.api.handlers import devices, registry
from dispatcher.api.models import devices as device_models
from dispatcher.api.models import registry as registry_models
from dispatcher.api.permissions import Permission
from dispatcher.api.routing import API, AnyRoute, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
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
