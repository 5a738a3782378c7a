"""What people do with hazards: register, assess, decide; each one transaction with its record."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from dispatcher.accounts.model import User
from dispatcher.screening import levels, lifecycle, plans, records, rectifying
from dispatcher.screening.errors import HazardRefused, HazardStands, MilderNeedsDecider, ScreeningFieldRefused
from dispatcher.screening.lifecycle import Act, HazardEvent, Refused
from dispatcher.screening.model import By, Factors, Hazard, HazardDraft, HazardId, HazardState
from dispatcher.screening.records import QUERIES, Did, Yardstick
from registry.check_lists import Interval, read_intervals
from registry.numbering import take_number
from runtime.pool import Connection

NUMBER: Final = "HZ"
_DAYS_MAX: Final = 365
# An acceptance was of a milder level; what was thought rectified is back.
_UNDONE_BY_GRAVER: Final[Mapping[HazardState, HazardState]] = {
    HazardState.ACCEPTED_RESIDUAL: HazardState.OPEN,
    HazardState.RECTIFIED: HazardState.RELAPSED,
}
_COUNTS_AGAIN: Final = frozenset({HazardState.OPEN, HazardState.RELAPSED})


async def register(
    conn: Connection, draft: HazardDraft, factors: Factors, note: str, user: User, at: datetime, *, within: str | None
) -> HazardId:
    """Register a hazard with its first assessment; at level 1 or 2 it proposes its joint rectification at once.

    `within` bounds where; None: anywhere.

    Raises HazardStands where one of its kind and subject stands at the place, ScreeningFieldRefused.
    """
    yardstick = await records.read_yardstick(conn)
    found = judge(yardstick, draft.kind, factors)
    area_path = await conn.fetchval(QUERIES.read_area_path, draft.area_id, within)
    if area_path is None:
        raise ScreeningFieldRefused("area", "no such area")
    await _refuse_twin(conn, draft)
    if draft.device_id is not None and not await conn.fetchval(QUERIES.device_exists, draft.device_id):
        raise ScreeningFieldRefused("device_id", "no such device")
    number = await take_number(conn, NUMBER, at)
    try:
        hazard_id = await conn.fetchval(
            QUERIES.insert_hazard,
            number,
            draft.kind,
            draft.area_id,
            area_path,
            draft.place,
            draft.lon,
            draft.lat,
            draft.subject,
            draft.device_id,
            draft.description,
            draft.plan_id,
            found.level,
            at,
        )
    except asyncpg.UniqueViolationError:
        raise HazardStands("") from None
    hazard = await records.hold(conn, hazard_id, version=None, scope=None)
    did = Did(HazardEvent.REGISTER, By.user(user), at, note, {"kind": draft.kind, "level": found.level})
    await records.add_record(conn, hazard.id, hazard.version, None, hazard.state, did)
    await records.add_assessment(conn, hazard.id, 1, factors, found, note, did)
    await records.tell(conn, hazard, did)
    await _follow_level(conn, hazard, at, graver=True)
    return hazard.id


async def assess(
    conn: Connection, hazard_id: int, version: int, factors: Factors, note: str, user: User, at: datetime
) -> None:
    """Assess a hazard anew. A graver level ends an acceptance and brings back what was thought rectified.

    A milder one takes who decides about the present one.

    Raises ScreeningNotFound, ScreeningOutpaced, HazardRefused, MilderNeedsDecider, ScreeningFieldRefused.
    """
    hazard = await records.hold(conn, hazard_id, version=version, scope=user.scope)
    if hazard.state is HazardState.CLOSED:
        refused = Refused(lifecycle.Refusal.NOT_IN_THIS_STATE, allowed=lifecycle.allowed_events(hazard, user))
        raise HazardRefused(hazard.state, HazardEvent.ASSESS, refused)
    await reassess(conn, hazard, factors, note, Did(HazardEvent.ASSESS, By.user(user), at, note), user)


async def reassess(conn: Connection, hazard: Hazard, factors: Factors, note: str, did: Did, user: User) -> None:
    """Write a new assessment of a hazard that the caller holds. Raises as `assess` does."""
    found = judge(await records.read_yardstick(conn), hazard.kind, factors)
    if found.level > hazard.standing_level and not lifecycle.may_make_milder(hazard, user):
        raise MilderNeedsDecider(hazard.standing_level)
    graver = found.level < hazard.standing_level
    back = graver and hazard.state in _UNDONE_BY_GRAVER
    after = replace(
        hazard,
        state=_UNDONE_BY_GRAVER[hazard.state] if back else hazard.state,
        level=found.level,
        residual_level=None,
        assessment=hazard.assessment + 1,
        review_at=None if back else hazard.review_at,
    )
    told = replace(did, fields={**did.fields, "level": found.level, "level_before": hazard.standing_level})
    await records.add_assessment(conn, hazard.id, after.assessment, factors, found, note, told)
    version = await records.write(conn, hazard, after, told)
    await _follow_level(conn, replace(after, version=version), did.at, graver=graver)


async def act(conn: Connection, hazard_id: int, asked: Act, user: User, at: datetime) -> None:
    """One decision. Raises ScreeningNotFound, ScreeningOutpaced, HazardRefused, ScreeningFieldRefused."""
    hazard = await records.hold(conn, hazard_id, version=asked.version, scope=user.scope)
    decided = lifecycle.decide(hazard, asked, user)
    if isinstance(decided, Refused):
        raise HazardRefused(hazard.state, asked.event, decided)
    did = Did(asked.event, By.user(user), at, asked.reason, dict(asked.fields))
    match asked.event:
        case HazardEvent.RECTIFY:
            await rectifying.rectify(conn, hazard, did, user, asked.fields.get("ticket_id"))
        case HazardEvent.RELAPSE:
            await relapse(conn, hazard, did)
        case HazardEvent.ACCEPT_RESIDUAL:
            until = at + timedelta(days=_days(asked.fields))
            await records.write(conn, hazard, replace(hazard, state=decided.to_state, review_at=until), did)
        case _:
            await records.write(conn, hazard, replace(hazard, state=decided.to_state, review_at=None), did)


async def relapse(conn: Connection, hazard: Hazard, did: Did) -> None:
    """What was thought done is back, one level graver than its factors say.

    Raises HazardStands where it was closed and another one was registered since: that one stands for it.
    """
    twin = await twin_of(conn, hazard)
    if twin is not None:
        raise HazardStands(twin)
    factors, _, note = await records.newest_factors(conn, hazard)
    yardstick = await records.read_yardstick(conn)
    # Its factors stood on the scales of their day. Newer scales may have others, and a step must not stop at that.
    found = levels.assess(yardstick.kinds[hazard.kind], factors, yardstick.scales, relapsed=True)
    after = replace(
        hazard,
        state=HazardState.RELAPSED,
        level=found.level,
        residual_level=None,
        assessment=hazard.assessment + 1,
        review_at=None,
    )
    told = replace(did, fields={**did.fields, "level": found.level, "level_before": hazard.standing_level})
    await records.add_assessment(conn, hazard.id, after.assessment, factors, found, did.reason or note, told)
    version = await records.write(conn, hazard, after, told)
    await _follow_level(conn, replace(after, version=version), did.at, graver=True)


async def twin_of(conn: Connection, hazard: Hazard) -> str | None:
    """The number of what was registered in the place of a closed hazard."""
    if hazard.state is not HazardState.CLOSED:
        return None
    row = await conn.fetchrow(QUERIES.standing_hazard, hazard.area_id, hazard.place, hazard.kind, hazard.subject)
    return None if row is None else str(row["number"])


def judge(yardstick: Yardstick, kind: str, factors: Factors) -> levels.Assessed:
    """The level of a hazard of a kind. Raises ScreeningFieldRefused for what stands on no scale."""
    known = yardstick.kinds.get(kind)
    if known is None:
        raise ScreeningFieldRefused("kind", "no such kind of hazard")
    off = levels.misplaced(factors, yardstick.scales)
    if off is not None:
        scale = ", ".join(f"{each.value.normalize():f}" for each in yardstick.scales.values[off])
        raise ScreeningFieldRefused(f"factors.{off}", f"the scale has {scale}")
    return levels.assess(known, factors, yardstick.scales, relapsed=False)


async def _follow_level(conn: Connection, hazard: Hazard, at: datetime, *, graver: bool) -> None:
    """A graver place is looked at earlier, and a hazard that became grave proposes its rectification.

    One that a person refused is not proposed again for being looked at again.
    """
    intervals: Mapping[int, Interval] = await read_intervals(conn)
    interval = intervals[hazard.standing_level]
    if hazard.plan_id is not None:
        await plans.tighten(conn, hazard.plan_id, at + timedelta(days=interval.every_d))
    if (
        graver
        and interval.proposes
        and hazard.state in _COUNTS_AGAIN
        and not await rectifying.is_worked_on(conn, hazard)
    ):
        rule = By.rule("screening")
        await rectifying.rectify(conn, hazard, Did(HazardEvent.RECTIFY, rule, at, interval.source), None, None)


async def _refuse_twin(conn: Connection, draft: HazardDraft) -> None:
    row = await conn.fetchrow(QUERIES.standing_hazard, draft.area_id, draft.place, draft.kind, draft.subject)
    if row is not None:
        raise HazardStands(row["number"])


def _days(fields: Mapping[str, Any]) -> int:
    days = fields["days"]
    if type(days) is not int or not 1 <= days <= _DAYS_MAX:
        raise ScreeningFieldRefused("days", f"is no number of days between 1 and {_DAYS_MAX}")
    return days
