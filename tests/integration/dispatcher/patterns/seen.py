"""Two incidents of different groups that a shipped pattern joins, and what the database says of them."""

from typing import Any

from events.model import EventDraft, SourceClass
from runtime.pool import Connection
from tests.harness.log import LogUnderTest, draft

# Two kind groups, so nothing but the pattern joins them: an outage, and a street light 400 m away.
OUTAGE = draft("transformer", 0, 0, kind="power_outage_building")
DARK_STREET = draft("lamp 12", 300, 400, kind="streetlight_out")
FAR_STREET = draft("lamp 99", 300, 501, kind="streetlight_out")
BURST = draft("main 3", 0, 0, kind="water_main_burst", source_class=SourceClass.HOTLINE)
DRY = draft("block 5", 600, 350, kind="water_outage", source_class=SourceClass.HOTLINE)


async def matches(conn: Connection) -> list[dict[str, Any]]:
    rows = await conn.fetch("SELECT * FROM pattern_matches WHERE withdrawn_at IS NULL ORDER BY pattern_id, anchor_uid")
    return [dict(row) for row in rows]


async def open_tickets(conn: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch("SELECT * FROM tickets WHERE closed_at IS NULL ORDER BY id")]


async def rule_pattern(owner: Connection, pattern: str, mode: str | None) -> None:
    """Before the first step: have the rules in force say so from the beginning; None: say nothing of the pattern."""
    content = "content #- ARRAY['patterns', $1]"
    if mode is not None:
        content = "jsonb_set(content, ARRAY['patterns', $1, 'mode'], to_jsonb($2::text))"
    values = (pattern,) if mode is None else (pattern, mode)
    await owner.execute(f"UPDATE rule_versions SET content = {content} WHERE rule_set = 'default'", *values)  # noqa: S608


async def write_one_by_one(log: LogUnderTest, *events: EventDraft) -> None:
    for event in events:
        await log.write(event)
        await log.step()


async def clear(owner: Connection) -> None:
    """Forget what an example before has left."""
    await owner.execute(
        "DELETE FROM case_joins; DELETE FROM pattern_matches; DELETE FROM incident_events; DELETE FROM grade_changes;"
        "DELETE FROM final_explanations; DELETE FROM incidents; DELETE FROM cases; DELETE FROM stream_log;"
        "DELETE FROM cursors; DELETE FROM watermarks; DELETE FROM number_heads; DELETE FROM events;"
        "UPDATE log_heads SET seq = 0"
    )
