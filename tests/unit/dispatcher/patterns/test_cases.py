"""Which cases become one, and by which link: told alike however many links memory tells, and in whatever order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

from dispatcher.patterns.cases import CaseStanding, Joined, Link, decide
from dispatcher.patterns.shipped import shipped

PATTERN = next(iter(shipped().values()))
AT = datetime(2026, 11, 20, tzinfo=UTC)


def link(anchor: int, other: int) -> Link:
    return Link(PATTERN, bytes([anchor]), bytes([other]))


def standing(case_id: int) -> CaseStanding:
    return CaseStanding(case_id, AT + timedelta(hours=case_id), ticketed=False, open=False, accepted=False)


STANDINGS = {case_id: standing(case_id) for case_id in range(1, 7)}
FIRST, SECOND, THIRD, WITHIN, APART = (
    (link(1, 2), 1, 2),
    (link(2, 3), 2, 3),
    (link(3, 1), 1, 3),
    (link(4, 2), 2, 3),
    (link(5, 6), 5, 6),
)


def test_the_reason_of_a_case_is_the_least_link_that_leaves_it() -> None:
    expected = [Joined(1, {2: FIRST[0], 3: SECOND[0]}), Joined(5, {6: APART[0]})]
    # A restart forgets what was linked by events long gone, and tells it again.
    for more in ([], [THIRD], [WITHIN], [THIRD, WITHIN]):
        for told in permutations([FIRST, SECOND, APART, *more]):
            assert decide(told, STANDINGS) == expected


def test_a_case_whose_tickets_have_ended_is_joined_by_no_link() -> None:
    ended = {**STANDINGS, 2: replace(STANDINGS[2], ticketed=True)}
    assert decide([FIRST, SECOND, APART], ended) == [Joined(5, {6: APART[0]})]


def test_accepted_work_goes_on_then_work_then_what_was_first() -> None:
    working = {**STANDINGS, 2: replace(STANDINGS[2], ticketed=True, open=True)}
    assert decide([FIRST, SECOND], working)[0].case_id == 2
    accepted = {**working, 3: replace(STANDINGS[3], ticketed=True, open=True, accepted=True)}
    assert decide([FIRST, SECOND], accepted)[0].case_id == 3
