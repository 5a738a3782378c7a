"""Groups of m > 1 by hand: what nobody sees, when it is seen, which borders move, and what officers make of it."""

from collections.abc import Iterator

import pytest

from dispatcher.incidents import stage
from dispatcher.incidents.grades.audit import audit
from dispatcher.incidents.grades.checking import Differs
from dispatcher.incidents.overlays import Act
from events.model import EventDraft, SourceClass
from runtime.pool import Connection, Pool
from tests.harness.log import draft, incidents
from tests.integration.dispatcher.incidents.test_overlays import Desk

RULES = """
UPDATE rule_versions SET content = jsonb_set(content, '{groups,waste}', content #> '{groups,waste}' || $1)
WHERE rule_set = 'default'"""
LONG_AFTER = 100_000.0


def vendor(name: str, east_m: float | None, after_s: float = 0, **changes: object) -> EventDraft:
    return draft(name, after_s, east_m, kind="street_vendor_occupation", **changes)


WEST, MIDDLE, EAST = vendor("west", 0), vendor("middle", 30, 10), vendor("east", 60, 20)


@pytest.fixture(params=[False, True], ids=["one process", "restarted"])
async def desk(pool: Pool, owner: Connection, request: pytest.FixtureRequest) -> Desk:
    await owner.execute(RULES, {"m": 3, "r_m": 40, "t_s": 600, "g_s": 0, "lateness_s": 600})
    desk = Desk(pool, stage.advance, stage.announce)
    desk.restarts = request.param
    return desk


@pytest.fixture(autouse=True)
def ended(desk: Desk) -> Iterator[None]:
    with desk:
        yield


async def say(desk: Desk, *events: EventDraft) -> None:
    for event in events:
        await desk.write(event)
        await desk.take()


async def settle(desk: Desk, after_s: float = LONG_AFTER) -> None:
    await desk.tick(after_s)
    await desk.take()


async def standing(owner: Connection) -> dict[str, tuple[int | None, str]]:
    rows = await owner.fetch(
        "SELECT e.subject, ie.incident_id, ie.standing FROM incident_events ie JOIN events e"
        " ON (e.stream, e.seq, e.received_at) = (ie.stream, ie.seq, ie.received_at) WHERE standing <> 'returned'"
    )
    return {row["subject"]: (row["incident_id"], row["standing"]) for row in rows}


async def topics(owner: Connection) -> list[str]:
    return [row["topic"] for row in await owner.fetch("SELECT topic FROM stream_log ORDER BY seq")]


async def test_nobody_sees_noise_until_it_is_a_cluster(desk: Desk, owner: Connection) -> None:
    await say(desk, WEST, EAST)
    assert await incidents(owner) == []
    assert await topics(owner) == []
    assert await standing(owner) == {"west": (None, "noise"), "east": (None, "noise")}
    await say(desk, MIDDLE)
    (seen,) = await incidents(owner)
    assert (seen["number"], seen["event_count"], seen["canonical_uid"]) == ("IN-20261122-00001", 3, WEST.uid)
    assert await topics(owner) == ["incident.opened"]
    assert set((await standing(owner)).values()) == {(seen["id"], "clustered")}
    (change,) = desk.steps[-1].incidents
    assert (change.opened, [event.uid for event in change.new_events]) == (True, [MIDDLE.uid])


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(vendor("west", 0, body={"life_at_risk": True}), id="it says that a life is at risk: grade II"),
        pytest.param(vendor("west", 0, source_class=SourceClass.HOTLINE), id="a person reports it"),
    ],
)
async def test_what_asks_for_an_incident_alone_is_no_noise(desk: Desk, owner: Connection, event: EventDraft) -> None:
    await say(desk, event)
    (seen,) = await incidents(owner)
    assert (seen["event_count"], (await standing(owner))["west"]) == (1, (seen["id"], "clustered"))


async def test_final_noise_is_settled_and_a_redelivery_of_it_is_an_annotation(desk: Desk, owner: Connection) -> None:
    await say(desk, WEST)
    await settle(desk)
    await say(desk, vendor("west", 5000, 0, revision=3))
    assert await incidents(owner) == []
    assert await standing(owner) == {"west": (None, "noise")}
    counted = await owner.fetchrow("SELECT noise, settled FROM correlation_counts")
    assert tuple(counted or ()) == (1, 1)


async def test_a_border_that_a_nearer_core_takes_moves_and_the_versions_tell(desk: Desk, owner: Connection) -> None:
    await owner.execute(RULES, {"m": 4})
    await say(desk, *(vendor(f"left {n}", -20.0 - 5 * n) for n in range(3)), vendor("left", 0), vendor("border", 40))
    (first,) = await incidents(owner)
    assert first["event_count"] == 5
    await say(desk, *(vendor(f"right {n}", 79.0 + 5 * n) for n in range(4)))
    one, other = await incidents(owner)
    assert (one["status"], one["event_count"], one["id"]) == ("open", 4, first["id"])
    assert (other["status"], other["event_count"], other["canonical_uid"]) == (
        "open",
        5,
        min(vendor("border", 40).uid, *(vendor(f"right {n}", 0).uid for n in range(4))),
    )
    assert one["version"] > first["version"]
    assert (await standing(owner))["border"] == (other["id"], "clustered")


async def test_what_a_correction_takes_apart_dissolves_and_is_the_same_incident_when_it_is_made_again(
    desk: Desk, owner: Connection
) -> None:
    await say(desk, WEST, MIDDLE, EAST)
    await say(desk, vendor("middle", 9000, 10, revision=1))
    (gone,) = await incidents(owner)
    assert (gone["status"], gone["final_at"]) == ("dissolved", None)
    assert await standing(owner) == {"west": (1, "noise"), "middle": (None, "noise"), "east": (None, "noise")}
    assert desk.steps[-1].incidents[0].row["status"] == "dissolved"
    assert desk.steps[-1].incidents[0].new_events == ()
    await say(desk, vendor("middle", 30, 10, revision=2))
    (again,) = await incidents(owner)
    assert (again["id"], again["status"], again["event_count"]) == (gone["id"], "open", 3)
    await say(desk, vendor("middle", 9000, 10, revision=3))
    await settle(desk)
    (ended,) = await incidents(owner)
    assert (ended["status"], ended["final_at"] is None) == ("dissolved", False)
    assert await owner.fetchval("SELECT count(*) FROM incident_events WHERE settled_with IS NULL") == 0


async def test_what_returned_with_noise_is_shown_with_its_incident(desk: Desk, owner: Connection) -> None:
    normal = vendor("west normal", 0, 300, subject="west", raised=False)
    await say(desk, WEST, normal, EAST, MIDDLE)
    returned = await owner.fetch("SELECT event_uid, incident_id FROM incident_events WHERE standing = 'returned'")
    assert [(row["event_uid"], row["incident_id"]) for row in returned] == [(normal.uid, 1)]
    await settle(desk)
    (final,) = await incidents(owner)
    assert final["explanation"]["facts"]["cleared"] == [normal.uid.hex()]


async def test_what_an_officer_splits_off_stays_an_incident_however_small(desk: Desk, owner: Connection) -> None:
    await say(desk, WEST, MIDDLE, EAST, vendor("more", 20))
    await desk.decide(Act.SPLIT, WEST)
    assert [row["event_count"] for row in await incidents(owner)] == [3, 1]
    await settle(desk)
    assert [(row["status"], row["event_count"]) for row in await incidents(owner)] == [("final", 3), ("final", 1)]
    assert [found async for found in audit(owner) if found] == []


async def test_what_an_officer_joins_is_final_with_the_last_of_it(desk: Desk, owner: Connection) -> None:
    later = [vendor(f"later {n}", 1000 + 10 * n, 2000) for n in range(3)]
    await say(desk, WEST, MIDDLE, EAST, *later)
    await desk.decide(Act.MERGE, WEST, later[0])
    await settle(desk, 2000)  # the western cluster is final by itself
    assert [row["status"] for row in await incidents(owner)] == ["open", "merged"]
    await settle(desk)
    final, _ = await incidents(owner)
    assert (final["status"], final["event_count"]) == ("final", 6)
    assert [found async for found in audit(owner) if found] == []


async def test_a_border_is_explained_by_its_nearest_core(desk: Desk, owner: Connection) -> None:
    await owner.execute(RULES, {"m": 4})
    await say(desk, WEST, MIDDLE, EAST, vendor("another", 5), vendor("border", 99, 30), vendor("beside it", 98, 40))
    await settle(desk)
    (final,) = await incidents(owner)
    links = await owner.fetchval("SELECT links FROM final_explanations WHERE incident_id = $1", final["id"])
    pairs = {frozenset(link[:2]) for link in links}
    nearest = {frozenset((EAST.uid.hex(), vendor(name, 0).uid.hex())) for name in ("border", "beside it")}
    assert nearest < pairs
    assert len(pairs) == 5
    assert [found async for found in audit(owner) if found] == []
    await owner.execute("UPDATE incident_events SET core = NULL WHERE event_uid = $1", EAST.uid)
    ((found,),) = [found async for found in audit(owner) if found]
    assert found.differs is Differs.LINKS


async def test_final_neighbours_are_forgotten_when_nothing_live_is_near(desk: Desk, owner: Connection) -> None:
    await say(desk, *(vendor(f"early {n}", 10.0 * n, 200) for n in range(3)), vendor("later", 2000, 700))
    await settle(desk, 200 + 1200 + 600 + 1)
    kept = await owner.fetchval("SELECT count(*) FROM final_neighbours")
    await settle(desk)
    assert (kept > 0, await owner.fetchval("SELECT count(*) FROM final_neighbours")) == (True, 0)
