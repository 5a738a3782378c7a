"""`rongan roster`: who is on duty, and when nobody is."""

import csv
import json
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.program import run_on_database
from cli.times import aware
from registry.calendar import LOCAL
from registry.rosters.duty import gaps, on_duty
from registry.rosters.errors import RosterRefused
from registry.rosters.importing import import_rosters
from registry.rosters.model import Roster
from registry.rosters.store import read_contacts, read_rosters
from runtime.clock import open_clock
from runtime.errors import Explained
from runtime.pool import Connection

app = typer.Typer(help="Who is on duty, and when nobody is.", no_args_is_help=True)

_Organisation = Annotated[str | None, typer.Option("--organisation", help="Only of this organisation.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class RostersRefused(Explained):
    """The file cannot be taken in; nothing of it was."""


@app.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="CSV: organisation_id, role, zh_name, en_name, number, participants, handover_weekday, handover_time, "
            "shift_length, shift_unit, lasts_d, source",
        ),
    ],
) -> None:
    """Take rosters in from a CSV file, valid from now, all or nothing."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))

    async def work(conn: Connection) -> None:
        try:
            at = (await open_clock(conn)).now()
            async with conn.transaction():
                count = await import_rosters(conn, rows, "command", at)
        except RosterRefused as refused:
            raise RostersRefused(f"{file}: {refused.field}: {refused.reason}") from refused
        typer.echo(f"{count} rotations of {file} are in force")

    run_on_database("roster", work)


@app.command("on-duty")
def show_on_duty(
    organisation: _Organisation = None,
    at: Annotated[str | None, typer.Option("--at", help="ISO 8601; now by default.")] = None,
    as_json: _Json = False,
) -> None:
    """Say who is on duty at a time, in the order in which they are called, and why."""
    asked = None if at is None else aware(at)

    async def show(conn: Connection, rosters: list[Roster], now: datetime) -> None:
        moment = asked or now
        answers = {roster.id: on_duty(roster, moment) for roster in rosters}
        people = await read_contacts(conn, {each.contact_id for duty in answers.values() for each in duty.persons})
        rows = [
            {
                "organisation": roster.organisation_id,
                "role": roster.role.value,
                "reason": answers[roster.id].reason.value,
                "persons": [
                    {"name": people[each.contact_id].zh_name, "reason": each.reason.value, "rotation": each.number}
                    for each in answers[roster.id].persons
                ],
            }
            for roster in rosters
        ]
        _print(rows, ("organisation", "role", "persons"), as_json, {"at": moment.isoformat()})

    _run(organisation, show)


@app.command("gaps")
def show_gaps(
    organisation: _Organisation = None,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How far ahead to look.")] = 30,
    as_json: _Json = False,
) -> None:
    """List the times ahead in which a roster has nobody."""

    async def show(conn: Connection, rosters: list[Roster], now: datetime) -> None:
        del conn
        until = now + timedelta(days=days)
        rows = [
            {
                "organisation": roster.organisation_id,
                "role": roster.role.value,
                "from": _local(gap.from_at),
                "until": None if gap.until_at is None else _local(gap.until_at),
            }
            for roster in rosters
            for gap in gaps(roster, now, until)
        ]
        _print(rows, ("organisation", "role", "from", "until"), as_json, {"until": until.isoformat()})

    _run(organisation, show)


def _run(
    organisation: str | None, show: Callable[[Connection, list[Roster], datetime], Coroutine[Any, Any, None]]
) -> None:
    async def work(conn: Connection) -> None:
        now = (await open_clock(conn)).now()
        await show(conn, await read_rosters(conn, organisations=[organisation] if organisation else None), now)

    run_on_database("roster", work)


def _print(rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool, about: dict[str, str]) -> None:
    if as_json:
        typer.echo(json.dumps({**about, "items": rows}, ensure_ascii=False))
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    Console().print(table)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(f"{each['name']} ({each['reason']} {each['rotation']})" for each in value) or "nobody"
    return "open" if value is None else str(value)


def _local(at: datetime) -> str:
    return at.astimezone(LOCAL).isoformat(timespec="minutes")
