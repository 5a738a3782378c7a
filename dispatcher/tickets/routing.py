"""Which organisations a ticket goes to: department by area, in its duty hours, never a residents' committee. Pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from registry.calendar import WorkCalendar
from registry.event_kinds import EventKind
from registry.organisations import DutyHours, Organisation, OrganisationKind, UnitTrade


class RouteReason(StrEnum):
    """Why an organisation was assigned, or why a department was not."""

    DEPARTMENT_OF_AREA = (
        "department_of_area"  # The most local organisation of the department that answers for the place.
    )
    UNIT_CALLED = "unit_called"  # The external unit that the kind calls, such as the gas company of the place.
    OFFICE_CLOSED = "office_closed"  # It keeps office hours: the duty desk signs and holds.
    NOBODY_ON_DUTY = "nobody_on_duty"  # Its rosters have nobody now: the duty desk signs and holds.
    SEVERAL_UNITS = "several_units"  # More than one external unit answers for the place: a person chooses.
    COMPLAINED_OF = "complained_of"  # A reporter complains of it: it does not lead here (ruling A11).
    NO_ORGANISATION = "no_organisation"  # 兜底: nobody of the department answers for the place; the duty desk takes it.
    OFFICER = "officer"  # A person chose it.
    UNROUTED = "unrouted"  # Not even a duty desk answers for the place.


HELD_BY_DUTY_DESK: Final = frozenset(
    {
        RouteReason.OFFICE_CLOSED.value,
        RouteReason.NO_ORGANISATION.value,
        RouteReason.NOBODY_ON_DUTY.value,
        RouteReason.COMPLAINED_OF.value,
    }
)
_ON_DUTY: Final = (RouteReason.DEPARTMENT_OF_AREA, RouteReason.UNIT_CALLED)
_EXTERNAL: Final = frozenset(
    {OrganisationKind.UTILITY, OrganisationKind.EXTERNAL_UNIT, OrganisationKind.PROPERTY_MANAGER}
)


@dataclass(frozen=True, slots=True)
class Held:
    """A department or trade that was meant but is not assigned: the duty desk holds its part, or nobody was found."""

    department_id: str | None
    organisation_id: str | None
    reason: RouteReason
    trade: UnitTrade | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """Where a ticket goes. `lead` is None where nobody at all answers for the place."""

    lead: str | None
    co: tuple[str, ...]
    grounds: dict[str, RouteReason]  # For each assigned organisation.
    held: tuple[Held, ...]

    def as_record(self) -> dict[str, Any]:
        """What the log keeps of it."""
        return {
            "grounds": {organisation: reason.value for organisation, reason in self.grounds.items()},
            "held": [
                {
                    "department": held.department_id,
                    "trade": held.trade.value if held.trade else None,
                    "organisation": held.organisation_id,
                    "reason": held.reason.value,
                }
                for held in self.held
            ],
        }


def route(
    kind: EventKind,
    area_path: Sequence[str],
    organisations: Iterable[Organisation],
    at: datetime,
    calendar: WorkCalendar,
    *,
    trades: Iterable[UnitTrade] = (),
    off_duty: Collection[str] = (),
    complained_of: Collection[str] = (),
) -> Routing:
    """Find lead and co-units. The order of `organisations` does not matter; nobody is assigned twice.

    `trades` are the external units that the kind calls here and now (registry.unit_calls); `off_duty` are organisations
    whose rosters have nobody now. Those in `complained_of` do not lead: the next of the department above them does,
    else the nearest desk that nobody complains of; they may still have a part of their own in the work.
    """
    known = sorted(organisations, key=lambda organisation: organisation.id)
    heard = [each for each in known if each.id not in complained_of]
    grounds: dict[str, RouteReason] = {}
    nearest = _most_local(known, area_path, kind.lead_department)
    passed_over = nearest is not None and nearest.id in complained_of
    held = [Held(kind.lead_department, nearest.id, RouteReason.COMPLAINED_OF)] if nearest and passed_over else []
    assigned: list[str | None] = []
    for meant in (*_departments(kind, area_path, known, heard), *_units(trades, area_path, known)):
        desk = duty_desk(known if assigned else heard, area_path)
        reason = _reason(meant, at, calendar, off_duty)
        taker = _taker(meant, reason, desk)
        if reason not in _ON_DUTY and reason is not RouteReason.COMPLAINED_OF:
            held.append(meant.held(reason if desk else RouteReason.UNROUTED))
        if taker is not None:
            grounds.setdefault(taker.id, reason)
        assigned.append(taker.id if taker else None)
    lead = assigned[0]
    co = tuple(dict.fromkeys(each for each in assigned[1:] if each is not None and each != lead))
    return Routing(lead, co if lead is not None else (), grounds if lead is not None else {}, tuple(held))


def duty_desk(organisations: Iterable[Organisation], area_path: Sequence[str]) -> Organisation | None:
    """The most local duty desk that answers for the place."""
    return _nearest((each for each in organisations if each.kind is OrganisationKind.DUTY_DESK), area_path)


def _most_local(
    organisations: Iterable[Organisation], area_path: Sequence[str], department: str
) -> Organisation | None:
    return _nearest(
        (
            each
            for each in organisations
            if each.department_id == department and each.kind is not OrganisationKind.COMMITTEE
        ),
        area_path,
    )


def _nearest(organisations: Iterable[Organisation], area_path: Sequence[str]) -> Organisation | None:
    answering = [each for each in organisations if each.area_id in area_path]
    return max(answering, key=lambda each: (list(area_path).index(each.area_id), each.id), default=None)


class _Meant(NamedTuple):
    """A part of the work and whom it is meant for, before hours and rosters are asked."""

    part: str | UnitTrade  # A department, or the trade of an external unit.
    organisation: Organisation | None
    reason: RouteReason

    def held(self, reason: RouteReason) -> Held:
        named = self.organisation.id if self.organisation else None
        if isinstance(self.part, UnitTrade):
            return Held(None, named, reason, self.part)
        return Held(self.part, named, reason)


def _departments(
    kind: EventKind, area_path: Sequence[str], known: Sequence[Organisation], leading: Sequence[Organisation]
) -> Iterator[_Meant]:
    """Each department of the kind with its most local organisation, the lead, one of `leading`, first."""
    for department in dict.fromkeys((kind.lead_department, *kind.co_departments)):
        nearest = _most_local(known, area_path, department)
        meant = _most_local(leading, area_path, department) if department == kind.lead_department else nearest
        missing = RouteReason.COMPLAINED_OF if nearest else RouteReason.NO_ORGANISATION
        yield _Meant(department, meant, RouteReason.DEPARTMENT_OF_AREA if meant else missing)


def _units(trades: Iterable[UnitTrade], area_path: Sequence[str], known: Sequence[Organisation]) -> Iterator[_Meant]:
    """Each trade with its most local unit; where several are equally near, a person has to choose."""
    for trade in dict.fromkeys(trades):
        fitting = [each for each in known if trade in each.trades and each.kind in _EXTERNAL]
        nearest = _nearest(fitting, area_path)
        if nearest is None:
            yield _Meant(trade, None, RouteReason.NO_ORGANISATION)
        elif sum(each.area_id == nearest.area_id for each in fitting) > 1:
            yield _Meant(trade, None, RouteReason.SEVERAL_UNITS)
        else:
            yield _Meant(trade, nearest, RouteReason.UNIT_CALLED)


def _taker(meant: _Meant, reason: RouteReason, desk: Organisation | None) -> Organisation | None:
    """Who takes a part: whom it is meant for, else the desk; a unit that there is not leaves nothing to take."""
    if reason in _ON_DUTY:
        return meant.organisation
    return None if isinstance(meant.part, UnitTrade) and meant.organisation is None else desk


def _reason(meant: _Meant, at: datetime, calendar: WorkCalendar, off_duty: Collection[str]) -> RouteReason:
    organisation = meant.organisation
    if organisation is None:
        return meant.reason
    if organisation.duty is DutyHours.OFFICE and not calendar.is_office_open(at):
        return RouteReason.OFFICE_CLOSED
    return RouteReason.NOBODY_ON_DUTY if organisation.id in off_duty else meant.reason
