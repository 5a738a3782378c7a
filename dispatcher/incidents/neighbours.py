"""Keeps the final events that live ones of their group still count as neighbours, where m > 1 (O5)."""

from collections.abc import Mapping, Sequence

import numpy as np

from dispatcher.correlation.columns import uid_bytes, uid_words
from dispatcher.correlation.correlator import Beside
from registry.event_kinds import KindGroup
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


async def keep(conn: Connection, group: KindGroup, beside: Beside, from_ms: int) -> None:
    """Add those of new finals, and drop those before the time from which on a neighbour may count."""
    await conn.execute(QUERIES.drop_final_neighbours, group.id, from_ms)
    if beside.t_ms.size:
        uids = [uid_bytes(hi, lo) for hi, lo in zip(beside.uid_hi.tolist(), beside.uid_lo.tolist(), strict=True)]
        columns = (beside.t_ms.tolist(), beside.x_dm.tolist(), beside.y_dm.tolist())
        await conn.execute(QUERIES.put_final_neighbours, group.id, _reach(group), uids, *columns)


async def read(conn: Connection, groups: Sequence[KindGroup]) -> Mapping[int, Beside]:
    """By the number of the group; what became final under other parameters counts for nobody."""
    found: dict[int, Beside] = {}
    for number, group in enumerate(groups):
        rows = await conn.fetch(QUERIES.read_final_neighbours, group.id, _reach(group)) if group.m > 1 else []
        if rows:
            hi, lo = uid_words([row["uid"] for row in rows])
            at_ms = np.array([row["at_ms"] for row in rows], np.int64)
            x_dm, y_dm = (np.array([row[name] for row in rows], np.int32) for name in ("x_dm", "y_dm"))
            found[number] = Beside(hi, lo, at_ms, x_dm, y_dm)
    return found


def _reach(group: KindGroup) -> str:
    return f"{group.r_m}/{group.t_s}/{group.g_s}/{group.m}"
