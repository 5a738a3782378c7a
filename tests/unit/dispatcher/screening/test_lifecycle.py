"""What may be done with a hazard and by whom, and how it follows its joint ticket."""

import re
from datetime import datetime
from typing import Any

import pytest

from dispatcher.accounts.model import User, UserId, UserRole
from dispatcher.screening.lifecycle import (
    TABLE,
    Act,
    Followed,
    HazardEvent,
    Hop,
    Refusal,
    Refused,
    TicketMove,
    allowed_events,
    decide,
    follow,
    may_make_milder,
)
from dispatcher.screening.model import Hazard, HazardId, HazardState
from dispatcher.tickets.words import TicketEvent, TicketState
from tests.architecture.repository import ROOT

S, E, R = HazardState, HazardEvent, UserRole
GIVEN = {"evidence": "照片为证", "accepted_by": "王主任", "days": 90}


def hazard(state: HazardState = S.OPEN, level: int = 3, residual_level: int | None = None) -> Hazard:
    at: datetime | None = None
    return Hazard(
        id=HazardId(1),
        number="HZ-1",
        kind="tree_unsafe",
        area_id="east",
        area_path=("city", "east"),
        place="门口",
        subject=None,
        lon=None,
        lat=None,
        state=state,
        version=1,
        level=level,
        residual_level=residual_level,
        assessment=1,
        case_id=None,
        ticket_id=None,
        plan_id=None,
        review_at=at,
    )


def user(*roles: UserRole, area: str = "east") -> User:
    return User(UserId(1), "u", "某人", frozenset(roles), "org", area, area == "city", True)


def act(event: HazardEvent, **fields: Any) -> Act:
    return Act(event, 1, "理由", {**GIVEN, **fields})


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("event", E)
def test_nothing_is_done_that_the_table_does_not_have(state: HazardState, event: HazardEvent) -> None:
    decided = decide(hazard(state), act(event), user(R.SUPERVISOR))
    hops = [hop for hop in TABLE if hop.event is event and state in hop.from_states]
    if not hops:
        assert isinstance(decided, Refused)
        assert decided.reason is Refusal.NOT_IN_THIS_STATE
    else:
        assert decided is hops[0]


@pytest.mark.parametrize("role", R)
def test_offered_events_are_those_that_are_allowed(role: UserRole) -> None:
    for state in S:
        for level in (1, 2, 3, 4):
            at = hazard(state, level)
            allowed = {event for event in E if isinstance(decide(at, act(event), user(role)), Hop)}
            assert set(allowed_events(at, user(role))) == allowed


def test_committee_and_readers_may_do_nothing() -> None:
    for role in (R.COMMITTEE, R.AUDITOR, R.ENGINEER, R.CALL_TAKER):
        assert all(allowed_events(hazard(state, 4), user(role)) == () for state in S)


def test_grave_hazard_is_neither_settled_on_the_spot_nor_decided_by_the_subdistrict() -> None:
    grave = decide(hazard(level=2), act(E.SETTLE), user(R.SUPERVISOR))
    assert isinstance(grave, Refused)
    assert grave.reason is Refusal.GRAVE_NEEDS_RECTIFICATION
    street = decide(hazard(S.RECTIFIED, level=2), act(E.CLOSE), user(R.SUBDISTRICT))
    assert isinstance(street, Refused)
    assert (street.reason, street.roles) == (Refusal.MISSING_ROLE, (R.SUPERVISOR,))
    assert isinstance(decide(hazard(S.RECTIFIED, 1, residual_level=4), act(E.CLOSE), user(R.SUBDISTRICT)), Hop)


def test_what_is_left_of_the_gravest_nobody_accepts() -> None:
    refused = decide(hazard(level=1), act(E.ACCEPT_RESIDUAL), user(R.SUPERVISOR))
    assert isinstance(refused, Refused)
    assert refused.reason is Refusal.GRAVEST_NEVER_ACCEPTED


def test_decision_is_made_in_ones_own_area_and_says_why() -> None:
    elsewhere = decide(hazard(level=4), act(E.SETTLE), user(R.SUBDISTRICT, area="west"))
    assert isinstance(elsewhere, Refused)
    assert elsewhere.reason is Refusal.MISSING_AREA
    for name, asked in (
        ("reason", Act(E.SETTLE, 1, None, GIVEN)),
        ("evidence", Act(E.SETTLE, 1, "理由", {})),
    ):
        refused = decide(hazard(level=4), asked, user(R.SUBDISTRICT))
        assert isinstance(refused, Refused)
        assert (refused.reason, refused.field) == (Refusal.FIELD_MISSING, name)


def test_milder_level_is_a_decision() -> None:
    assert not may_make_milder(hazard(level=3), user(R.DEPT_HANDLER))
    assert may_make_milder(hazard(level=3), user(R.SUBDISTRICT))
    assert not may_make_milder(hazard(level=2), user(R.SUBDISTRICT))
    assert may_make_milder(hazard(level=2), user(R.SUPERVISOR, area="city"))
    assert not may_make_milder(hazard(level=2), user(R.SUPERVISOR, area="west"))


def move(event: TicketEvent, to_state: TicketState, *, residual: int | None = None, last: bool = False) -> TicketMove:
    return TicketMove(event, to_state, residual, last)


T, TS = TicketEvent, TicketState


@pytest.mark.parametrize(
    ("state", "moved", "expected"),
    [
        (S.UNDER_RECTIFICATION, move(T.CLOSE_OUT, TS.CLOSED_OUT, residual=4), S.RECTIFIED),
        (S.UNDER_RECTIFICATION, move(T.CLOSE_OUT, TS.CLOSED_OUT, residual=3), S.ACCEPTED_RESIDUAL),
        (S.UNDER_RECTIFICATION, move(T.CLOSE_OUT, TS.CLOSED_OUT, residual=1), S.OPEN),
        (S.RELAPSED, move(T.CLOSE_OUT, TS.CLOSED_OUT, residual=4), S.RECTIFIED),
        (S.RECTIFIED, move(T.LOOK_BACK_OK, TS.CLOSED_OUT), None),
        (S.RECTIFIED, move(T.LOOK_BACK_OK, TS.CLOSED_OUT, last=True), S.CLOSED),
        (S.ACCEPTED_RESIDUAL, move(T.LOOK_BACK_OK, TS.CLOSED_OUT, last=True), None),
        (S.RECTIFIED, move(T.START_LOOK_BACK, TS.LOOK_BACK), None),
        (S.RECTIFIED, move(T.RELAPSE, TS.RELAPSED), S.RELAPSED),
        (S.CLOSED, move(T.RELAPSE, TS.RELAPSED), S.RELAPSED),
        (S.RELAPSED, move(T.RELAPSE, TS.RELAPSED), None),
        (S.RELAPSED, move(T.RESTART, TS.IN_PROGRESS), S.UNDER_RECTIFICATION),
        (S.UNDER_RECTIFICATION, move(T.REJECT, TS.REJECTED), S.OPEN),
        (S.UNDER_RECTIFICATION, move(T.VOID, TS.VOIDED), S.OPEN),
        (S.RECTIFIED, move(T.VOID, TS.VOIDED), None),
        (S.OPEN, move(T.OBJECT, TS.PROPOSED), S.UNDER_RECTIFICATION),
        (S.UNDER_RECTIFICATION, move(T.PLAN_APPROVE, TS.IN_PROGRESS), None),
        (S.OPEN, move(T.CLOSE_OUT, TS.CLOSED_OUT, residual=4), None),
    ],
)
def test_hazard_follows_its_ticket(state: HazardState, moved: TicketMove, expected: HazardState | None) -> None:
    followed = follow(state, moved)
    assert (followed.to_state if isinstance(followed, Followed) else None) is expected


def test_reference_page_has_the_lines_of_the_table() -> None:
    page = (ROOT / "docs" / "reference" / "screening.md").read_text(encoding="utf-8")
    told = {}
    for line in page.splitlines():
        cells = [re.findall(r"`([a-z_]+)`", cell) for cell in line.split("|")]
        if len(cells) == 7 and cells[1]:
            told[cells[1][0]] = (set(cells[2]), cells[3][0])
    assert told == {hop.event: (set(hop.from_states), hop.to_state) for hop in TABLE}
