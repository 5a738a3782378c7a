"""Puts a pattern on trial, in force or out of it: the rules in force with another state of that pattern."""

from datetime import datetime

from dispatcher.rules.document import PatternMode, PatternRules, RuleSource
from dispatcher.rules.errors import RulesStandAlready
from dispatcher.rules.versions import (
    add_version,
    parse_and_check,
    read_document,
    read_pattern_versions,
    read_patterns,
    version_in_force,
)
from runtime.errors import Explained
from runtime.pool import Connection


class PatternUnknown(Explained):
    """No version of the pattern is there."""


class ModeUnchanged(Explained):
    """The rules in force have the pattern in this state already."""


async def add_rules_with(
    conn: Connection,
    rule_set: str,
    pattern_id: str,
    mode: PatternMode,
    *,
    version: int | None = None,
    by: str,
    note: str,
    at: datetime,
) -> int:
    """Keep the rules in force with the pattern in this mode and version as a version of the rules; its number.

    No `version`: that which counts now, or else the newest. Where exactly these rules are kept already it is their
    number. Raises PatternUnknown, ModeUnchanged, RulesInvalid; LookupError for a database that was never seeded.
    """
    in_force = await version_in_force(conn, rule_set)
    if in_force is None:
        raise LookupError("no rules are in force: run `rongan migrate`")
    document = await read_document(conn, rule_set, in_force)
    known = (await read_pattern_versions(conn)).get(pattern_id)
    if known is None:
        raise PatternUnknown(f"there is no pattern {pattern_id}: `rongan pattern list` names them")
    patterns = await read_patterns(conn, document)
    before = patterns.get(pattern_id)
    after = PatternRules(version=version or (before.version if before else max(known)), mode=mode)
    if after == before:
        raise ModeUnchanged(f"version {after.version} of {pattern_id} is {mode.value} already")
    changed = document.model_copy(update={"patterns": patterns | {pattern_id: after}})
    checked, _ = await parse_and_check(conn, changed.content())
    try:
        return await add_version(conn, rule_set, checked, source=RuleSource.API, author=by, note=note, at=at)
    except RulesStandAlready as standing:
        return standing.version
