"""`rongan webhook`: where organisations are told of their tickets."""

import json
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from cli.program import run_on_database
from dispatcher.channels import outbox, signing
from runtime.errors import Explained
from runtime.pool import Connection

app = typer.Typer(help="Where organisations are told of their tickets.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class WebhookRefused(Explained):
    """The endpoint cannot be added or changed as asked."""


@app.command()
def add(
    organisation: Annotated[str, typer.Option("--organisation", help="Id of the organisation, such as wp-fire.")],
    url: Annotated[str, typer.Option("--url", help="Where messages are posted.")],
    as_json: AsJson = False,
) -> None:
    """Add an endpoint and print its signing secret, which is shown this once (Standard Webhooks)."""
    secret = signing.new_secret()

    async def work(conn: Connection) -> None:
        try:
            endpoint_id = await outbox.add_endpoint(conn, organisation_id=organisation, url=url, secret=secret)
        except asyncpg.ForeignKeyViolationError as error:
            raise WebhookRefused(f"no organisation {organisation!r}") from error
        except asyncpg.CheckViolationError as error:
            raise WebhookRefused(f"{url!r} is no http or https address") from error
        if as_json:
            typer.echo(json.dumps({"id": endpoint_id, "organisation_id": organisation, "url": url, "secret": secret}))
            return
        typer.echo(f"endpoint: {endpoint_id}")
        typer.echo(f"secret:   {secret}   (shown this once)")

    run_on_database("webhook", work)


@app.command("list")
def list_endpoints(as_json: AsJson = False) -> None:
    """List the endpoints with what waits for each and what was given up."""

    async def work(conn: Connection) -> None:
        rows = await outbox.list_endpoints(conn)
        if as_json:
            typer.echo(json.dumps({"items": rows}, ensure_ascii=False))
            return
        table = Table("id", "organisation", "url", "enabled", "waiting", "sent", "dead")
        for row in rows:
            table.add_row(
                *(str(row[name]) for name in ("id", "organisation_id", "url", "enabled", "ready", "sent", "dead"))
            )
        Console().print(table)

    run_on_database("webhook", work)


@app.command()
def disable(endpoint_id: Annotated[int, typer.Argument(help="As `rongan webhook list` shows it.")]) -> None:
    """Send nothing new to an endpoint; what waits for it is still tried."""

    async def work(conn: Connection) -> None:
        if not await outbox.disable_endpoint(conn, endpoint_id):
            raise WebhookRefused(f"no endpoint {endpoint_id}; see `rongan webhook list`")
        typer.echo(f"endpoint {endpoint_id} is disabled")

    run_on_database("webhook", work)
