"""`rongan exchange`: systems that pass orders on to us, such as a 12345 platform that the city already has."""

import json
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from cli.program import run_on_database
from dispatcher.channels import signing
from dispatcher.desk import exchange
from runtime.errors import Explained
from runtime.pool import Connection

app = typer.Typer(help="Systems that pass orders on to us and hear what becomes of them.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class PartnerRefused(Explained):
    """The partner cannot be added or changed as asked."""


@app.command()
def add(
    partner: Annotated[str, typer.Argument(help="A short name of lower-case letters, digits and hyphens.")],
    organisation: Annotated[str, typer.Option("--organisation", help="Whose webhook endpoints hear of its orders.")],
    area: Annotated[str, typer.Option("--area", help="Where an order belongs that names no place.")],
    as_json: AsJson = False,
) -> None:
    """Add a partner and print the secret with which it signs its orders, which is shown this once."""
    secret = signing.new_secret()

    async def work(conn: Connection) -> None:
        try:
            added = await exchange.add_partner(conn, partner, organisation_id=organisation, area_id=area, secret=secret)
        except asyncpg.ForeignKeyViolationError as error:
            raise PartnerRefused(f"no organisation {organisation!r} or no area {area!r}") from error
        except asyncpg.CheckViolationError as error:
            raise PartnerRefused(f"{partner!r} is no name of lower-case letters, digits and hyphens") from error
        if not added:
            raise PartnerRefused(f"partner {partner!r} stands already; see `rongan exchange list`")
        if as_json:
            typer.echo(json.dumps({"id": partner, "organisation_id": organisation, "area_id": area, "secret": secret}))
            return
        typer.echo(f"orders:  POST /api/v1/exchange/{partner}/orders")
        typer.echo(f"secret:  {secret}   (shown this once)")

    run_on_database("exchange", work)


@app.command("list")
def list_partners(as_json: AsJson = False) -> None:
    """List the partners with the number of orders that each passed on."""

    async def work(conn: Connection) -> None:
        rows = await exchange.list_partners(conn)
        if as_json:
            typer.echo(json.dumps({"items": rows}, ensure_ascii=False))
            return
        table = Table("id", "organisation", "area", "enabled", "orders")
        for row in rows:
            table.add_row(*(str(row[name]) for name in ("id", "organisation_id", "area_id", "enabled", "orders")))
        Console().print(table)

    run_on_database("exchange", work)


@app.command()
def disable(partner: Annotated[str, typer.Argument(help="As `rongan exchange list` shows it.")]) -> None:
    """Take no orders of a partner any more; what it passed on goes on, and it still hears of that."""

    async def work(conn: Connection) -> None:
        if not await exchange.disable_partner(conn, partner):
            raise PartnerRefused(f"no partner {partner!r}; see `rongan exchange list`")
        typer.echo(f"partner {partner} is disabled")

    run_on_database("exchange", work)
