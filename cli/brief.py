"""`rongan brief`: the daily or weekly brief as DOCX, in the area of a user of the system, and recorded."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.export import ExportImpossible
from cli.program import read_settings, run_program
from dispatcher.accounts import store
from dispatcher.api.briefs import document, gathering
from dispatcher.api.briefs.composing import compose
from dispatcher.api.briefs.model import BriefPeriod
from dispatcher.api.exports import taking
from dispatcher.api.exports.tables import Language
from registry.calendar import day_of
from runtime.clock import open_clock
from runtime.pool import Scope, open_pool, transaction


def brief(
    period: Annotated[BriefPeriod, typer.Argument(help="daily or weekly")],
    login: Annotated[str, typer.Option("--login", help="Whose area it is, and who stands in the record.")],
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="The DOCX file.")],
    day: Annotated[datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="The last day.")] = None,
    english: Annotated[bool, typer.Option("--english", help="In English.")] = False,
) -> None:
    """Write the brief of a day or a week; without --day the one that ended yesterday."""
    settings = read_settings()

    async def main() -> None:
        pool = await open_pool(settings.app_dsn(), application_name="rongan-brief")
        async with transaction(pool, scope=Scope(actor=login, area_id=None)) as conn:
            found = await store.find_user(conn, login)
            if found is None:
                raise ExportImpossible(f"there is no user {login}")
            at = (await open_clock(conn)).now()
            last = day.date() if day is not None else day_of(at) - timedelta(days=1)
            figures = await gathering.gather(conn, period, last, found[0].scope, at)
            told = {"period": str(period), "day": last.isoformat()}
            await taking.record(conn, found[0], "brief", "docx", told, 1, at)
        out.write_bytes(document.written(compose(figures, Language.EN if english else Language.ZH)))
        typer.echo(str(out))
        await pool.close()

    run_program("brief", settings, main)
