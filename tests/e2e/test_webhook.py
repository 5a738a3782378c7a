"""A department's own system is told of its ticket over a signed webhook, once, although the dispatcher is killed."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from tests.e2e.test_fire_case import hot
from tests.e2e.test_independent_client import rongan
from tests.harness.stack import PATIENCE_S, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


class Receiver:
    """A department's system: keeps what it is told and answers 503 to the first attempt of each message."""

    def __init__(self) -> None:
        self.told: dict[str, dict[str, Any]] = {}
        self.attempts: list[tuple[str, web.Request, bytes]] = []
        self.changed = asyncio.Condition()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        key = request.headers["Idempotency-Key"]
        first = all(seen != key for seen, _, _ in self.attempts)
        async with self.changed:
            self.attempts.append((key, request, body))
            if not first:
                self.told[key] = json.loads(body)
            self.changed.notify_all()
        return web.Response(status=503 if first else 200)

    async def until_told(self, topic: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            return next((event for event in self.told.values() if event["type"].endswith(f"{topic}.v1")), None)

        async with asyncio.timeout(PATIENCE_S), self.changed:
            await self.changed.wait_for(lambda: found() is not None)
        event = found()
        assert event is not None
        return event


async def test_the_fire_station_is_told_of_its_ticket_with_a_valid_signature(stack: Stack) -> None:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        url = f"http://127.0.0.1:{port}/hook"
        code, said, complained = await rongan(
            stack, "webhook", "add", "--organisation", "wp-fire", "--url", url, "--json"
        )
        assert code == 0, complained
        secret = json.loads(said)["secret"]
        await stack.publish("bin-07", "thing/event/property/post", hot(72, datetime.now(UTC)))
        event = await receiver.until_told("ticket.assigned")
        await receiver.until_told("handover.page")  # 119 stands behind the same endpoint
    finally:
        await runner.cleanup()
    assert event["specversion"] == "1.0"
    assert event["data"]["ticket"]["state"] == "dispatched"
    for key, request, body in receiver.attempts:
        stamp = request.headers["webhook-timestamp"]
        mac = hmac.new(
            base64.b64decode(secret.removeprefix("whsec_")), f"{key}.{stamp}.".encode() + body, hashlib.sha256
        )
        assert request.headers["webhook-signature"] == "v1," + base64.b64encode(mac.digest()).decode()
    keys = [key for key, _, _ in receiver.attempts]
    assert len(keys) == 2 * len(set(keys))
