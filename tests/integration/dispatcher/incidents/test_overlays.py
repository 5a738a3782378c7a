"""Officers' splits and merges one behind the other: the last word on each event stands, also after a restart."""

from collections.abc import Iterator

import pytest

from dispatcher.incidents import stage
from dispatcher.incidents.overlays import Act, OverlayDraft, append
from events.model import EventDraft
from runtime.pool import Connection, Pool
from tests.harness.log import START, LogUnderTest, draft, incidents

WEST, MIDDLE, EAST = draft("west", 0, 0), draft("middle", 10, 100), draft("east", 20, 3000)


class Desk(LogUnderTest):
    """A log into which officers decide; each step starts with a process that knows nothing, or with the same one."""

    restarts = False

    async def decide(self, act: Act, *events: EventDraft) -> None:
        uids = tuple(event.uid for event in events)
        async with self.pool.acquire() as conn, conn.transaction():
            await append(conn, OverlayDraft(act, 1, None, uids, 1, "shift_leader", "seen", START), len(self.steps), ())
        await self.take()

    async def take(self) -> None:
        if self.restarts:
            self.restart()
        await self.step()


@pytest.fixture(params=[False, True], ids=["one process", "restarted"])
def desk(pool: Pool, request: pytest.FixtureRequest) -> Iterator[Desk]:
    with Desk(pool, stage.advance, stage.announce) as desk:
        desk.restarts = request.param
        yield desk


async def groups(owner: Connection) -> set[frozenset[str]]:
    names = {event.uid: event.subject for event in (WEST, MIDDLE, EAST)}
    found: dict[int, set[str]] = {}
    for incident_id, uid in await owner.fetch("SELECT incident_id, event_uid FROM incident_events"):
        found.setdefault(incident_id, set()).add(names.get(uid, "another"))
    return {frozenset(subjects) for subjects in found.values()}


async def test_a_split_after_a_merge_takes_its_events_out_again(desk: Desk, owner: Connection) -> None:
    await desk.write(WEST, MIDDLE, EAST)
    await desk.take()
    await desk.decide(Act.MERGE, WEST, MIDDLE, EAST)
    assert await groups(owner) == {frozenset({"west", "middle", "east"})}
    await desk.decide(Act.SPLIT, EAST)
    assert await groups(owner) == {frozenset({"west", "middle"}), frozenset({"east"})}
    await desk.write(draft("more", 30, 50))
    await desk.take()
    assert await groups(owner) == {frozenset({"west", "middle", "another"}), frozenset({"east"})}


async def test_a_merge_after_a_split_brings_them_together_again(desk: Desk, owner: Connection) -> None:
    await desk.write(WEST, MIDDLE)
    await desk.take()
    await desk.decide(Act.SPLIT, WEST)
    assert await groups(owner) == {frozenset({"west"}), frozenset({"middle"})}
    await desk.decide(Act.MERGE, WEST, MIDDLE)
    assert await groups(owner) == {frozenset({"west", "middle"})}


async def test_of_two_splits_the_later_one_stands(desk: Desk, owner: Connection) -> None:
    await desk.write(WEST, MIDDLE, EAST)
    await desk.take()
    await desk.decide(Act.SPLIT, WEST, MIDDLE)
    await desk.decide(Act.SPLIT, WEST)
    assert await groups(owner) == {frozenset({"west"}), frozenset({"middle"}), frozenset({"east"})}


async def test_a_decision_may_be_read_before_the_events_that_it_names(desk: Desk, owner: Connection) -> None:
    await desk.decide(Act.SPLIT, WEST)
    await desk.decide(Act.MERGE, MIDDLE, EAST)
    await desk.write(WEST, MIDDLE)
    await desk.take()
    await desk.write(EAST)
    await desk.take()
    assert await groups(owner) == {frozenset({"west"}), frozenset({"middle", "east"})}


async def test_a_merged_incident_is_final_with_the_last_of_its_clusters(desk: Desk, owner: Connection) -> None:
    late = draft("east", 4000, 3000)
    await desk.write(WEST, late)
    await desk.take()
    await desk.decide(Act.MERGE, WEST, late)
    await desk.tick(3000)  # the western cluster is final by itself
    await desk.take()
    (both,) = [row for row in await incidents(owner) if row["status"] != "merged"]
    assert (both["status"], both["event_count"]) == ("open", 2)
    await desk.write(draft("west", 0, 0, revision=3))  # an annotation: what is settled changes no more
    await desk.write(draft("more", 4100, 3050))
    await desk.take()
    await desk.tick(9000)
    await desk.take()
    (both,) = [row for row in await incidents(owner) if row["status"] != "merged"]
    assert (both["status"], both["event_count"]) == ("final", 3)


async def test_an_incident_keeps_its_number_when_something_is_split_off(desk: Desk, owner: Connection) -> None:
    await desk.write(WEST, MIDDLE)
    await desk.take()
    (before,) = await incidents(owner)
    await desk.decide(Act.SPLIT, WEST)  # its earliest event
    rest, piece = await incidents(owner)
    assert (rest["id"], rest["canonical_uid"]) == (before["id"], MIDDLE.uid)
    assert piece["canonical_uid"] == WEST.uid
