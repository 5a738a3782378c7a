"""Which kinds of incident follow which in the record of a city: candidates for patterns, for a person to judge."""

from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from dispatcher.rates.pairs import PairOptions, mine
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class Followed(NamedTuple):
    """`observed` incidents of `effect` came within the time behind one of `cause`; by chance `expected` would."""

    cause: str
    effect: str
    observed: int
    expected: float
    z: float


async def find_followed(
    conn: Connection, since: datetime, until: datetime, *, within: timedelta, side_m: int
) -> list[Followed]:
    """The surest first, of incidents in one square of this side or in squares beside each other."""
    rows = await conn.fetch(QUERIES.placed_incidents, since, until)
    kinds = sorted({row["kind"] for row in rows})
    numbers = {kind: number for number, kind in enumerate(kinds)}
    square = [(row["x_dm"] // (10 * side_m), row["y_dm"] // (10 * side_m)) for row in rows]
    places = {at: number for number, at in enumerate(sorted(set(square)))}
    beside = [
        [places[x + dx, y + dy] for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (x + dx, y + dy) in places]
        for x, y in places
    ]
    found = mine(
        np.array([numbers[row["kind"]] for row in rows], np.int64),
        np.array([places[at] for at in square], np.int64),
        np.array([round(row["canonical_at"].timestamp()) for row in rows], np.int64),
        beside,
        PairOptions(lag=round(within.total_seconds())),
    )
    return [Followed(kinds[pair.cause], kinds[pair.effect], pair.observed, pair.expected, pair.z) for pair in found]
