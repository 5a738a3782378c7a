"""What may be done to tickets of both kinds beside the main path: notes, grades, merges, links, parts, supervision."""

from dataclasses import replace
from typing import Final

from dispatcher.tickets.grammar import Effect, Field, Guard, Row, Start, Stop, Unit
from dispatcher.tickets.model import ClockName, EntryKind, Role, TicketEvent, TicketState
from dispatcher.tickets.tables.parts import (
    AT_WORK,
    ATTACHMENTS,
    BASIS,
    CALL,
    CALL_OPEN,
    CALL_STATES,
    CITES,
    DECIDERS,
    DESK_ROLES,
    EVIDENCE,
    IN_HAND,
    INDEPENDENT,
    JOINT_OPEN,
    JOINT_STATES,
    NOTE_ROLES,
    PROVES,
    RECTIFIED,
    RELATIONS,
    SUBTASK,
    UNIT_ROLES,
    R,
    S,
    choice,
    number,
    organisation,
    row_id,
    text,
)

_C: Final = ClockName
_MOVES: Final = (Guard.SUBTASK_KNOWN, Guard.SUBTASK_STATE)
_OF_UNIT: Final = (*_MOVES, Guard.SUBTASK_OF_UNIT)
_TEXT: Final = (text("text"),)
_ENDS_SUBTASK: Final = (Stop(_C.SUBTASK, Effect.MOVE_SUBTASK),)


def _subtask(
    event: TicketEvent,
    states: tuple[TicketState, ...],
    roles: tuple[Role, ...],
    guards: tuple[Guard, ...],
    *fields: Field,
    needs_reason: bool = False,
    stops: tuple[Stop, ...] = (),
    starts: tuple[Start, ...] = (),
) -> Row:
    return Row(
        event=event,
        from_states=states,
        to_state=None,
        roles=roles,
        unit=Unit.ASSIGNED if Guard.SUBTASK_OF_UNIT in guards else None,
        guards=guards,
        needs_reason=needs_reason,
        fields=(SUBTASK, *fields),
        stops=stops,
        starts=starts,
        effects=(Effect.MOVE_SUBTASK,),
    )


def _subtasks(states: tuple[TicketState, ...], adders: tuple[Role, ...]) -> tuple[Row, ...]:
    """The rows of sub-tasks; `states` are those in which work may be divided and done."""
    add = Row(
        event=TicketEvent.ADD_SUBTASK,
        from_states=states,
        to_state=None,
        roles=adders,
        guards=(Guard.KNOWN_ORGANISATION, Guard.ART45, Guard.UNIT_ASSIGNED, Guard.PREDECESSOR_FINISHED),
        fields=(
            organisation("assignee"),
            text("title"),
            choice("weight", ("mandatory", "optional"), required=False),
            number("after", 1, 1000, required=False),
            number("days", 1, 365, required=False),
        ),
        starts=(Start(_C.SUBTASK, days="days"),),
        effects=(Effect.ADD_SUBTASK,),
    )
    of_lead = replace(add, roles=(R.DEPT_HANDLER, R.DEPT_HEAD), unit=Unit.LEAD)
    hands = UNIT_ROLES
    return (
        add,
        of_lead,
        _subtask(TicketEvent.SUBTASK_SIGN, states, hands, _OF_UNIT),
        _subtask(TicketEvent.SUBTASK_START, states, hands, _OF_UNIT),
        _subtask(
            TicketEvent.SUBTASK_DONE,
            states,
            hands,
            (*_OF_UNIT, Guard.PREDECESSOR_FINISHED, *PROVES),
            text("result"),
            EVIDENCE,
            ATTACHMENTS,
            stops=_ENDS_SUBTASK,
        ),
        _subtask(
            TicketEvent.SUBTASK_CHECK,
            states,
            (R.VERIFIER, *DECIDERS),
            (*_MOVES, *INDEPENDENT, *PROVES),
            ATTACHMENTS,
        ),
        _subtask(
            TicketEvent.SUBTASK_REDO,
            states,
            (R.VERIFIER, *DECIDERS),
            (*_MOVES, *INDEPENDENT),
            needs_reason=True,
            starts=(Start(_C.SUBTASK, halved=True),),
        ),
        _subtask(
            TicketEvent.SUBTASK_RETURN, states, (R.DEPT_HEAD,), _OF_UNIT, BASIS, needs_reason=True, stops=_ENDS_SUBTASK
        ),
        _subtask(
            TicketEvent.SUBTASK_REASSIGN,
            states,
            adders,
            (*_MOVES, Guard.KNOWN_ORGANISATION, Guard.ART45, Guard.UNIT_ASSIGNED),
            organisation("assignee"),
            starts=(Start(_C.SUBTASK),),
        ),
        _subtask(TicketEvent.SUBTASK_BLOCK, states, hands, _OF_UNIT, needs_reason=True),
        _subtask(TicketEvent.SUBTASK_WAIVE, states, (R.SUPERVISOR,), _MOVES, needs_reason=True, stops=_ENDS_SUBTASK),
    )


def _lines(every: tuple[TicketState, ...]) -> tuple[Row, ...]:
    note = Row(
        event=TicketEvent.NOTE,
        from_states=every,
        to_state=None,
        roles=NOTE_ROLES,
        by_rule=True,
        guards=CITES,
        fields=(*_TEXT, ATTACHMENTS),
        entry=EntryKind.NOTE,
    )
    return (
        note,
        replace(note, roles=UNIT_ROLES, unit=Unit.ASSIGNED, by_rule=False),
        Row(
            event=TicketEvent.STRIKE,
            from_states=every,
            to_state=None,
            roles=(R.SHIFT_LEADER, R.SUPERVISOR),
            guards=(Guard.ENTRY_STRIKABLE,),
            needs_reason=True,
            fields=(row_id("entry"),),
            entry=EntryKind.STRUCK,
        ),
        Row(
            event=TicketEvent.LINK,
            from_states=every,
            to_state=None,
            roles=(R.CALL_TAKER, *DESK_ROLES, *DECIDERS),
            guards=(Guard.KNOWN_TICKET,),
            fields=(row_id("ticket"), choice("relation", RELATIONS)),
            effects=(Effect.LINK,),
            entry=EntryKind.LINKED,
        ),
    )


def _rows_of_open(open_states: tuple[TicketState, ...], graders: tuple[Role, ...]) -> tuple[Row, ...]:
    return (
        Row(
            event=TicketEvent.MERGE,
            from_states=open_states,
            to_state=S.MERGED,
            roles=(R.CALL_TAKER, *DESK_ROLES) if graders == DESK_ROLES else DECIDERS,
            by_rule=True,
            guards=(Guard.KNOWN_TICKET, Guard.SURVIVOR_FITS),
            fields=(row_id("survivor"),),
            effects=(Effect.REMEMBER_STATE, Effect.POINT_TO_SURVIVOR),
        ),
        Row(
            event=TicketEvent.UNMERGE,
            from_states=(S.MERGED,),
            to_state=None,
            roles=graders,
            guards=(Guard.UNMERGE_IN_TIME, Guard.NO_OTHER_OPEN),
            needs_reason=True,
            effects=(Effect.RESTORE, Effect.GO_BACK),
        ),
        Row(
            event=TicketEvent.GRADE,
            from_states=open_states,
            to_state=None,
            roles=graders,
            guards=(Guard.GRADE_DIFFERS,) if graders == DESK_ROLES else (Guard.GRADE_DIFFERS, Guard.LEVEL_DECIDER),
            needs_reason=True,
            fields=(number("grade", 1, 4),),
            effects=(Effect.REGRADE,),
        ),
        Row(
            event=TicketEvent.SUPERVISE,
            from_states=open_states,
            to_state=None,
            roles=(R.SUPERVISOR,),
            needs_reason=True,
            effects=(Effect.SUPERVISE,),
        ),
        Row(
            event=TicketEvent.REPLY_SUPERVISION,
            from_states=open_states,
            to_state=None,
            roles=(R.DEPT_HEAD, *DESK_ROLES),
            unit=Unit.ASSIGNED,
            guards=(Guard.REPLY_DUE,),
            fields=(text("reply"),),
            stops=(Stop(_C.REPLY, Effect.SIGN),),
        ),
    )


CALL_BESIDE: Final = (
    *_lines(CALL_STATES),
    *_rows_of_open(CALL_OPEN, DESK_ROLES),
    *_subtasks((S.DISPATCHED, *AT_WORK), DESK_ROLES),
    Row(
        event=TicketEvent.SPLIT,
        from_states=IN_HAND,
        to_state=None,
        roles=(R.CALL_TAKER, *DESK_ROLES),
        guards=(Guard.REPORT_OF_TICKET,),
        needs_reason=True,
        fields=(text("matter"), CALL),
        effects=(Effect.SPLIT,),
    ),
    Row(
        event=TicketEvent.CONVERT,
        from_states=IN_HAND,
        to_state=None,
        roles=(*DESK_ROLES, R.SUBDISTRICT),
        guards=(Guard.NO_OTHER_OPEN,),
        needs_reason=True,
        fields=(number("level", 1, 4), text("cause")),
        effects=(Effect.CONVERT,),
    ),
)
JOINT_BESIDE: Final = (
    *_lines(JOINT_STATES),
    *_rows_of_open(JOINT_OPEN, DECIDERS),
    *_subtasks((S.CO_SIGNING, S.PLANNING, *RECTIFIED), DECIDERS),
)
