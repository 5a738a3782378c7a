"""Devices: their types, rows and readings, and an engineer's registering and revoking."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

from dispatcher.api.cursors import decode, encode
from dispatcher.api.errors import AlreadyExists, Forbidden, NotFound
from dispatcher.api.examples import example_line
from dispatcher.api.keys import PLACES, SETTINGS
from dispatcher.api.models import devices as models
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.rates.unusual import unusual
from events import readings
from registry import devices
from registry.credentials import Credential
from sensors.registry import DEVICE_TYPES

_BEGINNING: Final = datetime(1900, 1, 1, tzinfo=UTC)
_END: Final = datetime(9999, 1, 1, tzinfo=UTC)


async def list_device_types(call: Call[None, None, None]) -> models.DeviceTypes:
    del call
    return models.DeviceTypes(items=[_type_view(name) for name in DEVICE_TYPES])


async def list_devices(call: Call[None, models.DeviceFilter, None]) -> models.Devices:
    asked = call.query
    after = decode(asked.cursor, int)
    rows = await devices.list_devices(
        call.conn,
        scope=call.viewer.scope,
        product=asked.product,
        area=asked.area,
        online=asked.online,
        after_id=after[0] if after else 0,
        limit=asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.Devices(items=[models.Device(**row) for row in rows], next=following)


async def read_device(call: Call[ById, None, None]) -> models.Device:
    return models.Device(**await _visible(call))


async def list_readings(call: Call[ById, models.ReadingFilter, None]) -> models.Readings:
    device = await _visible(call)
    names = [prop.name for prop in DEVICE_TYPES[device["device_type"]].properties]
    rows = await readings.page_of_device(
        call.conn,
        call.params.id,
        since=call.query.since or _BEGINNING,
        until=call.query.until or _END,
        limit=call.query.limit,
    )
    scores: list[dict[str, float] | None] = [None] * len(rows)
    if call.query.unusual:
        told = await asyncio.to_thread(unusual, [row.v for row in reversed(rows)], names)
        scores = [*reversed(told)]
    return models.Readings(
        items=[
            models.Reading(
                effective_at=row.effective_at,
                received_at=row.received_at,
                # A reading of an older version of the type may hold fewer values.
                values={name: value for name, value in zip(names, row.v, strict=False) if value is not None},
                unusual=scored,
            )
            for row, scored in zip(rows, scores, strict=True)
        ]
    )


async def register_device(call: Call[None, None, models.NewDevice]) -> models.RegisteredDevice:
    """Add a device within the engineer's area; its credential is in this answer and nowhere else."""
    asked, app = call.body, call.request.app
    areas = await app[PLACES].areas(call.conn)
    scope = call.viewer.scope
    if scope is not None and asked.area_id in areas.by_id and scope not in areas.path(asked.area_id):
        raise Forbidden(area_id=asked.area_id)
    try:
        device_id, credential = await devices.register_device(
            call.conn,
            app[SETTINGS].device_key(),
            product=asked.product,
            name=asked.name,
            area_id=asked.area_id,
            lon=asked.lon,
            lat=asked.lat,
            place=asked.place,
            at=call.at,
        )
    except devices.DeviceRefused as refused:
        if "already" in refused.reason:
            raise AlreadyExists(refused.reason) from refused
        raise
    row = await devices.read_device(call.conn, device_id, scope=scope)
    if row is None:
        raise NotFound("device")
    settings = app[SETTINGS]
    return models.RegisteredDevice(
        device=models.Device(**row),
        credential=credential_view(
            credential,
            example_line(
                DEVICE_TYPES[row["device_type"]],
                credential,
                host=settings.mqtt_host,
                port=settings.mqtt_port,
                at=call.at,
            ),
        ),
    )


async def revoke_device(call: Call[ById, None, None]) -> models.Device:
    await _visible(call)
    await devices.revoke_device(call.conn, call.params.id, call.at)
    return models.Device(**await _visible(call))


def credential_view(credential: Credential, example: str) -> models.Credential:
    """A credential as it is told, with a line that can be pasted into a shell."""
    return models.Credential(
        user_name=credential.user_name,
        password=credential.password,
        client_id=credential.client_id,
        topics=models.DeviceTopics(publish=list(credential.publish), subscribe=list(credential.subscribe)),
        example=example,
    )


async def _visible(call: Call[ById, Any, None]) -> dict[str, Any]:
    row = await devices.read_device(call.conn, call.params.id, scope=call.viewer.scope)
    if row is None:
        raise NotFound("device")
    return row


def _type_view(name: str) -> models.DeviceType:
    of = DEVICE_TYPES[name]
    return models.DeviceType(
        name=of.name,
        version=of.version,
        zh_name=of.zh_name,
        en_name=of.en_name,
        source_class=of.source_class,
        properties=[
            models.DeviceProperty(
                name=one.name,
                unit=one.unit,
                minimum=one.minimum,
                maximum=one.maximum,
                zh_name=one.zh_name,
                en_name=one.en_name,
            )
            for one in of.properties
        ],
        events=[
            models.DeviceTypeEvent(name=one.name, kind=one.kind, zh_name=one.zh_name, en_name=one.en_name)
            for one in of.events
        ],
        signals=[
            models.DeviceSignal(
                name=one.name,
                property=one.property,
                kind=one.kind,
                severity=one.severity,
                raise_at=one.raise_at,
                clear_at=one.clear_at,
                hold_s=one.hold_s,
            )
            for one in of.signals
        ],
    )
