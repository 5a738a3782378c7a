"""Rectifications that last are never silent: from 60 days on each has its public status every month, once."""

from datetime import datetime
from typing import Any

import pytest
from asyncpg import CheckViolationError

from dispatcher.disclosure.stage import advance as stage_advance
from dispatcher.tickets.model import Role
from runtime.pool import Connection, Pool
from tests.integration.dispatcher.disclosure.openness import DAY, advance, local
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AT,
    DISPATCH,
    OFFICER,
    E,
    StepOfTown,
    act,
    new_ticket,
    person,
)


async def long_rectification(owner: Connection, pool: Pool, kind: str = "streetlight_out") -> int:
    """The id of a joint ticket that was opened at `AT` and admitted."""
    ticket_id = await new_ticket(pool, kind=kind)
    await act(pool, ticket_id, ACCEPT, DISPATCH, (E.CONVERT, OFFICER, {"level": 4, "cause": "多部门"}))
    joint_id: int = await owner.fetchval("SELECT other_id FROM ticket_links WHERE ticket_id = $1", ticket_id)
    supervisor = person(Role.SUBDISTRICT, "t-street", number=9, area="tt-east-1")
    await act(pool, joint_id, (E.ADMIT, supervisor, {"level": 4}), (E.ASSIGN_LEAD, supervisor, {"lead": "t-fire"}))
    return joint_id


async def test_rectification_that_lasts_has_a_status_every_month(pool: Pool, owner: Connection) -> None:
    joint_id = await long_rectification(owner, pool)
    await advance(pool, local("2026-05-09T23:59"))
    assert await statuses(owner) == []
    for day in ("05-10T00:00", "05-10T10:00", "05-11T10:00", "05-31T23:59", "06-01T00:00", "06-20T10:00"):
        await advance(pool, local(f"2026-{day}"))
    first, second = await statuses(owner)
    assert (first["ticket_id"], first["level"], first["title"]) == (joint_id, "full", "路灯不亮整治月度进展")
    assert first["text"].startswith("自2026-03-11起整治60日,尚未销号。")
    assert (first["opened_at"], second["opened_at"]) == (local("2026-05-10T00:00"), local("2026-06-01T00:00"))
    assert second["due_at"] == local("2026-06-08T18:00")
    # The leader is back after weeks: of the months that are over nothing is told, and nobody is late for them.
    late = local("2026-09-15T10:00")
    for _ in range(2):
        await advance(pool, late)
    (third,) = (await statuses(owner))[2:]
    assert (third["opened_at"], third["breached_at"]) == (late, None)


async def test_relapse_after_months_owes_its_status_from_then_on(pool: Pool, owner: Connection) -> None:
    joint_id = await long_rectification(owner, pool)
    await put(owner, joint_id, "look_back")  # Closed out: only looked at again.
    await advance(pool, local("2026-07-19T10:00"))
    assert await statuses(owner) == []
    await put(owner, joint_id, "relapsed")
    await advance(pool, local("2026-07-20T10:00"))
    (status,) = await statuses(owner)
    assert (status["due_at"], status["breached_at"]) == (local("2026-07-27T18:00"), None)


async def test_more_than_a_batch_of_statuses_go_on_in_the_next_step(
    pool: Pool, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatcher.disclosure.stage.BATCH", 2)
    for _ in range(3):
        await long_rectification(owner, pool)
    for told in (2, 3, 3):
        await advance(pool, AT + 60 * DAY)
        assert len(await statuses(owner)) == told


async def test_what_lasts_is_looked_for_once_a_day(pool: Pool, owner: Connection) -> None:
    for hour in ("09:00", "10:00"):
        await advance(pool, local(f"2026-03-12T{hour}"))
    taken = await owner.fetchval("SELECT taken_at FROM disclosure_periods WHERE name = '2026-03-12'")
    assert taken == local("2026-03-12T09:00")


async def test_limit_of_a_status_is_said_in_days_or_refused(owner: Connection) -> None:
    for unit, kind in (("wd", None), ("d", "dust_pollution")):
        with pytest.raises(CheckViolationError):
            await owner.execute(
                "UPDATE limits SET unit = $1::text::limit_unit, kind = $2 WHERE clock = 'd_status'", unit, kind
            )


async def test_rolled_back_step_tells_the_status_again(pool: Pool, owner: Connection) -> None:
    await long_rectification(owner, pool)
    at = AT + 60 * DAY
    async with pool.acquire() as conn:
        killed = conn.transaction()
        await killed.start()
        assert (await stage_advance(await StepOfTown.begin(conn, at))).written > 0
        await killed.rollback()
    await advance(pool, at)
    assert len(await statuses(owner)) == 1


@pytest.mark.parametrize(
    ("kind", "levels"), [("dust_pollution", ["full"]), ("fire_lane_blocked", ["presence_only"]), ("elderly_sos", [])]
)
async def test_status_tells_no_more_than_its_kind_may(
    pool: Pool, owner: Connection, kind: str, levels: list[str]
) -> None:
    await long_rectification(owner, pool, kind)
    await advance(pool, AT + 60 * DAY)
    assert [row["level"] for row in await statuses(owner)] == levels
    assert await advance(pool, AT + 60 * DAY) == 0


async def test_rectification_that_ended_or_was_only_proposed_owes_no_status(pool: Pool, owner: Connection) -> None:
    for state, closed_at in (("proposed", None), ("rejected", AT)):
        await put(owner, await long_rectification(owner, pool), state, closed_at)
    await advance(pool, AT + 60 * DAY)
    assert await statuses(owner) == []


async def put(owner: Connection, ticket_id: int, state: str, closed_at: datetime | None = None) -> None:
    await owner.execute(
        "UPDATE tickets SET state = $2::text::ticket_state, closed_at = $3 WHERE id = $1", ticket_id, state, closed_at
    )


async def statuses(owner: Connection) -> list[dict[str, Any]]:
    rows = await owner.fetch("SELECT * FROM disclosures WHERE title LIKE '%月度进展' ORDER BY opened_at, id")
    return [dict(row) for row in rows]
