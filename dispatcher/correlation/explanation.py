"""Why events belong together: the nearest links that hold a component, from stored rows alone."""

from math import isqrt
from typing import Any, NamedTuple

import numpy as np

from dispatcher.correlation.columns import EventColumns, Flags, Int32, Int64, uid_bytes
from dispatcher.correlation.groups import Group
from dispatcher.correlation.kernels import nearest
from dispatcher.correlation.kernels.records import Links


class Link(NamedTuple):
    """Two occurrences within R and T of each other, named by their first events."""

    uid_a: bytes
    uid_b: bytes
    distance_dm: int  # rounded to the nearest decimetre
    dt_ms: int  # time of b minus time of a


def explain(events: EventColumns, group: Group, core: Flags | None = None) -> list[Link]:
    """The nearest links that join the occurrences of these events: a minimal spanning forest by (distance, time).

    Where it is said which events are `core` (m > 1) the forest is of those, and each other occurrence hangs on its
    nearest core by (d^2, |dt|, t, uid), as it was attached (O5); what is near no core has no link.

    The events are the live versions of one component (or several: then one tree each) of one group, in any order; the
    result does not depend on it. O(n^2) time in the number of occurrences, O(n) space: meant for one incident.
    """
    firsts = _first_events(events, group.gap_ms)
    located = firsts[events.located[firsts]]
    if core is None:
        return _forest(events, located, group)
    cores = located[core[located]]
    borders = (_attached(events, int(border), cores, group) for border in located[~core[located]])
    return [*_forest(events, cores, group), *(link for link in borders if link is not None)]


def _attached(events: EventColumns, border: int, cores: Int64, group: Group) -> Link | None:
    """The link of an occurrence that is no core to the nearest that is one."""
    dx, dy = (column[cores].astype(np.int64) - int(column[border]) for column in (events.x_dm, events.y_dm))
    d2, dt = dx * dx + dy * dy, np.abs(events.t_ms[cores] - events.t_ms[border])
    order = np.lexsort((events.uid_lo[cores], events.uid_hi[cores], events.t_ms[cores], dt, d2))
    near = order[(d2[order] <= group.radius_dm**2) & (dt[order] <= group.window_ms)]
    return _told(events, int(cores[near[0]]), border, int(d2[near[0]])) if near.size else None


def _forest(events: EventColumns, located: Int64, group: Group) -> list[Link]:
    n = located.size
    links = Links(
        x=events.x_dm[located].astype(np.int64),
        y=events.y_dm[located].astype(np.int64),
        t=events.t_ms[located].astype(np.int64),
        radius2=group.radius_dm**2,
        window=group.window_ms,
        parent=np.empty(n, np.int32),
        d2=np.empty(n, np.int64),
        dt=np.empty(n, np.int64),
        inside=np.empty(n, np.bool_),
    )
    if n:
        nearest.nearest_links(links)
    return [_link(events, located, links, k) for k in np.flatnonzero(links.parent >= 0).tolist()]


def _first_events(events: EventColumns, gap_ms: int) -> Int64:
    """Rows of the first event of each occurrence (O2), in canonical order."""
    canonical = (events.uid_lo, events.uid_hi, events.t_ms)
    by_series = np.lexsort((*canonical, events.group, events.state, events.kind, events.subject))
    first = np.ones(by_series.size, np.bool_)
    same: Flags = np.ones(max(0, by_series.size - 1), np.bool_)
    columns: tuple[Any, ...] = (events.subject, events.kind, events.state, events.group)
    for column in columns:
        same &= np.diff(column[by_series]) == 0
    first[1:] = ~(same & (np.diff(events.t_ms[by_series]) <= gap_ms))
    firsts = by_series[first]
    in_order: Int64 = firsts[np.lexsort(tuple(column[firsts] for column in canonical))]
    return in_order


def _link(events: EventColumns, located: Int64 | Int32, links: Links, k: int) -> Link:
    return _told(events, int(located[links.parent[k]]), int(located[k]), int(links.d2[k]))


def _told(events: EventColumns, a: int, b: int, d2: int) -> Link:
    distance_dm = (isqrt(4 * d2) + 1) // 2
    return Link(
        uid_bytes(events.uid_hi[a], events.uid_lo[a]),
        uid_bytes(events.uid_hi[b], events.uid_lo[b]),
        distance_dm,
        int(events.t_ms[b] - events.t_ms[a]),
    )
