"""Art. 48 cases: work that reached a committee against Art. 45, corrected by the government at the same level."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission import records
from dispatcher.admission.errors import EntryRefused
from dispatcher.admission.judging import QUERIES, read_organisation, take_number
from dispatcher.admission.model import Means
from dispatcher.admission.procedures import Act, CorrectionState, Subject
from registry.organisations import OrganisationKind
from runtime.pool import Connection

CASE: Final = "CC"


@dataclass(frozen=True, slots=True)
class Allegation:
    """Who says what of whom."""

    unit_id: str
    committee_id: str
    matter: str
    means: Means
    facts: str
    ticket_id: int | None = None
    offer_id: int | None = None


async def allege(conn: Connection, said: Allegation, user: User, at: datetime) -> int:
    """Open a case; its id. A committee reports for itself, a supervisor for any. Raises EntryRefused."""
    unit = await read_organisation(conn, said.unit_id, "unit")
    committee = await read_organisation(conn, said.committee_id, "committee")
    if committee.kind is not OrganisationKind.COMMITTEE:
        raise EntryRefused("committee", "is no residents' committee")
    if unit.kind is OrganisationKind.COMMITTEE:
        raise EntryRefused("unit", "a committee is no department: Art. 49 is its own path")
    if UserRole.SUPERVISOR not in user.roles and user.organisation_id != committee.id:
        raise EntryRefused("committee", "a committee reports what reached itself")
    case_id: int = await conn.fetchval(
        QUERIES.insert_case,
        await take_number(conn, CASE, at),
        unit.id,
        committee.id,
        said.matter,
        said.means,
        said.facts,
        said.ticket_id,
        said.offer_id,
        at,
        user.actor,
    )
    opened = Act("allege", 0, said.facts, {})
    await records.add(conn, Subject.CORRECTION_CASE, case_id, 1, None, CorrectionState.ALLEGED, opened, user, at)
    return case_id


async def act(conn: Connection, case_id: int, asked: Act, user: User, at: datetime) -> None:
    """One action on a case. Raises SubjectNotFound, Outpaced, ActRefused."""
    row = await records.read(conn, Subject.CORRECTION_CASE, case_id)
    hop = await records.claim(conn, Subject.CORRECTION_CASE, row, asked, user)
    await conn.execute(QUERIES.move_case, case_id, hop.to_state)
    await records.add(
        conn, Subject.CORRECTION_CASE, case_id, asked.version + 1, row["state"], hop.to_state, asked, user, at
    )
