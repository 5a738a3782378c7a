"""`rongan organisation`: who can act."""

import csv
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.program import run_on_database
from registry.organisations import read_organisations
from registry.places import PlaceRefused, import_organisations
from runtime.errors import Explained
from runtime.pool import Connection

app = typer.Typer(help="Who can act: departments, subdistricts, committees, duty desks ...", no_args_is_help=True)


class OrganisationsRefused(Explained):
    """The file cannot be taken in; nothing of it was."""


@app.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="CSV: id, kind, department_id, area_id, zh_name, en_name, duty"
        ),
    ],
) -> None:
    """Take organisations in from a CSV file, all or nothing; restart the processes afterwards."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))

    async def work(conn: Connection) -> None:
        try:
            async with conn.transaction():
                count = await import_organisations(conn, rows)
        except PlaceRefused as refused:
            raise OrganisationsRefused(f"{file}: {refused}") from refused
        typer.echo(f"{count} organisations of {file} are known")

    run_on_database("organisation", work)


@app.command("list")
def list_organisations(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """List the organisations with what they answer for."""

    async def work(conn: Connection) -> None:
        found = await read_organisations(conn)
        if as_json:
            rows = [
                {"id": one.id, "kind": one.kind, "department_id": one.department_id, "area_id": one.area_id}
                for one in found
            ]
            typer.echo(json.dumps({"items": rows}, ensure_ascii=False))
            return
        table = Table("id", "kind", "department", "area", "zh", "duty")
        for one in found:
            table.add_row(one.id, one.kind, one.department_id or "", one.area_id, one.zh_name, one.duty)
        Console().print(table)

    run_on_database("organisation", work)
