"""`rongan hazard`: the register of hazards, and a register that is taken in from a file."""

import csv
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.program import run_on_database
from dispatcher.accounts.store import find_user
from dispatcher.screening import importing, records
from dispatcher.screening.errors import HazardStands, ScreeningFieldRefused
from dispatcher.screening.model import HazardState
from runtime.clock import open_clock
from runtime.errors import Explained
from runtime.pool import Connection

app = typer.Typer(help="What is dangerous before anything happens.", no_args_is_help=True)

_NAMES = {1: "重大", 2: "较大", 3: "一般", 4: "低风险"}


class HazardNotTaken(Explained):
    """A row of the file cannot be taken in; nothing of the file was."""


@app.command("list")
def list_hazards(
    state: Annotated[HazardState | None, typer.Option("--state", help="Only these.")] = None,
    level: Annotated[int | None, typer.Option("--level", min=1, max=4, help="1 is the gravest.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="In this area.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show hazards, newest first."""

    async def work(conn: Connection) -> None:
        rows = await records.list_hazards(conn, None, state=state, level=level, area_id=area, limit=limit)
        if as_json:
            typer.echo(json.dumps([_as_json(row) for row in rows], ensure_ascii=False))
            return
        table = Table("number", "level", "kind", "place", "state", "ticket")
        for row in rows:
            now = row["residual_level"] or row["level"]
            table.add_row(
                row["number"],
                f"{now} {_NAMES[now]}",
                row["kind_zh"],
                row["place"],
                row["state"],
                row["ticket_number"] or "",
            )
        Console().print(table)

    run_on_database("hazard", work)


@app.command("import")
def import_hazards(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV with the columns of demo_hazards.csv.")
    ],
    login: Annotated[str, typer.Option("--as", help="The log-in of who answers for it; it bounds the area.")],
) -> None:
    """Take in a register from CSV: all of it, or nothing."""

    async def work(conn: Connection) -> None:
        found = await find_user(conn, login)
        if found is None:
            raise HazardNotTaken(f"there is no user {login}")
        at = (await open_clock(conn)).now()
        rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))
        try:
            async with conn.transaction():
                made = await importing.import_hazards(conn, rows, {}, found[0], at)
        except HazardStands as error:
            raise HazardNotTaken(f"{error.number} stands at one of these places already") from error
        except ScreeningFieldRefused as error:
            raise HazardNotTaken(f"{error.field}: {error.reason}") from error
        except (KeyError, ArithmeticError, ValueError) as error:
            raise HazardNotTaken(f"a row lacks a column or holds no number: {error}") from error
        typer.echo(f"{len(made)} hazards")

    run_on_database("hazard", work)


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("id", "number", "kind", "area_id", "place", "subject", "lon", "lat", "state", "level", "residual_level")
    return {name: row[name] for name in kept} | {"ticket_id": row["ticket_id"], "found_at": row["found_at"].isoformat()}
