"""`rongan kpi`: indicators over days of China, and their roll-ups."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cli.program import run_on_database
from dispatcher.indicators import answering, rollups
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import CellKey, Dimension, Figure, MeasureUnit, Period, Question, value_of
from registry.areas import AreaLevel
from registry.calendar import day_of
from runtime.clock import open_clock
from runtime.errors import Explained
from runtime.pool import Connection

app = typer.Typer(help="What is measured (Art. 4).", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Since = Annotated[datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="The first day.")]
Until = Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="The day behind the last one.")]
_DAYS_AT_ONCE = 31


class IndicatorUnknown(Explained):
    """There is no indicator of this name."""


@app.command("list")
def list_indicators(as_json: AsJson = False) -> None:
    """Show every indicator with its formula."""
    if as_json:
        rows = [{"id": each.id, "zh_name": each.zh_name, "en_name": each.en_name} for each in INDICATORS.values()]
        typer.echo(json.dumps({"items": rows}, ensure_ascii=False))
        return
    table = Table("id", "zh", "en", "formula")
    for each in INDICATORS.values():
        table.add_row(each.id, each.zh_name, each.en_name, each.zh_formula)
    Console().print(table)


@app.command()
def show(
    indicators: Annotated[
        list[str] | None, typer.Argument(help="Ids; all if none is given.", show_default=False)
    ] = None,
    since: Since = None,
    until: Until = None,
    group_by: Annotated[Dimension, typer.Option("--group-by")] = Dimension.AREA,
    level: Annotated[AreaLevel | None, typer.Option("--level", help="A figure for each area of this level.")] = None,
    period: Annotated[Period, typer.Option("--period")] = Period.WHOLE,
    area: Annotated[str | None, typer.Option("--area", help="Only what lies in this area.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show figures with numerator and denominator; this month so far if no days are given."""
    names = tuple(indicators or INDICATORS)
    unknown = [name for name in names if name not in INDICATORS]

    async def work(conn: Connection, at: datetime) -> None:
        if unknown:
            raise IndicatorUnknown(f"There is no indicator {unknown[0]}; `rongan kpi list` shows them.")
        today = day_of(at)
        question = Question(
            indicators=names,
            since=since.date() if since else today.replace(day=1),
            until=until.date() if until else today + timedelta(days=1),
            area_id=area,
            dimension=group_by,
            level=level,
            period=period,
        )
        async with conn.transaction():
            found = await answering.answer(conn, question)
        rows = sorted(
            found.items(), key=lambda each: (names.index(each[0].indicator), each[0].period_from, each[0].member)
        )
        if as_json:
            typer.echo(json.dumps({"items": [_as_json(key, figure) for key, figure in rows]}))
            return
        table = Table("indicator", "from", "member", "value", "numerator", "denominator", "of", "left out")
        for key, figure in rows:
            shown = [figure.numerator, figure.denominator, figure.population, figure.excluded]
            mark = " (few)" if figure.small else ""
            table.add_row(
                INDICATORS[key.indicator].zh_name,
                str(key.period_from),
                key.member,
                _value(key, figure) + mark,
                *map(str, shown),
            )
        Console().print(table)

    _run(work)


@app.command("roll-up")
def roll_up(as_json: AsJson = False) -> None:
    """Count every finished day that is not counted yet, as the dispatcher does by and by; no figure changes."""

    async def work(conn: Connection, at: datetime) -> None:
        days = 0
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("days", total=None)
            while True:
                async with conn.transaction():
                    counted = await rollups.bring_up(conn, at, _DAYS_AT_ONCE)
                if not counted:
                    break
                days += counted
                progress.update(task, completed=days)
        typer.echo(json.dumps({"days": days}) if as_json else f"{days} days counted")

    _run(work)


def _value(key: CellKey, figure: Figure) -> str:
    unit = INDICATORS[key.indicator].unit
    value = value_of(unit, figure)
    if value is None:
        return "-"
    return f"{value:.1%}" if unit is MeasureUnit.SHARE else f"{value:.2f}"


def _as_json(key: CellKey, figure: Figure) -> dict[str, Any]:
    return {
        "indicator": key.indicator,
        "period_from": str(key.period_from),
        "member": key.member,
        "value": value_of(INDICATORS[key.indicator].unit, figure),
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "population": figure.population,
        "excluded": figure.excluded,
        "small": figure.small,
    }


def _run(work: Callable[[Connection, datetime], Awaitable[None]]) -> None:
    async def timely(conn: Connection) -> None:
        await work(conn, (await open_clock(conn)).now())

    run_on_database("kpi", timely)
