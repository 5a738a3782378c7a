"""What an inspector does on a round: a finding at each item, which may become a hazard, and the report at its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asyncpg import Record

from dispatcher.accounts.model import User, UserRole
from dispatcher.attachments import store as attachments
from dispatcher.attachments.model import Use
from dispatcher.channels import stream
from dispatcher.screening import hazards, records
from dispatcher.screening.errors import (
    NotOfTheUnit,
    RoundEnded,
    RoundUnfinished,
    ScreeningFieldRefused,
    ScreeningNotFound,
    ScreeningOutpaced,
)
from dispatcher.screening.lifecycle import HazardEvent
from dispatcher.screening.model import (
    By,
    Factors,
    FindingOutcome,
    Hazard,
    HazardDraft,
    HazardId,
    HazardState,
    InspectionState,
)
from dispatcher.screening.records import QUERIES, Did
from registry.check_lists import CheckItem, CheckList, read_check_lists
from runtime.pool import Connection

CHANGED: Final = "inspection.changed"
TOPIC: Final = "inspection"
_THOUGHT_DONE: Final = frozenset({HazardState.RECTIFIED, HazardState.ACCEPTED_RESIDUAL, HazardState.CLOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found at an item. For a hazard: evidence, and the factors unless it is a known one."""

    item: str
    outcome: FindingOutcome
    evidence: str | None = None
    attachments: tuple[int, ...] = ()
    reason: str | None = None
    hazard_id: int | None = None
    kind: str | None = None  # None: what the item says
    subject: str | None = None
    factors: Factors | None = None


async def record(conn: Connection, round_id: int, found: Found, user: User, at: datetime) -> HazardId | None:
    """Record a finding on a round of the user's unit; the hazard that it became or met again.

    Raises ScreeningNotFound, RoundEnded, NotOfTheUnit, ScreeningFieldRefused, and what an assessment raises.
    """
    held = await _hold_own(conn, round_id, user)
    checks = await read_check_list(conn, held["list"], held["list_version"])
    item = checks.item(found.item)
    if item is None:
        raise ScreeningFieldRefused("item", "not on this check-list")
    _check_fields(found)
    hazard_id = await _hazard(conn, held, item, found, user, at) if found.outcome is FindingOutcome.HAZARD else None
    use = Use(TOPIC, round_id, found.item)
    await attachments.cite(
        conn, found.attachments, use, actor_id=user.actor, organisation_id=user.organisation_id, at=at
    )
    await conn.fetchval(
        QUERIES.insert_finding,
        round_id,
        found.item,
        found.outcome,
        found.evidence,
        list(found.attachments),
        found.reason,
        hazard_id,
        at,
        user.actor,
        user.zh_name,
    )
    return hazard_id


async def report(conn: Connection, round_id: int, version: int, user: User, at: datetime) -> None:
    """End a round whose items were all looked at or skipped with a reason. Raises RoundUnfinished and as `record`."""
    held = await _hold_own(conn, round_id, user)
    _compare(held, version)
    checks = await read_check_list(conn, held["list"], held["list_version"])
    seen = {row["item"] for row in await conn.fetch(QUERIES.list_findings, round_id)}
    left = [each.item for each in checks.items if each.item not in seen]
    if left:
        raise RoundUnfinished(left)
    await _end(conn, held, InspectionState.REPORTED, None, user, at)


async def cancel(conn: Connection, round_id: int, version: int, reason: str, user: User, at: datetime) -> None:
    """Call a round off; the plan goes on. The unit that owes it does not, but for a supervisor.

    Raises ScreeningNotFound, ScreeningOutpaced, RoundEnded, ScreeningFieldRefused.
    """
    held = await _hold(conn, round_id, user)
    _compare(held, version)
    if held["organisation_id"] == user.organisation_id and UserRole.SUPERVISOR not in user.roles:
        raise ScreeningFieldRefused("organisation", "the unit that owes a round does not call it off")
    await _end(conn, held, InspectionState.CANCELLED, reason, user, at)


async def list_rounds(
    conn: Connection,
    user: User,
    at: datetime,
    *,
    state: InspectionState | None = None,
    organisation_id: str | None = None,
    overdue: bool = False,
    after: tuple[datetime, int] | None = None,
    only_id: int | None = None,
    limit: int,
) -> list[dict[str, Any]]:
    """Rounds of the viewer's area or unit, what is due first first."""
    due_at, last_id = after or (None, None)
    rows = await conn.fetch(
        QUERIES.list_rounds,
        user.scope,
        user.organisation_id,
        state,
        organisation_id,
        overdue,
        at,
        due_at,
        last_id,
        only_id,
        limit,
    )
    return [dict(row) for row in rows]


async def read_row(conn: Connection, round_id: int, user: User, at: datetime) -> dict[str, Any]:
    """One round as it is shown. Raises ScreeningNotFound."""
    rows = await list_rounds(conn, user, at, only_id=round_id, limit=1)
    if not rows:
        raise ScreeningNotFound("inspection round")
    return rows[0]


async def sees(conn: Connection, round_id: int, user: User) -> bool:
    """Whether the round lies in the viewer's area or is its unit's."""
    found: bool = await conn.fetchval(QUERIES.sees_round, round_id, user.scope, user.organisation_id)
    return found


async def list_findings(conn: Connection, round_id: int) -> list[dict[str, Any]]:
    """The newest finding at each item."""
    return [dict(row) for row in await conn.fetch(QUERIES.list_findings, round_id)]


async def read_check_list(conn: Connection, name: str, version: int) -> CheckList:
    (found,) = await read_check_lists(conn, version, name)
    return found


async def _hazard(conn: Connection, held: Record, item: CheckItem, found: Found, user: User, at: datetime) -> HazardId:
    """The hazard that the finding names or is; a new one where none of its kind and subject is known there."""
    kind = found.kind or item.hazard_kind
    known = found.hazard_id or await _known(conn, held, kind, found.subject)
    if known is not None:
        # A round sees what is at its place, whatever area its inspector has.
        hazard = await records.hold(conn, known, version=None, scope=None)
        if hazard.area_id != held["area_id"]:
            raise ScreeningFieldRefused("hazard_id", "no hazard of this place")
        await _found_again(conn, hazard, held, found, user, at)
        return hazard.id
    if found.factors is None:
        raise ScreeningFieldRefused("factors", "a new hazard needs its three factors")
    draft = HazardDraft(
        kind=kind,
        area_id=held["area_id"],
        place=held["place"],
        lon=held["lon"],
        lat=held["lat"],
        subject=found.subject,
        description=found.evidence or "",
        plan_id=held["plan_id"],
    )
    note = f"{held['number']}: {found.evidence}"
    return await hazards.register(conn, draft, found.factors, note, user, at, within=None)


async def _known(conn: Connection, held: Record, kind: str, subject: str | None) -> int | None:
    place = (held["area_id"], held["place"], kind, subject)
    row = await conn.fetchrow(QUERIES.standing_hazard, *place) or await conn.fetchrow(QUERIES.closed_hazard, *place)
    return None if row is None else int(row["id"])


async def _found_again(conn: Connection, hazard: Hazard, held: Record, found: Found, user: User, at: datetime) -> None:
    fields = {"round_id": held["id"], "item": found.item}
    did = Did(HazardEvent.FIND_AGAIN, By.user(user), at, found.evidence, fields)
    if hazard.state in _THOUGHT_DONE:
        await hazards.relapse(conn, hazard, did)
    elif found.factors is not None:
        await hazards.reassess(conn, hazard, found.factors, found.evidence or "", did, user)
    else:
        await records.write(conn, hazard, hazard, did)


def _check_fields(found: Found) -> None:
    if found.outcome is FindingOutcome.SKIPPED and not (found.reason or "").strip():
        raise ScreeningFieldRefused("reason", "an item is skipped with a reason")
    if found.outcome is not FindingOutcome.SKIPPED and found.reason is not None:
        raise ScreeningFieldRefused("reason", "is why an item was skipped")
    if found.outcome is FindingOutcome.HAZARD and not (found.evidence or "").strip():
        raise ScreeningFieldRefused("evidence", "a hazard is shown by evidence")


async def _hold(conn: Connection, round_id: int, user: User) -> Record:
    row = await conn.fetchrow(QUERIES.hold_round, round_id, user.scope, user.organisation_id)
    if row is None:
        raise ScreeningNotFound("inspection round")
    if row["state"] != InspectionState.DUE:
        raise RoundEnded(row["state"])
    return row


async def _hold_own(conn: Connection, round_id: int, user: User) -> Record:
    row = await _hold(conn, round_id, user)
    if row["organisation_id"] != user.organisation_id:
        raise NotOfTheUnit(row["organisation_id"])
    return row


def _compare(held: Record, version: int) -> None:
    if held["version"] != version:
        raise ScreeningOutpaced("inspection round", held["version"], held["state"])


async def _end(
    conn: Connection, held: Record, state: InspectionState, reason: str | None, user: User, at: datetime
) -> None:
    await conn.execute(QUERIES.end_round, held["id"], state, at, user.actor, user.zh_name, reason)
    await tell(conn, held["id"], held["number"], state, held["area_path"], held["organisation_id"], at)


async def tell(
    conn: Connection,
    round_id: int,
    number: str,
    state: InspectionState,
    area_path: Sequence[str],
    organisation_id: str,
    at: datetime,
) -> None:
    """Put the change on the stream of the place and of the unit."""
    await stream.publish(
        conn,
        topic=CHANGED,
        area_path=area_path,
        organisation_ids=[organisation_id],
        body={"inspection": {"id": round_id, "number": number, "state": state}},
        at=at,
    )
