"""Art. 48 cases: work that reached a committee against Art. 45, corrected by the government at the same level."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission import records
from dispatcher.admission.errors import EntryRefused
from dispatcher.admission.judging import QUERIES, read_parties
from dispatcher.admission.model import Means
from dispatcher.admission.procedures import Act, CorrectionState, Subject
from registry.numbering import take_number
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
    unit, committee = await read_parties(conn, unit=said.unit_id, committee=said.committee_id)
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
    taken = await records.take(conn, Subject.CORRECTION_CASE, case_id, asked, user)
    await records.move(conn, taken, asked, user, at)
