"""The outbox and the webhook channel against a receiver that misbehaves in every way."""

import base64
import hashlib
import hmac
import json
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from dispatcher.channels import outbox, sender, ways
from dispatcher.channels.model import AttemptState
from dispatcher.channels.ways import ChannelSettings
from runtime.pool import Connection, Pool
from tests.harness.doors import until
from tests.harness.receiver import (
    Answer,
    Receiver,
    answer,
    break_off_after_the_status,
    close_at_once,
    ten_megabytes,
)
from tests.integration.dispatcher.channels.addressees import AT, UNIT, attempts, build
from tests.integration.dispatcher.channels.outbound import SECRET, make_due, sending, until_attempt

OPEN = ChannelSettings(allow_private=True)


@pytest.fixture(autouse=True)
async def _unit(owner: Connection) -> None:
    await build(owner)


async def endpoint(pool: Pool, url: str, secret: str = SECRET) -> int:
    async with pool.acquire() as conn:
        return await outbox.add_endpoint(conn, organisation_id=UNIT, url=url, secret=secret)


async def put(pool: Pool, key: str, **body: Any) -> int:
    async with pool.acquire() as conn:
        return await outbox.enqueue(
            conn,
            idempotency_key=key,
            organisation_id=UNIT,
            ticket_id=None,
            topic="ticket.changed",
            body={"key": key, **body},
            at=AT,
        )


async def row(owner: Connection) -> dict[str, Any]:
    (found,) = await attempts(owner)
    return found


def verify(headers: dict[str, str], body: bytes, secret: str = SECRET) -> None:
    """The receiver's side of Standard Webhooks, written from its text alone."""
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    given = [part.split(",", 1) for part in headers["webhook-signature"].split(" ")]
    assert any(
        version == "v1" and hmac.compare_digest(base64.b64decode(signature), mac) for version, signature in given
    )


async def test_a_message_is_a_signed_cloud_event(receiver: Receiver, pool: Pool, owner: Connection) -> None:
    receiver.answers["/hook"] = answer(200)
    endpoint_id = await endpoint(pool, f"{receiver.url}/hook")
    assert await put(pool, "ticket-1-2", 名="一号") == 1
    assert await put(pool, "ticket-1-2", 名="一号") == 0  # the same fact again
    async with sending(pool, OPEN):
        await until_attempt(owner, "state = 'sent'")
    ((_, headers, body),) = receiver.requests
    verify(headers, body)
    with pytest.raises(AssertionError):
        verify(headers, body + b" ")
    event = json.loads(body)
    assert headers["Idempotency-Key"] == headers["webhook-id"] == event["id"] == f"ticket-1-2:{endpoint_id}"
    assert headers["Content-Type"] == "application/cloudevents+json"
    assert (event["specversion"], event["type"]) == ("1.0", "cn.chengdu.community.ticket.changed.v1")
    assert event["data"] == {"key": "ticket-1-2", "名": "一号"}
    assert "Cookie" not in headers


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (answer(500), "answered 500"),
        (answer(302, headers={"Location": "/elsewhere"}), "answered 302"),
        (close_at_once, "ServerDisconnectedError"),
    ],
    ids=["500", "redirect", "closes early"],
)
async def test_a_failed_attempt_is_repeated_with_the_same_key_and_a_signature_that_holds(
    receiver: Receiver, pool: Pool, owner: Connection, first: Answer, said: str
) -> None:
    receiver.answers["/hook"] = first
    await endpoint(pool, f"{receiver.url}/hook")
    await put(pool, "k")
    async with sending(pool, OPEN) as running:
        failed = await until_attempt(owner, "last_error IS NOT NULL")
        assert (failed["state"], failed["attempts"], failed["lease_until"]) == ("ready", 1, None)
        assert said in failed["last_error"]
        receiver.answers["/hook"] = answer(200)
        await make_due(owner)
        running.wake()
        await until_attempt(owner, "state = 'sent'")
    assert len(receiver.of("/hook")) == 2
    assert receiver.of("/elsewhere") == []
    assert len(set(receiver.keys())) == 1
    for _, headers, body in receiver.requests:
        verify(headers, body)


@pytest.mark.parametrize(
    "reply",
    [answer(409), answer(204), ten_megabytes, break_off_after_the_status],
    ids=["409", "204", "10 MB", "breaks off after the status"],
)
async def test_the_status_is_the_answer(receiver: Receiver, pool: Pool, owner: Connection, reply: Answer) -> None:
    receiver.answers["/hook"] = reply
    await endpoint(pool, f"{receiver.url}/hook")
    await put(pool, "k")
    async with sending(pool, OPEN):
        sent = await until_attempt(owner, "state = 'sent'")
    assert (sent["attempts"], sent["last_error"]) == (1, None)
    assert len(receiver.requests) == 1


async def test_an_answer_that_never_comes_is_given_up_and_repeated(
    receiver: Receiver, pool: Pool, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "TIMEOUT_S", 0.2)
    receiver.answers["/hook"] = receiver.hang
    await endpoint(pool, f"{receiver.url}/hook")
    await put(pool, "k")
    async with sending(pool, OPEN):
        failed = await until_attempt(owner, "last_error IS NOT NULL")
    assert failed["state"] == "ready"
    assert "Timeout" in failed["last_error"]


async def test_receivers_that_hang_hold_up_nobody_else(receiver: Receiver, pool: Pool, owner: Connection) -> None:
    """Twice as many messages for the one that hangs as may be under way in all; the other gets its own at once."""
    receiver.answers["/hangs"], receiver.answers["/works"] = receiver.hang, answer(200)
    await endpoint(pool, f"{receiver.url}/hangs")
    for n in range(2 * ways.IN_FLIGHT_MAX):
        await put(pool, f"k{n}")
    await endpoint(pool, f"{receiver.url}/works")
    await put(pool, "urgent")
    async with sending(pool, OPEN):
        await receiver.until(1, "/works")
        await receiver.until(sender.EACH_MAX, "/hangs")
        assert len(receiver.of("/hangs")) == sender.EACH_MAX


async def test_a_killed_worker_s_message_is_sent_by_another_when_its_lease_ends(
    receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    receiver.answers["/hook"] = receiver.hang
    await endpoint(pool, f"{receiver.url}/hook")
    await put(pool, "k")
    async with sending(pool, OPEN):
        await receiver.until(1)
        lost = await row(owner)
    receiver.answers["/hook"] = answer(200)
    async with sending(pool, OPEN) as running:
        async with pool.acquire() as conn:
            assert await outbox.claim(conn, 10, each=10, room={}) == []  # the dead worker's lease still runs
        await owner.execute("UPDATE outbox SET lease_until = clock_timestamp() - interval '1 s'")
        running.wake()
        sent = await until_attempt(owner, "state = 'sent'")
    assert (lost["attempts"], sent["attempts"]) == (1, 2)
    assert len(set(receiver.keys())) == 1


async def test_whose_lease_ended_can_neither_finish_nor_postpone(pool: Pool, owner: Connection) -> None:
    await endpoint(pool, "https://example.com/hook")
    await put(pool, "k")
    async with pool.acquire() as conn:
        (slow,) = await outbox.claim(conn, 10, each=10, room={})
        await owner.execute("UPDATE outbox SET lease_until = clock_timestamp() - interval '1 s'")
        (quick,) = await outbox.claim(conn, 10, each=10, room={})
        assert not await outbox.postpone(conn, slow, "too late", AT)
        assert not await outbox.finish(conn, slow, AttemptState.DELIVERED, AT)
        assert await outbox.finish(conn, quick, AttemptState.DELIVERED, AT)
    assert (await row(owner))["state"] == "sent"


async def test_a_message_is_dead_after_the_last_attempt_and_that_is_told(
    receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    receiver.answers["/hook"] = answer(503)
    await endpoint(pool, f"{receiver.url}/hook")
    await put(pool, "k")
    attempts = len(outbox.RETRY_AFTER_S) + 1
    with capture_logs() as logs:
        async with sending(pool, OPEN) as running:
            for attempt in range(1, attempts + 1):
                await until_attempt(owner, f"attempts = {attempt} AND lease_until IS NULL")
                await make_due(owner)
                running.wake()
            await until(lambda: any(entry["event"] == "message_dead" for entry in logs))  # it is told behind the commit
    dead = await row(owner)
    assert (dead["state"], dead["attempts"], len(receiver.requests)) == ("dead", attempts, attempts)
    assert len(set(receiver.keys())) == 1
    (told,) = [entry for entry in logs if entry["event"] == "message_dead"]
    assert told["log_level"] == "error"
    assert SECRET not in str(logs)
    assert receiver.url not in str(logs)


async def test_gravest_is_taken_first_of_a_lane_and_of_all_lanes(pool: Pool, owner: Connection) -> None:
    """Of two receivers with a mild message each that waits longer, and a grave one of each behind it."""
    for host in ("a", "b"):
        await endpoint(pool, f"https://{host}.example.com/hook")
    await put(pool, "mild")
    await put(pool, "grave")
    await owner.execute(
        "UPDATE outbox SET grade = CASE WHEN idempotency_key LIKE 'grave%' THEN 1 ELSE 4 END,"
        " next_at = next_at - make_interval(secs => 9 * (idempotency_key LIKE 'mild%')::int)"
    )
    taken = []
    async with pool.acquire() as conn:
        for limit, each in ((2, 2), (10, 1)):
            taken.append(
                [parcel.idempotency_key.split(":")[0] for parcel in await outbox.claim(conn, limit, each=each, room={})]
            )
            await owner.execute("UPDATE outbox SET lease_until = NULL")
    assert taken == [["grave", "grave"], ["grave", "grave"]]


async def test_waits_between_attempts_grow(pool: Pool, owner: Connection) -> None:
    await endpoint(pool, "https://example.com/hook")
    await put(pool, "k")
    waits: list[int] = []
    async with pool.acquire() as conn:
        for _ in outbox.RETRY_AFTER_S:
            (message,) = await outbox.claim(conn, 10, each=10, room={})
            assert not await outbox.postpone(conn, message, "no", AT)
            waits.append(
                round(await owner.fetchval("SELECT EXTRACT(EPOCH FROM next_at - clock_timestamp()) FROM outbox"))
            )
            assert await outbox.claim(conn, 10, each=10, room={}) == []
            await make_due(owner)
    assert waits == list(outbox.RETRY_AFTER_S)


INNER = (
    "127.0.0.1",
    "localhost",
    "2130706433",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "0.0.0.0",  # noqa: S104
    "224.0.0.1",
    "[64:ff9b::a00:1]",
)


@pytest.mark.parametrize("host", INNER)
async def test_an_inner_address_is_refused_unless_it_is_allowed(
    receiver: Receiver, pool: Pool, owner: Connection, host: str
) -> None:
    receiver.answers["/hook"] = answer(200)
    await endpoint(pool, receiver.url.replace("127.0.0.1", host) + "/hook")
    await put(pool, "k")
    async with sending(pool, ChannelSettings()):
        refused = await until_attempt(owner, "last_error IS NOT NULL")
    assert "not a public address" in refused["last_error"] or "not usable" in refused["last_error"]
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("http://[oops/hook?token=topsecret", SECRET),
        ("http://" + "a" * 300 + "/hook?token=topsecret", SECRET),
        ("http://127.0.0.1:99999/hook?token=topsecret", SECRET),
        ("https://example.invalid/hook?token=topsecret", "whsec_topsecret!"),
    ],
)
async def test_an_endpoint_that_is_none_stops_nobody_and_gives_nothing_away(
    pool: Pool, owner: Connection, url: str, secret: str
) -> None:
    await endpoint(pool, url, secret)
    await put(pool, "k")
    with capture_logs() as logs:
        async with sending(pool, ChannelSettings()):
            failed = await until_attempt(owner, "last_error IS NOT NULL")
    assert "topsecret" not in failed["last_error"]
    assert "topsecret" not in str(logs)


async def test_a_message_shows_neither_its_address_nor_its_secret(pool: Pool) -> None:
    await endpoint(pool, "https://example.com/hook?token=topsecret")
    await put(pool, "k")
    async with pool.acquire() as conn:
        (message,) = await outbox.claim(conn, 10, each=10, room={})
    assert "topsecret" not in repr(message)
    assert SECRET not in repr(message)


async def test_a_database_that_goes_away_is_waited_for(receiver: Receiver, pool: Pool, owner: Connection) -> None:
    """The answer comes while every connection is cut: the lease ends, and the message goes again with its key."""
    receiver.answers["/hook"] = receiver.hang
    await endpoint(pool, f"{receiver.url}/hook")
    await put(pool, "k")
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = $1"
    async with sending(pool, OPEN) as running:
        await receiver.until(1)
        await owner.fetch(cut, "rongan_app")
        receiver.answers["/hook"] = answer(200)
        receiver.release.set()
        await owner.execute("UPDATE outbox SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'ready'")
        running.wake()
        await until_attempt(owner, "state = 'sent'")
    assert len(set(receiver.keys())) == 1


async def test_the_session_keeps_no_cookie() -> None:
    async with ways.session(guarded=True) as http:
        assert isinstance(http.cookie_jar, aiohttp.DummyCookieJar)
        assert not http.trust_env
