"""Who is assessed learns neither who said what nor a figure in which somebody could be found."""

from typing import Any

import pytest

from dispatcher.accounts.model import User, UserId, UserRole
from dispatcher.evaluations.model import MINIMUM_COMMITTEES, MINIMUM_OPINIONS
from dispatcher.evaluations.veil import Seat, hearing_figures, opinion_figures, seat_of, veiled, veiled_records

ROW: dict[str, Any] = {
    "id": 7,
    "committee_id": "committee-secret",
    "area_path": ["city", "secret-community"],
    "summary": "secret words",
    "form": "visit",
    "opened_at": "secret time",
    "submitted_at": "secret time",
    "subject_organisation_id": "unit",
    "authority_organisation_id": "authority",
    "state": "delivered",
    "reply": None,
}


def user(unit: str | None, *roles: UserRole) -> User:
    return User(
        id=UserId(1),
        login="u",
        zh_name="u",
        roles=frozenset(roles),
        organisation_id=unit,
        area_id="city",
        sees_everything=True,
        enabled=True,
    )


@pytest.mark.parametrize(
    ("unit", "role", "seat"),
    [
        ("unit", UserRole.DEPT_HEAD, Seat.ASSESSED),
        ("unit", UserRole.SUPERVISOR, Seat.ASSESSED),  # An overseer of the assessed unit sits there all the same.
        ("unit", UserRole.AUDITOR, Seat.ASSESSED),
        ("committee-secret", UserRole.COMMITTEE, Seat.COMMITTEE),
        ("committee-other", UserRole.COMMITTEE, Seat.OTHER),
        ("authority", UserRole.DEPT_HEAD, Seat.OTHER),
        (None, UserRole.SUPERVISOR, Seat.OTHER),
    ],
)
def test_seat_is_where_the_viewers_unit_stands(unit: str | None, role: UserRole, seat: Seat) -> None:
    assert seat_of(user(unit, role), ROW) is seat


def test_nothing_of_who_and_what_reaches_the_assessed_unit() -> None:
    assert "secret" not in str(veiled(ROW, Seat.ASSESSED))
    assert veiled(ROW, Seat.ASSESSED)["state"] == "delivered"
    assert veiled(ROW, Seat.OTHER) == ROW


def test_log_says_how_far_it_is_and_nothing_of_who() -> None:
    line = {
        "version": 2,
        "event": "not_enough",
        "from_state": "replied",
        "to_state": "delivered",
        "at": "time",
        "actor_name": "secret",
        "organisation_id": "secret",
        "reason": "secret",
        "fields": {"summary": "secret"},
    }
    (shown,) = veiled_records([line], Seat.ASSESSED)
    assert "secret" not in str(shown)
    assert (shown["event"], shown["version"]) == ("not_enough", 2)
    assert veiled_records([line], Seat.COMMITTEE) == [line]


@pytest.mark.parametrize(
    ("opinions", "committees", "assessed", "too_few"),
    [
        (MINIMUM_OPINIONS, MINIMUM_COMMITTEES, True, False),
        (MINIMUM_OPINIONS - 1, MINIMUM_COMMITTEES, True, True),
        (MINIMUM_OPINIONS, MINIMUM_COMMITTEES - 1, True, True),
        (MINIMUM_OPINIONS, 1, False, False),
        (MINIMUM_OPINIONS - 1, 1, False, True),
        (0, 0, False, True),
    ],
)
def test_figures_are_told_from_a_group_on(opinions: int, committees: int, assessed: bool, too_few: bool) -> None:
    told = opinion_figures(opinions, committees, 3 * opinions or None, 1, assessed=assessed)
    assert told["too_few"] is too_few
    assert (told["mean_score"] is None) is too_few
    assert (told["committees"] is None) is too_few


@pytest.mark.parametrize(
    ("committees", "assessed", "too_few"),
    [(MINIMUM_COMMITTEES, True, False), (MINIMUM_COMMITTEES - 1, True, True), (1, False, False), (0, False, True)],
)
def test_organs_learn_what_committees_said_from_several_on(committees: int, assessed: bool, too_few: bool) -> None:
    assert hearing_figures(committees, 4 * committees or None, assessed=assessed)["too_few"] is too_few
