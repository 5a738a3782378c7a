"""The simulated telephones at the real doors: what is sent arrives, and is answered by whoever answers."""

import asyncio
import base64
from contextlib import suppress
from pathlib import Path

import aiohttp

from cli.ports import free_port
from dispatcher.channels import contact_points, messages, signing
from dispatcher.channels.model import User
from dispatcher.channels.ways import real_now
from runtime.pool import Connection
from simulators.phones import Phones
from tests.harness.postgres import Database
from tests.harness.waiting import until_true
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import NOON
from tests.integration.dispatcher.api.running import running_api
from tests.integration.dispatcher.channels.addressees import FIELDS
from tests.integration.dispatcher.channels.outbound import sending, sms

HOST = "127.0.0.1"
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()


async def test_three_of_four_answer_and_the_others_only_read(
    database: Database, owner: Connection, tmp_path: Path
) -> None:
    await community.build(owner)
    port = free_port(HOST, 0)
    url = f"http://{HOST}:{port}/sms"
    numbers = {"duty_officer": "13800138001", "shift_leader": "13800138004"}
    async with running_api(database, tmp_path / "home", sms_url=url, sms_secret=SECRET) as api:
        phones = Phones(api.url, SECRET, reads_after_s=0, answers_after_s=0)
        serving = asyncio.create_task(phones.serve(HOST, port))
        try:
            async with api.pool.acquire() as conn, conn.transaction():
                for login, number in numbers.items():
                    to = User(await conn.fetchval("SELECT id FROM users WHERE login = $1", login))
                    await contact_points.add(conn, owner=to, channel="sms", address=number, verified=True, at=NOON)
                    await messages.send(
                        conn, key=login, to=to, ticket_id=None, topic="ticket.paged", grade=2, fields=FIELDS, at=NOON
                    )
            async with sending(api.pool, sms(url)):
                await until_true(
                    owner, "SELECT array_agg(state::text ORDER BY key) = '{answered,reached}' FROM messages"
                )
            forged = {"id": "x", "channel": "sms", "to": "1", "text": "", "topic": "ticket.paged"}
            async with aiohttp.ClientSession() as http, http.post(url, json=forged) as answer:
                assert answer.status == 401
            assert (phones.tally.taken, phones.tally.answered, phones.tally.refused) == (2, 1, 1)
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


def test_what_the_city_signs_is_believed_and_what_is_altered_is_not() -> None:
    phones = Phones("http://127.0.0.1:9", SECRET)
    given = signing.headers(SECRET, "message-1-2", real_now(), b"{}")
    assert phones._is_signed(given, b"{}")
    assert not phones._is_signed(given, b"{ }")
    assert not phones._is_signed({**given, "webhook-timestamp": "1"}, b"{}")
