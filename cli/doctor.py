"""`rongan doctor`: looks at the machine, the home and the database, and says what is wrong and how to mend it."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.checks.database import check_database
from cli.checks.finding import Finding, Verdict
from cli.checks.machine import check_machine
from cli.program import read_settings
from runtime.settings import Settings

_COLOURS = {Verdict.FINE: "green", Verdict.NOTE: "yellow", Verdict.WRONG: "red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as one JSON object.")] = False,
) -> None:
    """Explain what is wrong and how to mend it; exit code 1 where something is. Changes nothing."""
    settings = read_settings()
    findings = asyncio.run(examine(settings))
    is_well = all(finding.verdict is not Verdict.WRONG for finding in findings)
    if as_json:
        typer.echo(json.dumps({"well": is_well, "findings": [asdict(finding) for finding in findings]}))
    else:
        _print(findings)
    if not is_well:
        raise typer.Exit(1)


async def examine(settings: Settings) -> list[Finding]:
    """All findings, the machine's before the database's."""
    return [*check_machine(settings), *await check_database(settings)]


def _print(findings: list[Finding]) -> None:
    table = Table("check", "", "found", "to mend it", show_lines=False)
    for finding in findings:
        colour = _COLOURS[finding.verdict]
        table.add_row(finding.check, f"[{colour}]{finding.verdict}[/]", finding.found, finding.remedy)
    Console().print(table)
