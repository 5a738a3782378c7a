"""`rongan rules`: what belongs together and how bad it is, as versions that are checked, tried and put in force."""

import getpass
import json
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.numba_cache import use_numba_cache
from cli.program import read_settings, run_program
from cli.regrade import regrade
from dispatcher.rules import activation, versions
from dispatcher.rules.difference import difference
from dispatcher.rules.document import RuleDocument, RuleSource
from dispatcher.rules.files import as_json as as_json_file
from dispatcher.rules.files import as_toml, read_content
from dispatcher.rules.findings import Finding
from registry.deployment import read_deployment
from runtime.clock import open_clock
from runtime.pool import Connection, connect
from runtime.settings import Settings

app = typer.Typer(help=__doc__, no_args_is_help=True)
app.command()(regrade)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Number = Annotated[int, typer.Argument(min=1, help="The version, as `list` shows it.")]
Rules = Annotated[str, typer.Argument(help="A version, or a TOML or JSON file.")]
RuleFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A TOML or JSON file.")]


@app.command("list")
def list_rules(as_json: AsJson = False) -> None:
    """Show the versions, the newest first, and which is in force."""

    async def work(conn: Connection, rule_set: str) -> None:
        rows = await versions.list_versions(conn, rule_set)
        if as_json:
            typer.echo(json.dumps({"items": [_shown(row) for row in rows]}, ensure_ascii=False))
            return
        table = Table("version", "state", "source", "author", "created", "activated", "at position", "note")
        for row in rows:
            activated = row.activated_at.isoformat(timespec="seconds") if row.activated_at else ""
            table.add_row(
                str(row.version),
                f"{row.state} (refused: {row.refused})" if row.refused else row.state,
                row.source,
                row.author,
                row.created_at.isoformat(timespec="seconds"),
                activated,
                "" if row.activated_seq is None else f"clock {row.activated_seq}",
                row.note,
            )
        Console().print(table)

    _run(work)


@app.command()
def show(rules: Rules, as_json: AsJson = False) -> None:
    """Print a version as its file."""

    async def work(conn: Connection, rule_set: str) -> None:
        document, _ = await read_rules(conn, rule_set, rules)
        typer.echo(as_json_file(document) if as_json else as_toml(document), nl=False)

    _run(work)


@app.command()
def export(number: Number, path: Annotated[Path, typer.Argument(help="TOML, or JSON where it ends so.")]) -> None:
    """Write a version into a file that people read and change."""

    async def work(conn: Connection, rule_set: str) -> None:
        row = await versions.find_version(conn, rule_set, number)
        document = await versions.read_document(conn, rule_set, number)
        is_json = path.suffix.lower() == ".json"
        said = f"version {row.version} of the rule set {rule_set}, {row.sha256}\n{row.note}"
        path.write_text(as_json_file(document) if is_json else as_toml(document, said_of_it=said), encoding="utf-8")
        typer.echo(f"{path}: version {number}")

    _run(work)


@app.command()
def validate(file: RuleFile, as_json: AsJson = False) -> None:
    """Say everything that is wrong with a file; exit code 1 where it could not be kept."""

    async def work(conn: Connection, _: str) -> None:
        document, findings = await versions.check_rules(conn, read_content(file), (await open_clock(conn)).now())
        if as_json:
            told = {"valid": True, "sha256": document.sha256, "findings": [found.as_json() for found in findings]}
            typer.echo(json.dumps(told, ensure_ascii=False))
            return
        _print(findings)
        typer.echo(f"{file}: {len(document.groups)} groups, {len(document.kinds)} kinds, {document.sha256}")

    _run(work)


@app.command("import")
def import_rules(
    file: RuleFile,
    note: Annotated[str, typer.Option("--note", help="What changed, and why.")],
    as_json: AsJson = False,
) -> None:
    """Keep a file as the next version, a draft that changes nothing yet."""

    async def work(conn: Connection, rule_set: str) -> None:
        at = (await open_clock(conn)).now()
        async with conn.transaction():
            document, findings = await versions.check_rules(conn, read_content(file), at)
            version = await versions.add_version(
                conn, rule_set, document, source=RuleSource.IMPORT, author=_actor(), note=note, at=at
            )
        if as_json:
            typer.echo(json.dumps({"version": version, "findings": [found.as_json() for found in findings]}))
            return
        _print(findings)
        typer.echo(
            f"version {version}: draft; `rongan rules dry-run {version}`, then `rongan rules activate {version}`"
        )

    _run(work)


@app.command()
def diff(
    before: Rules,
    after: Annotated[str | None, typer.Argument(help="A version or file; the version in force.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print every value that differs, from BEFORE to AFTER; of one argument, from the version in force to it."""

    async def work(conn: Connection, rule_set: str) -> None:
        first, _ = await read_rules(conn, rule_set, before)
        if after is None:
            old, new = await versions.read_document(conn, rule_set, await in_force(conn, rule_set)), first
        else:
            old, new = first, (await read_rules(conn, rule_set, after))[0]
        changes = difference(old, new)
        if as_json:
            typer.echo(json.dumps({"items": [asdict(change) for change in changes]}, ensure_ascii=False))
            return
        table = Table("path", "before", "after")
        for change in changes:
            table.add_row(change.path, _said(change.before), _said(change.after))
        Console().print(table if changes else "no difference")

    _run(work)


@app.command("dry-run")
def dry_run(rules: Rules, as_json: AsJson = False) -> None:
    """Say what taking the rules over now would do to the open incidents; nothing is changed."""
    from cli.backtest import try_now  # noqa: PLC0415 -- loads the kernels; other commands do without

    report: dict[str, Any] = {}

    async def work(conn: Connection, rule_set: str) -> None:
        document, version = await read_rules(conn, rule_set, rules)
        await versions.check_rules(conn, document.content(), (await open_clock(conn)).now())
        report.update(await try_now(_settings(), document, version, (await open_clock(conn)).now()))

    _run(work)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    from cli.backtest import print_difference  # noqa: PLC0415

    typer.echo(f"in force: version {report['in_force']}; {report['open_incidents']} open incidents")
    print_difference(report["difference"])


@app.command()
def activate(
    number: Number, reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the record.")]
) -> None:
    """Put a version in force: the dispatcher takes it over at its next position of the log."""

    async def work(conn: Connection, rule_set: str) -> None:
        at = (await open_clock(conn)).now()
        async with conn.transaction():
            await activation.request(conn, rule_set, number, by=_actor(), reason=reason, at=at)
        typer.echo(f"version {number}: asked for; the dispatcher takes it over with its next step")

    _run(work)


async def read_rules(conn: Connection, rule_set: str, named: str) -> tuple[RuleDocument, int | None]:
    """A version by its number, or a checked file, which has none. Raises RulesUnknown, RulesInvalid ..."""
    if named.isdigit():
        return await versions.read_document(conn, rule_set, int(named)), int(named)
    document, _ = await versions.parse_and_check(conn, read_content(Path(named)))
    return document, None


async def in_force(conn: Connection, rule_set: str) -> int:
    """Raises LookupError for a database that was never seeded."""
    version = await versions.version_in_force(conn, rule_set)
    if version is None:
        raise LookupError("no rules are in force: run `rongan migrate`")
    return version


def _print(findings: Collection[Finding]) -> None:
    for found in findings:
        typer.secho(f"{found.weight}: {found.path}: {found.en}", fg=typer.colors.YELLOW, err=True)


def _shown(row: versions.RuleVersion) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in asdict(row).items()}


def _said(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _settings() -> Settings:
    settings = read_settings()
    settings.layout.create()
    use_numba_cache(settings.layout)
    return settings


def _run(work: Callable[[Connection, str], Awaitable[None]]) -> None:
    settings = read_settings()

    async def main() -> None:
        conn = await connect(settings.app_dsn(), application_name="rongan-rules")
        try:
            await work(conn, (await read_deployment(conn)).rule_set)
        finally:
            await conn.close()

    run_program("rules", settings, main)
