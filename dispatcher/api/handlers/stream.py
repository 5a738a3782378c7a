"""The live stream: replay after the last id that the client saw, then what happens, until the session ends."""

from contextlib import suppress
from typing import Final

from aiohttp import web
from aiohttp_sse import EventSourceResponse

from dispatcher.api.errors import FieldRefused, Unauthenticated
from dispatcher.api.keys import BROADCAST
from dispatcher.api.live.broadcast import Subscription
from dispatcher.api.live.visibility import StreamRow, may_see
from dispatcher.api.models.stream import StreamFilter
from dispatcher.api.models.wire import INT64_MAX
from dispatcher.api.routing import Call

HEARTBEAT_S: Final = 5.0
# A client that takes nothing for so long is gone or too slow, and resumes after its last id.
_SEND_TIMEOUT_S: Final = 10.0
_ID_DIGITS_MAX: Final = 19


async def follow_stream(call: Call[None, StreamFilter, None]) -> web.StreamResponse:
    """Send the stream. The answer ends when the session does, the client falls behind, or this process stops."""
    if call.caller is None:
        raise Unauthenticated
    broadcast = call.request.app[BROADCAST]
    after = _after(call)
    async with broadcast.subscribed(call.caller.token_hash) as subscription:
        response = EventSourceResponse(sep="\n", ping_interval=HEARTBEAT_S, send_timeout=_SEND_TIMEOUT_S)
        await response.prepare(call.request)
        # The client is gone or stands still; the response is spoilt and there is nobody to tell.
        with suppress(ConnectionResetError, TimeoutError):
            await response.write(f"retry: 1000\n: position {subscription.position}\n\n".encode())
            async with response:
                # An id that we never gave out comes from another life of the database: nothing to replay.
                if after is not None and after <= subscription.position:
                    async for row in broadcast.replay(after, subscription):
                        await _send(response, row, subscription)
                while (following := await subscription.next()) is not None:
                    await _send(response, following, subscription)
        return response


async def _send(response: EventSourceResponse, row: StreamRow, subscription: Subscription) -> None:
    # The watcher as it is now: rights may have changed since the row was queued.
    if may_see(row, subscription.watcher) and not subscription.ended:
        await response.send(row.as_json(), id=str(row.seq), event=row.topic)


def _after(call: Call[None, StreamFilter, None]) -> int | None:
    """The header wins: it is what a browser sends when it resumes."""
    header = call.request.headers.get("Last-Event-ID")
    if header is None or header == "":
        return call.query.after
    if not (header.isascii() and header.isdigit() and len(header) <= _ID_DIGITS_MAX and int(header) <= INT64_MAX):
        raise FieldRefused(("header", "Last-Event-ID"), "not an id of this stream")
    return int(header)
