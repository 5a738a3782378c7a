"""`rongan audit`: recompute what is stored from what it follows from, and say where the two differ."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from cli.numba_cache import use_numba_cache
from cli.program import read_settings, run_program
from dispatcher.accountability import checking
from runtime.pool import connect

if TYPE_CHECKING:
    from dispatcher.incidents.grades.checking import Difference

app = typer.Typer(help="Recompute what is stored from what it follows from.", no_args_is_help=True)

_SHOWN_CHARACTERS = 120


@app.callback()
def noun() -> None:
    """Recompute what is stored from what it follows from."""


@app.command()
def explanations(
    incident: Annotated[int | None, typer.Option("--incident", min=1, help="Only this one, by its id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Recompute links and grade of final incidents from their events alone; exit code 1 where any differs."""
    settings = read_settings()
    settings.layout.create()
    use_numba_cache(settings.layout)
    from dispatcher.incidents.grades import audit  # noqa: PLC0415 -- only now, since numba reads its folder at import

    found: list[Difference] = []
    checked = 0

    async def main() -> None:
        nonlocal checked
        conn = await connect(settings.app_dsn(), application_name="rongan-audit")
        bar = Progress(
            TextColumn("incidents"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        try:
            # One view of the database: what is written meanwhile is neither seen nor held up.
            async with conn.transaction(isolation="repeatable_read", readonly=True):
                with bar:
                    task = bar.add_task("incidents", total=await audit.count(conn, incident))
                    async for differences in audit.audit(conn, incident):
                        checked += 1
                        found.extend(differences)
                        bar.advance(task)
        finally:
            await conn.close()

    run_program("audit", settings, main)
    if as_json:
        typer.echo(json.dumps({"checked": checked, "differing": [each.as_json() for each in found]}))
    else:
        _show(checked, found)
    if found:
        raise typer.Exit(1)


def _show(checked: int, found: "list[Difference]") -> None:
    if found:
        table = Table("incident", "differs", "stored", "recomputed")
        for each in found:
            stored, recomputed = (str(value)[:_SHOWN_CHARACTERS] for value in (each.stored, each.recomputed))
            table.add_row(f"{each.number} ({each.incident_id})", each.differs.value, stored, recomputed)
        Console().print(table)
    differing = len({each.incident_id for each in found})
    typer.echo(f"{checked} final incidents checked, {differing} differ")


@app.command()
def accountability(
    anchor: Annotated[
        str | None,
        typer.Option("--anchor", metavar="SEQ:HASH", help="A seal noted elsewhere that must be in the chain."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Recompute every seal of the accountability files; exit code 1 where anything was altered."""
    settings = read_settings()
    noted = _noted(anchor)
    found: list[checking.Found] = []
    seals = 0

    async def main() -> None:
        nonlocal seals
        conn = await connect(settings.app_dsn(), application_name="rongan-audit")
        try:
            async with conn.transaction(isolation="repeatable_read", readonly=True):
                async for each in checking.audit(conn, anchor=noted):
                    if each is None:
                        seals += 1
                    else:
                        found.append(each)
        finally:
            await conn.close()

    run_program("audit", settings, main)
    if as_json:
        altered = [{"fault": each.fault.value, "where": each.where, "detail": each.detail} for each in found]
        typer.echo(json.dumps({"seals": seals, "altered": altered}))
    else:
        for each in found:
            typer.echo(f"{each.where}: {each.fault.value}: {each.detail}")
        typer.echo(f"{seals} seals checked, {len(found)} differ")
    if found:
        raise typer.Exit(1)


def _noted(anchor: str | None) -> tuple[int, str] | None:
    if anchor is None:
        return None
    seq, _, noted = anchor.partition(":")
    if not seq.isdigit() or not noted:
        raise typer.BadParameter("a position, a colon and a hash", param_hint="--anchor")
    return int(seq), noted
