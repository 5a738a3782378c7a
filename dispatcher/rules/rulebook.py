"""Reads every rule a step needs from the database into one frozen rulebook, which is replaced as a whole."""

from dataclasses import dataclass

from registry.areas import AreaIndex, read_areas
from registry.deployment import Deployment, read_deployment
from registry.event_kinds import Taxonomy, read_taxonomy
from registry.organisations import Organisation, read_organisations
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


@dataclass(frozen=True, slots=True)
class RiskMatrix:
    """Grade by (consequence, likelihood), both 1-5; grade 1 is the gravest."""

    version: int
    grades: dict[tuple[int, int], int]

    def grade(self, *, consequence: int, likelihood: int) -> int:
        return self.grades[consequence, likelihood]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What the dispatcher knows of the city at one moment."""

    deployment: Deployment
    taxonomy: Taxonomy
    matrix: RiskMatrix
    areas: AreaIndex
    organisations: tuple[Organisation, ...]


async def read_rulebook(conn: Connection) -> Rulebook:
    """Raises LookupError for a database that was never seeded."""
    deployment = await read_deployment(conn)
    cells = await conn.fetch(QUERIES.read_risk_matrix)
    if len(cells) != 25:
        raise LookupError("the risk matrix of the newest version is not complete: run `rongan migrate`")
    return Rulebook(
        deployment=deployment,
        taxonomy=await read_taxonomy(conn, deployment.rule_set),
        matrix=RiskMatrix(cells[0]["version"], {(c["consequence"], c["likelihood"]): c["grade"] for c in cells}),
        areas=AreaIndex(await read_areas(conn)),
        organisations=tuple(await read_organisations(conn)),
    )
