"""Who keeps an organisation's rosters and contacts: its own heads, and the supervisor of its area."""

from collections.abc import Collection

from dispatcher.accounts.model import User, UserRole
from dispatcher.api.errors import Forbidden, NotFound
from dispatcher.api.permissions import Permission, holds, roles_that_hold
from registry.organisations import Organisation, read_organisations_named
from runtime.pool import Connection


async def may_keep(conn: Connection, user: User, organisation_id: str) -> bool:
    """Whether a user may change the rosters of an organisation."""
    return _keeps(user, await _organisation(conn, organisation_id))


async def kept(conn: Connection, user: User, organisation_ids: Collection[str]) -> frozenset[str]:
    """Those of the organisations whose rosters a user may change."""
    known = await read_organisations_named(conn, organisation_ids)
    return frozenset(each for each, organisation in known.items() if _keeps(user, organisation))


async def refuse_other_keepers(conn: Connection, user: User, organisation_id: str) -> None:
    """Raises Forbidden, and NotFound for an organisation that there is not."""
    organisation = await _organisation(conn, organisation_id)
    if organisation is None:
        raise NotFound("organisation")
    if not _keeps(user, organisation):
        raise Forbidden(roles=roles_that_hold(Permission.KEEP_ROSTERS), area_id=organisation.area_id)


def _keeps(user: User, organisation: Organisation | None) -> bool:
    if organisation is None or not holds(Permission.KEEP_ROSTERS, user.roles):
        return False
    if user.organisation_id == organisation.id:
        return True
    supervises = UserRole.SUPERVISOR in user.roles
    return supervises and (user.scope is None or user.scope in organisation.area_path)


async def _organisation(conn: Connection, organisation_id: str) -> Organisation | None:
    return (await read_organisations_named(conn, [organisation_id])).get(organisation_id)
