"""The live stream: replay without loss, nobody sees another area's rows, and it ends with the session."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dispatcher.accounts import store
from runtime.pool import Connection
from tests.integration.dispatcher.api import community
from tests.integration.dispatcher.api.community import EAST, WEST
from tests.integration.dispatcher.api.running import Api

OpenStream = Callable[..., Any]


async def test_stream_sends_what_happens_in_order(api: Api, owner: Connection, open_stream: OpenStream) -> None:
    stream = await open_stream(await api.as_user("east"))
    first = await community.publish(owner, "ticket.opened", EAST)
    second = await community.publish(owner, "ticket.changed", EAST)
    for seq, topic in ((first, "ticket.opened"), (second, "ticket.changed")):
        sent = await stream.next()
        assert (sent["id"], sent["event"]) == (str(seq), topic)
        assert f'"seq":{seq}' in sent["data"]
        assert f'"said":"{topic}"' in sent["data"]
        assert '"at":"2026-11-22T12:00:00Z"' in sent["data"]


async def test_replay_after_the_last_id_loses_nothing_while_rows_are_written(
    api: Api, owner: Connection, open_stream: OpenStream
) -> None:
    client = await api.as_user("east")
    before = await community.publish(owner, "incident.opened", EAST)
    written = [await community.publish(owner, "incident.changed", EAST) for _ in range(30)]

    async def write_more() -> None:
        written.extend([await community.publish(owner, "incident.changed", EAST) for _ in range(30)])

    writing = asyncio.create_task(write_more())
    stream = await open_stream(client, last_id=before)
    await writing
    assert [int((await stream.next())["id"]) for _ in range(60)] == written


async def test_broken_stream_resumes_after_its_last_id(api: Api, owner: Connection, open_stream: OpenStream) -> None:
    client = await api.as_user("east")
    stream = await open_stream(client)
    written = [await community.publish(owner, "ticket.changed", EAST) for _ in range(3)]
    await stream.next()
    stream.response.close()
    written += [await community.publish(owner, "ticket.changed", EAST) for _ in range(3)]
    resumed = await open_stream(client, last_id=stream.last_id)
    assert [int((await resumed.next())["id"]) for _ in range(5)] == written[1:]


async def test_rows_of_other_areas_are_hidden_live_and_on_replay(
    api: Api, owner: Connection, open_stream: OpenStream
) -> None:
    await community.publish(owner, "ticket.opened", EAST)
    stream = await open_stream(await api.as_user("west"), last_id=0)
    everywhere = await open_stream(await api.as_user("supervisor"), last_id=0)
    await community.publish(owner, "ticket.changed", EAST)
    await community.publish(owner, "secret.told", WEST)
    mine = await community.publish(owner, "ticket.changed", WEST)
    nowhere = await community.publish(owner, "clock.moved", None)
    assert [int((await stream.next())["id"]) for _ in range(2)] == [mine, nowhere]
    assert [(await everywhere.next())["event"] for _ in range(4)] == [
        "ticket.opened",
        "ticket.changed",
        "ticket.changed",
        "clock.moved",
    ]


async def test_organisation_sees_the_rows_that_concern_it(api: Api, owner: Connection, open_stream: OpenStream) -> None:
    stream = await open_stream(await api.as_user("urban-handler"))
    await community.publish(owner, "ticket.changed", EAST, ["fire"])
    mine = await community.publish(owner, "ticket.changed", EAST, ["fire", "urban"])
    assert int((await stream.next())["id"]) == mine


@pytest.mark.parametrize("ending", ["logged out", "disabled", "new password"])
async def test_stream_ends_with_the_session(api: Api, owner: Connection, open_stream: OpenStream, ending: str) -> None:
    client = await api.as_user("east")
    stream = await open_stream(client)
    if ending == "logged out":
        assert (await client.delete("sessions/current"))[0] == 204
    elif ending == "disabled":
        await store.set_enabled(owner, "east", enabled=False)
    else:
        await store.set_password(owner, "east", "another long password")
    assert await stream.next() is None
    assert (await client.get("me"))[0] == 401


async def test_stream_narrows_when_the_user_moves_to_another_area(
    api: Api, owner: Connection, open_stream: OpenStream
) -> None:
    from dispatcher.api.keys import BROADCAST  # noqa: PLC0415

    stream = await open_stream(await api.as_user("east"))
    await owner.execute("UPDATE users SET area_id = $1 WHERE login = 'east'", WEST)
    await api.app[BROADCAST].check_watchers()
    await community.publish(owner, "ticket.changed", EAST)
    mine = await community.publish(owner, "ticket.changed", WEST)
    assert int((await stream.next())["id"]) == mine


@pytest.mark.parametrize("last_id", ["x", "-1", "9" * 30, "1.5"])
async def test_malformed_last_id_is_refused(api: Api, last_id: str) -> None:
    client = await api.as_user("east")
    headers = client.headers() | {"Last-Event-ID": last_id}
    async with api.http.get("/api/v1/stream", headers=headers) as answer:
        assert answer.status == 422


async def test_slow_watcher_is_closed_and_the_others_go_on(
    api: Api, owner: Connection, open_stream: OpenStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dispatcher.api.keys import BROADCAST  # noqa: PLC0415
    from dispatcher.api.live.broadcast import Subscription  # noqa: PLC0415

    watching = await open_stream(await api.as_user("east"))
    slow = Subscription(b"", next(iter(api.app[BROADCAST]._subscriptions)).watcher, 0)
    monkeypatch.setattr(slow, "offer", lambda _row: False)
    api.app[BROADCAST]._subscriptions.add(slow)
    seq = await community.publish(owner, "ticket.changed", EAST)
    assert int((await watching.next())["id"]) == seq
    assert slow.ended


async def test_stream_goes_on_after_the_reader_lost_its_connection(
    api: Api, owner: Connection, open_stream: OpenStream
) -> None:
    stream = await open_stream(await api.as_user("east"))
    ended = await owner.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'rongan-api-stream'"
    )
    assert ended == 1
    written = [await community.publish(owner, "ticket.changed", EAST) for _ in range(3)]
    assert [int((await stream.next())["id"]) for _ in range(3)] == written
