"""Users of the town for the desk, and tickets that wait for their call-backs."""

from datetime import datetime

from dispatcher.accounts.model import User, UserId, UserRole
from dispatcher.desk import receipts
from registry.organisations import OrganisationKind
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.tickets.town import AT, TO_VERIFYING, VERIFIER, E, act, new_ticket

# 10:00 in China, a working day.
MORNING = AT


async def hire(owner: Connection, login: str, role: UserRole, unit: str | None, *, area: str = "tt-east") -> User:
    """A user who exists, as the desk is given one."""
    user_id: int = await owner.fetchval(
        "INSERT INTO users (login, zh_name, password_hash, roles, organisation_id, area_id, created_at)"
        " VALUES ($1, $1, '', ARRAY[$2::text::user_role], $3, $4, $5) RETURNING id",
        login,
        role,
        unit,
        area,
        AT,
    )
    kind = None if unit is None else OrganisationKind.DEPARTMENT
    return User(UserId(user_id), login, login, frozenset({role}), unit, area, False, True, kind)


async def checked_ticket(pool: Pool, *, calls: int, at: datetime = AT) -> tuple[int, list[int]]:
    """A ticket whose result was verified, and its reports, which wait to be called back."""
    ticket_id = await new_ticket(pool, calls=calls)
    ticket = await act(pool, ticket_id, *TO_VERIFYING, (E.VERIFY_OK, VERIFIER, {}), at=at)
    return ticket_id, [report.call_id for report in ticket.reports]


async def receipt_of(pool: Pool, call_id: int, key: bytes) -> tuple[str, str]:
    """Number and code of a new receipt."""
    async with transaction(pool, scope=SYSTEM) as conn:
        receipt = await receipts.issue(conn, call_id, key, AT)
    return receipt.number, receipt.code
