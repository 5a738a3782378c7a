"""What offers, applications and Art. 48 cases share: reading one, claiming its version, the record of what was done."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.errors import ActRefused, Outpaced, SubjectNotFound
from dispatcher.admission.judging import QUERIES
from dispatcher.admission.procedures import Act, Hop, Parties, Refused, Subject, allowed_events, decide
from runtime.pool import Connection

_LAST: Final = 2**63 - 1


class _Statements(NamedTuple):
    list: str
    claim: str
    state: str


_OF: Final[Mapping[Subject, _Statements]] = {
    Subject.OFFER: _Statements(QUERIES.list_offers, QUERIES.claim_offer, QUERIES.state_of_offer),
    Subject.APPLICATION: _Statements(
        QUERIES.list_applications, QUERIES.claim_application, QUERIES.state_of_application
    ),
    Subject.CORRECTION_CASE: _Statements(QUERIES.list_cases, QUERIES.claim_case, QUERIES.state_of_case),
}


class Sight(NamedTuple):
    """What a viewer sees: an area (None: everywhere), the organisation's own, and whether others' cases."""

    area_id: str | None
    organisation_id: str | None
    sees_cases: bool

    @classmethod
    def of(cls, user: User) -> "Sight":
        supervising = bool(user.roles & {UserRole.SUPERVISOR, UserRole.AUDITOR})
        return cls(user.scope, user.organisation_id, supervising)


EVERYTHING: Final = Sight(None, None, sees_cases=True)


async def page(
    conn: Connection, subject: Subject, sight: Sight, *, state: str | None, before_id: int | None, limit: int
) -> list[dict[str, Any]]:
    """Rows of one subject, newest first."""
    return await _rows(conn, subject, sight, state, before_id or _LAST, None, limit)


async def read(conn: Connection, subject: Subject, subject_id: int, sight: Sight = EVERYTHING) -> dict[str, Any]:
    """One row. Raises SubjectNotFound, also for what the viewer may not see."""
    rows = await _rows(conn, subject, sight, None, _LAST, subject_id, 1)
    if not rows:
        raise SubjectNotFound(subject, subject_id)
    return rows[0]


async def claim(conn: Connection, subject: Subject, row: Mapping[str, Any], act: Act, user: User) -> Hop:
    """Hold the row at the version that the user saw, and decide. Raises Outpaced, ActRefused."""
    state = await conn.fetchval(_OF[subject].claim, row["id"], act.version)
    if state is None:
        now = await conn.fetchrow(_OF[subject].state, row["id"])
        if now is None:
            raise SubjectNotFound(subject, row["id"])
        raise Outpaced(subject, now["version"], now["state"])
    decided = decide(subject, state, act, user, parties_of(row))
    if isinstance(decided, Refused):
        raise ActRefused(subject, state, act.event, decided)
    return decided


async def add(
    conn: Connection,
    subject: Subject,
    subject_id: int,
    version: int,
    from_state: str | None,
    to_state: str,
    act: Act,
    user: User,
    at: datetime,
) -> None:
    """Write what was done, by whom."""
    await conn.execute(
        QUERIES.insert_record,
        subject,
        subject_id,
        version,
        act.event,
        from_state,
        to_state,
        at,
        user.actor,
        user.zh_name,
        user.organisation_id,
        act.reason,
        dict(act.fields),
    )


async def history(conn: Connection, subject: Subject, subject_id: int) -> list[dict[str, Any]]:
    """Everything that was done with it, in order."""
    return [dict(row) for row in await conn.fetch(QUERIES.list_records, subject, subject_id)]


def parties_of(row: Mapping[str, Any]) -> Parties:
    """Which organisations a row names in which part."""
    unit = row.get("origin_organisation_id") or row.get("applicant_organisation_id") or row.get("unit_organisation_id")
    return Parties(
        area_path=tuple(row["area_path"]),
        committee_id=row.get("committee_id"),
        issuer_id=row.get("issuer_organisation_id"),
        unit_id=unit,
    )


def events_for(subject: Subject, row: Mapping[str, Any], user: User) -> Sequence[str]:
    """What the user could do with the row now."""
    return allowed_events(subject, row["state"], user, parties_of(row))


async def _rows(
    conn: Connection,
    subject: Subject,
    sight: Sight,
    state: str | None,
    before_id: int,
    only_id: int | None,
    limit: int,
) -> list[dict[str, Any]]:
    arguments: list[object] = [sight.area_id, sight.organisation_id, state, before_id, only_id, limit]
    if subject is Subject.CORRECTION_CASE:
        arguments.append(sight.sees_cases)
    return [dict(row) for row in await conn.fetch(_OF[subject].list, *arguments)]
