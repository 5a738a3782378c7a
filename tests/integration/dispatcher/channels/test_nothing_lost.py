"""Gateways on a whim, senders killed again and again: nothing is lost, nothing is done twice."""

import asyncio
import random
import sys
from collections import Counter

from aiohttp import web

from dispatcher.channels.model import User
from runtime.pool import Connection, Pool
from tests.harness.postgres import Database
from tests.harness.receiver import (
    Receiver,
    close_at_once,
)
from tests.harness.waiting import until_true
from tests.integration.dispatcher.channels.addressees import (
    add_point,
    attempts,
    states,
    tell,
)
from tests.integration.dispatcher.channels.outbound import SECRET, make_due, sending, sms

MESSAGES = 60


class Whim:
    """A gateway that does something else with each request, and what it was asked for at most once a key."""

    def __init__(self, seed: int, receiver: Receiver) -> None:
        self._random = random.Random(seed)
        self._receiver = receiver
        self.done: set[str] = set()
        self.effects: Counter[str] = Counter()
        self.tries: Counter[str] = Counter()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        key = request.headers["Idempotency-Key"]
        self.tries[key] += 1
        whim = self._random.choice(("take", "take", "take", "500", "429", "400", "close", "done but closed", "302"))
        if self.tries[key] > 4:
            whim = "take"
        if whim in ("take", "done but closed"):
            if key in self.done:
                return web.Response(status=409)
            self.done.add(key)
            self.effects[key] += 1
        match whim:
            case "take":
                return web.Response(status=202)
            case "302":
                return web.Response(status=302, headers={"Location": "/sms"})
            case "close" | "done but closed":
                return await close_at_once(request)
            case status:
                return web.Response(status=int(status))


async def test_of_a_hundred_messages_none_is_lost_and_none_is_done_twice(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection
) -> None:
    whim = Whim(7, receiver)
    receiver.answers["/sms"] = whim
    await add_point(pool, wang)
    for n in range(100):
        await tell(pool, wang, f"k{n}", grade=2)
    async with sending(pool, sms(f"{receiver.url}/sms")) as sender:
        while await owner.fetchval("SELECT count(*) FROM outbox WHERE state = 'ready'"):
            await make_due(owner)
            sender.wake()
            await until_true(
                owner,
                "SELECT count(*) = 0 FROM outbox WHERE state = 'ready'"
                " AND (lease_until IS NOT NULL OR next_at <= clock_timestamp())",
            )
    assert await owner.fetchval("SELECT count(*) FROM outbox WHERE state = 'sent'") == 100
    assert len(whim.effects) == 100
    assert set(whim.effects.values()) == {1}
    assert max(whim.tries.values()) > 1


async def test_a_sender_killed_again_and_again_misses_no_step(
    wang: User, receiver: Receiver, pool: Pool, owner: Connection, database: Database
) -> None:
    """kill -9 while requests are under way: taken and not recorded, or not taken. Another one goes on, same keys."""
    whim = Whim(11, receiver)
    receiver.answers["/sms"] = whim
    await add_point(pool, wang)
    for n in range(MESSAGES):
        await tell(pool, wang, f"k{n}", grade=2)
    kills = 0
    ready = "SELECT count(*) FROM outbox WHERE state = 'ready'"
    while left := await owner.fetchval(ready):
        await owner.execute("UPDATE outbox SET lease_until = NULL, next_at = clock_timestamp() WHERE state = 'ready'")
        before = len(receiver.requests)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.harness.sender_program", database.app_dsn, f"{receiver.url}/sms", SECRET
        )
        try:
            await receiver.until(before + min(12, left))
            if left <= 12:  # The last may record what it did.
                await until_true(owner, "SELECT bool_and(state = 'sent' OR next_at > clock_timestamp()) FROM outbox")
            else:
                kills += 1
        finally:
            process.kill()
            await process.wait()
        await until_true(
            owner, "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'rongan-test-sender'"
        )
    assert kills >= 3
    assert len(whim.effects) == MESSAGES
    assert set(whim.effects.values()) == {1}
    for row in await attempts(owner):
        told = await states(owner, row["id"])
        assert (told[0], told[-1]) == ("queued", "sent")
        assert set(told[1:-1]) <= {"failed"}
