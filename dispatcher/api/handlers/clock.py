"""The time of the rules."""

from datetime import timedelta

from dispatcher.api import timekeeping
from dispatcher.api.keys import CLOCK, DSN, POOL
from dispatcher.api.models.clock import AdvanceClock, ClockReading
from dispatcher.api.routing import Call
from runtime.pool import Scope


async def read_clock(call: Call[None, None, None]) -> ClockReading:
    return _view(await timekeeping.read(call.conn, call.request.app[CLOCK]))


async def advance_clock(call: Call[None, None, AdvanceClock]) -> ClockReading:
    """Move the time, then wait outside the transaction until every process lives in it."""
    app, asked = call.request.app, call.body
    moved = await timekeeping.advance(
        app[POOL],
        app[CLOCK],
        Scope(actor=call.viewer.actor, area_id=call.viewer.scope),
        at=asked.at,
        by=None if asked.advance_s is None else timedelta(seconds=asked.advance_s),
    )
    await timekeeping.confirmed(app[DSN], app[CLOCK], moved)
    return _view(moved)


def _view(reading: timekeeping.Reading) -> ClockReading:
    return ClockReading(
        now=reading.now, simulated=reading.simulated, mode=reading.mode.value, tick_seq=reading.tick_seq
    )
