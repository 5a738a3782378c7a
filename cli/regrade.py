"""`rongan rules regrade`: final incidents under other grades, by their events alone, writing nothing."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.numba_cache import use_numba_cache
from cli.program import read_settings, run_program
from cli.times import aware
from runtime.pool import connect
from runtime.settings import Settings

Rules = Annotated[str, typer.Argument(help="On trial: a version, or a TOML or JSON file.")]
Against = Annotated[str | None, typer.Option("--against", help="Compared with (the version in force).")]
From = Annotated[datetime | None, typer.Option("--from", parser=aware, help="Began from (the beginning).")]
To = Annotated[datetime | None, typer.Option("--to", parser=aware, help="Began before (the end).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

GRADES = ("I", "II", "III", "IV")


def regrade(
    rules: Rules, against: Against = None, from_at: From = None, to_at: To = None, as_json: AsJson = False
) -> None:
    """Say which final incidents would have another grade under the rules, by their events alone."""
    if from_at is not None and to_at is not None and from_at >= to_at:
        raise typer.BadParameter("ends before it begins", param_hint="--to")
    settings = read_settings()
    settings.layout.create()
    use_numba_cache(settings.layout)
    report: dict[str, Any] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=as_json) as bar:
        task = bar.add_task("events", total=None)

        async def main() -> None:
            async def tell(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            report.update(await _regrade(settings, rules, against, (from_at, to_at), tell))

        run_program("regrade", settings, main)
    if not report:  # A signal ended it.
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        _print(report)


async def _regrade(
    settings: Settings, rules: str, against: str | None, span: tuple[datetime | None, datetime | None], tell: Any
) -> dict[str, Any]:
    from cli.rules import in_force, read_rules  # noqa: PLC0415 -- only now, since numba reads its folder at import
    from dispatcher.backtests.history import BEGINNING, END  # noqa: PLC0415
    from dispatcher.backtests.regrading import regrade as run  # noqa: PLC0415
    from dispatcher.incidents.copied_rows import compile_copied_rows  # noqa: PLC0415
    from dispatcher.risk.compilation import compile_grading_kernels  # noqa: PLC0415
    from dispatcher.rules.rulebook import read_rulebook, under  # noqa: PLC0415

    compile_grading_kernels()
    compile_copied_rows()
    loop = asyncio.get_running_loop()
    conn = await connect(settings.app_dsn(), application_name="rongan-regrade")
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            book = await read_rulebook(conn)
            rule_set = book.deployment.rule_set
            document, version = await read_rules(conn, rule_set, rules)
            other, known = await read_rules(conn, rule_set, against or str(await in_force(conn, rule_set)))
            began_s = loop.time()
            found = await run(
                conn,
                await under(conn, book, other, known or book.version),
                await under(conn, book, document, version or book.version + 1),
                from_at=span[0] or BEGINNING,
                to_at=span[1] or END,
                on_progress=tell,
            )
    finally:
        await conn.close()
    named = {"before": {"version": known}, "after": {"version": version}}
    return named | found.as_json() | {"seconds": round(loop.time() - began_s, 3)}


def _print(report: Mapping[str, Any]) -> None:
    output = Console()
    sides = (report["before"]["version"] or "file", report["after"]["version"] or "file")
    output.print(
        f"{report['incidents']:,} final incidents of {report['events']:,} events by rules {sides[0]} and {sides[1]} in"
        f" {report['seconds']:.1f} s: {report['graver']:,} graver, {report['milder']:,} milder"
    )
    grades = Table("before, after", *GRADES)
    for name, row in zip(GRADES, report["grades"], strict=True):
        grades.add_row(name, *(f"{count:,}" if count else "" for count in row))
    output.print(grades)
    kinds = Table("kind", "incidents", "graver", "milder")
    for row in report["by_kind"]:
        if row["graver"] or row["milder"]:
            kinds.add_row(row["kind"], *(str(row[name] or "") for name in ("incidents", "graver", "milder")))
    if kinds.row_count:
        output.print(kinds)
    output.print(
        f"{report['shown_otherwise']:,} stand on record with another grade than their events alone give them: by what"
        " else was known, by an officer, or under other rules. A backtest looks at everything but officers."
    )
