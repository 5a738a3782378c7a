"""The pure decisions of the desk: results of calls, the next try, the sample, what is searched, what residents read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.api import status_page
from dispatcher.desk.callbacks import CallbackResult, Told, fault_of
from dispatcher.desk.errors import DeskRefusal
from dispatcher.desk.knowledge import pieces
from dispatcher.desk.re_checks import is_drawn
from dispatcher.desk.standing import WORDS, PublicState, Standing, public_state
from dispatcher.tickets.model import TicketState
from dispatcher.tickets.tables.parts import CALL_STATES
from tests.unit.dispatcher.tickets.world import CALLS

AT = datetime(2026, 3, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        (Told(result=CallbackResult.SOLVED, satisfaction=5), None),
        (Told(result=CallbackResult.PARTLY, satisfaction=3, words="还差一盏"), None),
        (Told(result=CallbackResult.PARTLY, satisfaction=3), DeskRefusal.WORDS_MISSING),
        (Told(result=CallbackResult.UNSOLVED, words=" "), DeskRefusal.WORDS_MISSING),
        (Told(result=CallbackResult.REFUSED, words="不愿多说"), None),
        (Told(result=CallbackResult.REFUSED, words="不愿多说", satisfaction=5), DeskRefusal.SATISFACTION_OF_NOBODY),
        (Told(result=CallbackResult.UNREACHABLE, words="停机", satisfaction=1), DeskRefusal.SATISFACTION_OF_NOBODY),
    ],
)
def test_result_says_why_and_only_the_reached_are_satisfied(told: Told, fault: DeskRefusal | None) -> None:
    assert fault_of(told) is fault


@pytest.mark.parametrize(
    ("last_hour", "last_minute", "next_at"),
    [
        (2, 0, datetime(2026, 3, 11, 4, tzinfo=UTC)),  # 10:00 in China: again at noon
        (10, 30, datetime(2026, 3, 12, 1, tzinfo=UTC)),  # 18:30: 20:30 is too late
        (16, 30, datetime(2026, 3, 12, 1, tzinfo=UTC)),  # 00:30: the morning of the same day
    ],
)
def test_next_try_waits_two_hours_and_for_the_hours_of_calling(
    last_hour: int, last_minute: int, next_at: datetime
) -> None:
    assert CALLS.next_try_at((AT.replace(hour=last_hour, minute=last_minute),)) == next_at
    assert CALLS.next_try_at(()) is None


def test_sample_is_a_function_of_ticket_and_place_in_the_log_and_has_about_its_share() -> None:
    key, other = bytes(32), b"k" * 32
    drawn = [is_drawn(key, ticket, version, 10) for ticket in range(1, 1001) for version in (2, 7)]
    assert drawn == [is_drawn(key, ticket, version, 10) for ticket in range(1, 1001) for version in (2, 7)]
    assert drawn != [is_drawn(other, ticket, version, 10) for ticket in range(1, 1001) for version in (2, 7)]
    assert 140 < sum(drawn) < 260
    assert all(is_drawn(key, ticket, 3, 1) for ticket in range(100))
    assert drawn[::2] != drawn[1::2]


def test_question_becomes_pairs_of_characters_and_whole_words() -> None:
    assert pieces("停水了，ID card 怎么办？") == ("停水", "水了", "怎么", "么办", "id", "card")
    assert pieces("水") == ("水",)
    assert pieces("？！ a") == ()


@given(st.text(max_size=300))
def test_question_of_any_text_is_bounded(question: str) -> None:
    assert len(pieces(question)) <= 64


def test_every_state_of_a_call_response_has_a_word_for_residents() -> None:
    assert {public_state(state) for state in CALL_STATES} == set(PublicState) == set(WORDS)
    assert public_state(None) is PublicState.RECEIVED
    assert public_state(TicketState.ARBITRATION) is PublicState.IN_HAND  # disputes are not the resident's


def _standing(**more: object) -> Standing:
    columns: dict[str, object] = {
        "number": "HR-20260311-00001",
        "received_at": AT,
        "state": PublicState.CLOSED,
        "ticket_number": "CR-20260311-00001",
        "kind": ("路灯不亮", "Street light out"),
        "holder": ("消防救援", "Fire rescue"),
        "due_at": AT,
        "closed_at": AT,
        "refusal": None,
        "answer": None,
        "may_object": True,
        "may_rate": True,
    }
    return Standing(**(columns | more))  # type: ignore[arg-type]


def test_page_tells_everything_in_both_languages_and_escapes_what_others_wrote() -> None:
    evil = "<script>alert(1)</script>\"'"
    asked = status_page.Asked(number=evil, code=evil)
    page = status_page.result(_standing(answer=evil, kind=(evil, evil)), asked, status_page.Notice.RATED)
    assert "<script" not in page
    assert f'value="{evil}"' not in page
    for words in (
        'lang="zh-CN"',
        'lang="en"',
        "已办结",
        "Closed",
        "路灯不亮"[:0] + "消防救援",
        "Fire rescue",
        "2026-03-11 10:00",
    ):
        assert words in page
    assert page.count("<form") == 2
    for may in ({"may_object": False}, {"may_rate": False}):
        assert status_page.result(_standing(**may), asked, None).count("<form") == 1
    assert "<script" not in status_page.form(number=evil, notice=status_page.Notice.WRONG)


@given(st.dictionaries(st.sampled_from(["number", "code", "act", "words", "satisfaction", "result"]), st.text()))
def test_form_takes_whatever_is_typed(fields: dict[str, str]) -> None:
    asked = status_page.Asked.of(fields)
    assert len(asked.number) <= 32
    assert "\x00" not in (asked.words or "")
    assert asked.rating is None or 1 <= asked.rating.satisfaction <= 5
