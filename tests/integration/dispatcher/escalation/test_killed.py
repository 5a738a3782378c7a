"""kill -9 in the middle of escalation: who dies before or behind the commit tells nobody twice and forgets nobody."""

import asyncio
import signal
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest

from registry.rosters.model import DutyRole
from runtime.pool import Connection, Pool
from tests.harness.postgres import Database
from tests.harness.waiting import until_true
from tests.integration.dispatcher.escalation.crew import contact, roster
from tests.integration.dispatcher.tickets.town import ACCEPT, AT, OFFICER, E, act, new_ticket

_GONE = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'rongan-test-escalation')"


async def die(database: Database, owner: Connection, at: datetime, place: str) -> None:
    """A step of another process at `at`, which kills itself there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.harness.escalation_program", database.app_dsn, at.isoformat(), place
    )
    assert await process.wait() == -signal.SIGKILL
    await until_true(owner, _GONE)


async def rows(owner: Connection, sql: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await owner.fetch(sql)]


@pytest.mark.timeout(600)  # Seven processes, on a machine that does other things as well.
async def test_every_step_and_every_person_once_however_often_the_process_dies(
    pool: Pool, owner: Connection, database: Database
) -> None:
    for role, name in ((DutyRole.ON_DUTY, "甲"), (DutyRole.BACKUP, "乙"), (DutyRole.LEADER, "丙")):
        await roster(owner, "t-fire", role, [await contact(owner, "t-fire", name)])
    ticket_id = await new_ticket(pool, grade=2)
    await act(pool, ticket_id, ACCEPT, (E.DISPATCH, OFFICER, {"lead": "t-fire", "co": []}))
    told = "SELECT p.cause, r.level::text, r.contact_id FROM page_recipients r JOIN pages p ON p.id = r.page_id"
    at = AT + timedelta(minutes=5)  # The signature is due: the unit is paged, reminded and urged.
    await die(database, owner, at, "before")
    assert await rows(owner, told) == []
    for place in ("behind", "before", "behind"):
        await die(database, owner, at, place)
        once = await rows(owner, told)
        assert len(once) == 3
    await die(database, owner, at + timedelta(seconds=90), "before")
    assert await rows(owner, told) == once
    await die(database, owner, at + timedelta(seconds=90), "behind")
    found = await rows(owner, told)
    assert sorted((row["cause"].rsplit("-", 1)[-1], row["level"]) for row in found) == [
        ("2", "backup"),
        ("2", "on_duty"),
        ("remind", "on_duty"),
        ("urge", "backup"),
        ("urge", "leader"),
    ]
    # A message a person and level, each over both telephones; a firing a step.
    assert await owner.fetchval("SELECT count(*) FROM messages") == len(found)
    assert await owner.fetchval("SELECT count(*) FROM message_attempts") == 2 * len(found)
    fired = await rows(owner, "SELECT action, count(*) AS times FROM clock_firings WHERE clock = 'c_sign' GROUP BY 1")
    assert {row["action"]: row["times"] for row in fired} == {"remind": 1, "urge": 1}
