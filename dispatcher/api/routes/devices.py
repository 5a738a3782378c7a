"""Devices, their readings and credentials."""

from typing import Final

from dispatcher.api.handlers import devices
from dispatcher.api.models import devices as device_models
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routes.answers import FOUND_NONE
from dispatcher.api.routing import API, AnyRoute, Refusal, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
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
        refusals=(Refusal(409, "The product has a device of this name."), FOUND_NONE),
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
