"""`rongan calendar`: the working days of each year."""

import csv
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.program import run_on_database
from registry.calendar_import import CalendarRefused, import_calendar, list_calendars, parse_calendar
from runtime.clock import open_clock
from runtime.errors import Explained
from runtime.pool import Connection

app = typer.Typer(help="The working days of each year.", no_args_is_help=True)


class CalendarFileRefused(Explained):
    """The file cannot be taken in; nothing of it was."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV: date, kind (holiday|workday), name")],
    source: Annotated[str, typer.Option("--source", help="Where it was published, such as 国办发明电〔2026〕7号.")],
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="Of each year in the file; the next by default.")
    ] = None,
) -> None:
    """Take the working days of whole years in, all or nothing; provisional due times are then counted anew."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))

    async def work(conn: Connection) -> None:
        loaded: list[str] = []
        try:
            years = parse_calendar(rows)
            at = (await open_clock(conn)).now()
            async with conn.transaction():
                for year in years:
                    taken = await import_calendar(conn, year, source=source, by="command", at=at, version=version)
                    worked = sum(each for each, _ in year.days.values())
                    loaded.append(f"{year.year}: version {taken}, {worked} working days")
        except CalendarRefused as refused:
            raise CalendarFileRefused(f"{file}: {refused}") from refused
        for line in loaded:
            typer.echo(line)

    run_on_database("calendar", work)


@app.command("list")
def list_years(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """List the years that are known, with version and source."""

    async def work(conn: Connection) -> None:
        found = await list_calendars(conn)
        if as_json:
            rows = [{key: row[key] for key in ("year", "version", "source", "worked_days")} for row in found]
            typer.echo(json.dumps({"items": rows}, ensure_ascii=False))
            return
        table = Table("year", "version", "working days", "source")
        for row in found:
            table.add_row(str(row["year"]), str(row["version"]), str(row["worked_days"]), row["source"])
        Console().print(table)

    run_on_database("calendar", work)
