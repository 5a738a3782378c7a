"""`rongan backtest`: the record under two versions of the rules, and what differs; nothing is written."""

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from cli.numba_cache import use_numba_cache
from cli.program import read_settings, run_program
from cli.times import aware
from dispatcher.rules.document import RuleDocument
from registry.deployment import read_deployment
from runtime.pool import connect
from runtime.settings import Settings

Rules = Annotated[str, typer.Option("--rules", help="On trial: a version, or a TOML or JSON file.")]
Against = Annotated[str | None, typer.Option("--against", help="Compared with (the version in force).")]
From = Annotated[datetime | None, typer.Option("--from", parser=aware, help="Received from (the beginning).")]
To = Annotated[datetime | None, typer.Option("--to", parser=aware, help="Received before (the end).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

OUTCOMES = ("opened", "vanished", "merged", "split", "regrouped", "changed", "graver", "milder", "joined", "parted")
CONSOLE = Console(stderr=True)


def backtest(
    rules: Rules, against: Against = None, from_at: From = None, to_at: To = None, as_json: AsJson = False
) -> None:
    """Run stored history through the dispatcher's own kernels and grading under both rules, and print what differs."""
    settings = read_settings()
    settings.layout.create()
    use_numba_cache(settings.layout)
    report: dict[str, Any] = {}
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=CONSOLE,
        disable=as_json,
    )
    with bar:
        task = bar.add_task("events", total=None)

        async def main() -> None:
            async def tell(taken: int, total: int) -> None:
                bar.update(task, completed=taken, total=total)

            report.update(await _backtest(settings, rules, against, (from_at, to_at), tell))

        run_program("backtest", settings, main)
    if not report:  # A signal ended it.
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    _print(report)


async def _backtest(
    settings: Settings, rules: str, against: str | None, span: tuple[datetime | None, datetime | None], tell: Any
) -> dict[str, Any]:
    from cli.rules import in_force, read_rules  # noqa: PLC0415 -- only now, since numba reads its folder at import
    from dispatcher.backtests.trial import Ruled  # noqa: PLC0415
    from dispatcher.backtests.trial import backtest as run  # noqa: PLC0415
    from dispatcher.engine.process import compile_all  # noqa: PLC0415

    conn = await connect(settings.app_dsn(), application_name="rongan-backtest")
    try:
        rule_set = (await read_deployment(conn)).rule_set
        after = Ruled(*await read_rules(conn, rule_set, rules))
        named = against or str(await in_force(conn, rule_set))
        before = Ruled(*await read_rules(conn, rule_set, named))
    finally:
        await conn.close()
    with ThreadPoolExecutor(1, thread_name_prefix="kernels") as kernels:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(kernels, compile_all)
        began_s = loop.time()
        report = await run(settings.app_dsn(), before, after, kernels, from_at=span[0], to_at=span[1], on_progress=tell)
        return report | {"seconds": round(loop.time() - began_s, 3)}


async def try_now(settings: Settings, document: RuleDocument, version: int | None, at: datetime) -> dict[str, Any]:
    """What taking the rules over at `at` would do to the open incidents."""
    from dispatcher.backtests.dry_run import dry_run  # noqa: PLC0415 -- only now, since numba reads its folder at import
    from dispatcher.backtests.trial import Ruled  # noqa: PLC0415

    with ThreadPoolExecutor(1, thread_name_prefix="kernels") as kernels:
        return await dry_run(settings.app_dsn(), Ruled(document, version), kernels, at=at)


def print_difference(difference: Mapping[str, Any]) -> None:
    """The comparison for people: totals, outcomes, kinds that differ, examples."""
    output = Console()
    totals = Table("", "incidents", "cases", "largest", "I", "II", "III", "IV", "tickets")
    for side in ("before", "after"):
        found = difference[side]
        grades = [str(found["by_grade"][str(grade)]) for grade in range(1, 5)]
        totals.add_row(
            side,
            *(str(found[name]) for name in ("incidents", "cases", "largest")),
            *grades,
            str(sum(found["tickets"].values())),
        )
    output.print(totals)
    if difference["is_empty"]:
        output.print("no difference")
        return
    outcomes = Table("same", *OUTCOMES, "tickets more", "fewer")
    counted = [str(difference["outcomes"][outcome]) for outcome in ("same", *OUTCOMES)]
    outcomes.add_row(*counted, str(difference["tickets"]["added"]), str(difference["tickets"]["dropped"]))
    output.print(outcomes)
    kinds = Table("kind", "before", "after", *OUTCOMES, "tickets before", "after")
    for row in difference["by_kind"]:
        if any(row[outcome] for outcome in OUTCOMES):
            cells = (
                row["before"],
                row["after"],
                *(row[o] for o in OUTCOMES),
                row["tickets_before"],
                row["tickets_after"],
            )
            kinds.add_row(row["kind"], *(str(cell or "") for cell in cells))
    output.print(kinds)
    examples = Table("example", "before", "after", "tickets")
    for one in difference["examples"]:
        sides = ("\n".join(_told(incident) for incident in one[side]) for side in ("before", "after"))
        examples.add_row(one["outcome"], *sides, f"{one['tickets']:+d}" if one["tickets"] else "")
    output.print(examples)


def _print(report: Mapping[str, Any]) -> None:
    sides = (report["before"]["version"] or "file", report["after"]["version"] or "file")
    per_s = 2 * report["events"] / report["seconds"] if report["seconds"] else 0.0
    typer.echo(
        f"{sides[0]} -> {sides[1]}: {report['events']} events twice in {report['seconds']} s ({per_s:,.0f} events/s)"
    )
    print_difference(report["difference"])
    for limit in report["cannot"]:
        typer.secho(limit["en"], fg=typer.colors.YELLOW)


def _told(incident: Mapping[str, Any]) -> str:
    grade = ("I", "II", "III", "IV")[incident["grade"] - 1]
    named = incident["number"] or incident["key"][:12]
    ticket = f", ticket {incident['ticket']}" if incident["ticket"] else ""
    return f"{named} {incident['kind']} {grade}, {incident['events']} events{ticket}"
