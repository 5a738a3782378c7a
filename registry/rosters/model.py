"""A duty roster as data: rotations in versions, and who stands in on them for a time."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from registry.calendar import LOCAL


class DutyRole(StrEnum):
    """Equal to the SQL enum `duty_role`."""

    ON_DUTY = "on_duty"  # 值班
    BACKUP = "backup"  # 备勤
    LEADER = "leader"  # 带班领导


class ShiftUnit(StrEnum):
    """Equal to the SQL enum `shift_unit`."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class DutyReason(StrEnum):
    """Why a person is on duty, or that nobody is."""

    ROTATION = "rotation"  # It is the person's shift.
    OVERRIDE = "override"  # Somebody put the person there for a time.
    SWAP = "swap"  # Two persons exchanged their shifts, both consenting.
    NOBODY = "nobody"


# China keeps one zone without summer time, so every unit is a fixed length.
_LENGTHS: Final = {
    ShiftUnit.HOUR: timedelta(hours=1),
    ShiftUnit.DAY: timedelta(days=1),
    ShiftUnit.WEEK: timedelta(weeks=1),
}


@dataclass(frozen=True, slots=True)
class Contact:
    """A person who can be reached: somebody with a log-in, or a named one of an organisation with a telephone."""

    id: int
    organisation_id: str
    user_id: int | None
    zh_name: str
    phone: str | None
    enabled: bool  # False too where the log-in is disabled.


@dataclass(frozen=True, slots=True)
class Rotation:
    """One version of a rotation: its participants take shifts in turn, from the one in whose shift it begins."""

    number: int
    version: int
    participants: tuple[int, ...]  # Contacts; none: the rotation has ended.
    handover_weekday: int | None  # 1 is Monday; only where shifts are counted in weeks.
    handover_time: time  # On China's clock.
    shift_length: int
    shift_unit: ShiftUnit
    valid_from: datetime
    valid_until: datetime | None

    @property
    def period(self) -> timedelta:
        """How long a shift is."""
        return self.shift_length * _LENGTHS[self.shift_unit]

    @property
    def anchor(self) -> datetime:
        """When the first shift begins: at the last time and weekday of the handover that is not after `valid_from`."""
        begins = self.valid_from.astimezone(LOCAL)
        found = datetime.combine(begins.date(), self.handover_time, LOCAL)
        if self.handover_weekday is not None:
            found -= timedelta(days=(found.isoweekday() - self.handover_weekday) % 7)
        step = _LENGTHS[ShiftUnit.WEEK if self.handover_weekday is not None else ShiftUnit.DAY]
        return found if found <= begins else found - step

    def covers(self, at: datetime) -> bool:
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)

    def shift_of(self, at: datetime) -> int:
        """The shift that `at` lies in, counted from 0."""
        return (at - self.anchor) // self.period

    def participant_at(self, at: datetime) -> int | None:
        """Whose shift it is, valid or not; None where nobody takes part."""
        return self.participants[self.shift_of(at) % len(self.participants)] if self.participants else None


@dataclass(frozen=True, slots=True)
class StandIn:
    """A person who takes the place of whoever the rotation names, for a time; of two the newer one rules."""

    id: int
    number: int  # Of the rotation.
    contact_id: int
    from_at: datetime
    until_at: datetime
    reason: str
    swap_id: int | None  # None: an override.

    def covers(self, at: datetime) -> bool:
        return self.from_at <= at < self.until_at


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything that decides who is on duty for one role of one organisation."""

    id: int
    organisation_id: str
    role: DutyRole
    zh_name: str
    en_name: str
    rotations: tuple[Rotation, ...]  # Every version.
    stand_ins: tuple[StandIn, ...]  # One that was cancelled ends there.
    absent: frozenset[int] = frozenset()  # Contacts who cannot be reached any more.

    @property
    def numbers(self) -> tuple[int, ...]:
        """The rotations' numbers: the order in which persons are named."""
        return tuple(sorted({each.number for each in self.rotations} | {each.number for each in self.stand_ins}))


@dataclass(frozen=True, slots=True)
class OnDuty:
    """One person, and why."""

    contact_id: int
    reason: DutyReason
    number: int  # Of the rotation that the person stands on.


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on duty at one moment, in the order in which they are called."""

    persons: tuple[OnDuty, ...]
    vacant: tuple[int, ...]  # Rotations that have nobody.

    @property
    def reason(self) -> DutyReason:
        """Of the first person."""
        return self.persons[0].reason if self.persons else DutyReason.NOBODY


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which the same persons are on duty."""

    from_at: datetime
    until_at: datetime
    duty: Duty


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a roster has nobody; `until_at` None: to the end of what was looked at."""

    from_at: datetime
    until_at: datetime | None
