"""People and organisations with contact points, for tests of messages."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from dispatcher.channels import contact_points, messages, planning
from dispatcher.channels.model import Contact, Organisation, User
from registry.messages.templates import Language
from runtime.pool import Connection, Pool

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # noon in Chengdu
UNIT = "t-unit"
FIELDS: dict[str, Any] = {
    "number": "CR-20261122-00001",
    "kind": "电动车棚起火",
    "place": "3-1",
    "grade": "II",
    "due_at": AT,
}
REMINDER: dict[str, Any] = {"number": "CR-20261122-00001", "place": "3-1", "clock": "签收时限", "due_at": AT}


async def build(owner: Connection) -> None:
    await owner.execute(
        "INSERT INTO areas (id, level, zh_name, en_name, path) VALUES ('t-area', 'city', 'x', 'x', ARRAY['t-area'])"
    )
    await owner.execute(
        "INSERT INTO organisations (id, kind, area_id, zh_name, en_name, duty)"
        " VALUES ($1, 'duty_desk', 't-area', 'x', 'x', 'always')",
        UNIT,
    )


async def add_user(owner: Connection, login: str = "wang") -> User:
    user_id = await owner.fetchval(
        "INSERT INTO users (login, zh_name, password_hash, roles, organisation_id, area_id, created_at)"
        " VALUES ($1, '王', 'x', '{dept_handler}', $2, 't-area', $3) RETURNING id",
        login,
        UNIT,
        AT,
    )
    return User(user_id)


async def add_point(
    pool: Pool,
    to: User | Contact | Organisation,
    channel: str = "sms",
    address: str = "13800138000",
    *,
    position: int = 1,
    verified: bool = True,
    language: Language = Language.ZH_CN,
    quiet: tuple[time, time] | None = None,
    secret: str | None = None,
) -> int:
    async with pool.acquire() as conn:
        return await contact_points.add(
            conn,
            owner=to,
            channel=channel,
            address=address,
            secret=secret,
            language=language,
            position=position,
            quiet=quiet,
            verified=verified,
            at=AT,
        )


async def tell(
    pool: Pool,
    to: messages.Addressee,
    key: str = "k",
    *,
    grade: int = 3,
    topic: str = "ticket.reminder",
    fields: dict[str, Any] | None = None,
    at: datetime = AT,
) -> int:
    async with pool.acquire() as conn, conn.transaction():
        return await messages.send(
            conn, key=key, to=to, ticket_id=None, topic=topic, grade=grade, fields=fields or REMINDER, at=at
        )


async def plan(pool: Pool, after_s: float = 0) -> int:
    """One step of the stage; returns how many attempts it made."""
    async with pool.acquire() as conn, conn.transaction():
        return (await planning.plan_due(conn, AT + timedelta(seconds=after_s)))[1]


async def message(owner: Connection, key: str = "k") -> dict[str, Any]:
    row = await owner.fetchrow("SELECT * FROM messages WHERE key = $1", key)
    assert row is not None
    return dict(row)


async def attempts(owner: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in await owner.fetch("SELECT * FROM outbox ORDER BY id")]


async def states(owner: Connection, outbox_id: int) -> list[str]:
    rows = await owner.fetch("SELECT state::text FROM attempt_states WHERE outbox_id = $1 ORDER BY nth", outbox_id)
    return [row["state"] for row in rows]
