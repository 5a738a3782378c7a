"""Call-responses that come again: the third in 30 days on one cause at one place, and no other."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.rates.recurrence import CallResponse, recurring

START = datetime(2026, 11, 1, tzinfo=UTC)


def ticket(number: int, day: float, kind: str = "fire_lane_blocked", place: str = "Lane 3") -> CallResponse:
    at = START + timedelta(days=day)
    return CallResponse(number, 100 + number, kind, at, "east", ("city", "east"), place, None, None)


def found(*tickets: CallResponse, since_day: float = -1) -> list[tuple[int, ...]]:
    return [finding.tickets for finding in recurring(tickets, START + timedelta(days=since_day))]


def test_third_in_thirty_days_is_a_finding() -> None:
    assert found(ticket(1, 0), ticket(2, 10), ticket(3, 29)) == [(1, 2, 3)]
    (finding,) = recurring([ticket(1, 0), ticket(2, 10), ticket(3, 29)], START)
    assert (finding.observed, finding.to_at, finding.witnesses) == (3, START + timedelta(days=29), (101, 102, 103))
    assert finding.reason()["tickets"] == [1, 2, 3]


def test_thirty_days_are_too_long() -> None:
    assert found(ticket(1, 0), ticket(2, 10), ticket(3, 30)) == []


@pytest.mark.parametrize("other", [{"kind": "street_vendor_occupation"}, {"place": "Lane 4"}])
def test_another_cause_or_place_does_not_count(other: dict[str, str]) -> None:
    assert found(ticket(1, 0), ticket(2, 1), ticket(3, 2, **other)) == []


def test_what_is_unclassified_shares_no_cause() -> None:
    assert found(*(ticket(n, n, kind="unclassified") for n in range(5))) == []


def test_only_what_came_since_is_told_whatever_the_order() -> None:
    tickets = [ticket(n, 2 * n) for n in range(5)]
    assert found(*tickets[::-1], since_day=4) == [(0, 1, 2, 3), (0, 1, 2, 3, 4)]
