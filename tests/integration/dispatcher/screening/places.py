"""Hazards, plans and rounds in the town, and the steps of their tickets."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from dispatcher.accounts.model import User, UserId, UserRole
from dispatcher.screening import hazards, plans, stage
from dispatcher.screening.lifecycle import Act, HazardEvent
from dispatcher.screening.model import Factors, HazardDraft
from dispatcher.screening.plans import PlanDraft
from dispatcher.tickets.model import Role
from registry.organisations import OrganisationKind
from runtime.pool import SYSTEM, Pool, transaction
from tests.integration.dispatcher.tickets.town import AT, E, Step, StepOfTown, act, person

D: Final = timedelta(days=1)


def user(role: UserRole, unit: str | None = "t-urban", *, number: int = 1, area: str = "tt-east") -> User:
    kind = OrganisationKind.DEPARTMENT
    return User(
        UserId(number), f"u{number}", f"{role.value}-{number}", frozenset({role}), unit, area, False, True, kind
    )


INSPECTOR: Final = user(UserRole.DEPT_HANDLER, "t-urban", number=11)
STREET: Final = user(UserRole.SUBDISTRICT, "t-check", number=12)
SUPERVISOR: Final = user(UserRole.SUPERVISOR, "t-check", number=13)
# D = 3 x 6 x 7 = 126: level 3.
USUAL: Final = Factors(Decimal(3), Decimal(6), Decimal(7))
# D = 6 x 6 x 15 = 540: level 1.
GRAVE: Final = Factors(Decimal(6), Decimal(6), Decimal(15))
# D = 3 x 6 x 15 = 270: level 2.
BAD: Final = Factors(Decimal(3), Decimal(6), Decimal(15))
MILD: Final = Factors(Decimal(1), Decimal(3), Decimal(3))


def draft(**changes: Any) -> HazardDraft:
    columns: dict[str, Any] = {
        "kind": "tree_unsafe",
        "area_id": "tt-east-1",
        "place": "东一路3号",
        "description": "行道树倾斜",
        "lon": 104.06,
        "lat": 30.66,
    }
    return HazardDraft(**columns | changes)


async def register(
    pool: Pool, factors: Factors = USUAL, *, at: datetime = AT, by: User = INSPECTOR, **more: Any
) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return await hazards.register(conn, draft(**more), factors, "现场查看", by, at, within=by.scope)


async def decide(
    pool: Pool, hazard_id: int, event: HazardEvent, by: User = SUPERVISOR, *, at: datetime = AT, **fields: Any
) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        version = await conn.fetchval("SELECT version FROM hazards WHERE id = $1", hazard_id)
        await hazards.act(conn, hazard_id, Act(event, version, "理由", fields), by, at)


async def plan(pool: Pool, *, at: datetime = AT, by: User = STREET, **changes: Any) -> Any:
    columns: dict[str, Any] = {
        "list": "street",
        "area_id": "tt-east-1",
        "place": "东一路3号",
        "organisation_id": "t-urban",
        "base_level": 4,
        "lon": 104.06,
        "lat": 30.66,
    }
    async with transaction(pool, scope=SYSTEM) as conn:
        return await plans.plan(conn, PlanDraft(**columns | changes), by, at)


async def advance(pool: Pool, at: datetime) -> int:
    """One step of the screening stage; how much it wrote."""
    async with transaction(pool, scope=SYSTEM) as conn:
        return (await stage.advance(await StepOfTown.begin(conn, at))).written


async def state_of(pool: Pool, hazard_id: int) -> tuple[str, int]:
    """(state, level of its newest assessment)"""
    async with pool.acquire() as conn:
        row = await conn.fetchrow("SELECT state::text, level FROM hazards WHERE id = $1", hazard_id)
    assert row is not None
    return row["state"], row["level"]


BOSS = person(Role.SUPERVISOR, "t-check", number=9)
LEAD = person(Role.DEPT_HEAD, "t-fire", number=4)
CHECKER = person(Role.VERIFIER, "t-police", number=6)

TO_PUBLICITY: Final[tuple[Step, ...]] = (
    (E.ADMIT, BOSS, {"level": 3}),
    (E.ASSIGN_LEAD, BOSS, {"lead": "t-fire"}),
    (E.ACKNOWLEDGE, LEAD, {}),
    (E.START_PLANNING, LEAD, {}),
    (
        E.PLAN_SUBMIT,
        LEAD,
        {"responsibility": "张", "measures": "修剪", "funds": "已列", "days": 10, "contingency": "围挡"},
    ),
    (E.PLAN_APPROVE, BOSS, {}),
    (E.REPORT_COMPLETE, LEAD, {"result": "完成", "evidence": "照片"}),
    (E.START_INSPECTION, CHECKER, {}),
)


async def close_out(pool: Pool, ticket_id: int, at: datetime, *, residual: int = 4, level: int = 3) -> datetime:
    """Work a joint ticket through to its closing-out; when that was."""
    first = (E.ADMIT, BOSS, {"level": level})
    inspected = (E.INSPECT_OK, CHECKER, {"evidence": "复查", "residual": residual})
    await act(pool, ticket_id, first, *TO_PUBLICITY[1:], inspected, at=at)
    later = at + 20 * D
    await act(pool, ticket_id, (E.CLOSE_OUT, BOSS, {"accepted_by": "王主任"} if residual < 4 else {}), at=later)
    return later
