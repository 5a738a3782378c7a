"""Who is on duty, by the definition: the newest stand-in before the rotation; nobody where neither has anybody."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from registry.calendar import LOCAL
from registry.rosters.duty import gaps, on_duty, stands_throughout, stretches
from registry.rosters.model import (
    Duty,
    DutyReason,
    DutyRole,
    Gap,
    OnDuty,
    Roster,
    Rotation,
    ShiftUnit,
    StandIn,
)

# A Wednesday.
BEGIN = datetime(2026, 3, 11, 9, 0, tzinfo=LOCAL)
H, D, W = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


def rotation(*participants: int, **more: object) -> Rotation:
    columns = {
        "number": 1,
        "version": 1,
        "participants": participants,
        "handover_weekday": 1,
        "handover_time": time(8, 30),
        "shift_length": 1,
        "shift_unit": ShiftUnit.WEEK,
        "valid_from": BEGIN,
        "valid_until": None,
    }
    return Rotation(**columns | more)  # type: ignore[arg-type]


def daily(*participants: int, **more: object) -> Rotation:
    return rotation(*participants, **{"handover_weekday": None, "shift_unit": ShiftUnit.DAY} | more)


def stand_in(
    contact: int, from_at: datetime, until_at: datetime, *, swap: int | None = None, number: int = 1, id_: int = 1
) -> StandIn:
    return StandIn(id_, number, contact, from_at, until_at, "理由", swap)


def roster(*rotations: Rotation, stand_ins: tuple[StandIn, ...] = (), absent: frozenset[int] = frozenset()) -> Roster:
    return Roster(1, "org", DutyRole.ON_DUTY, "值班", "Duty", rotations, stand_ins, absent)


def named(duty: Duty) -> list[int]:
    return [each.contact_id for each in duty.persons]


def test_weekly_rotation_hands_over_on_its_weekday_at_its_time_on_chinas_clock() -> None:
    one = roster(rotation(7, 8, 9))
    monday = datetime(2026, 3, 16, 8, 30, tzinfo=LOCAL)
    assert named(on_duty(one, BEGIN)) == [7]  # It began within the first one's shift.
    assert named(on_duty(one, monday - timedelta(microseconds=1))) == [7]
    assert named(on_duty(one, monday.astimezone(UTC))) == [8]
    assert named(on_duty(one, monday + W)) == [9]
    assert named(on_duty(one, monday + 2 * W)) == [7]
    assert on_duty(one, BEGIN).persons == (OnDuty(7, DutyReason.ROTATION, 1),)


def test_shift_that_begins_exactly_at_a_handover_is_the_first_ones() -> None:
    monday = datetime(2026, 3, 16, 8, 30, tzinfo=LOCAL)
    assert rotation(7, 8, valid_from=monday).anchor == monday
    assert rotation(7, 8, valid_from=monday - timedelta(seconds=1)).anchor == monday - W


def test_there_is_no_summer_time() -> None:
    """A handover is at the same hour in China on every day of the year."""
    new_year = datetime(2026, 1, 1, 8, 30, tzinfo=LOCAL)
    one = roster(daily(1, 2, valid_from=new_year))
    for day in range(366):
        at = new_year + day * D
        assert (at.hour, at.minute) == (8, 30)
        assert named(on_duty(one, at)) == [1 + day % 2]
        assert named(on_duty(one, at - timedelta(seconds=1))) != [1 + day % 2]


def test_newest_version_that_covers_a_moment_rules_and_an_empty_one_ends_the_rotation() -> None:
    first = daily(1)
    second = daily(2, version=2, valid_from=BEGIN + 2 * D, valid_until=BEGIN + 4 * D)
    third = daily(version=3, valid_from=BEGIN + 6 * D)
    one = roster(first, second, third)
    assert [named(on_duty(one, BEGIN + n * D)) for n in range(7)] == [[1], [1], [2], [2], [1], [1], []]
    assert gaps(one, BEGIN, BEGIN + 9 * D) == (Gap(BEGIN + 6 * D, None),)


def test_newer_override_goes_before_a_swap_and_a_swap_before_the_rotation() -> None:
    swap = stand_in(5, BEGIN + H, BEGIN + 5 * H, swap=3)
    override = stand_in(6, BEGIN + 2 * H, BEGIN + 3 * H, id_=2)
    one = roster(daily(1), stand_ins=(swap, override))
    reasons = [on_duty(one, BEGIN + n * H).reason for n in range(6)]
    assert [named(on_duty(one, BEGIN + n * H)) for n in range(6)] == [[1], [5], [6], [5], [5], [1]]
    assert reasons == ["rotation", "swap", "override", "swap", "swap", "rotation"]


def test_swap_of_a_duty_by_override_changes_who_stands_there() -> None:
    override = stand_in(5, BEGIN, BEGIN + 5 * H)
    swap = stand_in(6, BEGIN + H, BEGIN + 2 * H, swap=3, id_=2)
    one = roster(daily(1), stand_ins=(override, swap))
    assert [named(on_duty(one, BEGIN + n * H)) for n in range(3)] == [[5], [6], [5]]


def test_persons_of_several_rotations_stand_in_the_order_of_their_numbers_each_once() -> None:
    one = roster(daily(4, number=2), daily(3), daily(3, number=3), daily(9, number=4), absent=frozenset({9}))
    duty = on_duty(one, BEGIN)
    assert named(duty) == [3, 4]
    assert duty.vacant == (4,)


def test_whoever_has_left_leaves_a_gap_in_their_shifts_alone() -> None:
    one = roster(daily(1, 2, handover_time=time(9)), absent=frozenset({2}))
    found = gaps(one, BEGIN, BEGIN + 4 * D)
    assert found == (Gap(BEGIN + D, BEGIN + 2 * D), Gap(BEGIN + 3 * D, None))


def test_gap_between_two_rotations_has_its_ends() -> None:
    first = daily(1, valid_until=BEGIN + 2 * D)
    second = daily(2, number=2, valid_from=BEGIN + 3 * D)
    assert gaps(roster(first, second), BEGIN, BEGIN + 9 * D) == (Gap(BEGIN + 2 * D, BEGIN + 3 * D),)
    assert gaps(roster(), BEGIN, BEGIN + D) == (Gap(BEGIN, None),)
    assert gaps(roster(first), BEGIN, BEGIN) == ()


_HOURS = st.integers(0, 24 * 40).map(lambda n: BEGIN + n * H)
_SPANS = st.tuples(_HOURS, st.integers(1, 24 * 20)).map(lambda pair: (pair[0], pair[0] + pair[1] * H))


@st.composite
def rotations(draw: st.DrawFn, number: int, version: int) -> Rotation:
    unit = draw(st.sampled_from(ShiftUnit))
    begins, ends = draw(_SPANS)
    return rotation(
        *draw(st.lists(st.integers(1, 4), max_size=4)),
        number=number,
        version=version,
        handover_weekday=draw(st.integers(1, 7)) if unit is ShiftUnit.WEEK else None,
        handover_time=time(draw(st.integers(0, 23)), draw(st.sampled_from((0, 30)))),
        shift_length=draw(st.integers(1, 30 if unit is ShiftUnit.HOUR else 3)),
        shift_unit=unit,
        valid_from=begins,
        valid_until=draw(st.sampled_from((None, ends))),
    )


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    found = [
        draw(rotations(number, version))
        for number in range(1, draw(st.integers(1, 2)) + 1)
        for version in range(1, draw(st.integers(0, 3)) + 1)
    ]
    stand_ins = [
        replace(
            stand_in(draw(st.integers(1, 6)), *draw(_SPANS), swap=draw(st.sampled_from((None, 1)))),
            id=each,
            number=draw(st.integers(1, 2)),
        )
        for each in range(draw(st.integers(0, 3)))
    ]
    return roster(*found, stand_ins=tuple(stand_ins), absent=draw(st.frozensets(st.integers(1, 6), max_size=2)))


def by_definition(one: Roster, at: datetime) -> list[tuple[int, str]]:
    """The definition, word by word and without arithmetic on shifts: walk from handover to handover."""
    answer: list[tuple[int, str]] = []
    for number in (1, 2):
        standing = [s for s in one.stand_ins if s.number == number and s.from_at <= at < s.until_at]
        newest = sorted(standing, key=lambda s: s.id)[-1:]
        valid = [
            r
            for r in one.rotations
            if r.number == number and r.valid_from <= at and (r.valid_until is None or at < r.valid_until)
        ]
        if newest:
            person, reason = newest[0].contact_id, "override" if newest[0].swap_id is None else "swap"
        elif valid and valid[-1].participants:
            person, reason = walked(valid[-1], at), "rotation"
        else:
            continue
        if person not in one.absent and person not in [each for each, _ in answer]:
            answer.append((person, reason))
    return answer


def walked(one: Rotation, at: datetime) -> int:
    begins = one.valid_from.replace(minute=0)
    while (begins.hour, begins.minute) != (one.handover_time.hour, one.handover_time.minute) or (
        one.handover_weekday not in (None, begins.isoweekday())
    ):
        begins -= timedelta(minutes=30)
    turn = 0
    length = {"hour": H, "day": D, "week": W}[one.shift_unit] * one.shift_length
    while begins + length <= at:
        begins += length
        turn += 1
    return one.participants[turn % len(one.participants)]


@given(rosters(), st.lists(_HOURS, min_size=1, max_size=8))
def test_every_moment_has_exactly_the_answer_of_the_definition(one: Roster, moments: list[datetime]) -> None:
    for at in moments:
        assert [(each.contact_id, each.reason.value) for each in on_duty(one, at).persons] == by_definition(one, at)


@given(rosters(), _SPANS)
def test_stretches_cover_the_time_without_a_hole_and_say_what_each_moment_says(
    one: Roster, span: tuple[datetime, datetime]
) -> None:
    found = stretches(one, *span)
    assert (found[0].from_at, found[-1].until_at) == span
    for stretch, following in pairwise(found):
        assert stretch.until_at == following.from_at
        assert stretch.duty != following.duty
    for stretch in found:
        step = (stretch.until_at - stretch.from_at) / 3
        for at in (stretch.from_at, stretch.from_at + step, stretch.until_at - timedelta(microseconds=1)):
            assert on_duty(one, at) == stretch.duty


@given(rosters(), _SPANS)
def test_gaps_are_exactly_the_moments_with_nobody(one: Roster, span: tuple[datetime, datetime]) -> None:
    begin, end = span
    found = gaps(one, begin, end)
    at = begin
    while at < end:
        inside = any(gap.from_at <= at and (gap.until_at is None or at < gap.until_at) for gap in found)
        assert inside == (on_duty(one, at).reason is DutyReason.NOBODY)
        at += 30 * timedelta(minutes=1)


@given(rosters(), _SPANS, st.integers(1, 6))
def test_person_stands_throughout_where_every_moment_says_so(
    one: Roster, span: tuple[datetime, datetime], person: int
) -> None:
    begin, end = span
    begin = max(begin, end - 6 * D)
    every = True
    at = begin
    while at < end and every:
        valid = replace(one, stand_ins=tuple(s for s in one.stand_ins if s.number == 1))
        first = replace(valid, rotations=tuple(r for r in one.rotations if r.number == 1))
        every = named(on_duty(first, at)) == [person]
        at += 30 * timedelta(minutes=1)
    assert stands_throughout(one, 1, person, begin, end) == every
