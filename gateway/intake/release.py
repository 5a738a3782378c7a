"""Takes a quarantined message in after all: through the same decoder and the same transaction as any other."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from events import quarantine, set_aside
from events.model import RELEASE_STREAM, QuarantineReason, QuarantineState
from gateway.intake import batch as batches
from gateway.intake import store
from gateway.intake.arrivals import Decoder, Outcome
from gateway.intake.batch import Batch
from gateway.intake.model import Delivery
from gateway.intake.state import StateCache
from registry.deployment import read_deployment
from registry.devices import DeviceDirectory
from runtime.pool import Connection

_DAY: Final = timedelta(days=1)


class NotReleasableError(Exception):
    """The message stays in quarantine; `reason` is why the decoder still refuses it, None if it was decided before."""

    def __init__(self, quarantine_id: int, reason: QuarantineReason | None, detail: str) -> None:
        super().__init__(f"message {quarantine_id} cannot be released: {detail}")
        self.quarantine_id: Final = quarantine_id
        self.reason: Final = reason
        self.detail: Final = detail


class _Nobody:
    """Whoever sent it has been answered long ago."""

    def committed(self, tokens: Sequence[int]) -> None:
        """Nobody waits."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Nobody listens."""

    def closed(self) -> bool:
        return True


async def release(conn: Connection, quarantine_id: int, *, by: str, at: datetime, retention: timedelta) -> Outcome:
    """Store a held message and mark it released, in one transaction of its own; tells whether it was a duplicate.

    Its device's time is believed as far back as `retention`, since a person vouches for it. An event of the log
    that the dispatcher set aside is put behind the log once more. Raises NotReleasableError.
    """
    directory = DeviceDirectory((await read_deployment(conn)).origin)
    await directory.load(conn)
    row = await quarantine.find(conn, quarantine_id)
    if row is None or row.state is not QuarantineState.HELD:
        raise NotReleasableError(quarantine_id, None, "it is not held" if row else "there is no such message")
    if row.reason is QuarantineReason.STEP_FAILED:
        await store.ensure_partitions(conn, at.date(), at.date() + _DAY)
        try:
            await set_aside.release(conn, row, by=by, at=at)
        except set_aside.EventNotReleasable as refusal:
            raise NotReleasableError(quarantine_id, row.reason, str(refusal)) from refusal
        return Outcome.STORED
    decoder = Decoder(directory, (await read_deployment(conn)).origin, retention, live_belief=retention)
    arrival = decoder.decode(
        Delivery(
            topic=row.topic,
            payload=row.payload,
            qos=1,
            retain=False,
            dup=True,
            device=None,
            source=_Nobody(),
            token=0,
            received_at=at,
        )
    )
    if arrival.quarantine is not None:
        raise NotReleasableError(quarantine_id, arrival.quarantine.reason, arrival.quarantine.detail)
    await store.ensure_partitions(conn, at.date() - 2 * _DAY, at.date() + _DAY)
    async with conn.transaction():
        if not await quarantine.decide(conn, quarantine_id, QuarantineState.RELEASED, by=by, at=at):
            raise NotReleasableError(quarantine_id, None, "somebody else decided first")
        await batches.write(conn, RELEASE_STREAM, Batch([arrival]), StateCache())
    return arrival.outcome
