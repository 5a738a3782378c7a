"""The requests of `rongan bench api`: lists, filters, due times, indicators; always the same, with their SELECTs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any, Final

from cli.bench.tickets import COMMUNITIES, SUBDISTRICTS
from dispatcher.indicators import answering
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import Dimension, Period, Question
from dispatcher.tickets import reading
from dispatcher.tickets.model import TicketState
from registry.calendar import LOCAL
from runtime.pool import Connection

PAGE: Final = 50
KINDS: Final = ("list", "filter", "kpi", "due", "trivial")
_WHOLE: Final = reading.Sight(area_id="bench", organisation_id=None)

Select = Callable[[Connection], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request, and the SELECTs that answer it."""

    kind: str
    path: str
    params: dict[str, str]
    select: Select


def requests(at: datetime, tickets: int, size: int) -> list[Wanted]:
    """In turns of their kinds, always the same ones."""
    rng = Random(11)  # noqa: S311 -- the same requests at every run
    makers = {"list": _list, "filter": _filter, "kpi": _kpi, "due": _due, "trivial": _trivial}
    turns = cycle(KINDS)
    return [makers[next(turns)](rng, at, tickets) for _ in range(size)]


def _tickets(kind: str, wanted: reading.TicketFilter, params: dict[str, str], cursor: str | None) -> Wanted:
    lists = reading.ticket_queue if wanted.open else reading.ticket_rows

    async def select(conn: Connection) -> object:
        return await lists(conn, wanted, _WHOLE, cursor=cursor, limit=PAGE)

    asked = {"limit": str(PAGE), **params} | ({"cursor": cursor} if cursor else {})
    return Wanted(kind, "/api/v1/tickets", asked, select)


def _list(rng: Random, at: datetime, count: int) -> Wanted:
    del at
    cursor = str(rng.randrange(PAGE, count)) if rng.random() < 0.5 else None
    return _tickets("list", reading.TicketFilter(), {}, cursor)


def _filter(rng: Random, at: datetime, count: int) -> Wanted:
    del at
    subdistrict = rng.randrange(SUBDISTRICTS)
    community = f"bench-{subdistrict}-{rng.randrange(COMMUNITIES)}"
    number = rng.randrange(1, count)
    wanted, params = rng.choice(
        (
            (reading.TicketFilter(area_id=community), {"area": community}),
            (reading.TicketFilter(area_id=f"bench-{subdistrict}"), {"area": f"bench-{subdistrict}"}),
            (reading.TicketFilter(grade=1), {"grade": "1"}),
            (reading.TicketFilter(state=TicketState.ON_SCENE), {"state": "on_scene"}),
            (reading.TicketFilter(overdue=True), {"overdue": "true"}),
            (
                reading.TicketFilter(area_id=community, state=TicketState.CLOSED, grade=3),
                {"area": community, "state": "closed", "grade": "3"},
            ),
            (reading.TicketFilter(text=f"-{number:07d}"), {"q": f"-{number:07d}"}),
            (reading.TicketFilter(organisation_id="o-fire_rescue"), {"organisation": "o-fire_rescue"}),
        )
    )
    return _tickets("filter", wanted, params, None)


def _due(rng: Random, at: datetime, count: int) -> Wanted:
    del at, count
    wanted, params = rng.choice(
        (
            (reading.TicketFilter(open=True), {"open": "true"}),
            (reading.TicketFilter(open=True, overdue=True), {"open": "true", "overdue": "true"}),
            (reading.TicketFilter(open=True, grade=4), {"open": "true", "grade": "4"}),
            (
                reading.TicketFilter(open=True, area_id=f"bench-{rng.randrange(SUBDISTRICTS)}"),
                {"open": "true", "area": f"bench-{rng.randrange(SUBDISTRICTS)}"},
            ),
        )
    )
    if wanted.area_id is not None:
        params = params | {"area": wanted.area_id}
    return _tickets("due", wanted, params, None)


def _trivial(rng: Random, at: datetime, count: int) -> Wanted:
    del rng, at, count

    async def select(conn: Connection) -> object:
        return await conn.fetchval("SELECT 1")

    return Wanted("trivial", "/api/v1/me", {}, select)


def _kpi(rng: Random, at: datetime, count: int) -> Wanted:
    del count
    today = at.astimezone(LOCAL).date()
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    one = rng.choice(("response", "satisfaction", "completion_in_time", "returns", "rework"))
    three = ("response", "resolution", "satisfaction")
    area = f"bench-{rng.randrange(SUBDISTRICTS)}"
    asked = rng.choice(
        (
            _question(three, month, today.replace(day=1)),
            _question(three, month, today.replace(day=1), dimension=Dimension.ORGANISATION),
            _question((one,), month, today.replace(day=1), dimension=Dimension.KIND),
            _question((one,), today - timedelta(days=365), today, period=Period.MONTH),
            _question((one,), month, today.replace(day=1), level="community"),
            _question(tuple(INDICATORS), month, today.replace(day=1), area_id=area),
            _question((one,), today.replace(day=1), today + timedelta(days=1)),
        )
    )
    params = {
        "indicators": ",".join(asked.indicators),
        "since": str(asked.since),
        "until": str(asked.until),
        "group_by": asked.dimension.value,
        "period": asked.period.value,
        "area": asked.area_id or "bench",
    } | ({"level": asked.level} if asked.level else {})

    async def select(conn: Connection) -> object:
        return await answering.answer(conn, asked)

    return Wanted("kpi", "/api/v1/kpi", params, select)


def _question(indicators: Sequence[str], since: date, until: date, **more: Any) -> Question:
    area_id = more.pop("area_id", "bench")
    return Question(indicators=tuple(indicators), since=since, until=until, area_id=area_id, **more)
