"""Makes the master data of a release a version of the rules: the first is in force from the beginning of the log."""

from datetime import datetime
from typing import Final

from dispatcher.rules import activation
from dispatcher.rules.document import GRADE_POINTS, GroupRules, KindRules, RuleDocument, RuleSource
from dispatcher.rules.errors import ActivationRefused, RulesStandAlready
from dispatcher.rules.versions import (
    QUERIES,
    add_version,
    find_version,
    list_versions,
    read_document,
    read_patterns,
    read_references,
    version_in_force,
)
from registry.event_kinds import GROUP_OF_ALL, KindGroup, KindMode, Taxonomy, read_taxonomy
from runtime.clock import open_clock
from runtime.pool import Connection

AUTHOR: Final = "release"


async def seed_rules(conn: Connection) -> dict[str, int]:
    """Keep the seeded tables as a version of each rule set; returns the versions. The same tables again change nothing.

    A later release's rules take over by themselves only where a release's rules are in force; where the city rules
    itself they stay a draft that somebody may look at.
    """
    at = (await open_clock(conn)).now()
    versions: dict[str, int] = {}
    async with conn.transaction():
        for row in await conn.fetch(QUERIES.list_rule_sets):
            rule_set: str = row["rule_set"]
            versions[rule_set] = await _seed(conn, rule_set, at)
    return versions


async def _seed(conn: Connection, rule_set: str, at: datetime) -> int:
    document = await _document(conn, rule_set, at)
    try:
        version = await add_version(
            conn,
            rule_set,
            document,
            source=RuleSource.RELEASE,
            author=AUTHOR,
            note="the master data of the release",
            at=at,
        )
    except RulesStandAlready as known:
        return known.version
    in_force = await version_in_force(conn, rule_set)
    if in_force is None:
        await conn.execute(QUERIES.insert_activation, rule_set, version, at, AUTHOR, "the first rules", 0, at)
    elif (await find_version(conn, rule_set, in_force)).source is RuleSource.RELEASE:
        await _succeed(conn, rule_set, version, at)
    else:
        await _succeed_citys(conn, rule_set, in_force, version, at)
    return version


async def _succeed_citys(conn: Connection, rule_set: str, in_force: int, released: int, at: datetime) -> None:
    """The city's own rules stand. Only where they are an earlier release's but for patterns they follow this release,
    with what the city said of patterns; and those from before rules named patterns name them from now on.
    """
    row, own = await find_version(conn, rule_set, in_force), await read_document(conn, rule_set, in_force)
    named = own.model_copy(update={"patterns": await read_patterns(conn, own, at)})
    document, note = (
        await _followed(conn, rule_set, named, released),
        f"release {released} with the patterns of {in_force}",
    )
    if document is None:
        document, note = named, f"as version {in_force}, its patterns named"
    if document == own:
        return
    try:
        version = await add_version(conn, rule_set, document, source=row.source, author=AUTHOR, note=note, at=at)
    except RulesStandAlready as known:
        version = known.version
    await _succeed(conn, rule_set, version, at)


async def _followed(conn: Connection, rule_set: str, own: RuleDocument, released: int) -> RuleDocument | None:
    """The release's rules with the city's patterns; None where the city changed more of an earlier release."""
    for row in await list_versions(conn, rule_set, before=released):
        base = await read_document(conn, rule_set, row.version)
        if row.source is RuleSource.RELEASE and base.model_copy(update={"patterns": own.patterns}) == own:
            shipped = await read_document(conn, rule_set, released)
            before, after, patterns = base.patterns or {}, own.patterns or {}, dict(shipped.patterns or {})
            for name in before.keys() | after.keys():
                if before.get(name) != after.get(name):
                    patterns.pop(name, None)
                    patterns |= {name: after[name]} if name in after else {}
            return shipped.model_copy(update={"patterns": patterns})
    return None


async def _succeed(conn: Connection, rule_set: str, version: int, at: datetime) -> None:
    try:
        await activation.request(conn, rule_set, version, by=AUTHOR, reason="a later release", at=at)
    except ActivationRefused:
        return  # Somebody's own choice waits already: it goes first.


async def _document(conn: Connection, rule_set: str, at: datetime) -> RuleDocument:
    taxonomy = await read_taxonomy(conn, rule_set)
    matrix: dict[str, list[int]] = {}
    cells = {(c["consequence"], c["likelihood"]): c["grade"] for c in await conn.fetch(QUERIES.read_risk_matrix)}
    for (consequence, _), grade in sorted(cells.items()):
        matrix.setdefault(str(consequence), []).append(grade)
    document = RuleDocument(
        groups={name: _group(group) for name, group in taxonomy.groups.items()},
        kinds={name: _kind(taxonomy, name) for name in taxonomy.kinds},
        matrix=matrix,
        references={GRADE_POINTS: max(points)} if (points := (await read_references(conn))[GRADE_POINTS]) else {},
    )
    return document.model_copy(update={"patterns": await read_patterns(conn, document, at)})


def _group(group: KindGroup) -> GroupRules:
    return GroupRules(**{parameter: getattr(group, parameter) for parameter in GroupRules.model_fields})


def _kind(taxonomy: Taxonomy, name: str) -> KindRules:
    kind = taxonomy.kinds[name]
    one_group = GROUP_OF_ALL in taxonomy.groups
    return KindRules(
        group=GROUP_OF_ALL if one_group else kind.kind_group,
        likelihood=kind.likelihood,
        consequence=kind.consequence,
        mode=KindMode.NOTICE_ONLY if one_group else kind.mode,
    )
