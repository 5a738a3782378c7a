"""Patterns change with the rules, at one position of the log: whatever the batches and restarts, and in a replay."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatcher.patterns.modes import ModeUnchanged, PatternUnknown, add_rules_with
from dispatcher.rules import activation
from dispatcher.rules.document import PatternMode, PatternRules
from dispatcher.rules.errors import RulesInvalid
from dispatcher.rules.versions import read_document
from events import log
from events.ticks import append_tick, read_heads
from registry.seed import seed
from runtime.pool import Connection, Pool
from tests.harness.log import GATEWAY, START, LogUnderTest, draft, incidents
from tests.integration.dispatcher.engine.batches import STEPS, Tick, take_all
from tests.integration.dispatcher.engine.conftest import Leader, step_through
from tests.integration.dispatcher.patterns.seen import DARK_STREET, FAR_STREET, OUTAGE, matches
from tests.integration.dispatcher.patterns.test_batching import STAGES, Said

pytestmark = pytest.mark.usefixtures("simulated")

AREA: Final = "power_outage_area"
ACTIVE, MONITOR, INACTIVE = PatternMode.ACTIVE, PatternMode.MONITOR, PatternMode.INACTIVE
# The state of the pattern in each version of the rules; version 2 of the pattern reaches half as far.
STATES: Final = {1: (1, ACTIVE), 2: (1, INACTIVE), 3: (1, MONITOR), 4: (2, ACTIVE)}


@dataclass(frozen=True)
class Change:
    """These rules take over here."""

    version: int


Record = Said | Tick | Change

LOGS: Final = st.lists(
    st.one_of(
        *[
            st.builds(
                Said,
                name=st.integers(0, 30),
                after_s=st.integers(0, 12).map(lambda n: n * 300),
                east_m=st.one_of(st.integers(0, 8).map(lambda n: n * 125), st.none()),
                kind=st.sampled_from(("power_outage_building", "streetlight_out", "water_main_burst", "water_outage")),
            )
        ]
        * 4,
        st.builds(Tick, st.integers(0, 6).map(lambda n: n * 300)),
        st.builds(Change, st.sampled_from(list(STATES))),
    ),
    min_size=1,
    max_size=24,
).map(lambda said: list({each.name if isinstance(each, Said) else (n,): each for n, each in enumerate(said)}.values()))


async def keep(owner: Connection, mode: PatternMode, version: int | None = None) -> int:
    async with owner.transaction():
        return await add_rules_with(owner, "default", AREA, mode, version=version, by="test", note="a drill", at=START)


@pytest.fixture
async def states(owner: Connection) -> None:
    """The versions of the rules of STATES."""
    columns = "zh_name, en_name, mode, {r_m}, t_s, by_place, step_order, effective_from, effective_to, source"
    await owner.execute(
        f"INSERT INTO patterns (id, version, {columns.format(r_m='r_m')})"  # noqa: S608
        f" SELECT id, 2, {columns.format(r_m='r_m / 2')} FROM patterns WHERE id = '{AREA}'"
    )
    await owner.execute(
        "INSERT INTO pattern_steps SELECT pattern_id, 2, position, step, role, zh_name, en_name, kinds, source_classes,"
        " severity_min, predicate FROM pattern_steps WHERE pattern_id = $1",
        AREA,
    )
    assert {made: (made // 4 + 1, mode) for made, mode in ((2, INACTIVE), (3, MONITOR), (4, ACTIVE))}.items() <= {
        await keep(owner, mode, version): (version, mode) for version, mode in list(STATES.values())[1:]
    }.items()


async def change(conn: Connection, version: int, at_s: float) -> None:
    """The record of a change behind all that was written, as the leader writes it."""
    await conn.execute(
        "INSERT INTO rule_activations (rule_set, version, requested_at, requested_by, reason)"
        " VALUES ('default', $1, $2, 'test', '')",
        version,
        START,
    )
    waiting = await activation.read_waiting(conn, "default")
    assert waiting is not None
    at = draft("change", at_s, None).effective_at
    await activation.record(conn, waiting, at, behind=await read_heads(conn))


async def write(pool: Pool, records: Sequence[Record]) -> None:
    at_s = 0
    async with pool.acquire() as conn, conn.transaction():
        for record in records:
            match record:
                case Said():
                    await log.append(conn, f"gateway-{record.name % 2}", [record.draft()])
                case Tick(by_s):
                    at_s += by_s
                    await append_tick(conn, draft("tick", at_s, None).effective_at)
                case Change(version):
                    await change(conn, version, at_s)


async def forget(owner: Connection) -> None:
    """All that the dispatcher made of the log, and how far it was."""
    await owner.execute(
        "TRUNCATE incident_events, incidents, cases, incident_overlays, flapping_series, correlation_counts,"
        " final_neighbours, pattern_matches, stream_log, cursors, watermarks, number_heads CASCADE"
    )


async def told(owner: Connection) -> dict[str, Any]:
    """What stands in the end: matches, what is one case, the grades."""
    rows = await incidents(owner)
    cases: dict[int, set[bytes]] = defaultdict(set)
    for row in rows:
        cases[row["case_id"]].add(row["canonical_uid"])
    return {
        "matches": {
            (row["pattern_id"], row["version"], row["anchor_uid"]): (row["mode"], row["witnesses"])
            for row in await matches(owner)
        },
        "cases": {frozenset(uids) for uids in cases.values()},
        "grades": {row["canonical_uid"]: (row["grade"], row["explanation"]["facts"]["matches"]) for row in rows},
    }


@settings(max_examples=25)  # each takes the log through a database twice
@given(LOGS, STEPS)
@example(
    [Said(0, 0, 0, "power_outage_building"), Change(3), Said(1, 0, 250, "streetlight_out"), Change(1)], [(1, True)]
)
async def test_a_replay_of_the_log_gives_the_same_whatever_the_batches_and_restarts(
    pool: Pool,
    owner: Connection,
    leader: Leader,
    states: None,
    records: list[Record],
    steps: list[tuple[int, bool]],
) -> None:
    await forget(owner)
    await owner.execute("DELETE FROM events; UPDATE log_heads SET seq = 0; DELETE FROM rule_activations WHERE seq <> 0")
    await write(pool, records)
    await take_all(leader, STAGES, [(1000, False)])
    once = await told(owner)
    await forget(owner)
    await take_all(leader, STAGES, steps)
    assert await told(owner) == once


async def test_each_event_is_matched_by_the_patterns_of_its_place_in_the_log(
    pool: Pool, owner: Connection, leader: Leader, states: None
) -> None:
    """Read at whatever time, when all changes stand in the database already."""
    day_s = 86_400
    records: list[Record] = []
    for nth, version in enumerate((1, 2, 3, 4, 1)):
        records += [
            Change(version),
            Said(10 * nth, nth * day_s, 0, "power_outage_building"),
            Said(10 * nth + 1, nth * day_s, 300, "streetlight_out"),
            Said(10 * nth + 2, nth * day_s, -200, "streetlight_out"),
            Tick(day_s),
        ]
    await write(pool, records)
    await take_all(leader, STAGES, [(3, True), (100, False)])
    shown = [
        (row["version"], row["mode"], [w["d_m"] for w in row["witnesses"]])
        for row in sorted(await matches(owner), key=lambda row: row["anchor_at"])
    ]
    assert shown == [
        (1, "active", [0.0, 200.0]),
        (1, "monitor", [0.0, 200.0]),
        (2, "active", [0.0, 200.0]),
        (1, "active", [0.0, 200.0]),
    ]
    cases: dict[Any, list[int]] = defaultdict(list)
    for row in await incidents(owner):
        cases[row["first_at"]].append(row["case_id"])
    # Alone, in the order of the changes: all three are one case, none, none, all but the one that is 300 m away, all.
    assert [len(set(of_day)) for _, of_day in sorted(cases.items())] == [1, 3, 3, 2, 1]


async def test_a_pattern_that_is_put_in_force_joins_what_is_open_and_is_evidence_at_once(
    pool: Pool, owner: Connection, log: LogUnderTest, leader: Leader
) -> None:
    stepper = leader()
    await _activate(pool, await keep(owner, MONITOR))
    await step_through(stepper)
    await log.write(OUTAGE, DARK_STREET, FAR_STREET)
    await step_through(stepper)
    before, street, far = await incidents(owner)
    assert len({before["case_id"], street["case_id"], far["case_id"]}) == 3
    assert [each["mode"] for each in await matches(owner)] == ["monitor"]
    assert before["explanation"]["facts"]["matches"] == []
    await _activate(pool, await keep(owner, ACTIVE))
    await step_through(stepper)
    await step_through(leader())  # a restart tells nothing again
    outage, street, far = await incidents(owner)
    assert outage["case_id"] == street["case_id"] != far["case_id"]
    assert [each["pattern_id"] for each in outage["explanation"]["facts"]["matches"]] == [AREA]
    assert [each["mode"] for each in await matches(owner)] == ["active"]
    assert await owner.fetchval("SELECT count(*) FROM case_joins") == 1
    assert await owner.fetchval("SELECT count(*) FROM stream_log WHERE topic = 'incident.matched'") == 1


@pytest.mark.parametrize(("mode", "shown"), [(MONITOR, ["monitor"]), (INACTIVE, [])])
async def test_what_is_taken_out_of_force_is_no_evidence_any_more_and_its_cases_stay(
    pool: Pool, owner: Connection, log: LogUnderTest, leader: Leader, mode: PatternMode, shown: list[str]
) -> None:
    await log.write(OUTAGE, DARK_STREET)
    stepper = leader()
    await step_through(stepper)
    assert len((await incidents(owner))[0]["explanation"]["facts"]["matches"]) == 1
    await _activate(pool, await keep(owner, mode))
    await step_through(stepper)
    outage, street = await incidents(owner)
    assert outage["case_id"] == street["case_id"]
    assert outage["explanation"]["facts"]["matches"] == []
    assert [each["mode"] for each in await matches(owner)] == shown


async def test_what_noise_would_have_shown_is_taken_back_with_its_pattern(
    pool: Pool, owner: Connection, log: LogUnderTest, leader: Leader
) -> None:
    group = "content #>> '{kinds,power_outage_building,group}'"
    await owner.execute(
        f"UPDATE rule_versions SET content = jsonb_set(jsonb_set(content, ARRAY['groups', {group}, 'm'], '2'),"  # noqa: S608
        " '{kinds,power_outage_building,mode}', '\"review\"') WHERE rule_set = 'default'"
    )
    await log.write(OUTAGE, DARK_STREET)
    stepper = leader()
    await step_through(stepper)
    assert ([row["kind"] for row in await incidents(owner)], len(await matches(owner))) == (["streetlight_out"], 1)
    await _activate(pool, await keep(owner, INACTIVE))
    await step_through(stepper)
    for n in (2, 3):
        await log.write(draft(f"transformer {n}", 30, 10, kind="power_outage_building"))
        await step_through(leader())  # a restart reads what stands
    (outage,) = [row for row in await incidents(owner) if row["kind"] == "power_outage_building"]
    assert (outage["event_count"], outage["explanation"]["facts"]["matches"]) == (3, [])


async def test_a_failed_takeover_leaves_the_patterns_before_it_and_happens_once_when_it_is_repeated(
    pool: Pool, owner: Connection, log: LogUnderTest, leader: Leader
) -> None:
    stepper = leader()
    await _activate(pool, await keep(owner, INACTIVE))
    await step_through(stepper)
    await log.write(OUTAGE, DARK_STREET)
    await step_through(stepper)
    await _activate(pool, 1)
    while await activation.read_waiting(owner, "default") is not None:
        await stepper.step()
    await owner.execute("ALTER TABLE case_joins ADD CONSTRAINT jammed CHECK (case_id < 0) NOT VALID")
    with pytest.raises(asyncpg.CheckViolationError, match="jammed"):
        await stepper.step()
    assert await matches(owner) == []
    await owner.execute("ALTER TABLE case_joins DROP CONSTRAINT jammed")
    await step_through(stepper)
    assert len(await matches(owner)) == 1
    assert await owner.fetchval("SELECT count(*) FROM case_joins") == 1


async def test_the_record_of_a_change_names_the_rules_and_stands_behind_what_was_taken(
    pool: Pool, owner: Connection, log: LogUnderTest, leader: Leader
) -> None:
    await log.write(OUTAGE, DARK_STREET)
    stepper = leader()
    stepper._batch = 1
    await _activate(pool, await keep(owner, INACTIVE))
    await step_through(stepper)
    body = await owner.fetchval("SELECT body FROM events WHERE stream = 'clock'")
    assert body == {"heads": {GATEWAY: 1}, "rules_version": 2}
    assert await matches(owner) == []


async def test_rules_with_another_state_of_a_pattern_differ_in_nothing_else_and_are_kept_once(
    owner: Connection,
) -> None:
    first = await read_document(owner, "default", 1)
    assert first.patterns is not None
    assert await keep(owner, MONITOR) == 2
    second = await read_document(owner, "default", 2)
    named = first.patterns | {AREA: PatternRules(version=1, mode=MONITOR)}
    assert second == first.model_copy(update={"patterns": named})
    assert await keep(owner, MONITOR) == 2


async def test_what_changes_nothing_or_is_not_there_is_refused(owner: Connection) -> None:
    with pytest.raises(ModeUnchanged, match=r"version 1 of power_outage_area is active already"):
        await keep(owner, ACTIVE)
    with pytest.raises(RulesInvalid, match=r"patterns\.power_outage_area\.version"):
        await keep(owner, ACTIVE, version=7)
    with pytest.raises(PatternUnknown):
        await add_rules_with(owner, "default", "no_such", ACTIVE, by="test", note="", at=START)


async def test_a_release_never_takes_a_citys_mode_back(owner: Connection, pool: Pool, leader: Leader) -> None:
    await _activate(pool, await keep(owner, INACTIVE))
    await step_through(leader())
    await owner.execute("DELETE FROM data_versions")
    await seed(owner)
    await step_through(leader())
    assert (await read_document(owner, "default", 2)).patterns is not None
    assert await activation.read_waiting(owner, "default") is None


async def _activate(pool: Pool, version: int) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await activation.request(conn, "default", version, by="test", reason="a test", at=START)
