"""Who evaluates whom in the town of the tickets, and what they do."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.procedures import Act
from dispatcher.evaluations import evaluating, stage
from dispatcher.evaluations.evaluating import NewEvaluation
from dispatcher.evaluations.model import EvaluationSubject, HearingForm
from dispatcher.evaluations.reading import Sight, read
from registry.organisations import OrganisationKind
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.disclosure.openness import person
from tests.integration.dispatcher.tickets.town import AT, StepOfTown

EVERYTHING = Sight(oversees=True, area_id=None, organisation_id=None, is_committee=False)
CHAIR = person(201, UserRole.COMMITTEE, unit="committee-tt", kind=OrganisationKind.COMMITTEE)
NEIGHBOUR = person(202, UserRole.COMMITTEE, unit="committee-b", kind=OrganisationKind.COMMITTEE)
THIRD = person(203, UserRole.COMMITTEE, unit="committee-c", kind=OrganisationKind.COMMITTEE)
WATER = person(204, UserRole.DEPT_HEAD, unit="t-water-co")
AUTHORITY = person(205, UserRole.DEPT_HEAD, unit="t-housing")
OTHER_UNIT = person(206, UserRole.DEPT_HEAD, unit="t-fire")
SUPERVISOR = person(207, UserRole.SUPERVISOR, unit="t-gov")
SUPERVISOR_OF_THE_UNIT = person(208, UserRole.SUPERVISOR, unit="t-water-co")
SUPERVISOR_OF_THE_WEST = replace(SUPERVISOR, area_id="tt-west")


async def build(owner: Connection) -> None:
    for name, kind in (("t-water-co", "utility"), ("committee-b", "committee"), ("committee-c", "committee")):
        await owner.execute(
            "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
            " VALUES ($1, $2::text::organisation_kind, 'tt-east-1', $1, $1, 'office')",
            name,
            kind,
        )
    await owner.execute(
        "INSERT INTO webhook_endpoints (organisation_id, url, secret)"
        " VALUES ('t-housing', 'https://example.invalid/h', 'whsec_x')"
    )
    await owner.execute(
        "INSERT INTO users (login, zh_name, password_hash, roles, organisation_id, area_id, created_at)"
        " VALUES ('gov', 'gov', '', '{supervisor}', 't-gov', 'tt-east', $1),"
        " ('water-supervisor', 'w', '', '{supervisor}', 't-water-co', 'tt-east-1', $1)",
        AT,
    )


async def advance(pool: Pool, at: datetime) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return (await stage.advance(await StepOfTown.begin(conn, at))).written


def wanted(**more: Any) -> NewEvaluation:
    columns: dict[str, Any] = {
        "subject": EvaluationSubject.WATER,
        "unit_id": "t-water-co",
        "authority_id": "t-housing",
        "period_from": date(2026, 1, 1),
        "period_to": date(2026, 3, 31),
        "form": HearingForm.QUESTIONNAIRE,
        "summary": "水压不足,抢修慢",
    }
    return NewEvaluation(**columns | more)


async def drafted(pool: Pool, who: User = CHAIR, scores: tuple[int, ...] = (2, 2, 3, 4, 5), **more: Any) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        evaluation_id = await evaluating.draft(conn, wanted(**more), who, AT)
        for score in scores:
            await evaluating.add_opinion(conn, evaluation_id, score, f"三单元居民给{score}分", who, AT)
    return evaluation_id


async def done(
    pool: Pool, evaluation_id: int, event: str, who: User, at: datetime = AT, reason: str | None = None, **fields: Any
) -> dict[str, Any]:
    """An action that must be allowed; the row behind it."""
    async with transaction(pool, scope=SYSTEM) as conn:
        row = await conn.fetchrow("SELECT version FROM evaluations WHERE id = $1", evaluation_id)
        assert row is not None
        await evaluating.act(conn, evaluation_id, Act(event, row["version"], reason, fields), who, at)
    return await row_of(pool, evaluation_id)


async def row_of(pool: Pool, evaluation_id: int) -> dict[str, Any]:
    async with pool.acquire() as conn:
        return await read(conn, evaluation_id, EVERYTHING)


async def delivered(pool: Pool, who: User = CHAIR, at: datetime = AT, **more: Any) -> int:
    evaluation_id = await drafted(pool, who, **more)
    await done(pool, evaluation_id, "submit", who, at)
    await advance(pool, at)
    return evaluation_id
