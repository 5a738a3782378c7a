"""Rules take over at one position of the log: whatever the batches and restarts, incidents equal the oracle's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.rules import activation
from dispatcher.rules.checking import errors_in
from dispatcher.rules.document import RuleDocument, RuleSource, parse
from dispatcher.rules.rulebook import read_rulebook
from dispatcher.rules.versions import RuleState, add_version, find_version, parse_and_check, read_document
from events import log
from events.ticks import append_tick, read_heads
from registry.event_kinds import Taxonomy
from runtime.pool import Connection, Pool
from tests.harness.log import GATEWAY, START, LogUnderTest, draft, incidents
from tests.integration.dispatcher.engine.batches import STEPS, Tick, take_all
from tests.integration.dispatcher.engine.conftest import Leader, step_through
from tests.integration.dispatcher.engine.test_batching import KINDS, STAGES, Expected, Said, assert_equal
from tests.unit.dispatcher.correlation import oracle

pytestmark = pytest.mark.usefixtures("simulated")


@dataclass(frozen=True)
class Change:
    """These rules take over here."""

    version: int


LOGS: Final = st.lists(
    st.one_of(
        *[
            st.builds(
                Said,
                name=st.integers(0, 14),
                after_s=st.integers(0, 12).map(lambda n: n * 300),
                east_m=st.one_of(st.integers(0, 8).map(lambda n: n * 75), st.none()),
                subject=st.integers(0, 3),
                kind=st.sampled_from(KINDS),
                revision=st.integers(0, 2),
            )
        ]
        * 4,
        st.builds(Tick, st.integers(0, 12).map(lambda n: n * 300)),
        st.builds(Change, st.integers(1, 3)),
    ),
    min_size=1,
    max_size=24,
)


def changed(document: RuleDocument, change: Callable[[dict[str, dict[str, dict[str, object]]]], None]) -> RuleDocument:
    content = document.content()
    change(content)
    made = parse(content)
    assert isinstance(made, RuleDocument)
    return made


def wider(content: dict[str, dict[str, dict[str, object]]]) -> None:
    """What was apart belongs together; what stood in the log alone when late matters now."""
    content["groups"]["fire"] |= {"r_m": 400, "t_s": 1500, "lateness_s": 1800}
    content["kinds"]["street_vendor_occupation"]["mode"] = "auto_ticket"
    content["kinds"]["unclassified"] |= {"group": "fire", "likelihood": 5}


def narrower(content: dict[str, dict[str, dict[str, object]]]) -> None:
    """Two kinds in one narrow group of their own, nothing is waited for."""
    group = dict(content["groups"]["waste"])
    content["groups"]["street"] = group | {"r_m": 80, "t_s": 300, "g_s": 0, "lateness_s": 0}
    content["kinds"]["outdoor_fire"] |= {"group": "street", "mode": "review", "consequence": 2}
    content["kinds"]["street_vendor_occupation"]["group"] = "street"


@pytest.fixture
async def versions(owner: Connection) -> range:
    """The numbers of the versions that there are."""
    first = await read_document(owner, "default", 1)
    documents = {1: first, 2: changed(first, wider), 3: changed(first, narrower)}
    for version in (2, 3):
        made = await add_version(
            owner, "default", documents[version], source=RuleSource.IMPORT, author="test", note="", at=START
        )
        assert made == version
    return range(1, 4)


class ExpectedAcrossChanges(Expected):
    """At a change the oracle begins anew with what is live, under the new groups; what is closed stays closed."""

    def __init__(self, taxonomies: dict[int, Taxonomy]) -> None:
        super().__init__(taxonomies[1])
        self.taxonomies = taxonomies
        self.watermarks: dict[str, int] = {}  # also of groups that are not ruled at present

    def change(self, version: int) -> None:
        before, finals, late = self.oracle, self.finals, self.late
        watermarks = self.watermarks | dict(zip((g.id for g in self.groups), before.watermarks, strict=True))
        Expected.__init__(self, self.taxonomies[version])
        self.finals, self.late, self.watermarks = finals, late, watermarks
        self.oracle.watermarks = [watermarks.get(g.id, -(1 << 62)) for g in self.groups]
        self.oracle.admitted = [self._regrouped(delivery) for delivery in before.live()]
        self.oracle.closed = {uid: self._regrouped(delivery) for uid, delivery in before.closed.items()}

    def _regrouped(self, delivery: oracle.Delivery) -> oracle.Delivery:
        group = self.taxonomy.group_of(KINDS[delivery.kind])
        located = (delivery.x, delivery.y) != NOWHERE and group.clustered
        return replace(delivery, group=self.groups.index(group), located=located)


# The oracle's deliveries do not say whether they had a position, so those without one are told by this.
NOWHERE: Final = (0, 0)


async def write(pool: Pool, records: Sequence[Said | Tick | Change], expected: ExpectedAcrossChanges) -> None:
    at_s = 0
    async with pool.acquire() as conn, conn.transaction():
        for record in records:
            match record:
                case Said():
                    event = replace(record, east_m=None if record.east_m is None else record.east_m + 75).draft()
                    await log.append(conn, record.stream, [event])
                    expected.say(event)
                case Tick(by_s):
                    at_s += by_s
                    tick = draft("tick", at_s, None)
                    await append_tick(conn, tick.effective_at)
                    expected.tick(round(tick.effective_at.timestamp() * 1000))
                case Change(version):
                    at = draft("change", at_s, None).effective_at
                    waiting = await _ask(conn, version)
                    await activation.record(conn, waiting, at, behind=await read_heads(conn))
                    expected.change(version)
                    expected.tick(round(at.timestamp() * 1000))


async def _ask(conn: Connection, version: int) -> activation.Waiting:
    await conn.execute(
        "INSERT INTO rule_activations (rule_set, version, requested_at, requested_by, reason)"
        " VALUES ('default', $1, $2, 'test', '')",
        version,
        START,
    )
    waiting = await activation.read_waiting(conn, "default")
    assert waiting is not None
    return waiting


@settings(max_examples=40)
@given(LOGS, STEPS)
async def test_any_batching_and_any_restarts_take_the_rules_over_at_the_same_place(
    pool: Pool,
    owner: Connection,
    leader: Leader,
    versions: range,
    records: list[Said | Tick | Change],
    steps: list[tuple[int, bool]],
) -> None:
    await owner.execute("TRUNCATE incidents, cases, stream_log, cursors, watermarks, number_heads, events CASCADE")
    await owner.execute("UPDATE log_heads SET seq = 0; DELETE FROM rule_activations WHERE seq <> 0")
    taxonomies = {version: (await read_rulebook(owner, version=version)).taxonomy for version in versions}
    expected = ExpectedAcrossChanges(taxonomies)
    await write(pool, records, expected)
    await take_all(leader, STAGES, steps)
    await assert_equal(owner, expected)
    await _assert_graded_by_the_rules_in_force(owner, records)
    await write(pool, [Tick(10_000_000)], expected)
    await take_all(leader, STAGES, steps)
    await assert_equal(owner, expected)
    assert expected.oracle.partition() == set()


async def _assert_graded_by_the_rules_in_force(owner: Connection, records: Sequence[Said | Tick | Change]) -> None:
    in_force = next((record.version for record in reversed(records) if isinstance(record, Change)), 1)
    rulebook = await read_rulebook(owner)
    assert rulebook.version == in_force
    for row in await incidents(owner, "open"):
        assert row["explanation"]["matrix_version"] == in_force
        assert row["explanation"]["kind_version"] == in_force
        assert row["kind_group"] == rulebook.taxonomy.group_of(row["kind"]).id


def fire(name: str, after_s: int, east_m: int) -> Said:
    return Said(name=int(name), after_s=after_s, east_m=east_m, subject=int(name), kind="outdoor_fire", revision=0)


async def test_two_open_incidents_that_the_new_rules_join_keep_the_older_number_and_an_alias(
    pool: Pool, owner: Connection, log: LogUnderTest, leader: Leader, versions: range
) -> None:
    await log.write(fire("1", 0, 0).draft())
    await log.write(fire("2", 0, 300).draft())
    await step_through(leader(stages=STAGES))
    first, second = await incidents(owner)
    await _request(pool, 2)
    await step_through(leader(stages=STAGES))
    kept, alias = await incidents(owner)
    assert (kept["id"], kept["number"], kept["event_count"]) == (first["id"], first["number"], 2)
    assert (alias["id"], alias["status"], alias["merged_into"]) == (second["id"], "merged", first["id"])


async def test_an_incident_that_the_new_rules_part_keeps_its_number_where_its_first_event_is(
    pool: Pool, owner: Connection, log: LogUnderTest, leader: Leader, versions: range
) -> None:
    await log.write(*(fire(str(n), 60 * n, 100 * n).draft() for n in range(3)))
    await step_through(leader(stages=STAGES))
    (whole,) = await incidents(owner)
    assert whole["event_count"] == 3
    await _request(pool, 3)
    await step_through(leader(stages=STAGES))
    parts = await incidents(owner)
    assert [(part["event_count"], part["kind_group"]) for part in parts] == [(1, "street")] * 3
    assert parts[0]["number"] == whole["number"]
    assert parts[0]["canonical_uid"] == whole["canonical_uid"]


def vendor(name: int, east_m: int) -> Said:
    return Said(name, 0, east_m, name, "street_vendor_occupation", 0)


async def test_under_rules_that_ask_for_more_neighbours_noise_dissolves_and_is_open_again_under_fewer(
    pool: Pool, owner: Connection, log: LogUnderTest, leader: Leader
) -> None:
    first = await read_document(owner, "default", 1)
    dense = changed(first, lambda content: content["groups"]["waste"].update(m=3))
    _, findings = await parse_and_check(owner, dense.content())
    assert errors_in(findings) == []
    await add_version(owner, "default", dense, source=RuleSource.IMPORT, author="test", note="", at=START)
    await log.write(*(vendor(n, east_m).draft() for n, east_m in enumerate((0, 20, 1000, 1020, 1040))))
    await log.write(fire("9", 0, 5000).draft())
    await step_through(leader(stages=STAGES))
    before = {row["id"]: row["event_count"] for row in await incidents(owner)}
    assert sorted(before.values()) == [1, 2, 3]
    await _request(pool, 2)
    await step_through(leader(stages=STAGES))
    shown = [(row["status"], row["event_count"]) for row in await incidents(owner)]
    assert sorted(shown) == [("dissolved", 1), ("open", 1), ("open", 3)]
    assert await owner.fetchval("SELECT count(*) FROM incident_events WHERE standing = 'noise'") == 2
    await _request(pool, 1)
    await step_through(leader(stages=STAGES))
    assert {row["id"]: row["event_count"] for row in await incidents(owner, "open")} == before
    assert await owner.fetchval("SELECT count(*) FROM incident_events WHERE standing = 'noise'") == 0


async def test_the_leader_writes_the_record_behind_exactly_what_it_has_taken(
    pool: Pool, owner: Connection, log: LogUnderTest, leader: Leader, versions: range
) -> None:
    await log.write(*(fire(str(n), 0, 1000 * n).draft() for n in range(4)))
    stepper = leader(stages=STAGES)
    stepper._batch = 2
    await _request(pool, 2)
    assert (await find_version(owner, "default", 2)).state is RuleState.WAITING
    await stepper.step()
    body = await owner.fetchval("SELECT body FROM events WHERE stream = 'clock'")
    assert body == {"heads": {GATEWAY: 2}, "rules_version": 2}
    await step_through(stepper)
    told = {row["event_count"]: row["explanation"]["matrix_version"] for row in await incidents(owner)}
    assert told == {1: 2}
    assert (await find_version(owner, "default", 2)).state is RuleState.ACTIVE
    assert (await find_version(owner, "default", 1)).state is RuleState.RETIRED


async def test_rules_that_the_kernels_cannot_run_are_refused_and_the_leader_goes_on(
    pool: Pool, owner: Connection, log: LogUnderTest, leader: Leader
) -> None:
    content = (await read_document(owner, "default", 1)).content()
    content["groups"]["fire"]["t_s"] = 10**9
    await owner.execute(
        "INSERT INTO rule_versions (rule_set, version, content, sha256, source, author, note, created_at)"
        " VALUES ('default', 2, $1, $2, 'import', 'test', '', $3)",
        content,
        "0" * 64,
        START,
    )
    await _request(pool, 2)
    await log.write(fire("1", 0, 0).draft())
    await step_through(leader(stages=STAGES))
    version = await find_version(owner, "default", 2)
    assert version.state is RuleState.DRAFT
    assert "groups.fire.t_s" in (version.refused or "")
    assert len(await incidents(owner)) == 1


async def test_a_failed_takeover_leaves_the_rules_before_it(
    pool: Pool, owner: Connection, log: LogUnderTest, leader: Leader, versions: range
) -> None:
    await log.write(fire("1", 0, 0).draft(), fire("2", 0, 300).draft())
    stepper = leader(stages=STAGES)
    await step_through(stepper)
    await _request(pool, 2)
    while await owner.fetchval("SELECT seq IS NULL FROM rule_activations WHERE version = 2"):
        await stepper.step()
    await owner.execute("ALTER TABLE incidents ADD CONSTRAINT jammed CHECK (event_count < 2) NOT VALID")
    with pytest.raises(Exception, match="jammed"):
        await stepper.step()
    assert {row["explanation"]["matrix_version"] for row in await incidents(owner)} == {1}
    await owner.execute("ALTER TABLE incidents DROP CONSTRAINT jammed")
    await step_through(stepper)
    (kept,) = await incidents(owner, "open")
    assert (kept["event_count"], kept["explanation"]["matrix_version"]) == (2, 2)


async def test_what_is_final_stays_final_under_wider_rules(
    pool: Pool, owner: Connection, log: LogUnderTest, leader: Leader, versions: range
) -> None:
    await log.write(fire("1", 0, 0).draft())
    await log.tick(1600)
    await step_through(leader(stages=STAGES))
    await _request(pool, 2)
    await log.write(fire("2", 1200, 0).draft())
    await step_through(leader(stages=STAGES))
    first, second = await incidents(owner)
    assert (first["status"], first["event_count"], first["explanation"]["matrix_version"]) == ("final", 1, 1)
    assert (second["status"], second["event_count"], second["explanation"]["matrix_version"]) == ("open", 1, 2)


async def _request(pool: Pool, version: int) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await activation.request(conn, "default", version, by="test", reason="a test", at=START)
