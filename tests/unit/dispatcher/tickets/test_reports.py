"""Residents' side of a ticket: answers, objections, merges that are undone, mass incidents, withdrawals, reopening."""

from dataclasses import replace
from datetime import timedelta

from dispatcher.tickets.conditions import holds
from dispatcher.tickets.grammar import Condition, Guard
from dispatcher.tickets.model import ClockName, Role, Ticket, TicketId, TicketKind, TicketState
from dispatcher.tickets.questions import needs_call
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
    AGENT,
    AT,
    CONTEXT,
    DISPATCH,
    LEADER,
    OFFICER,
    SIGN,
    SUPERVISOR,
    TAKER,
    TO_VERIFYING,
    VERIFIER,
    E,
    Step,
    done,
    opened,
    person,
    refused,
)

OK: Step = (E.VERIFY_OK, VERIFIER, {})
ANSWER: Step = (E.ANSWER, TAKER, {"answer": "居住证办理流程", "article": "kb-12", "article_version": 3})
REFUSE: Step = (E.REFUSE_ACCEPT, TAKER, {"code": "outside_area", "legal_basis": "条例第五十条"})
OBJECT: Step = (E.OBJECT, TAKER, {})


def survivor(**more: object) -> Ticket:
    return replace(done(opened(), ACCEPT), id=TicketId(9), **more)  # type: ignore[arg-type]


def test_consultation_is_answered_with_article_and_version() -> None:
    assert refused(opened(demand="complaint"), ANSWER).guard is Guard.CONSULTATION_ONLY
    assert refused(opened(demand="consultation"), (E.ANSWER, TAKER, {"answer": "好"})).field == "article"
    assert done(opened(demand="consultation"), ANSWER).state is TicketState.ANSWERED


def test_facts_are_asked_for_while_triage_runs_and_never_of_a_committee() -> None:
    asked: Step = (E.ASK_FACT, TAKER, {"question": "是否仍在漏水", "asked": "police"})
    ticket = done(opened(grade=3), asked)
    assert [run.clock for run in ticket.running] == [ClockName.TRIAGE]
    found: Step = (E.CONFIRM_FACT, VERIFIER, {"source": "verifier", "finding": "confirmed"})
    assert done(ticket, found).state is TicketState.NEW
    assert refused(opened(grade=2), asked).guard is Guard.MILD_ONLY
    committee: Step = (E.ASK_FACT, TAKER, {"question": "上门核实", "asked": "committee-qs"})
    assert refused(opened(grade=3), committee).guard is Guard.ART45


def test_objection_reopens_a_refusal_once_and_the_next_refusal_takes_two() -> None:
    ticket = done(opened(demand="help"), REFUSE)
    assert refused(ticket, OBJECT, at=AT + timedelta(days=60)).guard is Guard.WITHIN_OBJECTION_WINDOW
    again = done(ticket, OBJECT)
    assert (again.state, [run.clock for run in again.running]) == (TicketState.NEW, [ClockName.TRIAGE])
    assert refused(again, REFUSE).guard is Guard.COMPLAINT_NEEDS_COUNTERSIGN
    asked = done(again, (E.REQUEST_REFUSAL, TAKER, REFUSE[2]), (E.COUNTERSIGN_REFUSAL, LEADER, {}))
    assert refused(asked, OBJECT).guard is Guard.OBJECTION_ONCE


def test_merge_keeps_every_report_and_is_undone_as_if_it_had_never_been() -> None:
    ticket = done(opened(reports=2), ACCEPT, DISPATCH, SIGN)
    keeper = survivor()
    merge: Step = (E.MERGE, OFFICER, {"survivor": 9})
    context = replace(CONTEXT, others={9: keeper})
    assert refused(ticket, merge).guard is Guard.KNOWN_TICKET
    milder = replace(CONTEXT, others={9: survivor(grade=4)})
    assert refused(replace(ticket, grade=3), merge, context=milder).guard is Guard.SURVIVOR_FITS
    elsewhere = replace(CONTEXT, others={9: survivor(area_path=("cd", "cd-other"))})
    assert refused(ticket, merge, context=elsewhere).guard is Guard.SURVIVOR_FITS
    merged = done(ticket, merge, context=context)
    assert (merged.state, merged.reports, merged.merged_reports) == (TicketState.MERGED, (), (1, 2))
    full = replace(CONTEXT, others={9: replace(keeper, reports=ticket.reports)})
    undo: Step = (E.UNMERGE, OFFICER, {})
    late = AT + timedelta(hours=24, seconds=1)
    assert refused(merged, undo, at=late, context=full).guard is Guard.UNMERGE_IN_TIME
    back = done(merged, undo, at=AT + timedelta(hours=23), context=full)
    assert back.clocks == ticket.clocks  # Nothing was lost and nothing was won.
    assert (back.state, back.reports, back.merged_into) == (ticket.state, ticket.reports, None)


def test_unmerge_waits_for_no_ended_survivor_and_no_twin() -> None:
    ticket = done(opened(), ACCEPT)
    merged = done(ticket, (E.MERGE, OFFICER, {"survivor": 9}), context=replace(CONTEXT, others={9: survivor()}))
    ended = replace(CONTEXT, others={9: survivor(state=TicketState.CLOSED, closed_at=AT)})
    assert refused(merged, (E.UNMERGE, OFFICER, {}), context=ended).guard is Guard.UNMERGE_IN_TIME
    twin = replace(CONTEXT, others={9: survivor()}, open_kinds=frozenset({TicketKind.CALL_RESPONSE}))
    assert refused(merged, (E.UNMERGE, OFFICER, {}), context=twin).guard is Guard.NO_OTHER_OPEN


def test_one_reply_answers_many_but_not_those_who_asked_or_were_harmed_nor_the_sample() -> None:
    reply: Step = (E.APPROVE_REPLY, LEADER, {"reply": "已恢复供水"})
    few = done(opened(reports=20), *TO_VERIFYING)
    assert refused(few, reply).guard is Guard.MASS_INCIDENT
    ticket = done(opened(reports=40), *TO_VERIFYING, reply, (E.FLAG_REPORT, TAKER, {"call_id": 7, "why": "harmed"}))
    called = {call_id for call_id in range(1, 41) if needs_call(ticket, call_id)}
    assert 7 in called
    assert 2 <= len(called) <= 12  # About a tenth, by a hash that nobody chooses.
    waiting = done(ticket, OK)
    assert waiting.state is TicketState.AWAITING_CALLBACK
    assert {each.call_id for each in waiting.reports if each.waits_for_callback} == called
    assert {each.outcome for each in waiting.reports if each.call_id not in called} == {"notified"}
    assert holds(Condition.CALLBACK_WANTED, ticket)


def test_withdrawal_counts_only_when_somebody_independent_confirmed_it() -> None:
    ticket = done(opened(reports=1), ACCEPT, DISPATCH)
    asked = done(ticket, (E.REQUEST_WITHDRAWAL, TAKER, {"call_id": 1}))
    assert asked.reports[0].waits_for_callback
    confirm: Step = (E.CONFIRM_WITHDRAWAL, AGENT, {"record": "录音 9"})
    own = person(Role.CALLBACK_AGENT, "fire")
    assert refused(asked, (E.CONFIRM_WITHDRAWAL, own, {"record": "录音"})).guard is Guard.NOT_OF_HANDLING_UNIT
    gone = done(asked, confirm)
    assert (gone.reports[0].outcome, gone.state) == ("withdrawn", TicketState.DISPATCHED)  # The matter goes on.
    assert done(asked, (E.DENY_WITHDRAWAL, AGENT, {})).reports[0].waits_for_callback


def test_closed_ticket_is_reopened_with_its_number_within_fifteen_working_days() -> None:
    closed = done(replace(opened(), number="CR-1"), *TO_VERIFYING, OK)
    closed = replace(closed, number="CR-1")
    for actor in (TAKER, person(Role.COMMITTEE, "committee-qs"), VERIFIER):
        again = done(closed, (E.REOPEN, actor, {}))
        assert (again.state, again.number, again.reopen_count) == (TicketState.ACCEPTED, "CR-1", 1)
        assert {run.clock for run in again.running} == {ClockName.DISPATCH, ClockName.RESOLVE}
    assert refused(closed, (E.REOPEN, TAKER, {}), at=AT + timedelta(days=30)).guard is Guard.WITHIN_REOPEN_WINDOW
    twin = replace(CONTEXT, open_kinds=frozenset({TicketKind.CALL_RESPONSE}))
    assert refused(closed, (E.REOPEN, TAKER, {}), context=twin).guard is Guard.NO_OTHER_OPEN


def test_second_result_is_asked_about_anew_of_everybody_but_who_withdrew() -> None:
    called: tuple[Step, ...] = tuple(
        (E.CALLBACK_DONE, AGENT, {"outcome": "resolved", "satisfaction": 5, "call_id": number}) for number in (1, 2)
    )
    asked = done(opened(reports=3, demand="help"), (E.REQUEST_WITHDRAWAL, TAKER, {"call_id": 3}))
    withdrawn = done(asked, (E.CONFIRM_WITHDRAWAL, AGENT, {"record": "录音"}))
    closed = done(withdrawn, *TO_VERIFYING, OK, *called)
    assert closed.state is TicketState.CLOSED
    again = done(closed, (E.REOPEN, SUPERVISOR, {}), *TO_VERIFYING[1:], OK)
    assert again.state is TicketState.AWAITING_CALLBACK
    assert [report.call_id for report in again.reports if report.waits_for_callback] == [1, 2]
    assert [report.satisfaction for report in again.reports] == [None] * 3


def test_reply_to_many_about_the_first_result_answers_nobody_about_the_second() -> None:
    mass = done(opened(reports=30, demand="help"), (E.APPROVE_REPLY, LEADER, {"reply": "已统一处理"}))
    ended = replace(mass, state=TicketState.CLOSED, closed_at=AT)
    reopened = done(ended, (E.REOPEN, SUPERVISOR, {}))
    assert reopened.reply_approved_at is None
    assert all(report.waits_for_callback for report in reopened.reports)


def test_calls_in_vain_before_the_rework_do_not_count_after_it() -> None:
    morning = AT  # 10:00 in China
    tries: Step = (E.CALLBACK_ATTEMPT, AGENT, {"result_of_try": "no_answer", "call_id": 1})
    waiting = done(opened(reports=2, demand="help"), *TO_VERIFYING, OK)
    for day in (0, 1, 1):
        waiting = done(waiting, tries, at=morning + timedelta(days=day))
    reworked = done(waiting, (E.CALLBACK_UNRESOLVED, AGENT, {}))
    assert [report.attempts for report in reworked.reports] == [(), ()]


def test_split_takes_a_report_along_and_conversion_leaves_the_ticket_open() -> None:
    ticket = done(opened(reports=2), ACCEPT)
    split = done(ticket, (E.SPLIT, OFFICER, {"matter": "另一处漏水", "call_id": 2}))
    assert [each.call_id for each in split.reports] == [1]
    assert refused(split, (E.SPLIT, OFFICER, {"matter": "x", "call_id": 2})).guard is Guard.REPORT_OF_TICKET
    convert: Step = (E.CONVERT, OFFICER, {"level": 2, "cause": "电动车棚"})
    assert done(ticket, convert).converted
    joint = replace(CONTEXT, open_kinds=frozenset({TicketKind.JOINT_RECTIFICATION}))
    assert refused(ticket, convert, context=joint).guard is Guard.NO_OTHER_OPEN


def test_only_words_are_struck_and_supervision_is_answered_by_the_ordered_unit() -> None:
    ticket = done(opened(), ACCEPT, DISPATCH)
    strike: Step = (E.STRIKE, LEADER, {"entry": 5})
    assert refused(ticket, strike).guard is Guard.ENTRY_STRIKABLE
    assert done(ticket, strike, context=replace(CONTEXT, strikable=frozenset({5}))).version == ticket.version
    head = person(Role.DEPT_HEAD, "fire")
    assert refused(ticket, (E.REPLY_SUPERVISION, head, {"reply": "已派员"})).guard is Guard.REPLY_DUE
    assert done(ticket, (E.SUPERVISE, SUPERVISOR, {})).supervised
