"""What a replay without credentials runs against: the replay's rules, one feed device and one person."""

from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

from cli.composition import Intention
from dispatcher.accounts.model import UserRole
from dispatcher.accounts.passwords import generate_password
from dispatcher.accounts.store import create_user
from registry.deployment import DeploymentMode
from registry.devices import register_device
from registry.projection import Origin
from runtime.clock import open_clock
from runtime.pool import connect
from runtime.queries import load
from runtime.settings import Settings
from simulators.credentials import Credential
from simulators.replay.files import FeedUnreadable, arrivals

QUERIES: Final = load("registry")

LOGIN: Final = "replay"
_AREA: Final = "replay"
_PRODUCT: Final = "dispatch_feed"


def como_intention(path: Path) -> Intention:
    """The replay's rule set, the clock just before the first arrival, the map centred on the first record's place.

    Raises FeedUnreadable, also for a file without a located record.
    """
    rows = arrivals(path)
    first = next(rows, None)
    if first is None:
        raise FeedUnreadable(path, "holds no record")
    for row in chain((first,), rows):
        if row.lon is not None and row.lat is not None:
            origin = Origin(lon=round(row.lon, 2), lat=round(row.lat, 2))
            break
    else:
        raise FeedUnreadable(path, "no record has a position")
    return Intention(
        mode=DeploymentMode.EXERCISE,
        simulated_at=datetime.fromtimestamp(first.arrived_s, UTC) - timedelta(hours=1),
        rule_set="replay",
        origin=origin,
    )


async def furnish(settings: Settings) -> tuple[Credential, str]:
    """One area, one feed device, and a person who may take calls and move the clock; the credential and password."""
    conn = await connect(settings.owner_dsn(), application_name="rongan-replay")
    try:
        async with conn.transaction():
            at = (await open_clock(conn)).now()
            await conn.execute(QUERIES.insert_area, _AREA, None, "city", "回放", "Replay", [_AREA], None)
            _, credential = await register_device(
                conn, settings.device_key(), product=_PRODUCT, name="feed", area_id=_AREA, at=at
            )
            password = generate_password()
            await create_user(
                conn,
                login=LOGIN,
                zh_name="回放",
                password=password,
                roles=(UserRole.ENGINEER, UserRole.CALL_TAKER),
                area_id=_AREA,
                organisation_id=None,
                at=at,
            )
    finally:
        await conn.close()
    feed = Credential(
        product=credential.product,
        device=credential.device,
        user_name=credential.user_name,
        password=credential.password,
        client_id=credential.client_id,
        area_id=_AREA,
        lon=0.0,
        lat=0.0,
        device_type=_PRODUCT,
    )
    return feed, password
