"""What a step makes of incidents: one open ticket a case, dispatched by itself where the kind says so."""

from dataclasses import replace
from datetime import datetime

from dispatcher.incidents.model import IncidentChange
from dispatcher.tickets import stage
from dispatcher.tickets.model import AssignmentRole, EntryKind, Ticket, TicketState
from dispatcher.tickets.reading import timeline
from dispatcher.tickets.records import read_ticket
from registry.event_kinds import KindMode
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.tickets import town
from tests.integration.dispatcher.tickets.test_store import assert_recomputable
from tests.integration.dispatcher.tickets.town import AT, E, StepOfTown, act, call, change, event, incident

NIGHT = AT.replace(hour=16)


async def step(pool: Pool, *changes: IncidentChange, at: datetime = AT) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return (await stage.advance(await StepOfTown.begin(conn, at, *changes))).written


async def tickets(pool: Pool) -> list[Ticket]:
    async with pool.acquire() as conn:
        return [await read_ticket(conn, row["id"]) for row in await conn.fetch("SELECT id FROM tickets ORDER BY id")]


async def topics(pool: Pool) -> list[str]:
    async with pool.acquire() as conn:
        return [row["topic"] for row in await conn.fetch("SELECT topic FROM stream_log ORDER BY seq")]


async def test_auto_ticket_is_accepted_and_dispatched_by_rule(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn, kind="household_smoke_alarm", grade=2)
    kind = "household_smoke_alarm"
    await step(pool, change(*ids, KindMode.AUTO_TICKET, event("smoke", kind=kind), kind=kind, grade=2))
    (ticket,) = await tickets(pool)
    assert (ticket.state, ticket.version, ticket.number) == (TicketState.DISPATCHED, 3, "CR-20260311-00001")
    assigned = {each.organisation_id: each.role for each in ticket.active}
    assert assigned == {
        "t-fire": AssignmentRole.LEAD,
        "t-police": AssignmentRole.CO,
        "t-civil": AssignmentRole.CO,
        "t-housing": AssignmentRole.CO,
    }
    assert {run.organisation_id for run in ticket.running if run.clock == "c_sign"} == set(assigned)
    assert await topics(pool) == ["ticket.opened"]


async def test_office_that_is_closed_is_held_by_the_desk(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn, kind="household_smoke_alarm", grade=2)
    kind = "household_smoke_alarm"
    await step(pool, change(*ids, KindMode.AUTO_TICKET, event("smoke", kind=kind), kind=kind, grade=2), at=NIGHT)
    (ticket,) = await tickets(pool)
    desk = ticket.assignment_of("t-desk")
    assert desk is not None
    assert (desk.role, desk.reason) == (AssignmentRole.CO, "office_closed")
    assert ticket.assignment_of("t-civil") is None


async def test_review_kind_waits_for_an_officer(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn)
    await step(pool, change(*ids, KindMode.REVIEW, event("a")))
    (ticket,) = await tickets(pool)
    assert (ticket.state, ticket.version) == (TicketState.NEW, 1)


async def test_notice_only_opens_nothing_until_a_person_reports_it(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn)
        call_id = await call(conn, demand="help")
    seen = change(*ids, KindMode.NOTICE_ONLY, event("a"))
    assert await step(pool, seen) == 0
    assert await tickets(pool) == []
    await step(pool, replace(seen, opened=False, new_events=(event("call", call_id=call_id),)))
    (ticket,) = await tickets(pool)
    assert (ticket.state, ticket.demand) == (TicketState.NEW, "help")
    assert [report.call_id for report in ticket.reports] == [call_id]


async def test_every_report_keeps_its_own_row_on_the_ticket_that_it_joins(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn)
        calls = [await call(conn, key=f"call {number}") for number in range(3)]
    await step(pool, change(*ids, KindMode.REVIEW, event("first", call_id=calls[0])))
    later = [event(f"call {call_id}", call_id=call_id) for call_id in calls[1:]]
    await step(pool, change(*ids, KindMode.REVIEW, *later, event("device"), opened=False))
    (ticket,) = await tickets(pool)
    assert [report.call_id for report in ticket.reports] == calls
    assert ticket.version == 1
    assert await topics(pool) == ["ticket.opened", "ticket.changed"]
    async with pool.acquire() as conn:
        entries = [item.entry for item in await timeline(conn, ticket.id)]
    assert entries.count(EntryKind.REPORT_JOINED) == 3
    assert entries.count(EntryKind.EVENT_JOINED) == 1


async def test_same_change_again_opens_no_second_ticket(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn)
    for _ in range(2):
        await step(pool, change(*ids, KindMode.REVIEW, event("a")))
    assert len(await tickets(pool)) == 1


async def test_device_that_goes_on_after_the_end_reopens_nothing_but_a_person_does(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn)
        call_id = await call(conn)
    await step(pool, change(*ids, KindMode.REVIEW, event("a")))
    (ticket,) = await tickets(pool)
    await act(pool, ticket.id, (E.VOID, town.LEADER, {}))
    await step(pool, change(*ids, KindMode.REVIEW, event("b"), opened=False))
    assert len(await tickets(pool)) == 1
    await step(pool, change(*ids, KindMode.REVIEW, event("call", call_id=call_id), opened=False))
    assert [each.state for each in await tickets(pool)] == [TicketState.VOIDED, TicketState.NEW]


async def test_graver_incident_raises_its_ticket(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn)
    await step(pool, change(*ids, KindMode.REVIEW, event("a"), grade=4))
    for grade in (2, 3):
        await step(pool, change(*ids, KindMode.REVIEW, grade=grade, opened=False))
    (ticket,) = await tickets(pool)
    assert (ticket.grade, ticket.incident_grade, ticket.version) == (2, 2, 1)
    assert (ticket.running[0].due_at - AT).total_seconds() == 180


async def test_incidents_that_prove_to_be_one_have_one_open_ticket(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        first, second = await incident(conn), await incident(conn)
        calls = [await call(conn, key=f"call {number}") for number in range(2)]
    await step(
        pool,
        change(*first, KindMode.REVIEW, event("a", call_id=calls[0])),
        change(*second, KindMode.REVIEW, event("b", call_id=calls[1])),
    )
    younger = (await tickets(pool))[1]
    await act(pool, younger.id, town.ACCEPT)
    bridge = event("bridge")
    await step(
        pool,
        change(*first, KindMode.REVIEW, bridge, opened=False, absorbed=((second[0], second[1], bridge.uid),)),
    )
    merged, survivor = await tickets(pool)
    assert merged.state is TicketState.MERGED
    assert merged.merged_into == survivor.id == younger.id  # What was accepted first survives.
    assert (survivor.case_id, survivor.incident_id) == (first[1], first[0])
    assert sorted(report.call_id for report in survivor.reports) == calls
    await step(pool, change(*first, KindMode.REVIEW, event("more"), opened=False))
    assert len(await tickets(pool)) == 2


async def test_place_without_any_organisation_is_accepted_and_says_so(pool: Pool, owner: Connection) -> None:
    await owner.execute("DELETE FROM users WHERE organisation_id LIKE 't-%'")
    await owner.execute("DELETE FROM organisations WHERE id LIKE 't-%'")
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn, kind="outdoor_fire", grade=1)
    await step(pool, change(*ids, KindMode.AUTO_TICKET, event("f", kind="outdoor_fire"), kind="outdoor_fire", grade=1))
    (ticket,) = await tickets(pool)
    assert ticket.state is TicketState.ACCEPTED
    async with pool.acquire() as conn:
        last = (await timeline(conn, ticket.id))[-1]
    assert last.body is not None
    assert last.body["about"] == "unrouted"


async def test_replay_rule_set_opens_no_tickets(pool: Pool, owner: Connection) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn)
    await owner.execute("UPDATE deployment SET rule_set = 'replay'")
    assert await step(pool, change(*ids, KindMode.NOTICE_ONLY, event("a"))) == 0
    assert await tickets(pool) == []


async def test_unit_complained_of_is_passed_over_and_leaves_the_lead_to_another(pool: Pool, owner: Connection) -> None:
    await owner.execute(
        "INSERT INTO organisations (id, kind, department_id, area_id, zh_name, en_name, duty)"
        " VALUES ('t-fire-city', 'department', 'fire_rescue', 'tt', 'x', 'x', 'always')"
    )
    kind = "household_smoke_alarm"
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn, kind=kind, grade=2)
        calls = [
            await call(conn, key=f"call {number}", complained_of=unit) for number, unit in enumerate((None, "t-fire"))
        ]
    first = change(*ids, KindMode.AUTO_TICKET, event("first", kind=kind, call_id=calls[0]), kind=kind, grade=2)
    await step(pool, first)
    (ticket,) = await tickets(pool)
    assert ticket.lead_organisation_id == "t-fire"
    joined = replace(first, opened=False, new_events=(event("second", kind=kind, call_id=calls[1]),))
    await step(pool, joined)
    (ticket,) = await tickets(pool)
    assert (ticket.lead_organisation_id, ticket.complained_of) == ("t-fire-city", frozenset({"t-fire"}))
    assert (ticket.state, ticket.wrong_dispatch_count) == (TicketState.DISPATCHED, 0)
    await assert_recomputable(pool, ticket.id)
    async with transaction(pool, scope=SYSTEM) as conn:
        other = await incident(conn, kind=kind, grade=2)
        call_id = await call(conn, key="another", complained_of="t-fire")
    await step(
        pool, change(*other, KindMode.AUTO_TICKET, event("third", kind=kind, call_id=call_id), kind=kind, grade=2)
    )
    assert (await tickets(pool))[1].lead_organisation_id == "t-fire-city"


async def test_lead_at_the_place_is_not_taken_away_by_a_rule_but_somebody_is_told(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn)
        call_id = await call(conn, complained_of="t-fire")
    await step(pool, change(*ids, KindMode.REVIEW, event("a")))
    (ticket,) = await tickets(pool)
    await act(pool, ticket.id, town.ACCEPT, town.DISPATCH, town.SIGN, (E.ROLL, town.CREW, {}))
    await step(pool, change(*ids, KindMode.REVIEW, event("call", call_id=call_id), opened=False))
    await step(pool, change(*ids, KindMode.REVIEW, event("device"), opened=False))
    (ticket,) = await tickets(pool)
    assert (ticket.state, ticket.lead_organisation_id) == (TicketState.EN_ROUTE, "t-fire")
    async with pool.acquire() as conn:
        said = [item.body for item in await timeline(conn, ticket.id) if item.entry == EntryKind.MESSAGE]
    assert said.count({"about": "lead_complained_of", "organisation_id": "t-fire"}) == 1


async def test_joint_ticket_keeps_out_whoever_the_reports_of_its_case_complain_of(pool: Pool) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        ids = await incident(conn)
        call_id = await call(conn, complained_of="t-fire")
    await step(pool, change(*ids, KindMode.REVIEW, event("call", call_id=call_id)))
    (ticket,) = await tickets(pool)
    await act(pool, ticket.id, town.ACCEPT, (E.CONVERT, town.OFFICER, {"level": 3, "cause": "多部门"}))
    joint = (await tickets(pool))[1]
    assert (joint.reports, joint.complained_of) == ((), frozenset({"t-fire"}))
