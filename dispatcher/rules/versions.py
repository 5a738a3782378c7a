"""The versions of the rules in the database: added, read, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from dispatcher.rules.checking import check, check_traffic, errors_in
from dispatcher.rules.document import GRADE_POINTS, PatternMode, PatternRules, RuleDocument, RuleSource, parse
from dispatcher.rules.errors import RulesInvalid, RulesStandAlready, RulesUnknown
from dispatcher.rules.findings import Finding
from dispatcher.rules.percolation import read_neighbours
from registry.deployment import read_deployment
from registry.event_kinds import GROUP_OF_ALL
from registry.event_kinds import QUERIES as REGISTRY
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class RuleState(StrEnum):
    """Where a version stands in its life; follows from its activations."""

    DRAFT = "draft"  # Was never in force.
    WAITING = "waiting"  # Somebody asked for it; the leader has not written the record yet.
    ACTIVE = "active"  # In force.
    RETIRED = "retired"  # Was in force; may be activated again.


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One row, without the document."""

    version: int
    state: RuleState
    sha256: str
    source: RuleSource
    author: str
    note: str
    created_at: datetime
    activated_at: datetime | None  # of its last activation
    activated_seq: int | None  # the position of that record in the clock stream; 0: in force from the beginning
    activated_by: str | None
    reason: str | None
    refused: str | None  # why its last activation could not be taken over


async def read_kinds(conn: Connection) -> frozenset[str]:
    """The kinds that the master data has."""
    return frozenset(row["id"] for row in await conn.fetch(REGISTRY.list_event_kinds))


async def read_references(conn: Connection) -> dict[str, frozenset[int]]:
    """Which versions there are of the rules that are kept elsewhere."""
    return {GRADE_POINTS: frozenset(row["version"] for row in await conn.fetch(QUERIES.grade_points_versions))}


async def read_pattern_versions(conn: Connection) -> dict[str, set[int]]:
    """Which versions of each pattern the master data has."""
    known: dict[str, set[int]] = {}
    for row in await conn.fetch(QUERIES.pattern_versions):
        known.setdefault(row["id"], set()).add(row["version"])
    return known


async def read_patterns(
    conn: Connection, document: RuleDocument, at: datetime | None = None
) -> dict[str, PatternRules]:
    """Which patterns count under the document.

    One from before documents named them has the newest version of each, begun by `at` where that is given; the one
    group of a replay has none.
    """
    if document.patterns is not None:
        return document.patterns
    if GROUP_OF_ALL in document.groups:
        return {}
    rows = await conn.fetch(QUERIES.newest_patterns, at)
    return {row["id"]: PatternRules(version=row["version"], mode=PatternMode(row["mode"])) for row in rows}


async def parse_and_check(conn: Connection, content: object) -> tuple[RuleDocument, list[Finding]]:
    """The document with what a person should look at; where it does not speak of patterns, with those in force.

    Raises RulesInvalid where there are errors.
    """
    document = parse(content)
    if not isinstance(document, RuleDocument):
        raise RulesInvalid(document)
    if document.patterns is None:
        document = document.model_copy(update={"patterns": await read_patterns_in_force(conn)})
    patterns = await read_pattern_versions(conn)
    findings = check(document, await read_kinds(conn), await read_references(conn), patterns)
    if errors_in(findings):
        raise RulesInvalid(findings)
    return document, findings


async def read_patterns_in_force(conn: Connection) -> dict[str, PatternRules]:
    """Under the newest rules; none in a database that was never seeded."""
    rule_set = (await read_deployment(conn)).rule_set
    version = await version_in_force(conn, rule_set)
    return {} if version is None else await read_patterns(conn, await read_document(conn, rule_set, version))


async def check_rules(conn: Connection, content: object, at: datetime) -> tuple[RuleDocument, list[Finding]]:
    """As `parse_and_check`, with what the traffic on record before `at` says of the document."""
    document, findings = await parse_and_check(conn, content)
    return document, findings + check_traffic(document, await read_neighbours(conn, document, at))


async def add_version(
    conn: Connection,
    rule_set: str,
    document: RuleDocument,
    *,
    source: RuleSource,
    author: str,
    note: str,
    at: datetime,
) -> int:
    """Keep a checked document as the next version. Raises RulesStandAlready."""
    await conn.execute(QUERIES.lock_versions)
    known: int | None = await conn.fetchval(QUERIES.find_content, rule_set, document.sha256)
    if known is not None:
        raise RulesStandAlready(known)
    version: int = await conn.fetchval(
        QUERIES.insert_version, rule_set, document.content(), document.sha256, source, author, note, at
    )
    return version


async def read_document(conn: Connection, rule_set: str, version: int) -> RuleDocument:
    """Raises RulesUnknown, and RulesInvalid for a document that this release cannot read."""
    content = await conn.fetchval(QUERIES.read_content, rule_set, version)
    if content is None:
        raise RulesUnknown(rule_set, version)
    document = parse(content)
    if not isinstance(document, RuleDocument):
        raise RulesInvalid(document)
    return document


async def version_in_force(conn: Connection, rule_set: str, clock_seq: int | None = None) -> int | None:
    """After the record at `clock_seq` of the clock stream, or after all there are; None before the first seeding."""
    version: int | None = await conn.fetchval(QUERIES.version_in_force, rule_set, clock_seq)
    return version


async def list_versions(
    conn: Connection, rule_set: str, *, before: int | None = None, limit: int = 200
) -> list[RuleVersion]:
    """The newest first."""
    return await _versions(conn, rule_set, None, before, limit)


async def find_version(conn: Connection, rule_set: str, version: int) -> RuleVersion:
    """Raises RulesUnknown."""
    found = await _versions(conn, rule_set, version, None, 1)
    if not found:
        raise RulesUnknown(rule_set, version)
    return found[0]


async def _versions(
    conn: Connection, rule_set: str, only: int | None, before: int | None, limit: int
) -> list[RuleVersion]:
    in_force = await version_in_force(conn, rule_set)
    once = {row["version"] for row in await conn.fetch(QUERIES.once_in_force, rule_set)}
    return [
        _version(dict(row), in_force, once)
        for row in await conn.fetch(QUERIES.list_versions, rule_set, only, before, limit)
    ]


def _version(row: Mapping[str, Any], in_force: int | None, once: set[int]) -> RuleVersion:
    if row["requested_at"] is not None and row["seq"] is None and row["refused"] is None:
        state = RuleState.WAITING
    elif row["version"] == in_force:
        state = RuleState.ACTIVE
    else:
        state = RuleState.RETIRED if row["version"] in once else RuleState.DRAFT
    return RuleVersion(
        version=row["version"],
        state=state,
        sha256=row["sha256"],
        source=RuleSource(row["source"]),
        author=row["author"],
        note=row["note"],
        created_at=row["created_at"],
        activated_at=row["effective_at"],
        activated_seq=row["seq"],
        activated_by=row["requested_by"],
        reason=row["reason"],
        refused=row["refused"],
    )
