"""Mail and the robots of messengers, through apprise, against real servers that misbehave."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from dispatcher.channels.model import Organisation, User
from dispatcher.channels.relay import Errand, Relay, WorkerLost
from dispatcher.channels.ways import ChannelSettings, Provider
from runtime.pool import Connection, Pool
from tests.harness.receiver import (
    Receiver,
    answer,
)
from tests.harness.smtp import MailServer, Mood, running_mail_server
from tests.harness.waiting import until_true
from tests.integration.dispatcher.channels.addressees import (
    UNIT,
    add_point,
    attempts,
    message,
    states,
    tell,
)
from tests.integration.dispatcher.channels.outbound import SECRET, make_due, sending, until_attempt

KEY = "a" * 36


@pytest.fixture
async def mails() -> AsyncIterator[MailServer]:
    async with running_mail_server() as mails:
        yield mails


def robots(receiver: Receiver) -> ChannelSettings:
    return ChannelSettings(
        robots={
            "wecom": receiver.url + "/wecom?key={key}",
            "dingtalk": receiver.url + "/dingtalk?access_token={token}",
            "feishu": receiver.url + "/feishu/{token}/",
        }
    )


async def test_robots_are_told_through_apprise_and_what_they_refuse_with_200_is_refused(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    paths = {"wecom": "/wecom", "dingtalk": "/dingtalk", "feishu": f"/feishu/{KEY}/"}
    refusals = {"wecom": b'{"errcode":93000}', "dingtalk": b'{"errcode":310000}', "feishu": b'{"code":19024}'}
    for channel, path in paths.items():
        receiver.answers[path] = answer(200, body=refusals[channel])
        await add_point(pool, Organisation(UNIT), channel, KEY)
    await tell(pool, Organisation(UNIT), grade=2)
    async with sending(pool, robots(receiver)) as sender:
        await until_attempt(owner, "last_error IS NOT NULL")
        assert {row["last_error"] for row in await attempts(owner)} == {
            "answered code 93000",
            "answered code 310000",
            "answered code 19024",
        }
        for path in paths.values():
            receiver.answers[path] = answer(200, body=b'{"errcode":0,"code":0}')
        await make_due(owner)
        sender.wake()
        await until_attempt(owner, "state = 'sent'")
    first, again = receiver.of("/dingtalk")
    assert "次发送" not in json.loads(first[2])["text"]["content"]
    assert "（第 2 次发送）" in json.loads(again[2])["text"]["content"]
    assert (await message(owner))["state"] == "reached"


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_robot_that_answers_otherwise_has_not_taken_it(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection, status: int
) -> None:
    receiver.answers["/wecom"] = answer(status, headers={"Location": "/elsewhere"})
    await add_point(pool, Organisation(UNIT), "wecom", KEY)
    await tell(pool, Organisation(UNIT), grade=2)
    async with sending(pool, robots(receiver)):
        failed = await until_attempt(owner, "last_error IS NOT NULL")
    assert (failed["state"], failed["last_error"]) == ("ready", f"answered {status}")
    assert receiver.of("/elsewhere") == []


async def test_a_robot_that_hangs_costs_its_worker_and_nobody_else(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is ended; the loop went on all the while, and the next errand has a new one."""
    monkeypatch.setattr("dispatcher.channels.relay.ANSWER_S", 1.0)
    receiver.answers["/wecom"], receiver.answers["/sms"] = receiver.hang, answer(202)
    await add_point(pool, Organisation(UNIT), "wecom", KEY)
    await add_point(pool, wang, "sms")
    await tell(pool, Organisation(UNIT), "hangs", grade=2)
    settings = ChannelSettings(robots=robots(receiver).robots, sms=Provider(f"{receiver.url}/sms", SECRET))
    async with sending(pool, settings) as sender:
        await receiver.until(1, "/wecom")
        await tell(pool, wang, "works", grade=2)
        sender.wake()
        await receiver.until(1, "/sms")
        await until_true(owner, "SELECT count(*) = 1 FROM outbox WHERE last_error LIKE 'WorkerLost%'")
        receiver.answers["/wecom"] = answer(200, body=b'{"errcode":0}')
        await make_due(owner)
        sender.wake()
        await until_attempt(owner, "state = 'sent'")


async def test_a_worker_that_died_while_idle_costs_nothing(receiver: Receiver) -> None:
    receiver.answers["/wecom"] = answer(200, body=b'{"errcode":0}')
    errand = Errand(f"wecombot://{KEY}/", "s", "t")
    async with Relay(robots(receiver).robots) as relay:
        assert (await relay.run(errand)).done
        for ends in (True, False):  # Known to be gone, and not known yet.
            (worker,) = relay._idle
            worker.kill()
            if ends:
                await worker.wait()
                assert (await relay.run(errand)).done
            else:
                with pytest.raises(WorkerLost):
                    await relay.run(errand)
        assert (await relay.run(errand)).done


async def test_a_worker_that_says_what_is_no_answer_is_lost() -> None:
    worker = await asyncio.create_subprocess_exec(
        "sh", "-c", "read line; echo 'a library prints'", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    async with Relay({}) as relay:
        relay._idle.append(worker)
        with pytest.raises(WorkerLost):
            await relay.run(Errand("wecombot://x/", "s", "t"))
    assert worker.returncode is not None


@pytest.mark.parametrize("mood", [Mood.BUSY, Mood.HANGS, Mood.LEAVES])
async def test_a_mail_is_sent_again_until_the_server_takes_it(
    wang: User, mails: MailServer, pool: Pool, owner: Connection, mood: Mood, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatcher.channels.relay.ANSWER_S", 2.0)
    mails.mood = mood
    await add_point(pool, wang, "mail", "wang@example.org")
    await tell(pool, wang, grade=2)
    settings = ChannelSettings(mail_url=f"mailto://127.0.0.1:{mails.port}?from=rongan@example.org&mode=insecure")
    async with sending(pool, settings) as sender:
        failed = await until_attempt(owner, "last_error IS NOT NULL")
        assert failed["state"] == "ready"
        assert "wang@" not in failed["last_error"]
        mails.mood = Mood.TAKES
        await make_due(owner)
        sender.wake()
        await mails.until(1)
        sent = await until_attempt(owner, "state = 'sent'")
    (mail,) = mails.mails
    assert f"X-Rongan-Id: {sent['idempotency_key']}" in mail
    assert "To: wang@example.org" in mail
    assert await states(owner, sent["id"]) == ["queued", "failed", "sent"]
