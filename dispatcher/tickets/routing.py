"""Which organisations a ticket goes to: department by area, in its duty hours, never a residents' committee. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from registry.calendar import WorkCalendar
from registry.event_kinds import EventKind
from registry.organisations import DutyHours, Organisation, OrganisationKind


class RouteReason(StrEnum):
    """Why an organisation was assigned, or why a department was not."""

    DEPARTMENT_OF_AREA = (
        "department_of_area"  # The most local organisation of the department that answers for the place.
    )
    OFFICE_CLOSED = "office_closed"  # It keeps office hours: the duty desk signs and holds.
    NO_ORGANISATION = "no_organisation"  # 兜底: nobody of the department answers for the place; the duty desk takes it.
    OFFICER = "officer"  # A person chose it.
    UNROUTED = "unrouted"  # Not even a duty desk answers for the place.


HELD_BY_DUTY_DESK: Final = frozenset({RouteReason.OFFICE_CLOSED.value, RouteReason.NO_ORGANISATION.value})


@dataclass(frozen=True, slots=True)
class Held:
    """A department that was meant but is not assigned: the duty desk holds its part, or nobody could be found."""

    department_id: str
    organisation_id: str | None
    reason: RouteReason


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
                {"department": held.department_id, "organisation": held.organisation_id, "reason": held.reason.value}
                for held in self.held
            ],
        }


def route(
    kind: EventKind,
    area_path: Sequence[str],
    organisations: Iterable[Organisation],
    at: datetime,
    calendar: WorkCalendar,
) -> Routing:
    """Find lead and co-units. The order of `organisations` does not matter; nobody is assigned twice."""
    known = sorted(organisations, key=lambda organisation: organisation.id)
    desk = duty_desk(known, area_path)
    grounds: dict[str, RouteReason] = {}
    held: list[Held] = []
    assigned: list[str | None] = []
    for department in dict.fromkeys((kind.lead_department, *kind.co_departments)):
        meant = _most_local(known, area_path, department)
        reason = _reason(meant, at, calendar)
        taker = meant if reason is RouteReason.DEPARTMENT_OF_AREA else desk
        if reason is not RouteReason.DEPARTMENT_OF_AREA:
            held.append(Held(department, meant.id if meant else None, reason if desk else RouteReason.UNROUTED))
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


def _reason(meant: Organisation | None, at: datetime, calendar: WorkCalendar) -> RouteReason:
    if meant is None:
        return RouteReason.NO_ORGANISATION
    if meant.duty is DutyHours.OFFICE and not calendar.is_office_open(at):
        return RouteReason.OFFICE_CLOSED
    return RouteReason.DEPARTMENT_OF_AREA
