"""What this database is: production or exercise, which rules it runs and where its map is centred."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry.projection import Origin
from runtime.pool import Connection, Pool
from runtime.queries import load

QUERIES = load(__package__)


class DeploymentMode(StrEnum):
    """Equal to the SQL enum `deployment_mode`."""

    PRODUCTION = "production"
    EXERCISE = "exercise"


@dataclass(frozen=True, slots=True)
class Deployment:
    mode: DeploymentMode
    simulated_at: datetime | None
    rule_set: str
    origin: Origin


async def read_deployment(conn: Connection | Pool) -> Deployment:
    row = await conn.fetchrow(QUERIES.read_deployment)
    if row is None:
        raise LookupError("the database holds no deployment row: run `rongan migrate`")
    return Deployment(
        mode=DeploymentMode(row["mode"]),
        simulated_at=row["simulated_at"],
        rule_set=row["rule_set"],
        origin=Origin(lon=row["origin_lon"], lat=row["origin_lat"]),
    )
