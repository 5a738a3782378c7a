"""Assessments of administrative organs, which hear residents' committees in several forms (Art. 46 para 1)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.errors import EntryRefused, Outpaced, SubjectNotFound
from dispatcher.evaluations.model import AssessmentState, HearingForm, Subject
from dispatcher.evaluations.reading import LAST_ID, QUERIES, Sight
from registry.numbering import take_number
from registry.organisations import OrganisationKind, read_organisations_named
from runtime.pool import Connection

NUMBER: Final = "OA"
FORMS_MIN: Final = 2
"""多种形式: several, so at least two."""

_ORGANS: Final = frozenset(
    {
        OrganisationKind.DEPARTMENT,
        OrganisationKind.SUBDISTRICT,
        OrganisationKind.GOVERNMENT,
        OrganisationKind.DUTY_DESK,
    }
)


@dataclass(frozen=True, slots=True)
class Hearing:
    """A committee was heard in a form, and what it said."""

    committee_id: str
    form: HearingForm
    score: int  # 1 to 5, as residents' opinions
    opinion: str


async def open_assessment(
    conn: Connection, unit_id: str, period_from: date, period_to: date, user: User, at: datetime
) -> int:
    """Its id. A supervisor opens it, never one of the unit. Raises EntryRefused."""
    unit = (await read_organisations_named(conn, [unit_id])).get(unit_id)
    if unit is None or unit.kind not in _ORGANS or not (user.scope is None or user.scope in unit.area_path):
        raise EntryRefused("unit", "is no administrative organ of your area")
    if user.organisation_id == unit.id:
        raise EntryRefused("unit", "does not assess itself")
    if period_to < period_from:
        raise EntryRefused("period_to", "lies before the beginning")
    assessment_id: int | None = await conn.fetchval(
        QUERIES.insert_assessment,
        await take_number(conn, NUMBER, at),
        unit.id,
        period_from,
        period_to,
        at,
        user.actor,
    )
    if assessment_id is None:
        raise EntryRefused("period_from", "is assessed already")
    return assessment_id


async def page(conn: Connection, user: User, *, before_id: int | None, limit: int) -> list[dict[str, Any]]:
    """What the viewer sees, newest first: of his area, of his own unit, or in which his committee may speak."""
    return await _rows(conn, user, before_id or LAST_ID, None, limit)


async def read(conn: Connection, assessment_id: int, user: User) -> dict[str, Any]:
    """One of them. Raises SubjectNotFound, also for what the viewer may not see."""
    rows = await _rows(conn, user, LAST_ID, assessment_id, 1)
    if not rows:
        raise SubjectNotFound(Subject.ASSESSMENT, assessment_id)
    return rows[0]


async def hear(conn: Connection, assessment_id: int, said: Hearing, user: User, at: datetime) -> None:
    """Record what a committee said: a supervisor for any of the area, a committee for itself, each form once."""
    await conn.fetchval(QUERIES.hold_assessment, assessment_id)
    row = await read(conn, assessment_id, user)
    if row["state"] != AssessmentState.HEARING:
        raise EntryRefused("state", "is concluded: nobody is heard any more")
    committee = (await read_organisations_named(conn, [said.committee_id])).get(said.committee_id)
    if committee is None or committee.kind is not OrganisationKind.COMMITTEE:
        raise EntryRefused("committee", "is no residents' committee")
    if row["area_path"][-1] not in committee.area_path:
        raise EntryRefused("committee", "lies outside the area that the organ works for")
    if UserRole.COMMITTEE in user.roles and committee.id != user.organisation_id:
        raise EntryRefused("committee", "a committee speaks for itself")
    if user.organisation_id == row["unit_organisation_id"]:
        raise EntryRefused("unit", "who is assessed hears nobody about itself")
    recorded = await conn.fetchval(
        QUERIES.insert_hearing, assessment_id, committee.id, said.form, said.score, said.opinion, at, user.actor
    )
    if recorded is None:
        raise EntryRefused("form", "the committee was heard in this form")


async def conclude(
    conn: Connection, assessment_id: int, version: int, conclusion: str, user: User, at: datetime
) -> None:
    """End it, saying how the committees' opinion was weighed. Raises SubjectNotFound, Outpaced, EntryRefused."""
    claimed = await conn.fetchval(QUERIES.claim_assessment, assessment_id, version)
    row = await read(conn, assessment_id, user)
    if claimed is None:
        raise Outpaced(Subject.ASSESSMENT, row["version"], row["state"])
    if row["state"] != AssessmentState.HEARING:
        raise EntryRefused("state", "is concluded")
    if user.organisation_id == row["unit_organisation_id"]:
        raise EntryRefused("unit", "does not assess itself")
    if len(row["forms"]) < FORMS_MIN:
        raise EntryRefused("forms", "committees are heard in several forms (Art. 46), at least two")
    await conn.execute(QUERIES.conclude_assessment, assessment_id, at, conclusion)


async def hearings(conn: Connection, assessment_id: int) -> list[dict[str, Any]]:
    """Who said what: for those who assess, never for who is assessed."""
    return [dict(row) for row in await conn.fetch(QUERIES.list_hearings, assessment_id)]


async def _rows(conn: Connection, user: User, before_id: int, only_id: int | None, limit: int) -> list[dict[str, Any]]:
    rows = await conn.fetch(QUERIES.list_assessments, *Sight.of(user), before_id, only_id, limit)
    return [dict(row) for row in rows]
