"""F64: gateways that misbehave in every way, and receipts in every order: nobody else waits, nothing goes backwards."""

import asyncio
import json
from contextlib import suppress

import aiohttp
import pytest

from dispatcher.channels import receipts, ways
from dispatcher.channels.errors import ReceiptUnknown, ReceiptUnsigned
from dispatcher.channels.model import Organisation, User
from dispatcher.channels.receipts import Receipt, ReceiptState
from dispatcher.channels.sender import Sender
from dispatcher.channels.ways import ChannelSettings, Provider
from runtime.pool import Connection, Pool
from tests.harness.receiver import (
    Raw,
    Receiver,
    answer,
    endless_headers,
    half_an_answer,
    no_http,
    running_raw,
    running_receiver,
)
from tests.harness.waiting import until_true
from tests.integration.dispatcher.channels.addressees import (
    AT,
    UNIT,
    add_point,
    attempts,
    message,
    plan,
    states,
    tell,
)
from tests.integration.dispatcher.channels.outbound import SECRET, make_due, sending, sms, until_attempt


async def take(pool: Pool, call_id: str, *told: Receipt) -> int:
    async with pool.acquire() as conn, conn.transaction():
        return await receipts.take(conn, "sms", call_id, told, AT)


async def test_a_text_message_is_handed_over_signed_with_its_key(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    receiver.answers["/sms"] = answer(202)
    point_id = await add_point(pool, wang)
    message_id = await tell(pool, wang, grade=2)
    settings = sms(f"{receiver.url}/sms")
    async with sending(pool, settings):
        sent = await until_attempt(owner, "state = 'sent'")
    ((_, headers, body),) = receiver.requests
    lowered = {name.lower(): value for name, value in headers.items()}
    key = f"message-{message_id}-{point_id}"
    assert receipts.verify(settings, "sms", lowered, body, ways.real_now()) == key
    told = json.loads(body)
    assert (told["id"], told["to"], told["channel"]) == (key, "13800138000", "sms")
    assert told["text"] == sent["body"]["text"]
    assert await states(owner, sent["id"]) == ["queued", "sent"]
    assert (await message(owner))["state"] == "under_way"


@pytest.mark.parametrize(
    ("raw", "said"),
    [(half_an_answer, "ServerDisconnectedError"), (no_http, "ClientResponseError"), (endless_headers, "")],
    ids=["half an answer", "no HTTP", "headers without end"],
)
async def test_an_answer_that_is_none_is_a_failed_try(
    wang: User, pool: Pool, owner: Connection, raw: Raw, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "TIMEOUT_S", 1.0)
    await add_point(pool, wang)
    await tell(pool, wang, grade=2)
    async with running_raw(raw) as url, sending(pool, sms(url)):
        failed = await until_attempt(owner, "last_error IS NOT NULL")
    assert failed["state"] == "ready"
    assert said in failed["last_error"]
    assert (await states(owner, failed["id"]))[:2] == ["queued", "failed"]


async def test_nobody_listening_and_a_certificate_of_nobody_are_failed_tries(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    """TLS spoken to a server that has none; then a port that nobody has."""
    await add_point(pool, wang)
    await tell(pool, wang, grade=2)
    async with sending(pool, sms(receiver.url.replace("http:", "https:"))):
        failed = await until_attempt(owner, "last_error IS NOT NULL")
    assert failed["state"] == "ready"
    await owner.execute("UPDATE outbox SET last_error = NULL")
    await make_due(owner)
    async with sending(pool, sms("http://127.0.0.1:9/")):
        refused = await until_attempt(owner, "last_error IS NOT NULL")
    assert "Connect" in refused["last_error"]
    assert receiver.requests == []


async def test_a_gateway_that_names_a_time_is_left_alone_until_then(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    receiver.answers["/sms"] = answer(429, headers={"Retry-After": "77"})
    await add_point(pool, wang)
    await tell(pool, wang, grade=2)
    async with sending(pool, sms(f"{receiver.url}/sms")) as sender:
        failed = await until_attempt(owner, "last_error IS NOT NULL")
        assert failed["last_error"] == "answered 429"
        wait = "SELECT EXTRACT(EPOCH FROM next_at - clock_timestamp()) FROM outbox"
        assert 60 < await owner.fetchval(wait) <= 77
        # Another message over the same gateway waits too, with no try of its own.
        await tell(pool, wang, "k2", grade=2)
        sender.wake()
        await until_true(owner, "SELECT count(*) = 2 FROM outbox")
        assert len(receiver.requests) == 1


async def test_a_gateway_that_nobody_set_is_no_way_and_the_next_one_follows(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    receiver.answers["/sms"] = answer(202)
    await add_point(pool, wang, "voice", position=1)
    await add_point(pool, wang, "sms", position=2)
    await tell(pool, wang)
    await plan(pool)
    async with sending(pool, sms(f"{receiver.url}/sms")) as sender:
        dead = await until_attempt(owner, "state = 'dead'")
        assert dead["attempts"] == 1
        assert await plan(pool, 0) == 1
        sender.wake()
        await receiver.until(1)
    assert await owner.fetchval("SELECT count(*) FROM stream_log WHERE topic = 'message.dead'") == 1


async def test_receipts_move_an_attempt_forwards_only_each_once_in_any_order(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    receiver.answers["/sms"] = answer(202)
    await add_point(pool, wang)
    await tell(pool, wang, grade=2)
    async with sending(pool, sms(f"{receiver.url}/sms")):
        sent = await until_attempt(owner, "state = 'sent'")
    key = sent["idempotency_key"]
    delivered, failed = Receipt(key, ReceiptState.DELIVERED, None), Receipt(key, ReceiptState.FAILED, "off")
    answered = Receipt(key, ReceiptState.ANSWERED, "1")
    assert await take(pool, "call-1", delivered) == 1
    assert await take(pool, "call-1", delivered) == 0  # the same call again
    assert await take(pool, "call-2", delivered) == 1  # the same said again
    assert await take(pool, "call-3", failed) == 1  # too late
    assert (await message(owner))["state"] == "reached"
    assert await take(pool, "call-4", answered, delivered) == 2  # out of order
    assert (await message(owner))["state"] == "answered"
    assert await states(owner, sent["id"]) == ["queued", "sent", "delivered", "answered"]
    applied = [row["applied"] for row in await owner.fetch("SELECT applied FROM receipts ORDER BY receipt_id")]
    assert applied == [True, False, False, True, False]


async def test_a_receipt_may_come_before_our_own_record_of_the_sending(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    receiver.answers["/sms"] = receiver.hang
    await add_point(pool, wang)
    await tell(pool, wang, grade=2)
    async with sending(pool, sms(f"{receiver.url}/sms")):
        await receiver.until(1)
        key = receiver.keys()[0]
        await take(pool, "call-1", Receipt(key, ReceiptState.DELIVERED, None))
        assert (await attempts(owner))[0]["state"] == "sent"  # nobody would send it again, were the sender killed now
        receiver.release.set()
        sent = await until_attempt(owner, "state = 'sent'")
    assert await states(owner, sent["id"]) == ["queued", "delivered"]
    assert (await message(owner))["state"] == "reached"


async def test_a_receipt_of_failure_sends_the_next_way(wang: User, pool: Pool, owner: Connection) -> None:
    await add_point(pool, wang, "sms", position=1)
    await add_point(pool, wang, "voice", position=2)
    await tell(pool, wang)
    await plan(pool)
    async with running_receiver() as gateway:
        gateway.answers["/"] = answer(202)
        async with sending(pool, sms(gateway.url)):
            sent = await until_attempt(owner, "state = 'sent'")
    await take(pool, "call-1", Receipt(sent["idempotency_key"], ReceiptState.FAILED, "空号"))
    assert await plan(pool, 0) == 1
    assert [row["channel"] for row in await attempts(owner)] == ["sms", "voice"]


async def test_a_receipt_of_failure_is_the_end_where_no_other_way_is_left(
    wang: User, pool: Pool, owner: Connection
) -> None:
    await add_point(pool, wang)
    await tell(pool, wang, grade=1)
    async with running_receiver() as gateway:
        gateway.answers["/"] = answer(202)
        async with sending(pool, sms(gateway.url)):
            sent = await until_attempt(owner, "state = 'sent'")
    await take(pool, "call-1", Receipt(sent["idempotency_key"], ReceiptState.FAILED, "空号"))
    await plan(pool, 0)
    found = await message(owner)
    assert (found["state"], found["reason"]) == ("unreached", "all_failed")


async def test_a_receipt_for_what_was_never_sent_over_this_channel_is_refused_with_all_beside_it(
    wang: User, pool: Pool, owner: Connection
) -> None:
    point_id = await add_point(pool, wang)
    voice_id = await add_point(pool, wang, "voice")
    message_id = await tell(pool, wang, grade=2)
    good = Receipt(f"message-{message_id}-{point_id}", ReceiptState.DELIVERED, None)
    for unknown in (f"message-{message_id}-{voice_id}", "message-9-9", f"ticket-{message_id}"):
        with pytest.raises(ReceiptUnknown):
            await take(pool, "call-1", good, Receipt(unknown, ReceiptState.DELIVERED, None))
    assert await owner.fetchval("SELECT count(*) FROM receipts") == 0


def test_receipts_of_a_channel_without_a_gateway_are_refused() -> None:
    with pytest.raises(ReceiptUnsigned):
        receipts.verify(ChannelSettings(), "sms", {}, b"", AT)
    with pytest.raises(ReceiptUnsigned):
        receipts.verify(sms("http://127.0.0.1/"), "mail", {}, b"", AT)


async def test_a_lane_that_failed_five_times_is_opened_and_costs_no_tries(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    receiver.answers["/sms"] = answer(500)
    await add_point(pool, wang)
    for n in range(12):
        await tell(pool, wang, f"k{n}", grade=2)
    sender = Sender(pool, sms(f"{receiver.url}/sms"), now=lambda: AT, open_s=3600.0)
    task = asyncio.create_task(sender.run())
    try:
        await receiver.until(5)
        await until_true(owner, "SELECT bool_and(lease_until IS NULL) FROM outbox")
        await make_due(owner)
        sender.wake()
        receiver.answers["/webhook"] = answer(200)
        await add_point(pool, Organisation(UNIT), "webhook", f"{receiver.url}/webhook", secret=SECRET)
        await tell(pool, Organisation(UNIT), "other", grade=2)
        sender.wake()
        await until_true(owner, "SELECT count(*) = 1 FROM outbox WHERE last_error LIKE 'AddressNotAllowed%'")
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    # Four were under way when the first failed; the fifth failure opened the lane.
    assert 5 <= len(receiver.of("/sms")) <= 8
    assert await owner.fetchval("SELECT count(*) FROM outbox WHERE attempts = 0 AND channel = 'sms'") >= 4


async def test_an_attempt_that_cannot_be_sent_stops_no_other(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    receiver.answers["/sms"] = answer(202)
    await add_point(pool, wang)
    await tell(pool, wang, "broken", grade=2)
    await owner.execute("UPDATE outbox SET body = body - 'text'")
    await tell(pool, wang, "whole", grade=2)
    async with sending(pool, sms(f"{receiver.url}/sms")):
        await receiver.until(1)
        await until_true(owner, "SELECT count(*) = 1 FROM outbox WHERE last_error LIKE 'KeyError%'")
    assert {row["state"] for row in await attempts(owner)} == {"ready", "sent"}


async def test_a_contact_point_s_webhook_reaches_no_address_of_the_inside(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    receiver.answers["/hook"] = answer(200)
    for host in ("127.0.0.1", "localhost", "169.254.169.254"):
        address = receiver.url.replace("127.0.0.1", host) + "/hook"
        await add_point(pool, wang, "webhook", address, secret=SECRET)
    await tell(pool, wang, grade=2)
    async with sending(pool, ChannelSettings(sms=Provider(receiver.url, SECRET))):
        await until_attempt(owner, "last_error IS NOT NULL")
        assert all("not a public address" in row["last_error"] for row in await attempts(owner))
    assert receiver.requests == []
    async with sending(pool, ChannelSettings(allow_private=True)) as sender:
        await owner.execute("DELETE FROM message_attempts")
        await owner.execute("DELETE FROM outbox WHERE last_error LIKE '%169.254%'")
        await make_due(owner)
        sender.wake()
        await until_attempt(owner, "state = 'sent' AND progress = 'delivered'")


async def test_outward_connections_use_no_proxy_and_keep_no_cookie() -> None:
    async with ways.session(guarded=True) as http:
        assert isinstance(http.cookie_jar, aiohttp.DummyCookieJar)
        assert not http.trust_env
