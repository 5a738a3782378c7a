"""What offers, applications and Art. 48 cases share: reading one, one action on it, the record of what was done."""

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
    move: str


_OF: Final[Mapping[Subject, _Statements]] = {
    Subject.OFFER: _Statements(QUERIES.list_offers, QUERIES.claim_offer, QUERIES.move_offer),
    Subject.APPLICATION: _Statements(QUERIES.list_applications, QUERIES.claim_application, QUERIES.move_application),
    Subject.CORRECTION_CASE: _Statements(QUERIES.list_cases, QUERIES.claim_case, QUERIES.move_case),
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


class Taken(NamedTuple):
    """A row that is held for one action, as it stood before it, and the hop that the action is."""

    subject: Subject
    row: Mapping[str, Any]
    hop: Hop


async def page(
    conn: Connection, subject: Subject, sight: Sight, *, state: str | None, before_id: int | None, limit: int
) -> list[dict[str, Any]]:
    """Rows of one subject, newest first."""
    return await _rows(conn, subject, sight, state, before_id or _LAST, None, limit)


async def read(conn: Connection, subject: Subject, subject_id: int, sight: Sight) -> dict[str, Any]:
    """One row. Raises SubjectNotFound, also for what the viewer may not see."""
    rows = await _rows(conn, subject, sight, None, _LAST, subject_id, 1)
    if not rows:
        raise SubjectNotFound(subject, subject_id)
    return rows[0]


async def take(conn: Connection, subject: Subject, subject_id: int, act: Act, user: User) -> Taken:
    """Hold a row that the user sees at the version that the user saw, and decide; `move` ends the action.

    Raises SubjectNotFound, Outpaced, ActRefused; then the caller's transaction must not be committed.
    """
    claimed = await conn.fetchval(_OF[subject].claim, subject_id, act.version)
    # Read once it is held: what stood there before may have been somebody else's to change.
    row = await read(conn, subject, subject_id, Sight.of(user))
    if claimed is None:
        raise Outpaced(subject, row["version"], row["state"])
    decided = decide(subject, row["state"], act, user, parties_of(row))
    if isinstance(decided, Refused):
        raise ActRefused(subject, row["state"], act.event, decided)
    return Taken(subject, row, decided)


async def move(conn: Connection, taken: Taken, act: Act, user: User, at: datetime) -> None:
    """Bring what was taken into its new state and write what was done."""
    subject, row, hop = taken
    await conn.execute(_OF[subject].move, row["id"], hop.to_state)
    await add(conn, subject, row["id"], row["version"], row["state"], hop.to_state, act, user, at)


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
