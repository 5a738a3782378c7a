"""`rongan pattern`: what is looked for in events that happen together, and in which mode."""

import getpass
import json
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.program import run_on_database
from dispatcher.api.reading.patterns import list_patterns
from dispatcher.patterns.modes import add_rules_with
from dispatcher.rates.followed import find_followed
from dispatcher.rules import activation
from dispatcher.rules.document import PatternMode
from registry.deployment import read_deployment
from runtime.clock import open_clock
from runtime.pool import Connection

app = typer.Typer(help=__doc__, no_args_is_help=True)

_SHOWN = ("id", "version", "mode", "r_m", "t_s", "incidents_month", "en_name", "source")


@app.command("list")
def list_all(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """List the patterns with their mode and in how many incidents of the last 30 days each was found."""

    async def work(conn: Connection) -> None:
        found = await list_patterns(conn, (await open_clock(conn)).now())
        if as_json:
            items = [{name: row[name] for name in _SHOWN} for row in found]
            typer.echo(json.dumps({"items": items}, ensure_ascii=False))
            return
        table = Table("pattern", "version", "mode", "m", "s", "found", "name", "source")
        for row in found:
            table.add_row(*(str(row[name]) for name in _SHOWN))
        Console().print(table)

    run_on_database("pattern", work)


@app.command()
def propose(
    days: Annotated[int, typer.Option("--days", min=1, help="How much of the record is looked at.")] = 28,
    within_min: Annotated[int, typer.Option("--within-min", min=1, help="How soon the one follows the other.")] = 30,
    side_m: Annotated[
        int, typer.Option("--side-m", min=10, help="Side of the squares that are near each other.")
    ] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Name kinds of incident that follow each other nearby more often than chance: candidates to judge."""

    async def work(conn: Connection) -> None:
        until = (await open_clock(conn)).now()
        within = timedelta(minutes=within_min)
        found = await find_followed(conn, until - timedelta(days=days), until, within=within, side_m=side_m)
        if as_json:
            typer.echo(json.dumps({"items": [each._asdict() for each in found]}))
            return
        table = Table("cause", "is followed by", "times", "by chance", "z")
        for each in found:
            table.add_row(each.cause, each.effect, str(each.observed), f"{each.expected:.1f}", f"{each.z:.1f}")
        Console().print(table)

    run_on_database("pattern", work)


@app.command()
def mode(
    pattern: Annotated[str, typer.Argument(help="Its id, as `list` shows it.")],
    to: Annotated[PatternMode, typer.Argument(help="monitor records and joins nothing: a trial.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands with the version.")],
    version: Annotated[int | None, typer.Option("--version", min=1, help="Its version (the one that counts).")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Keep it as a draft: for a dry run or a backtest.")] = False,
) -> None:
    """Change the mode or the version of a pattern: the rules in force with it changed, as a version that takes over."""

    async def work(conn: Connection) -> None:
        rule_set, at, by = (await read_deployment(conn)).rule_set, (await open_clock(conn)).now(), _actor()
        note = f"{pattern} {to.value}: {reason}"
        async with conn.transaction():
            rules = await add_rules_with(conn, rule_set, pattern, to, version=version, by=by, note=note, at=at)
            if not draft:
                await activation.request(conn, rule_set, rules, by=by, reason=note, at=at)
        if draft:
            typer.echo(
                f"rules version {rules}: draft; `rongan rules dry-run {rules}`, `rongan backtest --rules {rules}`,"
                f" then `rongan rules activate {rules}`"
            )
            return
        typer.echo(f"{pattern} {to.value}: rules version {rules}; the dispatcher takes it over with its next step")

    run_on_database("pattern", work)


def _actor() -> str:
    return f"cli:{getpass.getuser()}"
