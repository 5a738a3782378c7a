"""Actions that reach beyond one ticket in a real database: merges and their undoing, splits, conversions, strikes."""

import asyncpg
import pytest

from dispatcher.tickets import acting, store
from dispatcher.tickets.errors import ActionRefused
from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Action, Actor, Role, Ticket, TicketState
from dispatcher.tickets.reading import explained_clocks, subtasks, timeline
from dispatcher.tickets.records import read_ticket
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.tickets.test_store import assert_recomputable, stored, without_order
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AT,
    DISPATCH,
    HANDLER,
    HEAD,
    LEADER,
    OFFICER,
    SIGN,
    VERIFIER,
    E,
    Step,
    act,
    new_ticket,
    person,
)

SUPERVISOR = person(Role.SUPERVISOR, "t-desk", number=9)
POLICE = person(Role.DEPT_HEAD, "t-police", number=10)
PLAN = {"responsibility": "牵头", "measures": "拆除", "funds": "专项", "days": 10, "contingency": "值守"}


async def joint_of(pool: Pool, ticket_id: int) -> int:
    async with pool.acquire() as conn:
        found: int = await conn.fetchval(
            "SELECT other_id FROM ticket_links WHERE ticket_id = $1 AND relation = 'converted'", ticket_id
        )
    return found


async def test_officer_merges_and_undoes_it_and_no_report_is_lost(pool: Pool) -> None:
    keeper_id, loser_id = await new_ticket(pool, calls=1), await new_ticket(pool, calls=2)
    await act(pool, keeper_id, ACCEPT)
    before = await act(pool, loser_id, ACCEPT, DISPATCH)
    await act(pool, loser_id, (E.MERGE, OFFICER, {"survivor": keeper_id}))
    keeper, loser = await stored(pool, keeper_id), await stored(pool, loser_id)
    assert (loser.state, loser.reports, len(keeper.reports)) == (TicketState.MERGED, (), 3)
    for ticket_id in (keeper_id, loser_id):
        await assert_recomputable(pool, ticket_id)
    undone = await act(pool, loser_id, (E.UNMERGE, OFFICER, {}))
    assert (undone.state, undone.number) == (TicketState.DISPATCHED, before.number)
    assert {run.key: run.due_at for run in undone.running} == {run.key: run.due_at for run in before.running}
    assert len((await stored(pool, keeper_id)).reports) == 1
    assert len((await stored(pool, loser_id)).reports) == 2
    for ticket_id in (keeper_id, loser_id):
        await assert_recomputable(pool, ticket_id)


async def test_split_part_has_a_case_of_its_own_and_keeps_the_promise(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, calls=2)
    ticket = await act(pool, ticket_id, ACCEPT)
    call_id = ticket.reports[1].call_id
    await act(pool, ticket_id, (E.SPLIT, OFFICER, {"matter": "另一处", "call_id": call_id}))
    async with pool.acquire() as conn:
        part_id = await conn.fetchval("SELECT other_id FROM ticket_links WHERE relation = 'split'")
    part = await act(pool, part_id, ACCEPT)
    assert part.case_id != ticket.case_id
    assert [report.call_id for report in part.reports] == [call_id]
    promised = next(run.due_at for run in ticket.running if run.clock == "c_resolve")
    assert next(run.due_at for run in part.running if run.clock == "c_resolve") <= promised
    for each in (ticket_id, part_id):
        await assert_recomputable(pool, each)


async def test_conversion_proposes_one_joint_ticket_that_runs_to_its_plan(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    convert: Step = (E.CONVERT, OFFICER, {"level": 2, "cause": "多部门"})
    await act(pool, ticket_id, ACCEPT, DISPATCH, convert)
    joint_id = await joint_of(pool, ticket_id)
    with pytest.raises(ActionRefused) as twin:
        await act(pool, ticket_id, convert)
    assert twin.value.refused.guard is Guard.NO_OTHER_OPEN
    path: tuple[Step, ...] = (
        (E.ADMIT, SUPERVISOR, {"level": 2}),
        (E.ASSIGN_LEAD, SUPERVISOR, {"lead": "t-fire"}),
        (E.ACKNOWLEDGE, HEAD, {}),
        (E.INVITE_CO, HEAD, {"co": ["t-police"], "matter": "清理通道"}),
        (E.COSIGN, POLICE, {}),
        (E.PLAN_SUBMIT, HEAD, PLAN),
        (E.PLAN_APPROVE, SUPERVISOR, {}),
        (E.PROGRESS, HANDLER, {"text": "进场", "done_pct": 10}),
        (E.SUBTASK_SIGN, POLICE, {"subtask": 1}),
        (E.SUBTASK_START, POLICE, {"subtask": 1}),
    )
    ticket = await act(pool, joint_id, *path)
    assert (ticket.state, ticket.number) == (TicketState.IN_PROGRESS, "JR-20260311-00001")
    assert without_order(ticket) == without_order(await stored(pool, joint_id))
    await assert_recomputable(pool, joint_id)
    async with pool.acquire() as conn:
        (part,) = await subtasks(conn, joint_id)
        clocks = {clock.clock: clock for clock in await explained_clocks(conn, joint_id, AT)}
    assert (part.state, part.organisation.id, part.mandatory) == ("working", "t-police", True)
    assert part.due_at == clocks["j_subtask"].due_at
    rectify = clocks["j_rectify"]
    assert rectify.explanation["named_days"] == 10
    assert [step.action for step in rectify.steps] == ["remind", "urge", "supervise", "review"]
    assert all(step.at is not None for step in rectify.steps)


async def test_ticket_with_an_open_mandatory_subtask_is_ended_by_nobody(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool)
    add: Step = (E.ADD_SUBTASK, OFFICER, {"assignee": "t-police", "title": "封路"})
    await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN, add)
    with pytest.raises(ActionRefused) as refused:
        await act(pool, ticket_id, (E.RESOLVE, HANDLER, {"result": "完成"}))
    assert refused.value.refused.guard is Guard.SUBTASKS_DONE
    with pytest.raises(asyncpg.CheckViolationError, match="open mandatory sub-task"):
        await owner.execute("UPDATE tickets SET state = 'closed', closed_at = $2 WHERE id = $1", ticket_id, AT)
    voided = await act(pool, ticket_id, (E.VOID, LEADER, {}))
    assert voided.subtasks[0].state == "waived"


async def test_committee_gets_no_subtask_whatever_the_code_believes(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool)
    with pytest.raises(asyncpg.CheckViolationError, match="ART45_DIRECT_ASSIGNMENT"):
        await owner.execute(
            "INSERT INTO ticket_subtasks (ticket_id, number, title, organisation_id, mandatory, state, changed_at)"
            " VALUES ($1, 1, 'x', 'committee-tt', true, 'assigned', $2)",
            ticket_id,
            AT,
        )


async def test_struck_line_stays_and_only_auditors_read_it(pool: Pool) -> None:
    ticket_id = await new_ticket(pool)
    await act(pool, ticket_id, ACCEPT, (E.NOTE, OFFICER, {"text": "误记的话"}))
    async with pool.acquire() as conn:
        line = next(item for item in await timeline(conn, ticket_id) if item.entry == "note")
    ticket = await act(pool, ticket_id, (E.STRIKE, LEADER, {"entry": line.id}))
    async with pool.acquire() as conn:
        shown, audited = await timeline(conn, ticket_id), await timeline(conn, ticket_id, unstruck=True)
    assert "误记的话" not in str(shown)
    assert "误记的话" in str(audited)
    assert [item.struck for item in shown if item.entry == "note"] == [True]
    action = Action(E.STRIKE, ticket.version, "再划", {"entry": line.id})
    with pytest.raises(ActionRefused):
        async with transaction(pool, scope=SYSTEM) as conn:
            await acting.act(conn, ticket_id, action, LEADER, AT)


async def test_return_is_argued_to_the_end_and_recomputes(pool: Pool) -> None:
    subdistrict = person(Role.SUBDISTRICT, None, number=11)
    ticket_id = await new_ticket(pool, calls=1)
    back: Step = (E.REQUEST_RETURN, HEAD, {"basis": "权责清单", "suggested_unit": "t-urban"})
    ticket = await act(
        pool,
        ticket_id,
        ACCEPT,
        DISPATCH,
        back,
        (E.ARBITRATE, OFFICER, {}),
        (E.AWARD, subdistrict, {"basis": "裁定", "lead": "t-fire"}),
        SIGN,
        (E.APPEAL, HEAD, {"basis": "不服"}),
        (E.AWARD_FALLBACK, SUPERVISOR, {"basis": "兜底"}),
    )
    assert (ticket.lead_organisation_id, ticket.final_award) == ("t-desk", True)
    assert without_order(ticket) == without_order(await stored(pool, ticket_id))
    await assert_recomputable(pool, ticket_id)


async def test_suspended_extended_withdrawn_and_reopened_ticket_recomputes(pool: Pool) -> None:
    agent = Actor("user:12", "agent", frozenset({Role.CALLBACK_AGENT}), "t-check", "tt-east")
    ticket_id = await new_ticket(pool, calls=1)
    call_id = (await stored(pool, ticket_id)).reports[0].call_id
    ticket: Ticket = await act(
        pool,
        ticket_id,
        ACCEPT,
        DISPATCH,
        SIGN,
        (E.REQUEST_EXTENSION, HEAD, {"days": 2}),
        (E.GRANT_EXTENSION, OFFICER, {}),
        (E.REQUEST_SUSPENSION, HEAD, {"code": "weather", "days": 5}),
        (E.SUSPEND, OFFICER, {}),
        (E.RESUME, OFFICER, {}),
        (E.REQUEST_WITHDRAWAL, OFFICER, {"call_id": call_id}),
        (E.CONFIRM_WITHDRAWAL, agent, {"record": "录音 1"}),
        (E.RESOLVE, HANDLER, {"result": "完成"}),
        (E.START_VERIFICATION, VERIFIER, {}),
        (E.VERIFY_OK, VERIFIER, {}),
        (E.REOPEN, VERIFIER, {}),
    )
    assert (ticket.state, ticket.reopen_count, ticket.reports[0].outcome) == (TicketState.ACCEPTED, 1, "withdrawn")
    assert without_order(ticket) == without_order(await stored(pool, ticket_id))
    await assert_recomputable(pool, ticket_id)


async def test_late_stop_and_noticed_breach_leave_one_record_each(pool: Pool, owner: Connection) -> None:
    ticket_id = await new_ticket(pool, grade=2)
    await act(pool, ticket_id, ACCEPT, at=AT.replace(hour=5))  # Triage was due after three minutes.
    async with transaction(pool, scope=SYSTEM) as conn:
        await store.recompute(conn, ticket_id)
    rows = await owner.fetch("SELECT clock, grade, due_at, explanation FROM breach_records")
    assert [(row["clock"], row["grade"]) for row in rows] == [("c_triage", 2)]
    assert rows[0]["explanation"]["limit"]["source"]
    await owner.execute("UPDATE ticket_clocks SET breached_at = breached_at WHERE ticket_id = $1", ticket_id)
    assert await owner.fetchval("SELECT count(*) FROM breach_records") == 1
    ticket = await read_ticket(owner, ticket_id)
    assert rows[0]["due_at"] == ticket.clocks[0].breached_at
