"""Matches as things change: corrections, lateness, absence, and the grade that a match is evidence for."""

from dataclasses import replace
from typing import Final

import pytest

from events.model import SourceClass
from runtime.pool import Connection
from tests.harness.log import LogUnderTest, draft, incidents
from tests.integration.dispatcher.patterns.seen import DARK_STREET, OUTAGE, matches, open_tickets, write_one_by_one

# The watermark has passed the time of an event at 0 by the group's time, and not yet by the pattern's hour.
FINAL_S: Final = 3660.0


async def test_a_correction_takes_the_match_back_and_the_case_stays(log: LogUnderTest, owner: Connection) -> None:
    await write_one_by_one(log, OUTAGE, DARK_STREET)
    moved = draft("lamp 12", 300, 4000, kind="streetlight_out", revision=1)
    await write_one_by_one(log, moved)
    assert await matches(owner) == []
    assert await owner.fetchval("SELECT withdrawn_at FROM pattern_matches") is not None
    back = draft("lamp 12", 300, 100, kind="streetlight_out", revision=2)
    await write_one_by_one(log, back)
    (match,) = await matches(owner)
    assert match["witnesses"][1]["d_m"] == 100.0


async def test_a_corrected_anchor_takes_its_match_with_it(log: LogUnderTest, owner: Connection) -> None:
    await write_one_by_one(log, OUTAGE, DARK_STREET)
    log.restart()
    await write_one_by_one(log, draft("transformer", 0, 9000, kind="power_outage_building", revision=1))
    assert await matches(owner) == []


async def test_late_events_match_nothing(log: LogUnderTest, owner: Connection) -> None:
    await log.write(DARK_STREET)
    await log.step()
    await log.tick(300 + 1800 + 1)
    await log.step()
    await log.write(OUTAGE)
    await log.step()
    assert [row["late"] for row in await incidents(owner)] == [False, True]
    assert await matches(owner) == []


async def test_absence_is_judged_when_the_watermark_passes_and_not_before(log: LogUnderTest, owner: Connection) -> None:
    sos = draft("button", 0, 0, kind="elderly_sos", severity=4)
    await log.write(sos)
    await log.step()
    await log.tick(600 + 900)
    await log.step()
    assert await matches(owner) == []
    await log.tick(600 + 900 + 1)
    await log.step()
    (match,) = await matches(owner)
    assert (match["pattern_id"], match["mode"], match["anchor_uid"]) == ("unanswered_sos", "monitor", sos.uid)


@pytest.mark.parametrize(("after_s", "expected"), [(-60, 1), (600, 0), (601, 1)])
async def test_an_answer_in_time_ends_the_absence(
    log: LogUnderTest, owner: Connection, after_s: int, expected: int
) -> None:
    await log.write(draft("button", 0, 0, kind="elderly_sos", severity=4))
    await log.write(draft("a neighbour", after_s, 90, kind="medical_emergency", source_class=SourceClass.HOTLINE))
    await log.step()
    await log.tick(3000)
    await log.step()
    assert len(await matches(owner)) == expected


async def test_a_match_is_evidence_for_the_grade_at_once_and_after_a_restart(
    log: LogUnderTest, owner: Connection
) -> None:
    await write_one_by_one(log, OUTAGE)
    (before,) = await incidents(owner)
    await write_one_by_one(log, DARK_STREET)
    outage, lamp = await incidents(owner)
    (match,) = outage["explanation"]["facts"]["matches"]
    assert (match["pattern_id"], match["witnesses"]) == ("power_outage_area", [OUTAGE.uid.hex(), DARK_STREET.uid.hex()])
    assert [each["rule"] for each in outage["explanation"]["evidence"]].count("pattern") == 1
    assert outage["grade"] <= before["grade"]
    assert lamp["explanation"]["facts"]["matches"] == []  # the match is its anchor's
    (ticket,) = await open_tickets(owner)
    assert ticket["grade"] == outage["grade"]
    log.restart()
    await write_one_by_one(log, draft("transformer again", 30, 10, kind="power_outage_building"))
    (again, _) = await incidents(owner)
    assert again["explanation"]["facts"]["matches"] == [match]


async def test_the_grade_is_the_same_when_the_match_and_the_end_come_in_one_step(
    log: LogUnderTest, owner: Connection
) -> None:
    await write_one_by_one(log, OUTAGE, DARK_STREET)
    await log.tick(20_000)
    await log.step()
    single = [(row["grade"], row["status"], row["explanation"]["facts"]["matches"]) for row in await incidents(owner)]
    # A day later and 20 km away: nothing of the first is near.
    await log.write(
        draft("transformer 2", 86_400, 20_000, kind="power_outage_building"),
        draft("lamp 2", 86_700, 20_400, kind="streetlight_out"),
    )
    await log.tick(106_400)
    await log.step()
    batch = [
        (row["grade"], row["status"], len(row["explanation"]["facts"]["matches"])) for row in await incidents(owner)
    ]
    assert batch[2:] == [(grade, status, len(found)) for grade, status, found in single]


async def test_a_correction_takes_the_evidence_back(log: LogUnderTest, owner: Connection) -> None:
    await write_one_by_one(log, OUTAGE, DARK_STREET)
    await write_one_by_one(log, draft("lamp 12", 300, 4000, kind="streetlight_out", revision=1))
    outage = (await incidents(owner))[0]
    assert outage["explanation"]["facts"]["matches"] == []


async def test_a_version_that_comes_after_the_end_is_an_annotation_and_matches_nothing(
    log: LogUnderTest, owner: Connection
) -> None:
    """What is not believed of an incident must not join its case either, whether memory or a restart asks."""
    sensor = draft("site 7", 0, 4000, kind="construction_noise_night")
    await write_one_by_one(log, sensor)
    await log.tick(FINAL_S)
    await log.step()
    assert [row["status"] for row in await incidents(owner)] == ["final"]
    # Now it is said to have stood beside those who complain.
    await write_one_by_one(log, replace(sensor, x_dm=0, revision=1))
    complaint = draft("call", FINAL_S - 600, 0, kind="construction_noise_night", source_class=SourceClass.HOTLINE)
    await write_one_by_one(log, complaint)
    assert await matches(owner) == []
    assert len({row["case_id"] for row in await incidents(owner)}) == 2
