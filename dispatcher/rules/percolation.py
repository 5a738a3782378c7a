"""How crowded a group's reach is by the traffic on record: the mean number of further events around an event."""

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from dispatcher.rules.document import RuleDocument
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

# So much of the record is looked at: a week holds every hour of the week once.
SPAN: Final = timedelta(days=7)
# Less than this says nothing about a group.
OCCURRENCES_MIN: Final = 50
# One open incident with more than this share of all live events, where there are events enough to tell, has percolated.
LARGEST_SHARE_MAX: Final = 0.01
LARGEST_OF_EVENTS: Final = 1000
SQUARE_M2: Final = 1_000_000.0


class Traffic(NamedTuple):
    """Occurrences of one kind in one square kilometre."""

    kind: str
    gx: int
    gy: int
    occurrences: int


async def read_neighbours(conn: Connection, document: RuleDocument, at: datetime) -> dict[str, float]:
    """Mean neighbours by group over the week before `at`; groups with too little on record are left out."""
    rows = await conn.fetch(QUERIES.traffic, at - SPAN, at)
    return neighbours(document, [Traffic(*row) for row in rows], SPAN)


def neighbours(document: RuleDocument, traffic: Iterable[Traffic], span: timedelta) -> dict[str, float]:
    """Of each group: density * pi R^2 * 2T, the density as the average event sees it in its own square kilometre.

    Streets are crowded and fields are not: the mean over the whole area would hide exactly the places that percolate.
    """
    squares: dict[str, dict[tuple[int, int], int]] = defaultdict(lambda: defaultdict(int))
    for kind, gx, gy, occurrences in traffic:
        rules = document.kinds.get(kind) or document.kinds.get("unclassified")
        if rules is not None and rules.group in document.groups:
            squares[rules.group][gx, gy] += occurrences
    found = {}
    for name, counts in squares.items():
        total = sum(counts.values())
        if total < OCCURRENCES_MIN:
            continue
        group = document.groups[name]
        others = sum(count * (count - 1) for count in counts.values()) / total
        reach = math.pi * group.r_m**2 / SQUARE_M2 * (2 * group.t_s / span.total_seconds())
        found[name] = others * reach
    return found
