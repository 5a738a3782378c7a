"""A small city with two communities, and somebody of every role, for tests of the api."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dispatcher.accounts import passwords, store
from dispatcher.accounts.model import UserRole
from dispatcher.channels import stream
from dispatcher.tickets import store as tickets
from dispatcher.tickets.model import TicketDraft
from runtime.pool import Connection

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"
FAILURE_S = 20.0

CITY, DISTRICT, EAST, WEST = "city", "district", "east", "west"


@dataclass(frozen=True)
class Position:
    lon: float
    lat: float


IN_EAST = Position(104.075, 30.665)
IN_WEST = Position(104.055, 30.665)
OUTSIDE = Position(120.0, 30.0)


def _square(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


AREAS: tuple[tuple[str, str | None, str, list[str], dict[str, Any] | None], ...] = (
    (CITY, None, "city", [CITY], _square(104.0, 30.6, 104.2, 30.8)),
    (DISTRICT, CITY, "district", [CITY, DISTRICT], _square(104.04, 30.65, 104.09, 30.68)),
    (EAST, DISTRICT, "community", [CITY, DISTRICT, EAST], _square(104.07, 30.66, 104.08, 30.67)),
    (WEST, DISTRICT, "community", [CITY, DISTRICT, WEST], _square(104.05, 30.66, 104.06, 30.67)),
)


async def build(owner: Connection) -> None:
    """Add areas, organisations and a user of each role (login = role, city-wide), and `east` and `west` officers."""
    async with owner.transaction():
        for area_id, parent_id, level, path, boundary in AREAS:
            await owner.execute(
                "INSERT INTO areas (id, parent_id, level, zh_name, en_name, path, boundary)"
                " VALUES ($1, $2, $3::text::area_level, $1, $1, $4, $5)",
                area_id,
                parent_id,
                level,
                path,
                boundary,
            )
        for org, kind, department, area_id in (
            ("urban", "department", "urban_management", DISTRICT),
            ("fire", "department", "fire_rescue", DISTRICT),
            ("desk", "duty_desk", None, DISTRICT),
        ):
            await owner.execute(
                "INSERT INTO organisations (id, kind, department_id, area_id, zh_name, en_name, duty)"
                " VALUES ($1, $2::text::organisation_kind, $3, $4, $1, $1, 'always')",
                org,
                kind,
                department,
                area_id,
            )
    for role in UserRole:
        await add_user(owner, str(role), role, CITY)
    await add_user(owner, "east", UserRole.DUTY_OFFICER, EAST)
    await add_user(owner, "west", UserRole.DUTY_OFFICER, WEST)
    await add_user(owner, "urban-handler", UserRole.DEPT_HANDLER, WEST, "urban")


_hashes: dict[str, str] = {}


async def add_user(
    owner: Connection, login: str, role: UserRole, area_id: str, organisation_id: str | None = None
) -> int:
    """As `create_user`, with one hash for all: argon2 is slow on purpose and tested elsewhere."""
    if PASSWORD not in _hashes:
        _hashes[PASSWORD] = await passwords.hash_password(PASSWORD)
    user_id: int = await owner.fetchval(
        store.QUERIES.insert_user, login, login, _hashes[PASSWORD], [role], organisation_id, area_id, NOON
    )
    return user_id


EXPLANATION = {
    "kind": "outdoor_fire",
    "kind_version": 1,
    "matrix_version": 1,
    "points_version": 1,
    "decided_by": "matrix",
    "override": None,
    "facts": {
        "final": False,
        "judgement": None,
        "doubted": [],
        "earlier": [],
        "warnings": [],
        "matches": [],
        "places": [],
        "cleared": [],
    },
    "base": {"likelihood": 3, "consequence": 3},
    "evidence": [],
    "likelihood": 3,
    "consequence": 3,
    "grade": 3,
}


async def add_incident(
    owner: Connection, area_id: str = EAST, *, number: str = "I-1", grade: int = 3
) -> tuple[int, int]:
    """An incident in an area, as the dispatcher writes them; returns its id and its case's."""
    case_id = await owner.fetchval("INSERT INTO cases (opened_at) VALUES ($1) RETURNING id", NOON)
    incident_id = await owner.fetchval(
        "INSERT INTO incidents (number, case_id, status, kind, kind_group, canonical_at, canonical_uid, grade,"
        " explanation, source_classes, event_count, first_at, last_at, area_id, area_path, place, late, opened_at)"
        " SELECT $1, $2, 'open', k.id, k.kind_group, $3, $4, $5, $6, ARRAY['camera'], 1, $3, $3, a.id, a.path, '3-1',"
        " false, $3"
        " FROM event_kinds k, areas a WHERE k.id = 'outdoor_fire' AND a.id = $7 RETURNING id",
        number,
        case_id,
        NOON,
        bytes(16),
        grade,
        EXPLANATION,
        area_id,
    )
    return incident_id, case_id


async def add_ticket(owner: Connection, area_id: str = EAST, *, number: str = "I-1") -> int:
    """A new ticket of an incident of its own."""
    incident_id, case_id = await add_incident(owner, area_id, number=number)
    path: list[str] = await owner.fetchval("SELECT path FROM areas WHERE id = $1", area_id)
    async with owner.transaction():
        return await tickets.open_ticket(
            owner,
            TicketDraft(
                case_id=case_id,
                incident_id=incident_id,
                kind="outdoor_fire",
                time_critical=False,
                grade=3,
                demand=None,
                area_id=area_id,
                area_path=tuple(path),
                place="3-1",
                lon=None,
                lat=None,
            ),
            NOON,
        )


async def publish(owner: Connection, topic: str, area_id: str | None, organisation_ids: Sequence[str] = ()) -> int:
    """A row of the live stream; returns its position."""
    path = next((list(area[3]) for area in AREAS if area[0] == area_id), [])
    async with owner.transaction():
        await stream.publish(
            owner, topic=topic, area_path=path, organisation_ids=organisation_ids, body={"said": topic}, at=NOON
        )
    seq: int = await owner.fetchval("SELECT max(seq) FROM stream_log")
    return seq
