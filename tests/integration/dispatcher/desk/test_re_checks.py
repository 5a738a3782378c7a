"""The second look at voids and downgrades: drawn by the stage, done by another unit, a breach where overturned."""

from datetime import timedelta

import asyncpg
import pytest

from dispatcher.accounts.model import User, UserRole
from dispatcher.desk import re_checks, stage
from dispatcher.desk.errors import DeskRefusal, DeskRefused
from dispatcher.desk.re_checks import ReCheckResult
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.desk.people import MORNING, hire
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AT,
    DISPATCH,
    LEADER,
    OFFICER,
    E,
    StepOfTown,
    act,
    new_ticket,
)


async def step(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        await stage.advance(await StepOfTown.begin(conn, AT))


async def listed(pool: Pool, user: User) -> list[dict[str, object]]:
    async with pool.acquire() as conn:
        return await re_checks.listed(conn, user, open_only=None, after_id=0, limit=50)


async def record(pool: Pool, re_check_id: int, result: ReCheckResult, user: User) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        await re_checks.record(conn, re_check_id, result, "现场看过", user, MORNING + timedelta(hours=1))


@pytest.fixture
async def every_one(owner: Connection) -> None:
    """Rates at which every decision is drawn."""
    await owner.execute(
        "INSERT INTO re_check_rates (cause, version, one_in, source) VALUES ('void', 1, 1, 'test'), ('downgrade', 1, 1,"
        " 'test') ON CONFLICT (cause) DO UPDATE SET one_in = 1"
    )


@pytest.fixture
async def checker(owner: Connection) -> User:
    return await hire(owner, "checker", UserRole.VERIFIER, "t-check")


@pytest.mark.usefixtures("every_one")
async def test_void_and_downgrade_are_drawn_once_and_an_upgrade_never(pool: Pool, checker: User) -> None:
    voided, lowered, raised = [await new_ticket(pool, grade=3) for _ in range(3)]
    await act(pool, voided, (E.VOID, LEADER, {"code": "test"}))
    await act(pool, lowered, (E.GRADE, OFFICER, {"grade": 4}))
    await act(pool, raised, (E.GRADE, OFFICER, {"grade": 2}))
    assert await listed(pool, checker) == []  # not before the draw
    await step(pool)
    await step(pool)
    found = await listed(pool, checker)
    assert [(row["ticket_id"], row["cause"], row["was"], row["grade"]) for row in found] == [
        (voided, "void", None, None),
        (lowered, "downgrade", 3, 4),
    ]


async def test_draw_follows_the_published_rate_and_remembers_it(pool: Pool, owner: Connection) -> None:
    await owner.execute("UPDATE re_check_rates SET one_in = 3")
    await owner.execute("UPDATE re_check_key SET key = $1", bytes(32))
    tickets = [await new_ticket(pool, grade=3) for _ in range(12)]
    for ticket_id in tickets:
        await act(pool, ticket_id, (E.VOID, LEADER, {"code": "test"}))
    await step(pool)
    rows = await owner.fetch("SELECT ticket_id, version, drawn, one_in FROM re_checks ORDER BY ticket_id")
    key = await owner.fetchval("SELECT key FROM re_check_key")
    expected = [(ticket_id, 2, re_checks.is_drawn(key, ticket_id, 2, 3), 3) for ticket_id in tickets]
    assert [tuple(row) for row in rows] == expected
    assert len({drawn for _, _, drawn, _ in expected}) == 2


@pytest.mark.usefixtures("every_one")
async def test_overturned_void_is_a_false_closure_of_the_unit_that_voided(
    pool: Pool, owner: Connection, checker: User
) -> None:
    ticket_id = await new_ticket(pool, grade=3)
    await act(pool, ticket_id, (E.VOID, LEADER, {"code": "proven_false"}))
    await step(pool)
    (row,) = await listed(pool, checker)
    await record(pool, int(str(row["id"])), ReCheckResult.OVERTURNED, checker)
    breach = await owner.fetchrow("SELECT type::text, unit_organisation_id, ticket_id, source_key FROM breach_records")
    assert breach is not None
    assert tuple(breach) == ("false_closure", "t-desk", ticket_id, f"re_check:{row['id']}")
    with pytest.raises(DeskRefused) as twice:
        await record(pool, int(str(row["id"])), ReCheckResult.UPHELD, checker)
    assert twice.value.refusal is DeskRefusal.CHECKED_BEFORE
    note = await owner.fetchval(
        "SELECT body ->> 're_check' FROM ticket_entries WHERE ticket_id = $1 AND entry = 'note'", ticket_id
    )
    assert note == "overturned"


@pytest.mark.usefixtures("every_one")
async def test_upheld_decision_breaks_nothing(pool: Pool, owner: Connection, checker: User) -> None:
    ticket_id = await new_ticket(pool, grade=3)
    await act(pool, ticket_id, (E.GRADE, OFFICER, {"grade": 4}))
    await step(pool)
    (row,) = await listed(pool, checker)
    await record(pool, int(str(row["id"])), ReCheckResult.UPHELD, checker)
    assert await owner.fetchval("SELECT count(*) FROM breach_records") == 0


@pytest.mark.usefixtures("every_one")
async def test_neither_who_decided_nor_their_unit_nor_a_handler_looks_again(
    pool: Pool, owner: Connection, checker: User
) -> None:
    ticket_id = await new_ticket(pool, grade=3)
    await act(pool, ticket_id, ACCEPT, DISPATCH, (E.VOID, LEADER, {"code": "test"}))
    await step(pool)
    (row,) = await listed(pool, checker)
    re_check_id = int(str(row["id"]))
    colleague = await hire(owner, "colleague", UserRole.VERIFIER, "t-desk")
    handler = await hire(owner, "handler", UserRole.VERIFIER, "t-fire")
    nobody = await hire(owner, "nobody", UserRole.SUPERVISOR, None)
    assert await listed(pool, colleague) == []
    for user, refusal in (
        (colleague, DeskRefusal.OWN_DECISION),
        (handler, DeskRefusal.HANDLED_BY_YOUR_UNIT),
        (nobody, DeskRefusal.NO_ORGANISATION),
    ):
        with pytest.raises(DeskRefused) as refused:
            await record(pool, re_check_id, ReCheckResult.UPHELD, user)
        assert refused.value.refusal is refusal
    # The database, not the code alone, keeps it apart.
    forged = (
        "UPDATE re_checks SET result = 'upheld', words = 'x', checked_at = $2, checker = $3,"
        " checker_organisation_id = $4 WHERE id = $1"
    )
    for who, unit in (("user:99", "t-desk"), (LEADER.id, "t-check"), ("user:99", "t-fire")):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(forged, re_check_id, AT, who, unit)


async def test_what_was_not_drawn_is_not_checked(pool: Pool, owner: Connection, checker: User) -> None:
    await owner.execute("UPDATE re_check_rates SET one_in = 1000000000")
    ticket_id = await new_ticket(pool, grade=3)
    await act(pool, ticket_id, (E.VOID, LEADER, {"code": "test"}))
    await step(pool)
    assert await listed(pool, checker) == []
    re_check_id = await owner.fetchval("SELECT id FROM re_checks")
    with pytest.raises(DeskRefused) as refused:
        await record(pool, re_check_id, ReCheckResult.UPHELD, checker)
    assert refused.value.refusal is DeskRefusal.NOT_DRAWN
