"""Which organisation and which of its people a step of the ladder is meant for. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from dispatcher.tickets.model import ClockName, ClockRun, EntryKind, Role, Ticket
from dispatcher.tickets.routing import duty_desk
from registry.limits import EscalationAction
from registry.organisations import Organisation

# Clocks of the desk, and of those who decide, check and call back: they belong to no unit of the ticket.
_OF_THE_DESK: Final = frozenset(
    {
        ClockName.TRIAGE,
        ClockName.DISPATCH,
        ClockName.ARBITRATE,
        ClockName.VERIFY,
        ClockName.CALLBACK,
        ClockName.REVIEW,
        ClockName.ADMIT,
        ClockName.PLAN_REVIEW,
        ClockName.INSPECT,
        ClockName.CLOSE_OUT,
    }
)
_HANDS: Final = (Role.DEPT_HANDLER, Role.DEPT_HEAD, Role.FIELD_UNIT, Role.CALL_TAKER, Role.DUTY_OFFICER)
_HEADS: Final = (Role.DEPT_HEAD, Role.SHIFT_LEADER)
_ROLES: Final[Mapping[EscalationAction, tuple[Role, ...]]] = {
    EscalationAction.REMIND: _HANDS,
    EscalationAction.URGE: _HEADS,
    EscalationAction.SUPERVISE: _HEADS,
    EscalationAction.PAGE_DEPUTY: (Role.DEPT_HEAD, Role.DEPT_HANDLER, Role.FIELD_UNIT, Role.SHIFT_LEADER),
    EscalationAction.PAGE_DESK: (Role.DUTY_OFFICER, Role.SHIFT_LEADER),
    EscalationAction.REVIEW: (Role.SUPERVISOR,),
}


@dataclass(frozen=True, slots=True)
class Firing:
    """One step of the ladder that one clock has reached."""

    run: ClockRun
    action: EscalationAction
    organisation_id: str | None  # Whom it concerns; None: nobody answers for the place.

    @property
    def entry(self) -> EntryKind:
        return EntryKind.REMINDER if self.action is EscalationAction.REMIND else EntryKind.ESCALATION

    @property
    def roles(self) -> tuple[Role, ...]:
        """Who in the organisation is meant."""
        return _ROLES[self.action]

    @property
    def skips_at_once(self) -> bool:
        """Whether the next step follows at once where nobody hears this one; a reminder waits for the due time."""
        return self.action is not EscalationAction.REMIND


def firing_of(
    ticket: Ticket,
    run: ClockRun,
    action: EscalationAction,
    desks: Collection[Organisation],
    supervisors: str | None = None,
) -> Firing:
    """Whom a step concerns; `supervisors` is the organisation whose supervisors look after the place."""
    match action:
        case EscalationAction.REVIEW:
            return Firing(run, action, supervisors)
        case EscalationAction.PAGE_DESK:
            return Firing(run, action, _desk(ticket, desks))
        case _:
            return Firing(run, action, _concerned(ticket, run, desks))


def _concerned(ticket: Ticket, run: ClockRun, desks: Collection[Organisation]) -> str | None:
    if run.organisation_id:
        return run.organisation_id
    if run.clock not in _OF_THE_DESK and ticket.lead_organisation_id is not None:
        return ticket.lead_organisation_id
    return _desk(ticket, desks)


def _desk(ticket: Ticket, desks: Collection[Organisation]) -> str | None:
    desk = duty_desk(desks, ticket.area_path)
    return desk.id if desk is not None else None
