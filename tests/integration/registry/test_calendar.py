"""The working days in the database: seeded once, read around a moment, and never written over what was imported."""

from datetime import UTC, date, datetime

from registry.calendar import known_days, read_calendar, seed_calendar
from registry.limits import read_ladder, read_limits
from runtime.pool import Connection, Pool


async def test_seed_holds_every_day_that_is_known_and_seeding_again_changes_nothing(owner: Connection) -> None:
    assert await seed_calendar(owner) == len(known_days())
    assert await owner.fetchval("SELECT count(*) FROM calendar_days") == len(known_days())
    await owner.execute("UPDATE calendar_days SET working = true, source = 'import' WHERE day = '2026-02-17'")
    await seed_calendar(owner)
    assert await owner.fetchval("SELECT source FROM calendar_days WHERE day = '2026-02-17'") == "import"


async def test_calendar_is_read_around_a_moment(owner: Connection, pool: Pool) -> None:
    await seed_calendar(owner)
    async with pool.acquire() as conn:
        calendar = await read_calendar(conn, datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    assert calendar.is_worked(date(2026, 10, 10))
    assert calendar.knows(date(2026, 12, 31))
    assert not calendar.knows(date(2027, 1, 1))


async def test_limits_and_ladder_are_read_as_seeded(pool: Pool) -> None:
    async with pool.acquire() as conn:
        every, few, ladder = (
            await read_limits(conn),
            await read_limits(conn, ["waste_overflow"]),
            await read_ladder(conn),
        )
    asked = {"kind": "waste_overflow", "grade": 4, "demand": None}
    found = few.find("c_resolve", **asked)  # type: ignore[arg-type]
    assert found is not None
    assert found == every.find("c_resolve", **asked)  # type: ignore[arg-type]
    assert found.kind == "waste_overflow"
    steps = ladder.steps(4, "c_sign")
    assert [(step.after_pct, step.action) for step in steps[:2]] == [(80, "remind"), (100, "urge")]
    assert [(step.after_value, step.after_unit, step.action) for step in steps[2:]] == [
        (1, "wd", "supervise"),
        (5, "wd", "review"),
    ]
