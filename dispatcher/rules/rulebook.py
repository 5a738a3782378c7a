"""Reads every rule a step needs from the database into one frozen rulebook, which is replaced as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from dispatcher.rules.document import AXIS, GRADE_POINTS, GroupRules, KindRules, PatternRules, RuleDocument
from dispatcher.rules.versions import read_document, read_patterns, version_in_force
from registry.areas import AreaIndex, read_areas
from registry.deployment import Deployment, read_deployment
from registry.event_kinds import UNCLASSIFIED, EventKind, KindGroup, Taxonomy, read_taxonomy
from registry.grading import GradeTable, read_grade_table
from registry.organisations import Organisation, read_organisations
from runtime.pool import Connection

_PARAMETERS: Final = tuple(GroupRules.model_fields)


@dataclass(frozen=True, slots=True)
class RiskMatrix:
    """Grade by (consequence, likelihood), both 1-5; grade 1 is the gravest."""

    version: int
    grades: dict[tuple[int, int], int]

    def grade(self, *, consequence: int, likelihood: int) -> int:
        return self.grades[consequence, likelihood]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What the dispatcher knows of the city at one moment, under one version of the rules."""

    deployment: Deployment
    taxonomy: Taxonomy
    matrix: RiskMatrix
    patterns: Mapping[str, PatternRules]  # those that count; what they look for stands in the patterns' own tables
    grading: GradeTable
    areas: AreaIndex
    organisations: tuple[Organisation, ...]
    version: int  # of the rules; every explanation names it


async def read_rulebook(conn: Connection, *, clock_seq: int | None = None, version: int | None = None) -> Rulebook:
    """Under the rules in force behind `clock_seq` of the clock stream (None: the newest), or under one version.

    Raises LookupError for a database that was never seeded, RulesUnknown for a version that there is not.
    """
    deployment = await read_deployment(conn)
    chosen = version if version is not None else await version_in_force(conn, deployment.rule_set, clock_seq)
    if chosen is None:
        raise LookupError(f"no rules of the set {deployment.rule_set} are in force: run `rongan migrate`")
    document = await read_document(conn, deployment.rule_set, chosen)
    return Rulebook(
        deployment=deployment,
        taxonomy=ruled(await read_taxonomy(conn, deployment.rule_set), document, chosen),
        matrix=matrix_of(document, chosen),
        patterns=await read_patterns(conn, document),
        grading=await read_grade_table(conn, deployment.origin, document.references.get(GRADE_POINTS)),
        areas=AreaIndex(await read_areas(conn)),
        organisations=tuple(await read_organisations(conn)),
        version=chosen,
    )


async def read_ruled_taxonomy(conn: Connection) -> Taxonomy:
    """Kinds and groups alone, under the rules in force. Raises LookupError for a database that was never seeded."""
    rule_set = (await read_deployment(conn)).rule_set
    version = await version_in_force(conn, rule_set)
    if version is None:
        raise LookupError(f"no rules of the set {rule_set} are in force: run `rongan migrate`")
    return ruled(await read_taxonomy(conn, rule_set), await read_document(conn, rule_set, version), version)


async def under(conn: Connection, rulebook: Rulebook, document: RuleDocument, version: int) -> Rulebook:
    """The same city under other rules. Raises LookupError for points of evidence that there are not."""
    return replace(
        rulebook,
        taxonomy=ruled(rulebook.taxonomy, document, version),
        matrix=matrix_of(document, version),
        patterns=await read_patterns(conn, document),
        grading=await read_grade_table(conn, rulebook.deployment.origin, document.references.get(GRADE_POINTS)),
        version=version,
    )


def matrix_of(document: RuleDocument, version: int) -> RiskMatrix:
    grades = {(c, lk): document.grade(consequence=c, likelihood=lk) for c in AXIS for lk in AXIS}
    return RiskMatrix(version, grades)


def ruled(master: Taxonomy, document: RuleDocument, version: int) -> Taxonomy:
    """The master data's kinds as the document rules them; one that it does not name is treated as unclassified."""
    unknown = document.kinds[UNCLASSIFIED]
    return Taxonomy(
        rule_set=master.rule_set,
        kinds={name: _kind(kind, document.kinds.get(name, unknown), version) for name, kind in master.kinds.items()},
        groups={name: _group(name, master.groups, rules) for name, rules in sorted(document.groups.items())},
    )


def _kind(kind: EventKind, rules: KindRules, version: int) -> EventKind:
    return replace(
        kind,
        version=version,
        kind_group=rules.group,
        likelihood=rules.likelihood,
        consequence=rules.consequence,
        mode=rules.mode,
    )


def _group(name: str, master: Mapping[str, KindGroup], rules: GroupRules) -> KindGroup:
    parameters = {parameter: getattr(rules, parameter) for parameter in _PARAMETERS}
    known = master.get(name)
    return KindGroup(id=name, **parameters) if known is None else replace(known, **parameters)
