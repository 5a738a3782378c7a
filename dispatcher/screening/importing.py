"""Takes inspection plans and hazards in from rows, such as those of another register or of the demo community."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from dispatcher.accounts.model import User
from dispatcher.admission.offers import Held
from dispatcher.screening import hazards, plans
from dispatcher.screening.model import Factors, HazardDraft
from dispatcher.screening.plans import PlanDraft
from runtime.pool import Connection

Row = Mapping[str, str]


async def import_plans(conn: Connection, rows: Iterable[Row], user: User, at: datetime) -> dict[tuple[str, str], int]:
    """Plans of rows with list, area_id, place, lon, lat, base_level, organisation_id; their ids by (area, place).

    A committee is left out as everywhere: the gate keeps its receipt. Raises what `plans.plan` raises.
    """
    made: dict[tuple[str, str], int] = {}
    for row in rows:
        draft = PlanDraft(
            list=row["list"],
            area_id=row["area_id"],
            place=row["place"],
            organisation_id=row["organisation_id"],
            base_level=int(row["base_level"]),
            lon=_position(row["lon"]),
            lat=_position(row["lat"]),
        )
        planned = await plans.plan(conn, draft, user, at)
        if not isinstance(planned, Held):
            made[row["area_id"], row["place"]] = planned
    return made


async def import_hazards(
    conn: Connection, rows: Iterable[Row], planned: Mapping[tuple[str, str], int], user: User, at: datetime
) -> list[int]:
    """Hazards of rows with kind, area_id, place, subject, lon, lat, the three factors and a description; their ids.

    `planned`: whose rounds look at which place. Raises what `hazards.register` raises.
    """
    made: list[int] = []
    for row in rows:
        factors = Factors(Decimal(row["likelihood"]), Decimal(row["exposure"]), Decimal(row["consequence"]))
        draft = HazardDraft(
            kind=row["kind"],
            area_id=row["area_id"],
            place=row["place"],
            description=row["description"],
            lon=_position(row["lon"]),
            lat=_position(row["lat"]),
            subject=row["subject"] or None,
            plan_id=planned.get((row["area_id"], row["place"])),
        )
        note = row["description"]
        made.append(await hazards.register(conn, draft, factors, note, user, at, within=user.scope))
    return made


def _position(text: str) -> float | None:
    return float(text) if text else None
