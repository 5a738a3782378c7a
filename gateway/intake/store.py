"""The tables that a batch touches, one function each; every one joins the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from gateway.intake.state import DeviceState
from runtime import queries
from runtime.pool import Connection

_SQL: Final = queries.load(__package__)


class Key(NamedTuple):
    """A version of a delivery key; sorts as the table is locked."""

    device_id: int
    key: bytes
    content_hash: bytes


class Standing(NamedTuple):
    """A version that was taken in before, of the key at `place` of those asked for."""

    place: int
    today: bool
    content_hash: bytes
    revision: int


class CountKey(NamedTuple):
    minute: datetime
    product: str


class ViolationKey(NamedTuple):
    minute: datetime
    client: str
    reason: str


class OvertakenError(Exception):
    """Somebody else wrote what we had looked at; the transaction starts again."""


async def ensure_partitions(conn: Connection, first_day: date, last_day: date) -> None:
    await conn.fetchval(_SQL.ensure_partitions, first_day, last_day)


async def drop_delivery_keys_before(conn: Connection, day_kept: date) -> None:
    await conn.fetchval(_SQL.drop_delivery_keys, day_kept)


async def claim_keys(conn: Connection, day: date, keys: Sequence[Key], revisions: Sequence[int]) -> list[Standing]:
    """Claim the keys that are new on `day`, and tell the versions of them that stand since yesterday or today.

    `keys` is sorted and without twins. Raises OvertakenError.
    """
    rows = await conn.fetch(
        _SQL.claim_keys,
        day,
        [key.device_id for key in keys],
        [key.key for key in keys],
        [key.content_hash for key in keys],
        revisions,
    )
    claimed = rows.pop()["revision"]
    standing = [Standing(row["place"] - 1, row["today"], row["content_hash"], row["revision"]) for row in rows]
    known = {found.place for found in standing if found.today and found.content_hash == keys[found.place].content_hash}
    if claimed != len(keys) - len(known):
        raise OvertakenError
    return standing


async def raise_revisions(conn: Connection, day: date, raised: Mapping[Key, int]) -> None:
    """Known versions came again under a greater revision."""
    if raised:
        keys = sorted(raised)
        columns = zip(*keys, strict=True)
        await conn.execute(_SQL.raise_revisions, day, *columns, [raised[key] for key in keys])


async def lock_states(conn: Connection, device_ids: Iterable[int]) -> dict[int, DeviceState]:
    """Lock and read the states of these devices, adding rows for devices seen for the first time.

    A device that was deleted meanwhile is missing from the answer.
    """
    wanted = sorted(device_ids)
    rows = await conn.fetch(_SQL.lock_device_states, wanted)
    if len(rows) < len(wanted):
        await conn.execute(_SQL.add_device_states, wanted)
        rows = await conn.fetch(_SQL.lock_device_states, wanted)
    return {row["device_id"]: DeviceState(*row) for row in rows}


async def write_states(conn: Connection, states: Sequence[DeviceState]) -> None:
    """Write states back, sorted by device. Raises OvertakenError if one was changed since it was read."""
    if not states:
        return
    written = await conn.fetchval(
        _SQL.write_device_values,
        [state.device_id for state in states],
        [state.version for state in states],
        [state.last_seen_at for state in states],
        [state.latest for state in states],
        [state.signals for state in states],
    )
    if written != len(states):
        raise OvertakenError
    told = [state for state in states if state.told]
    if told:
        await conn.execute(
            _SQL.write_device_presence,
            [state.device_id for state in told],
            [state.online for state in told],
            [state.presence_cause for state in told],
            [state.session_id for state in told],
            [state.gateway for state in told],
            [state.presence_at for state in told],
            [state.firmware for state in told],
        )


async def forget_connections(conn: Connection, gateway: str, cause: str, at: datetime) -> int:
    """Mark every device offline that this gateway still seems to hold; how many there were."""
    lost: int = await conn.fetchval(_SQL.forget_connections, gateway, cause, at)
    return lost


async def add_counts(conn: Connection, gateway: str, counts: Mapping[CountKey, Sequence[int]]) -> None:
    """Add received, stored, duplicate and quarantined per minute and product."""
    if counts:
        columns = zip(*((*key, *four) for key, four in counts.items()), strict=True)
        await conn.execute(_SQL.add_counts, gateway, *columns)


async def add_violations(conn: Connection, gateway: str, counts: Mapping[ViolationKey, int]) -> None:
    if counts:
        columns = zip(*((*key, count) for key, count in counts.items()), strict=True)
        await conn.execute(_SQL.add_violations, gateway, *columns)


async def list_kinds_that_open_tickets(conn: Connection) -> frozenset[str]:
    """Kinds whose incident opens a ticket by itself: those that must sound even when nothing can be stored."""
    return frozenset(row["id"] for row in await conn.fetch(_SQL.list_kinds_that_open_tickets))
