"""Which place is inspected by which list and unit; a unit is given rounds through the gate of Art. 45 alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
from asyncpg import Record

from dispatcher.accounts.model import User
from dispatcher.admission.errors import EntryRefused
from dispatcher.admission.judging import judge_wish, keep_receipt
from dispatcher.admission.model import Form, Means
from dispatcher.admission.offers import Held
from dispatcher.screening.errors import PlanStands, ScreeningFieldRefused, ScreeningNotFound, ScreeningOutpaced
from dispatcher.screening.lifecycle import reaches
from dispatcher.screening.model import PlanId
from dispatcher.screening.records import QUERIES
from registry.check_lists import CheckList, read_check_lists
from runtime.pool import Connection

_LAST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDraft:
    """A place that is to be inspected, by which list and by whom."""

    list: str
    area_id: str
    place: str
    organisation_id: str
    base_level: int
    lon: float | None = None
    lat: float | None = None
    first_round_at: datetime | None = None  # None: at once


async def plan(conn: Connection, draft: PlanDraft, user: User, at: datetime) -> PlanId | Held:
    """Have a place inspected from now on. What the gate of Art. 45 holds leaves its receipt and nothing else.

    Raises PlanStands, ScreeningFieldRefused.
    """
    checks = await _check_list(conn, draft.list)
    area_path = await conn.fetchval(QUERIES.read_area_path, draft.area_id, user.scope)
    if area_path is None:
        raise ScreeningFieldRefused("area", "no such area")
    held = await _pass_gate(conn, draft.organisation_id, checks, draft.place, user, at)
    if held is not None:
        return held
    try:
        async with conn.transaction():
            plan_id: int = await conn.fetchval(
                QUERIES.insert_plan,
                draft.list,
                draft.area_id,
                area_path,
                draft.place,
                draft.lon,
                draft.lat,
                draft.base_level,
                draft.organisation_id,
                draft.first_round_at or at,
                at,
                user.actor,
            )
    except asyncpg.UniqueViolationError:
        raise PlanStands from None
    return PlanId(plan_id)


async def assign(
    conn: Connection, plan_id: int, version: int, organisation_id: str, user: User, at: datetime
) -> Held | None:
    """Give the rounds of a plan, the open one included, to another unit, through the same gate."""
    row = await _hold(conn, plan_id, version, user)
    held = await _pass_gate(conn, organisation_id, await _check_list(conn, row["list"]), row["place"], user, at)
    if held is None:
        await conn.execute(QUERIES.assign_plan, plan_id, organisation_id)
        await conn.execute(QUERIES.assign_open_round, plan_id, organisation_id)
    return held


async def end(conn: Connection, plan_id: int, version: int, user: User) -> None:
    """No further rounds; an open one still has to be reported or cancelled. Raises as `assign` does."""
    await _hold(conn, plan_id, version, user)
    await conn.execute(QUERIES.end_plan, plan_id, user.actor)


async def tighten(conn: Connection, plan_id: int, not_after: datetime) -> None:
    """The next round is not later than that: a hazard there became graver."""
    await conn.execute(QUERIES.tighten_plan, plan_id, not_after)


async def list_plans(
    conn: Connection, user: User, *, before_id: int | None, only_id: int | None = None, limit: int
) -> list[dict[str, Any]]:
    """Plans of the viewer's area or unit, newest first."""
    rows = await conn.fetch(QUERIES.list_plans, user.scope, user.organisation_id, before_id or _LAST, only_id, limit)
    return [dict(row) for row in rows]


async def _hold(conn: Connection, plan_id: int, version: int, user: User) -> Record:
    row = await conn.fetchrow(QUERIES.hold_plan, plan_id, user.scope)
    if row is None or not reaches(user, tuple(row["area_path"])):
        raise ScreeningNotFound("inspection plan")
    if row["version"] != version or row["next_round_at"] is None:
        raise ScreeningOutpaced(
            "inspection plan", row["version"], "ended" if row["next_round_at"] is None else "active"
        )
    return row


async def _check_list(conn: Connection, name: str) -> CheckList:
    found = await read_check_lists(conn, only=name)
    if not found:
        raise ScreeningFieldRefused("list", "no such check-list")
    return found[0]


async def _pass_gate(
    conn: Connection, organisation_id: str, checks: CheckList, place: str, user: User, at: datetime
) -> Held | None:
    if user.organisation_id is None:
        raise ScreeningFieldRefused("organisation", "only somebody of an organisation may give rounds to one")
    try:
        wish, verdict = await judge_wish(
            conn,
            receiver_id=organisation_id,
            issuer_id=user.organisation_id,
            origin_id=user.organisation_id,
            means=Means.INSPECTION_ROUND,
            matter=checks.matter,
            at=at,
        )
    except EntryRefused as refused:
        raise ScreeningFieldRefused("organisation", refused.reason) from None
    if not verdict.allowed:
        request = f"{checks.zh_name} {place}"
        receipt = await keep_receipt(conn, wish, verdict, request=request, actor=user.actor, at=at)
        return Held(receipt, verdict.codes, verdict.missing)
    if verdict.form is not Form.NOT_CONCERNED:
        # What a committee looks at as its own matter it does by itself: no round and no clock of ours runs against it.
        raise ScreeningFieldRefused("organisation", "a residents' committee is given no rounds")
    return None
