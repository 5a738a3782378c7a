"""The registered devices: rows, and the directory that the doors ask at every connection."""

import asyncio
import hmac
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import structlog

from registry.credentials import Credential, new_credential, secret_hmac
from registry.projection import Origin, project
from runtime.pool import DATABASE_FAULTS, Connection
from runtime.queries import load
from sensors.model import DeviceType
from sensors.registry import DEVICE_TYPES

QUERIES = load(__package__)
LOG = structlog.get_logger()

DEVICES_CHANNEL = "rongan_devices"


class DeviceRefused(ValueError):
    """A device that cannot be registered: field and reason."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Device:
    """One registered device with what the intake needs to place its events."""

    id: int
    product: str
    name: str
    type: DeviceType
    area_id: str
    area_path: tuple[str, ...]
    lon: float | None
    lat: float | None
    x_dm: int | None
    y_dm: int | None
    place: str | None
    secret_hmac: bytes
    enabled: bool

    def holds(self, key: bytes, secret: str) -> bool:
        """Whether the secret is this device's; compared in constant time."""
        return hmac.compare_digest(self.secret_hmac, secret_hmac(key, secret))


DeviceListener = Callable[[int, Device | None], None]


class DeviceDirectory:
    """All devices in memory, kept current by NOTIFY; a lost listening connection reloads everything."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._by_name: dict[tuple[str, str], Device] = {}
        self._by_id: dict[int, Device] = {}
        self._products: frozenset[str] = frozenset()
        self._listeners: list[DeviceListener] = []

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, product: str, name: str) -> Device | None:
        return self._by_name.get((product, name))

    def by_id(self, device_id: int) -> Device | None:
        return self._by_id.get(device_id)

    def knows_product(self, product: str) -> bool:
        return product in self._products

    def on_change(self, listener: DeviceListener) -> None:
        """Call `listener(device_id, device)` after every change; `device` is None when it is gone."""
        self._listeners.append(listener)

    async def load(self, conn: Connection) -> None:
        self._products = frozenset(row["key"] for row in await conn.fetch(QUERIES.list_product_types))
        rows = await conn.fetch(QUERIES.list_directory)
        before = self._by_id
        self._by_id, self._by_name = {}, {}
        for row in rows:
            self._put(row)
        for device_id in before.keys() | self._by_id.keys():
            if before.get(device_id) != self._by_id.get(device_id):
                self._tell(device_id)

    async def follow(self, dsn: str, *, retry_s: float = 0.5) -> None:
        """Run until cancelled: reload at every (re)connection, then refresh what NOTIFY names."""
        while True:
            try:
                await self._listen(dsn)
            except DATABASE_FAULTS as error:
                LOG.warning("device_directory_disconnected", error=type(error).__name__)
            await asyncio.sleep(retry_s)

    async def _listen(self, dsn: str) -> None:
        changed: asyncio.Queue[int | None] = asyncio.Queue()
        conn = await asyncpg.connect(dsn, server_settings={"application_name": "rongan device directory"})
        try:
            conn.add_termination_listener(lambda _conn: changed.put_nowait(None))
            await conn.add_listener(DEVICES_CHANNEL, lambda _c, _pid, _ch, payload: changed.put_nowait(int(payload)))
            await self.load(conn)
            while (device_id := await changed.get()) is not None:
                await self._refresh(conn, device_id)
        finally:
            with suppress(*DATABASE_FAULTS):
                await conn.close(timeout=2)

    async def _refresh(self, conn: Connection, device_id: int) -> None:
        row = await conn.fetchrow(QUERIES.read_directory_entry, device_id)
        old = self._by_id.pop(device_id, None)
        if old is not None:
            self._by_name.pop((old.product, old.name), None)
        if row is not None:
            if row["product"] not in self._products:
                self._products |= {row["product"]}
            self._put(row)
        self._tell(device_id)

    def _tell(self, device_id: int) -> None:
        device = self._by_id.get(device_id)
        for listener in self._listeners:
            listener(device_id, device)

    def _put(self, row: asyncpg.Record) -> None:
        device = device_of_row(row, self._origin)
        if device is None:
            LOG.error("device_type_unknown", device_type=row["device_type"], device_id=row["id"])
            return
        self._by_id[device.id] = device
        self._by_name[device.product, device.name] = device


def device_of_row(row: asyncpg.Record, origin: Origin) -> Device | None:
    """The device of a directory row; None when this release does not know its type."""
    device_type = DEVICE_TYPES.get(row["device_type"])
    if device_type is None:
        return None
    x_dm, y_dm = project(row["lon"], row["lat"], origin) if row["lon"] is not None else (None, None)
    return Device(
        id=row["id"],
        product=row["product"],
        name=row["name"],
        type=device_type,
        area_id=row["area_id"],
        area_path=tuple(row["area_path"]),
        lon=row["lon"],
        lat=row["lat"],
        x_dm=x_dm,
        y_dm=y_dm,
        place=row["place"],
        secret_hmac=row["secret_hmac"],
        enabled=row["enabled"],
    )


async def read_devices(conn: Connection, device_ids: Iterable[int], origin: Origin) -> dict[int, Device]:
    """The devices with these ids, as far as they exist and their type is known."""
    found: dict[int, Device] = {}
    for row in await conn.fetch(QUERIES.read_directory_entries, list(device_ids)):
        device = device_of_row(row, origin)
        if device is not None:
            found[device.id] = device
    return found


async def register_device(
    conn: Connection,
    key: bytes,
    *,
    product: str,
    name: str,
    area_id: str,
    at: datetime,
    lon: float | None = None,
    lat: float | None = None,
    place: str | None = None,
) -> tuple[int, Credential]:
    """Add a device and make its credential, which is returned this once. Raises DeviceRefused naming the field."""
    try:
        credential = new_credential(product, name)
    except ValueError as error:
        raise DeviceRefused("product" if "product" in str(error) else "name", str(error)) from error
    if await conn.fetchval(QUERIES.product_exists, product) is None:
        raise DeviceRefused("product", f"no product {product!r}; see `rongan device products`")
    if await conn.fetchval(QUERIES.area_exists, area_id) is None:
        raise DeviceRefused("area_id", f"no area {area_id!r}")
    try:
        async with conn.transaction():
            device_id: int = await conn.fetchval(
                QUERIES.insert_device,
                product,
                name,
                area_id,
                lon,
                lat,
                place,
                secret_hmac(key, credential.password),
                at,
            )
    except asyncpg.UniqueViolationError as error:
        raise DeviceRefused("name", f"{product} already has a device {name!r}") from error
    except asyncpg.CheckViolationError as error:
        raise DeviceRefused("position", error.constraint_name or str(error)) from error
    return device_id, credential


async def revoke_device(conn: Connection, device_id: int, at: datetime) -> bool:
    """Take a device's right to connect away; the doors close its connection. False for an unknown device."""
    return await conn.fetchval(QUERIES.revoke_device, device_id, at) is not None


async def list_devices(
    conn: Connection,
    *,
    scope: str | None,
    product: str | None = None,
    area: str | None = None,
    online: bool | None = None,
    after_id: int = 0,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Devices within an area (`scope` None: everywhere), by id, with their state."""
    rows = await conn.fetch(QUERIES.list_devices, scope, product, area, online, after_id, limit)
    return [dict(row) for row in rows]


async def read_device(conn: Connection, device_id: int, *, scope: str | None) -> dict[str, Any] | None:
    row = await conn.fetchrow(QUERIES.read_device, device_id, scope)
    return dict(row) if row is not None else None
