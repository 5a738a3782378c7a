"""What tests of accountability do again and again: late tickets, steps, people who may and may not know."""

from datetime import datetime, timedelta
from typing import Any

from dispatcher.accountability import files, stage
from dispatcher.accounts.model import User, UserId, UserRole
from dispatcher.admission.procedures import Act
from dispatcher.tickets import store
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.tickets.town import ACCEPT, AT, DISPATCH, StepOfTown, act, draft, incident

DAY = timedelta(days=1)
LATE = AT + 40 * DAY


def user(role: UserRole, unit: str | None, *, number: int = 1, area: str = "tt-east") -> User:
    return User(
        id=UserId(number),
        login=f"{role}-{number}",
        zh_name="赵一",
        roles=frozenset({role}),
        organisation_id=unit,
        area_id=area,
        sees_everything=False,
        enabled=True,
    )


SUPERVISOR = user(UserRole.SUPERVISOR, "t-check", number=1)
ELSEWHERE = user(UserRole.SUPERVISOR, "t-check", number=2, area="tt-west")
AUDITOR = user(UserRole.AUDITOR, "t-check", number=3)
FIRE_HEAD = user(UserRole.DEPT_HEAD, "t-fire", number=4)
FIRE_HAND = user(UserRole.DEPT_HANDLER, "t-fire", number=5)
POLICE_HEAD = user(UserRole.DEPT_HEAD, "t-police", number=6)


async def step(pool: Pool, at: datetime) -> int:
    """Let the stage run once; how many rows it wrote."""
    async with transaction(pool, scope=SYSTEM) as conn:
        return (await stage.advance(await StepOfTown.begin(conn, at))).written


async def complaint(pool: Pool) -> int:
    """A dispatched complaint: it has to be done within 15 working days, as a published rule says."""
    async with transaction(pool, scope=SYSTEM) as conn:
        incident_id, case_id = await incident(conn)
        ticket_id = await store.open_ticket(conn, draft(incident_id, case_id, demand="complaint"), AT)
    await act(pool, ticket_id, ACCEPT, DISPATCH)
    return ticket_id


async def breach_clock(pool: Pool, ticket_id: int, clock: str) -> None:
    """Let one running clock be noticed as late, as a step of the ladder does."""
    async with transaction(pool, scope=SYSTEM) as conn:
        await conn.execute(
            "UPDATE ticket_clocks SET breached_at = due_at WHERE ticket_id = $1 AND clock = $2 AND stopped_at IS NULL",
            ticket_id,
            clock,
        )


async def late_complaint(pool: Pool) -> tuple[int, int]:
    """(file id, ticket id) of a complaint that was not done in time."""
    ticket_id = await complaint(pool)
    await breach_clock(pool, ticket_id, "c_resolve")
    await step(pool, LATE)
    async with pool.acquire() as conn:
        file_id: int = await conn.fetchval("SELECT id FROM accountability_files WHERE ticket_id = $1", ticket_id)
    return file_id, ticket_id


async def carry_out(
    pool: Pool, file_id: int, event: str, by: User, *, at: datetime = LATE, reason: str | None = None, **said: Any
) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        version = await conn.fetchval("SELECT version FROM accountability_files WHERE id = $1", file_id)
        await files.act(conn, file_id, Act(event, version, reason, said), by, at)


async def breaches(conn: Connection) -> list[tuple[str, str, str | None, str | None]]:
    """(type, clock, unit, judgement) of every breach, in order."""
    rows = await conn.fetch(
        "SELECT type::text, clock, unit_organisation_id, judgement::text FROM breach_records ORDER BY id"
    )
    return [tuple(row) for row in rows]
