"""`rongan quarantine`: what could not be stored as what it claims to be, and what becomes of it."""

import getpass
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.program import run_on_database
from events import quarantine
from events.model import QuarantineState
from events.quarantine import Quarantined
from gateway.app import READINGS_KEPT
from gateway.intake.release import NotReleasableError, release
from runtime.clock import open_clock
from runtime.errors import Explained
from runtime.pool import Connection

app = typer.Typer(help="Messages that could not be stored.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Number = Annotated[int, typer.Argument(help="The number of the message, as `list` shows it.")]
_SHOWN_BYTES = 4096


class NotDecidable(Explained):
    """The message is not held any more, or still refused."""


@app.command("list")
def list_messages(
    state: Annotated[QuarantineState | None, typer.Option("--state", help="Only these.")] = QuarantineState.HELD,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the newest messages in quarantine."""

    async def work(conn: Connection) -> None:
        rows = await quarantine.page(conn, state=state, before_id=None, limit=limit)
        if as_json:
            typer.echo(json.dumps([_as_json(row) for row in rows]))
            return
        table = Table("number", "received", "reason", "detail", "topic", "state")
        for row in rows:
            received = row.received_at.isoformat(timespec="seconds")
            table.add_row(str(row.id), received, row.reason, row.detail, row.topic, row.state)
        Console().print(table)

    run_on_database("quarantine", work)


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """Show one message with its payload."""

    async def work(conn: Connection) -> None:
        row = await quarantine.find(conn, number)
        if row is None:
            raise NotDecidable(f"there is no message {number} in quarantine")
        told = _as_json(row)
        if as_json:
            typer.echo(json.dumps(told))
            return
        for name, value in told.items():
            typer.echo(f"{name:12} {value}")

    run_on_database("quarantine", work)


@app.command("release")
def release_message(number: Number) -> None:
    """Take a message in after all, when what was wrong has been mended, such as an unregistered device."""

    async def work(conn: Connection) -> None:
        at = (await open_clock(conn)).now()
        try:
            outcome = await release(conn, number, by=_actor(), at=at, retention=READINGS_KEPT)
        except NotReleasableError as refusal:
            raise NotDecidable(str(refusal)) from refusal
        typer.echo(f"message {number}: {outcome}")

    run_on_database("quarantine", work)


@app.command()
def discard(number: Number) -> None:
    """Decide that a message is not wanted; it stays on record as discarded."""

    async def work(conn: Connection) -> None:
        at = (await open_clock(conn)).now()
        if not await quarantine.decide(conn, number, QuarantineState.DISCARDED, by=_actor(), at=at):
            raise NotDecidable(f"message {number} is not held")
        typer.echo(f"message {number}: discarded")

    run_on_database("quarantine", work)


def _as_json(row: Quarantined) -> dict[str, Any]:
    return {
        "id": row.id,
        "received_at": row.received_at.isoformat(),
        "gateway": row.gateway,
        "topic": row.topic,
        "product": row.product,
        "device_id": row.device_id,
        "reason": row.reason.value,
        "detail": row.detail,
        # Escaped, so that a hostile payload cannot speak to the terminal.
        "payload": ascii(row.payload[:_SHOWN_BYTES].decode("utf-8", "backslashreplace"))[1:-1],
        "sha256": row.sha256.hex(),
        "state": row.state.value,
        "decided_by": row.decided_by,
    }


def _actor() -> str:
    return f"cli:{getpass.getuser()}"
