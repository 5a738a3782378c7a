"""The calendar of what committees make public themselves: reminders, their residents, the subdistrict (Art. 49).

It is no limit of a handling: no clock, no indicator and no file of Art. 47 or 50 ever follows from it (ruling A3).
"""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.errors import EntryRefused, SubjectNotFound
from dispatcher.channels import outbox
from dispatcher.disclosure.periods import last_moment, quarter_of
from dispatcher.disclosure.procedures import Subject
from dispatcher.disclosure.reading import QUERIES
from dispatcher.tickets.deadlines import deadline
from registry.calendar import WorkCalendar
from registry.disclosures import DutyPeriod, DutyRule
from runtime.pool import Connection

DUTY_TOPIC: Final = "committee.duty"
"""Told to the committee, then to its subdistrict."""


class DutyState(StrEnum):
    """Equal to the SQL enum `duty_state`."""

    PLANNED = "planned"  # 待公开
    REMINDED = "reminded"  # 已提醒
    RESIDENTS_MEETING = "residents_meeting"  # 提请居民会议: it did not come, the residents' meeting corrects it
    SUBDISTRICT = "subdistrict"  # 街道办事处责令改正: where the meeting did not
    FULFILLED = "fulfilled"  # 已公开, or found to be settled


async def plan_quarter(conn: Connection, rules: Collection[DutyRule], calendar: WorkCalendar, at: datetime) -> int:
    """Put the running quarter into the calendar of every committee; how many duties are new."""
    name, ends_at = quarter_of(at)
    planned = 0
    committees = [row["id"] for row in await conn.fetch(QUERIES.list_committees)]
    for rule in rules:
        if rule.period is DutyPeriod.QUARTER:
            for committee in committees:
                planned += await _plan(conn, rule, committee, name, last_moment(ends_at), calendar, at) is not None
    return planned


async def plan_event(
    conn: Connection, rule: DutyRule, committee_id: str, name: str, calendar: WorkCalendar, at: datetime
) -> int | None:
    """Put a weighty matter into the calendar; None where it stands there already."""
    return await _plan(conn, rule, committee_id, name, at, calendar, at)


async def follow(
    conn: Connection, rules: Collection[DutyRule], calendar: WorkCalendar, at: datetime, limit: int
) -> int:
    """Take every step that is due: a reminder, the residents' meeting, the subdistrict; how many were taken."""
    rows = await conn.fetch(QUERIES.due_duties, at, limit)
    days = {(rule.item.value, rule.period.value): rule.meeting_wd for rule in rules}
    for row in rows:
        state, next_at = row["state"], None
        told = row["committee_id"]
        match DutyState(row["state"]):
            case DutyState.PLANNED:
                state, next_at = DutyState.REMINDED, row["planned_at"]
            case DutyState.REMINDED:
                state = DutyState.RESIDENTS_MEETING
                meeting_wd = days.get((row["item"], row["period"]), 1)
                # The meeting has its days from when it is asked, however late the step comes.
                next_at = calendar.after_working_days(max(row["planned_at"], at), meeting_wd).at
            case DutyState.RESIDENTS_MEETING:
                state = DutyState.SUBDISTRICT
                told = await conn.fetchval(QUERIES.subdistrict_of, list(row["area_path"])) or told
            case _:
                pass  # Nothing follows by itself.
        await conn.execute(QUERIES.move_duty, row["id"], state, next_at, at)
        await _tell(conn, told, row["id"], state, {"item": row["item"], "period_name": row["period_name"]}, at)
    return len(rows)


async def find(conn: Connection, duty_id: int, finding: str, *, settled: bool, user: User, at: datetime) -> None:
    """Record what the residents' meeting, or the subdistrict, decided. Raises SubjectNotFound, EntryRefused."""
    row = await conn.fetchrow(QUERIES.hold_duty, duty_id)
    if row is None or not _looks_after(user, row["committee_id"], tuple(row["area_path"])):
        raise SubjectNotFound(Subject.DUTY, duty_id)
    state = DutyState(row["state"])
    own = user.organisation_id == row["committee_id"]
    if state not in (DutyState.RESIDENTS_MEETING, DutyState.SUBDISTRICT):
        raise EntryRefused("state", f"is {state}: nothing is to be found yet, or any more")
    if own and state is DutyState.SUBDISTRICT:
        raise EntryRefused("state", "lies with the subdistrict now (Art. 49)")
    # What the meeting did not settle goes on to the subdistrict at its time.
    next_at = await _next_at(conn, duty_id) if not settled else None
    await conn.execute(QUERIES.find_on_duty, duty_id, finding, settled, next_at, at)


async def _next_at(conn: Connection, duty_id: int) -> datetime | None:
    found: datetime | None = await conn.fetchval(QUERIES.next_look_at_duty, duty_id)
    return found


def _looks_after(user: User, committee_id: str, area_path: tuple[str, ...]) -> bool:
    if user.organisation_id == committee_id and UserRole.COMMITTEE in user.roles:
        return True
    return bool(user.roles & {UserRole.SUBDISTRICT, UserRole.SUPERVISOR}) and (
        user.scope is None or user.scope in area_path
    )


async def _plan(
    conn: Connection,
    rule: DutyRule,
    committee_id: str,
    name: str,
    since: datetime,
    calendar: WorkCalendar,
    at: datetime,
) -> int | None:
    ends = deadline(rule.length, since, calendar)
    duty_id: int | None = await conn.fetchval(
        QUERIES.insert_duty, committee_id, rule.item, rule.period, name, ends.due_at, ends.remind_at, at
    )
    return duty_id


async def _tell(
    conn: Connection, organisation_id: str, duty_id: int, state: str, body: dict[str, Any], at: datetime
) -> None:
    await outbox.enqueue(
        conn,
        idempotency_key=f"duty-{duty_id}-{state}",
        organisation_id=organisation_id,
        ticket_id=None,
        topic=DUTY_TOPIC,
        body={"duty_id": duty_id, "state": str(state), **body},
        at=at,
    )
