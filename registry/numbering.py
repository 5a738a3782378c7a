"""The numbers that people quote, such as CR-20261122-00001: gapless in each series and day of the city."""

from datetime import datetime

from registry.calendar import day_of
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


async def take_numbers(conn: Connection, prefix: str, at: datetime, count: int) -> list[str]:
    """The next `count` numbers of a series; what is rolled back gives them back. Holds the series until the end."""
    day = day_of(at)
    last: int = await conn.fetchval(QUERIES.take_numbers, prefix, day, count)
    return [f"{prefix}-{day:%Y%m%d}-{number:05d}" for number in range(last - count + 1, last + 1)]


async def take_number(conn: Connection, prefix: str, at: datetime) -> str:
    """The next number of a series."""
    (number,) = await take_numbers(conn, prefix, at, 1)
    return number
