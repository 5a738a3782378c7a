"""The desk's stage of a step: draws what is re-checked, and tells partner systems what became of their orders."""

from datetime import datetime
from typing import Protocol

from dispatcher.desk import exchange, re_checks
from dispatcher.incidents.step import Advanced
from runtime.pool import Connection


class Moment(Protocol):
    """What this stage reads of a step."""

    @property
    def conn(self) -> Connection: ...

    @property
    def at(self) -> datetime: ...


async def advance(step: Moment) -> Advanced:
    """Draw and tell what is due, a batch of each; two look-ups by partial indexes where nothing is."""
    drawn = await re_checks.draw_due(step.conn)
    told = await exchange.tell_partners(step.conn, step.at)
    return Advanced(drawn + told, drawn + told)
