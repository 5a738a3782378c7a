"""`rongan message`: what people were told, and whether somebody can be told at all."""

import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.program import run_on_database
from dispatcher.channels import contact_points, reading
from dispatcher.channels.errors import ContactPointNotFound, MessageNotFound
from dispatcher.channels.model import MessageState
from runtime.clock import open_clock
from runtime.errors import Explained
from runtime.pool import Connection

app = typer.Typer(help="What people were told, and what became of it.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class MessageRefused(Explained):
    """There is no such message or contact point."""


@app.command("list")
def list_messages(
    ticket: Annotated[int | None, typer.Option("--ticket", help="Only of this ticket.")] = None,
    user: Annotated[int | None, typer.Option("--user", help="Only to this user.")] = None,
    state: Annotated[MessageState | None, typer.Option("--state", help="Only these.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the newest messages."""

    async def work(conn: Connection) -> None:
        wanted = reading.Filter(ticket_id=ticket, user_id=user, state=state)
        rows = await reading.page(conn, reading.EVERYTHING, wanted, limit=limit)
        if as_json:
            typer.echo(json.dumps({"items": rows}, ensure_ascii=False, default=_plain))
            return
        table = Table("id", "created", "grade", "topic", "to", "ticket", "state", "reason")
        for row in rows:
            created = row["created_at"].isoformat(timespec="seconds")
            to = row["to_name"] or ("caller" if row["to_caller"] else "")
            cells = (row["id"], created, row["grade"], row["topic"], to, row["ticket_number"] or "", row["state"])
            table.add_row(*(str(cell) for cell in cells), row["reason"] or "")
        Console().print(table)

    run_on_database("message", work)


@app.command()
def show(message_id: Annotated[int, typer.Argument(help="As `list` shows it.")], as_json: AsJson = False) -> None:
    """Show one message with every attempt and what became of it."""

    async def work(conn: Connection) -> None:
        try:
            found = await reading.detail(conn, reading.EVERYTHING, message_id)
        except MessageNotFound as error:
            raise MessageRefused(f"there is no message {message_id}") from error
        if as_json:
            typer.echo(json.dumps(found, ensure_ascii=False, default=_plain))
            return
        typer.echo(f"{found['topic']}, grade {found['grade']}: {found['state']} {found['reason'] or ''}")
        for hold in found["holds"]:
            typer.echo(f"  {hold['at'].isoformat()} waits until {hold['until'].isoformat()}: {hold['reason']}")
        for attempt in found["attempts"]:
            typer.echo(
                f"  {attempt['channel']} {attempt['address']}: {attempt['state']} after {attempt['tries']} tries"
            )
            for step in attempt["states"]:
                typer.echo(f"    {step['at'].isoformat()} {step['state']} {step['note'] or ''}")

    run_on_database("message", work)


@app.command()
def contacts(
    user: Annotated[int | None, typer.Option("--user", help="Only of this user.")] = None,
    organisation: Annotated[str | None, typer.Option("--organisation", help="Only of this one and its people.")] = None,
    as_json: AsJson = False,
) -> None:
    """List contact points, addresses masked."""

    async def work(conn: Connection) -> None:
        rows = await contact_points.page(conn, user_id=user, organisation_id=organisation, after_id=0, limit=1000)
        if as_json:
            typer.echo(json.dumps({"items": rows}, ensure_ascii=False, default=_plain))
            return
        table = Table("contact", "owner", "channel", "address", "verified", "enabled")
        for row in rows:
            owner = row["organisation_id"] or (
                f"user {row['user_id']}" if row["user_id"] else f"person {row['contact_id']}"
            )
            verified = "yes" if row["verified_at"] else "no"
            table.add_row(str(row["id"]), owner, row["channel"], row["address"], verified, str(row["enabled"]))
        Console().print(table)

    run_on_database("message", work)


@app.command("test")
def send_test(
    contact: Annotated[int, typer.Argument(help="A contact point, as `contacts` shows it.")], as_json: AsJson = False
) -> None:
    """Send a test message with a code to a contact point; the dispatcher sends it."""

    async def work(conn: Connection) -> None:
        at = (await open_clock(conn)).now()
        try:
            async with conn.transaction():
                message_id = await contact_points.test(conn, contact, code=contact_points.new_code(), at=at)
        except ContactPointNotFound as error:
            raise MessageRefused(f"there is no contact point {contact}; see `rongan message contacts`") from error
        if as_json:
            typer.echo(json.dumps({"message_id": message_id}))
            return
        typer.echo(f"message {message_id} is on its way; see `rongan message show {message_id}`")

    run_on_database("message", work)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
