"""How messages find their way: at once or held, alone or together, one contact point after the other or all at once."""

from datetime import UTC, datetime, time, timedelta

import asyncpg
import pytest

from dispatcher.channels import messages, outbox, settling
from dispatcher.channels.model import AttemptState, Caller, Contact, MessageState, Organisation, User
from dispatcher.channels.outbox import Parcel
from runtime.pool import Connection, Pool
from tests.integration.dispatcher.channels.addressees import (
    AT,
    FIELDS,
    REMINDER,
    UNIT,
    add_point,
    add_user,
    attempts,
    build,
    message,
    plan,
    states,
    tell,
)

NIGHT_S = 14 * 3600  # 02:00 in Chengdu


@pytest.fixture
async def wang(owner: Connection) -> User:
    await build(owner)
    return await add_user(owner)


async def finish(pool: Pool, state: AttemptState | None, *, channel: str | None = None, after_s: float = 0) -> Parcel:
    """The sender's part: the oldest due attempt, or that of a channel, ends so; None: dead."""
    at = AT + timedelta(seconds=after_s)
    async with pool.acquire() as conn:
        parcels = await outbox.claim(conn, 100, each=100, room={})
        (parcel, *_) = [each for each in parcels if channel in (None, each.channel)]
        await conn.execute(
            "UPDATE outbox SET lease_until = NULL, attempts = attempts - 1 WHERE id = ANY($1)",
            [each.id for each in parcels if each.id != parcel.id],
        )
        async with conn.transaction():
            await settling.hold_messages(conn, [parcel.id])
            if state is None:
                assert await outbox.postpone(conn, parcel, "answered 500", at, for_good=True)
            else:
                assert await outbox.finish(conn, parcel, state, at)
            await settling.settle(conn, parcel.id, at)
    return parcel


async def test_a_key_is_one_message(wang: User, pool: Pool, owner: Connection) -> None:
    assert await tell(pool, wang) == await tell(pool, wang, at=AT + timedelta(hours=1))
    assert await owner.fetchval("SELECT count(*) FROM messages") == 1


async def test_what_is_grave_goes_everywhere_at_once_in_the_sender_s_own_transaction(
    wang: User, pool: Pool, owner: Connection
) -> None:
    for channel, address in (("sms", "13800138000"), ("voice", "13800138000"), ("mail", "wang@example.org")):
        await add_point(pool, wang, channel, address)
    at = AT + timedelta(seconds=NIGHT_S)
    await tell(pool, wang, grade=2, topic="ticket.paged", fields=FIELDS, at=at)
    await tell(pool, wang, "k2", grade=1, topic="ticket.paged", fields=FIELDS, at=at)
    sent = await attempts(owner)
    assert [row["channel"] for row in sent] == ["sms", "voice", "mail"] * 2
    assert {row["grade"] for row in sent} == {1, 2}
    assert (await message(owner))["state"] == "under_way"


async def test_what_is_mild_goes_to_one_contact_point_after_the_other(
    wang: User, pool: Pool, owner: Connection
) -> None:
    await add_point(pool, wang, "sms", position=1)
    await add_point(pool, wang, "voice", position=2)
    await tell(pool, wang)
    assert await attempts(owner) == []
    assert await plan(pool) == 1
    await finish(pool, AttemptState.SENT)
    assert (await message(owner))["state"] == "under_way"  # sent is not delivered
    assert await plan(pool, 299) == 0
    assert await plan(pool, 300) == 1
    assert [row["channel"] for row in await attempts(owner)] == ["sms", "voice"]


async def test_the_next_contact_point_follows_at_once_where_one_is_given_up(
    wang: User, pool: Pool, owner: Connection
) -> None:
    await add_point(pool, wang, "sms", position=1)
    await add_point(pool, wang, "voice", position=2)
    await tell(pool, wang)
    await plan(pool)
    await finish(pool, None, after_s=5)
    assert await plan(pool, 5) == 1
    await finish(pool, AttemptState.DELIVERED, after_s=6)
    found = await message(owner)
    assert (found["state"], found["reached_at"], found["next_at"]) == ("reached", AT + timedelta(seconds=6), None)
    assert await plan(pool, 9999) == 0


async def test_without_receipts_sent_is_all_that_is_known(wang: User, pool: Pool, owner: Connection) -> None:
    await add_point(pool, wang, "mail", "wang@example.org")
    await tell(pool, wang)
    await plan(pool)
    await finish(pool, AttemptState.SENT)
    assert (await message(owner))["state"] == "reached"


async def test_nobody_to_tell_is_said_and_alarmed(wang: User, pool: Pool, owner: Connection) -> None:
    await tell(pool, wang, "mild")
    await tell(pool, wang, "grave", grade=1)
    await plan(pool)
    for key in ("mild", "grave"):
        found = await message(owner, key)
        assert (found["state"], found["reason"]) == ("unreached", "no_contact_point")
    assert await owner.fetchval("SELECT count(*) FROM stream_log WHERE topic = 'message.unreached'") == 2


async def test_what_failed_everywhere_is_alarmed_once_and_a_late_receipt_mends_it(
    wang: User, pool: Pool, owner: Connection
) -> None:
    await add_point(pool, wang, "sms")
    await add_point(pool, wang, "voice")
    await tell(pool, wang, grade=2)
    await finish(pool, None, channel="sms")
    await plan(pool, 1)
    assert (await message(owner))["state"] == "under_way"  # the call may still reach
    await finish(pool, None, channel="voice")
    await plan(pool, 2)
    found = await message(owner)
    assert (found["state"], found["reason"]) == ("unreached", "all_failed")
    await plan(pool, 9999)
    assert await owner.fetchval("SELECT count(*) FROM stream_log WHERE topic = 'message.unreached'") == 1
    async with pool.acquire() as conn, conn.transaction():
        (sms, _) = await attempts(owner)
        await conn.execute("UPDATE outbox SET progress = 'delivered', progress_at = $2 WHERE id = $1", sms["id"], AT)
        await settling.settle(conn, sms["id"], AT)
    assert (await message(owner))["state"] == "reached"
    assert await states(owner, sms["id"]) == ["queued", "dead", "delivered"]


async def test_sent_and_never_receipted_is_alarmed_when_the_time_is_over(
    wang: User, pool: Pool, owner: Connection
) -> None:
    await add_point(pool, wang, "sms")
    await tell(pool, wang, grade=1)
    await finish(pool, AttemptState.SENT)
    await plan(pool, 59)
    assert (await message(owner))["state"] == "under_way"
    await plan(pool, 60)
    found = await message(owner)
    assert (found["state"], found["reason"]) == ("unreached", "no_receipt")


async def test_what_waits_for_one_person_goes_together(wang: User, pool: Pool, owner: Connection) -> None:
    await add_point(pool, wang, "sms")
    for n in range(14):
        await tell(pool, wang, f"k{n}", grade=4)
    assert await plan(pool) == 1  # nothing was told before: what is due together leaves together
    for n in range(14, 17):
        await tell(pool, wang, f"k{n}", grade=4, at=AT + timedelta(seconds=10))
        assert await plan(pool, 10) == 0
    held = await owner.fetch("SELECT reason, until FROM message_holds")
    assert {row["reason"] for row in held} == {"throttled"}  # once a minute; then bundled till five minutes are over
    await plan(pool, 60)
    assert (await message(owner, "k14"))["reason"] == "bundled"
    assert await plan(pool, 300) == 1
    first, second = await attempts(owner)
    assert first["body"]["text"].count("\n") == 11
    assert first["body"]["text"].splitlines()[0] == "14 条消息"
    assert first["body"]["text"].endswith("另有 4 条，请登录查看。")
    assert second["body"]["text"].splitlines()[0] == "3 条消息"
    assert await owner.fetchval("SELECT count(*) FROM message_attempts") == 17
    await finish(pool, AttemptState.DELIVERED)
    assert await owner.fetchval("SELECT count(*) FROM messages WHERE state = 'reached'") == 14


async def test_a_storm_reaches_a_person_as_often_as_goalert_allows(wang: User, pool: Pool, owner: Connection) -> None:
    """Complaint 1: one outage, thousands of messages. Every one of them arrives, in few attempts."""
    await add_point(pool, wang, "sms")
    for n in range(0, 3600, 20):
        await tell(pool, wang, f"k{n}", at=AT + timedelta(seconds=n))
        await plan(pool, n)
    for n in range(3600, 9000, 60):
        await plan(pool, n)
    told = [row["created_at"] for row in await attempts(owner)]
    for count, per_s in ((1, 60), (5, 900), (11, 3600), (21, 10800)):
        for at in told:
            assert sum(at - timedelta(seconds=per_s) < each <= at for each in told) <= count
    assert await owner.fetchval("SELECT count(DISTINCT message_id) FROM message_attempts") == 180
    assert await owner.fetchval("SELECT count(*) FROM messages WHERE state = 'waiting'") == 0


async def test_quiet_hours_hold_what_is_mild_till_the_morning(wang: User, pool: Pool, owner: Connection) -> None:
    await add_point(pool, wang, "sms")
    night = AT + timedelta(seconds=NIGHT_S)
    await tell(pool, wang, grade=4, at=night)
    assert await plan(pool, NIGHT_S) == 0
    found = await message(owner)
    assert (found["reason"], found["next_at"]) == ("quiet_hours", datetime(2026, 11, 23, 0, 0, tzinfo=UTC))
    assert await plan(pool, NIGHT_S + 6 * 3600) == 1


async def test_a_person_s_own_quiet_hours_stand_instead_of_the_grade_s(
    wang: User, pool: Pool, owner: Connection
) -> None:
    await add_point(pool, wang, "sms", quiet=(time(11), time(13)))
    await tell(pool, wang, grade=4)
    assert await plan(pool) == 0
    assert (await message(owner))["next_at"] == AT + timedelta(hours=1)
    await tell(pool, wang, "night", grade=4, at=AT + timedelta(seconds=NIGHT_S))
    assert await plan(pool, NIGHT_S) == 1


async def test_limits_count_a_person_s_attempts_whichever_way_the_person_is_named(
    wang: User, pool: Pool, owner: Connection
) -> None:
    contact_id = await owner.fetchval(
        "INSERT INTO contacts (organisation_id, user_id, zh_name, phone, entered_at, entered_by, test_at)"
        " VALUES ($1, $2, '王', '138-0013-8000', $3, 'user:1', $3) RETURNING id",
        UNIT,
        wang.user_id,
        AT,
    )
    await add_point(pool, wang, "sms", "13900139000")
    await tell(pool, Contact(contact_id), "a")
    assert await plan(pool) == 1
    await tell(pool, wang, "b")
    assert await plan(pool, 1) == 0
    assert (await message(owner, "b"))["reason"] == "throttled"


async def test_two_telephones_of_one_person_are_one_person_in_one_step_too(
    wang: User, pool: Pool, owner: Connection
) -> None:
    await add_point(pool, wang, "sms", "13800138000", position=1)
    await add_point(pool, wang, "sms", "13900139000", position=2)
    await tell(pool, wang, "first")
    await plan(pool)
    await finish(pool, None)  # its next way is the second telephone
    await tell(pool, wang, "second")  # its way is the first
    assert await plan(pool, 60) == 1
    assert await plan(pool, 120) == 1


async def test_the_telephone_of_a_roster_s_person_is_a_contact_point(wang: User, pool: Pool, owner: Connection) -> None:
    contact_id = await owner.fetchval(
        "INSERT INTO contacts (organisation_id, zh_name, phone, entered_at, entered_by, test_at)"
        " VALUES ($1, '李', '028-8666-0001', $2, 'user:1', $2) RETURNING id",
        UNIT,
        AT,
    )
    enabled = "SELECT channel, address FROM contact_points WHERE contact_id = $1 AND enabled ORDER BY position"
    both = [("sms", "02886660001"), ("voice", "02886660001")]
    assert [tuple(row) for row in await owner.fetch(enabled, contact_id)] == both
    await owner.execute("UPDATE contacts SET phone = '02886660002' WHERE id = $1", contact_id)
    assert {row["address"] for row in await owner.fetch(enabled, contact_id)} == {"02886660002"}
    await owner.execute("UPDATE contacts SET enabled = false WHERE id = $1", contact_id)
    assert await owner.fetch(enabled, contact_id) == []
    await owner.execute("UPDATE contacts SET enabled = true, phone = '028-8666-0001' WHERE id = $1", contact_id)
    assert [tuple(row) for row in await owner.fetch(enabled, contact_id)] == both


async def test_a_caller_is_told_over_the_number_of_the_call(wang: User, pool: Pool, owner: Connection) -> None:
    call = (
        "INSERT INTO hotline_calls"
        " (idempotency_key, content_hash, received_at, text, caller_phone, anonymous, confidential)"
    )
    call_id = await owner.fetchval(
        f"{call} VALUES ('a', $1, $2, 'x', '138 0013 8000', false, false) RETURNING id", bytes(8), AT
    )
    silent_id = await owner.fetchval(f"{call} VALUES ('b', $1, $2, 'x', NULL, true, false) RETURNING id", bytes(8), AT)
    text = {"number": "CR-20261122-00001"}
    await tell(pool, Caller(call_id), "a", topic="callback.text", fields=text)
    await tell(pool, Caller(silent_id), "b", topic="callback.text", fields=text)
    assert await plan(pool) == 1
    async with pool.acquire() as conn:
        (parcel,) = await outbox.claim(conn, 10, each=10, room={})
    assert parcel.address == "13800138000"
    assert "13800138000" not in repr(parcel)
    assert (await message(owner, "b"))["reason"] == "no_contact_point"


async def test_an_unverified_or_disabled_contact_point_is_told_nothing(
    wang: User, pool: Pool, owner: Connection
) -> None:
    await add_point(pool, wang, "sms", verified=False)
    disabled = await add_point(pool, wang, "voice")
    await owner.execute("UPDATE contact_points SET enabled = false WHERE id = $1", disabled)
    await tell(pool, wang, grade=1)
    assert await attempts(owner) == []


async def test_an_answer_stops_what_has_not_left(wang: User, pool: Pool, owner: Connection) -> None:
    await add_point(pool, wang, "sms")
    await add_point(pool, wang, "voice")
    message_id = await tell(pool, wang, grade=2)
    await finish(pool, AttemptState.SENT, channel="sms")
    async with pool.acquire() as conn:
        assert await messages.answer(conn, message_id, by=wang.user_id, at=AT)
        assert not await messages.answer(conn, message_id, by=wang.user_id, at=AT)
        assert await outbox.claim(conn, 10, each=10, room={}) == []
        known = await messages.standing(conn, "k")
    assert known is not None
    assert (known.state, known.answered_at) == (MessageState.ANSWERED, AT)
    sms, voice = await attempts(owner)
    assert await states(owner, sms["id"]) == ["queued", "sent"]
    assert await states(owner, voice["id"]) == ["queued", "cancelled"]


async def test_what_is_cancelled_while_it_is_being_sent_has_been_sent(
    wang: User, pool: Pool, owner: Connection
) -> None:
    await add_point(pool, wang, "sms")
    message_id = await tell(pool, wang, grade=2)
    async with pool.acquire() as conn:
        (parcel,) = await outbox.claim(conn, 10, each=10, room={})
        await messages.answer(conn, message_id, by=wang.user_id, at=AT)
        assert await outbox.finish(conn, parcel, AttemptState.SENT, AT)
        await settling.settle(conn, parcel.id, AT)
    (attempt,) = await attempts(owner)
    assert (attempt["state"], await states(owner, attempt["id"])) == ("sent", ["queued", "cancelled", "sent"])
    assert (await message(owner))["state"] == "answered"


async def test_whose_log_in_is_closed_is_told_nothing(wang: User, pool: Pool, owner: Connection) -> None:
    await add_point(pool, wang)
    await owner.execute("UPDATE users SET enabled = false")
    await tell(pool, wang, grade=1)
    assert await attempts(owner) == []


async def test_a_bundle_leaves_as_long_as_one_message_in_it_is_wanted(
    wang: User, pool: Pool, owner: Connection
) -> None:
    await add_point(pool, wang, "sms")
    for key in ("a", "b"):
        await tell(pool, wang, key)
    await plan(pool)
    async with pool.acquire() as conn:
        assert await messages.cancel(conn, "a", reason="ticket_closed", at=AT)
        assert (await attempts(owner))[0]["state"] == "ready"
        assert await messages.cancel(conn, "b", reason="ticket_closed", at=AT)
        assert not await messages.cancel(conn, "b", reason="ticket_closed", at=AT)
    assert (await attempts(owner))[0]["state"] == "cancelled"


async def test_what_is_over_is_never_planned(wang: User, pool: Pool, owner: Connection) -> None:
    await add_point(pool, wang, "sms")
    await tell(pool, wang)
    async with pool.acquire() as conn:
        await messages.cancel(conn, "k", reason="ticket_closed", at=AT)
        assert await messages.standing(conn, "unknown") is None
    assert await plan(pool) == 0


async def test_an_organisation_is_told_over_its_own_contact_points(wang: User, pool: Pool, owner: Connection) -> None:
    await add_point(pool, wang, "sms")
    await add_point(pool, Organisation(UNIT), "dingtalk", "a" * 32)
    await tell(pool, Organisation(UNIT), grade=1)
    assert [row["channel"] for row in await attempts(owner)] == ["dingtalk"]


async def test_an_attempt_never_goes_back(wang: User, pool: Pool, owner: Connection) -> None:
    await add_point(pool, wang, "sms")
    await tell(pool, wang, grade=1)
    await owner.execute("UPDATE outbox SET progress = 'delivered'")
    for state in ("queued", "sent", "failed", "dead", "cancelled"):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute("UPDATE outbox SET progress = $1::text::attempt_state", state)


async def test_more_than_a_batch_is_planned_in_several_steps(wang: User, pool: Pool, owner: Connection) -> None:
    await add_point(pool, wang, "mail", "wang@example.org")
    async with pool.acquire() as conn, conn.transaction():
        for n in range(205):
            await messages.send(
                conn, key=f"k{n}", to=wang, ticket_id=None, topic="ticket.reminder", grade=3, fields=REMINDER, at=AT
            )
    assert await plan(pool) == 1
    assert await owner.fetchval("SELECT count(*) FROM messages WHERE state = 'waiting'") == 5
    assert await plan(pool) == 0  # once a minute
    assert await plan(pool, 60) == 1
