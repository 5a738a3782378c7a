"""People who make things public in the town of the tickets, and what they do."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dispatcher.accounts.model import User, UserId, UserRole
from dispatcher.admission.procedures import Act
from dispatcher.disclosure import acting, stage
from dispatcher.disclosure.reading import Sight, Wanted, page, read
from registry.calendar import LOCAL
from registry.organisations import OrganisationKind
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.integration.dispatcher.tickets.town import (
    ACCEPT,
    AGENT,
    AT,
    DISPATCH,
    SIGN,
    VERIFIER,
    WORK,
    E,
    StepOfTown,
    act,
    new_ticket,
)

DAY = timedelta(days=1)
EVERYTHING = Sight(oversees=True, area_id=None, organisation_id=None)
CHECKED: dict[str, Any] = {"secret": True, "commercial": True, "privacy": True}


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL).astimezone(UTC)


def person(number: int, *roles: UserRole, unit: str | None = None, kind: OrganisationKind | None = None) -> User:
    return User(
        id=UserId(number),
        login=f"person-{number}",
        zh_name=f"人{number}",
        roles=frozenset(roles),
        organisation_id=unit,
        area_id="tt-east",
        sees_everything=False,
        enabled=True,
        organisation_kind=kind,
    )


EDITOR = person(101, UserRole.DISCLOSURE_EDITOR)
APPROVER = person(102, UserRole.DISCLOSURE_APPROVER)
BOTH = person(103, UserRole.DISCLOSURE_EDITOR, UserRole.DISCLOSURE_APPROVER)
STRANGER = User(**{**{name: getattr(EDITOR, name) for name in User.__slots__}, "area_id": "tt-west", "id": UserId(104)})
CHAIR = person(105, UserRole.COMMITTEE, unit="committee-tt", kind=OrganisationKind.COMMITTEE)
MEMBER = person(106, UserRole.COMMITTEE, unit="committee-tt", kind=OrganisationKind.COMMITTEE)
OFFICIAL = person(107, UserRole.SUBDISTRICT, unit="t-street")


async def build(owner: Connection) -> None:
    for name, kind, area in (("t-gov", "government", "tt-east"), ("t-street", "subdistrict", "tt-east-1")):
        await owner.execute(
            "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
            " VALUES ($1, $2::text::organisation_kind, $3, $1, $1, 'office')",
            name,
            kind,
            area,
        )
    await owner.execute(
        "INSERT INTO webhook_endpoints (organisation_id, url, secret) SELECT id, 'https://example.invalid/a', 'whsec_x'"
        " FROM organisations WHERE id IN ('t-fire', 't-gov', 'committee-tt', 't-street')"
    )


async def advance(pool: Pool, at: datetime) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return (await stage.advance(await StepOfTown.begin(conn, at))).written


async def closed_ticket(pool: Pool, *, kind: str = "streetlight_out", at: datetime = AT, calls: int = 0) -> int:
    """The id of a ticket that was worked on by `t-fire` and closed."""
    ticket_id = await new_ticket(pool, kind=kind, calls=calls)
    await act(pool, ticket_id, ACCEPT, DISPATCH, SIGN, *WORK, (E.VERIFY_OK, VERIFIER, {}), at=at)
    async with pool.acquire() as conn:
        reports = await conn.fetch("SELECT call_id FROM ticket_reports WHERE ticket_id = $1", ticket_id)
    for row in reports:
        fields = {"outcome": "resolved", "satisfaction": 5, "call_id": row["call_id"]}
        await act(pool, ticket_id, (E.CALLBACK_DONE, AGENT, fields), at=at)
    return ticket_id


async def only(pool: Pool, **wanted: Any) -> dict[str, Any]:
    async with pool.acquire() as conn:
        (row,) = await page(conn, EVERYTHING, Wanted(**wanted), before_id=None, limit=50)
    return row


async def done(
    pool: Pool, disclosure_id: int, event: str, who: User, at: datetime = AT, **fields: Any
) -> dict[str, Any]:
    """An action that must be allowed; the row behind it."""
    reason = fields.pop("reason", None)
    async with transaction(pool, scope=SYSTEM) as conn:
        row = await read(conn, disclosure_id, EVERYTHING)
        await acting.act(conn, disclosure_id, Act(event, row["version"], reason, fields), who, at)
        return await read(conn, disclosure_id, EVERYTHING)


async def published(pool: Pool, disclosure_id: int, at: datetime = AT, text: str = "路灯已修复") -> dict[str, Any]:
    await done(pool, disclosure_id, "edit", EDITOR, at, text=text)
    await done(pool, disclosure_id, "check", EDITOR, at, **CHECKED)
    await done(pool, disclosure_id, "approve", APPROVER, at)
    return await done(pool, disclosure_id, "publish", EDITOR, at)
