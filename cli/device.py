"""`rongan device`: which devices may connect."""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.program import read_settings, run_program
from dispatcher.api.examples import example_line
from registry import devices
from registry.credentials import Credential
from registry.devices import DeviceRefused
from runtime.clock import open_clock
from runtime.errors import Explained
from runtime.pool import Connection, connect
from runtime.settings import Settings
from sensors.registry import DEVICE_TYPES

app = typer.Typer(help="The devices that may connect.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_PAGE = 1000


class DeviceCommandRefused(Explained):
    """The device cannot be added or revoked as asked."""


@app.command()
def add(
    product: Annotated[str, typer.Option("--product", help="Names the device type, such as waste_bin.")],
    name: Annotated[str, typer.Option("--name", help="Letters, digits, underscore, hyphen.")],
    area: Annotated[str, typer.Option("--area", help="Id of the area that it stands in.")],
    lon: Annotated[float | None, typer.Option("--lon", help="WGS-84 degrees east.")] = None,
    lat: Annotated[float | None, typer.Option("--lat", help="WGS-84 degrees north.")] = None,
    place: Annotated[str | None, typer.Option("--place", help="Where it hangs, in words.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register a device and print its credential, which is shown this once."""
    if (lon is None) != (lat is None):
        raise typer.BadParameter("--lon and --lat come together")

    async def work(conn: Connection, settings: Settings) -> None:
        at = (await open_clock(conn)).now()
        device_id, credential = await devices.register_device(
            conn, settings.device_key(), product=product, name=name, area_id=area, at=at, lon=lon, lat=lat, place=place
        )
        row = await devices.read_device(conn, device_id, scope=None)
        device_type = DEVICE_TYPES[row["device_type"] if row is not None else product]
        example = example_line(device_type, credential, host=settings.mqtt_host, port=settings.mqtt_port, at=at)
        _tell_credential(device_id, credential, example, as_json=as_json)

    _run(work)


@app.command("list")
def list_devices(
    product: Annotated[str | None, typer.Option("--product")] = None,
    area: Annotated[str | None, typer.Option("--area")] = None,
    as_json: AsJson = False,
) -> None:
    """List the registered devices."""

    async def work(conn: Connection, _settings: Settings) -> None:
        found: list[dict[str, Any]] = []
        after_id = 0
        while page := await devices.list_devices(
            conn, scope=None, product=product, area=area, after_id=after_id, limit=_PAGE
        ):
            found += page
            after_id = page[-1]["id"]
        if as_json:
            typer.echo(json.dumps({"items": found}, ensure_ascii=False, default=str))
            return
        table = Table("id", "product", "name", "area", "place", "online", "enabled")
        for row in found:
            marks = ("yes" if row["online"] else "no", "yes" if row["enabled"] else "revoked")
            table.add_row(str(row["id"]), row["product"], row["name"], row["area_id"], row["place"] or "", *marks)
        Console().print(table)

    _run(work)


@app.command()
def products(as_json: AsJson = False) -> None:
    """List the products that a device may be of."""

    async def work(conn: Connection, _settings: Settings) -> None:
        rows = [dict(row) for row in await conn.fetch(devices.QUERIES.list_product_types)]
        if as_json:
            typer.echo(json.dumps({"items": rows}, ensure_ascii=False))
            return
        table = Table("product", "device type", "zh", "en")
        for row in rows:
            table.add_row(row["key"], row["device_type"], row["zh_name"], row["en_name"])
        Console().print(table)

    _run(work)


@app.command()
def revoke(device_id: Annotated[int, typer.Argument(help="As `rongan device list` shows it.")]) -> None:
    """Take a device's credential away for ever; its connection closes within 2 s."""

    async def work(conn: Connection, _settings: Settings) -> None:
        at = (await open_clock(conn)).now()
        if not await devices.revoke_device(conn, device_id, at):
            raise DeviceCommandRefused(f"no device {device_id}; see `rongan device list`")
        typer.echo(f"device {device_id} is revoked")

    _run(work)


def _run(work: Callable[[Connection, Settings], Awaitable[None]]) -> None:
    settings = read_settings()

    async def main() -> None:
        conn = await connect(settings.app_dsn(), application_name="rongan-device")
        try:
            async with conn.transaction():
                await work(conn, settings)
        except DeviceRefused as refused:
            raise DeviceCommandRefused(str(refused)) from refused
        finally:
            await conn.close()

    run_program("device", settings, main)


def _tell_credential(device_id: int, credential: Credential, example: str, *, as_json: bool) -> None:
    if as_json:
        told = {
            "id": device_id,
            "user_name": credential.user_name,
            "password": credential.password,
            "client_id": credential.client_id,
            "topics": {"publish": credential.publish, "subscribe": credential.subscribe},
            "example": example,
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(f"device id: {device_id}")
    typer.echo(f"user name: {credential.user_name}")
    typer.echo(f"password:  {credential.password}   (shown this once)")
    typer.echo(f"client id: {credential.client_id}")
    for verb, topics in (("publish:  ", credential.publish), ("subscribe:", credential.subscribe)):
        for topic in topics:
            typer.echo(f"{verb} {topic}")
    typer.echo(f"try it:    {example}")
