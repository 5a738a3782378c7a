"""Pages and who answers them; calendars; what stays on the screen until somebody mends it."""

from collections import defaultdict
from typing import Final

from dispatcher.api.cursors import decode, encode
from dispatcher.api.models import pages as models
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.escalation import answering
from dispatcher.escalation.reaching import QUERIES
from registry.calendar_import import list_calendars as read_calendars
from registry.rosters.store import QUERIES as ROSTERS
from runtime.pool import Connection

_LAST_ID: Final = 2**63 - 1


async def list_pages(call: Call[None, models.PageFilter, None]) -> models.Pages:
    key = decode(call.query.cursor, int)
    viewer, asked = call.viewer, call.query
    rows = await call.conn.fetch(
        QUERIES.list_pages,
        viewer.scope,
        viewer.organisation_id,
        asked.state,
        asked.organisation,
        asked.ticket,
        key[0] if key else _LAST_ID,
        asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    levels: dict[int, list[models.LevelTaken]] = defaultdict(list)
    for each in await call.conn.fetch(QUERIES.list_levels, [row["id"] for row in rows]):
        columns = dict(each)
        levels[columns.pop("page_id")].append(models.LevelTaken(**columns))
    return models.Pages(items=[models.Page(**dict(row), levels=levels[row["id"]]) for row in rows], next=following)


async def acknowledge_page(call: Call[ById, None, None]) -> models.Acknowledged:
    taken = await answering.acknowledge(call.conn, call.params.id, call.viewer, call.at)
    return models.Acknowledged(page_id=taken.page_id, acknowledged_by=taken.by, first=taken.first)


async def list_calendars(call: Call[None, None, None]) -> models.Calendars:
    found = await read_calendars(call.conn)
    return models.Calendars(
        items=[models.Calendar(**{name: row[name] for name in models.Calendar.model_fields}) for row in found],
        missing=await _missing(call.conn),
    )


async def read_duty_alarms(call: Call[None, None, None]) -> models.DutyAlarms:
    viewer = call.viewer
    counts = await call.conn.fetchrow(ROSTERS.count_duty_alarms, viewer.scope, viewer.organisation_id)
    unanswered = await call.conn.fetchval(QUERIES.count_unanswered, viewer.scope, viewer.organisation_id)
    return models.DutyAlarms(
        **dict(counts or {}),
        unanswered=unanswered,
        calendars_missing=[each.year for each in await _missing(call.conn)],
    )


async def _missing(conn: Connection) -> list[models.CalendarAlarm]:
    return [models.CalendarAlarm(**dict(row)) for row in await conn.fetch(QUERIES.list_calendar_alarms)]
