"""Replays through the real endpoint and an api that only counts: order, clock steps, sums, repeated files."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulators.api import Api
from simulators.credentials import Credential
from simulators.replay.como import ClockTooLate, ComoReplay, replay_como
from simulators.replay.hotline import replay_hotline
from tests.harness.doors import FrontDoor

HOURS = [1_762_419_600 + 3600 * hour for hour in range(4)]


@dataclass
class CountingApi:
    """Answers as the contract says, from a door's intake and a dictionary of calls."""

    door: FrontDoor
    now: datetime
    moves: list[tuple[datetime, int]] = field(default_factory=list)
    calls: dict[str, str] = field(default_factory=dict)
    lost: int = 0
    refuse_next: int = 0

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/api/v1/sessions", self.open_session)
        app.router.add_get("/api/v1/clock", self.read_clock)
        app.router.add_post("/api/v1/clock", self.move_clock)
        app.router.add_get("/api/v1/conservation", self.conservation)
        app.router.add_get("/api/v1/incidents/summary", self.incidents)
        app.router.add_post("/api/v1/hotline/calls", self.take_call)
        return app

    async def open_session(self, request: web.Request) -> web.Response:
        assert await request.json() == {"login": "duty", "password": "secret"}
        return web.json_response({"token": "t"}, status=201)

    async def read_clock(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer t"
        return web.json_response({"now": self.now.isoformat(), "simulated": True})

    async def move_clock(self, request: web.Request) -> web.Response:
        self.now = datetime.fromisoformat((await request.json())["at"])
        self.moves.append((self.now, len(self.door.intake.deliveries)))
        return web.json_response({"now": self.now.isoformat(), "simulated": True})

    async def conservation(self, _request: web.Request) -> web.Response:
        count = len(self.door.intake.deliveries) - self.lost if self.moves else 0
        row = {"received": count, "stored": count, "duplicate": 0, "quarantined": 0}
        return web.json_response({**row, "holds": True, "by_product": [{"product": "bin3", **row}], "violations": []})

    async def incidents(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {"open": 1, "final": 2, "merged": 0, "components": 3, "located": 2, "events": 4, "late": 0}
        )

    async def take_call(self, request: web.Request) -> web.Response:
        if self.refuse_next:
            self.refuse_next -= 1
            return web.json_response({"code": "database_unavailable"}, status=503)
        key, text = request.headers["Idempotency-Key"], (await request.json())["text"]
        known = self.calls.setdefault(key, text) == text and key in self.seen
        self.seen.add(key)
        return web.json_response({"id": len(self.calls), "duplicate": known}, status=200 if known else 201)

    seen: set[str] = field(default_factory=set)


@pytest.fixture
async def door() -> AsyncIterator[FrontDoor]:
    async with FrontDoor() as door:
        door.intake.commits = True
        yield door


@pytest.fixture
async def counting(door: FrontDoor) -> CountingApi:
    return CountingApi(door, now=datetime(2025, 1, 1, tzinfo=UTC))


@pytest.fixture
async def api(counting: CountingApi) -> AsyncIterator[Api]:
    async with TestServer(counting.application()) as server, Api(str(server.make_url("")), "duty", "secret") as api:
        yield api


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rows = ["arrived_at,commit,service,incident,event_time,type,agency,location,lat,lon"]
    rows += [
        f"{hour + minute * 60},c,PD,{2025000000 + index * 10 + minute},{hour - 20_000},ACCIDENT,CPD,X,38.9,-92.3"
        for index, hour in enumerate(HOURS)
        for minute in range(5)
    ]
    path = tmp_path / "como.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def feed(door: FrontDoor) -> Credential:
    door.registry.add("como")
    made = door.registry.credentials["como"]
    return Credential("bin3", "como", made.user_name, made.password, made.client_id, "a", None, None, "dispatch_feed")


async def test_clock_moves_only_when_everything_earlier_is_committed(
    door: FrontDoor, counting: CountingApi, api: Api, log: Path
) -> None:
    replay = ComoReplay(log, feed(door), "127.0.0.1", door.port, window=3)
    told: list[int] = []
    report = await replay_como(replay, api, told.append)
    assert counting.moves == [
        *((datetime.fromtimestamp(hour, UTC), 5 * index) for index, hour in enumerate(HOURS)),
        (datetime.fromtimestamp(HOURS[-1] + 240 + 3600, UTC), 20),
    ]
    assert (report.sent, report.received, report.stored, report.holds, report.components) == (20, 20, 20, True, 3)
    assert told == list(range(1, 21))
    topics = {delivery.topic for delivery in door.intake.deliveries}
    assert topics == {"/sys/bin3/como/thing/event/property/history/post"}
    first = json.loads(door.intake.deliveries[0].payload)
    record = first["params"][0]["events"][0]["record"]
    assert (first["id"], first["revision"], record["time"]) == (
        "2025000000",
        HOURS[0] * 1000,
        (HOURS[0] - 20_000) * 1000,
    )


async def test_message_that_was_acknowledged_and_not_counted_breaks_conservation(
    door: FrontDoor, counting: CountingApi, api: Api, log: Path
) -> None:
    counting.lost = 1
    report = await replay_como(ComoReplay(log, feed(door), "127.0.0.1", door.port), api)
    assert not report.holds


async def test_clock_that_is_already_later_is_refused(
    door: FrontDoor, counting: CountingApi, api: Api, log: Path
) -> None:
    counting.now = datetime(2026, 11, 22, tzinfo=UTC)
    with pytest.raises(ClockTooLate):
        await replay_como(ComoReplay(log, feed(door), "127.0.0.1", door.port), api)
    assert not door.intake.deliveries


async def test_calls_posted_again_are_known_and_add_nothing(counting: CountingApi, api: Api, tmp_path: Path) -> None:
    path = tmp_path / "letters.csv"
    rows = "".join(f"{number},主题{number},详情\n" for number in range(40))
    path.write_text(f"留言编号,留言主题,留言详情\n{rows}", encoding="utf-8")
    counting.refuse_next = 1
    first = await replay_hotline(path, api, callers=4)
    second = await replay_hotline(path, api, callers=4)
    assert (first.sent, first.received, first.stored, first.duplicate, first.holds) == (40, 40, 40, 0, True)
    assert (second.sent, second.received, second.stored, second.duplicate, second.holds) == (40, 40, 0, 40, True)
    assert len(counting.calls) == 40
