"""A cluster that lasts is cut at fixed times: statistics are divided, its case and its ticket never are."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from typing import Final

import pytest

from dispatcher.incidents import stage
from dispatcher.tickets import stage as tickets_stage
from events.model import EventDraft
from runtime.pool import Connection, Pool
from tests.harness.log import START, LogUnderTest, draft, incidents

BORDER_S: Final = 18 * 3600  # 04:00 in Chengdu, where the daily tiles of fires meet
DAY_S: Final = 86_400
VENDOR: Final = "street_vendor_occupation"  # its tickets wait for an officer


@pytest.fixture
def log(pool: Pool) -> Iterator[LogUnderTest]:
    with LogUnderTest(pool, stage.advance, tickets_stage.advance, stage.announce) as log:
        yield log


def fires(*after_s: int) -> list[EventDraft]:
    return [draft(f"fire {s}", BORDER_S + s, 0, subject=f"subject {s % 7}") for s in after_s]


@pytest.mark.parametrize("batch", [1, 2, 4])
async def test_a_cluster_over_a_border_is_two_incidents_of_one_case_with_one_ticket(
    log: LogUnderTest, owner: Connection, batch: int
) -> None:
    every = fires(-900, -400, 100, 600)
    for first in range(0, len(every), batch):
        await log.write(*every[first : first + batch])
        await log.step()
        log.restart()
    before, after = await incidents(owner)
    assert [before["event_count"], after["event_count"]] == [2, 2]
    assert before["case_id"] == after["case_id"]
    assert after["tile"] == before["tile"] + 1
    assert await owner.fetchval("SELECT count(*) FROM tickets") == 1
    await log.tick(BORDER_S + 5000)
    await log.step()
    assert [row["status"] for row in await incidents(owner)] == ["final", "final"]
    assert [row["follows"] for row in await incidents(owner)] == [None, None]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_what_joins_two_clusters_over_a_border_joins_their_cases_and_tickets(
    log: LogUnderTest, owner: Connection, order: tuple[int, ...]
) -> None:
    every = fires(-800, -250, 300)  # the outer two are linked only through the middle one
    for place in order:
        await log.write(every[place])
        await log.step()
    before, after = [row for row in await incidents(owner) if row["status"] != "merged"]
    assert before["case_id"] == after["case_id"]
    assert sorted([before["event_count"], after["event_count"]]) == [1, 2]
    open_tickets = await owner.fetch("SELECT case_id FROM tickets WHERE closed_at IS NULL")
    assert [row["case_id"] for row in open_tickets] == [before["case_id"]]
    # Whatever stood in either case is in the one that goes on.
    assert {row["case_id"] for row in await incidents(owner)} == {before["case_id"]}


async def test_no_incident_of_a_cluster_that_never_ends_outlasts_its_tile(log: LogUnderTest, owner: Connection) -> None:
    hourly = [
        draft(f"vendor {n}", n * 3000, 0, subject=f"subject {n}", kind=VENDOR) for n in range(100)
    ]  # three and a half days without a gap
    await log.write(*hourly)
    await log.step()
    found = await incidents(owner)
    assert len(found) == 4
    assert all(row["last_at"] - row["first_at"] < timedelta(seconds=DAY_S) for row in found)
    assert len({row["case_id"] for row in found}) == 1
    assert await owner.fetchval("SELECT count(*) FROM tickets") == 1


async def test_an_earlier_event_that_comes_later_moves_no_border(log: LogUnderTest, owner: Connection) -> None:
    await log.write(*fires(-100, 100))
    await log.step()
    first = {row["id"]: row["tile"] for row in await incidents(owner)}
    await log.write(*fires(-500))
    await log.step()
    assert {row["id"]: row["tile"] for row in await incidents(owner)} == first
    assert (await incidents(owner))[0]["first_at"] > START
