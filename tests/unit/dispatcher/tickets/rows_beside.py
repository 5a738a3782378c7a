"""The rows of both kinds beside the main path: lines, merges, grades, supervision, sub-tasks, by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from dispatcher.tickets import lifecycle
from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Actor, ClockName, Role, Ticket, TicketEvent, TicketId, TicketKind, TicketState
from registry.limits import EscalationAction
from tests.unit.dispatcher.tickets import rows_call, rows_joint
from tests.unit.dispatcher.tickets.rows import No, Row, cites, outside, proves
from tests.unit.dispatcher.tickets.world import (
    AT,
    CO_HANDLER,
    CO_HEAD,
    CONTEXT,
    HANDLER,
    HEAD,
    LEADER,
    OFFICER,
    RULES,
    SUBDISTRICT,
    SUPERVISOR,
    TAKER,
    VERIFIER,
    E,
    Step,
    done,
)

S = TicketState
G = Guard
DESK, DECIDES = "duty_officer shift_leader", "subdistrict supervisor"
UNIT = "dept_handler dept_head field_unit"
NOTES = f"call_taker {DESK} verifier callback_agent {DECIDES}"
CALL, JOINT = rows_call.SIGNED, done(rows_joint.INVITED, rows_joint.COSIGN)


def _others(ticket: Ticket, **more: object) -> dict[int, Ticket]:
    accepted = replace(ticket, id=TicketId(9), accepted_at=AT, **more)  # type: ignore[arg-type]
    return {9: accepted}


def _lines(ticket: Ticket, decider: Actor, graders: str) -> Iterator[Row]:
    note: Step = (E.NOTE, decider, {"text": "已核实"})
    of_unit: Step = (E.NOTE, HANDLER, {"text": "已核实"})
    strike: Step = (E.STRIKE, SUPERVISOR, {"entry": 3})
    link: Step = (E.LINK, decider, {"ticket": 9, "relation": "neighbour"})
    known = replace(CONTEXT, others=_others(ticket), strikable=frozenset({3}))
    yield Row("note", ticket, note, ticket.state, f"{NOTES}", no=cites(note), line=True)
    yield Row("note of a unit", ticket, of_unit, ticket.state, f"{NOTES} {UNIT}", no=cites(of_unit), line=True)
    yield Row(
        "strike",
        ticket,
        strike,
        ticket.state,
        "shift_leader supervisor",
        no=(No(G.ENTRY_STRIKABLE, fields={"entry": 4}),),
        needs_reason=True,
        line=True,
        context=known,
    )
    linked = No(G.KNOWN_TICKET, fields=link[2] | {"ticket": 8})
    who = f"call_taker {DESK} {DECIDES}"
    yield Row("link", ticket, link, ticket.state, who, no=(linked,), line=True, context=known)
    yield Row(
        "grade",
        ticket,
        (E.GRADE, decider, {"grade": 4}),
        ticket.state,
        graders,
        stops="c_control" if ticket.ticket_kind is TicketKind.CALL_RESPONSE else "j_interim",
        no=(No(G.GRADE_DIFFERS, fields={"grade": 3}),),
        needs_reason=True,
    )
    yield Row("supervise", ticket, (E.SUPERVISE, SUPERVISOR, {}), ticket.state, "supervisor", needs_reason=True)


def _merges(ticket: Ticket, decider: Actor, mergers: str, graders: str) -> Iterator[Row]:
    merge: Step = (E.MERGE, decider, {"survivor": 9})
    known = replace(CONTEXT, others=_others(ticket))
    ended = replace(CONTEXT, others=_others(ticket, state=S.VOIDED))
    milder = replace(CONTEXT, others=_others(ticket, grade=4))
    elsewhere = replace(CONTEXT, others=_others(ticket, area_path=("cd", "cd-other")))
    yield Row(
        "merge",
        ticket,
        merge,
        S.MERGED,
        mergers,
        no=(
            No(G.KNOWN_TICKET, fields={"survivor": 8}),
            *(No(G.SURVIVOR_FITS, context=each) for each in (ended, milder, elsewhere)),
        ),
        context=known,
    )
    merged = done(ticket, merge, context=known)
    # Every clock goes on from where it stood; `starts` names none, because no run is new.
    yield Row(
        "unmerge",
        merged,
        (E.UNMERGE, decider, {}),
        ticket.state,
        graders,
        no=(
            No(G.UNMERGE_IN_TIME, at=AT + timedelta(hours=24, seconds=1)),
            No(G.UNMERGE_IN_TIME, context=ended),
            No(G.NO_OTHER_OPEN, context=replace(known, open_kinds=frozenset({ticket.ticket_kind}))),
        ),
        needs_reason=True,
        context=known,
    )


def _reply(ticket: Ticket, clock: ClockName) -> Row:
    run = next(each for each in ticket.running if each.clock is clock)
    ordered = lifecycle.fired(ticket, run.key, EscalationAction.SUPERVISE, AT, RULES)
    step: Step = (E.REPLY_SUPERVISION, HEAD, {"reply": "已加派人手"})
    who = f"dept_head {DESK}"
    return Row(
        "reply_supervision", ordered, step, ticket.state, who, stops="c_reply", no=(No(G.REPLY_DUE, ticket=ticket),)
    )


def _subtasks(ticket: Ticket, decider: Actor, adders: str) -> Iterator[Row]:
    add: Step = (E.ADD_SUBTASK, decider, {"assignee": "police", "title": "交通管制"})
    of_lead: Step = (E.ADD_SUBTASK, HEAD, add[2])
    refusals = (
        *(replace(each) for each in _assignee(add)),
        No(G.UNIT_ASSIGNED, fields=add[2] | {"assignee": "checkers"}),
        No(G.PREDECESSOR_FINISHED, fields=add[2] | {"after": 99}),
    )
    state = ticket.state
    yield Row("add_subtask", ticket, add, state, adders, "j_subtask", no=refusals)
    yield Row(
        "add_subtask, by the lead", ticket, of_lead, state, f"{adders} dept_handler dept_head", "j_subtask", no=refusals
    )
    part = Part(len(ticket.subtasks) + 1)
    given = done(ticket, add)
    yield from _worked_on(given, part, add)
    yield from _not_finished(given, part, decider, adders)


@dataclass(frozen=True, slots=True)
class Part:
    """A sub-task by its number: what is done to it, and why that is refused."""

    number: int

    def step(self, event: TicketEvent, actor: Actor, **fields: object) -> Step:
        return (event, actor, {"subtask": self.number, **fields})

    def refused(self, one: Step, wrong: Ticket, *, unit: bool = False) -> tuple[No, ...]:
        foreign = (No(G.SUBTASK_OF_UNIT, actor=replace(one[1], organisation_id="fire")),) if unit else ()
        return (No(G.SUBTASK_KNOWN, fields=one[2] | {"subtask": 99}), No(G.SUBTASK_STATE, ticket=wrong), *foreign)


def _worked_on(given: Ticket, part: Part, add: Step) -> Iterator[Row]:
    sign, start = part.step(E.SUBTASK_SIGN, CO_HANDLER), part.step(E.SUBTASK_START, CO_HANDLER)
    finish, check = part.step(E.SUBTASK_DONE, CO_HANDLER, result="完成"), part.step(E.SUBTASK_CHECK, VERIFIER)
    signed = done(given, sign)
    working = done(signed, start)
    ended = done(working, finish)
    behind = done(working, (E.ADD_SUBTASK, add[1], add[2] | {"after": part.number}))
    later = replace(
        behind,
        subtasks=tuple(
            replace(each, after=part.number + 1) if each.number == part.number else each for each in behind.subtasks
        ),
    )
    refused, state = part.refused, given.state
    checks, waives = f"verifier {DECIDES}", outside(Role.VERIFIER, "police")
    yield Row("subtask_sign", given, sign, state, UNIT, no=refused(sign, ended, unit=True))
    yield Row("subtask_start", signed, start, state, UNIT, no=refused(start, ended, unit=True))
    yield Row(
        "subtask_done",
        working,
        finish,
        state,
        UNIT,
        stops="j_subtask",
        no=(*refused(finish, given, unit=True), No(G.PREDECESSOR_FINISHED, ticket=later), *proves(finish)),
    )
    yield Row("subtask_check", ended, check, state, checks, no=(*refused(check, given), waives, *proves(check)))
    redo = part.step(E.SUBTASK_REDO, VERIFIER)
    yield Row(
        "subtask_redo", ended, redo, state, checks, "j_subtask", no=(*refused(redo, given), waives), needs_reason=True
    )
    waive = part.step(E.SUBTASK_WAIVE, SUPERVISOR)
    gone = done(ended, check)
    no = refused(waive, gone)
    yield Row("subtask_waive", given, waive, state, "supervisor", stops="j_subtask", no=no, needs_reason=True)


def _not_finished(given: Ticket, part: Part, decider: Actor, adders: str) -> Iterator[Row]:
    working = done(given, part.step(E.SUBTASK_SIGN, CO_HANDLER), part.step(E.SUBTASK_START, CO_HANDLER))
    ended = done(working, part.step(E.SUBTASK_DONE, CO_HANDLER, result="完成"))
    back = part.step(E.SUBTASK_RETURN, CO_HEAD, basis="三定方案")
    again = part.step(E.SUBTASK_REASSIGN, decider, assignee="fire")
    block = part.step(E.SUBTASK_BLOCK, CO_HANDLER)
    refused, state = part.refused, given.state
    no: tuple[No, ...] = refused(back, ended, unit=True)
    yield Row("subtask_return", given, back, state, "dept_head", stops="j_subtask", no=no, needs_reason=True)
    foreign = No(G.UNIT_ASSIGNED, fields=again[2] | {"assignee": "checkers"})
    no = (*refused(again, given), *_assignee(again), foreign)
    yield Row("subtask_reassign", done(given, back), again, state, adders, "j_subtask", no=no)
    yield Row("subtask_block", working, block, state, UNIT, no=refused(block, given, unit=True), needs_reason=True)


def _assignee(step: Step) -> tuple[No, ...]:
    return (
        No(G.KNOWN_ORGANISATION, fields=step[2] | {"assignee": "nobody"}),
        No(G.ART45, fields=step[2] | {"assignee": "committee-qs"}),
    )


SPLIT: Step = (E.SPLIT, TAKER, {"matter": "另有路灯不亮", "call_id": 1})
CONVERT: Step = (E.CONVERT, OFFICER, {"level": 3, "cause": "消防通道长期堵塞"})

BESIDE_ROWS = (
    *_lines(CALL, LEADER, DESK),
    *_merges(CALL, OFFICER, f"call_taker {DESK}", DESK),
    _reply(CALL, ClockName.RESOLVE),
    *_subtasks(CALL, OFFICER, DESK),
    Row(
        "split",
        CALL,
        SPLIT,
        CALL.state,
        f"call_taker {DESK}",
        no=(No(G.REPORT_OF_TICKET, fields=SPLIT[2] | {"call_id": 77}),),
        needs_reason=True,
    ),
    Row(
        "convert",
        CALL,
        CONVERT,
        CALL.state,
        f"{DESK} subdistrict",
        no=(No(G.NO_OTHER_OPEN, context=rows_joint.TWIN),),
        needs_reason=True,
    ),
    *_lines(JOINT, SUBDISTRICT, DECIDES),
    *_merges(JOINT, SUBDISTRICT, DECIDES, DECIDES),
    Row(
        "grade, graver",
        JOINT,
        (E.GRADE, SUPERVISOR, {"grade": 2}),
        JOINT.state,
        DECIDES,
        no=(No(G.LEVEL_DECIDER, actor=SUBDISTRICT),),
        needs_reason=True,
    ),
    _reply(JOINT, ClockName.PLAN),
    *_subtasks(JOINT, SUBDISTRICT, DECIDES),
)
