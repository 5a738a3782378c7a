"""Who is on duty, when that changes, and when nobody is: what a roster says of time. Pure."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise

from registry.rosters.model import Duty, DutyReason, Gap, OnDuty, Roster, Rotation, StandIn, Stretch


def on_duty(roster: Roster, at: datetime) -> Duty:
    """Who is on duty at a moment: on each rotation the newest override or swap, else whose shift it is.

    A person who stands on two rotations is named once, with the first; one who is absent leaves the rotation vacant.
    """
    persons: dict[int, OnDuty] = {}
    vacant: list[int] = []
    for number in roster.numbers:
        found = standing_on(roster, number, at)
        if found is None:
            vacant.append(number)
        else:
            persons.setdefault(found.contact_id, found)
    return Duty(tuple(persons.values()), tuple(vacant))


def off_duty_at(rosters: Iterable[Roster], at: datetime) -> frozenset[str]:
    """Organisations that have rosters, and nobody in any of them at a moment."""
    named: dict[str, bool] = {}
    for roster in rosters:
        named[roster.organisation_id] = named.get(roster.organisation_id, False) or bool(on_duty(roster, at).persons)
    return frozenset(organisation_id for organisation_id, somebody in named.items() if not somebody)


def standing_on(roster: Roster, number: int, at: datetime) -> OnDuty | None:
    """Who stands on one rotation at a moment."""
    stand_in = _stand_in(roster, number, at)
    if stand_in is not None:
        reason = DutyReason.OVERRIDE if stand_in.swap_id is None else DutyReason.SWAP
        return None if stand_in.contact_id in roster.absent else OnDuty(stand_in.contact_id, reason, number)
    rotation = ruling(roster, number, at)
    contact_id = None if rotation is None else rotation.participant_at(at)
    if contact_id is None or contact_id in roster.absent:
        return None
    return OnDuty(contact_id, DutyReason.ROTATION, number)


def ruling(roster: Roster, number: int, at: datetime) -> Rotation | None:
    """The version of a rotation that rules at a moment: the newest that covers it."""
    covering = (each for each in roster.rotations if each.number == number and each.covers(at))
    return max(covering, key=lambda each: each.version, default=None)


def stands_throughout(roster: Roster, number: int, contact_id: int, from_at: datetime, until_at: datetime) -> bool:
    """Whether a person stands on a rotation for the whole of a time."""
    return all(
        (found := standing_on(roster, number, at)) is not None and found.contact_id == contact_id
        for at in _moments(roster, from_at, until_at)
    )


def stretches(roster: Roster, from_at: datetime, until_at: datetime) -> tuple[Stretch, ...]:
    """The whole of [from_at, until_at) in stretches; neighbours differ in who is on duty, or why."""
    moments = [*_moments(roster, from_at, until_at), until_at]
    found: list[Stretch] = []
    for begins, ends in pairwise(moments):
        duty = on_duty(roster, begins)
        same = bool(found) and found[-1].duty == duty
        found.append(Stretch(found.pop().from_at if same else begins, ends, duty))
    return tuple(found)


def gaps(roster: Roster, from_at: datetime, until_at: datetime) -> tuple[Gap, ...]:
    """When nobody is on duty within [from_at, until_at); one that reaches the end has no end that is known."""
    found: list[Gap] = []
    for stretch in stretches(roster, from_at, until_at):
        if stretch.duty.persons:
            continue
        ends = None if stretch.until_at == until_at else stretch.until_at
        if found and found[-1].until_at == stretch.from_at:  # The same gap: only what is vacant differs.
            found[-1] = Gap(found[-1].from_at, ends)
        else:
            found.append(Gap(stretch.from_at, ends))
    return tuple(found)


def _stand_in(roster: Roster, number: int, at: datetime) -> StandIn | None:
    covering = (each for each in roster.stand_ins if each.number == number and each.covers(at))
    return max(covering, key=lambda each: each.id, default=None)


def _moments(roster: Roster, from_at: datetime, until_at: datetime) -> list[datetime]:
    """Every moment of [from_at, until_at) at which somebody else may be on duty, in order, with its beginning."""
    if until_at <= from_at:
        return []
    found = {from_at}
    for stand_in in roster.stand_ins:
        found |= {stand_in.from_at, stand_in.until_at}
    for rotation in roster.rotations:
        found.add(rotation.valid_from)
        if rotation.valid_until is not None:
            found.add(rotation.valid_until)
        found.update(_handovers(rotation, from_at, until_at))
    return sorted(at for at in found if from_at <= at < until_at)


def _handovers(rotation: Rotation, from_at: datetime, until_at: datetime) -> Iterator[datetime]:
    begins = max(from_at, rotation.valid_from)
    ends = until_at if rotation.valid_until is None else min(until_at, rotation.valid_until)
    at = rotation.anchor + (rotation.shift_of(begins) + 1) * rotation.period
    while at < ends and len(rotation.participants) > 1:
        yield at.astimezone(UTC)
        at += rotation.period
