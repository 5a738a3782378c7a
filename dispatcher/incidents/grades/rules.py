"""What grading needs of the rulebook, and how it is read without the rest of the city."""

from dataclasses import dataclass
from typing import Protocol

from dispatcher.rules.errors import RulesUnknown
from dispatcher.rules.rulebook import RiskMatrix, matrix_of, ruled
from dispatcher.rules.versions import read_document, version_in_force
from registry.deployment import read_deployment
from registry.event_kinds import Taxonomy, read_taxonomy
from registry.grading import GradeTable, read_grade_table
from runtime.pool import Connection


class GradingRules(Protocol):
    """The part of a rulebook that grades."""

    @property
    def taxonomy(self) -> Taxonomy: ...

    @property
    def matrix(self) -> RiskMatrix: ...

    @property
    def grading(self) -> GradeTable: ...


@dataclass(frozen=True, slots=True)
class StoredRules:
    """Kinds, matrix and points of one version."""

    taxonomy: Taxonomy
    matrix: RiskMatrix
    grading: GradeTable


async def read_grading_rules(
    conn: Connection, *, version: int | None = None, points_version: int | None = None
) -> StoredRules:
    """Of the version in force, or of those that a grade names. Raises LookupError where there is none."""
    deployment = await read_deployment(conn)
    chosen = version if version is not None else await version_in_force(conn, deployment.rule_set, None)
    if chosen is None:
        raise LookupError(f"no rules of the set {deployment.rule_set} are in force: run `rongan migrate`")
    try:
        document = await read_document(conn, deployment.rule_set, chosen)
    except RulesUnknown as error:
        raise LookupError(f"there are no rules of version {chosen}") from error
    points = points_version if points_version is not None else document.references.get("grade_points")
    return StoredRules(
        taxonomy=ruled(await read_taxonomy(conn, deployment.rule_set), document, chosen),
        matrix=matrix_of(document, chosen),
        grading=await read_grade_table(conn, deployment.origin, points),
    )
