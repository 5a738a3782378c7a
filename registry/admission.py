"""The published lists of Art. 45: what a committee does itself, what it may assist with, what it may never be given."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from asyncpg import Record

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class AdmissionList(StrEnum):
    """Equal to the SQL enum `admission_list`."""

    SELF_GOVERNANCE = "self_governance"  # 社区自治事项清单
    ASSIST = "assist"  # 社区协助事项清单
    NEGATIVE = "negative"  # 社区工作事项负面清单


@dataclass(frozen=True, slots=True)
class AdmissionItem:
    """A matter on a list; `area_id` is the government's whose list it is, None for the default until one publishes."""

    id: int
    list: AdmissionList
    matter: str  # an event kind, or a key of its own
    zh_text: str
    legal_basis: str
    area_id: str | None
    effective_from: date
    effective_to: date | None
    published_on: date
    source: str


async def read_item(conn: Connection, matter: str, area_id: str, on: date) -> AdmissionItem | None:
    """The entry in force for a matter at a place: of the nearest government, else the default; None: on no list."""
    row = await conn.fetchrow(QUERIES.read_admission_item, matter, area_id, on)
    return None if row is None else _item(row)


async def read_items(
    conn: Connection,
    *,
    on: date | None,
    area_id: str | None = None,
    only: AdmissionList | None = None,
    matter: str | None = None,
    after_id: int = 0,
    limit: int = 200,
) -> list[AdmissionItem]:
    """Entries by id: those in force on a day (None: of all times), of an area's governments and the default."""
    rows = await conn.fetch(QUERIES.list_admission_items, on, area_id, only, matter, after_id, limit)
    return [_item(row) for row in rows]


def _item(row: Record) -> AdmissionItem:
    return AdmissionItem(**dict(row) | {"list": AdmissionList(row["list"])})
