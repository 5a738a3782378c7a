"""Pages: who is on duty is told, the next level when nobody answers, each level once whatever is replayed."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatcher.channels import messages
from dispatcher.escalation import pages, stage
from dispatcher.tickets.reading import timeline
from registry.rosters import changes
from registry.rosters.changes import Span
from registry.rosters.model import DutyRole
from runtime.pool import DATABASE_FAULTS, SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.escalation.crew import BY, contact, roster
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AT,
    HANDLER,
    LEADER,
    OFFICER,
    SIGN,
    E,
    Step,
    StepOfTown,
    act,
    new_ticket,
)

SECOND = timedelta(seconds=1)
FIRE: Step = (E.DISPATCH, OFFICER, {"lead": "t-fire", "co": []})


async def advance(pool: Pool, at: datetime) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return (await pages.advance(await StepOfTown.begin(conn, at))).written


async def rows(pool: Pool, sql: str, *arguments: object) -> list[dict[str, Any]]:
    async with pool.acquire() as conn:
        return [dict(row) for row in await conn.fetch(sql, *arguments)]


async def told(pool: Pool) -> list[tuple[str, str, str]]:
    """(level, name, reason) of everybody who was told, in order."""
    found = await rows(
        pool,
        "SELECT r.level::text, COALESCE(c.zh_name, u.login) AS name, r.reason FROM page_recipients r"
        " JOIN page_levels l ON l.page_id = r.page_id AND l.level = r.level"
        " LEFT JOIN contacts c ON c.id = r.contact_id LEFT JOIN users u ON u.id = r.user_id"
        " ORDER BY l.at, l.page_id, l.level, c.id, u.id",
    )
    return [(row["level"], row["name"], row["reason"]) for row in found]


async def levels(pool: Pool) -> list[tuple[str, str]]:
    found = await rows(pool, "SELECT level::text, outcome::text FROM page_levels l ORDER BY at, l.level")
    return [(row["level"], row["outcome"]) for row in found]


async def state(pool: Pool) -> str:
    (found,) = await rows(pool, "SELECT state::text FROM pages")
    return str(found["state"])


async def dispatched(pool: Pool, *, grade: int = 2, kind: str = "streetlight_out", at: datetime = AT) -> int:
    ticket_id = await new_ticket(pool, grade=grade, kind=kind)
    await act(pool, ticket_id, ACCEPT, FIRE, at=at)
    return ticket_id


@pytest.fixture
async def crew(owner: Connection) -> dict[str, int]:
    """Two on duty, one in reserve, one who leads; one on duty at the desk."""
    people = {name: await contact(owner, "t-fire", name) for name in ("甲", "乙", "丙", "丁")}
    await roster(owner, "t-fire", DutyRole.ON_DUTY, [people["甲"]], [people["乙"]])
    await roster(owner, "t-fire", DutyRole.BACKUP, [people["丙"]])
    await roster(owner, "t-fire", DutyRole.LEADER, [people["丁"]])
    people["戊"] = await contact(owner, "t-desk", "戊")
    await roster(owner, "t-desk", DutyRole.ON_DUTY, [people["戊"]])
    return people


@pytest.mark.usefixtures("crew")
async def test_all_on_duty_are_told_at_once_then_each_level_once_then_an_alarm(pool: Pool) -> None:
    ticket_id = await dispatched(pool)
    assert await advance(pool, AT) == 1
    assert await told(pool) == [("on_duty", "甲", "rotation 1"), ("on_duty", "乙", "rotation 2")]
    assert await advance(pool, AT + 89 * SECOND) == 0
    for times in range(1, 4):
        assert await advance(pool, AT + 90 * times * SECOND) == 1
        assert await advance(pool, AT + 90 * times * SECOND) == 0
    assert [each[:2] for each in (await told(pool))[2:]] == [("backup", "丙"), ("leader", "丁"), ("desk", "戊")]
    assert await state(pool) == "open"
    assert await advance(pool, AT + 360 * SECOND) == 1
    assert await state(pool) == "unanswered"
    assert await advance(pool, AT + timedelta(days=1)) == 0
    topics = [
        row["topic"] for row in await rows(pool, "SELECT topic FROM stream_log WHERE topic LIKE 'page.%' ORDER BY seq")
    ]
    assert topics == ["page.opened", "page.unanswered"]
    async with pool.acquire() as conn:
        said = [item.body for item in await timeline(conn, ticket_id) if item.entry == "message"]
    assert [[each["level"] for each in body["levels"]] for body in said if body] == [
        ["on_duty"],
        ["backup"],
        ["leader"],
        ["desk"],
        [],
    ]


@pytest.mark.usefixtures("crew")
async def test_mild_ticket_pages_nobody_unless_its_kind_says_so(pool: Pool) -> None:
    await dispatched(pool, grade=3)
    assert await advance(pool, AT) == 0
    assert await rows(pool, "SELECT 1 FROM page_asks") == []
    await dispatched(pool, grade=3, kind="elevator_entrapment")
    assert await advance(pool, AT) == 1


@pytest.mark.usefixtures("crew")
async def test_ticket_that_grows_graver_pages_the_units_that_it_has(pool: Pool) -> None:
    ticket_id = await dispatched(pool, grade=3)
    assert await advance(pool, AT) == 0
    await act(pool, ticket_id, (E.GRADE, LEADER, {"grade": 1}))
    assert await advance(pool, AT) == 1
    assert await told(pool) == [("on_duty", "甲", "rotation 1"), ("on_duty", "乙", "rotation 2")]


@pytest.mark.usefixtures("crew")
async def test_override_and_absence_decide_who_is_told(pool: Pool, owner: Connection, crew: dict[str, int]) -> None:
    (found,) = await rows(pool, "SELECT id FROM rosters WHERE organisation_id = 't-fire' AND role = 'on_duty'")
    span = Span(1, crew["丙"], AT, AT + timedelta(hours=1))
    await changes.override(owner, found["id"], span, "病假", BY, AT - timedelta(days=1))
    await changes.enable_contact(owner, crew["乙"], False, AT)
    await dispatched(pool)
    await advance(pool, AT)
    assert await told(pool) == [("on_duty", "丙", "override 1")]


async def test_level_without_anybody_is_skipped_at_once_and_says_so(pool: Pool, owner: Connection) -> None:
    led_by = await contact(owner, "t-fire", "丁")
    await roster(owner, "t-fire", DutyRole.ON_DUTY)
    await roster(owner, "t-fire", DutyRole.LEADER, [led_by])
    await dispatched(pool)
    await advance(pool, AT)
    assert await levels(pool) == [("on_duty", "nobody"), ("backup", "nobody"), ("leader", "told")]
    assert await told(pool) == [("leader", "丁", "rotation 1")]


async def test_unit_with_nobody_at_all_falls_to_the_desk_and_a_desk_without_anybody_to_an_alarm(
    pool: Pool, owner: Connection
) -> None:
    await roster(owner, "t-fire", DutyRole.ON_DUTY)
    await dispatched(pool)
    await advance(pool, AT)
    # The desk has no roster, but people.
    assert await told(pool) == [("desk", "officer", "unrostered"), ("desk", "leader", "unrostered")]
    await owner.execute("DELETE FROM page_recipients; DELETE FROM page_levels; DELETE FROM pages")
    await roster(owner, "t-desk", DutyRole.ON_DUTY)
    await dispatched(pool)
    await advance(pool, AT)
    assert [outcome for _, outcome in await levels(pool)] == ["nobody"] * 4
    assert await state(pool) == "unanswered"
    (alarm,) = await rows(pool, "SELECT body FROM stream_log WHERE topic = 'page.unanswered'")
    assert alarm["body"]["page"]["organisation_id"] == "t-fire"


async def test_unit_without_rosters_is_reached_through_its_people_or_its_system(pool: Pool, owner: Connection) -> None:
    await dispatched(pool)
    await advance(pool, AT)
    assert [each[1:] for each in await told(pool)] == [("fire.hand", "unrostered"), ("fire.head", "unrostered")]
    await owner.execute("UPDATE users SET enabled = false WHERE organisation_id = 't-fire'")
    await owner.execute(
        "INSERT INTO webhook_endpoints (organisation_id, url, secret)"
        " VALUES ('t-fire', 'https://example.invalid/a', 'whsec_x')"
    )
    await dispatched(pool)
    await advance(pool, AT)
    assert (await levels(pool))[-1] == ("on_duty", "system")


@pytest.mark.usefixtures("crew")
@pytest.mark.parametrize("step", [SIGN, (E.NOTE, HANDLER, {"text": "在路上"})])
async def test_whatever_the_unit_does_with_the_ticket_answers_its_page(
    pool: Pool, owner: Connection, step: Step
) -> None:
    # The town's actors carry numbers of their own: here they are the users of the town.
    user_id = await owner.fetchval("SELECT id FROM users WHERE login = 'fire.hand'")
    assert HANDLER.id == f"user:{user_id}"
    ticket_id = await dispatched(pool)
    await advance(pool, AT)
    await act(pool, ticket_id, (E.NOTE, OFFICER, {"text": "催一下"}), at=AT + SECOND)
    assert await state(pool) == "open"  # What others do is no answer.
    await act(pool, ticket_id, step, at=AT + 2 * SECOND)
    (page,) = await rows(pool, "SELECT state::text, acknowledged_at, acknowledged_by FROM pages")
    assert (page["state"], page["acknowledged_at"]) == ("acknowledged", AT + 2 * SECOND)
    assert page["acknowledged_by"] == step[1].id
    assert await advance(pool, AT + timedelta(hours=1)) == 0


@pytest.mark.usefixtures("crew")
async def test_page_of_a_unit_that_left_the_ticket_ends(pool: Pool) -> None:
    ticket_id = await dispatched(pool)
    await advance(pool, AT)
    await act(pool, ticket_id, (E.REDISPATCH, OFFICER, {"lead": "t-police", "co": []}))
    await advance(pool, AT + 90 * SECOND)
    states = await rows(pool, "SELECT organisation_id, state::text FROM pages ORDER BY id")
    assert states[0] == {"organisation_id": "t-fire", "state": "ended"}


@pytest.mark.usefixtures("crew")
async def test_step_that_dies_and_is_taken_again_tells_nobody_twice(pool: Pool, owner: Connection) -> None:
    await dispatched(pool)
    for at in (AT, AT + 90 * SECOND):
        before = await told(pool)
        async with pool.acquire() as conn:
            killed = conn.transaction()
            await killed.start()
            assert (await pages.advance(await StepOfTown.begin(conn, at))).written == 1
            pid = await conn.fetchval("SELECT pg_backend_pid()")
            await owner.fetchval("SELECT pg_terminate_backend($1)", pid)
            with pytest.raises(DATABASE_FAULTS):
                await conn.fetchval("SELECT 1")
        assert await told(pool) == before
        assert await advance(pool, at) == 1
        assert await advance(pool, at) == 0
    assert [each[:2] for each in await told(pool)] == [("on_duty", "甲"), ("on_duty", "乙"), ("backup", "丙")]
    # Due rows that came back by themselves, as by a restored database: an ask opens nothing, a level is the next one.
    await owner.execute("INSERT INTO page_asks SELECT ticket_id, organisation_id, generation FROM ticket_assignments")
    assert await advance(pool, AT + 91 * SECOND) == 0
    assert len(await told(pool)) == 3
    await owner.execute("UPDATE pages SET next_at = $1", AT)
    await advance(pool, AT + 91 * SECOND)
    assert [each[:2] for each in await told(pool)][3:] == [("leader", "丁")]
    assert len(await rows(pool, "SELECT 1 FROM pages")) == 1


@pytest.mark.usefixtures("crew")
async def test_page_of_a_ticket_that_a_user_holds_is_left_to_the_next_step(pool: Pool) -> None:
    ticket_id = await dispatched(pool)
    async with transaction(pool, scope=SYSTEM) as conn:
        await conn.fetch("SELECT 1 FROM tickets WHERE id = $1 FOR UPDATE", ticket_id)
        assert await advance(pool, AT) == 0
    assert await advance(pool, AT) == 1
    async with transaction(pool, scope=SYSTEM) as conn:
        await conn.fetch("SELECT 1 FROM tickets WHERE id = $1 FOR UPDATE", ticket_id)
        assert await advance(pool, AT + 90 * SECOND) == 0
    assert await advance(pool, AT + 90 * SECOND) == 1


@pytest.mark.usefixtures("crew")
async def test_steps_of_the_ladder_page_the_persons_that_they_mean(pool: Pool) -> None:
    ticket_id = await new_ticket(pool, grade=2)
    await act(pool, ticket_id, ACCEPT, FIRE)
    async with transaction(pool, scope=SYSTEM) as conn:
        await stage.advance(await StepOfTown.begin(conn, AT + timedelta(minutes=4)))  # 75 % of the signature clock.
    assert await told(pool) == [("on_duty", "甲", "rotation 1"), ("on_duty", "乙", "rotation 2")]
    assert await state(pool) == "told"  # A reminder presses nobody.
    async with transaction(pool, scope=SYSTEM) as conn:
        await stage.advance(await StepOfTown.begin(conn, AT + timedelta(minutes=5)))
    assert (await told(pool))[2:] == [("leader", "丁", "rotation 1")]
    await advance(pool, AT + timedelta(minutes=5))  # The assignment itself was paged about late: all on duty.
    await advance(pool, AT + timedelta(minutes=5) + 90 * SECOND)
    urged = await rows(
        pool,
        "SELECT l.level::text FROM page_levels l JOIN pages p ON p.id = l.page_id WHERE p.action = 'urge'"
        " ORDER BY l.at",
    )
    assert [row["level"] for row in urged] == ["leader", "backup"]


@pytest.mark.usefixtures("crew")
async def test_graver_step_is_told_beside_a_milder_one_of_the_same_moment(pool: Pool) -> None:
    """As after an outage, or a leap of the clock: the order is no less an order for the reminder beside it."""
    ticket_id = await new_ticket(pool, grade=2)
    await act(pool, ticket_id, ACCEPT, FIRE)
    async with transaction(pool, scope=SYSTEM) as conn:
        await stage.advance(await StepOfTown.begin(conn, AT + timedelta(minutes=20)))
    found = await rows(
        pool, "SELECT DISTINCT m.topic FROM messages m JOIN contacts c ON c.id = m.contact_id WHERE c.zh_name = '丁'"
    )
    assert {row["topic"] for row in found} == {"ticket.urged", "ticket.supervised"}


@pytest.mark.usefixtures("crew")
async def test_late_answer_ends_the_alarm_of_a_page_that_nobody_had_answered(pool: Pool) -> None:
    ticket_id = await dispatched(pool)
    for times in range(5):
        await advance(pool, AT + 90 * times * SECOND)
    assert await state(pool) == "unanswered"
    await act(pool, ticket_id, SIGN, at=AT + timedelta(hours=1))
    assert await state(pool) == "acknowledged"


@pytest.mark.usefixtures("crew")
async def test_page_anew_about_an_assignment_ends_the_older_one(pool: Pool) -> None:
    ticket_id = await dispatched(pool, grade=3, kind="elevator_entrapment")
    await advance(pool, AT)
    await act(pool, ticket_id, (E.GRADE, LEADER, {"grade": 1}))
    await advance(pool, AT + SECOND)
    found = await rows(pool, "SELECT cause, state::text FROM pages ORDER BY id")
    assert [row["state"] for row in found] == ["ended", "open"]


@pytest.mark.usefixtures("crew")
async def test_page_of_a_step_ends_with_its_clock(pool: Pool) -> None:
    ticket_id = await dispatched(pool)
    async with transaction(pool, scope=SYSTEM) as conn:
        await stage.advance(await StepOfTown.begin(conn, AT + timedelta(minutes=5)))
    # The unit has left; its clock was ended by the desk.
    await act(pool, ticket_id, (E.REDISPATCH, OFFICER, {"lead": "t-police", "co": []}), at=AT + timedelta(minutes=6))
    await advance(pool, AT + timedelta(minutes=30))
    found = await rows(pool, "SELECT state::text FROM pages WHERE action = 'urge' AND organisation_id = 't-fire'")
    assert [row["state"] for row in found] == ["ended"]


async def test_one_answer_of_the_desk_is_an_answer_for_every_unit_that_it_was_told_of(
    pool: Pool, owner: Connection
) -> None:
    for unit in ("t-fire", "t-police"):
        await roster(owner, unit, DutyRole.ON_DUTY)
    await roster(owner, "t-desk", DutyRole.ON_DUTY, [await contact(owner, "t-desk", "戊")])
    ticket_id = await new_ticket(pool, grade=1)
    await act(pool, ticket_id, ACCEPT, (E.DISPATCH, OFFICER, {"lead": "t-fire", "co": ["t-police"]}))
    await advance(pool, AT)
    assert await messages.answer(owner, await owner.fetchval("SELECT id FROM messages"), by=None, at=AT + SECOND)
    await advance(pool, AT + timedelta(hours=1))
    found = await rows(pool, "SELECT state::text, acknowledged_at FROM pages")
    assert found == [{"state": "acknowledged", "acknowledged_at": AT + SECOND}] * 2


@pytest.mark.usefixtures("crew")
async def test_what_has_not_left_never_does_once_the_unit_acts(pool: Pool) -> None:
    ticket_id = await dispatched(pool, grade=3, kind="elevator_entrapment")
    await advance(pool, AT)
    await act(pool, ticket_id, SIGN, at=AT + SECOND)
    await advance(pool, AT + 2 * SECOND)
    found = await rows(pool, "SELECT DISTINCT state::text, reason FROM messages")
    assert found == [{"state": "cancelled", "reason": "acknowledged"}]


async def test_desk_is_told_once_at_a_moment_however_many_units_have_nobody(pool: Pool, owner: Connection) -> None:
    for unit in ("t-fire", "t-police"):
        await roster(owner, unit, DutyRole.ON_DUTY)
    at_desk = await contact(owner, "t-desk", "戊")
    await roster(owner, "t-desk", DutyRole.ON_DUTY, [at_desk])
    ticket_id = await new_ticket(pool, grade=1)
    await act(pool, ticket_id, ACCEPT, (E.DISPATCH, OFFICER, {"lead": "t-fire", "co": ["t-police"]}))
    assert await advance(pool, AT) == 2
    assert await told(pool) == [("desk", "戊", "rotation 1")]
    assert {row["state"] for row in await rows(pool, "SELECT state::text FROM pages")} == {"open"}
