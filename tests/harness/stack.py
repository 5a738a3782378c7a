"""The whole system as its own processes in a temporary home, with the demo community: what an operator would run."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import aiomqtt

from cli.composition import Intention
from cli.demo_community import Community, ensure_community
from cli.private_system import private_system
from registry.deployment import DeploymentMode
from runtime.settings import Settings
from runtime.supervisor.supervisor import Supervisor
from tests.harness.photos import jpeg

SHOWN: Final = ("resolve", "inspect_ok")  # what a photo has to show
PATIENCE_S: Final = 60.0  # how long a test waits for what must happen on a busy machine


@dataclass(frozen=True, slots=True)
class Told:
    """One row of the live stream."""

    seq: int
    topic: str
    body: dict[str, Any]


@dataclass(slots=True)
class Stream:
    """The live stream as a client sees it; `until` waits for a row, earlier ones included."""

    told: list[Told] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def add(self, row: Told) -> None:
        async with self._changed:
            self.told.append(row)
            self._changed.notify_all()

    async def until(self, topic: str, condition: Callable[[dict[str, Any]], bool] = lambda _body: True) -> Told:
        """The first row of the topic that meets the condition. Raises TimeoutError."""

        def found() -> Told | None:
            return next((row for row in self.told if row.topic == topic and condition(row.body)), None)

        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: found() is not None)
        row = found()
        assert row is not None
        return row


class User:
    """A logged-in program."""

    def __init__(
        self, http: aiohttp.ClientSession, api: str, token: str, wait_for_api: Callable[[], Awaitable[None]]
    ) -> None:
        self._http = http
        self._api = api
        self._wait_for_api = wait_for_api
        self._headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, **query: str | int) -> Any:
        async with self._http.get(f"{self._api}{path}", params=query, headers=self._headers) as answer:
            assert answer.status == 200, (path, answer.status, await answer.text())
            return await answer.json()

    async def post(
        self, path: str, body: dict[str, Any], *, status: int | None = None, idempotency_key: str | None = None
    ) -> Any:
        """The answer's document; any 2xx is expected unless `status` says otherwise."""
        headers = self._headers | ({"Idempotency-Key": idempotency_key} if idempotency_key else {})
        async with self._http.post(f"{self._api}{path}", json=body, headers=headers) as answer:
            expected = {status} if status is not None else {200, 201}
            assert answer.status in expected, (path, answer.status, await answer.text())
            return await answer.json()

    async def act(self, ticket_id: int, event: str, *, reason: str | None = None, **fields: Any) -> Any:
        """Do something to a ticket as it stands now."""
        ticket = await self.get(f"/tickets/{ticket_id}")
        if event in SHOWN and "attachments" not in fields:
            fields["attachments"] = [await self.upload(jpeg())]
        body = {"version": ticket["version"], "reason": reason, "fields": fields}
        return await self.post(f"/tickets/{ticket_id}/actions/{event}", body)

    async def upload(self, content: bytes) -> int:
        """The id of a photo."""
        form = aiohttp.FormData()
        form.add_field("file", content, filename="photo.jpg")
        async with self._http.post(f"{self._api}/attachments", data=form, headers=self._headers) as answer:
            assert answer.status == 201, await answer.text()
            told: dict[str, int] = await answer.json()
            return told["id"]

    @asynccontextmanager
    async def stream(self, *, after: int = 0) -> AsyncIterator[Stream]:
        """Follow the live stream while the block runs, reconnecting after its last position as a browser does."""
        stream = Stream()
        task = asyncio.create_task(self._follow(stream, after), name="stream-of-the-test")
        try:
            yield stream
        finally:
            task.cancel()

    async def _follow(self, stream: Stream, after: int) -> None:
        while True:
            last = stream.told[-1].seq if stream.told else after
            try:
                await self._read(stream, last)
            except (aiohttp.ClientError, TimeoutError, OSError):
                await self._wait_for_api()

    async def _read(self, stream: Stream, last: int) -> None:
        headers = self._headers | {"Last-Event-ID": str(last)}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=30)
        async with self._http.get(f"{self._api}/stream", headers=headers, timeout=timeout) as answer:
            assert answer.status == 200, await answer.text()
            row: dict[str, str] = {}
            async for raw in answer.content:
                line = raw.decode().rstrip("\r\n")
                if line:
                    name, _, value = line.partition(":")
                    row[name] = value.removeprefix(" ")
                elif "data" in row and "id" in row:
                    await stream.add(Told(int(row["id"]), row.get("event", ""), json.loads(row["data"])))
                    row = {}
                else:
                    row = {}


class Stack:
    """A running system. `kill` is kill -9; the supervisor starts the process again."""

    def __init__(
        self, settings: Settings, supervisor: Supervisor, community: Community, http: aiohttp.ClientSession
    ) -> None:
        self.settings = settings
        self.community = community
        self._supervisor = supervisor
        self._http = http
        self.credentials: dict[str, dict[str, Any]] = {
            row["device"]: row for row in json.loads(community.credentials.read_text(encoding="utf-8"))
        }

    @property
    def url(self) -> str:
        return f"http://{self.settings.http_host}:{self.settings.http_port}"

    @property
    def home(self) -> Path:
        return self.settings.home

    def pid(self, name: str) -> int:
        pid = self._supervisor.pid(name)
        assert pid is not None
        return pid

    async def kill(self, name: str) -> None:
        """kill -9, and wait until the process has been started again."""
        restarts = self._supervisor.restarts(name)
        os.kill(self.pid(name), signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            await self._supervisor.wait_started(name, restarts=restarts + 1)

    def kill_postgres(self) -> None:
        """kill -9 of the postmaster; its keeper starts it again, with recovery."""
        (note,) = self.home.glob("pg/*/data/postmaster.pid")
        os.kill(int(note.read_text().split()[0]), signal.SIGKILL)

    async def user(self, login: str) -> User:
        """Log in, waiting for the api where it restarts."""
        password = self.community.password_of(login)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    body = {"login": login, "password": password}
                    async with self._http.post(f"{self.url}/api/v1/sessions", json=body) as answer:
                        assert answer.status == 201, await answer.text()
                        token = (await answer.json())["token"]
                        return User(self._http, f"{self.url}/api/v1", token, self._wait_for_api)
                except aiohttp.ClientError:
                    await self._wait_for_api()

    async def _wait_for_api(self) -> None:
        """A process that was just killed counts as serving until its end was seen: then the caller only tries again."""
        await self._supervisor.wait_ready("api")

    async def publish(self, device: str, topic: str, params: dict[str, Any], **envelope: Any) -> None:
        """Publish as a device would, QoS 1: returns when the PUBACK came. Tries again while the gateway restarts."""
        credential = self.credentials[device]
        payload = {"id": envelope.pop("id", "1"), "version": "1.0", "params": params, **envelope}
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    async with aiomqtt.Client(
                        self.settings.mqtt_host,
                        self.settings.mqtt_port,
                        identifier=credential["client_id"],
                        username=credential["user_name"],
                        password=credential["password"],
                        timeout=10,
                    ) as client:
                        root = f"/sys/{credential['product']}/{device}"
                        await client.publish(f"{root}/{topic}", json.dumps(payload), qos=1)
                        return
                except aiomqtt.MqttError:
                    await self._supervisor.wait_ready("gateway")


@asynccontextmanager
async def running_stack() -> AsyncIterator[Stack]:
    """Start everything and wait until it serves; stop and remove everything at the end."""
    async with (
        private_system(Intention(DeploymentMode.EXERCISE), ensure_community) as system,
        aiohttp.ClientSession() as http,
    ):
        yield Stack(system.settings, system.supervisor, system.furnished, http)
