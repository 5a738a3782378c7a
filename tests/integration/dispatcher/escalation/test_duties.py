"""Gaps are warned of once, ahead; persons are tested on time, and whoever does not answer raises an alarm."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatcher.channels import messages, outbox, planning, settling
from dispatcher.channels.model import AttemptState
from dispatcher.escalation import answering, duties
from registry.rosters import changes
from registry.rosters.changes import Span
from registry.rosters.model import DutyRole
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.escalation.crew import BY, DAY, contact, roster, rotate
from tests.integration.dispatcher.tickets.town import AT, StepOfTown

H = timedelta(hours=1)


async def advance(pool: Pool, at: datetime) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return (await duties.advance(await StepOfTown.begin(conn, at))).written


async def bring(pool: Pool, at: datetime) -> None:
    """What may leave is planned, sent and delivered; nobody answers."""
    async with transaction(pool, scope=SYSTEM) as conn:
        await planning.plan_due(conn, at)
    async with pool.acquire() as conn:
        for parcel in await outbox.claim(conn, 100, each=100, room={}):
            assert await outbox.finish(conn, parcel, AttemptState.DELIVERED, at)
            await settling.settle(conn, parcel.id, at)


async def rows(pool: Pool, sql: str) -> list[dict[str, Any]]:
    async with pool.acquire() as conn:
        return [dict(row) for row in await conn.fetch(sql)]


async def gaps(pool: Pool) -> list[tuple[datetime, datetime | None, bool]]:
    found = await rows(pool, "SELECT from_at, until_at, settled_at IS NOT NULL AS settled FROM roster_gaps ORDER BY id")
    return [(row["from_at"], row["until_at"], row["settled"]) for row in found]


async def warnings(pool: Pool) -> int:
    (found,) = await rows(pool, "SELECT count(*) FROM stream_log WHERE topic = 'duty.gap'")
    return int(found["count"])


@pytest.fixture
async def roster_id(owner: Connection) -> int:
    """One person, every day, from AT on."""
    return await roster(owner, "t-fire", DutyRole.ON_DUTY, [await contact(owner, "t-fire", "甲")])


async def ended(conn: Connection, roster_id: int, ends_at: datetime) -> None:
    """The rotation has nobody from then on."""
    await conn.execute(
        "INSERT INTO rotations (roster_id, number, version, handover_time, shift_length, shift_unit, valid_from,"
        " source, entered_at, entered_by) VALUES ($1, 1, 2, '08:00', 1, 'day', $2, 'test', $2, 'user:1')",
        roster_id,
        ends_at,
    )


async def test_gap_is_warned_of_thirty_days_ahead_once(pool: Pool, owner: Connection, roster_id: int) -> None:
    begins = AT + 40 * DAY
    await ended(owner, roster_id, begins)
    await owner.execute("UPDATE contacts SET test_at = $1", AT + 400 * DAY)
    assert await advance(pool, AT) == 0
    assert await gaps(pool) == []
    assert await advance(pool, begins - 30 * DAY) == 0
    assert await advance(pool, begins - 30 * DAY + 6 * H) == 1
    assert await gaps(pool) == [(begins, None, False)]
    for hours in range(12, 24 * 35, 6):  # Also while it runs.
        assert await advance(pool, begins - 30 * DAY + hours * H) == 0
    assert (await warnings(pool), await gaps(pool)) == (1, [(begins, None, False)])
    (message,) = await rows(pool, "SELECT u.login FROM messages m JOIN users u ON u.id = m.user_id")
    assert message["login"] == "fire.head"  # Who keeps the roster can fill it.


async def test_gap_of_a_unit_without_a_head_is_told_to_the_unit(pool: Pool, owner: Connection) -> None:
    await roster(owner, "t-police", DutyRole.ON_DUTY)
    await advance(pool, AT)
    (message,) = await rows(pool, "SELECT key, organisation_id FROM messages")
    assert message["organisation_id"] == "t-police"


async def test_gap_that_somebody_fills_is_settled_and_another_is_warned_of(
    pool: Pool, owner: Connection, roster_id: int
) -> None:
    begins, first = AT + 5 * DAY, await contact(owner, "t-fire", "乙")
    await owner.execute("UPDATE contacts SET test_at = $1", AT + 400 * DAY)
    await ended(owner, roster_id, begins)
    assert await advance(pool, AT) == 1
    middle = Span(1, first, begins + DAY, begins + 2 * DAY)
    await changes.override(owner, roster_id, middle, "顶班", BY, AT)
    assert await advance(pool, AT) == 1
    assert await gaps(pool) == [(begins, begins + DAY, False), (begins + 2 * DAY, None, False)]
    await rotate(owner, roster_id, [first], number=2)
    assert await advance(pool, AT) == 2
    assert [settled for _, _, settled in await gaps(pool)] == [True, True]
    assert await warnings(pool) == 2


async def test_two_gaps_that_became_one_are_one(pool: Pool, owner: Connection, roster_id: int) -> None:
    begins, first = AT + 5 * DAY, await contact(owner, "t-fire", "乙")
    await owner.execute("UPDATE contacts SET test_at = $1", AT + 400 * DAY)
    await ended(owner, roster_id, begins)
    stand_in = await changes.override(owner, roster_id, Span(1, first, begins + DAY, begins + 2 * DAY), "顶班", BY, AT)
    assert await advance(pool, AT) == 2
    await changes.cancel_override(owner, roster_id, stand_in, BY, AT)
    assert await advance(pool, AT) == 1
    assert await gaps(pool) == [(begins, None, False), (begins + 2 * DAY, None, True)]


async def test_gaps_that_move_into_each_other_s_old_times_stop_no_step(
    pool: Pool, owner: Connection, roster_id: int
) -> None:
    first = await contact(owner, "t-fire", "乙")
    await owner.execute("UPDATE contacts SET test_at = $1", AT + 400 * DAY)
    await ended(owner, roster_id, AT + DAY)

    async def filled(*days: tuple[int, int]) -> list[int]:
        return [
            await changes.override(owner, roster_id, Span(1, first, AT + a * DAY, AT + b * DAY), "顶班", BY, AT)
            for a, b in days
        ]

    filling = await filled((1, 10), (15, 20), (25, 99))
    await advance(pool, AT)
    assert await gaps(pool) == [(AT + 10 * DAY, AT + 15 * DAY, False), (AT + 20 * DAY, AT + 25 * DAY, False)]
    for stand_in in filling:
        await changes.cancel_override(owner, roster_id, stand_in, BY, AT)
    await filled((1, 5), (21, 23), (25, 99))
    await advance(pool, AT)
    assert await gaps(pool) == [(AT + 5 * DAY, AT + 21 * DAY, False), (AT + 23 * DAY, AT + 25 * DAY, False)]


async def test_person_is_tested_when_it_is_due_and_an_answer_passes(pool: Pool, owner: Connection) -> None:
    contact_id = await contact(owner, "t-fire", "甲")
    assert await advance(pool, AT) == 1
    assert await advance(pool, AT) == 0
    (test,) = await rows(pool, "SELECT id, number, state::text, answer_by FROM reachability_tests")
    assert (test["number"], test["state"], test["answer_by"]) == (1, "sent", AT + 24 * H)
    (message,) = await rows(pool, "SELECT key, contact_id FROM messages")
    assert message == {"key": f"test-{test['id']}", "contact_id": contact_id}
    async with transaction(pool, scope=SYSTEM) as conn:
        await answering.pass_test(conn, test["id"], BY, AT + H)
    assert await advance(pool, AT + 25 * H) == 0
    assert await advance(pool, AT + 30 * DAY) == 1  # The next one.
    states = await rows(pool, "SELECT number, state::text FROM reachability_tests ORDER BY number")
    assert [row["state"] for row in states] == ["passed", "sent"]


async def test_test_without_an_answer_fails_once_and_is_alarmed(pool: Pool, owner: Connection) -> None:
    await contact(owner, "t-fire", "甲")
    await advance(pool, AT)
    await bring(pool, AT)
    assert await advance(pool, AT + 24 * H - timedelta(seconds=1)) == 0
    assert await advance(pool, AT + 24 * H) == 1
    assert await advance(pool, AT + 24 * H) == 0
    (alarm,) = await rows(pool, "SELECT body FROM stream_log WHERE topic = 'duty.unreachable'")
    assert alarm["body"]["contact"]["organisation_id"] == "t-fire"


async def test_time_for_an_answer_runs_from_when_the_person_was_asked(pool: Pool, owner: Connection) -> None:
    """Held for the night, or left behind by a clock that was moved: nobody has failed what he never got."""
    await contact(owner, "t-fire", "甲")
    await advance(pool, AT)
    asked_at = AT + 3 * DAY
    assert await advance(pool, asked_at) == 0  # Not even planned.
    for hours in (0, 1, 2):
        async with transaction(pool, scope=SYSTEM) as conn:
            await planning.plan_due(conn, asked_at + hours * H)
    assert await rows(pool, "SELECT state::text, reason FROM messages") == [
        {"state": "unreached", "reason": "no_receipt"}
    ]
    asked_at += 3 * H
    assert await advance(pool, asked_at) == 0  # Every way was chosen, and nothing has been sent yet.
    await bring(pool, asked_at)
    assert await advance(pool, asked_at + 24 * H - timedelta(seconds=1)) == 0
    assert await advance(pool, asked_at + 24 * H) == 1


async def test_person_for_whom_no_way_is_found_cannot_be_reached(pool: Pool, owner: Connection) -> None:
    await contact(owner, "t-fire", "甲")
    await owner.execute("UPDATE contact_points SET enabled = false")
    await advance(pool, AT)
    await bring(pool, AT)
    assert await rows(pool, "SELECT state::text FROM messages") == [{"state": "unreached"}]
    assert await advance(pool, AT + 24 * H) == 1


async def test_whoever_has_left_is_neither_tested_nor_missed(pool: Pool, owner: Connection) -> None:
    user_id = await owner.fetchval("SELECT id FROM users WHERE login = 'fire.hand'")
    await contact(owner, "t-fire", "甲", user_id=user_id)
    assert await advance(pool, AT) == 1
    await owner.execute("UPDATE users SET enabled = false WHERE id = $1", user_id)
    await advance(pool, AT + 40 * DAY)
    assert await rows(pool, "SELECT state::text FROM reachability_tests") == [{"state": "failed"}]
    assert await rows(pool, "SELECT 1 FROM stream_log WHERE topic = 'duty.unreachable'") == []


async def test_answer_to_the_message_itself_passes_the_test(pool: Pool, owner: Connection) -> None:
    await contact(owner, "t-fire", "甲")
    await advance(pool, AT)
    await messages.answer(owner, await owner.fetchval("SELECT id FROM messages"), by=None, at=AT + H)
    assert await advance(pool, AT + 24 * H) == 0
    (test,) = await rows(pool, "SELECT state::text FROM reachability_tests")
    assert test["state"] == "passed"


async def test_step_that_is_rolled_back_tests_and_warns_again(pool: Pool, owner: Connection, roster_id: int) -> None:
    await ended(owner, roster_id, AT + 5 * DAY)
    async with pool.acquire() as conn:
        killed = conn.transaction()
        await killed.start()
        assert (await duties.advance(await StepOfTown.begin(conn, AT))).written == 2
        await killed.rollback()
    assert await advance(pool, AT) == 2
    assert await advance(pool, AT) == 0
    assert await warnings(pool) == 1
