"""A call with its receipt, in one transaction: whoever passes it on, a call taker or another system."""

from datetime import datetime

from aiohttp import web

from dispatcher.api.calls import store
from dispatcher.api.keys import PLACES, SETTINGS
from dispatcher.desk import receipts
from runtime.pool import Connection


async def take(
    app: web.Application,
    conn: Connection,
    draft: store.CallDraft,
    *,
    key: str,
    taken_by: int | None,
    home_area_id: str | None,
    at: datetime,
) -> tuple[store.Taken, str | None, str | None]:
    """The call, the number of its receipt, and the code, which is told with the first answer alone.

    Raises what `store.take_call` raises.
    """
    places = app[PLACES]
    taken = await store.take_call(
        conn,
        draft,
        key=key,
        taken_by=taken_by,
        home_area_id=home_area_id,
        areas=await places.areas(conn),
        origin=await places.origin(conn),
        at=at,
    )
    if taken.duplicate:
        return taken, await receipts.number_of(conn, taken.id), None
    receipt = await receipts.issue(conn, taken.id, app[SETTINGS].device_key(), at)
    return taken, receipt.number, receipt.code
