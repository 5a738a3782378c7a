"""Versions of the rules: list, check, add, compare, try on the open incidents, put in force."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from aiohttp import web

from dispatcher.api.cursors import decode, encode
from dispatcher.api.keys import DSN, POOL
from dispatcher.api.models import rules as models
from dispatcher.api.routing import Call
from dispatcher.backtests import asked
from dispatcher.rules import activation, versions
from dispatcher.rules.difference import difference
from dispatcher.rules.document import GRADE_POINTS, RuleDocument, RuleSource, parse
from dispatcher.rules.errors import RulesInvalid
from dispatcher.rules.files import as_toml
from dispatcher.rules.findings import Finding
from dispatcher.rules.rulebook import read_rulebook
from registry.deployment import read_deployment
from registry.grading import read_grade_table
from runtime.pool import SYSTEM, Connection, transaction


async def list_rules(call: Call[None, models.RuleList, None]) -> models.RuleVersions:
    key = decode(call.query.cursor, int)
    rows = await versions.list_versions(
        call.conn, await _rule_set(call.conn), before=key[0] if key else None, limit=call.query.limit
    )
    following = encode(rows[-1].version) if len(rows) == call.query.limit else None
    return models.RuleVersions(items=[rule_version(row) for row in rows], next=following)


async def read_rules(call: Call[models.ByVersion, None, None]) -> models.RuleDetail:
    row, document = await _found(call.conn, call.params.id)
    return models.RuleDetail(**_shown(row), content=document)


async def export_rules(call: Call[models.ByVersion, None, None]) -> web.Response:
    """The version as the file that `rongan rules import` takes."""
    row, document = await _found(call.conn, call.params.id)
    text = as_toml(document, said_of_it=f"version {row.version}, {row.sha256}\n{row.note}")
    return web.Response(
        text=text,
        content_type="application/toml",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="rules-{row.version}.toml"'},
    )


async def check_document(call: Call[None, None, models.RulesToCheck]) -> models.RulesChecked:
    try:
        document, findings = await versions.check_rules(call.conn, call.body.content, call.at)
    except RulesInvalid as refusal:
        shaped = parse(call.body.content)
        sha256 = shaped.sha256 if isinstance(shaped, RuleDocument) else None
        return models.RulesChecked(valid=False, sha256=sha256, findings=_findings(refusal.findings))
    return models.RulesChecked(valid=True, sha256=document.sha256, findings=_findings(findings))


async def add_rules(call: Call[None, None, models.NewRules]) -> models.RuleAdded:
    document, findings = await versions.check_rules(call.conn, call.body.content, call.at)
    rule_set = await _rule_set(call.conn)
    version = await versions.add_version(
        call.conn,
        rule_set,
        document,
        source=RuleSource.API,
        author=call.viewer.actor,
        note=call.body.note,
        at=call.at,
    )
    row = await versions.find_version(call.conn, rule_set, version)
    return models.RuleAdded(**_shown(row), findings=_findings(findings))


async def activate_rules(call: Call[models.ByVersion, None, models.Activation]) -> models.RuleVersion:
    rule_set = await _rule_set(call.conn)
    await activation.request(
        call.conn, rule_set, call.params.id, by=call.viewer.actor, reason=call.body.reason, at=call.at
    )
    return rule_version(await versions.find_version(call.conn, rule_set, call.params.id))


async def compare_rules(call: Call[models.ByVersion, models.Against, None]) -> models.RuleChanges:
    against = call.query.against or (await read_rulebook(call.conn)).version
    _, before = await _found(call.conn, against)
    _, after = await _found(call.conn, call.params.id)
    items = [models.RuleChange(**asdict(change)) for change in difference(before, after)]
    return models.RuleChanges(before=against, after=call.params.id, items=items)


async def read_grade_points(call: Call[models.ByVersion, None, None]) -> models.GradePoints:
    """The version that the document names, the newest where it names none."""
    deployment = await read_deployment(call.conn)
    document = await versions.read_document(call.conn, deployment.rule_set, call.params.id)
    table = await read_grade_table(call.conn, deployment.origin, document.references.get(GRADE_POINTS))
    return models.GradePoints(
        version=table.version,
        points=[models.PointsRow(**asdict(row)) for _, rows in sorted(table.points.items()) for row in rows],
        parameters=dict(table.parameters),
        kinds=[
            models.KindRiskRow(
                kind=kind,
                life_at_risk=risk.life_at_risk,
                takes_colour=risk.takes_colour,
                warned_by=dict(risk.warned_by),
            )
            for kind, risk in sorted(table.kinds.items())
        ],
    )


async def dry_run_rules(call: Call[models.ByVersion, None, None]) -> models.DryRun:
    """In a process of its own: it computes for long, and this one has others to answer."""
    async with transaction(call.request.app[POOL], scope=SYSTEM) as conn:
        await _found(conn, call.params.id)
    report = await asked.dry_run(call.request.app[DSN], call.params.id, call.at)
    return models.DryRun(
        version=call.params.id,
        in_force=report["in_force"],
        open_incidents=report["open_incidents"],
        difference=report["difference"],
    )


def rule_version(row: versions.RuleVersion) -> models.RuleVersion:
    """A version as lists show it."""
    return models.RuleVersion(**_shown(row))


async def _rule_set(conn: Connection) -> str:
    return (await read_deployment(conn)).rule_set


async def _found(conn: Connection, version: int) -> tuple[versions.RuleVersion, RuleDocument]:
    rule_set = await _rule_set(conn)
    row = await versions.find_version(conn, rule_set, version)
    return row, await versions.read_document(conn, rule_set, version)


def _shown(row: versions.RuleVersion) -> dict[str, Any]:
    fields = asdict(row)
    return fields | {"id": fields.pop("version")}


def _findings(findings: Collection[Finding]) -> list[models.RuleFinding]:
    return [models.RuleFinding(**asdict(found)) for found in findings]
