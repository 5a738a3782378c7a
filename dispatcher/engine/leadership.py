"""Who leads: one row with an epoch that only rises, so that a leader who slept too long can write nothing more."""

from typing import Final

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

# A leader that is silent this long may be replaced; it renews three times as often. Real time of the database.
LEASE_S: Final = 6.0
RENEW_S: Final = 2.0


class Fenced(RuntimeError):
    """Another process leads: this one must write nothing more and exit."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"epoch {epoch} has ended")
        self.epoch = epoch


async def take(conn: Connection, holder: str) -> int | None:
    """Become the leader and return the new epoch, or None while another holder's lease runs.

    A restarted process with the same holder name takes over at once; whoever still writes under an old epoch is fenced.
    """
    epoch: int | None = await conn.fetchval(QUERIES.take_leadership, holder, LEASE_S)
    return epoch


async def renew(conn: Connection, epoch: int) -> None:
    """Prolong the lease. Raises Fenced."""
    if await conn.fetchval(QUERIES.renew_leadership, epoch, LEASE_S) is None:
        raise Fenced(epoch)


async def fence(conn: Connection, epoch: int) -> None:
    """Hold off every take-over until this transaction ends. Raises Fenced when one has happened already."""
    if await conn.fetchval(QUERIES.fence, epoch) is None:
        raise Fenced(epoch)


async def resign(conn: Connection, epoch: int) -> None:
    """Let the next one take over at once."""
    await conn.execute(QUERIES.resign_leadership, epoch)
