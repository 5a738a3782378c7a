"""The attachments stage of a step: uploads that nobody used in time are given up; the api removes their files."""

from datetime import datetime
from typing import Final, Protocol

from prometheus_client import Counter

from dispatcher.attachments.store import QUERIES
from runtime.pool import Connection

BATCH: Final = 200

GIVEN_UP_TOTAL = Counter("dispatcher_attachments_given_up_total", "Uploads that nobody used in time")


class Moment(Protocol):
    """What this stage reads of a step."""

    @property
    def conn(self) -> Connection: ...

    @property
    def at(self) -> datetime: ...


async def advance(step: Moment) -> int:
    """Give up what is due, a batch a step; the rest waits for the next. Returns how many."""
    rows = await step.conn.fetch(QUERIES.give_up, step.at, BATCH)
    GIVEN_UP_TOTAL.inc(len(rows))
    return len(rows)
