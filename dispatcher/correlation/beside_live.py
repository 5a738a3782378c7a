"""Final occurrences beside live ones (m > 1): which may still count as their neighbours, and counting them again."""

from collections.abc import Mapping

import numpy as np

from dispatcher.correlation import arenas
from dispatcher.correlation.answers import Beside
from dispatcher.correlation.columns import TIME_MS_MAX, Int32, Int64
from dispatcher.correlation.kernels import density, records
from dispatcher.correlation.kernels.records import State


def counts_from_ms(s: State, group: int, finals: Int32 | None = None) -> int:
    """From which time on a final neighbour may count: T before the first live event; the rows `finals` left out."""
    events = s.events[: int(s.counters[records.ROWS])]
    alive = (events["flags"] & records.LIVE != 0) & (events["group"] == group)
    if finals is not None:
        alive[finals] = False
    first_ms = int(events["t"].min(initial=TIME_MS_MAX, where=alive))
    return first_ms - int(s.groups["window"][group])


def find(s: State, group: int, finals: Int32) -> Beside:
    """Of the rows of final events the first ones with a place that something live may lie within T of."""
    flags = s.events["flags"][finals]
    rows = finals[flags & (records.FIRST | records.LOCATED) == records.FIRST | records.LOCATED]
    found = s.events[rows[s.events["t"][rows] >= counts_from_ms(s, group, finals)]]
    return Beside(found["uid_hi"], found["uid_lo"], found["t"], found["x"], found["y"])


def count(s: State, beside: Mapping[int, Beside]) -> State:
    """Count them, by the number of their group, beside what is live; what turns core by them is joined."""
    if not s.dense.size:
        return s
    none = np.empty(0, np.int64)
    parts = [beside.get(group) for group in range(s.groups.size)]
    orders = [none if part is None else np.argsort(part.x_dm, kind="stable") for part in parts]

    def column(name: str) -> Int64:
        pairs = zip(parts, orders, strict=True)
        of_groups = [none if part is None else getattr(part, name)[order] for part, order in pairs]
        return np.concatenate(of_groups).astype(np.int64)

    starts = np.cumsum([0, *(order.size for order in orders)]).astype(np.int64)
    journal = arenas.empty_journal(s, 0)
    density.count_beside(s, journal, starts, column("t_ms"), column("x_dm"), column("y_dm"))
    density.settle_density(s, journal)
    moves = int(journal.counts[records.MOVES])
    s = arenas.room_for_waiting(s, 2 * moves + int(s.counters[records.LIVE_ROWS]))
    if moves:
        density.shorten_all(s, journal)
    return s
