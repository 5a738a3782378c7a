"""What events say of themselves counts from arrays as it does in the incident: colours, lives, sources, kinds."""

from collections import Counter

from dispatcher.backtests.history import BEGINNING, END
from dispatcher.backtests.regrading import Regraded, regrade
from dispatcher.incidents import stage
from dispatcher.rules.rulebook import read_rulebook
from events.model import EventSource, SourceClass
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft
from tests.integration.dispatcher.backtests.test_regrading import alone, silent

VENDOR = "street_vendor_occupation"
FLAPPING = [
    draft(f"flaps {n}", n * 120, 0, kind=VENDOR, subject="flaps", raised=n % 2 == 0, source=EventSource.SIGNAL)
    for n in range(9)
]
ODD = [
    *FLAPPING,
    draft("a kind of tomorrow", 0, 5000, kind="no_such_kind"),
    draft("yellow", 0, None, kind="heavy_rain_response", subject="weather", body={"colour": "黄"}),
    draft("then red", 60, None, kind="heavy_rain_response", subject="weather", body={"colour": "RED"}),
    draft("of no warning", 0, 10_000, kind=VENDOR, body={"colour": "red", "life_at_risk": "true"}),
    draft("a life", 0, 15_000, kind=VENDOR, body={"life_at_risk": True}),
    draft("smoke", 0, 20_000),
    draft("seen", 30, 20_010, source_class=SourceClass.CAMERA),
    draft("passer-by", 60, 20_020, source_class=SourceClass.HOTLINE, source=EventSource.HOTLINE),
]


async def test_arrays_see_in_events_what_the_incident_sees(pool: Pool, owner: Connection) -> None:
    with LogUnderTest(pool, stage.advance) as log:
        await log.write(*ODD)
        await log.step()
        await log.tick(1_000_000.0)
        await log.step()
    finals = await owner.fetch("SELECT id, kind, grade FROM incidents WHERE status = 'final'")
    assert Counter(row["kind"] for row in finals).keys() >= {"device_flapping", "unclassified", VENDOR, "outdoor_fire"}
    await owner.execute("UPDATE incidents SET grade = 1 WHERE kind = 'unclassified'")  # as an officer's grade does

    book = await read_rulebook(owner)
    found = await regrade(owner, book, book, from_at=BEGINNING, to_at=END, on_progress=silent)
    expected = Counter[tuple[str, int]]()
    for row in finals:
        grade, kind = await alone(owner, book, row["id"])
        expected[kind, grade] += 1
    assert told(found) == expected
    assert expected[VENDOR, 2] == 1
    assert expected["outdoor_fire", 1] == 1
    assert expected["heavy_rain_response", 1] == 1
    assert found.shown_otherwise == 1


def told(found: Regraded) -> Counter[tuple[str, int]]:
    """How many incidents each kind names at each grade."""
    counted = {
        (kind, grade): int(grades[grade].sum()) for kind, grades in found.by_kind.items() for grade in range(1, 5)
    }
    return Counter({at: count for at, count in counted.items() if count})
