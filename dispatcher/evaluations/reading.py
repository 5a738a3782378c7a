"""Reads evaluations as their viewer may see them, and in which part he stands."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.errors import SubjectNotFound
from dispatcher.evaluations.model import EvaluationVerdict, Subject
from dispatcher.evaluations.procedures import Standing
from dispatcher.evaluations.veil import OVERSEERS
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

LAST_ID: Final = 2**63 - 1


class Sight(NamedTuple):
    """What a viewer sees: an area's (None: everywhere) if he oversees it, and what his own unit has a part in."""

    oversees: bool
    area_id: str | None
    organisation_id: str | None
    is_committee: bool

    @classmethod
    def of(cls, user: User) -> "Sight":
        is_committee = UserRole.COMMITTEE in user.roles
        return cls(bool(user.roles & OVERSEERS) and not is_committee, user.scope, user.organisation_id, is_committee)


async def page(
    conn: Connection, sight: Sight, *, state: str | None, unit: str | None, before_id: int | None, limit: int
) -> list[dict[str, Any]]:
    """Rows that the viewer sees, newest first, not veiled yet."""
    return await _rows(conn, sight, state, unit, before_id or LAST_ID, None, limit)


async def read(conn: Connection, evaluation_id: int, sight: Sight) -> dict[str, Any]:
    """One row, not veiled yet. Raises SubjectNotFound, also for what the viewer may not see."""
    rows = await _rows(conn, sight, None, None, LAST_ID, evaluation_id, 1)
    if not rows:
        raise SubjectNotFound(Subject.EVALUATION, evaluation_id)
    return rows[0]


async def history(conn: Connection, evaluation_id: int) -> list[dict[str, Any]]:
    """Everything that was done with it, in order."""
    return [dict(row) for row in await conn.fetch(QUERIES.list_records, evaluation_id)]


def standing_of(row: Mapping[str, Any]) -> Standing:
    return Standing(
        state=row["state"],
        committee_id=row["committee_id"],
        committee_path=tuple(row["area_path"]),
        authority_id=row["authority_organisation_id"],
        subject_id=row["subject_organisation_id"],
        reopened=row["reopened"],
        insisted=row["verdict"] == EvaluationVerdict.NOT_ENOUGH,
        measures_open=row["measures"] is not None and row["measures_done_at"] is None,
    )


async def _rows(
    conn: Connection,
    sight: Sight,
    state: str | None,
    unit: str | None,
    before_id: int,
    only_id: int | None,
    limit: int,
) -> list[dict[str, Any]]:
    rows = await conn.fetch(QUERIES.list_evaluations, *sight, state, unit, before_id, only_id, limit)
    return [dict(row) for row in rows]
