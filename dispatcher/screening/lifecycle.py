"""What may be done with a hazard: a table of single hops, and how a hazard follows its joint ticket. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from dispatcher.accounts.model import User, UserRole
from dispatcher.screening.model import GRAVE, GRAVEST, Hazard, HazardState
from dispatcher.tickets.words import TicketEvent, TicketState


class HazardEvent(StrEnum):
    """What can happen to a hazard; the record's words."""

    REGISTER = "register"  # 登记
    ASSESS = "assess"  # 评估
    FIND_AGAIN = "find_again"  # 再次发现: a round saw it
    RECTIFY = "rectify"  # 转协同整治
    SETTLE = "settle"  # 即查即改: mended on the spot
    ACCEPT_RESIDUAL = "accept_residual"  # 接受残余风险
    CLOSE = "close"  # 销号
    RELAPSE = "relapse"  # 反弹
    TICKET_CLOSED_OUT = "ticket_closed_out"  # 工单销号
    TICKET_REFUSED = "ticket_refused"  # 不予立项或作废: nobody works on it any more
    TICKET_PROPOSED_AGAIN = "ticket_proposed_again"  # 异议后重新立项
    TICKET_RELAPSED = "ticket_relapsed"  # 回头看反弹
    TICKET_RESTARTED = "ticket_restarted"  # 反弹后再整治
    TICKET_MERGED = "ticket_merged"  # 工单合并: another joint ticket works on it
    LAST_LOOK_BACK = "last_look_back"  # 末次回头看合格
    ACCEPTANCE_ENDED = "acceptance_ended"  # 接受期满


class Refusal(StrEnum):
    """Why an event cannot be done."""

    NOT_IN_THIS_STATE = "not_in_this_state"
    MISSING_ROLE = "missing_role"
    MISSING_AREA = "missing_area"  # The hazard lies outside the area of whoever decides.
    GRAVE_NEEDS_RECTIFICATION = "grave_needs_rectification"  # Level 1 or 2 is not settled on the spot.
    GRAVEST_NEVER_ACCEPTED = "gravest_never_accepted"  # What is left of level 1 nobody may accept.
    FIELD_MISSING = "field_missing"


@dataclass(frozen=True, slots=True)
class Hop:
    """One line of the table: this event leads from these states to that one, if one of these roles does it."""

    event: HazardEvent
    from_states: tuple[HazardState, ...]
    to_state: HazardState
    roles: frozenset[UserRole]
    fields: tuple[str, ...] = ()  # that must be given; `reason` among them is the action's reason
    decides: bool = False  # levels 1 and 2: by a supervisor alone


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody wants to do with a hazard at the version that they saw."""

    event: HazardEvent
    version: int
    reason: str | None
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Refusal
    roles: tuple[UserRole, ...] = ()
    field: str | None = None
    allowed: tuple[HazardEvent, ...] = ()


_S, _E, _R = HazardState, HazardEvent, UserRole

DECIDERS: Final = frozenset({_R.SUBDISTRICT, _R.SUPERVISOR})
PROPOSERS: Final = frozenset({_R.DUTY_OFFICER, _R.SHIFT_LEADER}) | DECIDERS
INSPECTORS: Final = frozenset({_R.DEPT_HANDLER, _R.DEPT_HEAD, _R.FIELD_UNIT, _R.VERIFIER}) | PROPOSERS
"""Who may register and assess. No residents' committee: it is never given this work (Art. 45)."""

TABLE: Final[tuple[Hop, ...]] = (
    Hop(_E.RECTIFY, (_S.OPEN, _S.RELAPSED, _S.ACCEPTED_RESIDUAL), _S.UNDER_RECTIFICATION, PROPOSERS, ("reason",)),
    Hop(_E.SETTLE, (_S.OPEN, _S.RELAPSED), _S.CLOSED, DECIDERS, ("reason", "evidence"), decides=True),
    Hop(
        _E.ACCEPT_RESIDUAL,
        (_S.OPEN, _S.RECTIFIED),
        _S.ACCEPTED_RESIDUAL,
        DECIDERS,
        ("reason", "accepted_by", "days"),
        decides=True,
    ),
    Hop(_E.CLOSE, (_S.RECTIFIED, _S.ACCEPTED_RESIDUAL), _S.CLOSED, DECIDERS, ("reason", "evidence"), decides=True),
    Hop(
        _E.RELAPSE,
        (_S.RECTIFIED, _S.ACCEPTED_RESIDUAL, _S.CLOSED),
        _S.RELAPSED,
        INSPECTORS,
        ("reason", "evidence"),
    ),
)
_ASKED: Final = {hop.event: hop for hop in TABLE}


def decide(hazard: Hazard, act: Act, user: User) -> Hop | Refused:
    """The hop that an act is, or why it is none."""
    hop = _ASKED.get(act.event)
    if hop is None or hazard.state not in hop.from_states:
        return Refused(Refusal.NOT_IN_THIS_STATE, allowed=allowed_events(hazard, user))
    if not user.roles & _may(hop, hazard):
        return Refused(Refusal.MISSING_ROLE, roles=tuple(sorted(_may(hop, hazard))))
    if hop.decides and not reaches(user, hazard.area_path):
        return Refused(Refusal.MISSING_AREA)
    if act.event is _E.SETTLE and hazard.standing_level <= GRAVE:
        return Refused(Refusal.GRAVE_NEEDS_RECTIFICATION)
    if act.event is _E.ACCEPT_RESIDUAL and hazard.standing_level == GRAVEST:
        return Refused(Refusal.GRAVEST_NEVER_ACCEPTED)
    given = dict(act.fields) | {"reason": act.reason}
    missing = next((name for name in hop.fields if given.get(name) in (None, "")), None)
    return hop if missing is None else Refused(Refusal.FIELD_MISSING, field=missing)


def allowed_events(hazard: Hazard, user: User) -> tuple[HazardEvent, ...]:
    """What the user could do with it now."""
    return tuple(
        hop.event
        for hop in TABLE
        if hazard.state in hop.from_states
        and user.roles & _may(hop, hazard)
        and (not hop.decides or reaches(user, hazard.area_path))
        and not (hop.event is _E.SETTLE and hazard.standing_level <= GRAVE)
        and not (hop.event is _E.ACCEPT_RESIDUAL and hazard.standing_level == GRAVEST)
    )


def may_make_milder(hazard: Hazard, user: User) -> bool:
    """Whoever inspects may find it graver; a milder level is a decision (ruling A9)."""
    allowed = frozenset({_R.SUPERVISOR}) if min(hazard.level, hazard.standing_level) <= GRAVE else DECIDERS
    return bool(user.roles & allowed) and reaches(user, hazard.area_path)


def reaches(user: User, area_path: tuple[str, ...]) -> bool:
    return user.scope is None or user.scope in area_path


@dataclass(frozen=True, slots=True)
class TicketMove:
    """One transition of a hazard's joint ticket, and what the ticket was left with."""

    event: TicketEvent
    to_state: TicketState
    residual_level: int | None
    last_look_back: bool


@dataclass(frozen=True, slots=True)
class Followed:
    """What a move of the ticket means for the hazard."""

    event: HazardEvent
    to_state: HazardState


_WORKED_ON: Final = (_S.UNDER_RECTIFICATION, _S.RELAPSED)
_THOUGHT_DONE: Final = (_S.RECTIFIED, _S.ACCEPTED_RESIDUAL, _S.CLOSED)
_GIVEN_UP: Final = (TicketState.REJECTED, TicketState.VOIDED)
_LOWEST: Final = 4

_Test = Callable[[HazardState, TicketMove], bool]
# The first line that holds says what a move of the ticket is for the hazard; the target None: by what is left.
_FOLLOWS: Final[tuple[tuple[HazardEvent, HazardState | None, _Test], ...]] = (
    (_E.TICKET_CLOSED_OUT, None, lambda s, m: m.event is TicketEvent.CLOSE_OUT and s in _WORKED_ON),
    (
        _E.LAST_LOOK_BACK,
        _S.CLOSED,
        lambda s, m: m.event is TicketEvent.LOOK_BACK_OK and m.last_look_back and s is _S.RECTIFIED,
    ),
    (
        _E.TICKET_RELAPSED,
        _S.RELAPSED,
        lambda s, m: m.event is TicketEvent.RELAPSE and s in (*_THOUGHT_DONE, _S.UNDER_RECTIFICATION),
    ),
    (_E.TICKET_RESTARTED, _S.UNDER_RECTIFICATION, lambda s, m: m.event is TicketEvent.RESTART and s is _S.RELAPSED),
    (
        _E.TICKET_PROPOSED_AGAIN,
        _S.UNDER_RECTIFICATION,
        lambda s, m: m.to_state is TicketState.PROPOSED and m.event is TicketEvent.OBJECT and s is _S.OPEN,
    ),
    (_E.TICKET_REFUSED, _S.OPEN, lambda s, m: m.to_state in _GIVEN_UP and s in _WORKED_ON),
)


def follow(state: HazardState, move: TicketMove) -> Followed | None:
    """How a hazard follows its ticket; None where the move changes nothing for it."""
    for event, target, holds in _FOLLOWS:
        if holds(state, move):
            return Followed(event, target or _left(move.residual_level or _LOWEST))
    return None


def _left(residual_level: int) -> HazardState:
    """What a closing-out leaves: nothing to speak of, a rest accepted by name, or what nobody may accept."""
    if residual_level == _LOWEST:
        return _S.RECTIFIED
    return _S.OPEN if residual_level == GRAVEST else _S.ACCEPTED_RESIDUAL


def _may(hop: Hop, hazard: Hazard) -> frozenset[UserRole]:
    return hop.roles & {_R.SUPERVISOR} if hop.decides and hazard.standing_level <= GRAVE else hop.roles
