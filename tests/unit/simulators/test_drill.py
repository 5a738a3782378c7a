"""A drill ends at the first thing that is not as it says, and begins when its calendar lets it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulators.api import ApiRefused
from simulators.clock import CityClock
from simulators.photos import photo
from simulators.scenarios.drill import Drill, Scenario, Unexpected

BEGINS: datetime = datetime(2026, 11, 27, 18, 10, tzinfo=UTC)


def scenario(*, weekly: bool) -> Scenario:
    return Scenario("x", "甲", "x", BEGINS, (), weekly=weekly)


def drill() -> tuple[Drill, list[str]]:
    said: list[str] = []
    return Drill({}, {}, CityClock(), said.append), said


@pytest.mark.parametrize(
    ("after", "weeks"),
    [
        (timedelta(days=-40), 0),
        (timedelta(0), 0),
        (timedelta(seconds=1), 1),
        (timedelta(days=7), 1),
        (timedelta(days=55), 8),
    ],
)
def test_weekly_drill_begins_at_the_same_hour_of_the_next_week(after: timedelta, weeks: int) -> None:
    assert scenario(weekly=True).next_at(BEGINS + after) == BEGINS + timedelta(weeks=weeks)


def test_drill_of_one_date_is_refused_behind_it() -> None:
    assert scenario(weekly=False).next_at(BEGINS - timedelta(days=1)) == BEGINS
    with pytest.raises(Unexpected):
        scenario(weekly=False).next_at(BEGINS + timedelta(seconds=1))


def test_check_that_does_not_hold_ends_the_drill() -> None:
    one, said = drill()
    one.expect("state", "closed", holds=True)
    assert (said, one.checks) == (["state: closed"], 1)
    with pytest.raises(Unexpected):
        one.expect("state", "open", holds=False)


async def test_refusal_must_come_and_be_the_right_one() -> None:
    async def refuse(code: str) -> Any:
        raise ApiRefused(422, code, "why")

    async def allow() -> Any:
        return {"state": "closed"}

    one, _ = drill()
    assert (await one.refused("guard_refused", refuse("guard_refused"))).detail == "why"
    with pytest.raises(Unexpected):
        await one.refused("guard_refused", refuse("forbidden"))
    with pytest.raises(Unexpected):
        await one.refused("guard_refused", allow())


def test_photos_of_one_seed_are_the_same_and_others_are_not() -> None:
    assert photo("a") == photo("a") != photo("b")
