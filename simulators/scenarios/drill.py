"""A drill: scenes played one after the other on a simulated clock, each of which says what must come of it.

Everything goes through the public doors: devices over MQTT, people over HTTP with their own log-ins. A scene that finds
something else than it expects ends the drill with `Unexpected`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulators.api import Api, ApiRefused
from simulators.clock import CityClock
from simulators.credentials import Credential
from simulators.fleet.device import Broker, SimulatedDevice, Tally
from simulators.photos import photo

CITY_ZONE: Final = ZoneInfo("Asia/Shanghai")
LIMIT_S: Final = 60.0
LOOK_AGAIN_S: Final = 0.2
PATIENCE: Final = 20  # times that the api waits for every process before it says that one does not follow


class Unexpected(Exception):
    """The system did something else than the drill says it must."""

    def __init__(self, expected: str, found: object) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene: what happens, in both languages, and who plays it."""

    zh: str
    en: str
    play: Callable[["Drill"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A drill by name, with the civil time of the city at which it begins; `weekly` ones at that time of any week."""

    name: str
    zh: str
    en: str
    begins_at: datetime
    scenes: tuple[Scene, ...]
    weekly: bool = False

    def next_at(self, now: datetime) -> datetime:
        """When it begins next. Raises Unexpected where that time is gone for ever."""
        if now <= self.begins_at:
            return self.begins_at
        if not self.weekly:
            raise Unexpected(f"a clock that is not beyond {self.begins_at.isoformat()}", now.isoformat())
        weeks = -((self.begins_at - now) // timedelta(weeks=1))
        return self.begins_at + weeks * timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Played:
    """How far a drill came: scenes that were played, lines that were said, the city's time at its end."""

    scenario: str
    scenes: int
    checks: int
    ended_at: str


@dataclass(slots=True)
class Drill:
    """What the scenes share: people, devices, the clock, and what earlier scenes made, by name."""

    people: Mapping[str, Api]
    devices: Mapping[str, SimulatedDevice]
    clock: CityClock
    say: Callable[[str], None]
    pause: Callable[["Drill"], Awaitable[None]] | None = None  # between two scenes, for people who look on
    made: dict[str, Any] = field(default_factory=dict)
    checks: int = 0

    async def get(self, login: str, path: str, **params: str) -> Any:
        return await self.people[login].get(path, params)

    async def tickets(self, **wanted: object) -> list[dict[str, Any]]:
        """Tickets that were opened since the drill began, with these fields; the newest hundred at most."""
        found = await self.get("officer", "/tickets", limit="100")
        return [
            each
            for each in found["items"]
            if datetime.fromisoformat(each["opened_at"]) >= self.made["began_at"]
            and all(each[name] == value for name, value in wanted.items())
        ]

    async def post(self, login: str, path: str, body: Mapping[str, object]) -> Any:
        return await self.people[login].post(path, body)

    async def act(
        self, login: str, ticket_id: int, event: str, reason: str | None = None, **fields: object
    ) -> dict[str, Any]:
        """One action on a ticket at the version that it has now. Raises ApiRefused."""
        return await self._act(f"/tickets/{ticket_id}", login, event, reason, fields)

    async def act_on(
        self, login: str, path: str, event: str, reason: str | None = None, **fields: object
    ) -> dict[str, Any]:
        """One action on anything else that has versions and actions."""
        return await self._act(path, login, event, reason, fields)

    async def photo(self, login: str, of: str | None = None) -> int:
        """A photo uploaded by this person: of a name, else one that nobody has seen yet; its id."""
        self.made["photos"] = n = self.made.get("photos", 0) + 1
        seed = f"{self.made['began_at']} {of or n}"
        return int((await self.people[login].upload(f"{n}.png", photo(seed)))["id"])

    async def refused(self, code: str, asked: Awaitable[Any]) -> ApiRefused:
        """The refusal that must come, with this stable code."""
        try:
            answer = await asked
        except ApiRefused as refusal:
            self.expect(f"refusal {code}", refusal.code, refusal.code == code, refusal)
            return refusal
        raise Unexpected(f"refusal {code}", answer)

    def expect(self, what: str, shown: object, holds: bool, found: object = None) -> None:
        """A line of the drill: what was found, or the end of it."""
        if not holds:
            raise Unexpected(what, shown if found is None else found)
        self.checks += 1
        self.say(f"{what}: {shown}")

    async def until(self, what: str, read: Callable[[], Awaitable[Any]], holds: Callable[[Any], object]) -> Any:
        """Read again and again until it holds; the system takes its time. Raises Unexpected."""
        found: Any = None
        try:
            async with asyncio.timeout(LIMIT_S):
                while not holds(found := await read()):  # noqa: ASYNC110 - another program decides when
                    await asyncio.sleep(LOOK_AGAIN_S)
        except TimeoutError:
            raise Unexpected(what, found) from None
        self.checks += 1
        return found

    async def forward(self, **span: float) -> datetime:
        """Move the city's time; every process has followed when this returns."""
        now, _ = await self.people["engineer"].clock()
        return await self.forward_to(now + timedelta(**span))

    async def forward_to(self, at: datetime) -> datetime:
        moved = await self._move(at)
        self.say(f"-> {moved.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}")
        return moved

    async def flow(self, lasts_s: float, every_s: float = 2.0) -> None:
        """Let the city's time run beside that of whoever looks on."""
        for _ in range(round(lasts_s / every_s)):
            await asyncio.sleep(every_s)
            now, _ = await self.people["engineer"].clock()
            await self._move(now + timedelta(seconds=every_s))

    async def play(self, scenario: Scenario, on_scene: Callable[[Scene], None]) -> Played:
        """Play the scenes from its next beginning on. Raises Unexpected, ApiRefused."""
        now, _ = await self.people["engineer"].clock()
        self.made["began_at"] = begins_at = scenario.next_at(now)
        if now < begins_at:
            await self.forward_to(begins_at)
        for number, scene in enumerate(scenario.scenes):
            if number and self.pause is not None:
                await self.pause(self)
            on_scene(scene)
            await scene.play(self)
        ended_at = self.clock.now().astimezone(CITY_ZONE).isoformat()
        return Played(scenario.name, len(scenario.scenes), self.checks, ended_at)

    async def _move(self, at: datetime) -> datetime:
        """Raises ApiRefused where a process does not follow, which at its first start has kernels to compile."""
        for left in reversed(range(PATIENCE)):
            try:
                moved = await self.people["engineer"].move_clock(at)
            except ApiRefused as refusal:
                if refusal.code != "clock_unconfirmed" or not left:
                    raise
            else:
                self.clock.set(moved, simulated=True)
                return moved
        raise AssertionError("the last try returns or raises")

    async def _act(
        self, path: str, login: str, event: str, reason: str | None, fields: Mapping[str, object]
    ) -> dict[str, Any]:
        person = self.people[login]
        for _ in range(5):
            seen = await person.get(path)
            body = {"version": seen["version"], "reason": reason, "fields": fields}
            try:
                answer: dict[str, Any] = await person.post(f"{path}/actions/{event}", body)
            except ApiRefused as refusal:
                if refusal.code != "version_conflict":
                    raise
                continue  # The platform's own rules acted in between: look again.
            return answer
        raise Unexpected(f"{event} on {path}", "another version each time")


async def play(
    scenario: Scenario,
    people: Sequence[tuple[str, str]],
    credentials: Sequence[Credential],
    broker: Broker,
    url: str,
    *,
    sid: int,
    say: Callable[[str], None],
    on_scene: Callable[[Scene], None],
) -> Played:
    """Play a scenario with devices and people that do nothing else. Raises Unexpected, ApiRefused."""
    async with AsyncExitStack() as stack:
        apis = {login: await stack.enter_async_context(Api(url, login, password)) for login, password in people}
        clock = CityClock()
        await clock.read(apis["engineer"])
        devices = await stack.enter_async_context(_devices(credentials, broker, clock, sid))
        return await Drill(apis, devices, clock, say).play(scenario, on_scene)


@asynccontextmanager
async def _devices(
    credentials: Sequence[Credential], broker: Broker, clock: CityClock, sid: int
) -> AsyncIterator[Mapping[str, SimulatedDevice]]:
    tally = Tally()
    devices = {
        each.device: SimulatedDevice(each, broker, clock.now, sid=sid, rng=Random(each.client_id), tally=tally)
        for each in credentials
    }
    async with asyncio.TaskGroup() as running:
        tasks = [running.create_task(device.run(), name=f"connection of {name}") for name, device in devices.items()]
        try:
            yield devices
        finally:
            for task in tasks:
                task.cancel()
