"""The one door to breach records for whatever is no clock of a ticket: every breach is recorded once, by its key.

Late clocks of tickets, overturned refusals, false closings, transfers to committees, late disclosures and late replies
to evaluations are recorded by triggers of the migrations. Whether an Art. 50 file follows, the stage of accountability
decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class BreachType(StrEnum):
    """What kind of breach it is; equal to the SQL enum `breach_type`."""

    NOT_ACCEPTED = "not_accepted"  # 不受理: a refusal that its objection overturned.
    OVERDUE_ACCEPT = "overdue_accept"  # 超期受理
    OVERDUE_HANDLE = "overdue_handle"  # 超期办理
    OVERDUE_DISCLOSE = "overdue_disclose"  # 超期公开 (Art. 47)
    OFF_LIST_TRANSFER = "off_list_transfer"  # 清单外转嫁 (Arts. 45, 48)
    OVERDUE_REPLY = "overdue_reply"  # 超期回应 (Art. 46, supervision orders)
    FALSE_CLOSURE = "false_closure"  # 虚假办结
    OVERDUE_REPORT = "overdue_report"  # 迟报: a report upward that came late.


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One breach. `source_key` names what was broken, for ever; `explanation` holds the limit as it was, as JSON."""

    source_key: str
    type: BreachType
    clock: str  # The limit, as `breach_grounds` names it.
    unit_id: str | None  # Who answers for it; None: nobody answers for the place.
    area_path: tuple[str, ...]
    happened_at: datetime  # The due time that passed, or the time of the fact.
    explanation: Mapping[str, Any]
    ticket_id: int | None = None
    grade: int | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None  # None: a fact without a limit.
    actual_at: datetime | None = None  # When it was done after all.


async def open_breach(conn: Connection, breach: Breach) -> int | None:
    """Record a breach; its id, None where the key was recorded before.

    Raises asyncpg.CheckViolationError where the unit is a residents' committee: Art. 49 is its own path.
    """
    breach_id: int | None = await conn.fetchval(
        QUERIES.insert_breach,
        breach.source_key,
        breach.type,
        breach.ticket_id,
        breach.clock,
        breach.unit_id,
        list(breach.area_path),
        breach.grade,
        breach.started_at,
        breach.happened_at,
        breach.due_at,
        breach.actual_at,
        dict(breach.explanation),
    )
    return breach_id


async def record_end(conn: Connection, source_key: str, actual_at: datetime) -> None:
    """Say when what was broken was done after all; nothing happens where there was no breach."""
    await conn.execute(QUERIES.end_breach, source_key, actual_at)
