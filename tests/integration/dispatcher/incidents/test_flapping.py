"""A device that flaps: its events are counted with its flapping alone, until it can be believed again."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any, Final

import pytest

from dispatcher.incidents import stage
from dispatcher.tickets import stage as tickets_stage
from events.model import EventDraft, EventSource
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft, incidents

VENDOR: Final = "street_vendor_occupation"
NOISE: Final = "social_life_noise"


@pytest.fixture
def log(pool: Pool) -> Iterator[LogUnderTest]:
    with LogUnderTest(pool, stage.advance, tickets_stage.advance, stage.announce) as log:
        yield log


def reports(count: int, kind: str = VENDOR, subject: str = "camera", every_s: int = 120) -> list[EventDraft]:
    """A device that raises and returns to normal in turn."""
    return [
        draft(
            f"{subject} {n}", n * every_s, 0, kind=kind, subject=subject, raised=n % 2 == 0, source=EventSource.SIGNAL
        )
        for n in range(count)
    ]


async def standings(owner: Connection) -> dict[str, int]:
    rows = await owner.fetch("SELECT standing, count(*) AS n FROM incident_events GROUP BY standing")
    return {row["standing"]: row["n"] for row in rows}


async def open_ones(owner: Connection) -> list[dict[str, Any]]:
    return list(await incidents(owner, "open"))


@pytest.mark.parametrize("batch", [1, 3, 9])
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_device_that_flaps_has_one_incident_of_its_health_and_suppressed_events(
    log: LogUnderTest, owner: Connection, batch: int, restarted: bool
) -> None:
    every = reports(9)
    for first in range(0, 9, batch):
        await log.write(*every[first : first + batch])
        await log.step()
        if restarted:
            log.restart()
    vendor, flapping = sorted(await open_ones(owner), key=lambda row: row["first_at"])
    assert (vendor["kind"], vendor["event_count"]) == (VENDOR, 2)  # before the third change it was believed
    assert (flapping["kind"], flapping["event_count"], flapping["kind_group"]) == ("device_flapping", 3, "health")
    assert (await standings(owner))["suppressed"] == 3
    assert await owner.fetchval("SELECT count(*) FROM tickets WHERE case_id = $1", flapping["case_id"]) == 0


@pytest.mark.parametrize("order", list(permutations(range(5)))[::17])
async def test_the_order_of_arrival_decides_nothing(
    log: LogUnderTest, owner: Connection, order: tuple[int, ...]
) -> None:
    every = reports(5)
    for place in order:
        await log.write(every[place])
        await log.step()
    found = {row["kind"]: row["event_count"] for row in await open_ones(owner)}
    assert found == {VENDOR: 2, "device_flapping": 1}


async def test_a_late_report_that_ends_the_flapping_lets_its_events_in_again(
    log: LogUnderTest, owner: Connection
) -> None:
    every = reports(5, every_s=590)  # three changes within the window, but only just
    await log.write(*every)
    await log.step()
    assert {row["kind"] for row in await open_ones(owner)} == {VENDOR, "device_flapping"}
    # It had returned to normal sooner than was known: the change moves out of the window of the last report.
    await log.write(draft("sooner", 10, 0, kind=VENDOR, subject="camera", raised=False, source=EventSource.SIGNAL))
    await log.step()
    log.restart()
    await log.write(draft("neighbour", 2360, 10, kind=VENDOR))
    await log.step()
    found = {row["kind"]: row["event_count"] for row in await open_ones(owner)}
    assert found in ({VENDOR: 4}, {VENDOR: 3, "device_flapping": 1})
    assert sum(found.values()) == 4


async def test_life_safety_is_never_suppressed(log: LogUnderTest, owner: Connection) -> None:
    await log.write(*reports(9, kind="outdoor_fire"))
    await log.step()
    (fire,) = await open_ones(owner)
    assert (fire["kind"], fire["event_count"]) == ("outdoor_fire", 5)
    assert "suppressed" not in await standings(owner)
    assert await owner.fetchval("SELECT count(*) FROM tickets") == 1


async def test_suppressed_events_link_nothing_and_join_nothing(log: LogUnderTest, owner: Connection) -> None:
    await log.write(*reports(9))
    beside = draft("beside", 8 * 120 + 3500, 30, kind=VENDOR)  # near the last report alone
    await log.write(beside)
    await log.step()
    assert sorted((row["kind"], row["event_count"]) for row in await open_ones(owner)) == [
        ("device_flapping", 3),
        (VENDOR, 1),
        (VENDOR, 2),
    ]


async def test_flapping_that_is_over_is_final_and_the_next_one_follows_it(log: LogUnderTest, owner: Connection) -> None:
    await log.write(*reports(9))
    await log.tick(20_000)
    await log.step()
    assert {row["status"] for row in await incidents(owner)} == {"final"}
    assert await owner.fetchval("SELECT count(*) FROM flapping_series") == 0
    later = [
        draft(
            f"later {n}",
            20_000 + n * 120,
            0,
            kind=VENDOR,
            subject="camera",
            raised=n % 2 == 0,
            source=EventSource.SIGNAL,
        )
        for n in range(9)
    ]
    await log.write(*later)
    await log.step()
    old = {row["kind"]: row["id"] for row in await incidents(owner, "final")}
    again = {row["kind"]: row["follows"] for row in await open_ones(owner)}
    assert again == old


async def test_a_ticket_stays_when_its_device_turns_out_to_flap(log: LogUnderTest, owner: Connection) -> None:
    every = reports(5)
    await log.write(every[4])  # what will prove to be flapping opens a ticket first
    await log.step()
    ticket_id = await owner.fetchval("SELECT id FROM tickets")
    await log.write(*every[:4])
    await log.step()
    assert await owner.fetchval("SELECT closed_at IS NULL FROM tickets WHERE id = $1", ticket_id)
    cases = {row["case_id"] for row in await open_ones(owner)}
    assert await owner.fetchval("SELECT case_id FROM tickets WHERE id = $1", ticket_id) in cases


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_was_linked_only_through_a_device_that_flaps_comes_apart(
    log: LogUnderTest, owner: Connection, restarted: bool
) -> None:
    # Further apart than repeats and links reach: what comes apart does so because one event left, for nothing else.
    every = reports(5, kind=NOISE, every_s=400)
    await log.write(every[4], draft("west", 1600, -70, kind=NOISE), draft("east", 1600, 70, kind=NOISE))
    await log.step()
    assert [row["event_count"] for row in await open_ones(owner)] == [3]
    if restarted:
        log.restart()
    await log.write(*every[:4])
    await log.step()
    counts = sorted((row["kind"], row["event_count"]) for row in await open_ones(owner))
    assert counts == sorted([("device_flapping", 1), *[(NOISE, 1)] * 4])
    # It had returned to normal sooner than was known: it is believed, and links again what it linked.
    await log.write(replace(every[3], effective_at=every[1].effective_at, revision=1))
    await log.step()
    counts = sorted((row["kind"], row["event_count"]) for row in await open_ones(owner))
    assert counts == [(NOISE, 1), (NOISE, 1), (NOISE, 3)]
