"""Takes a call: the row and its event in the log, in the caller's one transaction, once per idempotency key."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from dispatcher.api.errors import FieldRefused, IdempotencyConflict
from dispatcher.desk.elements import Element, Said, Urgency, missing
from events import log
from events.model import (
    HOTLINE_STREAM,
    EventDraft,
    EventSource,
    SourceClass,
    TimeQuality,
    content_hash,
    event_uid,
)
from registry.areas import AreaIndex
from registry.event_kinds import UNCLASSIFIED
from registry.projection import Origin, project
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

# A person's report; the matrix grades, this only says that somebody may be hurt, or that a life is at risk
# (sensors.model.SEVERITIES).
_SEVERITY: Final = 3
_LIFE_SEVERITY: Final = 4
# What a caller says of the time is believed this far back, and this far ahead for clocks that differ.
_BELIEVED_BACK: Final = timedelta(hours=48)
_BELIEVED_AHEAD: Final = timedelta(seconds=300)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDraft:
    """What the caller said, as the call taker wrote it down."""

    text: str
    caller_name: str | None
    caller_phone: str | None
    anonymous: bool
    confidential: bool
    demand: str | None
    kind: str | None
    address: str | None
    lon: float | None
    lat: float | None
    area_id: str | None
    occurred_at: datetime | None
    wanted: str | None = None
    urgency: Urgency = Urgency.ORDINARY
    external_due_at: datetime | None = None  # What the system that passed it on promised.
    complained_of: str | None = None  # The unit that the caller complains of: it never leads, checks or calls back.

    @property
    def missing(self) -> tuple[Element, ...]:
        """The elements that the caller left open."""
        return missing(
            Said(
                text=self.text,
                wanted=self.wanted,
                named=self.caller_name is not None or self.caller_phone is not None,
                anonymous=self.anonymous,
                timed=self.occurred_at is not None,
                placed=self.address is not None or self.lon is not None,
            )
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a call. `duplicate`: it was taken before, and nothing new was written."""

    id: int
    uid: bytes
    received_at: datetime
    kind: str
    area_id: str | None
    duplicate: bool


async def take_call(
    conn: Connection,
    draft: CallDraft,
    *,
    key: str,
    taken_by: int | None,
    home_area_id: str | None,
    areas: AreaIndex,
    origin: Origin,
    at: datetime,
) -> Taken:
    """Store a call and append its event. Raises IdempotencyConflict, or FieldRefused for an unknown kind or area.

    The area is that of the position, else the one given, else `home_area_id`, where the call was taken: no call is
    without somebody who sees it. `taken_by` is the call taker; None: another system. A call without a kind, or without
    any word on the place, is `unclassified` (ruling A13).
    """
    said = _content(draft)
    uid = event_uid(EventSource.HOTLINE, key)
    if draft.kind is not None and await conn.fetchval(QUERIES.kind_exists, draft.kind) is None:
        raise FieldRefused(("body", "kind"), f"no event kind {draft.kind!r}")
    if draft.area_id is not None and draft.area_id not in areas.by_id:
        raise FieldRefused(("body", "area_id"), f"no area {draft.area_id!r}")
    accused = draft.complained_of
    if accused is not None and await conn.fetchval(QUERIES.organisation_exists, accused) is None:
        raise FieldRefused(("body", "complained_of"), f"no organisation {accused!r}")
    placed = replace(draft, kind=_kind(draft), area_id=_area_id(draft, home_area_id, areas))
    columns = asdict(placed)
    call_id = await conn.fetchval(
        QUERIES.insert_call,
        key,
        said,
        at,
        draft.occurred_at,
        *(columns[name] for name in _COLUMNS),
        taken_by,
        draft.missing,
    )
    if call_id is None:
        return await _taken_before(conn, key, said, uid)
    await log.append(conn, HOTLINE_STREAM, [_event(placed, call_id, uid, said, areas, origin, at)])
    return Taken(call_id, uid, at, _kind(draft), placed.area_id, duplicate=False)


async def read_call(
    conn: Connection, call_id: int, *, scope: str | None, organisation_id: str | None
) -> dict[str, Any] | None:
    """A call within an area (`scope` None: everywhere) that does not complain of the reader's unit.

    Unmasked: the caller of this function masks it.
    """
    row = await conn.fetchrow(QUERIES.read_call, call_id, scope, organisation_id)
    return None if row is None else dict(row)


_COLUMNS: Final = (
    "text",
    "caller_name",
    "caller_phone",
    "anonymous",
    "confidential",
    "demand",
    "kind",
    "address",
    "lon",
    "lat",
    "area_id",
    "wanted",
    "urgency",
    "external_due_at",
    "complained_of",
)
# What callers could not say before they were asked for it: left out where it says nothing, so that old keys still fit.
_LATER: Final = {"wanted": None, "urgency": Urgency.ORDINARY, "external_due_at": None, "complained_of": None}


def _content(draft: CallDraft) -> bytes:
    columns = asdict(draft)
    return content_hash({name: value for name, value in columns.items() if name not in _LATER or value != _LATER[name]})


def _kind(draft: CallDraft) -> str:
    somewhere = draft.lon is not None or draft.address is not None or draft.area_id is not None
    return draft.kind if draft.kind is not None and somewhere else UNCLASSIFIED


def _area_id(draft: CallDraft, home_area_id: str | None, areas: AreaIndex) -> str | None:
    if draft.lon is not None and draft.lat is not None:
        area = areas.at(draft.lon, draft.lat)
        if area is not None:
            return area.id
    return draft.area_id or home_area_id


async def _taken_before(conn: Connection, key: str, said: bytes, uid: bytes) -> Taken:
    row = await conn.fetchrow(QUERIES.find_call_by_key, key)
    if row is None:
        raise LookupError("the call that held the key is gone, though calls are never deleted")
    if row["content_hash"] != said:
        raise IdempotencyConflict
    return Taken(row["id"], uid, row["received_at"], row["kind"], row["area_id"], duplicate=True)


def _event(
    call: CallDraft, call_id: int, uid: bytes, said: bytes, areas: AreaIndex, origin: Origin, at: datetime
) -> EventDraft:
    x_dm, y_dm = (None, None)
    if call.lon is not None and call.lat is not None:
        x_dm, y_dm = project(call.lon, call.lat, origin)
    effective_at, time_quality = _time(call.occurred_at, at)
    life = call.urgency is Urgency.LIFE_DANGER
    return EventDraft(
        uid=uid,
        content_hash=said,
        source=EventSource.HOTLINE,
        source_class=SourceClass.HOTLINE,
        kind=_kind(call),
        severity=_LIFE_SEVERITY if life else _SEVERITY,
        subject=f"call:{call_id}",
        call_id=call_id,
        area_id=call.area_id,
        area_path=areas.path(call.area_id),
        place=call.address,
        lon=call.lon,
        lat=call.lat,
        x_dm=x_dm,
        y_dm=y_dm,
        observed_at=call.occurred_at,
        received_at=at,
        effective_at=effective_at,
        time_quality=time_quality,
        # Neither the caller nor the words: the log is read by units that never see reporters.
        body={
            "demand": call.demand,
            "anonymous": call.anonymous,
            "confidential": call.confidential,
            **({"life_at_risk": True} if life else {}),
        },
    )


def _time(occurred_at: datetime | None, at: datetime) -> tuple[datetime, TimeQuality]:
    if occurred_at is None:
        return at, TimeQuality.RECEIVED
    if at - _BELIEVED_BACK <= occurred_at <= at + _BELIEVED_AHEAD:
        return occurred_at, TimeQuality.DEVICE
    return at, TimeQuality.BAD
