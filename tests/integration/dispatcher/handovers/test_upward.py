"""Reports upward are owed by grade, drafted from the incident, approved by a second person; late ones are breaches."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatcher.accounts.model import User, UserId, UserRole
from dispatcher.admission.errors import ActRefused, EntryRefused, Outpaced
from dispatcher.admission.procedures import Act
from dispatcher.handovers import upward
from dispatcher.handovers.drafting import SECTIONS
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.handovers.test_calls import step
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AT,
    DISPATCH,
    LEADER,
    OFFICER,
    SIGN,
    VERIFIER,
    WORK,
    E,
    act,
    new_ticket,
)

MIN = timedelta(minutes=1)


def user(role: UserRole, number: int) -> User:
    return User(
        id=UserId(number),
        login=f"u{number}",
        zh_name=f"第{number}人",
        roles=frozenset({role}),
        organisation_id="t-desk",
        area_id="tt-east",
        sees_everything=False,
        enabled=True,
    )


WRITER = user(UserRole.DUTY_OFFICER, 1)
CHIEF = user(UserRole.SHIFT_LEADER, 2)
OTHER_CHIEF = user(UserRole.SHIFT_LEADER, 3)


async def accepted(pool: Pool, grade: int) -> int:
    ticket_id = await new_ticket(pool, grade=grade, kind="road_damage")
    await act(pool, ticket_id, ACCEPT)
    await step(pool, AT)
    return ticket_id


async def carry_out(
    pool: Pool, report_id: int, event: str, by: User, at: datetime, reason: str | None = None, **said: Any
) -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        version = await conn.fetchval("SELECT version FROM upward_reports WHERE id = $1", report_id)
        await upward.act(conn, report_id, Act(event, version, reason, said), by, at)


async def reports(conn: Connection) -> list[tuple[Any, ...]]:
    rows = await conn.fetch("SELECT part::text, sequence, grade, state::text, due_at FROM upward_reports ORDER BY id")
    return [tuple(row) for row in rows]


async def late(conn: Connection) -> list[tuple[str, str, str | None]]:
    rows = await conn.fetch(
        "SELECT type::text, clock, unit_organisation_id FROM breach_records WHERE clock LIKE 'u\\_%' ORDER BY due_at"
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize(("grade", "minutes"), [(1, 30), (2, 30), (3, 60), (4, None)])
async def test_grade_decides_whether_and_by_when_a_first_report_is_owed(
    pool: Pool, owner: Connection, grade: int, minutes: int | None
) -> None:
    await accepted(pool, grade)
    owed = [] if minutes is None else [("first", 1, grade, "draft", AT + minutes * MIN)]
    assert await reports(owner) == owed


async def test_draft_says_every_section_and_names_no_person(pool: Pool, owner: Connection) -> None:
    await accepted(pool, 2)
    content = await owner.fetchval("SELECT content FROM upward_reports")
    assert set(content) == {"title", *SECTIONS}
    assert all(content.values())
    assert "道路破损" in content["what"]
    assert "东一路3号" in content["where"]
    assert not any(name in str(content) for name in ("duty_officer-1", "张三丰"))


async def test_report_is_written_by_one_approved_by_another_and_receipted(pool: Pool, owner: Connection) -> None:
    await accepted(pool, 2)
    await carry_out(pool, 1, "phone", WRITER, AT + 5 * MIN, told="市应急委值班室")
    await carry_out(pool, 1, "edit", CHIEF, AT + 6 * MIN, casualties="受伤2人")
    with pytest.raises(ActRefused):
        await carry_out(pool, 1, "send", WRITER, AT + 6 * MIN, receiver="市政府总值班室")
    with pytest.raises(ActRefused):
        await carry_out(pool, 1, "approve", WRITER, AT + 6 * MIN)
    with pytest.raises(EntryRefused):  # Nobody approves what they wrote.
        await carry_out(pool, 1, "approve", CHIEF, AT + 6 * MIN)
    with pytest.raises(EntryRefused):
        await carry_out(pool, 1, "edit", CHIEF, AT + 6 * MIN, guilt="某人")
    await carry_out(pool, 1, "approve", OTHER_CHIEF, AT + 7 * MIN)
    await carry_out(pool, 1, "send", WRITER, AT + 8 * MIN, receiver="市政府总值班室")
    await carry_out(pool, 1, "receive", WRITER, AT + 9 * MIN, receipt_no="收〔2026〕7号")
    with pytest.raises(Outpaced):
        async with transaction(pool, scope=SYSTEM) as conn:
            await upward.act(conn, 1, Act("receive", 2, None, {"receipt_no": "x"}), WRITER, AT)
    # Not controlled yet: a follow-up is owed, four hours after it was sent.
    assert await reports(owner) == [
        ("first", 1, 2, "received", AT + 30 * MIN),
        ("follow_up", 1, 2, "draft", AT + 8 * MIN + timedelta(hours=4)),
    ]
    assert await step(pool, AT + 60 * MIN) == 0
    assert await late(owner) == []


async def test_each_clock_that_is_missed_is_one_breach_of_the_desk(pool: Pool, owner: Connection) -> None:
    await accepted(pool, 2)
    await step(pool, AT + 15 * MIN)
    assert await late(owner) == [("overdue_report", "u_phone", "t-desk")]
    await step(pool, AT + 31 * MIN)
    await step(pool, AT + 32 * MIN)
    assert [each[1] for each in await late(owner)] == ["u_phone", "u_report"]
    told = await owner.fetchval("SELECT count(*) FROM stream_log WHERE topic = 'upward_report.late'")
    assert told == 1
    await carry_out(pool, 1, "approve", CHIEF, AT + 40 * MIN)
    await carry_out(pool, 1, "send", WRITER, AT + 41 * MIN, receiver="市政府总值班室")
    assert await owner.fetchval("SELECT actual_at FROM breach_records WHERE clock = 'u_report'") == AT + 41 * MIN


async def test_late_report_is_a_breach_though_no_step_noticed_it(pool: Pool, owner: Connection) -> None:
    await accepted(pool, 2)
    await carry_out(pool, 1, "approve", CHIEF, AT + 40 * MIN)
    await carry_out(pool, 1, "send", WRITER, AT + 41 * MIN, receiver="市政府总值班室")
    assert ("overdue_report", "u_report", "t-desk") in await late(owner)


@pytest.mark.parametrize("event", ["edit", "phone", "approve", "cancel"])
async def test_clock_that_passed_unnoticed_is_a_breach_whatever_was_done_meanwhile(
    pool: Pool, owner: Connection, event: str
) -> None:
    await accepted(pool, 2)
    by = WRITER if event in ("edit", "phone") else CHIEF
    said = {"edit": {"casualties": "无"}, "phone": {"told": "市应急委值班室"}}.get(event, {})
    await carry_out(pool, 1, event, by, AT + 40 * MIN, "x", **said)
    await step(pool, AT + 41 * MIN)
    assert {each[1] for each in await late(owner)} == {"u_phone", "u_report"}


async def test_graver_grade_shortens_what_is_owed(pool: Pool, owner: Connection) -> None:
    ticket_id = await accepted(pool, 3)
    await act(pool, ticket_id, (E.GRADE, OFFICER, {"grade": 1}), at=AT + 10 * MIN)
    await step(pool, AT + 10 * MIN)
    assert await reports(owner) == [("first", 1, 1, "draft", AT + 40 * MIN)]


async def test_grade_that_rises_to_where_reports_are_owed_owes_one(pool: Pool, owner: Connection) -> None:
    ticket_id = await accepted(pool, 4)
    await act(pool, ticket_id, (E.GRADE, OFFICER, {"grade": 2}), at=AT + 10 * MIN)
    await step(pool, AT + 11 * MIN)
    assert await reports(owner) == [("first", 1, 2, "draft", AT + 40 * MIN)]


async def test_close_owes_a_final_report_and_a_void_owes_nothing(pool: Pool, owner: Connection) -> None:
    done = await accepted(pool, 2)
    await act(pool, done, DISPATCH, SIGN, *WORK, (E.VERIFY_OK, VERIFIER, {}))
    state = await owner.fetchval("SELECT state::text FROM tickets WHERE id = $1", done)
    await step(pool, AT)
    wrong = await accepted(pool, 2)
    await act(pool, wrong, (E.VOID, LEADER, {"code": "test"}))
    await step(pool, AT)
    found = [each[:4] for each in await reports(owner)]
    assert ("first", 1, 2, "cancelled") in found
    written = await owner.fetch(
        "SELECT r.version, c.event, c.actor FROM upward_reports r JOIN upward_report_records c ON c.report_id = r.id"
        " WHERE r.state = 'cancelled' ORDER BY c.version"
    )
    assert [tuple(each) for each in written] == [(2, "draft", "rule:handovers"), (2, "cancel", "rule:handovers")]
    assert (("final", 1, 2, "draft") in found) == (state == "closed")
