"""The two shapes that most rows of joint rectification have: a decision at the right level, and a deed of the lead."""

from dispatcher.tickets.grammar import Effect, Field, Guard, Row, Start, Stop, Unit
from dispatcher.tickets.model import Role, TicketEvent, TicketState
from dispatcher.tickets.tables.parts import DECIDERS, R

HEAD = (R.DEPT_HEAD,)
DECIDER = (Guard.LEVEL_DECIDER,)


def decide(
    event: TicketEvent,
    from_state: TicketState,
    to_state: TicketState | None,
    *,
    guards: tuple[Guard, ...] = (),
    fields: tuple[Field, ...] = (),
    stops: tuple[Stop, ...] = (),
    starts: tuple[Start, ...] = (),
    effects: tuple[Effect, ...] = (),
    needs_reason: bool = False,
) -> Row:
    """What the subdistrict decides at levels 3 and 4, the supervisor at every level."""
    return Row(
        event=event,
        from_states=(from_state,),
        to_state=to_state,
        roles=DECIDERS,
        guards=(*DECIDER, *guards),
        needs_reason=needs_reason,
        fields=fields,
        stops=stops,
        starts=starts,
        effects=effects,
    )


def by_lead(
    event: TicketEvent,
    from_states: tuple[TicketState, ...],
    to_state: TicketState | None,
    *,
    roles: tuple[Role, ...] = HEAD,
    guards: tuple[Guard, ...] = (),
    fields: tuple[Field, ...] = (),
    stops: tuple[Stop, ...] = (),
    starts: tuple[Start, ...] = (),
    effects: tuple[Effect, ...] = (),
) -> Row:
    """What the lead does; its head, unless the row says who else."""
    return Row(
        event=event,
        from_states=from_states,
        to_state=to_state,
        roles=roles,
        unit=Unit.LEAD,
        guards=guards,
        fields=fields,
        stops=stops,
        starts=starts,
        effects=effects,
    )
