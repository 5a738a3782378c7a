"""Facts of tickets make disclosures due, each once; who is late is reminded and then recorded, a committee never."""

from datetime import date, timedelta

import asyncpg
import pytest

from dispatcher.disclosure import matters
from dispatcher.disclosure.matters import Matter
from dispatcher.disclosure.stage import advance as stage_advance
from registry.disclosures import DisclosureItem
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.disclosure.openness import (
    APPROVER,
    CHAIR,
    CHECKED,
    DAY,
    EDITOR,
    MEMBER,
    advance,
    closed_ticket,
    done,
    local,
    only,
    published,
)
from tests.integration.dispatcher.tickets.town import AT, VERIFIER, E, StepOfTown, act, new_ticket


async def test_closed_ticket_makes_one_disclosure_due_in_five_working_days(pool: Pool, owner: Connection) -> None:
    ticket_id = await closed_ticket(pool)
    await advance(pool, AT)
    await advance(pool, AT + timedelta(minutes=1))
    row = await only(pool)
    assert (row["ticket_id"], row["item"], row["level"], row["state"]) == (
        ticket_id,
        "public_management",
        "full",
        "draft",
    )
    assert (row["publisher_organisation_id"], row["text"]) == ("t-fire", "结果:已处置")
    assert row["due_at"] == local("2026-03-18T18:00")
    assert row["law_due_at"] == local("2026-04-09T18:00")  # Twenty working days, over the day of Qingming.
    assert row["remind_at"] < row["due_at"]
    assert await owner.fetchval("SELECT count(*) FROM disclosure_occasions WHERE taken_at IS NULL") == 0


async def test_spring_festival_is_not_counted(pool: Pool) -> None:
    await closed_ticket(pool, at=local("2026-02-12T15:00"))
    await advance(pool, local("2026-02-12T15:01"))
    # Worked are 13, 14 (a Saturday), 24, 25 and 26 February.
    assert (await only(pool))["due_at"] == local("2026-02-26T18:00")


async def test_rolled_back_step_opens_it_again(pool: Pool) -> None:
    await closed_ticket(pool)
    async with pool.acquire() as conn:
        killed = conn.transaction()
        await killed.start()
        assert (await stage_advance(await StepOfTown.begin(conn, AT))).written > 0
        await killed.rollback()
    assert await advance(pool, AT) > 0
    await only(pool)


async def test_what_is_never_told_one_by_one_opens_nothing(pool: Pool, owner: Connection) -> None:
    for kind in ("domestic_violence_report", "elderly_sos", "general_enquiry"):
        await closed_ticket(pool, kind=kind)
    await advance(pool, AT)
    assert await owner.fetchval("SELECT count(*) FROM disclosures") == 0


async def test_kind_that_is_never_told_opens_nothing_whatever_its_item(pool: Pool, owner: Connection) -> None:
    await owner.execute(
        "INSERT INTO undisclosed_kinds (version, kind, reason, source)"
        " SELECT max(version), 'streetlight_out', 'minors', 'test' FROM undisclosed_kinds"
    )
    await closed_ticket(pool)
    await advance(pool, AT)
    assert await owner.fetchval("SELECT count(*) FROM disclosures") == 0


async def test_month_is_told_in_numbers_and_small_ones_are_hidden(pool: Pool) -> None:
    for kind in ("elderly_sos", *["general_enquiry"] * 6):
        await new_ticket(pool, kind=kind)
    await advance(pool, local("2026-04-01T00:30"))
    row = await only(pool)
    assert (row["month"], row["level"], row["publisher_organisation_id"]) == (date(2026, 3, 1), "statistics", "t-gov")
    assert row["due_at"] == local("2026-04-08T18:00")
    await done(pool, row["id"], "check", EDITOR, **CHECKED)
    approved = await done(pool, row["id"], "approve", APPROVER)
    counts = approved["public_body"]["counts"]
    assert sorted((each["tickets"] or 0, each["fewer_than"] or 0) for each in counts) == [(0, 5), (6, 0)]
    assert await advance(pool, local("2026-04-02T00:30")) == 0


async def test_late_publication_is_reminded_recorded_once_and_by_the_law_again(pool: Pool, owner: Connection) -> None:
    await closed_ticket(pool)
    await advance(pool, AT)
    row = await only(pool)
    await owner.execute("DELETE FROM outbox")
    await advance(pool, row["remind_at"] - timedelta(seconds=1))
    assert await owner.fetchval("SELECT count(*) FROM outbox") == 0
    await advance(pool, row["remind_at"])
    await advance(pool, row["remind_at"])
    await advance(pool, row["due_at"] - timedelta(seconds=1))
    assert await owner.fetchval("SELECT count(*) FROM breach_records WHERE disclosure_id IS NOT NULL") == 0
    for at in (row["due_at"], row["due_at"] + DAY, row["law_due_at"], row["law_due_at"] + DAY):
        await advance(pool, at)
    told = await owner.fetch(
        "SELECT topic, organisation_id FROM outbox o JOIN webhook_endpoints e ON e.id = endpoint_id"
    )
    assert sorted(tuple(each) for each in told) == [
        ("disclosure.overdue", "t-fire"),
        ("disclosure.reminder", "t-fire"),
    ]
    breaches = await owner.fetch(
        "SELECT clock, type::text, unit_organisation_id AS unit, due_at FROM breach_records"
        " WHERE source_key LIKE 'disclosure:%' ORDER BY due_at"
    )
    assert [tuple(each) for each in breaches] == [
        ("d_publish", "overdue_disclose", "t-fire", row["due_at"]),
        ("d_publish_law", "overdue_disclose", "t-fire", row["law_due_at"]),
    ]


async def test_late_publication_between_two_steps_is_a_breach_too(pool: Pool, owner: Connection) -> None:
    await closed_ticket(pool)
    await advance(pool, AT)
    row = await only(pool)
    late = row["due_at"] + timedelta(seconds=1)
    await published(pool, row["id"], late)
    await advance(pool, late)
    breaches = await owner.fetch("SELECT due_at, actual_at FROM breach_records WHERE disclosure_id = $1", row["id"])
    assert [tuple(each) for each in breaches] == [(row["due_at"], late)]


async def test_publication_in_time_is_no_breach(pool: Pool, owner: Connection) -> None:
    await closed_ticket(pool)
    await advance(pool, AT)
    row = await only(pool)
    await published(pool, row["id"], row["due_at"])
    await advance(pool, row["law_due_at"] + DAY)
    assert await owner.fetchval("SELECT count(*) FROM breach_records WHERE source_key LIKE 'disclosure:%'") == 0


async def test_reopened_ticket_takes_its_report_back(pool: Pool) -> None:
    ticket_id = await closed_ticket(pool, calls=1)
    await advance(pool, AT)
    row = await only(pool)
    await published(pool, row["id"])
    await act(pool, ticket_id, (E.REOPEN, VERIFIER, {}), at=AT + DAY)
    await advance(pool, AT + DAY)
    withdrawn = await only(pool)
    assert withdrawn["state"] == "withdrawn"
    assert "重新办理" in withdrawn["reason"]


async def test_relapse_takes_back_what_was_said_of_the_end(pool: Pool, owner: Connection) -> None:
    ticket_id = await closed_ticket(pool)
    await advance(pool, AT)
    await published(pool, (await only(pool))["id"])
    for event, before, after in (
        ("start_look_back", "closed_out", "look_back"),
        ("look_back_ok", "look_back", "closed_out"),
        ("start_look_back", "closed_out", "look_back"),
        ("relapse", "look_back", "relapsed"),
    ):
        assert (await only(pool))["state"] == "published"
        await owner.execute(
            "INSERT INTO ticket_transitions SELECT (x).* FROM (SELECT jsonb_populate_record(t, jsonb_build_object("
            "'version', t.version + 1, 'event', $2::text, 'from_state', $3::text, 'to_state', $4::text)) AS x"
            " FROM ticket_transitions t WHERE t.ticket_id = $1 ORDER BY t.version DESC LIMIT 1)",
            ticket_id,
            event,
            before,
            after,
        )
        await advance(pool, AT)
    assert (await only(pool))["state"] == "withdrawn"


async def test_late_decision_to_withhold_ends_its_breaches(pool: Pool, owner: Connection) -> None:
    await closed_ticket(pool)
    await advance(pool, AT)
    row = await only(pool)
    at = row["law_due_at"] + DAY
    await advance(pool, at)
    await done(pool, row["id"], "edit", EDITOR, at, level="never", never_reason="minors", reason="x")
    await done(pool, row["id"], "check", EDITOR, at, **CHECKED)
    await done(pool, row["id"], "withhold", APPROVER, at, reason="x")
    ends = await owner.fetch("SELECT actual_at FROM breach_records WHERE source_key LIKE 'disclosure:%'")
    assert [each["actual_at"] for each in ends] == [at, at]


async def test_provisional_due_time_is_counted_anew_when_the_calendar_comes(pool: Pool, owner: Connection) -> None:
    begin = local("2026-12-29T10:00")
    await closed_ticket(pool, at=begin)
    await advance(pool, begin)
    before = await only(pool)
    assert before["explanation"]["unknown_years"] == [2027]
    for offset in range(365):
        day = date(2027, 1, 1) + timedelta(days=offset)
        await owner.execute(
            "INSERT INTO calendar_days (day, working, source, version) VALUES ($1, $2, 'test', 2)",
            day,
            day.weekday() < 5 and day > date(2027, 1, 6),
        )
    await owner.execute("INSERT INTO calendar_years (year, source, version) VALUES (2027, 'test', 2)")
    assert await advance(pool, begin) == 1
    assert await advance(pool, begin) == 0
    after = await only(pool)
    assert after["due_at"] > before["due_at"]
    assert after["explanation"]["unknown_years"] == []


async def test_committee_has_a_calendar_then_its_residents_then_the_subdistrict_and_never_a_breach(
    pool: Pool, owner: Connection
) -> None:
    await advance(pool, AT)
    duties = await owner.fetch("SELECT item::text, period_name, planned_at, remind_at FROM committee_duties")
    assert {(each["item"], each["period_name"]) for each in duties} == {
        (item, "2026-Q1") for item in ("resident_rights", "public_management", "public_construction")
    }
    assert {each["planned_at"] for each in duties} == {local("2026-04-15T18:00")}

    async def states() -> set[str]:
        return {
            row[0]
            for row in await owner.fetch("SELECT state::text FROM committee_duties WHERE period_name = '2026-Q1'")
        }

    for at, state in (
        (duties[0]["remind_at"], "reminded"),
        (duties[0]["planned_at"], "residents_meeting"),
        (local("2026-05-30T09:00"), "subdistrict"),
        (local("2026-12-01T09:00"), "subdistrict"),
    ):
        await advance(pool, at)
        assert await states() == {state}
    told = await owner.fetch(
        "SELECT DISTINCT body->>'state' AS s, e.organisation_id AS o FROM outbox"
        " JOIN webhook_endpoints e ON e.id = endpoint_id"
        " WHERE body->>'period_name' = '2026-Q1'"
    )
    assert {tuple(each) for each in told} == {
        ("reminded", "committee-tt"),
        ("residents_meeting", "committee-tt"),
        ("subdistrict", "t-street"),
    }
    assert await owner.fetchval("SELECT count(*) FROM breach_records") == 0
    assert await owner.fetchval("SELECT count(*) FROM accountability_files") == 0


async def test_committee_fulfils_its_duty_by_publishing_with_two_of_its_own(pool: Pool, owner: Connection) -> None:
    await advance(pool, AT)
    duty_id = await owner.fetchval("SELECT id FROM committee_duties WHERE item = 'resident_rights'")
    matter = Matter(
        item=DisclosureItem.RESIDENT_RIGHTS,
        title="第一季度居务公开",
        text="公共收益收支已公示",
        publisher_id="committee-tt",
        duty_id=duty_id,
    )
    async with transaction(pool, scope=SYSTEM) as conn:
        disclosure_id = await matters.open_matter(conn, matter, CHAIR, AT)
    await done(pool, disclosure_id, "check", CHAIR, **CHECKED)
    await done(pool, disclosure_id, "approve", MEMBER)
    row = await done(pool, disclosure_id, "publish", CHAIR)
    assert (row["state"], row["due_at"]) == ("published", None)
    assert await owner.fetchval("SELECT state::text FROM committee_duties WHERE id = $1", duty_id) == "fulfilled"
    await advance(pool, AT + 300 * DAY)
    assert await owner.fetchval("SELECT state::text FROM committee_duties WHERE id = $1", duty_id) == "fulfilled"
    # What is taken back fulfils nothing; there are days for the correction before anybody else hears of it.
    late = AT + 300 * DAY
    await done(pool, disclosure_id, "withdraw", MEMBER, late, reason="数字有误", code="error")
    duty = await owner.fetchrow(
        "SELECT state::text, disclosure_id, next_at FROM committee_duties WHERE id = $1", duty_id
    )
    assert duty is not None
    assert (duty["state"], duty["disclosure_id"]) == ("reminded", (await only(pool, state="draft"))["id"])
    assert duty["next_at"] > late + 5 * DAY
    await done(pool, duty["disclosure_id"], "check", CHAIR, late, **CHECKED)
    await done(pool, duty["disclosure_id"], "approve", MEMBER, late)
    await done(pool, duty["disclosure_id"], "publish", CHAIR, late)
    assert await owner.fetchval("SELECT state::text FROM committee_duties WHERE id = $1", duty_id) == "fulfilled"


async def test_database_itself_keeps_clocks_from_a_committee(pool: Pool, owner: Connection) -> None:
    matter = Matter(item=DisclosureItem.OTHER, title="居务", text="x", publisher_id="committee-tt")
    async with transaction(pool, scope=SYSTEM) as conn:
        disclosure_id = await matters.open_matter(conn, matter, CHAIR, AT)
    clock = "due_at = $2, remind_at = $2, law_due_at = $2, explanation = '{}', law_explanation = '{}'"
    for change in (clock, "breached_at = $2"):
        with pytest.raises(asyncpg.CheckViolationError, match="residents' committee"):
            await owner.execute(f"UPDATE disclosures SET {change} WHERE id = $1", disclosure_id, AT)  # noqa: S608
