"""`rongan export`: tickets, incidents and indicators as a file, as a user of the system sees them, and recorded."""

import shutil
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.program import read_settings, run_program
from dispatcher.accounts import store
from dispatcher.accounts.model import User
from dispatcher.api.exports import taking
from dispatcher.api.exports.sources import incident_pages, one_page, ticket_pages
from dispatcher.api.exports.tables import INCIDENTS, KPI, TICKETS, Language, Table
from dispatcher.api.exports.writing import Format, ParquetMissing
from dispatcher.api.handlers.kpi import figure_view
from dispatcher.indicators import answering
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import Question
from dispatcher.tickets import reading
from registry.calendar import day_of
from runtime.clock import open_clock
from runtime.errors import Explained
from runtime.pool import Connection, Scope, open_pool, transaction

app = typer.Typer(help="Take lists out as files, as a user sees them; every export is recorded.", no_args_is_help=True)

Login = Annotated[str, typer.Option("--login", help="Whose rights apply, and who stands in the record.")]
Out = Annotated[Path, typer.Option("--out", dir_okay=False, help="The file; its suffix is the format.")]
Pages = Callable[[Connection, User, datetime], taking.Pages]


class ExportImpossible(Explained):
    """What was asked for cannot be written."""


@app.callback()
def noun() -> None:
    """Take lists out as files, as a user sees them; every export is recorded."""


@app.command()
def tickets(
    login: Login,
    out: Out,
    only_open: Annotated[bool, typer.Option("--open", help="Only open ones.")] = False,
    area: Annotated[str | None, typer.Option("--area", help="Only of this area.")] = None,
) -> None:
    """Tickets, the newest first."""
    wanted = reading.TicketFilter(open=only_open or None, area_id=area)
    asked = {"open": only_open, "area": area}
    _take_out(login, out, TICKETS, asked, lambda conn, viewer, _: ticket_pages(conn, wanted, viewer))


@app.command()
def incidents(
    login: Login, out: Out, area: Annotated[str | None, typer.Option("--area", help="Only of this area.")] = None
) -> None:
    """Incidents, the newest first."""
    _take_out(login, out, INCIDENTS, {"area": area}, lambda conn, viewer, _: incident_pages(conn, viewer, area_id=area))


@app.command()
def indicators(
    login: Login,
    out: Out,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="The days until today.")] = 30,
) -> None:
    """Every indicator over the last days, in the area of the user."""

    async def figures(conn: Connection, viewer: User, at: datetime) -> Any:
        question = _question(viewer, at, days)
        found = await answering.answer(conn, question)
        return [figure_view(key, figure) for key, figure in found.items()]

    async def pages(conn: Connection, viewer: User, at: datetime) -> taking.Pages:
        async for page in one_page(await figures(conn, viewer, at)):
            yield page

    _take_out(login, out, KPI, {"days": days}, pages)


def _question(viewer: User, at: datetime, days: int) -> Question:
    until: date = day_of(at) + timedelta(days=1)
    return Question(indicators=tuple(INDICATORS), since=until - timedelta(days=days), until=until, area_id=viewer.scope)


def _take_out(login: str, out: Path, table: Table, asked: dict[str, Any], pages: Pages) -> None:
    try:
        kind = Format(out.suffix.removeprefix("."))
    except ValueError:
        typer.secho(f"--out must end in {', '.join(f'.{each}' for each in Format)}", fg=typer.colors.RED, err=True)
        raise typer.Exit(2) from None
    settings = read_settings()

    async def main() -> None:
        pool = await open_pool(settings.app_dsn(), application_name="rongan-export")
        async with transaction(pool, scope=Scope(actor=login, area_id=None)) as conn:
            found = await store.find_user(conn, login)
            if found is None:
                raise ExportImpossible(f"there is no user {login}")
            viewer, at = found[0], (await open_clock(conn)).now()
            wish = taking.Wish(table, kind, Language.ZH, asked)
            try:
                path, rows = await taking.written(conn, wish, pages(conn, viewer, at), viewer, at)
            except ParquetMissing:
                raise ExportImpossible("Parquet needs pyarrow: install the extra `export`") from None
            except taking.TooManyRows:
                raise ExportImpossible("the list is too long for this format; narrow it") from None
        shutil.move(path, out)
        typer.echo(f"{rows} rows in {out}")
        await pool.close()

    run_program("export", settings, main)
