"""Rosters in the database: what constraints refuse whatever the code believes, and those of the demo community."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from cli.demo_community import PEOPLE
from registry import demo
from registry.rosters import changes
from registry.rosters.changes import Span
from registry.rosters.duty import gaps, on_duty
from registry.rosters.errors import RosterNotFound, RosterRefused, SwapSettled
from registry.rosters.model import DutyReason, DutyRole
from registry.rosters.store import read_page_rules, read_parameters, read_rosters
from registry.unit_calls import read_unit_calls
from runtime.pool import Connection

AT = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BY = "user:1"


@pytest.fixture(autouse=True)
async def _places(owner: Connection) -> None:
    await demo.create_places(owner)


async def people(owner: Connection) -> list[int]:
    return [
        await changes.add_contact(owner, changes.NewContact("wp-fire", name, None, "13800000000"), BY, AT)
        for name in ("甲", "乙")
    ]


async def roster(owner: Connection) -> int:
    return await changes.add_roster(owner, "wp-fire", DutyRole.ON_DUTY, "值班", "Duty", BY, AT)


async def test_demo_community_has_somebody_on_duty_now_and_a_gap_ahead(owner: Connection) -> None:
    for person in PEOPLE:
        await owner.execute(
            "INSERT INTO users (login, zh_name, password_hash, roles, organisation_id, area_id, created_at)"
            " VALUES ($1, $2, '', $3, $4, $5, $6)",
            person.login,
            person.zh_name,
            list(person.roles),
            person.organisation_id,
            person.area_id,
            AT,
        )
    count = await demo.create_rosters(owner, AT)
    found = await read_rosters(owner)
    assert len(found) == count
    for one in found:
        assert on_duty(one, AT).reason is DutyReason.ROTATION, one
    ahead = [one.organisation_id for one in found if gaps(one, AT, AT + 30 * DAY)]
    assert ahead == ["jh-urban_management"]


async def test_seeded_rows_are_read(owner: Connection) -> None:
    assert (await read_parameters(owner)).gap_warning_d == 30
    rules = await read_page_rules(owner)
    for grade, pages in ((1, True), (2, True), (3, False), (4, False)):
        rule = rules.find(kind="streetlight_out", grade=grade)
        assert rule is not None
        assert rule.page is pages
    calling = rules.find(kind="elderly_sos", grade=4)
    assert calling is not None
    assert calling.page
    assert {call.trade.value for call in await read_unit_calls(owner)} == {"gas", "water", "power", "lift", "property"}


async def test_committee_has_no_roster(owner: Connection) -> None:
    with pytest.raises(RosterRefused) as refused:
        await changes.add_roster(owner, "committee-qs", DutyRole.ON_DUTY, "值班", "Duty", BY, AT)
    assert refused.value.field == "organisation"


async def test_overlapping_overrides_are_refused_by_the_database(owner: Connection) -> None:
    first, second = await people(owner)
    roster_id = await roster(owner)
    insert = (
        "INSERT INTO stand_ins (roster_id, number, contact_id, from_at, until_at, reason, entered_at, entered_by)"
        " VALUES ($1, $2, $3, $4, $5, 'x', $4, 'user:1')"
    )
    await owner.execute(insert, roster_id, 1, first, AT, AT + 2 * DAY)
    await owner.execute(insert, roster_id, 1, second, AT + 2 * DAY, AT + 3 * DAY)  # They meet and do not overlap.
    await owner.execute(insert, roster_id, 2, second, AT, AT + 2 * DAY)  # Another rotation.
    with pytest.raises(asyncpg.ExclusionViolationError):
        await owner.execute(insert, roster_id, 1, second, AT + DAY, AT + 4 * DAY)
    await owner.execute("UPDATE stand_ins SET cancelled_at = from_at, cancelled_by = 'user:1'")
    await owner.execute(insert, roster_id, 1, second, AT + DAY, AT + 4 * DAY)


async def test_swap_stands_in_the_database_only_with_both_consents(owner: Connection) -> None:
    first, second = await people(owner)
    roster_id = await roster(owner)
    await changes.override(owner, roster_id, Span(1, first, AT, AT + DAY), "x", BY, AT)
    await changes.override(owner, roster_id, Span(1, second, AT + DAY, AT + 2 * DAY), "x", BY, AT)
    swap_id = await changes.propose_swap(
        owner, roster_id, Span(1, first, AT, AT + DAY), Span(1, second, AT + DAY, AT + 2 * DAY), "x", BY, AT
    )
    insert = (
        "INSERT INTO stand_ins"
        " (roster_id, number, contact_id, from_at, until_at, reason, swap_id, entered_at, entered_by)"
        " VALUES ($1, 1, $2, $3, $4, 'x', $5, $3, 'user:1')"
    )
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(insert, roster_id, second, AT, AT + DAY, swap_id)
    assert not await changes.agree(owner, swap_id, first, "user:7", AT)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(insert, roster_id, second, AT, AT + DAY, swap_id)
    assert await changes.agree(owner, swap_id, second, "user:8", AT)
    assert await owner.fetchval("SELECT count(*) FROM stand_ins WHERE swap_id = $1", swap_id) == 2


async def test_what_is_taken_back_stood_until_then(owner: Connection) -> None:
    first, second = await people(owner)
    roster_id = await roster(owner)
    stand_in = await changes.override(owner, roster_id, Span(1, first, AT, AT + 2 * DAY), "x", BY, AT)
    await changes.cancel_override(owner, roster_id, stand_in, BY, AT + DAY)
    later = await changes.override(owner, roster_id, Span(1, second, AT + DAY, AT + 2 * DAY), "x", BY, AT + DAY)
    (found,) = await read_rosters(owner, ids=[roster_id])
    assert [on_duty(found, AT + n * DAY / 2).persons[0].contact_id for n in range(4)] == [first, first, second, second]
    with pytest.raises(RosterNotFound):
        await changes.cancel_override(owner, roster_id, later, BY, AT + 2 * DAY)
    assert (await read_rosters(owner, ids=[roster_id]))[0] == found


async def test_swap_that_is_over_is_not_taken_back_and_none_lasts_for_ever(owner: Connection) -> None:
    first, second = await people(owner)
    roster_id = await roster(owner)
    for number, person in ((1, first), (2, second)):
        await changes.override(owner, roster_id, Span(number, person, AT, AT + 400 * DAY), "x", BY, AT)
    spans = (Span(1, first, AT, AT + DAY), Span(2, second, AT + DAY, AT + 2 * DAY))
    swap_id = await changes.propose_swap(owner, roster_id, *spans, "x", BY, AT)
    for person in (first, second):
        await changes.agree(owner, swap_id, person, BY, AT)
    (found,) = await read_rosters(owner, ids=[roster_id])
    assert [each.reason for each in on_duty(found, AT).persons] == [DutyReason.SWAP]  # Newer than the overrides.
    with pytest.raises(SwapSettled):
        await changes.end_swap(owner, swap_id, BY, AT + 2 * DAY)
    with pytest.raises(RosterRefused):
        await changes.propose_swap(owner, roster_id, Span(1, first, AT + DAY, AT + 399 * DAY), spans[1], "x", BY, AT)


async def test_version_of_a_rotation_is_never_changed_by_the_processes(owner: Connection) -> None:
    for table in ("rotations", "rotation_participants", "page_levels", "page_recipients", "calendar_loads"):
        for verb in ("UPDATE", "DELETE"):
            assert not await owner.fetchval("SELECT has_table_privilege('rongan_app', $1, $2)", table, verb), table
