"""Figures equal their specification over random lives of tickets, counted or rolled up, however they are grouped."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from dispatcher.indicators import answering, rollups
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import CellKey, Dimension, Figure, Period, Question, Subject
from dispatcher.tickets import store
from registry.calendar import LOCAL
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.indicators.asking import SATISFIED, asked, called_back
from tests.integration.dispatcher.indicators.lives import Lives
from tests.integration.dispatcher.indicators.oracle import Fact, facts
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AGENT,
    AT,
    CREW,
    DISPATCH,
    HEAD,
    LEADER,
    OFFICER,
    SIGN,
    E,
    Step,
    StepOfTown,
    act,
    draft,
    incident,
    new_ticket,
)

OF_TICKETS = tuple(name for name, each in INDICATORS.items() if each.subject is Subject.TICKET)
SINCE = AT.astimezone(LOCAL).date() - timedelta(days=3)


def whole(lives: Lives) -> date:
    return lives.at.astimezone(LOCAL).date() + timedelta(days=2)


def expected(
    found: Iterable[Fact], member: Callable[[Fact], str | None], period: Callable[[date], date]
) -> dict[CellKey, Figure]:
    sums: dict[CellKey, Figure] = defaultdict(Figure)
    for fact in found:
        group = member(fact)
        if group is not None:
            day = fact.at.astimezone(LOCAL).date()
            sums[CellKey(fact.indicator, period(day), group)] += fact.figure
    return dict(sums)


MEMBERS: dict[Dimension, Callable[[Fact], str | None]] = {
    Dimension.AREA: lambda _: "",
    Dimension.ORGANISATION: lambda fact: fact.unit,
    Dimension.KIND: lambda fact: fact.kind,
    Dimension.GRADE: lambda fact: str(fact.grade),
}
PERIODS: dict[Period, Callable[[date], date]] = {
    Period.WHOLE: lambda _: SINCE,
    Period.DAY: lambda day: day,
    Period.WEEK: lambda day: day - timedelta(days=day.weekday()),
    Period.MONTH: lambda day: day.replace(day=1),
}


@pytest.mark.parametrize("seed", [2, 5, 7])
async def test_every_figure_equals_the_specification_counted_and_rolled_up(pool: Pool, seed: int) -> None:
    lives = Lives(pool, seed)
    await lives.run(110)
    found = [fact for life in await lives.told() for fact in facts(life, lives.calls)]
    until = whole(lives)
    async with transaction(pool, scope=SYSTEM) as conn:
        for dimension, member in MEMBERS.items():
            for period, first in PERIODS.items():
                asked = Question(indicators=OF_TICKETS, since=SINCE, until=until, dimension=dimension, period=period)
                assert await answering.count_directly(conn, asked) == expected(found, member, first)
        assert await rollups.bring_up(conn, lives.at, 10_000) > 3
        assert await rollups.bring_up(conn, lives.at, 10_000) == 0
        cells = Counter(row["dimension"] for row in await conn.fetch("SELECT dimension::text FROM indicator_cells"))
        assert set(cells) == {"area", "organisation", "kind", "grade"}
        for dimension, member in MEMBERS.items():
            for period, first in PERIODS.items():
                asked = Question(indicators=OF_TICKETS, since=SINCE, until=until, dimension=dimension, period=period)
                assert await answering.answer(conn, asked) == expected(found, member, first)


@pytest.mark.parametrize("seed", [3, 11])
async def test_figures_counted_bit_by_bit_equal_those_counted_at_once(pool: Pool, owner: Connection, seed: int) -> None:
    """Days are counted while lives go on; what changes a counted day later makes it stale, and nothing else is lost."""
    lives = Lives(pool, seed)
    for _ in range(8):
        await lives.run(10)
        async with transaction(pool, scope=SYSTEM) as conn:
            await rollups.bring_up(conn, lives.at, 10_000)
    found = [fact for life in await lives.told() for fact in facts(life, lives.calls)]
    cells = "SELECT * FROM indicator_cells ORDER BY indicator, area_id, dimension, day, member"
    until = whole(lives)
    async with transaction(pool, scope=SYSTEM) as conn:
        for dimension, member in MEMBERS.items():
            question = Question(indicators=OF_TICKETS, since=SINCE, until=until, dimension=dimension, period=Period.DAY)
            assert await answering.answer(conn, question) == expected(found, member, PERIODS[Period.DAY])
        await rollups.bring_up(conn, lives.at, 10_000)
        bit_by_bit = await conn.fetch(cells)
    await owner.execute("UPDATE indicator_days SET stale = true")
    async with transaction(pool, scope=SYSTEM) as conn:
        await rollups.bring_up(conn, lives.at, 10_000)
        assert await conn.fetch(cells) == bit_by_bit


async def test_call_backs_count_who_was_reached_and_show_who_was_not(pool: Pool) -> None:
    unresolved: Step = (E.CALLBACK_DONE, AGENT, {"outcome": "unresolved", "satisfaction": 1})
    await called_back(pool, SATISFIED, unresolved, SATISFIED)
    silent: Step = (E.CALLBACK_DONE, AGENT, {"outcome": "resolved"})
    await called_back(pool, silent)
    assert await asked(pool, "resolution") == {"": Figure(3, 4, 4)}
    assert await asked(pool, "satisfaction") == {"": Figure(2, 4, 4)}  # who says nothing is not satisfied
    assert await asked(pool, "response") == {"": Figure(2, 2, 2)}


async def test_satisfaction_counts_for_the_lead_alone(pool: Pool) -> None:
    await called_back(pool, SATISFIED)
    assert await asked(pool, "satisfaction", Dimension.ORGANISATION) == {"t-fire": Figure(1, 1, 1)}
    assert await asked(pool, "signing_in_time", Dimension.ORGANISATION) == {
        "t-fire": Figure(1, 1, 1),
        "t-police": Figure(0, 1, 1),  # its clock ended with the result: it never signed
    }


async def test_void_stays_in_the_denominator_and_what_went_elsewhere_in_the_population(pool: Pool) -> None:
    voided, moved = await new_ticket(pool, calls=1), await new_ticket(pool, calls=1)
    await act(pool, voided, ACCEPT, DISPATCH, SIGN, (E.VOID, LEADER, {"code": "proven_false"}))
    await act(pool, moved, ACCEPT, DISPATCH, SIGN, (E.REDISPATCH, OFFICER, {"lead": "t-urban"}))
    assert await asked(pool, "response") == {"": Figure(0, 1, 2)}
    assert await asked(pool, "completion_in_time") == {"": Figure(0, 1, 1)}
    assert await asked(pool, "wrong_dispatch") == {"": Figure(1, 3, 3)}


async def test_breach_stays_a_breach_under_the_grade_of_its_time(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, grade=3)
    await act(pool, ticket_id, ACCEPT, at=AT + timedelta(hours=5))
    await act(pool, ticket_id, (E.GRADE, LEADER, {"grade": 4}), at=AT + timedelta(hours=6))
    assert await asked(pool, "acceptance_in_time", Dimension.GRADE) == {"3": Figure(0, 1, 1)}
    (times,) = (await asked(pool, "times_over", Dimension.GRADE)).items()
    assert times == ("3", Figure(20_000, 1, 1))  # five hours where fifteen minutes were allowed


async def test_suspension_and_extension_are_shares_of_what_a_unit_led(pool: Pool) -> None:
    first, second = await new_ticket(pool), await new_ticket(pool)
    for ticket_id in (first, second):
        await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN)
    await act(pool, first, (E.REQUEST_EXTENSION, HEAD, {"days": 2}), (E.GRANT_EXTENSION, OFFICER, {}))
    suspend: Step = (E.REQUEST_SUSPENSION, HEAD, {"code": "weather", "days": 5})
    await act(pool, second, suspend, (E.SUSPEND, OFFICER, {}))
    await act(pool, second, (E.RESUME, OFFICER, {}), at=AT + timedelta(days=3))
    assert await asked(pool, "extension", Dimension.ORGANISATION) == {"t-fire": Figure(1, 2, 2)}
    assert await asked(pool, "suspension", Dimension.ORGANISATION) == {"t-fire": Figure(1, 2, 2)}
    assert await asked(pool, "suspension_age") == {"": Figure(3 * 86_400, 1, 1)}


async def test_fact_of_a_finished_day_that_comes_late_is_counted_again(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN, (E.ROLL, CREW, {}))
    later = AT + timedelta(days=1, hours=20)
    async with transaction(pool, scope=SYSTEM) as conn:
        assert await rollups.bring_up(conn, later, 100) == 2
        assert await conn.fetchval("SELECT count(*) FROM indicator_days WHERE stale") == 0
    before = await asked(pool, "arrival_in_time")
    happened = (AT + timedelta(hours=1)).isoformat()
    await act(pool, ticket_id, (E.ARRIVE, CREW, {"happened_at": happened}), at=later)
    async with pool.acquire() as conn:
        stale = [row["day"] for row in await conn.fetch("SELECT day FROM indicator_days WHERE stale ORDER BY day")]
    assert stale[0] == AT.astimezone(LOCAL).date()
    assert (before, await asked(pool, "arrival_in_time")) == ({}, {"": Figure(1, 1, 1)})
    async with transaction(pool, scope=SYSTEM) as conn:
        assert await rollups.bring_up(conn, later, 100) == len(stale)
        cells = "SELECT numerator FROM indicator_cells WHERE indicator = 'arrival_in_time' AND dimension = 'area'"
        assert await conn.fetchval(cells) == 1


async def test_day_that_was_counted_by_other_formulas_is_counted_again(pool: Pool, owner: Connection) -> None:
    await new_ticket(pool)
    later = AT + timedelta(days=1)
    for counted in (1, 0):
        async with transaction(pool, scope=SYSTEM) as conn:
            assert await rollups.bring_up(conn, later, 10) == counted
    await owner.execute("UPDATE indicator_cells SET numerator = 7")
    assert await asked(pool, "found_by_devices") == {"": Figure(7, 1, 1)}  # the roll-up is what answers
    await owner.execute("UPDATE indicator_days SET formulas = 'others'")
    assert await asked(pool, "found_by_devices") == {"": Figure(1, 1, 1)}
    async with transaction(pool, scope=SYSTEM) as conn:
        assert await rollups.bring_up(conn, later, 10) == 1
    assert await asked(pool, "found_by_devices") == {"": Figure(1, 1, 1)}


async def test_stage_counts_one_day_a_step_and_then_rests(pool: Pool) -> None:
    await new_ticket(pool)
    at = AT + timedelta(days=2)
    taken: list[int] = []
    for _ in range(4):
        async with transaction(pool, scope=SYSTEM) as conn:
            taken.append((await rollups.advance(await StepOfTown.begin(conn, at))).taken)
        at += timedelta(seconds=5)
    assert taken == [1, 1, 0, 0]
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT next_at FROM indicator_progress") == at - timedelta(seconds=10) + timedelta(
            minutes=10
        )


async def test_day_that_is_being_written_is_counted_afterwards(pool: Pool) -> None:
    """Who writes a fact of a day and who counts it exclude each other: no fact falls between the two."""
    await new_ticket(pool)
    later = AT + timedelta(days=2)
    async with transaction(pool, scope=SYSTEM) as writer, transaction(pool, scope=SYSTEM) as counter:
        incident_id, case_id = await incident(writer)
        await store.open_ticket(writer, draft(incident_id, case_id), AT)
        step = await StepOfTown.begin(counter, later)
        for _ in range(2):
            await counter.execute("UPDATE indicator_progress SET next_at = '-infinity'")
            await rollups.advance(step)
        counted = [row["day"] for row in await counter.fetch("SELECT day FROM indicator_days")]
    assert AT.astimezone(LOCAL).date() not in counted
    assert await asked(pool, "found_by_devices") == {"": Figure(2, 2, 2)}


async def test_unreasonable_demand_is_left_out_of_units_and_shown(pool: Pool, owner: Connection) -> None:
    ticket_id = await called_back(pool, (E.CALLBACK_DONE, AGENT, {"outcome": "unresolved", "satisfaction": 1}))
    async with transaction(pool, scope=SYSTEM) as conn:
        await rollups.bring_up(conn, AT + timedelta(days=2), 10)
    insert = "INSERT INTO unreasonable_demands SELECT $1, id, $2, '超出法规' FROM users WHERE login = $3"
    for login in ("officer", "fire.head"):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(insert, ticket_id, AT, login)
    await owner.execute("UPDATE users SET roles = '{supervisor}' WHERE login IN ('leader', 'fire.head')")
    with pytest.raises(asyncpg.CheckViolationError):  # a supervisor of the unit that handled it
        await owner.execute(insert, ticket_id, AT, "fire.head")
    await owner.execute(insert, ticket_id, AT, "leader")
    for _ in ("stale", "counted again"):
        assert await asked(pool, "satisfaction", Dimension.ORGANISATION) == {"t-fire": Figure(0, 0, 0, 1)}
        assert await asked(pool, "satisfaction") == {"": Figure(0, 1, 1, 1)}
        async with transaction(pool, scope=SYSTEM) as conn:
            await rollups.bring_up(conn, AT + timedelta(days=2), 10)


async def test_facts_behind_a_figure_add_up_to_it_page_by_page(pool: Pool) -> None:
    for days in (0, 1, 9):
        unresolved: Step = (E.CALLBACK_DONE, AGENT, {"outcome": "unresolved"})
        await called_back(pool, SATISFIED, unresolved, at=AT + timedelta(days=days))
    since = AT.astimezone(LOCAL).date()
    for indicator in ("resolution", "signing_in_time"):
        wanted = answering.Behind(indicator=indicator, since=since, until=since + timedelta(days=60))
        seen: list[dict[str, Any]] = []
        after: tuple[datetime, int, str] | None = None
        async with transaction(pool, scope=SYSTEM) as conn:
            while page := await answering.facts_behind(conn, wanted, after, 2):
                seen += page
                after = (page[-1]["fact_at"], page[-1]["subject_id"], page[-1]["organisation_id"] or "")
        (figure,) = (await asked(pool, indicator)).values()
        assert sum(row["numerator"] for row in seen) == figure.numerator
        assert sum(row["denominator"] for row in seen) == figure.denominator == 6


async def test_committee_is_never_a_group(owner: Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="committee"):
        await owner.execute(
            "INSERT INTO indicator_cells VALUES ('response', 'tt', 'organisation', $1, 'committee-tt', 1, 1, 1, 0)",
            AT.date(),
        )


async def test_relapse_counts_one_level_graver_and_never_beyond_the_gravest(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool, grade=2)
    for version in (2, 3):
        await owner.execute(
            "INSERT INTO ticket_transitions (ticket_id, version, event, to_state, actor, actor_name, actor_role, at,"
            " fields) VALUES ($1, $2, 'relapse', 'relapsed', 'user:1', 'x', 'verifier', $3, '{}')",
            ticket_id,
            version,
            AT + timedelta(days=version),
        )
    rows = await owner.fetch("SELECT grade FROM ticket_grades WHERE ticket_id = $1 ORDER BY number", ticket_id)
    assert [row["grade"] for row in rows] == [2, 1, 1]
