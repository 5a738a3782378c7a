"""Call-responses that come again: so many on one cause at one place in the window, in whichever order they come."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rates.recurrence import CallResponse, Causes, recurring
from registry.event_kinds import EventKind, KindMode
from registry.projection import CHENGDU
from registry.recurrence import RecurrenceRule

START = datetime(2026, 11, 1, tzinfo=UTC)
ONE_KIND = RecurrenceRule(by_group=False, times=3, within=timedelta(days=30), radius_m=50)
ONE_GROUP = RecurrenceRule(by_group=True, times=3, within=timedelta(days=30), radius_m=100)


def kind(name: str, group: str) -> EventKind:
    return EventKind(
        id=name,
        version=1,
        zh_name=name,
        en_name=name,
        scenario="security",
        likelihood=3,
        consequence=3,
        lead_department="fire_rescue",
        co_departments=(),
        ticket_kind="call_response",
        disclosure_category="other",
        committee_list="none",
        kind_group=group,
        mode=KindMode.REVIEW,
        time_critical=False,
        run_card=None,
        notes="",
    )


CAUSES = Causes(
    {"*": ONE_KIND, "fire": ONE_GROUP},
    {
        each.id: each
        for each in (
            kind("fire_lane_blocked", "parking"),
            kind("street_vendor_occupation", "waste"),
            kind("outdoor_fire", "fire"),
            kind("ebike_shed_overheat", "fire"),
            kind("unclassified", "none"),
        )
    },
)


def ticket(
    number: int, day: float, what: str = "fire_lane_blocked", place: str | None = "Lane 3", east_m: float | None = None
) -> CallResponse:
    at = START + timedelta(days=day)
    at_dm = None if east_m is None else (round(east_m * 10), 0)
    lon, lat = (None, None) if east_m is None else (CHENGDU.lon, CHENGDU.lat)
    return CallResponse(number, 100 + number, what, at, "east", ("city", "east"), place, lon, lat, at_dm)


def found(*tickets: CallResponse, since_day: float = -1) -> list[tuple[int, ...]]:
    return [finding.tickets for finding in recurring(tickets, START + timedelta(days=since_day), CAUSES)]


def test_third_in_thirty_days_is_a_finding() -> None:
    assert found(ticket(1, 0), ticket(2, 10), ticket(3, 29)) == [(1, 2, 3)]
    (finding,) = recurring([ticket(1, 0), ticket(2, 10), ticket(3, 29)], START, CAUSES)
    assert (finding.observed, finding.to_at, finding.witnesses) == (3, START + timedelta(days=29), (101, 102, 103))
    assert finding.reason()["tickets"] == [1, 2, 3]


def test_thirty_days_are_too_long() -> None:
    assert found(ticket(1, 0), ticket(2, 10), ticket(3, 30)) == []


@pytest.mark.parametrize("other", [{"what": "street_vendor_occupation"}, {"place": "Lane 4"}])
def test_another_cause_or_place_does_not_count(other: dict[str, Any]) -> None:
    assert found(ticket(1, 0), ticket(2, 1), ticket(3, 2, **other)) == []


def test_what_is_unclassified_shares_no_cause() -> None:
    assert found(*(ticket(n, n, what="unclassified") for n in range(5))) == []


def test_only_what_came_since_is_told_whatever_the_order() -> None:
    tickets = [ticket(n, 2 * n) for n in range(5)]
    assert found(*tickets[::-1], since_day=4) == [(0, 1, 2, 3), (0, 1, 2, 3, 4)]


def test_kinds_of_a_group_are_one_cause_where_the_rule_says_so() -> None:
    whats = ("outdoor_fire", "ebike_shed_overheat", "outdoor_fire")
    (finding,) = recurring([ticket(n, n, what) for n, what in enumerate(whats)], START, CAUSES)
    assert (finding.tickets, finding.cause_kinds) == ((0, 1, 2), ("ebike_shed_overheat", "outdoor_fire"))


@pytest.mark.parametrize("order", list(permutations((0.0, 50.0, 100.0))))
def test_three_in_one_circle_are_found_whichever_comes_last(order: Sequence[float]) -> None:
    """The outer two are farther apart than the radius: only the circle about the middle one holds all three."""
    tickets = [ticket(n, n, place=f"No. {east_m:.0f}", east_m=east_m) for n, east_m in enumerate(order)]
    (finding,) = recurring(tickets, START, CAUSES)
    assert (finding.tickets, finding.spot.place) == ((0, 1, 2), "No. 50")


def test_radius_is_exact_and_a_place_without_position_goes_by_its_name() -> None:
    row = [ticket(n, n, place=None, east_m=east_m) for n, east_m in enumerate((0.0, 0.0, 50.0))]
    assert found(*row) == [(0, 1, 2)]
    assert found(*row[:2], replace(row[2], at_dm=(501, 0))) == []
    named = [ticket(0, 0, east_m=0.0), ticket(1, 1), ticket(2, 2, east_m=5000.0)]
    assert found(*named) == [(0, 1, 2)]


positions = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 300)), min_size=1, max_size=12)


@given(positions)
def test_found_is_what_a_look_at_every_circle_finds(made: list[tuple[int, int]]) -> None:
    tickets = [ticket(n, day, place=None, east_m=east_m) for n, (day, east_m) in enumerate(made)]
    ordered = sorted(tickets, key=lambda each: (each.opened_at, each.id))
    expected = []
    for n, last in enumerate(ordered):
        alive = [each for each in ordered[: n + 1] if last.opened_at - each.opened_at < timedelta(days=30)]
        circles = [[each for each in alive if _m(each, centre) <= 50] for centre in alive if _m(centre, last) <= 50]
        expected.append(max(len(circle) for circle in circles))
    told = {finding.tickets[-1]: finding.observed for finding in recurring(tickets, START - timedelta(1), CAUSES)}
    assert told == {each.id: count for each, count in zip(ordered, expected, strict=True) if count >= 3}


def _m(one: CallResponse, other: CallResponse) -> float:
    assert one.at_dm is not None
    assert other.at_dm is not None
    return abs(one.at_dm[0] - other.at_dm[0]) / 10
