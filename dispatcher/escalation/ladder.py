"""Which step a reached threshold means, and who is to hear of it. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from dispatcher.tickets.clocks import BREACH_PCT
from dispatcher.tickets.model import ClockName, ClockRun, EntryKind, Role, Ticket
from dispatcher.tickets.routing import duty_desk
from registry.limits import EscalationAction, Ladder
from registry.organisations import Organisation

# Clocks of the desk, and of those who check and call back: they belong to no unit of the ticket.
_OF_THE_DESK: Final = frozenset(
    {ClockName.TRIAGE, ClockName.DISPATCH, ClockName.ARBITRATE, ClockName.VERIFY, ClockName.CALLBACK}
)
_HANDS: Final = (Role.DEPT_HANDLER, Role.DEPT_HEAD, Role.FIELD_UNIT, Role.CALL_TAKER, Role.DUTY_OFFICER)
_HEADS: Final = (Role.DEPT_HEAD, Role.SHIFT_LEADER)


@dataclass(frozen=True, slots=True)
class Firing:
    """One threshold of one clock that is reached, and what it does."""

    run: ClockRun
    pct: int
    action: EscalationAction
    organisation_id: str | None  # Whom it concerns; None: nobody answers for the place.

    @property
    def entry(self) -> EntryKind:
        return EntryKind.REMINDER if self.action is EscalationAction.REMIND else EntryKind.ESCALATION

    @property
    def roles(self) -> tuple[Role, ...]:
        """Who in the organisation is meant: those who work on it, or from the breach on those who lead it."""
        return _HANDS if self.action is EscalationAction.REMIND else _HEADS


def firing_of(ticket: Ticket, run: ClockRun, pct: int, ladder: Ladder, desks: Collection[Organisation]) -> Firing:
    """What reaching `pct` percent of the limit means for this ticket's grade."""
    step = ladder.after(ticket.grade, pct - 1)
    if step is not None and step.after_pct == pct:
        action = step.action
    else:  # The grade changed after the threshold was set, or the ladder says nothing about the breach.
        action = EscalationAction.URGE if pct >= BREACH_PCT else EscalationAction.REMIND
    return Firing(run, pct, action, _concerned(ticket, run, desks))


def _concerned(ticket: Ticket, run: ClockRun, desks: Collection[Organisation]) -> str | None:
    if run.organisation_id:
        return run.organisation_id
    if run.clock not in _OF_THE_DESK and ticket.lead_organisation_id is not None:
        return ticket.lead_organisation_id
    desk = duty_desk(desks, ticket.area_path)
    return desk.id if desk is not None else None
