"""The patterns that are looked for, and what they found in an incident."""

from collections.abc import Mapping
from typing import Any

from dispatcher.api.handlers.rules import rule_version
from dispatcher.api.models import patterns as models
from dispatcher.api.models.patterns import IncidentMatch, Patterns, PatternView
from dispatcher.api.models.rules import RuleVersion
from dispatcher.api.reading import patterns
from dispatcher.api.routing import Call
from dispatcher.patterns.modes import add_rules_with
from dispatcher.rules.versions import find_version
from registry.deployment import read_deployment
from runtime.pool import Connection


async def list_patterns(call: Call[None, None, None]) -> Patterns:
    rows = await patterns.list_patterns(call.conn, call.at)
    return Patterns(items=[PatternView(**row) for row in rows])


async def draft_rules_with(call: Call[models.ByPattern, None, models.PatternState]) -> RuleVersion:
    rule_set = (await read_deployment(call.conn)).rule_set
    version = await add_rules_with(
        call.conn,
        rule_set,
        call.params.id,
        call.body.mode,
        version=call.body.version,
        by=call.viewer.actor,
        note=f"{call.params.id} {call.body.mode.value}: {call.body.reason}",
        at=call.at,
    )
    return rule_version(await find_version(call.conn, rule_set, version))


async def matches_of(conn: Connection, incident_id: int) -> list[IncidentMatch]:
    """What an incident's page shows."""
    return [_match(row) for row in await patterns.matches_of_incident(conn, incident_id)]


def _match(row: Mapping[str, Any]) -> IncidentMatch:
    return IncidentMatch(**{**row, "anchor_uid": row["anchor_uid"].hex()})
