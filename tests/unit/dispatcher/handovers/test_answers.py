"""What a service says moves its call forwards only; the draft of a report says everything that it must."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.handovers.calls import Answer, answered
from dispatcher.handovers.drafting import SECTIONS, draft
from dispatcher.handovers.words import RANK, EmergencyState, UpwardPart

AT = datetime(2026, 3, 11, 2, tzinfo=UTC)
TICKET: dict[str, Any] = {
    "kind_zh": "室外火情",
    "place": None,
    "grade": 1,
    "report_count": 3,
    "event_count": 9,
    "incident_number": "I-1",
    "area_zh": "锦华区",
    "first_at": AT,
    "opened_at": AT,
    "accepted_at": None,
    "injured": 0,
    "lead_zh": None,
    "controlled_at": None,
}


def called(**known: Any) -> dict[str, Any]:
    times = dict.fromkeys(("acked_at", "arrived_at", "controlled_at", "closed_at"))
    return {"state": "called", **times, **known}


@given(st.lists(st.sampled_from([None, *(state for state in EmergencyState if RANK[state] > 0)]), max_size=8))
def test_call_never_goes_back_and_every_time_is_the_first(said: list[EmergencyState | None]) -> None:
    row = called()
    for number, state in enumerate(said):
        moved = answered(row, Answer(state=state), AT + timedelta(seconds=number))
        assert RANK[moved.state] >= RANK[EmergencyState(row["state"])]
        for name, at in zip(("acked_at", "arrived_at", "controlled_at", "closed_at"), moved[1:], strict=True):
            assert row[name] in (None, at)
        assert moved.acked_at == AT
        assert (moved.closed_at is not None) == (RANK[moved.state] == max(RANK.values()))
        row = {"state": moved.state, **dict(zip(list(row)[1:], moved[1:], strict=True))}


def test_time_that_is_said_is_never_later_than_it_was_told() -> None:
    early, late = AT - timedelta(minutes=2), AT + timedelta(hours=1)
    assert answered(called(), Answer(state=EmergencyState.ON_SCENE, happened_at=early), AT).arrived_at == early
    assert answered(called(), Answer(state=EmergencyState.ON_SCENE, happened_at=late), AT).arrived_at == AT


@given(st.sampled_from(UpwardPart), st.integers(1, 4), st.booleans(), st.integers(0, 9))
def test_draft_says_every_section(part: UpwardPart, grade: int, controlled: bool, injured: int) -> None:
    ticket = TICKET | {"grade": grade, "injured": injured, "controlled_at": AT if controlled else None}
    content = draft(part, ticket, [{"event": "arrive", "at": AT, "unit_zh": "消防站"}], [], AT)
    assert set(content) == {"title", *SECTIONS}
    assert all(content.values())
    assert "消防站到场" in content["measures"]
    assert (f"受伤{injured}人" in content["casualties"]) == (injured > 0)


def test_draft_names_what_the_services_said() -> None:
    service = {"service_zh": "消防 119", "state": "on_scene", "external_no": "42"}
    content = draft(UpwardPart.FOLLOW_UP, TICKET, [{"event": "note", "at": AT, "unit_zh": None}], [service], AT)
    assert content["measures"] == "尚未派遣。消防 119已到场（接警编号42）。"


def test_mere_words_acknowledge_the_call_and_end_nothing() -> None:
    moved = answered(called(), Answer(state=None, status="请重复地址"), AT)
    assert (moved.state, moved.acked_at, moved.closed_at) == (EmergencyState.ACKNOWLEDGED, AT, None)


def test_call_that_ended_stays_as_it_ended() -> None:
    ended = called(state="closed", acked_at=AT, closed_at=AT)
    moved = answered(ended, Answer(state=EmergencyState.DECLINED), AT + timedelta(minutes=1))
    assert (moved.state, moved.closed_at) == (EmergencyState.CLOSED, AT)
    refused = called(state="declined", acked_at=AT, closed_at=AT)
    assert answered(refused, Answer(state=EmergencyState.CLOSED), AT).state is EmergencyState.DECLINED
